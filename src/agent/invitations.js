/**
 * What came of the invitations to chat, rule by rule, on the supervisor's board (REQ S1-3): the last fourteen days in one
 * table, with a small chart of how many were shown each day and how many of those were accepted.
 */

import { h } from "/web/dom.js";
import { t } from "/web/i18n.js";

const EVERY_MS = 30_000;
const OUTCOMES = ["shown", "accepted", "closed", "expired", "conversations"];
const TALL = 24;

let store;
let timer = 0;

/** Fetches the figures while the board is looked at. @param {any} ours */
export function useInvitations(ours) {
  store = ours;
  let before = "";
  store.watch(({ view }) => {
    if (view === before) return;
    before = view;
    clearInterval(timer);
    if (view !== "live") return;
    load();
    timer = setInterval(() => document.hidden || load(), EVERY_MS);
  });
}

async function load() {
  try {
    const answer = await fetch("/api/v1/invites", { credentials: "same-origin" });
    if (answer.ok) store.dispatch({ type: "set", patch: { invites: await answer.json() } });
  } catch {
    // The figures on the page stay; the next time comes in half a minute.
  }
}

/** Nothing where no widget invites. @param {any} state */
export function invitations({ invites }) {
  if (!invites || !invites.rules.length) return null;
  const columns = [
    [t("agent.invites.rule"), null],
    ...OUTCOMES.map((one) => [t(`agent.invites.${one}`), "num w-m"]),
    [t("agent.invites.days"), "w-l"],
  ];
  return h(
    "section",
    { class: "tab", key: "invites" },
    h("header", { class: "tab__h" }, h("h2", null, t("agent.invites.title")), h("p", null, t("agent.invites.text", { n: invites.days_max }))),
    h(
      "div",
      { class: "tab__scroll" },
      h(
        "table",
        { class: "still" },
        h("thead", null, h("tr", null, columns.map(([name, kind]) => h("th", { key: name, scope: "col", class: kind }, name)))),
        h("tbody", null, invites.rules.map((rule) => line(rule, invites.days_max))),
      ),
    ),
  );
}

function line(rule, days) {
  const sum = (key) => rule.days.reduce((all, day) => all + day[key], 0);
  return h(
    "tr",
    { key: `${rule.widget} ${rule.rule}` },
    h("th", { scope: "row", title: rule.text }, `${rule.widget} · ${rule.rule}`),
    OUTCOMES.map((one) => h("td", { key: one, class: "num" }, String(sum(one)))),
    h("td", null, chart(rule.days, days)),
  );
}

/** A bar a day, the last of them the newest on which something happened; what was accepted stands out. */
function chart(list, days) {
  const top = Math.max(1, ...list.map((day) => day.shown));
  const wide = 140 / days;
  const first = days - list.length;
  const bar = (day, n, i, kind) =>
    n > 0 &&
    h("rect", { key: `${kind} ${day}`, class: kind, x: (first + i) * wide, y: TALL - (TALL * n) / top, width: wide - 2, height: (TALL * n) / top, rx: 1 });
  const spoken = list.map((day) => `${day.day}: ${day.shown}, ${day.accepted}`).join("; ");
  return h(
    "svg",
    { class: "spark spark--line", viewBox: `0 0 140 ${TALL}`, role: "img", "aria-label": t("agent.invites.chart", { days: spoken || "0" }) },
    list.map((day, i) => [bar(day.day, day.shown, i, "shown"), bar(day.day, day.accepted, i, "now")]),
  );
}
