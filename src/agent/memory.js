/**
 * What this browser keeps for an agent: drafts, what is still on its way, and a few choices.
 *
 * Keyed by agent, and emptied when the agent signs out: a branch shares computers. Every access may fail
 * (storage full or forbidden); then the desktop works on, only without remembering.
 */

const OURS = "deskbell.";

/** @param {string} key @param {any} [otherwise] */
export function recall(key, otherwise = null) {
  try {
    const text = localStorage.getItem(OURS + key);
    return text === null ? otherwise : JSON.parse(text);
  } catch {
    return otherwise;
  }
}

/** Null and "" forget the entry. @param {string} key @param {any} value */
export function keep(key, value) {
  try {
    if (value === null || value === "") localStorage.removeItem(OURS + key);
    else localStorage.setItem(OURS + key, JSON.stringify(value));
  } catch {
    // Nothing to do: the text is still in the page, and leaving it asks.
  }
}

/** All that is kept under a prefix, by the rest of the key. @param {string} prefix @returns {Object<string, any>} */
export function recallAll(prefix) {
  const found = {};
  try {
    for (const key of Object.keys(localStorage)) {
      if (key.startsWith(OURS + prefix)) found[key.slice(OURS.length + prefix.length)] = recall(key.slice(OURS.length));
    }
  } catch {
    // As above.
  }
  return found;
}

/** @param {string} prefix */
export function forgetAll(prefix) {
  for (const key of Object.keys(recallAll(prefix))) keep(prefix + key, null);
}
