// The chat page's talk with the box: greeting, sending each text once, history, ending.
//
// Texts go out one at a time and in order; the next waits for the acknowledgement of the one before, so
// that a refusal in the middle cannot turn the order round. A text whose answer was lost is sent again
// with the same client_id after the next welcome, and the box stores it once (REQ B-2, D-17).

import { now, setClock } from "/web/format.js";
import { connect } from "/web/socket.js";
import { formDue, lastSeq, phase, UNSENT_MAX } from "./page-state.js";

const TYPING_EVERY_MS = 3_000;
const TYPING_SHOWN_MS = 6_000;
/** Less than this fills no window: what came before is read without being asked for. */
const PAGE_SHORT = 50;
/** However often the site changes its address. */
const MOVED_EVERY_MS = 2_000;
/** Answers that the same text would get again, whoever sends it. */
const HOPELESS = new Set(["stale", "not_found", "not_allowed"]);

const newId = () => [...crypto.getRandomValues(new Uint8Array(12))].map((n) => n.toString(16).padStart(2, "0")).join("");
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/**
 * @param {{id: string, host: import("./page-host.js").Host, store: any, signed: any}} parts  `signed`: page-signed.js, persistent only
 */
export function openTalk({ id, host, store, signed }) {
  const { get, dispatch } = store;
  const set = (fields) => dispatch({ type: "set", fields });
  let resume = host.resume;
  let flushing = false;
  let wasGreeted = false;
  let typingAt = 0;
  let typingOn = false;
  let typingTimer = 0;
  let movedTimer = 0;
  let where = null;
  let line = null;
  let reader = null;

  async function hello() {
    const [around, who] = await Promise.all([host.context(), signed ? signed.identify(host, store) : resume && { resume }]);
    const seq = lastSeq(get());
    return { t: "hello", locale: host.locale, ...around, ...who, ...(seq && { last_seq: seq }) };
  }

  function onState(link, trouble) {
    // A token may have run out while the line was up: one try with a fresh one.
    if (link === "refused" && wasGreeted && get().mode === "persistent") {
      wasGreeted = false;
      queueMicrotask(() => line.retry());
      return;
    }
    dispatch({ type: "link", link, trouble });
    if (link === "refused") {
      // For the site's developer: what is wrong with the token, which the customer can do nothing about.
      if (trouble.message) console.warn(`deskbell: ${trouble.code}: ${trouble.message}`);
      host.tell({ t: "event", name: "error", detail: { code: trouble.code, message: trouble.message } });
    }
    if (link !== "open") return;
    wasGreeted = true;
    carryOn();
  }

  async function carryOn() {
    await mend();
    if (get().starting) await start(get().starting);
    else await accept();
    flush();
    const { threads } = get();
    const only = threads.length === 1 && threads[0].messages;
    if (only && only[0].seq > 1 && only.length < PAGE_SHORT) readOlder();
  }

  function onFrame(frame) {
    if (frame.t === "welcome") {
      resume = frame.resume || resume;
      setClock(frame.clock);
      dispatch({ type: "welcome", frame });
    } else if (frame.t === "message") {
      heardMessage(frame);
    } else if (frame.t === "state") {
      const ended = frame.state === "closed" && get().conversation?.id === frame.conversation && get().conversation.state !== "closed";
      dispatch({ type: "conversation", frame });
      if (ended) host.tell({ t: "event", name: "closed", detail: { reason: frame.reason || "ended" } });
    } else if (frame.t === "hours") {
      dispatch({ type: "hours", frame });
    } else if (frame.t === "queue") {
      set({ queue: frame });
    } else if (frame.t === "typing") {
      clearTimeout(typingTimer);
      set({ typing: frame.on === false ? null : frame.name || "" });
      typingTimer = setTimeout(set, TYPING_SHOWN_MS, { typing: null });
    } else if (frame.t === "seen") {
      set({ seenByAgent: Math.max(get().seenByAgent, frame.seq) });
    }
  }

  function heardMessage(frame) {
    const { conversation } = get();
    if (!conversation || (conversation.state === "closed" && conversation.id !== frame.conversation && frame.from?.kind === "customer")) {
      // Begun in another tab of the same visitor.
      if (!get().starting) dispatch({ type: "conversation", frame: { conversation: frame.conversation, state: "open" } });
    }
    dispatch({ type: "messages", messages: [frame] });
    if (frame.from && frame.from.kind !== "customer" && frame.from.kind !== "system") {
      // What was said stays in the frame; the site's page learns only that something was.
      host.tell({ t: "event", name: "message", detail: { from: frame.from, at: frame.at } });
    }
    mend();
  }

  /** What was said before, or is missing in between: read by a part of the page that comes when it is needed. */
  async function past(verb) {
    try {
      const { openPast } = await (reader ||= import("./page-past.js"));
      await openPast({ get, dispatch, set, line })[verb]();
    } catch {
      reader = null; // It could not be had now; the next connection tries again.
    }
  }
  async function mend() {
    const held = get().threads.at(-1)?.messages;
    if (held && held.at(-1).seq - held[0].seq >= held.length) await past("mend");
  }
  function readOlder() {
    const { threads, earlier, reading, link } = get();
    if (!reading && link === "open" && (threads[0]?.messages[0].seq > 1 || earlier.length)) past("readOlder");
  }

  async function flush() {
    if (flushing) return;
    flushing = true;
    let item;
    while (get().link === "open" && (item = get().outbox.find((one) => one.state === "pending" && one.conversation))) {
      const { client_id, text, conversation } = item;
      try {
        const { seq, at } = await line.request("message", { client_id, text, conversation });
        dispatch({ type: "messages", messages: [{ conversation, seq, at, from: { kind: "customer" }, text, client_id }] });
        // A repeated send may be answered with a message that is here without its client_id.
        dispatch({ type: "forget", client_id });
      } catch (error) {
        if (error.code === "lost") break;
        if (error.code === "rate_limited") await pause(error.retry_after_ms || 1_000);
        else dispatch({ type: "unsent", client_id, fields: { state: HOPELESS.has(error.code) ? "stale" : "failed", code: error.code } });
      }
    }
    flushing = false;
  }

  /** Begins a conversation; kept and tried again after an outage, for `start` answers with the one that is open. */
  async function start(fields) {
    set({ starting: fields, formError: null });
    if (get().link !== "open") return;
    const { client_id, ...wire } = fields;
    const existed = get().conversation?.state !== "closed" && get().conversation?.id;
    try {
      const { context, page } = await host.context();
      const { conversation } = await line.request("start", { ...wire, context, path: page?.path });
      dispatch({ type: "started", conversation });
      // Where it was open already its first message is another one, unless an earlier try had come through.
      if (wire.comment && existed === conversation && !said(conversation, wire.comment)) write(wire.comment, conversation, client_id);
      flush();
    } catch (error) {
      if (error.code === "lost") return;
      if (error.code === "invite_expired") return start({ ...fields, invite: undefined, proactive: undefined });
      if (error.code === "rate_limited" && error.retry_after_ms < 5_000) return pause(error.retry_after_ms).then(() => start(fields));
      // Where that part cannot be had either, the next connection tries all of it again.
      import("./page-refused.js").then(({ notStarted }) => notStarted(store, fields, error), () => {});
    }
  }

  function said(conversation, text) {
    const thread = get().threads.find((one) => one.id === conversation);
    return thread && thread.messages.some((one) => one.from?.kind === "customer" && one.text === text);
  }

  function write(text, conversation, client_id = newId()) {
    dispatch({ type: "write", item: { client_id, text, conversation, at: now(), state: "pending" } });
  }

  async function accept() {
    const state = get();
    if (!state.invited || !["start", "ended"].includes(phase(state))) return;
    if (state.conversation) dispatch({ type: "afresh" });
    if (!formDue(get())) await start({ ...state.invited, client_id: newId() });
  }

  line = connect({ url: `/ws/customer?widget=${encodeURIComponent(id)}`, protocol: "deskbell.v1", hello, onState, onFrame });

  return {
    resume: () => resume,
    retry: () => line.retry(),
    readOlder,
    start: (fields) => start({ ...fields, ...get().invited, client_id: newId() }),
    /** Sends a text in the current conversation, or begins one with it; false when no more can be kept. */
    say(text) {
      const { conversation, starting, outbox, form } = get();
      if (outbox.length >= UNSENT_MAX) return false;
      const live = conversation && conversation.state !== "closed";
      if (live || starting) write(text, live ? conversation.id : null);
      else start({ comment: text, consent: form.consent || undefined, client_id: newId() });
      typingOn = false;
      flush();
      return true;
    },
    /** Once more, by the customer's wish; never into another conversation than it was written in. */
    again({ client_id, conversation, text }) {
      if (conversation) dispatch({ type: "unsent", client_id, fields: { state: "pending", code: undefined } });
      else {
        dispatch({ type: "forget", client_id });
        start({ comment: text, consent: get().form.consent || undefined, client_id });
      }
      flush();
    },
    typing(on) {
      if (on === typingOn && !(on && performance.now() - typingAt > TYPING_EVERY_MS)) return;
      typingOn = on;
      typingAt = performance.now();
      line.send("typing", { on });
    },
    seen(seq) {
      set({ seen: { conversation: get().conversation.id, seq } });
      line.send("seen", { seq });
    },
    end: () => line.request("end", {}),
    rate: (score, comment) => line.request("rate", { score, ...(comment && { comment }) }),
    leave: (fields) => line.request("leave", fields),
    copy: (email) => line.request("copy", { email }),
    /** An invitation was accepted on the site's page: the conversation begins without a form unless one is due. */
    invited(invite) {
      set({ invited: { invite, proactive: true } });
      if (get().link === "open") accept();
    },
    /** The site's page changed its address by itself: told at once, then at most so often, the newest page (REQ S1-12). */
    moved(page) {
      where = page;
      if (movedTimer) return;
      const tell = () => {
        movedTimer = where && setTimeout(tell, MOVED_EVERY_MS);
        if (where && get().link === "open") line.send("page", { page: where });
        where = null;
      };
      tell();
    },
    /** Another token provider: what is shown belongs to whoever was signed in. */
    signedInAnew() {
      set({ greeted: false });
      line.reconnect();
    },
  };
}
