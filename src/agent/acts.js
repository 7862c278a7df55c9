/**
 * Everything the buttons, keys, palette and desktop notifications do. One name, one function, whoever calls it.
 */

import { t } from "/web/i18n.js";
import { ask, tell } from "./box.js";
import { keep } from "./memory.js";
import { alerts, groups, listed, selectedSession } from "./state.js";

let store;
let focusReply = () => {};

/** @param {any} ours @param {{focusReply: () => void}} hooks */
export function useActs(ours, hooks) {
  store = ours;
  focusReply = hooks.focusReply;
}

const say = (toast) =>
  store.dispatch({ type: "toast", toast: { id: toast.id || `${Date.now()}`, at: Date.now(), ...toast } });

/** Says in words what the box refused. @param {any} error @param {string} [what] */
export function trouble(error, what) {
  const code = error?.code || "lost";
  const key = `agent.error.${code}`;
  const words = t(key) === key ? error.message || t("agent.error.unknown") : t(key);
  say({ id: `trouble-${code}`, kind: "urgent", title: what || t("agent.error.title"), text: words });
  return null;
}

const attempt = (promise, what) => promise.catch((error) => trouble(error, what));

// ── sessions ──

/** @param {string | null} conversation */
export function select(conversation) {
  store.dispatch({ type: "select", conversation });
  if (conversation) focusReply();
  if (!store.get().sessions[conversation]) return;
  loadBeside(conversation);
  readHere();
}

/** Alt+1…0. @param {number} place */
export function selectPlace(place) {
  const one = listed(store.get())[place];
  if (one) select(one.conversation);
}

/** Tells the box, once, how far the agent has read what is in view. */
export function readHere() {
  const state = store.get();
  const one = selectedSession(state);
  if (!one || !one.unread || !state.looking || state.view !== "desk") return;
  const last = one.messages[one.messages.length - 1];
  store.dispatch({ type: "read_here", conversation: one.conversation });
  // Whoever reads along has not answered for anybody's attention.
  if (last && one.role !== "monitor") tell("seen", { conversation: one.conversation, seq: last.seq });
}

/** Notes, and what no frame had room for: they come with the newest page. @param {string} conversation @param {boolean} [again] */
export async function loadBeside(conversation, again = false) {
  const one = store.get().sessions[conversation];
  const known = store.get().notes[conversation] && one?.messages.length && !one.details_more;
  if (!one || (known && !again)) return;
  try {
    const {
      messages = [],
      more,
      notes = [],
      context,
      page,
      answers,
    } = await ask("history", { conversation, limit: 50 });
    const details = context ? { context, page, answers, details_more: false } : {};
    const was = store.get().sessions[conversation]?.messages || [];
    // A page that does not reach what is held would leave a hole: what is missing comes by `sync`.
    const joins = !was.length || !messages.length || messages[0].seq <= was[was.length - 1].seq + 1;
    store.dispatch({
      type: "history",
      conversation,
      messages: joins ? messages : [],
      more: was.length ? undefined : Boolean(more),
      details,
    });
    store.dispatch({ type: "notes", conversation, notes });
  } catch {
    // Shown as empty; the next opening asks again.
  }
}

/** @param {string} conversation */
export async function loadHistory(conversation) {
  const one = store.get().sessions[conversation];
  const key = `history.${conversation}`;
  if (!one || store.get().loading[key] === true) return;
  store.dispatch({ type: "loading", key, value: true });
  try {
    const before = one.messages[0]?.seq;
    const { messages = [], more } = await ask("history", { conversation, before, limit: 50 });
    store.dispatch({ type: "history", conversation, messages, more: Boolean(more) && messages.length > 0 });
    store.dispatch({ type: "loading", key, value: false });
  } catch {
    store.dispatch({ type: "loading", key, value: "failed" });
  }
}

/** Waiting conversations beyond the newest twenty. */
export async function loadParked() {
  const { waiting } = groups(store.get());
  const oldest = waiting.reduce((a, b) => (!a || (b.parked_at || b.since) < (a.parked_at || a.since) ? b : a), null);
  const answer = await attempt(ask("parked", { before: oldest?.conversation, limit: 20 }));
  if (answer) store.dispatch({ type: "parked", sessions: answer.sessions || answer.items || [], more: answer.more });
}

/** @param {string} conversation */
export const pickup = (conversation) =>
  attempt(ask("pickup", { conversation }), t("agent.act.pickup")).then((ok) => ok && select(conversation));

// ── notifications ──

/** @param {string} id */
export async function accept(id) {
  const one = store.get().notifications.find((other) => other.id === id);
  if (!one || one.busy) return;
  store.dispatch({ type: "notification_busy", id, busy: "accept" });
  try {
    await ask("accept", { notification: id });
    store.dispatch({ type: "notification_gone", id });
    select(one.conversation);
  } catch (error) {
    answered(id, error);
  }
}

/** @param {string} id */
export async function reject(id) {
  const one = store.get().notifications.find((other) => other.id === id);
  if (!one || one.busy || !one.can_reject) return;
  store.dispatch({ type: "notification_busy", id, busy: "reject" });
  try {
    await ask("reject", { notification: id });
    store.dispatch({ type: "notification_gone", id });
  } catch (error) {
    answered(id, error);
  }
}

// Too late is no fault of the agent's: the alert goes, and one sentence says why.
function answered(id, error) {
  if (error?.code === "stale" || error?.code === "not_found") {
    store.dispatch({ type: "notification_gone", id });
    say({ id: `late-${id}`, title: t("agent.alert.late"), text: t("agent.alert.late_text") });
  } else {
    store.dispatch({ type: "notification_busy", id, busy: null });
    trouble(error);
  }
}

export const acceptTop = () => alerts(store.get())[0] && accept(alerts(store.get())[0].id);
export const rejectTop = () => alerts(store.get())[0] && reject(alerts(store.get())[0].id);

/** A notice that only tells: opens its session (REQ S4-3). @param {any} one */
export function openNotice(one) {
  if (one.auto === "assign" && !store.get().sessions[one.conversation]) return accept(one.id);
  store.dispatch({ type: "notification_gone", id: one.id });
  const there = store.get().sessions[one.conversation];
  if (there && (there.reserved || there.state === "reserved")) return pickup(one.conversation);
  return select(one.conversation);
}

// ── presence ──

/** @param {string} status */
export function setPresence(status) {
  store.dispatch({ type: "set", patch: { menu: null } });
  return attempt(ask("presence", { status }), t("agent.presence.failed"));
}

/** @param {string} kind */
export const resetBanner = (kind) => attempt(ask("banner_reset", { kind }), t("agent.presence.failed"));

// ── the acts on a conversation ──

/** @param {string} kind @param {any} [more] */
export function openDialog(kind, more = {}) {
  store.dispatch({ type: "dialog", dialog: { kind, filter: "", index: 0, ...more } });
}
export const closeDialog = () => store.dispatch({ type: "dialog", dialog: null });

/** ✖: parks a persistent one, asks on a live one, finishes one in wrap-up (REQ D-2). @param {any} one */
export function putAway(one) {
  if (one.state === "wrap_up") return openDialog("wrapup", { conversation: one.conversation });
  if (one.role === "participant") return leave(one.conversation);
  if (one.role === "monitor") return monitor(one.conversation, false);
  if (one.mode === "persistent") return park(one.conversation);
  return openDialog("close", { conversation: one.conversation });
}

// The button that was pressed goes away with these: the focus goes where the next thing is done.
const putAside = (verb) => (conversation) =>
  attempt(ask(verb, { conversation }), t(`agent.act.${verb}`)).then((ok) => ok && focusReply());
export const park = putAside("park");
export const release = putAside("release");
export const leave = putAside("leave");

/** Ends, then asks for the reason (REQ S3-39). @param {string} conversation */
export async function end(conversation) {
  const one = store.get().sessions[conversation];
  const verb = one && one.conference ? "end_conference" : "end";
  store.dispatch({ type: "dialog_set", patch: { busy: true } });
  try {
    await ask(verb, { conversation });
    if (one && one.wrapup === "none") closeDialog();
    else openDialog("wrapup", { conversation });
  } catch (error) {
    closeDialog();
    trouble(error, t("agent.act.end"));
  }
}

/** @param {string} conversation @param {string | undefined} reason @param {string} comment */
export async function wrapup(conversation, reason, comment) {
  const given = { conversation, reason, comment: comment.trim() || undefined };
  const { dialog, sessions } = store.get();
  if (dialog?.ringing && sessions[conversation]?.state === "active") {
    early.set(conversation, given);
    closeDialog();
    return focusReply();
  }
  store.dispatch({ type: "dialog_set", patch: { busy: true, fault: null } });
  try {
    await ask("wrapup", given);
    closeDialog();
    focusReply();
  } catch (error) {
    const key = `agent.error.${error?.code}`;
    store.dispatch({
      type: "dialog_set",
      patch: { busy: false, fault: t(key) === key ? error?.message || t("agent.error.unknown") : t(key) },
    });
  }
}

/** Reasons given while a transfer still rings, by conversation: the box takes them once the session is over (REQ S3-31). */
const early = new Map();

/** The session is over: what was said early is handed in; refused, it is asked for again. @param {string} conversation */
export function handInEarly(conversation) {
  const given = early.get(conversation);
  if (!early.delete(conversation)) return;
  ask("wrapup", given).catch(() => openDialog("wrapup", { conversation }));
}

/** The transfer came to nothing, and with it the reason for it. @param {string} conversation */
export function forgetEarly(conversation) {
  early.delete(conversation);
  const { dialog } = store.get();
  if (dialog?.kind === "wrapup" && dialog.conversation === conversation) closeDialog();
}

/** Transfer, escalation or conference. @param {string} verb @param {any} fields @param {any} after the dialog to follow, or null */
export async function handOver(verb, fields, after) {
  store.dispatch({ type: "dialog_set", patch: { busy: true, fault: null } });
  try {
    await ask(verb, fields);
    if (after) openDialog("wrapup", after);
    else closeDialog();
  } catch (error) {
    const key = `agent.error.${error?.code}`;
    store.dispatch({
      type: "dialog_set",
      patch: { busy: false, fault: t(key) === key ? error?.message || t("agent.error.unknown") : t(key) },
    });
  }
}

/** Fills the list of a dialog; what is there stays until the new one has come. @param {"queues" | "agents"} kind */
export async function loadDirectory(kind) {
  store.dispatch({ type: "dialog_set", patch: { failed: false } });
  try {
    const { items = [] } = await ask("directory", {
      kind,
      conversation: store.get().dialog?.conversation || store.get().dialog?.id,
    });
    const { me, dialog } = store.get();
    if (dialog && dialog.directory === kind) {
      const others = items.filter((one) => one.id !== me.id);
      const target = others.find((one) => one.id === dialog.target?.id) || null;
      store.dispatch({
        type: "dialog_set",
        patch: { items: others, target, index: Math.max(0, others.indexOf(target)) },
      });
    }
  } catch {
    store.dispatch({ type: "dialog_set", patch: { items: [], failed: true } });
  }
}

/** Who waits where, for the foot of the list. */
export async function loadQueues() {
  const answer = await ask("directory", { kind: "queues", all: true }).catch(() => null);
  if (answer) store.dispatch({ type: "set", patch: { queues: answer.items || [] } });
}

// ── beside the conversation ──

/** Articles that hold every word; none when the box does not answer. @param {string} filter @returns {Promise<any[]>} */
export const articlesWith = (filter) =>
  ask("directory", { kind: "articles", filter }).then(
    ({ items }) => items || [],
    () => [],
  );

/** The Articles tab narrowed to what was typed. @param {string} filter */
export async function findArticles(filter) {
  store.dispatch({ type: "set", patch: { articles: { filter, items: store.get().articles?.items || null } } });
  const items = await articlesWith(filter);
  if (store.get().articles?.filter === filter) store.dispatch({ type: "set", patch: { articles: { filter, items } } });
}

/** An article, whole. @param {string | null} id */
export async function readArticle(id) {
  const put = (reading) =>
    store.dispatch({ type: "set", patch: { articles: { filter: "", items: null, ...store.get().articles, reading } } });
  if (!id) return put(null);
  put({ id, loading: true });
  try {
    const answer = await fetch(`/api/v1/articles/${encodeURIComponent(id)}`, { credentials: "same-origin" });
    if (!answer.ok) throw new Error(String(answer.status));
    put(await answer.json());
  } catch {
    put({ id, failed: true });
  }
}

/** Opens an article beside the conversation. @param {string} id */
export function openArticle(id) {
  store.dispatch({ type: "set", patch: { tab: "articles", page: "cust", view: "desk" } });
  readArticle(id);
}

/** Puts an article into the reply and counts it. @param {string} conversation @param {any} article @param {string} text */
export function shareArticle(conversation, article, text) {
  share(conversation, text);
  fetch(`/api/v1/articles/${encodeURIComponent(article.id)}/shares`, { method: "POST", credentials: "same-origin" })
    .then((answer) => (answer.ok ? answer.json() : null))
    .then((counted) => {
      const { articles } = store.get();
      if (counted && articles?.reading?.id === article.id)
        store.dispatch({ type: "set", patch: { articles: { ...articles, reading: { ...articles.reading, shares: counted.shares } } } });
    })
    .catch(() => {});
}

/** Puts a link or a text at the end of the reply (REQ S2-36). @param {string} conversation @param {string} text */
export function share(conversation, text) {
  const was = store.get().drafts[conversation] || "";
  store.dispatch({ type: "draft", conversation, text: was ? `${was.trimEnd()}\n${text}` : text });
  store.dispatch({ type: "set", patch: { page: "talk" } });
  focusReply();
}

/** @param {string} conversation @param {string} text */
export async function note(conversation, text) {
  const answer = await attempt(ask("note", { conversation, text }), t("agent.notes"));
  if (!answer) return false;
  const { me, notes } = store.get();
  const at = answer.at || new Date().toISOString();
  if (!(notes[conversation] || []).some((one) => one.text === text && one.at === at))
    store.dispatch({ type: "note", conversation, note: { text, at, by: me.name } });
  return true;
}

/** Earlier conversations of a contact. @param {string} contact */
export async function loadContact(contact) {
  const was = store.get().contacts[contact];
  if (was && was.loading) return;
  store.dispatch({ type: "contact", contact, patch: { loading: true, failed: false } });
  try {
    const before = was && was.items && was.items.length ? was.items[was.items.length - 1].started : undefined;
    const answer = await ask("contact_history", { contact, before });
    const items = [...((was && was.items) || []), ...(answer.items || answer.conversations || [])];
    store.dispatch({ type: "contact", contact, patch: { loading: false, items, more: Boolean(answer.more) } });
  } catch {
    store.dispatch({ type: "contact", contact, patch: { loading: false, failed: true } });
  }
}

/** What was said in an earlier conversation. @param {string} conversation */
export async function loadTranscript(conversation) {
  const was = store.get().transcripts[conversation];
  if (was && was.messages) return store.dispatch({ type: "transcript", conversation, patch: { open: !was.open } });
  store.dispatch({ type: "transcript", conversation, patch: { open: true, loading: true, failed: false } });
  try {
    const { messages = [] } = await ask("history", { conversation, limit: 50 });
    store.dispatch({ type: "transcript", conversation, patch: { loading: false, messages } });
  } catch {
    store.dispatch({ type: "transcript", conversation, patch: { loading: false, failed: true } });
  }
}

/** Shows a masked text once, with a reason that goes to the audit log (REQ D-20). */
export async function reveal(fields) {
  store.dispatch({ type: "dialog_set", patch: { busy: true, fault: null } });
  try {
    const answer = await ask("reveal", fields);
    store.dispatch({ type: "dialog_set", patch: { busy: false, shown: answer.text ?? answer.value ?? "" } });
  } catch (error) {
    store.dispatch({ type: "dialog_set", patch: { busy: false, fault: t(`agent.error.${error?.code || "lost"}`) } });
  }
}

// ── supervisor ──

export const resetPresence = (agent, status) =>
  attempt(ask("reset_presence", { agent, status }), t("agent.live.reset"));
export async function monitor(conversation, on) {
  if (!(await attempt(ask("monitor", { conversation, on }), t("agent.live.monitor")))) return;
  if (on) select(conversation);
  // It was this page's alone; no other side has a session to close.
  else store.dispatch({ type: "frame", frame: { t: "session_closed", conversation } });
}
export const forceEnd = (conversation) => attempt(ask("force_end", { conversation }), t("agent.live.force_end"));

/** @param {string} view "desk" or "live" */
export async function setView(view) {
  store.dispatch({ type: "set", patch: { view, menu: null } });
  if (view === "live") {
    store.dispatch({ type: "desk_off" });
    attempt(ask("desk_view", { on: true }), t("agent.live"));
  } else {
    ask("desk_view", { on: false }).catch(() => {});
    readHere();
  }
}

// ── choices of this browser ──

/** @param {any} patch */
export function setPrefs(patch) {
  store.dispatch({ type: "prefs", patch });
  for (const key of Object.keys(patch)) keep(`pref.${key}`, patch[key] === true ? null : patch[key]);
}

/** @param {any} toast */
export const toast = say;

/** Closes the newest of them; false when there is none. */
export function closeToast() {
  const last = store.get().toasts.at(-1);
  if (last) store.dispatch({ type: "toast_gone", id: last.id });
  return Boolean(last);
}
