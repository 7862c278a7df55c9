/**
 * What each frame of the box does to the state. Pure.
 *
 * A frame this version does not know changes nothing: the box may add types and fields.
 */

import { forget, merge, put, session } from "./state.js";

/** @param {any} state @param {any} frame */
export function onFrame(state, frame) {
  const run = frames[frame.t];
  return run ? run(state, frame) : state;
}

const frames = {
  welcome,
  session: (state, frame) => upsert(state, frame),
  session_state: (state, { conversation, state: to, reason, wrapup_deadline }) =>
    session(state, conversation, (one) => ({
      ...one,
      state: to,
      reason,
      wrapup_deadline,
      reserved: to === "reserved" ? one.reserved : false,
      ended: to === "wrap_up" ? reason || one.ended : one.ended,
    })),
  session_closed: closed,
  message,
  typing: (state, { conversation, name, on }) =>
    put(state, "typing", conversation, on === false ? null : { name, at: Date.now() }),
  seen: (state, { conversation, seq }) =>
    seq > (state.read[conversation] || 0) ? put(state, "read", conversation, seq) : state,
  delivery: (state, { conversation, seq, t: _, ...went }) =>
    session(state, conversation, (one) => ({
      ...one,
      messages: one.messages.map((message) =>
        message.seq === seq ? { ...message, delivery: { ...message.delivery, detail: undefined, ...went } } : message,
      ),
    })),
  presence: (state, { t: _, ...presence }) => ({ ...state, presence }),
  settings: (state, { settings, presences }) => ({ ...state, settings, presences: presences || state.presences }),
  notification: (state, { t: _, ...one }) => ({
    ...state,
    notifications: [...state.notifications.filter((other) => other.id !== one.id), one],
  }),
  notification_closed: (state, { id }) => {
    const left = state.notifications.filter((one) => one.id !== id);
    return left.length === state.notifications.length ? state : { ...state, notifications: left };
  },
  banner: (state, { t: _, ...one }) => ({
    ...state,
    banners: [
      ...state.banners.filter((other) => other.kind !== one.kind || other.conversation !== one.conversation),
      one,
    ],
    hidden: { ...state.hidden, [one.kind]: false },
  }),
  banner_closed: (state, { kind }) => ({ ...state, banners: state.banners.filter((one) => one.kind !== kind) }),
  note: (state, { conversation, t: _, ...note }) =>
    put(state, "notes", conversation, addNote(state.notes[conversation], note)),
  desk,
};

/** The whole picture. What only this page knows (drafts, what is on its way, older messages) stays. */
function welcome(state, frame) {
  const same = state.me && frame.agent && state.me.id === frame.agent.id;
  const sessions = {};
  for (const one of frame.sessions || [])
    sessions[one.conversation] = blend(same ? state.sessions[one.conversation] : undefined, one);
  const known = same ? state.order.filter((id) => sessions[id]) : [];
  const fresh = (frame.sessions || [])
    .filter((one) => !known.includes(one.conversation))
    .sort((a, b) => Date.parse(a.since || 0) - Date.parse(b.since || 0))
    .map((one) => one.conversation);
  const order = [...known, ...fresh];
  const outbox = Object.keys(same ? state.outbox : {}).reduce(
    (now, id) => arrived(now, id, sessions[id]?.messages || []),
    state,
  ).outbox;
  return {
    ...state,
    phase: "ready",
    everReady: true,
    me: frame.agent,
    presence: frame.presence,
    presences: frame.presences || [],
    settings: frame.settings || {},
    place: frame.settings?.desk_name || frame.desk?.name || frame.place,
    sessions,
    order,
    parkedMore: Boolean(frame.parked_more),
    notifications: frame.notifications || [],
    banners: frame.banners || [],
    queues: frame.queues || [],
    agents: frame.agents || [],
    typing: {},
    outbox: same ? outbox : {},
    notes: { ...state.notes, ...notesOf(frame.sessions) },
    selected: sessions[state.selected] ? state.selected : null,
  };
}

function notesOf(sessions = []) {
  const notes = {};
  for (const one of sessions) if (Array.isArray(one.notes)) notes[one.conversation] = one.notes;
  return notes;
}

function blend(was, { t: _, ...now }) {
  // Where a frame had no room for what the page told, that is what it was; `history` brings it to who never had it.
  if (now.details_more && was && !was.details_more) {
    for (const key of ["context", "page", "answers"]) now[key] = was[key];
    now.details_more = false;
  }
  return {
    ...now,
    messages: merge(was?.messages, now.messages || []),
    more: was && was.messages.length ? was.more : now.more,
  };
}

function upsert(state, frame) {
  const id = frame.conversation;
  const one = blend(state.sessions[id], frame);
  const next = put(state, "sessions", id, one);
  if (Array.isArray(frame.notes)) next.notes = { ...next.notes, [id]: frame.notes };
  return state.order.includes(id) ? next : { ...next, order: [...state.order, id] };
}

function closed(state, { conversation }) {
  if (!state.sessions[conversation]) return state;
  const { [conversation]: gone, ...sessions } = state.sessions;
  const place = state.order.indexOf(conversation);
  const order = state.order.filter((id) => id !== conversation);
  // The eye stays where it was: the row that moves up into the gap, else the one above. A parked one is not opened unasked.
  const beside =
    state.selected === conversation
      ? [order[place], order[place - 1]].find((id) => id && sessions[id]?.state !== "waiting")
      : state.selected;
  const dialog = state.dialog && state.dialog.conversation === conversation && !state.dialog.busy ? null : state.dialog;
  return { ...forget(state, conversation), sessions, order, dialog, selected: beside || null };
}

function message(state, { t: _, ...one }) {
  const id = one.conversation;
  let next = session(state, id, (was) => {
    const known = was.messages.some((other) => other.seq === one.seq);
    const counts =
      !known && one.from.kind === "customer" && !(state.selected === id && state.looking && state.view === "desk");
    return {
      ...was,
      messages: merge(was.messages, [one]),
      unread: counts ? (was.unread || 0) + 1 : was.unread,
      last_at: one.at,
    };
  });
  next = arrived(next, id, [one]);
  if (one.from.kind === "customer" && next.typing[id]) next = put(next, "typing", id, null);
  return next;
}

/** What was on its way and has come back as a message is no longer on its way. */
export function arrived(state, conversation, messages) {
  const out = state.outbox[conversation];
  if (!out || !out.length) return state;
  const left = out.filter(
    (one) => !messages.some((m) => (m.client_id && m.client_id === one.client_id) || m.seq === one.seq),
  );
  return left.length === out.length ? state : put(state, "outbox", conversation, left);
}

function addNote(list = [], note) {
  return list.some((one) => one.at === note.at && one.text === note.text) ? list : [...list, note];
}

/** The supervisor's tables: a first page, then changed rows; a row that says it is gone leaves. */
function desk(state, frame) {
  const was = frame.full || !state.desk ? { queues: {}, agents: {}, conversations: {} } : state.desk;
  const table = (rows, old) => {
    if (!rows || !rows.length) return old;
    const next = { ...old };
    for (const row of rows) {
      const id = row.id ?? row.conversation;
      if (row.gone || row.removed || row.state === "closed") delete next[id];
      else next[id] = { ...next[id], ...row, id };
    }
    return next;
  };
  return {
    ...state,
    desk: {
      queues: table(frame.queues, was.queues),
      agents: table(frame.agents, was.agents),
      conversations: table(frame.conversations, was.conversations),
      today: frame.today || was.today,
    },
  };
}
