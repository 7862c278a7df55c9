/**
 * The day counted: figures by queue, workstream or agent, a chart by day, what each number means, and a file to take
 * along; and for every agent her own ledger (REQ B-11, S2-1).
 */

import { h, icon } from "/web/dom.js";
import { clockTime, dayName, exact, now, span } from "/web/format.js";
import { t } from "/web/i18n.js";
import { openDialog } from "./acts.js";
import { button, nameOf, number, presenceName } from "./parts.js";
import { isSupervisor } from "./state.js";

const DAYS = [1, 7, 28, 90, 365];
const COUNTS = ["arrived", "accepted", "abandoned", "missed", "rejected", "undelivered", "transferred", "ended"];

let store;
/** @param {any} ours */
export function useFigures(ours) {
  store = ours;
  let looking = false;
  // Each time the page is turned to: the day has gone on meanwhile.
  store.watch(({ view, phase }) => {
    const before = looking;
    looking = view === "figures" && phase === "ready";
    if (looking && !before) load();
  });
}

export const inputs = (s) => [s.view === "figures", s.figures, s.link, s.me, s.presences];

const change = (patch) => store.dispatch({ type: "set", patch: { figures: { ...store.get().figures, ...patch } } });

const two = (n) => String(n).padStart(2, "0");
function dayBefore(days) {
  const at = new Date(now());
  at.setDate(at.getDate() - days);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

function ranges() {
  const { days } = store.get().figures;
  return `from=${dayBefore(days - 1)}&to=${dayBefore(0)}`;
}

/** By what this person may look. */
const ways = (state) => (isSupervisor(state) ? ["queue", "workstream", "agent"] : ["agent"]);
const wayOf = (state) => (ways(state).includes(state.figures.by) ? state.figures.by : ways(state)[0]);

async function read(path) {
  const answer = await fetch(path, { credentials: "same-origin" });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

async function load() {
  const by = wayOf(store.get());
  const asked = `${by}.${store.get().figures.days}`;
  change({ asked, loading: true, failed: false });
  try {
    const chart = by === "agent" ? "agent" : "day";
    const [sums, daily] = await Promise.all([
      read(`/api/v1/figures?${ranges()}&by=${by}&sum=true`),
      isSupervisor(store.get()) ? read(`/api/v1/figures?${ranges()}&by=day`) : read(`/api/v1/figures?${ranges()}&by=${chart}`),
    ]);
    if (store.get().figures.asked !== asked) return;
    change({ loading: false, rows: sums.rows, perAgent: sums.per_agent, daily: daily.rows });
  } catch {
    change({ loading: false, failed: true });
  }
  loadLedger();
}

async function loadLedger(before) {
  const was = before ? store.get().figures.ledger || [] : [];
  try {
    const page = await read(`/api/v1/ledger${before ? `?before=${encodeURIComponent(before)}` : ""}`);
    change({ ledger: [...was, ...page.rows], ledgerNext: page.next });
  } catch {
    change({ ledger: was, ledgerNext: before || null });
  }
}

/** @param {any} state */
export function figures(state) {
  const data = state.figures;
  const by = wayOf(state);
  return [
    h("h1", { class: "vh" }, t("agent.surface.figures")),
    h(
      "div",
      { class: "book__form" },
      choice("days", t("agent.figures.time"), String(data.days), DAYS.map((n) => [String(n), t("agent.figures.days", { count: n, n })]), (value) =>
        pick({ days: Number(value) }),
      ),
      ways(state).length > 1 &&
        choice("by", t("agent.figures.by"), by, ways(state).map((one) => [one, t(`agent.figures.by.${one}`)]), (value) => pick({ by: value })),
      h("span", { class: "grow" }),
      button({ class: "btn", onclick: () => openDialog("purpose") }, t("agent.live.purpose")),
      h("a", { class: "btn btn--line", href: `/api/v1/figures?${ranges()}&by=${by}&format=csv`, download: "" }, icon("down"), t("agent.figures.csv")),
    ),
    h("div", { class: "book__scroll" }, body(state, data, by), ledger(state, data)),
  ];
}

function pick(patch) {
  change(patch);
  load();
}

function choice(name, label, value, options, run) {
  return h(
    "label",
    { key: name },
    h("span", null, label),
    h(
      "select",
      { class: "field", id: `figures-${name}`, onchange: (event) => run(event.currentTarget.value) },
      options.map(([one, text]) => h("option", { key: one, value: one, selected: one === value }, text)),
    ),
  );
}

function body(state, data, by) {
  const note = (text) => h("p", { class: "book__none", role: "status" }, text);
  if (data.failed)
    return note([t(state.link === "open" ? "agent.history.failed" : "agent.find.offline"), button({ class: "btn btn--small btn--line", onclick: load }, t("agent.again"))]);
  if (!data.rows) return note(t("agent.loading"));
  return [
    by === "agent" && h("p", { class: "book__note" }, t(!isSupervisor(state) ? "agent.figures.own" : data.perAgent ? "agent.figures.watched" : "agent.figures.off")),
    data.rows.length ? table(by, data.rows) : note(t("agent.figures.none")),
    data.daily?.length > 1 && chart(data.daily),
    h(
      "details",
      { class: "book__means" },
      h("summary", null, t("agent.figures.meaning")),
      h("dl", { class: "facts" }, [...COUNTS, "waits", "handling", "ratings"].flatMap((one) => [h("dt", { key: `t${one}` }, t(`agent.figures.${one}`)), h("dd", { key: one }, t(`agent.figures.${one}_text`))])),
    ),
  ];
}

function table(by, rows) {
  const counts = by === "agent" ? COUNTS.filter((one) => one !== "arrived" && one !== "abandoned") : COUNTS;
  const head = (one, spread) =>
    h(
      "th",
      { key: one, scope: "col", class: "num", title: t(`agent.figures.${one}_text`) },
      t(`agent.figures.${one}`),
      spread === true && h("small", null, t("agent.figures.spread")),
    );
  const time = (one) => (one.count ? `${seconds(one.mean_s)} · ${seconds(one.nine_of_ten_within_s)}` : "–");
  return h(
    "div",
    { class: "tab tab__scroll" },
    h(
      "table",
      { class: "sums" },
      h("caption", { class: "vh" }, t("agent.surface.figures")),
      h("thead", null, h("tr", null, h("th", { scope: "col" }, t(`agent.figures.by.${by}`)), counts.map((one) => head(one)), ["waits", "handling"].map((one) => head(one, true)), head("ratings"))),
      h(
        "tbody",
        null,
        rows.map((row) =>
          h(
            "tr",
            { key: row.id },
            h("th", { scope: "row" }, row.name),
            counts.map((one) => h("td", { key: one, class: "num" }, String(row[one]))),
            h("td", { class: "num", title: longest(row.waits) }, time(row.waits)),
            h("td", { class: "num", title: longest(row.handling) }, time(row.handling)),
            h("td", { class: "num" }, row.ratings.count ? `${number(row.ratings.mean, 2)} (${row.ratings.count})` : "–"),
          ),
        ),
      ),
    ),
  );
}

const seconds = (s) => span(s * 1000);
const longest = (one) => (one.count ? t("agent.live.longest", { span: seconds(one.longest_s) }) : null);

/** Requests and acceptances by day. */
function chart(days) {
  const top = Math.max(1, ...days.map((day) => Math.max(day.arrived, day.accepted)));
  const wide = 720 / days.length;
  const bar = (day, i, name, left) => {
    const tall = Math.round((100 * day[name]) / top);
    return h("rect", { key: `${name}${i}`, class: name, x: i * wide + left * wide * 0.42 + wide * 0.08, y: 100 - tall, width: Math.max(1, wide * 0.4), height: tall });
  };
  const words = days.map((day) => `${day.day}: ${day.arrived}, ${day.accepted}`).join("; ");
  return h(
    "figure",
    { class: "tab days" },
    h("figcaption", null, h("b", { class: "key arrived" }), t("agent.figures.arrived"), h("b", { class: "key accepted" }), t("agent.figures.accepted"), h("span", { class: "t-3" }, t("agent.figures.top", { n: top }))),
    h(
      "svg",
      { viewBox: "0 0 720 101", preserveAspectRatio: "none", role: "img", "aria-label": words },
      days.flatMap((day, i) => [bar(day, i, "arrived", 0), bar(day, i, "accepted", 1)]),
    ),
    h("p", { class: "days__ends" }, h("span", null, days[0].day), h("span", null, days.at(-1).day)),
  );
}

/** What was put to me, how it ended, and the rule that applied. */
function ledger(state, { ledger: lines, ledgerNext }) {
  if (!lines) return null;
  return h(
    "section",
    { class: "tab" },
    h("header", { class: "tab__h" }, h("h2", null, t("agent.ledger")), h("p", null, t("agent.ledger.text"))),
    lines.length
      ? h(
          "ol",
          { class: "ledger" },
          lines.map((line, i) =>
            h(
              "li",
              { key: i },
              h("time", { title: exact(line.at) }, `${dayName(line.at)} ${clockTime(line.at)}`),
              h("b", { class: line.presence ? "t-wait" : "" }, t(`agent.ledger.${line.end}`)),
              h("span", null, t(`agent.ledger.kind.${line.kind}`), " · ", nameOf(line.queue)),
              h(
                "span",
                { class: "t-2" },
                t(`agent.ledger.rule.${line.end}`),
                line.presence ? ` ${t("agent.ledger.presence", { presence: presenceName(line.presence, state.presences) })}` : "",
              ),
            ),
          ),
        )
      : h("p", { class: "tab__none" }, t("agent.ledger.none")),
    ledgerNext && h("p", { class: "book__more" }, button({ class: "btn btn--small btn--line", onclick: () => loadLedger(ledgerNext) }, t("agent.talk.older"))),
  );
}
