/**
 * What the agent has sent and the box has not yet confirmed (REQ B-2).
 *
 * A message keeps its `client_id` through lost lines and reloads, so the box stores it once however often it is
 * sent. One at a time per conversation, so that the order is the order of writing. What the box refuses stays, with the reason.
 */

import { countBytes, countChars } from "/web/format.js";
import { t } from "/web/i18n.js";
import { toast } from "./acts.js";
import { ask, listen, syncOne } from "./box.js";
import { keep, recall } from "./memory.js";

/** Characters and bytes of one message (REQ S3-10, D-14). */
export const CHARS_MAX = 1000;
const BYTES_MAX = 4096;
// What the box says when it is busy, not when the message is wrong: it is sent again by itself.
const PASSING = new Set(["rate_limited", "full", "unavailable"]);
const PAUSE_MS = 2000;

let store;
const flying = new Set();

/** @param {any} ours */
export function useOutbox(ours) {
  store = ours;
  listen((frame) => {
    if (frame.t === "welcome") restore();
  });
  let saved = null;
  let mine = new Set();
  store.watch((state) => {
    if (state.outbox === saved || !state.me) return;
    saved = state.outbox;
    const key = `outbox.${state.me.id}`;
    const all = Object.values(state.outbox).flat();
    for (const one of all) mine.add(one.client_id);
    // Another tab of the same agent keeps its own there: only what was this one's is written anew.
    const others = (recall(key, []) || []).filter((one) => !mine.has(one.client_id));
    const kept = [...others, ...all];
    keep(key, kept.length ? kept : null);
    mine = new Set(all.map((one) => one.client_id));
  });
}

/** Why a text cannot be sent: a code, or null. @param {string} text */
export function fault(text) {
  if (/[<>]/.test(text)) return "reserved_character";
  if (countChars(text) > CHARS_MAX) return "too_long";
  if (countBytes(text) > BYTES_MAX) return "too_many_bytes";
  return null;
}

/** @param {string} conversation @param {string} text */
export function send(conversation, text) {
  const item = { client_id: newId(), conversation, text, at: Date.now(), state: "pending" };
  store.dispatch({ type: "out_add", item });
  flush(conversation);
}

/** @param {string} conversation @param {string} client_id */
export function retry(conversation, client_id) {
  store.dispatch({ type: "out_set", conversation, client_id, patch: { state: "pending", code: undefined } });
  flush(conversation);
}

/** @param {string} conversation @param {string} client_id */
export function discard(conversation, client_id) {
  store.dispatch({ type: "out_drop", conversation, client_id });
}

function restore() {
  const { me, outbox } = store.get();
  const known = new Set(
    Object.values(outbox)
      .flat()
      .map((one) => one.client_id),
  );
  for (const item of recall(`outbox.${me.id}`, []) || [])
    if (!known.has(item.client_id)) store.dispatch({ type: "out_add", item });
  for (const conversation of Object.keys(store.get().outbox)) flush(conversation);
}

async function flush(conversation) {
  if (flying.has(conversation)) return;
  flying.add(conversation);
  try {
    for (let item; (item = next(conversation));) if (!(await deliver(item))) break;
  } finally {
    flying.delete(conversation);
  }
}

function next(conversation) {
  return (store.get().outbox[conversation] || []).find((one) => one.state === "pending" && !one.seq);
}

/** True when the next may follow. */
async function deliver({ conversation, client_id, text }) {
  try {
    const { seq } = await ask("message", { conversation, client_id, text });
    const held = store.get().sessions[conversation]?.messages.some((one) => one.seq === seq);
    if (held) store.dispatch({ type: "out_drop", conversation, client_id });
    else store.dispatch({ type: "out_set", conversation, client_id, patch: { seq } });
    // A repeated one is answered but not sent out again: fetch it.
    setTimeout(() => fetchIfMissing(conversation, client_id), PAUSE_MS);
    return true;
  } catch (error) {
    if (!error || error.code === "lost") return false;
    if (PASSING.has(error.code)) {
      setTimeout(() => flush(conversation), error.retry_after_ms || PAUSE_MS);
      return false;
    }
    store.dispatch({ type: "out_set", conversation, client_id, patch: { state: "failed", code: error.code } });
    if (!store.get().sessions[conversation]) handBack(conversation, client_id, text);
    return true;
  }
}

/** The conversation it was written in is gone from the desk: the text is not. */
function handBack(conversation, client_id, text) {
  discard(conversation, client_id);
  const copy = () => navigator.clipboard?.writeText(text);
  toast({
    id: client_id,
    kind: "urgent",
    stays: true,
    title: t("agent.out.gone"),
    text,
    run: copy,
    runName: t("agent.out.copy"),
  });
}

function fetchIfMissing(conversation, client_id) {
  if ((store.get().outbox[conversation] || []).some((one) => one.client_id === client_id && one.seq))
    syncOne(conversation);
}

function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
