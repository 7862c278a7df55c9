/** What a screen reader is told: one polite line and one that interrupts, each said once. */

/** @param {string} text */
export const say = (text) => into("say", text);
/** @param {string} text */
export const sayNow = (text) => into("say-now", text);

// The same words twice are two announcements: the region is emptied first.
function into(id, text) {
  const el = document.getElementById(id);
  if (!el) return;
  el.textContent = "";
  setTimeout(() => (el.textContent = text), 50);
}
