// One WebSocket to the box that comes back by itself, with requests that are answered or named lost.
//
// A page cannot see the box's protocol pings, so silence is judged by what a page does see. A
// connection counts as lost when its close event comes, when the browser says `offline`, when a
// request stays unanswered for 10 s, or when nothing at all came for 25 s and a small question
// ({t:"ping"}; any answer will do, also a refusal) stays unanswered too. A dead line is so
// noticed within 35 s, without a frame from the user.

const BACKOFF_MS_MIN = 500;
const BACKOFF_MS_MAX = 15_000;
const ANSWER_MS_MAX = 10_000;
const SILENCE_MS_MAX = 25_000;
// A connection shorter than this does not reset the back-off: a box that accepts and closes at
// once would else be asked twice a second by every page in the branch.
const PROVEN_MS = 5_000;
// Answers to `hello` that the same `hello` would get again: asking once more would only spin.
const REFUSALS = new Set(["unauthorized", "forbidden", "not_found", "bad_request"]);

/** What a request is rejected with: the error frame's own fields, or code "lost". */
export class RequestError extends Error {
  /** @param {{code: string, message?: string, retry_after_ms?: number}} fields */
  constructor(fields) {
    super(fields.message || fields.code);
    this.name = "RequestError";
    Object.assign(this, fields);
  }
}

/**
 * Opens a connection and keeps it open until `close()`.
 *
 * `onState` is told
 * - "connecting" before each attempt,
 * - "open" when requests can be made: at once where `hello` gives null, else after the answer to
 *   `hello` has been handed to `onFrame`,
 * - "lost" with `{code?, message?, retry_in_ms}`: every open request has been rejected, the next
 *   attempt comes by itself,
 * - "refused" with `{code, message?}`: no further attempt until `retry()`.
 *
 * @param {object} options
 * @param {string} options.url  wss:// address, or a path on this page's own host
 * @param {string} [options.protocol]  subprotocol
 * @param {() => object|null|Promise<object|null>} [options.hello]  the first frame, made anew for each connection;
 *   an error with code "lost" means later, any other is a refusal
 * @param {(state: "connecting"|"open"|"lost"|"refused", detail: object) => void} options.onState
 * @param {(frame: object) => void} options.onFrame  every frame but answers to `request`
 * @param {() => boolean|Promise<boolean>} [options.mayRetry]  asked after an upgrade that failed, since a page
 *   cannot tell a 401 from a broken line; false means refused (code "unauthorized")
 */
export function connect({ url, protocol = "deskbell.v1", hello = () => null, onState, onFrame, mayRetry = () => true }) {
  const address = new URL(url, location.href);
  address.protocol = address.protocol.replace(/^http/, "ws");
  /** @type {Map<number, {resolve: Function, reject: Function, timer: number}>} */
  const waiting = new Map();
  let socket = null;
  let state = "closed";
  let attempts = 0;
  let lastId = 0;
  let openedAt = 0;
  let heardAt = 0;
  let retryTimer = 0;
  let silenceTimer = 0;
  let notBefore = 0;

  function tell(next, detail = {}) {
    state = next;
    onState(next, detail);
  }

  function open() {
    clearTimeout(retryTimer);
    tell("connecting");
    let current;
    try {
      current = socket = new WebSocket(address, protocol);
    } catch (error) {
      return lose(null, { code: "lost", message: String(error.message) });
    }
    let opened = false;
    const patience = setTimeout(() => lose(current, { code: "lost" }), ANSWER_MS_MAX);
    current.onopen = async () => {
      clearTimeout(patience);
      opened = true;
      openedAt = heardAt = performance.now();
      await greet(current);
    };
    current.onmessage = (event) => current === socket && hear(event.data);
    current.onclose = async (event) => {
      clearTimeout(patience);
      if (current !== socket) return;
      if (event.code === 1008) return refuse(current, { code: "unauthorized", message: event.reason });
      lose(current, { code: "lost", message: event.reason });
      if (!opened && (await mayRetry()) === false && state === "lost" && !socket) refuse(null, { code: "unauthorized" });
    };
  }

  async function greet(current) {
    let first;
    try {
      first = await hello();
    } catch (error) {
      const cause = { code: error?.code ?? "unauthorized", message: String(error?.message) };
      return (cause.code === "lost" ? lose : refuse)(current, cause);
    }
    if (current !== socket || current.readyState !== WebSocket.OPEN) return;
    watchSilence(current);
    if (!first) return tell("open");
    try {
      const answer = await ask(first, ANSWER_MS_MAX);
      if (current !== socket) return;
      onFrame(answer);
      tell("open");
    } catch (error) {
      if (current !== socket || error.code === "lost") return;
      (REFUSALS.has(error.code) ? refuse : lose)(current, error);
    }
  }

  function hear(data) {
    heardAt = performance.now();
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      return;
    }
    if (!frame || typeof frame !== "object") return;
    const asked = waiting.get(frame.re);
    if (!asked) return onFrame(frame);
    waiting.delete(frame.re);
    clearTimeout(asked.timer);
    if (frame.t === "error") asked.reject(new RequestError(frame));
    else asked.resolve(frame);
  }

  function ask(frame, timeoutMs) {
    const current = socket;
    return new Promise((resolve, reject) => {
      if (!current || current.readyState !== WebSocket.OPEN) return reject(new RequestError({ code: "lost" }));
      const id = ++lastId;
      const timer = setTimeout(() => lose(current, { code: "lost" }), timeoutMs);
      waiting.set(id, { resolve, reject, timer });
      current.send(JSON.stringify({ ...frame, id }));
    });
  }

  function watchSilence(current) {
    const quiet = performance.now() - heardAt;
    silenceTimer = setTimeout(
      async () => {
        if (current !== socket) return;
        if (performance.now() - heardAt >= SILENCE_MS_MAX) await ask({ t: "ping" }, ANSWER_MS_MAX).catch(() => {});
        if (current === socket) watchSilence(current);
      },
      Math.max(0, SILENCE_MS_MAX - quiet),
    );
  }

  function drop(current) {
    if (current && current !== socket) return false;
    const dropped = socket;
    socket = null;
    clearTimeout(silenceTimer);
    if (dropped) dropped.close();
    for (const { reject, timer } of waiting.values()) {
      clearTimeout(timer);
      reject(new RequestError({ code: "lost" }));
    }
    waiting.clear();
    return true;
  }

  function lose(current, { code, message, retry_after_ms: wait = 0 }) {
    if (!drop(current) || state === "closed" || state === "refused") return;
    if (openedAt && performance.now() - openedAt > PROVEN_MS) attempts = 0;
    openedAt = 0;
    const ceiling = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** attempts++);
    // Half fixed, half drawn: a restarted box is not met by all its pages in the same instant.
    const retry_in_ms = Math.max(wait, ceiling / 2 + (Math.random() * ceiling) / 2);
    clearTimeout(retryTimer);
    retryTimer = setTimeout(open, retry_in_ms);
    notBefore = performance.now() + wait;
    tell("lost", { code, message, retry_in_ms });
  }

  function refuse(current, { code, message }) {
    if (!drop(current)) return;
    clearTimeout(retryTimer);
    tell("refused", { code, message });
  }

  function wake() {
    if (state === "lost" && !document.hidden && performance.now() >= notBefore) open();
  }
  function goneOffline() {
    if (socket) lose(socket, { code: "lost" });
  }
  addEventListener("online", wake);
  addEventListener("offline", goneOffline);
  document.addEventListener("visibilitychange", wake);
  open();

  return {
    /** Sends and resolves with the `ok` frame; rejects with a RequestError. */
    request(t, fields = {}, { timeoutMs = ANSWER_MS_MAX } = {}) {
      return state === "open" ? ask({ ...fields, t }, timeoutMs) : Promise.reject(new RequestError({ code: "lost" }));
    },
    /** Sends what has no answer; false when there is no connection. */
    send(t, fields = {}) {
      if (state !== "open" || !socket || socket.readyState !== WebSocket.OPEN) return false;
      socket.send(JSON.stringify({ ...fields, t }));
      return true;
    },
    /** Tries again at once, also after "refused". */
    retry() {
      if (state !== "lost" && state !== "refused") return;
      attempts = 0;
      open();
    },
    /** Drops what there is and greets anew, for another `hello`. */
    reconnect() {
      if (state === "closed") return;
      drop(null);
      attempts = 0;
      open();
    },
    /** Ends it for good; nothing is reported any more. */
    close() {
      state = "closed";
      drop(null);
      clearTimeout(retryTimer);
      removeEventListener("online", wake);
      removeEventListener("offline", goneOffline);
      document.removeEventListener("visibilitychange", wake);
    },
  };
}
