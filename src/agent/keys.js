/**
 * The keys that work everywhere. One without Ctrl or Alt is never taken while somebody writes, and can be switched off:
 * whoever dictates says a "?" to a page that has the focus nowhere (WCAG 2.1.4).
 */

import { acceptTop, closeDialog, closeToast, openDialog, rejectTop, selectPlace } from "./acts.js";
import { closeMenu } from "./menu.js";

/** @param {any} store */
export function useKeys(store) {
  addEventListener("keydown", (event) => {
    const state = store.get();
    if (state.phase !== "ready" || event.isComposing) return;
    if (take(event, state)) event.preventDefault();
  });
}

function take(event, state) {
  const { key, code } = event;
  const command = (event.ctrlKey || event.metaKey) && !event.altKey;
  if (command && key.toLowerCase() === "k") {
    if (state.dialog && state.dialog.kind === "palette") closeDialog();
    else if (!state.dialog) openDialog("palette");
    return true;
  }
  if (event.altKey && !event.ctrlKey && !event.metaKey) {
    // By place on the keyboard: with Alt, many layouts give another character.
    if (/^Digit\d$/.test(code) && !state.dialog) return (selectPlace((Number(code[5]) + 9) % 10), true);
    if (code === "KeyA" && state.notifications.length) return (acceptTop(), true);
    if (code === "KeyR" && state.notifications.length) return (rejectTop(), true);
  }
  if (key === "Escape" && !state.dialog) return closeMenu() || closeToast();
  if (key === "?" && state.prefs.letters && !state.dialog && !isWriting(event.target)) return (openDialog("keys"), true);
  return false;
}

const isWriting = (el) => el instanceof Element && Boolean(el.closest("input, textarea, [contenteditable]"));
