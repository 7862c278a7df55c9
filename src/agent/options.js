/** A list to choose from under a search box: arrow keys move, Enter chooses, the pointer does both. */

import { h, icon } from "/web/dom.js";

/**
 * @param {any[]} items what is left by the filter
 * @param {{index: number}} dialog
 * @param {{label: string, row: (item: any) => any, pick: (item: any) => void, chosen?: (item: any) => boolean, plain?: boolean, none: string}} how
 */
export function options(items, dialog, how) {
  if (!items.length) return h("p", { key: "none", class: "opts__none", role: "status" }, how.none);
  return h(
    "ul",
    {
      key: "options",
      class: how.plain ? "opts opts--plain" : "opts",
      id: "options",
      role: "listbox",
      "aria-label": how.label,
    },
    items.map((item, i) =>
      h(
        "li",
        {
          key: item.id ?? i,
          id: `opt${i}`,
          role: "option",
          class: i === dialog.index ? "opt--at" : "",
          "aria-selected": String(how.chosen ? how.chosen(item) : i === dialog.index),
          onmousedown: (event) => event.preventDefault(),
          onclick: () => how.pick(item),
        },
        how.row(item),
        h("span", { class: "tick" }, (how.chosen ? how.chosen(item) : i === dialog.index) && icon("check")),
      ),
    ),
  );
}

/** Keys of the search box above it. Enter chooses; with nothing left to choose it goes on to the form. */
export function listKeys(dialog, items, set, pick) {
  return (event) => {
    // Enter ends a composition first (Japanese, Chinese): it is not yet the one that chooses.
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && items.length) {
      event.preventDefault();
      const index = (dialog.index + step + items.length) % items.length;
      set({ index });
      document.getElementById(`opt${index}`)?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && items.length && !event.ctrlKey) {
      event.preventDefault();
      pick(items[dialog.index] || items[0]);
    }
  };
}
