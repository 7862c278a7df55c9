// What the chat page knows, and the one function that changes it. Pure: no clock, no socket, no page.
//
// `threads` are conversations, oldest first, each with its messages by seq; the last may be the current
// one. `outbox` holds what the box has not yet acknowledged: it outlives reloads and outages, and each
// piece stays with the conversation it was written for (REQ B-2).

/** @typedef {{client_id: string, text: string, conversation: string|null, at: number, state: "pending"|"failed"|"stale", code?: string}} Unsent */

export const INITIAL = {
  link: "connecting", // connecting | open | lost | refused
  trouble: null, // {code} of the last loss or refusal
  greeted: false, // a welcome has come
  settings: null,
  mode: "live",
  open: true,
  opensAt: null,
  closesAt: null,
  consent: null, // {text, required}
  conversation: null, // {id, state, agent: name|null, reason}
  threads: [],
  earlier: [], // conversations that can still be read, newest first: {id, started, ended}
  reading: false, // a page of history is on its way
  outbox: [],
  starting: null, // the fields of a `start` the box has not answered
  form: {}, // what was typed into a form, so that no change of view loses it
  formError: null, // {code, field?}
  invited: null, // {invite, proactive} that was accepted on the site's page
  left: null, // {reference, answerFrom}
  leave: false, // asked for the message form although the branch is open
  queue: null, // {position, wait_s, text}
  typing: null, // name
  seenByAgent: 0,
  seen: { conversation: null, seq: 0 }, // what the customer has seen
  rated: 0,
  rating: 0, // given while the chat goes on
  done: null, // the ended conversation that was put away for a new one
  shown: false,
  sub: null, // whose token this is, persistent only
};

export const UNSENT_MAX = 50;

/** @param {typeof INITIAL} state */
export function reduce(state, action) {
  switch (action.type) {
    case "set":
      return { ...state, ...action.fields };
    case "link":
      return { ...state, link: action.link, trouble: action.trouble ?? null, typing: null, queue: action.link === "open" ? state.queue : null };
    case "welcome":
      return welcome(state, action.frame);
    case "hours":
      return hours(state, action.frame);
    case "messages":
      return { ...take(state, action.messages), reading: false };
    case "started":
      return started(state, action.conversation);
    case "conversation":
      return changed(state, action.frame);
    case "write":
      return { ...state, outbox: [...state.outbox, action.item].slice(-UNSENT_MAX) };
    case "unsent":
      return { ...state, outbox: state.outbox.map((item) => (item.client_id === action.client_id ? { ...item, ...action.fields } : item)) };
    case "forget":
      return { ...state, outbox: state.outbox.filter((item) => item.client_id !== action.client_id) };
    case "earlier read":
      return { ...state, earlier: state.earlier.filter((one) => one.id !== action.id) };
    case "afresh":
      return {
        ...state,
        done: state.conversation?.id ?? state.done,
        conversation: null,
        threads: state.mode === "persistent" ? state.threads : [],
        outbox: state.outbox.filter((item) => item.state === "pending"),
        queue: null,
        typing: null,
        rated: 0,
        copied: null,
        left: null,
        leave: false,
        formError: null,
      };
    default:
      return state;
  }
}

function welcome(state, frame) {
  const put = frame.conversation?.state === "closed" && frame.conversation.id === state.done;
  const now = (!put && frame.conversation) || null;
  const before = state.conversation;
  const same = before && now && before.id === now.id;
  let next = {
    ...state,
    greeted: true,
    mode: frame.mode || state.mode,
    open: frame.open !== false,
    opensAt: frame.opens_at ?? null,
    closesAt: frame.closes_at ?? state.settings?.closes_at ?? null,
    queue: null,
  };
  next.consent =
    frame.consent && frame.consent.text
      ? { text: frame.consent.text, required: frame.consent.required ?? state.settings?.consent !== "notice" }
      : null;
  if (now) next.conversation = { reason: same ? before.reason : null, ...now, agent: nameOf(now.agent) };
  // Gone while the line was down: shown as ended, with what was said, and not as if it had never been.
  else if (before && before.state !== "closed") next.conversation = { ...before, state: "closed", reason: null };
  if (now && !same && next.mode === "live") next.threads = [];
  next = take(next, put ? [] : frame.messages || []);
  const known = new Set(next.threads.map((thread) => thread.id));
  if (next.mode === "persistent") next.earlier = (frame.earlier || []).filter((one) => !known.has(one.id));
  return next;
}

/** Opened or closed meanwhile: what was typed into the one form stands in the other. */
function hours(state, { open, opens_at, closes_at }) {
  const { text, comment } = state.form;
  const form = { ...state.form, text: text || comment, comment: comment || text };
  return { ...state, open, opensAt: opens_at ?? null, closesAt: closes_at ?? null, form };
}

function started(state, id) {
  const conversation = state.conversation && state.conversation.id === id ? state.conversation : { id, state: "open", agent: null, reason: null };
  const outbox = state.outbox.map((item) => (item.conversation === null && item.state === "pending" ? { ...item, conversation: id } : item));
  return {
    ...state,
    conversation,
    outbox,
    starting: null,
    invited: null,
    form: {},
    formError: null,
    rated: 0,
    left: null,
    leave: false,
    threads: state.mode === "live" ? state.threads.filter((thread) => thread.id === id) : state.threads,
  };
}

function changed(state, { conversation: id, state: stage, agent, reason }) {
  const before = state.conversation;
  if (before && before.id !== id && before.state !== "closed" && stage === "closed") return state;
  const same = before && before.id === id;
  if (!same && stage === "closed") return state;
  const conversation = { id, state: stage, agent: agent === undefined && same ? before.agent : nameOf(agent), reason: reason ?? null };
  return { ...state, conversation, queue: stage === "open" ? state.queue : null, typing: stage === "closed" ? null : state.typing };
}

function nameOf(agent) {
  return agent ? agent.name || (typeof agent === "string" ? agent : null) : null;
}

/** Puts messages where they belong: each once, by seq, in its own conversation. */
function take(state, messages) {
  if (!messages.length) return state;
  const threads = new Map(state.threads.map((thread) => [thread.id, thread]));
  const acknowledged = new Set();
  let typing = state.typing;
  for (const message of messages) {
    const thread = threads.get(message.conversation) || { id: message.conversation, messages: [] };
    const others = thread.messages.filter((one) => one.seq !== message.seq);
    const had = thread.messages.find((one) => one.seq === message.seq);
    const at = others.findLastIndex((one) => one.seq < message.seq) + 1;
    // The identity of an own message must not change when its frame follows its answer: the element would be announced twice.
    others.splice(at, 0, had ? { ...message, client_id: had.client_id ?? message.client_id } : message);
    threads.set(thread.id, { id: thread.id, messages: others });
    if (message.client_id) acknowledged.add(message.client_id);
    if (message.from?.kind === "agent") typing = null;
  }
  const first = (thread) => Date.parse(thread.messages[0]?.at) || 0;
  return {
    ...state,
    threads: [...threads.values()].sort((a, b) => first(a) - first(b)),
    outbox: state.outbox.filter((item) => !acknowledged.has(item.client_id)),
    typing,
  };
}

/** Which of its faces the page shows. */
export function phase(state) {
  const { conversation, trouble } = state;
  if (state.link === "refused") return "refused";
  if (!state.settings || !state.greeted)
    return trouble && (trouble.code === "full" || trouble.code === "storage_full") ? "full" : state.link === "lost" ? "unreachable" : "loading";
  if (state.mode === "persistent")
    return conversation && conversation.state !== "closed"
      ? "chat"
      : state.consent?.required && !state.form.consent && !state.starting
        ? "consent"
        : "chat";
  if (conversation) return conversation.state === "closed" ? "ended" : "chat";
  if (state.starting) return "chat";
  if (state.left) return "left";
  if (!state.open || state.leave) return "leave";
  return "start";
}

/** Whether a conversation cannot begin without something from the customer. */
export function formDue(state) {
  return Boolean(state.consent?.required) || (state.settings.prechat || []).some((field) => field.required);
}

/** The seq of the current conversation's newest message that is held. */
export function lastSeq(state) {
  const thread = state.conversation && state.threads.find((one) => one.id === state.conversation.id);
  return thread ? thread.messages.at(-1).seq : 0;
}

/** Messages of agents the customer has not had before her eyes. */
export function unread(state) {
  const thread = state.conversation && state.threads.find((one) => one.id === state.conversation.id);
  if (!thread) return 0;
  const from = state.seen.conversation === thread.id ? state.seen.seq : 0;
  return thread.messages.filter((one) => one.seq > from && (one.from?.kind === "agent" || one.from?.kind === "bot")).length;
}
