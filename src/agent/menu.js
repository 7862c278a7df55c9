/** One kind of menu: opens under its button, arrow keys inside, Esc or a press elsewhere closes, focus goes back. */

import { h, icon } from "/web/dom.js";
import { button } from "./parts.js";

let store;
/** @param {any} ours */
export function useMenus(ours) {
  store = ours;
  document.addEventListener("pointerdown", (event) => {
    const open = store.get().menu;
    if (open && !(event.target instanceof Element && event.target.closest(".anchor"))) closeMenu(false);
  });
}

/** @param {string} name */
export function toggleMenu(name) {
  store.dispatch({ type: "set", patch: { menu: store.get().menu === name ? null : name } });
}

/** @param {boolean} [back] whether the focus returns to the button */
export function closeMenu(back = true) {
  const open = store.get().menu;
  if (!open) return false;
  store.dispatch({ type: "set", patch: { menu: null } });
  if (back) document.getElementById(open)?.focus();
  return true;
}

/**
 * @param {string} name the id of its button
 * @param {any[]} items `{id, label, run, icon?, face?, hint?, small?, radio?, indent?}`, `{head, small?}`, `{group}` or `{sep: true}`
 * @param {{right?: boolean}} [how]
 */
export function menu(name, items, how = {}) {
  return h(
    "div",
    {
      class: how.right ? "menu menu--right" : "menu",
      role: "menu",
      "aria-labelledby": name,
      onkeydown: move,
      ref: (el) => (el.querySelector("[role^=menuitem][aria-checked=true]") || el.querySelector("[role^=menuitem]"))?.focus(),
    },
    items.filter(Boolean).map((one, i) => {
      if (one.sep) return h("hr", { key: `sep${i}`, class: "menu__sep" });
      if (one.head)
        return h(
          "p",
          { key: `head${i}`, class: "menu__head" },
          h("strong", null, one.head),
          one.small && h("small", null, one.small),
        );
      if (one.group) return h("p", { key: `group${i}`, class: "menu__group" }, one.group);
      const radio = one.radio !== undefined;
      return button(
        {
          key: one.id,
          class: one.indent ? "menu__item menu__item--under" : "menu__item",
          role: radio ? "menuitemradio" : "menuitem",
          "aria-checked": radio ? String(Boolean(one.radio)) : null,
          tabindex: "-1",
          onclick: () => {
            closeMenu();
            one.run();
          },
        },
        one.face || (one.icon ? icon(one.icon, { small: true }) : h("span", { class: "menu__blank" })),
        h("span", { class: "grow" }, one.label, one.small && h("small", null, one.small)),
        one.hint && h("kbd", null, one.hint),
        radio && h("span", { class: "tick" }, one.radio && icon("check", { small: true })),
      );
    }),
  );
}

function move(event) {
  const items = [...event.currentTarget.querySelectorAll("[role^=menuitem]")];
  const at = items.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    items[(to + items.length) % items.length].focus();
  } else if (event.key === "Tab") {
    closeMenu(false);
  } else if (event.key.length === 1 && !event.ctrlKey && !event.altKey && !event.metaKey) {
    const letter = event.key.toLocaleLowerCase();
    const after = [...items.slice(at + 1), ...items.slice(0, at + 1)];
    after.find((one) => one.textContent.trim().toLocaleLowerCase().startsWith(letter))?.focus();
  }
}
