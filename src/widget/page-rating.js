// How is it going? Asked while the chat goes on, where the desk wants it (REQ S2-36).

import { h } from "/web/dom.js";
import { t } from "/web/i18n.js";

/** Five buttons; the last one pressed counts. */
export function row(state, acts) {
  const give = async (score) => (await acts.ask("rate", score)) && acts.set({ rating: score });
  return h(
    "div",
    { role: "group", "aria-label": t("widget.rate_now") },
    h("span", null, t("widget.rate_now")),
    [1, 2, 3, 4, 5].map((n) =>
      h(
        "button",
        { key: n, type: "button", "aria-pressed": String(state.rating === n), "aria-label": `${n}: ${t(`widget.score_${n}`)}`, onclick: () => give(n) },
        String(n),
      ),
    ),
  );
}
