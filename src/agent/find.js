/**
 * Finding conversations again: words and filters above, what was found below, the chosen one beside it to read and to
 * print. Supervisors look through all, agents through their own (REQ B-11).
 */

import { h, icon } from "/web/dom.js";
import { ago, clockTime, dayName, exact } from "/web/format.js";
import { language, t } from "/web/i18n.js";
import { loadTranscript } from "./acts.js";
import { button, face, iconButton, nameOf, withMasks } from "./parts.js";
import { isSupervisor } from "./state.js";

const STATES = ["open", "active", "waiting", "wrap_up", "closed"];

let store;
/** @param {any} ours */
export function useFind(ours) {
  store = ours;
  let looking = false;
  // The newest are asked for each time the page is turned to; what somebody looked for stays as it was found.
  store.watch(({ view, find, phase }) => {
    const before = looking;
    looking = view === "find" && phase === "ready";
    if (looking && !before && (!find.asked || find.asked === "all") && !find.chosen) run();
  });
}

export const inputs = (s) => [s.view === "find", s.find, s.transcripts, s.link, s.queues, s.agents, s.me];

const change = (patch) => store.dispatch({ type: "set", patch: { find: { ...store.get().find, ...patch } } });
const fill = (name, value) =>
  change({ fields: { ...store.get().find.fields, [name]: value === "-" ? "" : value } });

/** Midnight of a day as the browser's wall has it. */
const midnight = (day, later = 0) => {
  const [year, month, date] = day.split("-").map(Number);
  return new Date(year, month - 1, date + later).toISOString();
};

/** @param {string} [before] goes on where the last page ended */
async function run(before) {
  const { fields, rows } = store.get().find;
  const query = new URLSearchParams();
  for (const name of ["text", "queue", "agent", "state"]) if (fields[name]) query.set(name, fields[name]);
  if (fields.from) query.set("from", midnight(fields.from));
  if (fields.to) query.set("to", midnight(fields.to, 1));
  if (before) query.set("before", before);
  const asked = query.toString();
  change({ asked: asked || "all", loading: true, fault: null, ...(before ? {} : { rows: [], next: null, chosen: null }) });
  try {
    const answer = await fetch(`/api/v1/conversations?${asked}`, { credentials: "same-origin" });
    const body = await answer.json();
    if (store.get().find.asked !== (asked || "all")) return;
    if (!answer.ok) return change({ loading: false, fault: body.error?.code || "unknown" });
    change({
      loading: false,
      rows: before ? [...rows, ...body.rows] : body.rows,
      next: body.next,
      searchedTo: body.searched_to,
      incomplete: body.incomplete,
    });
  } catch {
    change({ loading: false, fault: "lost" });
  }
}

function choose(id) {
  change({ chosen: id });
  // Where there is room for one of both, the focus goes along.
  requestAnimationFrame(() => {
    const back = document.querySelector(".book__back");
    if (back?.checkVisibility()) back.focus();
  });
  if (!store.get().transcripts[id]?.messages) loadTranscript(id);
}

function back(id) {
  change({ chosen: null });
  requestAnimationFrame(() => document.getElementById(`hit-${id}`)?.focus());
}

/** @param {any} state */
export function find(state) {
  const data = state.find;
  return [
    h("h1", { class: "vh" }, t("agent.surface.find")),
    form(state, data),
    h(
      "div",
      { class: data.chosen ? "book__cols book__cols--reading" : "book__cols" },
      h("section", { class: "book__list", "aria-label": t("agent.find.results") }, list(state, data)),
      h("section", { class: "book__page", "aria-label": t("agent.find.reading") }, reading(state, data)),
    ),
  ];
}

function form(state, { fields, loading }) {
  const select = (name, label, options) =>
    h(
      "label",
      { key: name },
      h("span", null, label),
      h(
        "select",
        { class: "field", value: fields[name] || "-", onchange: (event) => fill(name, event.currentTarget.value) },
        // A value of its own: an empty one is taken for its text.
        h("option", { value: "-", selected: !fields[name] }, t("agent.find.any")),
        options.map(([value, text]) => h("option", { key: value, value, selected: fields[name] === value }, text)),
      ),
    );
  const day = (name, label) =>
    h(
      "label",
      { key: name },
      h("span", null, label),
      h("input", {
        class: "field",
        type: "date",
        value: fields[name] || "",
        onchange: (event) => fill(name, event.currentTarget.value),
      }),
    );
  return h(
    "form",
    { class: "book__form", role: "search", onsubmit: (event) => (event.preventDefault(), void run()) },
    h(
      "label",
      { class: "grow" },
      h("span", null, t("agent.find.words")),
      h("input", {
        class: "field",
        type: "search",
        id: "find-text",
        maxlength: "200",
        autocomplete: "off",
        placeholder: t("agent.find.words_hint"),
        value: fields.text || "",
        oninput: (event) => fill("text", event.currentTarget.value),
      }),
    ),
    day("from", t("agent.find.from")),
    day("to", t("agent.find.to")),
    select("queue", t("agent.live.col.queue"), state.queues.map((one) => [one.id, one.name])),
    isSupervisor(state) &&
      select("agent", t("agent.live.col.agent"), [state.me, ...state.agents].map((one) => [one.id, one.name])),
    select("state", t("agent.live.col.state"), STATES.map((one) => [one, t(`agent.live.state.${one}`)])),
    h("button", { class: "btn btn--main", disabled: loading && !state.find.rows.length }, icon("search"), t("agent.find.go")),
  );
}

function list(state, data) {
  const { rows, loading, fault, next, searchedTo, incomplete } = data;
  const note = (text, again) =>
    h("p", { class: "book__none", role: "status" }, text, again && button({ class: "btn btn--small btn--line", onclick: again }, t("agent.again")));
  if (!rows.length && state.link !== "open" && state.link !== "connecting") return note(t("agent.find.offline"));
  if (fault) {
    const key = `agent.find.fault.${fault}`;
    return note(t(key) === key ? t("agent.history.failed") : t(key), fault === "bad_request" || fault === "too_long" ? null : () => run());
  }
  if (loading && !rows.length) return note(t("agent.loading"));
  return [
    incomplete && h("p", { class: "book__note" }, t("agent.find.incomplete")),
    rows.length
      ? h("ul", { class: "found" }, rows.map((row) => found(data, row)))
      : !next && note(t(data.asked === "all" ? "agent.find.nothing" : "agent.find.none")),
    next &&
      h(
        "p",
        { class: "book__more" },
        searchedTo && h("span", { title: exact(searchedTo) }, t("agent.find.back_to", { day: dayName(searchedTo) })),
        button({ class: "btn btn--small btn--line", disabled: loading, onclick: () => run(next) }, t("agent.find.on")),
      ),
  ];
}

function found(data, row) {
  const { passage } = row;
  const who = row.customer.name || t("agent.somebody");
  const writer = passage && { customer: t("agent.history.customer"), agent: passage.name, bot: passage.name }[passage.from];
  return h(
    "li",
    { key: row.id },
    button(
      { id: `hit-${row.id}`, class: data.chosen === row.id ? "hit hit--on" : "hit", "aria-current": data.chosen === row.id ? "true" : null, onclick: () => choose(row.id) },
      face(row.customer.name, { given: row.customer.initials }),
      h(
        "span",
        { class: "grow cut" },
        h("strong", null, withMasks(who)),
        h("small", { class: "cut" }, [nameOf(row.queue), nameOf(row.agent), t(`agent.live.state.${row.state}`)].filter(Boolean).join(" · ")),
        (passage || row.title) &&
          h("span", { class: "hit__text clamp" }, writer && h("b", null, `${writer}: `), withMasks(passage ? passage.text : row.title)),
      ),
      h("time", { title: exact(row.started) }, ago(row.started)),
    ),
  );
}

function reading(state, { chosen, rows }) {
  const row = chosen && rows.find((one) => one.id === chosen);
  if (!row) return h("div", { class: "side__none" }, icon("search"), h("p", null, t("agent.find.choose")));
  const read = state.transcripts[chosen] || { loading: true };
  return [
    h(
      "header",
      { class: "side__h" },
      iconButton("back", t("agent.find.results"), () => back(row.id), { class: "btn btn--icon book__back" }),
      h(
        "div",
        { class: "grow cut" },
        h("h2", { class: "cut" }, withMasks(row.customer.name || t("agent.somebody"))),
        h("p", { class: "cut" }, `${dayName(row.started)} ${clockTime(row.started)} · ${nameOf(row.workstream)}`),
      ),
      h(
        "a",
        { class: "btn btn--line", target: "_blank", rel: "noopener", href: `/api/v1/conversations/${encodeURIComponent(row.id)}/transcript?lang=${language()}` },
        t("agent.find.print"),
      ),
    ),
    h(
      "div",
      { class: "past__log book__log" },
      read.loading
        ? h("p", { class: "t-3", role: "status" }, t("agent.loading"))
        : read.failed
          ? h("p", { class: "t-3" }, t("agent.history.failed"), button({ class: "btn btn--small btn--line", onclick: () => loadTranscript(row.id) }, t("agent.again")))
          : (read.messages || []).map((m) =>
              h(
                "p",
                { key: m.seq, class: m.from.kind === "system" ? "t-3" : m.seq === row.passage?.seq ? "at" : "" },
                h("time", { title: exact(m.at) }, clockTime(m.at)),
                m.from.kind !== "system" &&
                  h("b", null, `${m.from.kind === "customer" ? t("agent.history.customer") : m.from.name || t("agent.bot")}: `),
                withMasks(m.text),
              ),
            ),
    ),
  ];
}
