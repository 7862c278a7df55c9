/**
 * The left pane: every session, what state it is in and whether it wants you, without opening it.
 *
 * A row never moves because something arrived: it lights up where it is (weight, colour and a count).
 */

import { cls, h, icon } from "/web/dom.js";
import { span } from "/web/format.js";
import { t } from "/web/i18n.js";
import { loadParked, select } from "./acts.js";
import { button, conferenceWith, customerName, face, isLost, kindIcon, lostUntil, nameOf, time } from "./parts.js";
import { groups, held, isFrozen, SESSIONS_MAX } from "./state.js";

export const inputs = (s) => [
  s.sessions,
  s.order,
  s.selected,
  s.queues,
  s.outbox,
  s.drafts,
  s.typing,
  s.parkedMore,
  s.link,
  s.phase,
];

/** @param {any} state */
export function sessions(state) {
  const { work, back, waiting } = groups(state);
  const none = !work.length && !back.length && !waiting.length;
  let place = 0;
  const list = (ones) =>
    h(
      "ul",
      null,
      ones.map((one) => row(state, one, place++)),
    );
  return [
    h(
      "h2",
      { class: "head" },
      t("agent.sessions"),
      h("small", null, t("agent.held", { n: held(state), max: SESSIONS_MAX })),
    ),
    h(
      "div",
      { class: "sessions__list" },
      none &&
        h("p", { class: "empty--small" }, h("strong", null, t("agent.sessions.none")), t("agent.sessions.none_text")),
      work.length > 0 && list(work),
      back.length > 0 && [
        h(
          "h3",
          { class: "group" },
          t(
            back.every((one) => (one.hold || "returned") === "returned")
              ? "agent.sessions.returned"
              : "agent.sessions.back",
          ),
          h("small", null, t("agent.sessions.back_text")),
        ),
        list(back),
      ],
      waiting.length > 0 && [
        h("h3", { class: "group" }, t("agent.sessions.waiting"), h("small", null, t("agent.sessions.waiting_text"))),
        list(waiting),
      ],
      state.parkedMore &&
        button({ class: "btn btn--small sessions__more", onclick: loadParked }, t("agent.sessions.more")),
    ),
    state.queues.length > 0 && queues(state),
  ];
}

function row(state, one, place) {
  const on = one.conversation === state.selected;
  const { line, tone, symbol } = condition(state, one);
  const last = one.messages[one.messages.length - 1];
  const lost = lostUntil(one);
  const name = customerName(one);
  return h(
    "li",
    { key: one.conversation },
    button(
      {
        class: cls("row", {
          "row--on": on,
          "row--unread": one.unread > 0,
          "row--quiet": one.state === "waiting" && !one.unread,
        }),
        "aria-current": on ? "true" : null,
        title: place < 10 ? t("agent.sessions.key", { key: (place + 1) % 10 }) : null,
        onclick: () => select(one.conversation),
      },
      h(
        "span",
        { class: "row__face" },
        face(name, { given: one.customer?.initials }),
        icon(kindIcon(one.work_item_kind), {
          class: "row__kind",
          label: t(`agent.kind.${one.work_item_kind || "chat"}`),
        }),
      ),
      h(
        "span",
        { class: "row__text" },
        h(
          "span",
          { class: "row__name" },
          h("span", { class: "cut" }, name),
          one.proactive && icon("spark", { small: true, label: t("agent.proactive") }),
        ),
        h(
          "span",
          { class: cls(`row__said cut ${tone}`, { "row__said--state": symbol }) },
          symbol && icon(symbol, { small: true }),
          h("span", { class: "cut" }, line),
        ),
      ),
      h(
        "span",
        { class: "row__side" },
        lost
          ? h("span", { title: t("agent.lost_hint") }, time(lost, "left"), ` ${t("agent.left")}`)
          : time(last?.at || one.since),
        one.unread > 0 &&
          h(
            "span",
            { class: "pill", "aria-label": t("agent.unread", { count: one.unread, n: one.unread }) },
            one.unread > 99 ? "99+" : String(one.unread),
          ),
      ),
    ),
  );
}

/** What the second line says: trouble first, then state, then the last words. */
function condition(state, one) {
  const out = state.outbox[one.conversation] || [];
  const typing = state.typing[one.conversation];
  if (isFrozen(one)) return { line: t("agent.state.asset_removed"), tone: "t-urgent", symbol: "warn" };
  if (out.some((item) => item.state === "failed"))
    return { line: t("agent.state.unsent"), tone: "t-urgent", symbol: "warn" };
  if (one.state === "wrap_up") return { line: t("agent.state.wrap_up"), tone: "t-wait", symbol: "note" };
  if (isLost(one)) return { line: t("agent.state.lost"), tone: "t-urgent", symbol: "offline" };
  if (one.role === "monitor") return { line: t("agent.state.monitor"), tone: "t-2", symbol: "eye" };
  if (one.state === "reserved" || one.reserved)
    return {
      line: t(`agent.state.hold.${one.hold || "returned"}`),
      tone: "t-2",
      symbol: one.hold === "assigned" ? "person" : "back",
    };
  if (out.length)
    return { line: t(state.link === "open" ? "agent.state.sending" : "agent.out.waits"), tone: "t-2", symbol: "clock" };
  if (typing) return { line: t("agent.state.typing"), tone: "t-2" };
  if (one.conference) return { line: conferenceWith(state, one), tone: "t-2", symbol: "conference" };
  if (state.drafts[one.conversation] && one.conversation !== state.selected)
    return { line: t("agent.state.draft", { text: state.drafts[one.conversation] }), tone: "t-2" };
  return { line: lastWords(state, one), tone: "" };
}

function lastWords(state, one) {
  for (let i = one.messages.length - 1; i >= 0; i--) {
    const { from, text } = one.messages[i];
    if (from.kind === "customer") return text;
    if (from.kind === "agent" && from.name === state.me.name) return t("agent.said.you", { text });
    if (from.kind !== "system") return t("agent.said.other", { name: (from.name || "").split(" ")[0], text });
  }
  // Nothing said: what it is about tells more than who joined.
  return one.title || (one.messages.length ? one.messages[one.messages.length - 1].text : nameOf(one.workstream));
}

function queues(state) {
  const mine = state.queues.filter((one) => one.member !== false);
  return h(
    "section",
    { class: "queues", "aria-label": t("agent.queues") },
    h(
      "ul",
      null,
      mine
        .slice(0, 8)
        .map((one) =>
          h(
            "li",
            { key: one.id },
            icon("queue", { small: true }),
            h("span", { class: "cut" }, one.name),
            one.waiting > 0
              ? h("b", null, t("agent.queue.waiting", { count: one.waiting, n: one.waiting }))
              : h("b", { class: "t-3" }, one.waiting === 0 ? t("agent.queue.none") : ""),
            one.waiting > 0 &&
              (one.oldest_at
                ? h("span", { class: "t-wait" }, time(one.oldest_at, "span"))
                : one.longest_wait_s >= 0 && h("span", { class: "t-wait" }, span(one.longest_wait_s * 1000))),
          ),
        ),
    ),
  );
}
