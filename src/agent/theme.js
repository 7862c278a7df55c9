/**
 * Light, dark or the system's: the agent's choice before the desk's (REQ S4-10).
 *
 * Loaded on its own before the first paint, so that a dark room is not lit for a moment.
 */

const KEY = "deskbell.pref.theme";
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

try {
  const own = localStorage.getItem(KEY);
  applyTheme(own ? JSON.parse(own) : localStorage.getItem("deskbell.desk_theme") || "");
} catch {
  // No storage: the desk's theme comes with the first picture.
}
