// Sentences put together from the state: opening hours, the wait, who is there.

import { clockTime, dayNumber, now } from "/web/format.js";
import { language, pick, t } from "/web/i18n.js";

/** "17:30" today, "Monday 08:00" within the week, else "12 January 08:00". @param {string} at */
export function when(at) {
  const days = dayNumber(at) - dayNumber(now());
  if (days === 0) return clockTime(at);
  const day = days > 0 && days < 7 ? { weekday: "long" } : { day: "numeric", month: "long" };
  return `${new Intl.DateTimeFormat(language() === "en" ? "en-GB" : language(), day).format(new Date(at))} ${clockTime(at)}`;
}

/** The line under the header: the wait, else the hours. @returns {{text: string, on: boolean}} */
export function status({ open, opensAt, closesAt, queue, mode, conversation, starting, threads }) {
  const bot = conversation?.state === "open" && answering(threads);
  if (bot) return { text: t("widget.with_you", { name: bot }), on: true };
  if (mode === "live" && conversation?.state === "open" && queue) return { text: queue.text || waiting(queue), on: true };
  if (mode === "live" && (starting || conversation?.state === "open")) return { text: t("widget.connecting_you"), on: true };
  if (open) return { text: closesAt ? t("widget.open_until", { when: when(closesAt) }) : t("widget.open"), on: true };
  return { text: opensAt ? t("widget.closed_until", { when: when(opensAt) }) : t("widget.closed"), on: false };
}

/** The bot whose turn it is or was, until something else is said to her (REQ S2-4). */
function answering(threads) {
  const from = threads?.at(-1)?.messages.findLast((message) => message.from?.kind !== "customer")?.from;
  return from?.kind === "bot" && from.name;
}

function waiting({ position, wait_s: wait }) {
  const place = t("widget.position", { position });
  return wait ? `${place}, ${t("widget.wait", { count: Math.max(1, Math.round(wait / 60)) })}` : place;
}

export function title({ settings }) {
  return pick(settings?.title) || pick(settings?.texts?.title) || t("widget.title");
}

/** Under the title: who is there, or what this is. */
export function subtitle(state, phase) {
  const { conversation } = state;
  if (phase === "ended") return t("widget.ended");
  if (phase === "leave" || phase === "left") return t("widget.leave_title");
  if (conversation?.agent && conversation.state !== "closed") return t("widget.with_you", { name: conversation.agent });
  return state.mode === "persistent" ? t("widget.any_time") : "";
}
