// What a bot offers, as buttons below its words; comes with the first of them.

import { h } from "/web/dom.js";
import { t } from "/web/i18n.js";

/** Takes the offered lines out of a row's text and hangs them below it, to be pressed (REQ S2-4). */
export function offer(row, acts) {
  row.text = row.text.split("\n").slice(0, -row.choices.length).join("\n").trimEnd();
  row.below = h(
    "div",
    { class: "p__choices", role: "group", "aria-label": t("widget.choices") },
    row.choices.map((label, i) => h("button", { type: "button", key: `${i} ${label}`, onclick: () => acts.say(label) }, label)),
  );
}
