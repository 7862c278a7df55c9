/**
 * The supervisor's view: queues, agents and conversations on one screen, live, worst first; a row opens what can be done
 * about it and, for a conversation, why it is where it is (REQ B-1, B-7, S2-27).
 */

import { cls, h, icon } from "/web/dom.js";
import { now, span } from "/web/format.js";
import { t } from "/web/i18n.js";
import { everySecond } from "/web/time.js";
import { monitor, openDialog } from "./acts.js";
import { invitations } from "./invitations.js";
import { routingStory } from "./routing.js";
import { button, customerName, dot, gauge, iconButton, isLost, nameOf, presenceName, time } from "./parts.js";
import { openAssign } from "./targets.js";

const LONG_WAIT_MS = 60_000;
/** Whoever waits grows late and rises in the list without a frame that says so. */
const LOOK_AGAIN_MS = 10_000;
/** Quarters of an hour a chart shows at least: a branch that opens at nine has no use for the night before it. */
const CHARTED_MIN = 16;

let store;
/** @param {any} ours */
export function useSupervisor(ours) {
  store = ours;
  let looked = 0;
  everySecond.add(() => {
    if (store.get().view !== "live" || performance.now() - looked < LOOK_AGAIN_MS) return;
    looked = performance.now();
    store.dispatch({ type: "set", patch: { lookedAt: looked } });
  });
}

export const inputs = (s) => [s.view, s.desk, s.watch, s.link, s.presences, s.invites, s.lookedAt];
export const sideInputs = (s) => [
  s.view,
  s.desk && s.watch && s.desk[s.watch.table]?.[s.watch.id],
  s.watch,
  s.routing,
  s.presences,
  s.desk && s.desk.agents,
];

const open = (table, id) => store.dispatch({ type: "set", patch: { watch: { table, id } } });
const rows = (table) => Object.values(table || {});

/** @param {any} state */
export function live(state) {
  if (state.view !== "live") return null;
  if (!state.desk)
    return h(
      "p",
      { class: "log__wait", role: "status" },
      t(state.link === "open" ? "agent.loading" : "agent.live.offline"),
    );
  return [
    h("h1", { class: "vh" }, t("agent.surface.live")),
    strip(state),
    queueTable(state),
    agentTable(state),
    conversationTable(state),
    invitations(state),
  ];
}

// ── today, or where the box gives no history, now ──

function strip(state) {
  const { today } = state.desk;
  return h(
    "section",
    { class: "strip", "aria-label": t(today ? "agent.live.today" : "agent.live.now") },
    today ? todayFigures(today) : nowFigures(state),
  );
}

const figure = (caption, value, small, chart) =>
  h(
    "figure",
    { key: caption },
    h("figcaption", null, caption),
    h("b", null, value, small && h("small", null, small)),
    chart,
  );

/** From the first quarter in which anything happened; the same for all four, so that they can be compared. */
function charted(today) {
  const lists = [today.arrivals, today.accepted, today.missed].map((list) => list || []);
  const length = Math.max(...lists.map((list) => list.length));
  const begins = Math.min(...lists.map((list) => list.findIndex(Boolean)).filter((at) => at >= 0), length);
  return Math.max(0, Math.min(begins, length - CHARTED_MIN));
}

function todayFigures(today) {
  const from = charted(today);
  const sum = (list) => (list || []).reduce((a, b) => a + (b || 0), 0);
  const arrived = sum(today.arrivals);
  const accepted = sum(today.accepted);
  const waits = (today.waits || []).filter((one) => typeof one === "number");
  const missed = sum(today.missed);
  return [
    figure(
      t("agent.live.arrivals"),
      String(arrived),
      t("agent.live.last_quarter", { n: today.arrivals?.at(-1) ?? 0 }),
      bars(today.arrivals, from),
    ),
    figure(
      t("agent.live.accepted"),
      String(accepted),
      arrived ? `${Math.round((accepted / arrived) * 100)} %` : "",
      bars(today.accepted, from),
    ),
    figure(
      t("agent.live.wait"),
      today.mean_wait_s !== undefined ? span(today.mean_wait_s * 1000) : "–",
      waits.length ? t("agent.live.worst_quarter", { span: span(Math.max(...waits) * 1000) }) : "",
      bars(today.waits, from),
    ),
    figure(
      t("agent.live.missed"),
      String(missed),
      today.rejected ? t("agent.live.rejected", { n: sum(today.rejected) }) : "",
      bars(today.missed, from, true),
    ),
  ];
}

function nowFigures(state) {
  const queues = rows(state.desk.queues);
  const agents = rows(state.desk.agents);
  const conversations = rows(state.desk.conversations);
  const waiting = queues.reduce((n, one) => n + (one.waiting || 0), 0);
  const oldest = queues.map((one) => waitedMs(one)).filter((ms) => ms !== null);
  const signedIn = agents.filter(isHere);
  const mute = agents.filter((one) => isHere(one) && alertTrouble(one));
  return [
    figure(
      t("agent.live.waiting"),
      String(waiting),
      oldest.length && waiting ? t("agent.live.longest", { span: span(Math.max(...oldest)) }) : "",
    ),
    figure(t("agent.live.signed_in"), String(signedIn.length), t("agent.live.of", { n: agents.length })),
    figure(
      t("agent.live.active"),
      String(conversations.filter((one) => one.state === "active").length),
      t("agent.live.not_closed", { count: conversations.length, n: conversations.length }),
    ),
    figure(
      t("agent.live.cannot_ring"),
      String(mute.length),
      mute
        .slice(0, 2)
        .map((one) => one.name)
        .join(", "),
    ),
  ];
}

function bars(all, from, bad) {
  const list = (all || []).slice(from);
  if (!list.length) return null;
  const top = Math.max(1, ...list.map((n) => n || 0));
  const w = 200 / list.length;
  return h(
    "svg",
    { class: "spark", viewBox: "0 0 200 32", preserveAspectRatio: "none", "aria-hidden": "true" },
    list.map((n, i) => {
      const tall = n ? Math.max(3, (32 * n) / top) : 1.5;
      return h("rect", {
        key: i,
        class: !n ? "none" : bad ? "bad" : i === list.length - 1 ? "now" : "",
        x: i * w,
        y: 32 - tall,
        width: Math.max(1, w - 2),
        height: tall,
        rx: 1,
      });
    }),
  );
}

// ── tables ──

const isHere = (one) => (one.online === undefined ? statusOf(one) !== "offline" : one.online);
const statusOf = (one) => one.presence?.status || one.presence || one.status || "offline";

// Whoever has never signed in is offline since the beginning of time.
const ever = (one) => Date.parse(one.presence?.since || one.since) > 0;

function waitedMs(queue) {
  if (queue.oldest_at) return now() - Date.parse(queue.oldest_at);
  return typeof queue.longest_wait_s === "number" ? queue.longest_wait_s * 1000 : null;
}

/** What is wrong with an agent's alerts: a word, or null. */
function alertTrouble(one) {
  const a = one.alerts;
  if (a === undefined || a === null || a === true || a === "ok") return null;
  if (typeof a === "string") return a;
  if (a.ok) return null;
  if (a.sound && a.sound !== "ready") return "sound";
  return a.permission && a.permission !== "granted" ? "permission" : a.problem || "sound";
}

/** @param {string} title @param {string} text @param {any} extra @param {any[]} columns `[name, class]` @param {any[]} body */
function table(title, text, extra, columns, body, empty) {
  return h(
    "section",
    { class: "tab" },
    h("header", { class: "tab__h" }, h("h2", null, title), h("p", null, text), extra),
    body.length
      ? h(
          "div",
          { class: "tab__scroll" },
          h(
            "table",
            null,
            h(
              "thead",
              null,
              h(
                "tr",
                null,
                columns.map(([name, kind]) => h("th", { key: name, scope: "col", class: kind || null }, name)),
              ),
            ),
            h("tbody", null, body),
          ),
        )
      : h("p", { class: "tab__none" }, empty),
  );
}

function line(state, name, id, title, ...cells) {
  const on = state.watch && state.watch.table === name && state.watch.id === id;
  return h(
    "tr",
    { key: id, class: on ? "on" : "", "aria-current": on ? "true" : null, onclick: () => open(name, id) },
    h("th", { scope: "row" }, button({ class: "cell-link cut", onclick: () => open(name, id) }, title)),
    cells,
  );
}

function queueTable(state) {
  const list = rows(state.desk.queues).sort((a, b) => trouble(b) - trouble(a) || String(a.name).localeCompare(b.name));
  return table(
    t("agent.queues"),
    t("agent.live.queues_text"),
    null,
    [
      [t("agent.live.col.queue")],
      [t("agent.live.waiting"), "num w-m"],
      [t("agent.live.col.longest"), "num w-m"],
      [t("agent.live.col.able"), "w-xl"],
      [t("agent.live.col.sharing"), "w-l"],
    ],
    list.map((one) => {
      const able = Array.isArray(one.able) ? one.able.map(nameOf) : one.able;
      const nobody = Array.isArray(able) ? !able.length : able === 0;
      const waited = waitedMs(one);
      return line(
        state,
        "queues",
        one.id,
        one.name,
        h("td", { class: one.waiting ? "num strong" : "num" }, String(one.waiting ?? 0)),
        h(
          "td",
          { class: cls("num", { "t-wait strong": one.waiting && waited > LONG_WAIT_MS }) },
          one.waiting && one.oldest_at
            ? time(one.oldest_at, "span")
            : one.waiting && waited !== null
              ? span(waited)
              : "–",
        ),
        h(
          "td",
          null,
          nobody
            ? tag(one.waiting ? "urgent" : "", one.waiting ? "warn" : null, t("agent.live.nobody"))
            : Array.isArray(able)
              ? able.join(", ")
              : able === undefined
                ? ""
                : t("agent.live.able", { n: able, all: one.members_online ?? able }),
        ),
        h("td", { class: "t-2" }, one.distribution ? t(`agent.distribution.${one.distribution}`) : ""),
      );
    }),
    t("agent.live.no_queues"),
  );
}

// Nobody for those who wait, then how many, then how long.
function trouble(queue) {
  const able = Array.isArray(queue.able) ? queue.able.length : queue.able;
  return (
    (queue.waiting && able === 0 ? 1e9 : 0) +
    (queue.waiting || 0) * 1e5 +
    Math.min(99_999, (waitedMs(queue) || 0) / 1000)
  );
}

const RANK = { inactive: 0, do_not_disturb: 1, busy: 2, available: 3, away: 4, offline: 5 };

function agentTable(state) {
  const list = rows(state.desk.agents).sort(
    (a, b) =>
      (alertTrouble(b) && isHere(b) ? 1 : 0) - (alertTrouble(a) && isHere(a) ? 1 : 0) ||
      (RANK[statusOf(a)] ?? 4) - (RANK[statusOf(b)] ?? 4) ||
      String(a.name).localeCompare(b.name),
  );
  const here = list.filter(isHere);
  const mute = here.filter(alertTrouble).length;
  return table(
    t("agent.live.agents"),
    [
      t("agent.live.agents_text", { count: here.length, n: here.length }),
      mute ? t("agent.live.mute", { count: mute, n: mute }) : "",
    ]
      .filter(Boolean)
      .join(", "),
    button({ class: "btn btn--small", onclick: () => openDialog("purpose") }, t("agent.live.purpose")),
    [
      [t("agent.live.col.agent")],
      [t("agent.live.col.presence"), "w-l"],
      [t("agent.live.col.since"), "num w-s"],
      [t("agent.live.col.by"), "w-m"],
      [t("agent.live.col.load"), "w-l"],
      [t("agent.sessions"), "num w-s"],
      [t("agent.live.col.alerts"), "w-l"],
    ],
    list.map((one) => {
      const status = statusOf(one);
      const wrong = alertTrouble(one);
      const reason = one.presence?.reason || one.reason;
      return line(
        state,
        "agents",
        one.id,
        one.name,
        h(
          "td",
          null,
          h("span", { class: "cell" }, dot(status, state.presences), presenceName(status, state.presences)),
        ),
        h("td", { class: "num" }, ever(one) ? time(one.presence?.since || one.since) : "–"),
        h("td", { class: "t-2" }, reason && ever(one) ? t(`agent.live.by.${reason}`) : "–"),
        h("td", null, gauge(one.load ?? one.used, one.capacity)),
        h("td", { class: "num" }, String(Array.isArray(one.sessions) ? one.sessions.length : (one.sessions ?? 0))),
        h(
          "td",
          null,
          !isHere(one)
            ? h("span", { class: "t-3" }, "–")
            : wrong
              ? h("span", { class: "cell t-urgent" }, icon("bell", { small: true }), t(`agent.live.alerts.${wrong}`))
              : one.alerts === undefined
                ? h("span", { class: "t-3" }, "–")
                : h("span", { class: "cell" }, dot("available"), t("agent.live.alerts.work")),
        ),
      );
    }),
    t("agent.live.no_agents"),
  );
}

const STATES = {
  open: ["wait", "clock"],
  reserved: ["wait", "back"],
  undelivered: ["wait", "clock"],
  assigned: ["", "person"],
  lost: ["urgent", "offline"],
  conference: ["accent", "conference"],
  active: ["", null],
  wrap_up: ["", null],
  waiting: ["", null],
};
const ORDER = ["open", "reserved", "undelivered", "lost", "assigned", "conference", "active", "wrap_up", "waiting"];

function stateOf(one) {
  if (one.state === "active" && isLost(one)) return "lost";
  if (one.state === "active" && one.conference) return "conference";
  if (one.state === "open" && (one.reserved_for || one.reserved)) return STATES[one.hold] ? one.hold : "reserved";
  return one.state;
}

function conversationTable(state) {
  const list = rows(state.desk.conversations).sort(
    (a, b) =>
      ORDER.indexOf(stateOf(a)) - ORDER.indexOf(stateOf(b)) ||
      Date.parse(a.received_at || a.since || 0) - Date.parse(b.received_at || b.since || 0),
  );
  return table(
    t("agent.live.conversations"),
    t("agent.live.not_closed", { count: list.length, n: list.length }),
    null,
    [
      [t("agent.live.col.customer")],
      [t("agent.live.col.state"), "w-m"],
      [t("agent.live.col.age"), "num w-s"],
      [t("agent.live.col.workstream"), "w-l"],
      [t("agent.live.col.agent"), "w-m"],
      [t("agent.live.col.last"), "w-l"],
    ],
    list.map((one) => {
      const kind = stateOf(one);
      const at = one.received_at || one.since;
      const late = kind === "open" && now() - Date.parse(at) > LONG_WAIT_MS;
      const who = one.last?.by;
      return line(
        state,
        "conversations",
        one.id,
        customerName(one),
        h("td", null, tag(STATES[kind]?.[0], STATES[kind]?.[1], t(`agent.live.state.${kind}`))),
        h("td", { class: cls("num", { "t-wait strong": late }) }, kind === "open" ? time(at, "span") : time(at)),
        h("td", { class: "t-2" }, nameOf(one.workstream)),
        h("td", { class: one.agent && kind !== "open" ? "" : "t-3" }, agentWords(state, one, kind)),
        h("td", null, who ? h("span", null, t(`agent.live.from.${who}`), " · ", time(one.last.at)) : ""),
      );
    }),
    t("agent.live.no_conversations"),
  );
}

function agentWords(state, one, kind) {
  const name = nameOf(one.agent);
  if (one.bot) return t("agent.live.with_bot", { name: one.bot });
  if (kind === "open")
    return one.offered_to
      ? t("agent.live.ringing", { name: nameOf(one.offered_to).split(" ")[0] })
      : t("agent.live.unassigned");
  const keeper = nameOf(one.reserved_for) || name;
  if (["reserved", "undelivered", "assigned", "waiting"].includes(kind))
    return keeper ? t("agent.live.kept", { name: keeper.split(" ")[0] }) : "";
  // A call or case she has taken stays hers while her desktop is gone (REQ S2-18, S2-21).
  const away = kind === "active" && state.desk.agents[one.agent?.id]?.online === false;
  const names = (one.participants?.length ? one.participants : [one.agent]).map(nameOf).filter(Boolean).join(", ");
  return away ? t("agent.live.desktop_closed", { name: names }) : names;
}

const tag = (tone, symbol, text) =>
  h("span", { class: tone ? `tag tag--${tone}` : "tag" }, symbol && icon(symbol, { small: true }), text);

// ── the side panel ──

/** @param {any} state */
export function side(state) {
  const { watch } = state;
  if (state.view !== "live" || !state.desk) return null;
  const row = watch && state.desk[watch.table]?.[watch.id];
  if (!row) return h("div", { class: "side__none" }, icon("chart"), h("p", null, t("agent.live.choose")));
  return [
    h(
      "header",
      { class: "side__h" },
      h(
        "div",
        { class: "grow cut" },
        h("h2", { class: "cut" }, watch.table === "conversations" ? customerName(row) : row.name),
        h("p", { class: "cut" }, subtitle(state, watch.table, row)),
      ),
      iconButton("close", t("agent.dialog.close"), () => store.dispatch({ type: "set", patch: { watch: null } })),
    ),
    panels[watch.table](state, row),
  ];
}

function subtitle(state, name, row) {
  if (name === "agents")
    return [
      presenceName(statusOf(row), state.presences),
      (row.queues || []).map((id) => state.desk.queues[id]?.name || nameOf(id)).join(", "),
    ]
      .filter(Boolean)
      .join(" · ");
  if (name === "queues") return t("agent.queue.waiting", { count: row.waiting || 0, n: row.waiting || 0 });
  return [nameOf(row.workstream), nameOf(row.queue), t(`agent.live.state.${stateOf(row)}`)].filter(Boolean).join(" · ");
}

const panels = {
  conversations(state, row) {
    return [
      h(
        "div",
        { class: "acts" },
        button({ class: "btn btn--main", onclick: () => openAssign(row, "agents") }, t("agent.live.assign_open")),
        button({ class: "btn btn--line", onclick: () => openAssign(row, "queues") }, t("agent.live.move_open")),
        row.state === "active" &&
          button(
            { class: "btn", onclick: () => monitor(row.id, true) },
            icon("eye", { small: true }),
            t("agent.live.monitor"),
          ),
        button(
          {
            class: "btn btn--end",
            onclick: () => openDialog("force_end", { conversation: row.id, name: customerName(row) }),
          },
          t("agent.live.force_end"),
        ),
      ),
      routingStory(state, row),
    ];
  },

  agents(state, row) {
    const mine = rows(state.desk.conversations).filter((one) => (one.agent?.id || one.agent) === row.id);
    return [
      h(
        "div",
        { class: "acts" },
        button(
          { class: "btn btn--main", onclick: () => openDialog("reset", { agent: row.id, name: row.name }) },
          t("agent.live.reset"),
        ),
      ),
      h(
        "section",
        { class: "why" },
        h("h3", null, t("agent.live.holds")),
        mine.length
          ? h(
              "ul",
              { class: "links" },
              mine.map((one) =>
                h(
                  "li",
                  { key: one.id },
                  button({ class: "cell-link cut", onclick: () => open("conversations", one.id) }, customerName(one)),
                  h("time", null, t(`agent.live.state.${stateOf(one)}`)),
                ),
              ),
            )
          : h("p", null, t("agent.live.holds_none")),
      ),
    ];
  },

  queues(state, row) {
    const inside = rows(state.desk.conversations).filter(
      (one) => (one.queue?.id || one.queue) === row.id && one.state === "open",
    );
    const able = Array.isArray(row.able) ? row.able.map(nameOf) : [];
    return h(
      "section",
      { class: "why" },
      h("h3", null, t("agent.live.col.able")),
      h(
        "p",
        null,
        able.length
          ? able.join(", ")
          : row.able > 0
            ? t("agent.live.able", { n: row.able, all: row.members_online ?? row.able })
            : t("agent.live.nobody_text"),
      ),
      h("h3", null, t("agent.live.waiting")),
      inside.length
        ? h(
            "ul",
            { class: "links" },
            inside.map((one) =>
              h(
                "li",
                { key: one.id },
                button({ class: "cell-link cut", onclick: () => open("conversations", one.id) }, customerName(one)),
                time(one.received_at || one.since, "span"),
              ),
            ),
          )
        : h("p", null, t("agent.queue.none")),
    );
  },
};
