/**
 * `<bell-time>`: a time in the page that stays true by itself.
 *
 * Attributes: `at` (RFC 3339), `as` = `ago` (3 min) | `span` (4:12 since `at`) | `left` (4:12 until `at`). One timer moves
 * them all, and none while the page is hidden; the views are not drawn again for a second that passes.
 */

import { ago, exact, now, span } from "./format.js";

const shown = new Set();

/** Runs once a second while the page can be seen, and at once when it is looked at again. @type {Set<() => void>} */
export const everySecond = new Set();

function tick() {
  if (document.hidden) return;
  for (const one of shown) one.draw();
  for (const run of everySecond) run();
}
setInterval(tick, 1000);
document.addEventListener("visibilitychange", tick);

class BellTime extends HTMLElement {
  static observedAttributes = ["at", "as"];

  connectedCallback() {
    shown.add(this);
    this.draw();
  }

  disconnectedCallback() {
    shown.delete(this);
  }

  attributeChangedCallback() {
    if (this.isConnected) this.draw();
  }

  draw() {
    const at = this.getAttribute("at") || "";
    const as = this.getAttribute("as") || "ago";
    const then = Date.parse(at);
    let text = "";
    if (Number.isFinite(then)) text = as === "ago" ? ago(at) : span(as === "left" ? then - now() : now() - then);
    if (this.textContent !== text) this.textContent = text;
    const title = exact(at);
    if (this.title !== title && !this.hasAttribute("plain")) this.title = title;
  }
}
customElements.define("bell-time", BellTime);
