/**
 * What a provider's channel asks of whoever writes: how many text messages a reply takes, until when it may be sent, and
 * what became of it (REQ S2-22, S4-9).
 */

import { h, icon } from "/web/dom.js";
import { now } from "/web/format.js";
import { t } from "/web/i18n.js";
import { time } from "./parts.js";

// The GSM alphabet, and what of it takes two places (3GPP TS 23.038): as `channels/sms/segments.rs` has it.
const GSM = new Set(
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà",
);
const TWICE = new Set("\f^{}\\[~]|€");

/** Segments of a text message: how many, and how many places the last one has left. @param {string} text */
export function segments(text) {
  const signs = [...text];
  const gsm = signs.every((sign) => GSM.has(sign) || TWICE.has(sign));
  const weights = signs.map((sign) => (gsm ? (TWICE.has(sign) ? 2 : 1) : sign.length));
  const places = weights.reduce((sum, weight) => sum + weight, 0);
  const [single, each] = gsm ? [160, 153] : [70, 67];
  if (places <= single) return { count: signs.length ? 1 : 0, left: single - places, gsm };
  let count = 1;
  let taken = 0;
  for (const weight of weights) {
    if (taken + weight > each) {
      count += 1;
      taken = 0;
    }
    taken += weight;
  }
  return { count, left: each - taken, gsm };
}

/** Why nothing can be sent to this customer now; none when it can. @param {any} one */
export function closedFor(one) {
  if (one.stopped) return "stopped";
  if (one.reply_until && Date.parse(one.reply_until) <= now()) return "window";
  return null;
}

/** What the channel limits, beside the count of characters. @param {any} one @param {string} text */
export function limits(one, text) {
  if (one.work_item_kind === "sms") {
    const { count, left, gsm } = segments(text);
    const said = t(count > 1 ? "agent.sms.many" : "agent.sms.one", { n: count || 1, left });
    return h(
      "span",
      { class: count > 1 ? "limit t-wait" : "limit", title: t(gsm ? "agent.sms.gsm" : "agent.sms.wide") },
      icon("sms", { small: true }),
      said,
    );
  }
  if (one.work_item_kind === "social" && one.reply_until)
    return h(
      "span",
      { class: "limit", title: t("agent.window.text") },
      icon("clock", { small: true }),
      t("agent.window.left"),
      " ",
      time(one.reply_until, "left"),
    );
  return null;
}

const SYMBOLS = { pending: "clock", sent: "check", delivered: "check", uncertain: "retry", failed: "warn" };
const TONES = { uncertain: "t-wait", failed: "t-urgent" };

/** What became of a message that left the box; none for one that did not. @param {any} message */
export function delivery(message) {
  const state = message.delivery?.state;
  if (!SYMBOLS[state]) return null;
  const detail = message.delivery.detail;
  return h(
    "span",
    { class: `went ${TONES[state] || ""}`, title: detail || null },
    icon(SYMBOLS[state], { small: true }),
    t(`agent.went.${state}`),
    state === "failed" && detail ? `: ${detail}` : "",
  );
}

/** Does it need to be seen without being looked for? @param {any} message */
export const wentWrong = (message) => ["pending", "uncertain", "failed"].includes(message.delivery?.state);
