/**
 * Everything the desktop knows, and how each happening changes it. Pure: no page, no socket, no storage.
 *
 * Frames from the box are in `frames.js`; here is what the agent does, and what views ask of the state.
 *
 * @typedef {{conversation: string, seq: number, at: string, from: {kind: string, name?: string}, text: string, code?: string, client_id?: string}} Message
 * @typedef {{conversation: string, work_item_kind: string, mode: string, state: string, role: string, customer: any, queue: any,
 *   workstream: any, proactive: boolean, since: string, unread: number, context: any, messages: Message[], more?: boolean,
 *   reserved?: boolean, conference?: boolean, reason?: string, ended?: string}} Session
 * @typedef {{client_id: string, conversation: string, text: string, at: number, state: "pending"|"failed", code?: string}} Outgoing
 */

import { arrived, onFrame } from "./frames.js";

/** The most sessions an agent may have open (REQ S2-32). */
export const SESSIONS_MAX = 10;
/** What was looked up (transcripts, contacts, explanations) and is kept, newest first: a page lives for a whole shift. */
const LOOKED_UP_MAX = 40;

export const initial = {
  /** boot | signed_out | loading | ready */
  phase: "boot",
  /** Why the sign-in page is shown: undefined at first, "ended" or "refused" after. */
  why: undefined,
  link: "connecting",
  linkSince: 0,
  everReady: false,
  me: null,
  presence: null,
  presences: [],
  settings: {},
  /** @type {Object<string, Session>} */ sessions: {},
  /** @type {string[]} Order of arrival: a row moves nowhere under the pointer. */ order: [],
  parkedMore: false,
  notifications: [],
  banners: [],
  hidden: {},
  queues: [],
  agents: [],
  selected: null,
  looking: true,
  view: "desk",
  page: "sessions",
  tab: "contact",
  typing: {},
  read: {},
  /** @type {Object<string, Outgoing[]>} */ outbox: {},
  drafts: {},
  compose: {},
  loading: {},
  notes: {},
  contacts: {},
  people: {},
  articles: null,
  transcripts: {},
  dialog: null,
  menu: null,
  toasts: [],
  alertsFrom: 0,
  tests: { permission: "default", worker: "waiting", sound: "locked", link: "waiting" },
  prefs: { theme: "", sound: true, letters: true },
  desk: null,
  /** The row of the supervisor's tables that is open: `{table, id}`. */
  watch: null,
  routing: {},
  /** What is looked for, and what was found. */
  find: { fields: {}, rows: [], next: null },
  figures: { days: 7, by: "queue" },
};

/** @param {typeof initial} state @param {any} action */
export function reduce(state, action) {
  const run = actions[action.type];
  return run ? run(state, action) : state;
}

const actions = {
  frame: (state, { frame }) => onFrame(state, frame),
  set: (state, { patch }) => ({ ...state, ...patch }),
  tests: (state, { patch }) => changed(state, "tests", patch),
  prefs: (state, { patch }) => changed(state, "prefs", patch),
  link: (state, { link }) => ({ ...state, link, linkSince: state.link === link ? state.linkSince : Date.now() }),
  signed_out: (state, { why }) => ({ ...initial, phase: "signed_out", why, prefs: state.prefs, tests: state.tests }),
  select: (state, { conversation }) => ({
    ...state,
    selected: conversation,
    page: conversation ? "talk" : "sessions",
    view: "desk",
    menu: null,
  }),
  draft: (state, { conversation, text }) => put(state, "drafts", conversation, text),
  compose: (state, { conversation, patch }) =>
    put(state, "compose", conversation, { ...state.compose[conversation], ...patch }),
  loading: (state, { key, value }) => put(state, "loading", key, value),
  read_here: (state, { conversation }) =>
    session(state, conversation, (one) => (one.unread ? { ...one, unread: 0 } : one)),
  history: (state, { conversation, messages, more, details }) =>
    session(arrived(state, conversation, messages), conversation, (one) => ({
      ...one,
      messages: merge(one.messages, messages),
      more: more === undefined ? one.more : more,
      ...details,
    })),
  notes: (state, { conversation, notes }) => put(state, "notes", conversation, notes),
  parked: (state, { sessions, more }) => {
    const next = sessions.reduce((now, one) => onFrame(now, { ...one, t: "session" }), state);
    return { ...next, parkedMore: Boolean(more) };
  },
  typed: (state, { conversation }) => (state.typing[conversation] ? put(state, "typing", conversation, null) : state),
  transcript: (state, { conversation, patch }) => lookUp(state, "transcripts", conversation, patch),
  contact: (state, { contact, patch }) => lookUp(state, "contacts", contact, patch),
  note: (state, { conversation, note }) =>
    put(state, "notes", conversation, [...(state.notes[conversation] || []), note]),
  dialog: (state, { dialog }) => ({ ...state, dialog, menu: null }),
  dialog_set: (state, { patch }) => (state.dialog ? { ...state, dialog: { ...state.dialog, ...patch } } : state),
  toast: (state, { toast }) => ({
    ...state,
    toasts: [...state.toasts.filter((one) => one.id !== toast.id), toast].slice(-4),
  }),
  toast_gone: (state, { id }) => ({ ...state, toasts: state.toasts.filter((one) => one.id !== id) }),
  notification_gone: (state, { id }) => ({
    ...state,
    notifications: state.notifications.filter((one) => one.id !== id),
  }),
  notification_busy: (state, { id, busy }) => ({
    ...state,
    notifications: state.notifications.map((one) => (one.id === id ? { ...one, busy } : one)),
  }),
  hide_banner: (state, { kind }) => put(state, "hidden", kind, true),
  out_add: (state, { item }) =>
    put(state, "outbox", item.conversation, [...(state.outbox[item.conversation] || []), item]),
  out_set: (state, { conversation, client_id, patch }) =>
    put(
      state,
      "outbox",
      conversation,
      (state.outbox[conversation] || []).map((one) => (one.client_id === client_id ? { ...one, ...patch } : one)),
    ),
  out_drop: (state, { conversation, client_id }) =>
    put(
      state,
      "outbox",
      conversation,
      (state.outbox[conversation] || []).filter((one) => one.client_id !== client_id),
    ),
  routing: (state, { conversation, patch }) => lookUp(state, "routing", conversation, patch),
  desk_off: (state) => ({ ...state, desk: null }),
};

function changed(state, part, patch) {
  const was = state[part];
  return Object.keys(patch).every((key) => was[key] === patch[key])
    ? state
    : { ...state, [part]: { ...was, ...patch } };
}

/** Sets one entry of one of the tables. */
export function put(state, table, key, value) {
  return { ...state, [table]: { ...state[table], [key]: value } };
}

/** Changes what was looked up under a key; the one longest untouched goes. */
function lookUp(state, table, key, patch) {
  const { [key]: was, ...rest } = state[table];
  const others = Object.keys(rest);
  for (const old of others.slice(0, Math.max(0, others.length - LOOKED_UP_MAX + 1))) delete rest[old];
  return { ...state, [table]: { ...rest, [key]: { ...was, ...patch } } };
}

/** What the page keeps beside a session goes with it; a draft stays, for a session may come back. */
export function forget(state, conversation) {
  const next = { ...state };
  for (const table of ["typing", "read", "compose", "notes"]) {
    const { [conversation]: _, ...rest } = state[table];
    next[table] = rest;
  }
  const { [`history.${conversation}`]: _, ...loading } = state.loading;
  const { [conversation]: draft, ...drafts } = state.drafts;
  return { ...next, loading, drafts: draft ? state.drafts : drafts };
}

/** Changes one session, if there is one. */
export function session(state, conversation, change) {
  const was = state.sessions[conversation];
  if (!was) return state;
  const next = change(was);
  return next === was ? state : put(state, "sessions", conversation, next);
}

/** Two lists of messages as one, by `seq`, each once (REQ B-2). @param {Message[]} a @param {Message[]} b @returns {Message[]} */
export function merge(a = [], b = []) {
  if (!b.length) return a;
  if (!a.length || b[0].seq > a[a.length - 1].seq) {
    const ordered = b.every((one, i) => i === 0 || one.seq > b[i - 1].seq);
    if (ordered) return a.concat(b);
  }
  const all = new Map(a.map((one) => [one.seq, one]));
  for (const one of b) all.set(one.seq, one);
  return [...all.values()].sort((x, y) => x.seq - y.seq);
}

/** The last `seq` up to which nothing is missing; what `sync` asks from. @param {Session} one */
export function cursor(one) {
  const list = one.messages;
  if (!list.length) return 0;
  let at = list[0].seq;
  for (const message of list) {
    if (message.seq > at + 1) break;
    at = message.seq;
  }
  return at;
}

/** @param {Session} one */
export const isGapped = (one) => one.messages.length > 0 && cursor(one) < one.messages[one.messages.length - 1].seq;

/** The list as it stands: work, customers who are back, parked; Alt+1…0 count in this order (REQ D-3). */
export function groups(state) {
  const work = [];
  const back = [];
  const waiting = [];
  for (const id of state.order) {
    const one = state.sessions[id];
    if (!one) continue;
    if (one.state === "waiting") waiting.push(one);
    else if (one.state === "reserved" || one.reserved) back.push(one);
    else work.push(one);
  }
  return { work, back, waiting };
}

/** Sessions in the order of the list. @returns {Session[]} */
export function listed(state) {
  const { work, back, waiting } = groups(state);
  return [...work, ...back, ...waiting];
}

/** What counts towards the ten: everything held except parked ones; what one reads along is not held. */
export function held(state) {
  const counts = (one) => Boolean(one) && one.state !== "waiting" && one.role !== "monitor";
  return state.order.filter((id) => counts(state.sessions[id])).length;
}

/** Alerts, oldest first: the top one is the one the keys act on. */
export const alerts = (state) => state.notifications.filter((one) => one.style === "alert");
/** Notices of the box that only tell. */
export const notices = (state) => state.notifications.filter((one) => one.style !== "alert");
export const selectedSession = (state) => (state.selected ? state.sessions[state.selected] || null : null);
export const isSupervisor = (state) => Boolean(state.me && state.me.roles && state.me.roles.includes("supervisor"));
/** The asset is gone: only ending is left (REQ S3-9). */
export const isFrozen = (one) => Boolean(one.frozen) || (one.reason === "asset_removed" && one.state === "active");
export const canType = (one) => Boolean(one) && one.state === "active" && one.role !== "monitor" && !isFrozen(one);
export const unreadTotal = (state) => state.order.reduce((n, id) => n + (state.sessions[id]?.unread || 0), 0);
