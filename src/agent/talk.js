/**
 * The middle pane: who it is, what can be done, and the conversation.
 *
 * A conversation may hold a thousand messages and more; in the page are only the blocks of 32 in or near view.
 * A block out of view leaves its measured height behind. What is being read does not jump when something above it
 * changes, and who stands at the end stays at the end.
 */

import { cls, h, icon } from "/web/dom.js";
import { clockTime, dayName, dayNumber, exact, firstName } from "/web/format.js";
import { known, language, t } from "/web/i18n.js";
import { loadHistory, openDialog, putAway, readHere } from "./acts.js";
import { delivery, wentWrong } from "./channel.js";
import { emptyDesk } from "./empty.js";
import { discard, retry } from "./outbox.js";
import { button, conferenceWith, customerName, face, iconButton, isLost, lostUntil, nameOf, time, withMasks } from "./parts.js";
import { isFrozen, selectedSession } from "./state.js";

const BLOCK = 32;
const BLOCK_GUESS_PX = BLOCK * 52;
const AT_END_PX = 48;
const GROUP_MS = 5 * 60_000;

export const headInputs = (s) => [selectedSession(s), s.selected, s.link];

/** @param {any} state */
export function head(state) {
  const one = selectedSession(state);
  if (!one) return null;
  const wide = [nameOf(one.workstream), nameOf(one.queue)].filter(Boolean).join(" · ");
  return h(
    "header",
    { class: "talk__head" },
    iconButton("queue", t("agent.page.sessions"), () => store.dispatch({ type: "set", patch: { page: "sessions" } }), {
      class: "btn btn--icon talk__back",
    }),
    h(
      "div",
      { class: "cut" },
      h(
        "div",
        { class: "talk__name" },
        h("h1", { class: "cut" }, customerName(one)),
        // Work from a proactive chat is marked here as it is in the list and on its alert (REQ S3-4).
        one.proactive && icon("spark", { small: true, label: t("agent.proactive") }),
      ),
      h(
        "p",
        { class: "cut" },
        one.conference && [h("strong", null, conferenceWith(state, one)), " · "],
        wide,
        " · ",
        time(one.since, "span"),
      ),
    ),
    h("div", { class: "talk__acts" }, acts(one)),
  );
}

function acts(one) {
  const act = (symbol, name, run, more = {}) =>
    button(
      { class: "btn", title: t(`agent.act.${name}`), onclick: run, ...more },
      icon(symbol),
      h("span", { class: "btn__t" }, t(`agent.act.${name}`)),
    );
  const dialog = (kind) => () => openDialog(kind, { conversation: one.conversation });
  const away = () => putAway(one);
  if (one.state === "reserved" || one.state === "waiting" || one.reserved) return null;
  if (one.role === "monitor") return act("close", "stop_reading", away);
  if (one.state === "wrap_up") return act("check", "finish", dialog("wrapup"), { class: "btn btn--tone" });
  if (one.role === "participant") return act("out", "leave", away);
  const gone = isFrozen(one);
  return [
    !gone &&
      act("transfer", "transfer", () =>
        openDialog("transfer", { conversation: one.conversation, directory: "agents", to: "agents" }),
      ),
    !gone &&
      !one.conference &&
      act("conference", "conference", () =>
        openDialog("conference", { conversation: one.conversation, directory: "agents", to: "agents" }),
      ),
    !gone && one.mode === "persistent" && act("park", "park", away),
    h("span", { class: "sep" }),
    act("end", one.conference ? "end_conference" : "end", dialog("end"), { class: "btn btn--end" }),
    !gone && one.mode !== "persistent" && iconButton("close", t("agent.act.close"), away),
  ];
}

// ── the log ──

let store;
let root;
/** Blocks in or near view, of the conversation shown. @type {Set<number>} */
let seen = new Set();
const heights = new Map();
let shownId = null;
let watcher;

/** @param {any} ours @param {HTMLElement} el the log's root */
export function useLog(ours, el) {
  store = ours;
  root = el;
  let stood = true;
  let tall = root.clientHeight;
  root.onscroll = () => {
    // A log that has just become lower scrolls by itself: that is nobody reading further up.
    if (root.clientHeight === tall) stood = atEnd();
    if (root.scrollTop < 400) wantOlder();
    drawJump();
    if (atEnd()) readHere();
  };
  new ResizeObserver(() => {
    tall = root.clientHeight;
    if (stood && shownId) root.scrollTop = root.scrollHeight;
  }).observe(root);
  watcher = new IntersectionObserver(onSeen, { root, rootMargin: "800px 0px" });
}

export const logInputs = (s) => {
  const one = selectedSession(s);
  const id = s.selected;
  return [
    id,
    one && one.messages,
    one && one.more,
    one && one.state,
    one && one.customer,
    s.outbox[id],
    s.typing[id],
    s.read[id],
    s.loading[`history.${id}`],
    s.link,
    s.phase,
    one ? null : s.presence,
    one ? null : s.tests,
    one ? null : s.notifications,
    one ? null : s.order,
  ];
};

/** Draws the log around `render`, keeping the eye where it is. @param {any} state @param {(kids: any) => void} draw */
export function drawLog(state, draw) {
  const one = selectedSession(state);
  const fresh = state.selected !== shownId;
  if (fresh) {
    shownId = state.selected;
    heights.clear();
    seen = new Set(one ? lastBlocks(one.messages) : []);
  } else if (one && atEnd()) {
    for (const block of lastBlocks(one.messages)) seen.add(block);
  }
  const stay = fresh || atEnd() || justSent(state);
  const anchor = stay ? null : anchorRow();
  draw(log(state, one));
  if (stay) root.scrollTop = root.scrollHeight;
  else if (anchor && anchor.el.isConnected) root.scrollTop += anchor.el.getBoundingClientRect().top - anchor.top;
  root.classList.toggle("log--empty", !one);
  drawJump();
}

let sentBefore = 0;
function justSent(state) {
  const n = (state.outbox[state.selected] || []).length;
  const more = n > sentBefore;
  sentBefore = n;
  return more;
}

const atEnd = () => root.scrollHeight - root.scrollTop - root.clientHeight < AT_END_PX;
const blockOf = (message) => Math.floor(message.seq / BLOCK);

function lastBlocks(messages) {
  const last = messages.length ? blockOf(messages[messages.length - 1]) : 0;
  return [last, last - 1, last - 2];
}

function anchorRow() {
  const edge = root.getBoundingClientRect().top;
  for (const el of root.querySelectorAll("[data-seq]")) {
    const box = el.getBoundingClientRect();
    if (box.bottom > edge) return { el, top: box.top };
  }
  return null;
}

function onSeen(entries) {
  let changed = false;
  for (const { target, isIntersecting, boundingClientRect } of entries) {
    const block = Number(target.dataset.block);
    if (isIntersecting && !seen.has(block)) changed = Boolean(seen.add(block));
    else if (!isIntersecting && seen.has(block) && target.isConnected) {
      heights.set(block, boundingClientRect.height);
      changed = seen.delete(block) || changed;
    }
  }
  if (changed) drawAgain();
}
const drawAgain = () => drawLog(store.get(), redraw);
let redraw = () => {};
/** @param {(kids: any) => void} draw */
export function setRedraw(draw) {
  redraw = draw;
}

function wantOlder() {
  const one = selectedSession(store.get());
  if (one && one.more && one.messages.length && store.get().loading[`history.${one.conversation}`] !== "failed")
    loadHistory(one.conversation);
}

/** The button that leads back to the newest, when there is something below. */
function drawJump() {
  const jump = document.getElementById("jump");
  if (jump) jump.hidden = !shownId || atEnd();
}

/** Goes to the newest message. */
export function toEnd() {
  const one = selectedSession(store.get());
  if (one) for (const block of lastBlocks(one.messages)) seen.add(block);
  drawAgain();
  root.scrollTop = root.scrollHeight;
  readHere();
}

function log(state, one) {
  if (!one && state.selected && state.link === "open")
    return h("p", { key: "loading", class: "log__wait", role: "status" }, t("agent.loading"));
  if (!one) return emptyDesk(state);
  const blocks = new Map();
  one.messages.forEach((message, i) => {
    const block = blockOf(message);
    if (!blocks.has(block)) blocks.set(block, []);
    blocks.get(block).push(i);
  });
  const key = one.conversation;
  return [
    h("div", { key: `${key}.fill`, class: "log__fill" }),
    older(state, one),
    ...[...blocks].map(([block, places]) =>
      h(
        "div",
        {
          key: `${key}.${block}`,
          class: "block",
          "data-block": block,
          ref: (el) => watcher.observe(el),
          gone: (el) => watcher.unobserve(el),
          vars: { "--block": seen.has(block) ? "auto" : `${heights.get(block) || BLOCK_GUESS_PX}px` },
        },
        seen.has(block) && places.map((i) => rowOf(state, one, i)),
      ),
    ),
    ...(state.outbox[key] || []).map((item) => outgoing(state, item)),
    isLost(one) &&
      h(
        "p",
        { key: "lost", class: "sys sys--urgent" },
        icon("offline", { small: true }),
        t("agent.talk.lost", { name: firstName(customerName(one)) }),
        " ",
        lostUntil(one) && time(lostUntil(one), "left"),
      ),
    state.typing[key] && typing(one),
  ];
}

function older(state, one) {
  const loading = state.loading[`history.${one.conversation}`];
  const first = one.messages[0];
  if (loading === true) return h("p", { key: "older", class: "sys" }, t("agent.loading"));
  if (loading === "failed")
    return h(
      "p",
      { key: "older", class: "sys" },
      t("agent.talk.older_failed"),
      " ",
      button({ class: "btn btn--small", onclick: () => loadHistory(one.conversation) }, t("agent.again")),
    );
  if (one.more && first)
    return h(
      "p",
      { key: "older", class: "sys" },
      button({ class: "btn btn--small", onclick: () => loadHistory(one.conversation) }, t("agent.talk.older")),
    );
  return null;
}

const isOurs = (message) => message.from.kind === "agent" || message.from.kind === "bot";
const sameGroup = (a, b) =>
  Boolean(a && b) &&
  a.from.kind === b.from.kind &&
  a.from.kind !== "system" &&
  a.from.name === b.from.name &&
  dayNumber(a.at) === dayNumber(b.at) &&
  Date.parse(b.at) - Date.parse(a.at) < GROUP_MS;

function rowOf(state, one, i) {
  const message = one.messages[i];
  const before = one.messages[i - 1];
  const after = one.messages[i + 1];
  const newDay = !before || dayNumber(before.at) !== dayNumber(message.at);
  return h(
    "div",
    { key: message.seq, "data-seq": message.seq },
    newDay && h("h2", { class: "day" }, dayName(message.at)),
    message.seq === 1 && h("p", { class: "sys" }, t("agent.talk.start", { at: clockTime(message.at) })),
    message.from.kind === "system"
      ? system(state, one, message)
      : bubble(state, one, message, sameGroup(before, message), sameGroup(message, after)),
  );
}

// The stored words are in the customer's language; an agent who reads another is told in hers (REQ B-9).
function system(state, one, message) {
  const hungUp = one.work_item_kind === "voice" && message.code === "customer_ended";
  const own = hungUp ? t("agent.voice.hung_up") : message.code ? t(`agent.system.${message.code}`) : "";
  const told = known(one.customer?.language, state.settings.locale) || "en";
  const asTold = !hungUp && (told === language() || own.startsWith("agent."));
  const text = (asTold ? message.text : own) || own || message.code;
  return h(
    "p",
    { class: cls("sys", { "sys--strong": message.code === "customer_ended" || message.code === "asset_removed" }) },
    text,
    " · ",
    h("time", { title: exact(message.at) }, clockTime(message.at)),
  );
}

function bubble(state, one, message, joined, joins) {
  const ours = isOurs(message);
  const name = ours ? message.from.name || t("agent.bot") : customerName(one);
  const open =
    state.settings.reveal && message.masked
      ? () => () => openDialog("reveal", { conversation: one.conversation, seq: message.seq })
      : null;
  return h(
    "div",
    { class: cls(ours ? "said said--us" : "said", { "said--joined": joined, "said--joins": joins }) },
    !ours && (joins ? h("span", { class: "said__gap" }) : face(name, { given: one.customer?.initials })),
    h(
      "p",
      { class: "bub", title: exact(message.at) },
      h("span", { class: "vh" }, t("agent.says", { name })),
      withMasks(message.text, open),
    ),
    (!joins || wentWrong(message)) &&
      h(
        "p",
        { class: "stamp" },
        ours && `${firstName(name)} · `,
        h("time", { title: exact(message.at) }, clockTime(message.at)),
        ours && message.delivery && [" · ", delivery(message)],
        ours && isRead(state, one, message) && [` · ${t("agent.read")} `, icon("check", { small: true })],
      ),
  );
}

// Said once, under the newest message the customer has read.
function isRead(state, one, message) {
  const read = state.read[one.conversation] || one.seen_by_customer || 0;
  if (message.seq > read) return false;
  return !one.messages.some((other) => isOurs(other) && other.seq > message.seq && other.seq <= read);
}

function outgoing(state, item) {
  const failed = item.state === "failed";
  const key = `agent.error.${item.code}`;
  return h(
    "div",
    { key: item.client_id, class: cls("said said--us said--out", { "said--failed": failed }) },
    h("p", { class: "bub" }, h("span", { class: "vh" }, t("agent.says", { name: state.me.name })), item.text),
    failed
      ? h(
          "p",
          { class: "stamp t-urgent" },
          icon("warn", { small: true }),
          t("agent.out.failed", { reason: t(key) === key ? t("agent.error.unknown") : t(key) }),
          button({ class: "link", onclick: () => retry(item.conversation, item.client_id) }, t("agent.again")),
          button({ class: "link", onclick: () => takeBack(item) }, t("agent.out.back")),
          button({ class: "link", onclick: () => discard(item.conversation, item.client_id) }, t("agent.out.discard")),
        )
      : h(
          "p",
          { class: "stamp" },
          icon("clock", { small: true }),
          state.link === "open" ? t("agent.out.sending") : t("agent.out.waits"),
        ),
  );
}

function takeBack(item) {
  const draft = store.get().drafts[item.conversation];
  store.dispatch({
    type: "draft",
    conversation: item.conversation,
    text: draft ? `${draft}\n${item.text}` : item.text,
  });
  discard(item.conversation, item.client_id);
}

function typing(one) {
  return h(
    "div",
    { key: "typing", class: "said" },
    face(customerName(one), { given: one.customer?.initials }),
    h("p", { class: "typing", "aria-label": t("agent.state.typing") }, h("i"), h("i"), h("i")),
  );
}
