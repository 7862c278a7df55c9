/**
 * The agent desktop: starts everything and says which part draws where.
 *
 * One store, one direction: frames and presses change the state (`state.js`, `frames.js`), panes draw from it. A pane is drawn only
 * when one of its own inputs has changed.
 */

import { useAccount } from "./account.js";
import { h, icon, keepIcons, make, render } from "/web/dom.js";
import { deskSpeaks, known, language, setLanguage, t } from "/web/i18n.js";
import { createStore } from "/web/store.js";
import { everySecond } from "/web/time.js";
import { forgetEarly, handInEarly, loadBeside, loadDirectory, loadQueues, readHere, setView, toast, useActs } from "./acts.js";
import * as alertStack from "./alerts.js";
import * as bannerRow from "./banners.js";
import { listen, resume, useStore } from "./box.js";
import { useContact } from "./contact.js";
import * as composer from "./compose.js";
import * as right from "./customer.js";
import * as dialog from "./dialogs.js";
import { figures, inputs as figuresInputs, useFigures } from "./figures.js";
import { find, inputs as findInputs, useFind } from "./find.js";
import { useInvitations } from "./invitations.js";
import { useKeys } from "./keys.js";
import { keep, recall } from "./memory.js";
import { useMenus } from "./menu.js";
import { answerFromAddress, noteLooking, useNotifications } from "./notify.js";
import { useOutbox } from "./outbox.js";
import { usePalette } from "./palette.js";
import { button, customerName, nameOf } from "./parts.js";
import { useRouting } from "./routing.js";
import { say } from "./say.js";
import { useSelftest } from "./selftest.js";
import * as left from "./sessions.js";
import { signInPage, useSignIn } from "./signin.js";
import { alerts, initial, reduce, selectedSession, unreadTotal } from "./state.js";
import * as board from "./supervisor.js";
import * as middle from "./talk.js";
import { useTargets } from "./targets.js";
import { applyTheme, onSystemTheme } from "./theme.js";
import * as bar from "./top.js";

const store = createStore(reduce, {
  ...initial,
  prefs: {
    theme: recall("pref.theme", ""),
    sound: recall("pref.sound", true),
    letters: recall("pref.letters", true),
    language: recall("pref.language", ""),
  },
});
/** Why a session may go without anything its agent did: that is said. */
const TAKEN_AWAY = new Set(["rerouted", "agent_lost", "auto_closed", "ended_by_supervisor", "customer_lost"]);
const TYPING_MS = 8000;
/** A busy desk changes often; nobody reads faster. */
const REFRESH_MS = 1500;
const app = document.getElementById("app");

/** What this agent or browser asks for, before what the desk does. */
const asked = () => [store.get().prefs.language, ...navigator.languages];

await Promise.all([keepIcons(), setLanguage(...asked(), recall("desk_language", ""))]);
wire();
build();
resume();

/** Hands the store to every part that keeps something of its own. */
function wire() {
  useStore(store);
  useActs(store, { focusReply: composer.focusReply });
  composer.useCompose(store);
  useOutbox(store);
  bannerRow.useBanners(store);
  right.useCustomer(store);
  useContact(store);
  dialog.useDialogs(store);
  useAccount(store);
  usePalette(store);
  useTargets(store);
  useMenus(store);
  useKeys(store);
  useRouting(store);
  useFind(store);
  useFigures(store);
  useInvitations(store);
  board.useSupervisor(store);
  alertStack.useAlerts(store);
  useSelftest(store);
  useNotifications(store);
  listen(follow);
  watchLooking();
  watchTheme();
  watchLanguage();
  watchTitle();
  everySecond.add(forgetTyping);
}

/** What a frame asks of the page beside drawing. */
function follow(frame, before) {
  if (frame.t === "welcome") {
    composer.recallDrafts(frame.agent);
    if (!before.everReady) answerFromAddress();
    // What was noted by colleagues while the line was away is not in the picture.
    if (store.get().selected) loadBeside(store.get().selected, true);
    if (store.get().view === "live") setView("live");
    readHere();
  }
  if (frame.t === "message") {
    readHere();
    if (frame.from.kind === "customer")
      say(
        t("agent.spoken.message", { name: customerName(store.get().sessions[frame.conversation]), text: frame.text }),
      );
  }
  if (frame.t === "directory_changed") refreshDirectory();
  if (frame.t === "session_state" && frame.state === "wrap_up") handInEarly(frame.conversation);
  if (frame.t === "banner" && frame.kind === "transfer_refused") forgetEarly(frame.conversation);
  // The row that moved up is open now: what it says is read.
  if (frame.t === "session_closed") readHere();
  if (frame.t === "session_closed" && TAKEN_AWAY.has(frame.reason)) {
    const name = customerName(before.sessions[frame.conversation]);
    toast({ id: `closed-${frame.conversation}`, title: name, text: t(`agent.closed.${frame.reason}`) });
  }
  if (frame.t === "session_state" && frame.state === "wrap_up")
    say(t("agent.spoken.ended", { name: customerName(before.sessions[frame.conversation]) }));
}

let refreshDue = 0;
function refreshDirectory() {
  if (refreshDue) return;
  refreshDue = setTimeout(() => {
    refreshDue = 0;
    loadQueues();
    const { dialog: open } = store.get();
    if (open?.directory) loadDirectory(open.directory);
  }, REFRESH_MS);
}

// ── the frame ──

function build() {
  let shown = "";
  const again = () => store.get().phase === "signed_out" && render(app, signInPage(store.get()));
  useSignIn(again);
  store.view(
    (s) => [s.phase, s.why, s.prefs.language],
    (s) => {
      const want = s.phase === "ready" ? "desk" : s.phase;
      if (want === "desk" && shown === "desk") return;
      shown = want;
      if (want === "desk") return buildDesk();
      render(app, want === "signed_out" ? signInPage(s) : waiting(s));
    },
  );
  store.view(
    (s) => [s.phase, s.link],
    (s) => s.phase === "loading" && render(app, waiting(s)),
  );
}

function waiting(s) {
  return h(
    "main",
    { class: "signin", key: "waiting" },
    h(
      "p",
      { class: "waiting", role: "status" },
      icon("bell"),
      t(s.link === "lost" ? "agent.unreachable" : "agent.connecting"),
    ),
  );
}

let deskBuilt = null;

function buildDesk() {
  if (deskBuilt) return void render(app, deskBuilt.node);
  const place = (tag, cls, more) => make(h(tag, { class: cls, opaque: true, ...more }));
  const parts = {
    top: place("header", "top"),
    banners: place("div", "banners"),
    sessions: place("nav", "sessions", { "aria-label": t("agent.sessions") }),
    head: place("div", "talk__top"),
    log: place("div", "log", { role: "log", "aria-live": "off", "aria-label": t("agent.messages"), tabindex: "0" }),
    compose: place("div", "talk__bottom"),
    cust: place("aside", "cust", { "aria-label": t("agent.cust.title") }),
    live: place("main", "live", { "aria-label": t("agent.surface.live") }),
    book: place("main", "book", { "aria-label": t("agent.surface.find") }),
    side: place("aside", "side", { "aria-label": t("agent.live.about") }),
    pages: place("nav", "pages", { "aria-label": t("agent.pages") }),
  };
  const jump = make(
    button(
      { class: "btn btn--solid jump-end", id: "jump", hidden: true, onclick: middle.toEnd },
      icon("down", { small: true }),
      t("agent.talk.newest"),
    ),
  );
  const talk = place("main", "talk", { "aria-label": t("agent.talk") });
  talk.append(parts.head, parts.log, jump, parts.compose);
  const panes = place("div", "panes");
  panes.append(parts.sessions, talk, parts.cust);
  const liveBoard = place("div", "board");
  liveBoard.append(parts.live, parts.side);
  const root = h("div", {
    class: "app",
    key: "desk",
    opaque: true,
    ref: (el) => el.append(parts.top, parts.banners, panes, liveBoard, parts.book, parts.pages),
  });
  deskBuilt = { node: root };
  render(app, root);
  drawInto(parts, talk);
}

function drawInto(parts, talk) {
  const pane = (el, inputs, draw) => store.view(inputs, (s) => s.phase === "ready" && render(el, draw(s)));
  middle.useLog(store, parts.log);
  middle.setRedraw((kids) => render(parts.log, kids));
  pane(parts.top, bar.inputs, bar.top);
  pane(parts.banners, bannerRow.inputs, bannerRow.banners);
  pane(parts.sessions, left.inputs, left.sessions);
  pane(parts.head, middle.headInputs, middle.head);
  pane(parts.cust, right.inputs, right.customer);
  pane(parts.live, board.inputs, board.live);
  pane(parts.side, board.sideInputs, board.side);
  pane(
    parts.book,
    (s) => [...findInputs(s), ...figuresInputs(s)],
    (s) => (s.view === "find" ? find(s) : s.view === "figures" ? figures(s) : null),
  );
  pane(parts.pages, (s) => [s.page, s.sessions, s.notifications, s.view], pages);
  // The box to write in is drawn before the log: its height decides where the end of the log is.
  pane(parts.compose, composer.inputs, composer.compose);
  store.view(middle.logInputs, (s) => s.phase === "ready" && middle.drawLog(s, (kids) => render(parts.log, kids)));
  store.view(
    (s) => [s.view, s.page, s.selected, s.watch],
    (s) => {
      const root = parts.top.parentElement;
      root.dataset.view = s.view;
      if (s.view === "find" || s.view === "figures") parts.book.setAttribute("aria-label", t(`agent.surface.${s.view}`));
      root.dataset.page = s.page;
      root.dataset.watch = s.watch ? "on" : "off";
      talk.setAttribute(
        "aria-label",
        selectedSession(s) ? t("agent.talk_with", { name: customerName(selectedSession(s)) }) : t("agent.talk"),
      );
    },
  );
  document.getElementById("alerts").setAttribute("aria-label", t("agent.alerts"));
  store.view(alertStack.inputs, (s) =>
    render(document.getElementById("alerts"), s.phase === "ready" ? alertStack.stack(s) : null),
  );
  store.view(dialog.inputs, (s) =>
    render(document.getElementById("dialogs"), s.phase === "ready" ? dialog.dialogs(s) : null),
  );
}

/** Below 900 px the panes are pages. */
function pages(s) {
  const unread = unreadTotal(s);
  const go = (page, symbol, extra) =>
    button(
      {
        key: page,
        "aria-current": s.page === page ? "page" : null,
        onclick: () => store.dispatch({ type: "set", patch: { page } }),
      },
      icon(symbol),
      t(`agent.page.${page}`),
      extra,
    );
  return [
    go("sessions", "queue", unread > 0 && h("span", { class: "pill" }, String(unread))),
    go("talk", "chat"),
    go("cust", "person"),
  ];
}

// ── what surrounds the page ──

/** Whether the agent is looking: what arrives in view is read, what arrives elsewhere lights up. */
function watchLooking() {
  const look = () => {
    const looking = document.visibilityState === "visible" && document.hasFocus();
    if (looking !== store.get().looking) store.dispatch({ type: "set", patch: { looking } });
    noteLooking(looking);
    if (looking) readHere();
  };
  for (const event of ["focus", "blur"]) addEventListener(event, look);
  document.addEventListener("visibilitychange", look);
  look();
}

/** A customer who stopped writing may never say so. */
function forgetTyping() {
  const { typing } = store.get();
  for (const id of Object.keys(typing))
    if (typing[id] && Date.now() - typing[id].at > TYPING_MS) store.dispatch({ type: "typed", conversation: id });
}

function watchTheme() {
  const apply = () => {
    const { prefs, settings, phase } = store.get();
    if (phase === "ready") rememberDeskTheme(settings.theme);
    applyTheme(prefs.theme || settings.theme || "system");
  };
  store.view(
    (s) => [s.prefs, s.settings.theme, s.phase],
    (s) => (s.phase === "ready" || s.prefs.theme) && apply(),
  );
  onSystemTheme(() => store.dispatch({ type: "set", patch: { prefs: { ...store.get().prefs } } }));
}

// Every word on the page changes with its language: a fresh page is simpler than a page that knows which.
function watchLanguage() {
  let chosen = store.get().prefs.language;
  store.watch(({ prefs }) => {
    if (prefs.language === chosen) return;
    chosen = prefs.language;
    location.reload();
  });
  store.view(
    (s) => [s.settings.locale],
    ({ settings }) => {
      if (!settings.locale) return;
      keep("desk_language", settings.locale);
      deskSpeaks(settings.locale);
      // Only where nothing that comes first has a file: else nothing would change.
      if (!known(...asked()) && known(settings.locale) && known(settings.locale) !== language()) location.reload();
    },
  );
}

function rememberDeskTheme(theme) {
  try {
    localStorage.setItem("deskbell.desk_theme", theme || "");
  } catch {
    // The next start is lit for a moment; no more.
  }
}

/** The count of what waits for the agent, in the title and the icon. */
function watchTitle() {
  store.view(
    (s) => [s.notifications, s.sessions, s.selected, s.phase, s.view],
    (s) => {
      const ringing = alerts(s).length;
      const n = ringing + unreadTotal(s);
      const one = selectedSession(s);
      const where = s.view !== "desk" ? t(`agent.surface.${s.view}`) : one ? customerName(one) : nameOf(s.place);
      document.title =
        s.phase === "ready"
          ? `${n ? `(${n}) ` : ""}${ringing ? `${alerts(s)[0].title} · ` : where ? `${where} · ` : ""}deskbell`
          : "deskbell";
      document.getElementById("favicon").href = ringing ? "/agent/icon-alert.svg" : "/agent/icon.svg";
    },
  );
}
