/** What the box has to say across the whole desk, and what can be done about it (REQ S2-24, S2-33, S2-35, S3-9). */

import { h, icon } from "/web/dom.js";
import { t } from "/web/i18n.js";
import { resetBanner, select } from "./acts.js";
import { retryNow } from "./box.js";
import { toggleMenu } from "./menu.js";
import { button, iconButton } from "./parts.js";

const PRESENCE_KINDS = new Set(["missed", "rejected", "max_sessions"]);
const URGENT = new Set(["asset_removed", "clock", "storage_full"]);
const SYMBOLS = {
  missed: "bell",
  rejected: "bell",
  max_sessions: "queue",
  asset_removed: "warn",
  transfer_refused: "transfer",
  conference_refused: "conference",
  clock: "clock",
};

export const inputs = (s) => [s.banners, s.hidden, s.link, s.everReady, s.presence, s.sessions];

/** @param {any} state */
export function banners(state) {
  const shown = state.banners.filter((one) => !state.hidden[one.kind]);
  return [offline(state), ...shown.slice(0, 3).map((one) => banner(one, Boolean(state.sessions[one.conversation])))];
}

function offline(state) {
  if (state.link === "open" || !state.everReady) return null;
  return h(
    "div",
    { key: "link", class: "banner banner--urgent", role: "status" },
    icon("offline"),
    h("p", null, h("strong", null, t("agent.offline.title")), " ", t("agent.offline.text")),
    button({ class: "btn btn--solid btn--small", onclick: retryNow }, t("agent.offline.retry")),
  );
}

function banner(one, held) {
  const about = one.conversation;
  const text = splitFirst(words(one));
  return h(
    "div",
    {
      key: `${one.kind}${about || ""}`,
      class: URGENT.has(one.kind) ? "banner banner--urgent" : "banner",
      role: "status",
    },
    icon(SYMBOLS[one.kind] || "bell"),
    h("p", null, h("strong", null, text[0]), text[1] && ` ${text[1]}`),
    PRESENCE_KINDS.has(one.kind) &&
      button({ class: "btn btn--solid btn--small", onclick: () => resetBanner(one.kind) }, t("agent.banner.available")),
    PRESENCE_KINDS.has(one.kind) &&
      button({ class: "btn btn--small", onclick: () => toggleMenu("presence") }, t("agent.banner.other")),
    held && button({ class: "btn btn--solid btn--small", onclick: () => select(about) }, t("agent.open")),
    h("span", { class: "grow" }),
    iconButton("close", t(PRESENCE_KINDS.has(one.kind) ? "agent.banner.hide_presence" : "agent.banner.hide"), () =>
      hide(one.kind),
    ),
  );
}

// The box words what it says in English; here it is in the agent's language, where there are words for it.
function words(one) {
  const named = one.customer ? t(`agent.banner.${one.kind}_from`, { name: one.customer }) : "agent.";
  const own = named.startsWith("agent.") ? t(`agent.banner.${one.kind}`) : named;
  return own.startsWith("agent.") ? one.text : own;
}

// The first sentence carries the weight; the rest explains.
function splitFirst(text) {
  const end = text.search(/[.!?](\s|$)/);
  return end < 0 || end === text.length - 1 ? [text, ""] : [text.slice(0, end + 1), text.slice(end + 2)];
}

let store;
/** @param {any} ours */
export function useBanners(ours) {
  store = ours;
}
const hide = (kind) => store.dispatch({ type: "hide_banner", kind });
