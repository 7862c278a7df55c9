/** The desk with nothing open: one calm sentence, and whether the next request will be heard (REQ B-7). */

import { h, icon } from "/web/dom.js";
import { t } from "/web/i18n.js";
import { baseOf, button, presenceName } from "./parts.js";
import { checks, ringOnce } from "./selftest.js";
import { alerts, listed } from "./state.js";

/** @param {any} state */
export function emptyDesk(state) {
  const takes = state.presence && ["available", "busy"].includes(baseOf(state.presence.status, state.presences));
  const ringing = alerts(state).length;
  const [title, text] = ringing
    ? [t("agent.empty.ringing", { count: ringing, n: ringing }), t("agent.empty.ringing_text")]
    : listed(state).length
      ? [t("agent.empty.choose"), t("agent.empty.choose_text")]
      : takes
        ? [
            t("agent.empty.none"),
            t("agent.empty.available", { presence: presenceName(state.presence.status, state.presences) }),
          ]
        : [
            t("agent.empty.away"),
            t("agent.empty.away_text", {
              presence: state.presence ? presenceName(state.presence.status, state.presences) : "",
            }),
          ];
  return h(
    "div",
    { key: "empty", class: "empty" },
    h(
      "div",
      { class: takes ? "empty__mark" : "empty__mark empty__mark--off" },
      icon(ringing ? "bell" : takes ? "check" : "clock"),
    ),
    h("h1", null, title),
    h("p", null, text),
    checkList(state),
    button({ class: "btn btn--line", onclick: ringOnce }, t("agent.test.ring")),
  );
}

/** The self-test in words. @param {any} state */
export function checkList(state) {
  return h(
    "ul",
    { class: "checks", "aria-label": t("agent.test.title") },
    checks(state).map((one) =>
      h(
        "li",
        { key: one.id, class: one.ok ? "" : one.soft ? "check--soft" : "check--bad" },
        icon(one.ok ? "check" : "warn"),
        h("span", null, one.name),
        one.fix
          ? button({ class: "btn btn--small btn--line", onclick: one.fix }, one.fixName)
          : h("span", { class: "checks__is" }, one.is),
      ),
    ),
  );
}
