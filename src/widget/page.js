// The chat page: puts host, state, talk and view together.

import { iconsFrom } from "/web/dom.js";
import { deskSpeaks, known, setLanguage, t, wordsFrom } from "/web/i18n.js";
import { createStore } from "/web/store.js";
import { openHost } from "./page-host.js";
import { INITIAL, lastSeq, phase, reduce, unread } from "./page-state.js";
import { openTalk } from "./page-talk.js";
import { openView } from "./page-view.js";

const KEEP_MS = 100;
/** A `start` older than this is put back into the form: what begins by itself must still be wanted. */
const START_MS_MAX = 120_000;
const SETTINGS_RETRY_MS_MAX = 15_000;

const id = decodeURIComponent(location.pathname.split("/")[2] || "");
const store = createStore(reduce, INITIAL);
const { get, dispatch } = store;
const set = (fields) => dispatch({ type: "set", fields });

let host, signed, talk, view;
let draft = "";
let keepTimer = 0;
let told = "";

const acts = {
  framed: window.parent !== window,
  draft: () => draft,
  keepDraft(text) {
    draft = text;
    keepSoon();
  },
  say: (text) => talk.say(text),
  again: (item) => talk.again(item),
  drop: (item) => dispatch({ type: "forget", client_id: item.client_id }),
  typing: (on) => get().conversation?.state === "active" && talk.typing(on),
  readOlder: () => talk.readOlder(),
  retry: () => (get().settings ? talk.retry() : location.reload()),
  minimise: () => host.tell({ t: "close" }),
  fill: (field, value) => set({ form: { ...get().form, [field]: value }, formError: get().formError?.field === field ? null : get().formError }),
  wrong: (code, field) => set({ formError: { code, field } }),
  start: (fields) => talk.start(fields),
  afresh: () => dispatch({ type: "afresh" }),
  seen() {
    if (unread(get()) && get().link === "open") talk.seen(lastSeq(get()));
  },
  /** Asks the box for something out of a form; null when it refuses, which is shown there. */
  async ask(verb, ...given) {
    set({ formError: null });
    try {
      return await talk[verb](...given);
    } catch ({ code, retry_after_ms }) {
      set({ formError: { code, retry_after_ms }, ...(code === "not_allowed" && { noMessages: true }) });
      return null;
    }
  },
  set,
};

function keepSoon() {
  clearTimeout(keepTimer);
  keepTimer = setTimeout(keep, KEEP_MS);
}

/** What must outlive this page load, and whether a conversation is going on (then it is listened for while closed). */
function keep() {
  const { outbox, starting, seen, sub, done, conversation, mode } = get();
  const kept = { outbox, starting, seen, sub, done, draft, at: Date.now() };
  const talking = Boolean(starting || (conversation && conversation.state !== "closed"));
  host.keep({ resume: mode === "live" ? talk?.resume() : undefined, kept, talking });
}

function restore({ outbox = [], starting = null, seen = INITIAL.seen, sub = null, done = null, draft: text = "", at = 0 }) {
  draft = text;
  const late = starting && Date.now() - at > START_MS_MAX;
  set({ outbox, seen, sub, done, starting: late ? null : starting, form: late ? { ...starting, consent: false } : {} });
}

/** What the site's page shows and knows: the count on the button. */
function tell(state) {
  const count = state.shown && !document.hidden ? 0 : unread(state);
  const name = state.settings?.title || t("widget.title");
  const label = count ? `${name}, ${t("widget.unread", { count })}` : name;
  if (label === told) return;
  told = label;
  host.tell({ t: "unread", count, label });
}

/** The widget's public settings; asked for until the box answers. */
async function settingsOf(widget) {
  for (let wait = 1_000; ; wait = Math.min(wait * 2, SETTINGS_RETRY_MS_MAX)) {
    try {
      const answer = await fetch(`/api/v1/widgets/${encodeURIComponent(widget)}`);
      if (answer.ok) {
        const settings = await answer.json();
        if (settings.mode === "persistent") signed = await import("./page-signed.js");
        return settings;
      }
      if (answer.status < 500 && answer.status !== 429) return null;
    } catch {
      // The box cannot be reached: said on the page, and tried again.
    }
    dispatch({ type: "link", link: "lost", trouble: { code: "lost" } });
    await new Promise((done) => setTimeout(done, wait));
  }
}

async function begin() {
  iconsFrom("/widget-assets/icons.svg");
  wordsFrom("/widget-assets/words/");
  view = openView(document.getElementById("chat"), acts);
  try {
    host = await openHost(id);
  } catch {
    return; // Framed by somebody who does not speak to us: there is nobody to show anything to.
  }
  host.on("shown", ({ shown, focus }) => {
    set({ shown });
    if (shown && focus) queueMicrotask(view.focus);
  });
  host.on("start", ({ invite, invited }) => invited && whenReady(() => talk.invited(invite)));
  host.on("page", ({ page }) => talk?.moved(page));
  host.on("auth", () => talk?.signedInAnew());
  await setLanguage(host.locale, ...navigator.languages);
  set({ shown: host.shown });
  store.watch(view.draw);
  view.draw(get());
  const settings = await settingsOf(id);
  if (settings?.theme === "light" || settings?.theme === "dark") document.documentElement.dataset.theme = settings.theme;
  if (!settings) {
    dispatch({ type: "link", link: "refused", trouble: { code: "not_found" } });
    host.tell({ t: "event", name: "error", detail: { code: "not_found" } });
    return;
  }
  deskSpeaks(settings.locale);
  // Nothing the page or the browser asks for has a file: the desk's language, else English (REQ B-9).
  if (!known(host.locale, ...navigator.languages)) await setLanguage(settings.locale);
  set({
    settings,
    mode: settings.mode || "live",
    open: settings.open !== false,
    opensAt: settings.opens_at ?? null,
    closesAt: settings.closes_at ?? null,
  });
  restore(host.kept);
  talk = openTalk({ id, host, store, signed });
  ready.splice(0).forEach((run) => run());
  store.watch(tell);
  let whose = get().sub;
  store.watch(({ sub }) => {
    if (whose !== null && sub !== whose) draft = "";
    whose = sub;
  });
  store.view((s) => [s.outbox, s.starting, s.seen, s.sub, s.done, s.conversation, s.greeted], keep);
}

const ready = [];
const whenReady = (run) => (talk ? run() : ready.push(run));

begin();
