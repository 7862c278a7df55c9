// The conversation as it is read: days, system lines, grouped bubbles, own texts with what became of them.

import { h, icon } from "/web/dom.js";
import { clockTime, dayName, dayNumber, exact, initials, now } from "/web/format.js";
import { t } from "/web/i18n.js";

const GROUP_MS = 5 * 60_000;
const ADDRESS = /(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]])/;
// Where the box's words to staff are not the ones for the customer herself.
const OWN_WORDS = { customer_ended: "widget.you_ended" };

/**
 * @param {object} state  as in page-state.js
 * @param {{again: (item: object) => void, drop: (item: object) => void}} acts
 * @param {(name: string) => any} part  a later part of the page: null while it is on its way, false while it cannot be had
 */
export function logItems(state, acts, part) {
  const rows = [...held(state), ...unsent(state)];
  const newest = rows.at(-1);
  if (newest?.choices && state.conversation?.state !== "closed") {
    // A bubble that changed under a finger would be worse than one that comes a moment later.
    const choices = part("choices");
    if (choices) choices.offer(newest, acts);
    else if (choices === null) rows.pop();
  }
  const out = [];
  rows.forEach((row, i) => {
    const [before, after] = [rows[i - 1], rows[i + 1]];
    if (!before || dayNumber(before.at) !== dayNumber(row.at)) out.push(h("p", { class: "p__day", key: `day ${row.key}` }, dayName(row.at)));
    out.push(row.kind === "system" ? line(row) : bubble(row, !joins(before, row), !joins(row, after), acts));
  });
  return out;
}

function held(state) {
  return state.threads.flatMap((thread) =>
    thread.messages.map((message) => {
      const kind = message.from?.kind || "system";
      const current = state.conversation?.id === thread.id;
      return {
        key: message.client_id || `${thread.id} ${message.seq}`,
        kind,
        who: kind === "customer" ? "me" : kind === "system" ? "system" : `them ${message.from.name || ""}`,
        name: message.from?.name || "",
        at: message.at,
        text: OWN_WORDS[message.code] ? t(OWN_WORDS[message.code]) : message.text,
        choices: kind === "bot" && message.choices?.length ? message.choices : null,
        state: current && kind === "customer" && message.seq <= state.seenByAgent ? "seen" : "sent",
      };
    }),
  );
}

function unsent(state) {
  const { starting, outbox, link } = state;
  const waiting = link === "open" ? "pending" : "kept";
  const first = starting?.comment ? [{ client_id: starting.client_id, text: starting.comment, at: starting.at ?? now(), state: "pending" }] : [];
  return [...first, ...outbox].map((item) => ({
    ...item,
    item,
    key: item.client_id,
    kind: "customer",
    who: "me",
    state: item.state === "pending" ? waiting : item.state,
  }));
}

/** Two bubbles are one group: same speaker, same fate, close in time. */
function joins(a, b) {
  return (
    Boolean(a && b) &&
    a.who === b.who &&
    a.kind !== "system" &&
    settled(a) &&
    settled(b) &&
    dayNumber(a.at) === dayNumber(b.at) &&
    Math.abs(new Date(b.at) - new Date(a.at)) < GROUP_MS
  );
}
const settled = (row) => row.state === "sent" || row.state === "seen";

function line(row) {
  return h("p", { class: "p__sys", key: row.key }, row.text, " · ", stamp(row.at));
}

function stamp(at) {
  return h("time", { datetime: new Date(at).toISOString(), title: exact(at) }, clockTime(at));
}

function bubble(row, first, last, acts) {
  const mine = row.who === "me";
  const tone = settled(row) ? "" : row.state === "pending" || row.state === "kept" ? " me--pending" : " me--failed";
  return h(
    "div",
    { class: `${mine ? "me" : "them"}${tone}${first ? " first" : ""}${last ? " last" : ""}`, key: row.key },
    !mine && h("span", { class: "p__mini", "aria-hidden": "true" }, last ? initials(row.name) || icon("person", { small: true }) : ""),
    row.text &&
      h(
        "p",
        { class: "p__text" },
        first && h("span", { class: "vh" }, mine ? t("widget.you_said") : t("widget.said", { name: row.name })),
        mine ? row.text : linked(row.text),
      ),
    row.below,
    last && h("p", { class: "mark" }, mine ? fate(row, acts) : [row.name && `${row.name} · `, stamp(row.at)]),
  );
}

function fate(row, acts) {
  switch (row.state) {
    case "sent":
      return [stamp(row.at), icon("check", { small: true, label: t("widget.sent") })];
    case "seen":
      return [t("widget.seen"), " ", stamp(row.at), icon("check", { small: true })];
    case "pending":
      return [t("widget.sending"), icon("clock", { small: true })];
    case "kept":
      return [t("widget.kept"), icon("clock", { small: true })];
    case "stale":
      return [t("widget.not_sent_ended"), h("button", { type: "button", onclick: () => acts.drop(row.item) }, t("widget.remove"))];
    default:
      return [
        t("widget.not_sent"),
        h("button", { type: "button", onclick: () => acts.again(row.item) }, icon("retry", { small: true }), t("widget.again")),
      ];
  }
}

/** Addresses become links; everything else stays text. */
function linked(text) {
  return text.split(ADDRESS).map((part, i) => (i % 2 ? h("a", { href: part, target: "_blank", rel: "noopener noreferrer" }, part) : part));
}
