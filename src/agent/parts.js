/** The small pieces every pane is made of: faces, presence dots, load gauges, masked text, times. */

import { initials } from "/web/format.js";
import { h, icon } from "/web/dom.js";
import { language, t } from "/web/i18n.js";

const KINDS = {
  chat: "chat",
  sms: "sms",
  social: "social",
  voice: "phone",
  case: "case",
  transfer: "transfer",
  conference: "conference",
  escalation: "escalate",
  bot_escalation: "escalate",
  customer_returned: "back",
  assigned: "person",
};

/** The sprite's symbol for a kind of work item or notification. @param {string} kind */
export const kindIcon = (kind) => KINDS[kind] || "chat";

/** @param {string | undefined} name @param {{size?: number, mine?: boolean, given?: string}} [how] */
export function face(name, how = {}) {
  const known = name === t("agent.somebody") ? "" : name;
  const letters = how.given && /^\p{L}/u.test(how.given) ? how.given : initials(known);
  const cls = `avatar${how.size ? ` avatar--${how.size}` : ""}${how.mine ? " avatar--me" : ""}`;
  return h("span", { class: cls, "aria-hidden": "true" }, letters || icon("person", { small: true }));
}

const DOTS = {
  available: "",
  busy: "dot--busy",
  do_not_disturb: "dot--dnd",
  away: "dot--away",
  offline: "dot--off",
  inactive: "dot--inactive",
};

/** A presence, by shape as well as colour. @param {string} status @param {any[]} [presences] */
export function dot(status, presences = []) {
  return h("span", { class: `dot ${DOTS[baseOf(status, presences)] ?? "dot--off"}`, "aria-hidden": "true" });
}

/** The built-in presence a custom one stands on. @param {string} status @param {any[]} presences */
export function baseOf(status, presences = []) {
  return presences.find((one) => one.id === status)?.base || status;
}

/** @param {string} status @param {any[]} [presences] */
export function presenceName(status, presences = []) {
  const key = `agent.presence.${status}`;
  const own = t(key);
  return own === key ? presences.find((one) => one.id === status)?.label || status : own;
}

/** A number that is no count, as the reader's language writes it. @param {number} n @param {number} digits after the point, at most */
export const number = (n, digits) =>
  new Intl.NumberFormat(language() === "en" ? "en-GB" : language(), { maximumFractionDigits: digits }).format(n);

/** Capacity in use. @param {number | undefined} used @param {number | undefined} all */
export function gauge(used, all) {
  if (typeof used !== "number" || !all) return null;
  const part = Math.min(1, used / all);
  const tone = part >= 1 ? "g-full" : part >= 0.7 ? "g-wait" : "g-some";
  return h(
    "span",
    { class: "gauge", title: t("agent.load", { used, all }) },
    h(
      "svg",
      { viewBox: "0 0 64 6", "aria-hidden": "true" },
      h("rect", { width: 64, height: 6, rx: 3 }),
      h("rect", { class: tone, width: Math.round(64 * part), height: 6, rx: 3 }),
    ),
    `${used}/${all}`,
  );
}

/** A time that stays true. @param {string | undefined} at @param {"ago" | "span" | "left"} [as] */
export const time = (at, as = "ago") => (at ? h("bell-time", { at, as, opaque: true }) : null);

const MASKED = /([^\s*]*\*{3,}(?:\S*[^\s.,;:!?)])?)/;

/** Text with what the box masked marked as such. @param {string} text @param {((part: string) => any) | null} [open] */
export function withMasks(text, open = null) {
  if (!text.includes("***")) return text;
  return text.split(MASKED).map((part, i) => {
    if (i % 2 === 0) return part;
    const one = { class: "mask", title: t("agent.masked") };
    return open
      ? h(
          "button",
          { ...one, type: "button", "aria-label": t("agent.masked_reveal", { text: part }), onclick: open(part) },
          part,
        )
      : h("span", one, part);
  });
}

/** @param {any} props @param {...any} kids */
export const button = (props, ...kids) => h("button", { type: "button", ...props }, ...kids);

/** A button that is an icon and says what it does. @param {string} name @param {string} label @param {() => void} onclick @param {any} [more] */
export const iconButton = (name, label, onclick, more = {}) =>
  button({ class: "btn btn--icon", "aria-label": label, title: label, onclick, ...more }, icon(name));

/** The name of `{id, name}` or of a plain string. */
export const nameOf = (one) => (one && typeof one === "object" ? one.name || one.id || "" : one || "");

/** @param {any} one session, notification or row */
export const customerName = (one) =>
  one?.customer?.name || nameOf(one?.customer) || (one?.work_item_kind === "case" && one.title) || t("agent.somebody");

/** What the button says that takes it: the desk's words, else ours; what is hers already is opened. @param {any} one */
export function acceptLabel(one) {
  if (one.accept_worded) return one.accept_label;
  const opens = one.auto === "assign" || one.auto === "accept" || one.work_item_kind === "case";
  return t(opens ? "agent.open" : "agent.alert.accept");
}

/** When a customer whose line broke is given up, if it is broken. @param {any} one */
export const lostUntil = (one) => one.lost_until || null;

/** @param {any} one */
export const isLost = (one) => Boolean(one.customer_lost || lostUntil(one));

/** Who else is in it (REQ S3-34). @param {any} state @param {any} one */
export function conferenceWith(state, one) {
  const others = (one.participants || []).map(nameOf).filter((name) => name && name !== state.me.name);
  return others.length
    ? t("agent.state.conference_with", { names: others.map((name) => name.split(" ")[0]).join(", ") })
    : t("agent.state.conference");
}
