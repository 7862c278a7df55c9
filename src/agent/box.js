/**
 * The line to the box: signing in and out, the socket, and what must follow each frame beside drawing.
 */

import { setClock } from "/web/format.js";
import { connect } from "/web/socket.js";
import { forgetAll, keep, recall } from "./memory.js";
import { cursor, isGapped } from "./state.js";

/** @type {import("/web/store.js").Store<any>} */
let store;
let link = null;
/** Called with each frame after the state has it. @type {((frame: any, before: any) => void)[]} */
const listeners = [];

/** @param {any} ours */
export function useStore(ours) {
  store = ours;
}

/** @param {(frame: any, before: any) => void} run */
export function listen(run) {
  listeners.push(run);
}

/** Resolves with the `ok` frame, rejects with `{code, message, retry_after_ms?}`. @param {string} verb @param {any} [fields] @returns {Promise<any>} */
export function ask(verb, fields) {
  return link ? link.request(verb, fields) : Promise.reject({ code: "lost" });
}

/** Sends what has no answer. @param {string} verb @param {any} [fields] */
export function tell(verb, fields) {
  if (link) link.send(verb, fields);
}

/** Tries the connection again at once. */
export function retryNow() {
  if (link) link.retry();
}

/** Goes on where this browser was signed in, else shows the sign-in page. */
export function resume() {
  if (recall("signed_in")) open();
  else store.dispatch({ type: "signed_out" });
}

/**
 * @param {{username: string, password: string, totp?: string}} fields
 * @returns {Promise<{code: string, retry?: number} | null>} null when it went well
 */
export async function signIn(fields) {
  let answer;
  try {
    answer = await fetch("/api/v1/login", {
      method: "POST",
      headers: { "content-type": "application/json" },
      credentials: "same-origin",
      body: JSON.stringify(fields),
    });
  } catch {
    return { code: "unreachable" };
  }
  const body = await answer.json().catch(() => ({}));
  if (answer.ok && body.set_up) return { code: "set_up" };
  if (answer.ok) {
    enter();
    return null;
  }
  return {
    code: body.error?.code || (answer.status === 401 ? "unauthorized" : "unavailable"),
    retry: Number(answer.headers.get("retry-after")) || 0,
  };
}

/** The sign-in is whole: to the desk. */
export function enter() {
  keep("signed_in", true);
  open();
}

/** Ends it here and on the box; nothing of this agent stays in the browser. */
export async function signOut() {
  const me = store.get().me;
  if (link) link.close();
  link = null;
  keep("signed_in", null);
  if (me) {
    forgetAll(`draft.${me.id}.`);
    keep(`outbox.${me.id}`, null);
  }
  store.dispatch({ type: "signed_out" });
  for (const run of listeners) run({ t: "signed_out" }, null);
  await fetch("/api/v1/logout", { method: "POST", credentials: "same-origin" }).catch(() => {});
}

function open() {
  if (link) link.close();
  store.dispatch({ type: "set", patch: { phase: "loading" } });
  link = connect({
    url: "/ws/agent",
    protocol: "deskbell.v1",
    hello: () => null,
    onState: hear,
    onFrame: receive,
    mayRetry: stillSignedIn,
  });
}

// A page cannot tell a refused upgrade from a broken line.
async function stillSignedIn() {
  try {
    return (await fetch("/api/v1/login", { credentials: "same-origin" })).status !== 401;
  } catch {
    return true;
  }
}

function hear(state) {
  if (state === "refused") {
    // It will not try again, so it need not listen to the browser for its whole life either.
    link?.close();
    link = null;
    keep("signed_in", null);
    store.dispatch({ type: "signed_out", why: store.get().everReady ? "ended" : "refused" });
    for (const run of listeners) run({ t: "signed_out" }, null);
    return;
  }
  store.dispatch({ type: "link", link: state });
  store.dispatch({ type: "tests", patch: { link: state === "open" ? "open" : state } });
}

function receive(given) {
  const frame = titled(given);
  if (frame.t === "welcome") setClock(frame.clock);
  const before = store.get();
  store.dispatch({ type: "frame", frame });
  if (frame.t === "welcome") catchUp(before);
  if (frame.t === "message") mend(frame.conversation);
  for (const run of listeners) run(frame, before);
}

/** "Chat from": who gave no name is somebody, on the alert, in the title of the window and on the desktop alike. */
function titled(frame) {
  const whole = (one) => (one.title_open ? { ...one, title: `${one.title} ${one.title_open}` } : one);
  if (frame.t === "notification") return whole(frame);
  return frame.t === "welcome" ? { ...frame, notifications: (frame.notifications || []).map(whole) } : frame;
}

/** After a reconnect the box is asked for what came in between, by the last `seq` held (REQ B-2). */
function catchUp(before) {
  const { sessions } = store.get();
  const cursors = {};
  for (const one of Object.values(sessions)) {
    if (one.messages.length && (before.everReady || isGapped(one)))
      cursors[one.conversation] = cursor(before.sessions[one.conversation] || one) || cursor(one);
  }
  if (Object.keys(cursors).length) sync(cursors);
}

function mend(conversation) {
  const one = store.get().sessions[conversation];
  if (one && isGapped(one)) sync({ [conversation]: cursor(one) });
}

const syncing = new Set();
async function sync(cursors) {
  const wanted = Object.keys(cursors).filter((id) => !syncing.has(id));
  if (!wanted.length) return;
  wanted.forEach((id) => syncing.add(id));
  let left = Object.fromEntries(wanted.map((id) => [id, cursors[id]]));
  try {
    while (Object.keys(left).length) {
      const { messages = [], more = {} } = await ask("sync", { cursors: left });
      for (const id of Object.keys(left)) {
        const mine = messages.filter((one) => one.conversation === id);
        store.dispatch({ type: "history", conversation: id, messages: mine });
      }
      left = nextCursors(left, messages, more);
    }
  } catch {
    // Lost again: the next welcome asks anew. Refused: history can still be scrolled to.
  } finally {
    wanted.forEach((id) => syncing.delete(id));
  }
}

/** Where the answer stopped short; an answer that brought nothing is not asked again. */
function nextCursors(asked, messages, more) {
  const next = {};
  for (const id of Object.keys(asked)) {
    const last = messages.reduce((max, one) => (one.conversation === id ? Math.max(max, one.seq) : max), asked[id]);
    if (more[id] && last > asked[id]) next[id] = last;
  }
  return next;
}

/** Fetches what is missing up to a message the box says it has. @param {string} conversation */
export function syncOne(conversation) {
  const one = store.get().sessions[conversation];
  if (one) sync({ [conversation]: cursor(one) });
}
