// Whoever holds the chat page: the site's page around the frame, or nobody when it is opened on its own.
//
// An iframe's own storage is partitioned or refused on other sites, so what must outlive a page load is
// kept by the parent. Both sides name the exact origin they speak to and check the one that speaks.

const ASK_MS_MAX = 10_000;
const PARENT_MS_MAX = 8_000;

/**
 * @typedef {object} Host
 * @property {boolean} framed
 * @property {string|undefined} resume  the secret to come back with
 * @property {object} kept  what `keep` was last given
 * @property {boolean} shown  the panel is open
 * @property {string} locale
 * @property {(fields: {resume?: string, kept: object, talking: boolean}) => void} keep
 * @property {() => Promise<{page: object, context: object}>} context  as they are now
 * @property {() => Promise<string|null>} token  a fresh JWT; null when the site gives none; rejects with code "lost" when it cannot now
 * @property {(message: object) => void} tell  to the parent; nothing when there is none
 * @property {(t: "shown"|"start"|"page"|"auth", run: (message: object) => void) => void} on
 */

/** @param {string} id  the widget's @returns {Promise<Host>} */
export function openHost(id) {
  return window.parent === window ? import("./page-alone.js").then(({ alone }) => alone(id)) : framed(id);
}

function framed(id) {
  const origin = decodeURIComponent(location.hash.slice(1));
  const listeners = new Map();
  const asked = new Map();
  const early = []; // said before anybody listened
  let lastAsk = 0;

  const tell = (message) => window.parent.postMessage({ deskbell: id, ...message }, origin);

  function ask(what) {
    return new Promise((resolve, reject) => {
      const ask = ++lastAsk;
      const late = () => asked.delete(ask) && reject(Object.assign(new Error(what), { code: "lost" }));
      asked.set(ask, { resolve, late, timer: setTimeout(late, ASK_MS_MAX) });
      tell({ t: "ask", id: ask, what });
    });
  }

  function answer({ re, value, failed }) {
    const waiting = asked.get(re);
    if (!waiting) return;
    if (failed) return waiting.late();
    asked.delete(re);
    clearTimeout(waiting.timer);
    waiting.resolve(value);
  }

  return new Promise((resolve, reject) => {
    const given = (state) => ({
      framed: true,
      resume: state.resume,
      kept: state.kept || {},
      shown: Boolean(state.shown),
      locale: state.locale,
      keep: (fields) => tell({ t: "keep", ...fields }),
      context: () => ask("context").catch(() => ({})),
      token: () => ask("token"),
      tell,
      on(t, run) {
        listeners.set(t, run);
        early.filter((message) => message.t === t).forEach(run);
      },
    });
    addEventListener("message", (event) => {
      const message = event.data;
      if (event.source !== window.parent || event.origin !== origin || !message || message.deskbell !== id) return;
      if (message.t === "state") resolve(given(message));
      else if (message.t === "answer") answer(message);
      else if (listeners.has(message.t)) listeners.get(message.t)(message);
      else early.push(message);
    });
    setTimeout(reject, PARENT_MS_MAX, new Error("no parent"));
    tell({ t: "hi" });
  });
}
