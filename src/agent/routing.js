/** The routing explanation in words: who was asked, who was left out and why (REQ B-1). */

import { h, icon } from "/web/dom.js";
import { clockTime, exact } from "/web/format.js";
import { t } from "/web/i18n.js";
import { button, nameOf } from "./parts.js";

const SYMBOLS = {
  chosen: "bell",
  presence: "clock",
  capacity: "person",
  sessions: "queue",
  excluded: "close",
  offline: "offline",
  ranked: "person",
};

let store;

/** Fetches the decisions whenever another conversation is opened or the open one changes. @param {any} ours */
export function useRouting(ours) {
  store = ours;
  let before = "";
  store.watch(({ watch, desk, view }) => {
    const row = view === "live" && desk && watch && watch.table === "conversations" && desk.conversations[watch.id];
    const key = row ? `${row.id}.${row.state}.${nameOf(row.agent)}.${nameOf(row.offered_to)}` : "";
    if (key !== before && row) load(row.id);
    before = key;
  });
}

async function load(conversation) {
  store.dispatch({ type: "routing", conversation, patch: { loading: true, failed: false } });
  try {
    const answer = await fetch(`/api/v1/conversations/${encodeURIComponent(conversation)}/routing`, {
      credentials: "same-origin",
    });
    if (!answer.ok) throw new Error(String(answer.status));
    const { decisions = [] } = await answer.json();
    store.dispatch({ type: "routing", conversation, patch: { loading: false, decisions } });
  } catch {
    store.dispatch({ type: "routing", conversation, patch: { loading: false, failed: true } });
  }
}

/** @param {any} state @param {any} row */
export function routingStory(state, row) {
  const data = state.routing[row.id] || { loading: true };
  const list = data.decisions || [];
  const last = list[list.length - 1];
  if (!last) {
    const text = data.loading ? t("agent.loading") : t(data.failed ? "agent.routing.failed" : "agent.routing.none");
    return h(
      "section",
      { class: "why" },
      h("h3", null, t("agent.routing.title")),
      h("p", null, text),
      data.failed && button({ class: "btn btn--small btn--line", onclick: () => load(row.id) }, t("agent.again")),
    );
  }
  const name = (id) => state.desk.agents[id]?.name || nameOf(id);
  const chosen = last.chosen && name(last.chosen);
  const question = row.state === "open" && !row.offered_to ? "agent.routing.why_nobody" : "agent.routing.title";
  return [
    h(
      "section",
      { class: "why" },
      h("h3", null, t(question)),
      h(
        "p",
        null,
        chosen
          ? t("agent.routing.chosen", { name: chosen })
          : t("agent.routing.nobody", { queue: state.desk.queues[last.queue]?.name || nameOf(row.queue) }),
      ),
      h(
        "ol",
        null,
        (last.candidates || []).map((one) => candidate(one, name(one.agent))),
      ),
      !chosen && frees(last, name),
      list.length > 1 && h("h3", null, t("agent.routing.before")),
      list.length > 1 &&
        h(
          "ol",
          { class: "before" },
          list
            .slice(0, -1)
            .reverse()
            .slice(0, 20)
            .map((one, i) =>
              h(
                "li",
                { key: i },
                h("time", { title: exact(one.at) }, clockTime(one.at)),
                h(
                  "span",
                  null,
                  t(`agent.routing.event.${one.event}`),
                  ": ",
                  one.chosen ? name(one.chosen) : t("agent.live.nobody"),
                ),
              ),
            ),
        ),
    ),
    h(
      "p",
      { class: "foot" },
      [clockTime(last.at), t(`agent.routing.event.${last.event}`), last.rule && t(`agent.routing.rule.${last.rule}`)]
        .filter(Boolean)
        .join(" · "),
    ),
  ];
}

function candidate(one, who) {
  const detail =
    one.detail ||
    (one.load !== undefined && one.capacity ? t("agent.routing.units", { used: one.load, all: one.capacity }) : "");
  return h(
    "li",
    { key: who },
    icon(SYMBOLS[one.verdict] || "person"),
    h(
      "div",
      null,
      h("strong", null, t(`agent.routing.verdict.${one.verdict}`, { name: who })),
      h("p", null, t(`agent.routing.because.${one.verdict}`, { name: who.split(" ")[0] }), detail && ` ${detail}`),
    ),
  );
}

/** What would change it, from the verdicts. */
function frees(decision, name) {
  const waits = (decision.candidates || []).filter((one) => one.verdict !== "chosen" && one.verdict !== "ranked");
  if (!waits.length)
    return h("div", null, h("h3", null, t("agent.routing.frees")), h("p", null, t("agent.routing.frees.members")));
  return h(
    "div",
    null,
    h("h3", null, t("agent.routing.frees")),
    waits
      .slice(0, 3)
      .map((one, i) =>
        h("p", { key: i }, t(`agent.routing.frees.${one.verdict}`, { name: name(one.agent).split(" ")[0] })),
      ),
  );
}
