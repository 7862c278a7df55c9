/**
 * Light, dark or the system's: the agent's choice before the desk's (REQ S4-10).
 *
 * `paint.js` does the same before the first paint; here it follows what changes later.
 */

const system = matchMedia("(prefers-color-scheme: dark)");

/** @param {string} theme "light", "dark", "system" or "" */
export function applyTheme(theme) {
  const root = document.documentElement;
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  else delete root.dataset.theme;
}

/** What is shown now. */
export function isDark() {
  const own = document.documentElement.dataset.theme;
  return own ? own === "dark" : system.matches;
}

/** @param {() => void} run */
export function onSystemTheme(run) {
  system.addEventListener("change", run);
}
