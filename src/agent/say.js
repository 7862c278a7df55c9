/** What a screen reader is told: one polite line and one that interrupts, each said once. */

/** @param {string} text */
export const say = (text) => into("say", text);
/** @param {string} text */
export const sayNow = (text) => into("say-now", text);

const BREATH_MS = 50;
/** What is about to be said, by region: two happenings in one breath are both told. @type {Object<string, string[]>} */
const due = {};

// The same words twice are two announcements: the region is emptied first.
function into(id, text) {
  const el = document.getElementById(id);
  if (!el) return;
  if (due[id]) return void due[id].push(text);
  due[id] = [text];
  el.textContent = "";
  setTimeout(() => {
    el.textContent = due[id].join(" – ");
    delete due[id];
  }, BREATH_MS);
}
