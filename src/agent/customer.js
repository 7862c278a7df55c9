/**
 * The right pane, the Active conversation page: who the customer is, what the page they came from said, and what was before
 * (REQ S1-12, S1-13, S2-36).
 */

import { h, icon } from "/web/dom.js";
import { ago, clockTime, dayName, exact, span } from "/web/format.js";
import { language, t } from "/web/i18n.js";
import { loadContact, loadTranscript, openDialog } from "./acts.js";
import { articlesPanel } from "./articles.js";
import { contactSection } from "./contact.js";
import { button, customerName, face, nameOf, number, time, withMasks } from "./parts.js";
import { selectedSession } from "./state.js";

const FIELDS = ["email", "phone", "mobile", "company", "address", "language"];

let store;
/** @param {any} ours */
export function useCustomer(ours) {
  store = ours;
}

export const inputs = (s) => {
  const one = selectedSession(s);
  return [
    s.selected,
    one && one.customer,
    one && one.context,
    one && one.since,
    one && one.rating,
    one && one.role,
    s.notes[s.selected],
    s.tab,
    s.contacts,
    s.people,
    s.transcripts,
    s.me,
    s.settings.articles,
    s.articles,
    s.place,
    one && one.answers,
    one && one.page,
    one && one.recent_pages,
    one && one.state,
    s.link,
    one ? null : s.order,
    s.prefs.letters,
  ];
};

/** @param {any} state */
export function customer(state) {
  const one = selectedSession(state);
  if (!one && state.articles?.reading)
    return [
      h("h2", { class: "head head--cust" }, t("agent.tab.articles")),
      h("div", { class: "cust__body" }, articlesPanel(state, null)),
    ];
  if (!one) return [h("h2", { class: "head head--cust" }, t("agent.shift")), shift(state)];
  const who = one.customer || {};
  const tabs = ["contact", "details", "history", ...((state.settings.articles || []).length ? ["articles"] : [])];
  const tab = tabs.includes(state.tab) ? state.tab : "contact";
  return [
    h(
      "header",
      { class: "cust__who" },
      face(customerName(one), { size: 40, given: who.initials }),
      h(
        "div",
        { class: "cut" },
        h("h2", { class: "cut" }, customerName(one)),
        h(
          "p",
          { class: "cut" },
          t(who.contact ? "agent.cust.stored" : "agent.cust.unknown"),
          who.verified ? ` · ${t("agent.cust.signed_in")}` : "",
        ),
      ),
    ),
    h(
      "div",
      { class: "tabs", role: "tablist", "aria-label": t("agent.cust.about"), onkeydown: moveTab },
      tabs.map((id) =>
        button(
          {
            key: id,
            role: "tab",
            id: `tab-${id}`,
            "aria-selected": String(tab === id),
            "aria-controls": "tabpanel",
            tabindex: tab === id ? "0" : "-1",
            ...(id === "details" && { title: t("agent.tab.details_full"), "aria-label": t("agent.tab.details_full") }),
            onclick: () => openTab(id, one),
          },
          t(`agent.tab.${id}`),
        ),
      ),
    ),
    h(
      "div",
      { class: "cust__body", role: "tabpanel", id: "tabpanel", "aria-labelledby": `tab-${tab}`, tabindex: "0" },
      panels[tab](state, one),
    ),
  ];
}

function openTab(id, one) {
  store.dispatch({ type: "set", patch: { tab: id } });
  const contact = one.customer?.contact && contactId(one);
  if (id === "history" && contact && !store.get().contacts[contact]) loadContact(contact);
}

function moveTab(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const all = [...event.currentTarget.querySelectorAll("[role=tab]")];
  const next = all[(all.indexOf(document.activeElement) + step + all.length) % all.length];
  next.focus();
  next.click();
}

const contactId = (one) => (typeof one.customer.contact === "object" ? one.customer.contact.id : one.customer.contact);
const contactOf = (one) =>
  typeof one.customer?.contact === "object" ? { ...one.customer.contact, ...one.customer } : one.customer || {};

const section = (title, extra, ...kids) =>
  h("section", { class: "sect" }, title && h("h3", { class: "sect__h" }, title, extra), ...kids);
const facts = (rows) =>
  h(
    "dl",
    { class: "facts" },
    rows.map(([name, value], i) => [h("dt", { key: `t${i}` }, name), h("dd", { key: `d${i}` }, value)]),
  );
const none = (text) => h("p", { class: "t-3" }, text);

const panels = {
  contact(state, one) {
    const who = contactOf(one);
    const rows = FIELDS.filter((key) => who[key]).map((key) => [
      t(`agent.field.${key}`),
      key === "language" ? tongue(who[key]) : masked(state, one, key, who[key]),
    ]);
    const page = pageOf(one);
    if (page.url) rows.push([t("agent.field.page"), h("span", { class: "cut", title: page.url }, path(page.url))]);
    if (page.seconds !== undefined) rows.push([t("agent.field.on_page"), span(Number(page.seconds) * 1000)]);
    rows.push([t("agent.field.since"), h("span", { title: exact(one.since) }, clockTime(one.since))]);
    return [
      section(null, null, facts(rows)),
      one.customer?.contact ? null : stored(state, one),
      contactSection(state, one, one.customer?.contact && contactId(one)),
      recentPages(one),
      satisfaction(state, one),
      notes(state, one),
    ];
  },

  details(state, one) {
    const entries = Object.entries(one.context || {});
    if (one.page?.referrer) entries.unshift(["referrer", one.page.referrer]);
    if (one.page?.title) entries.unshift(["page_title", one.page.title]);
    if (one.page?.url) entries.unshift(["page_url", one.page.url]);
    return [
      (one.answers || []).length > 0 &&
        section(
          t("agent.details.answers"),
          null,
          facts(
            one.answers.map((answer) => [answer.label, h("span", { class: "wrap" }, withMasks(String(answer.value)))]),
          ),
        ),
      section(
        t(one.work_item_kind === "voice" ? "agent.details.learned" : "agent.details.variables"),
        null,
        entries.length
          ? facts(entries.map(([key, value]) => [label(key), h("span", { class: "wrap" }, withMasks(spoken(key, value)))]))
          : none(t(one.work_item_kind === "voice" ? "agent.details.learned_none" : "agent.details.none")),
      ),
      section(
        t("agent.details.conversation"),
        null,
        facts([
          [t("agent.field.queue"), nameOf(one.queue)],
          [t("agent.field.workstream"), nameOf(one.workstream)],
          [t("agent.field.mode"), t(`agent.mode.${one.mode}`)],
          ...(one.external_id ? [[t("agent.field.external_id"), h("span", { class: "wrap" }, one.external_id)]] : []),
          [t("agent.field.id"), h("span", { class: "cut mono", title: one.conversation }, one.conversation)],
        ]),
      ),
    ];
  },

  history(state, one) {
    if (!one.customer?.contact) return section(null, null, none(t("agent.history.no_contact")));
    const id = contactId(one);
    const data = state.contacts[id];
    if (!data || (data.loading && !data.items))
      return section(null, null, h("p", { class: "t-3", role: "status" }, t("agent.loading")));
    if (data.failed && !data.items?.length)
      return section(
        null,
        null,
        none(t("agent.history.failed")),
        button({ class: "btn btn--small btn--line", onclick: () => loadContact(id) }, t("agent.again")),
      );
    const past = data.items.filter((item) => (item.id || item.conversation) !== one.conversation);
    if (!past.length) return section(null, null, none(t("agent.history.none")));
    return section(
      t("agent.history.title"),
      null,
      h(
        "ul",
        { class: "links" },
        past.map((item) => earlier(state, item)),
      ),
      data.more &&
        button(
          { class: "btn btn--small", disabled: data.loading, onclick: () => loadContact(id) },
          t("agent.talk.older"),
        ),
    );
  },

  articles: (state, one) => articlesPanel(state, one),
};

/** The way through the site, newest first; the one she is on leads. */
function recentPages(one) {
  const pages = one.recent_pages || [];
  if (pages.length < 2) return null;
  return section(
    t("agent.recent_pages"),
    null,
    h(
      "ol",
      { class: "links" },
      [...pages].reverse().map((url, i) => h("li", { key: i, class: "cut", title: url }, withMasks(path(url)))),
    ),
  );
}

function earlier(state, item) {
  const id = item.id || item.conversation;
  const read = state.transcripts[id];
  const open = Boolean(read && read.open);
  const reason = nameOf(item.wrapup_reason || item.reason);
  return h(
    "li",
    { key: id, class: "past" },
    button(
      { class: "past__h", "aria-expanded": String(open), onclick: () => loadTranscript(id) },
      icon("chevron", { small: true, class: open ? "turn" : "" }),
      h(
        "span",
        { class: "grow cut" },
        item.title || item.comment || nameOf(item.workstream) || dayName(item.started),
        h("small", null, [reason, nameOf(item.agent)].filter(Boolean).join(" · ")),
      ),
      h("time", { title: exact(item.started || item.at) }, ago(item.started || item.at)),
    ),
    open &&
      h(
        "div",
        { class: "past__log" },
        read.loading
          ? none(t("agent.loading"))
          : read.failed
            ? none(t("agent.history.failed"))
            : (read.messages || []).map((m) =>
                h(
                  "p",
                  { key: m.seq, class: m.from.kind === "system" ? "t-3" : "" },
                  m.from.kind !== "system" &&
                    h(
                      "b",
                      null,
                      `${m.from.kind === "customer" ? t("agent.history.customer") : m.from.name || t("agent.bot")}: `,
                    ),
                  m.text,
                ),
              ),
      ),
  );
}

/** What is stored, where it says something else than the customer; or all she could be, none of them linked (REQ S1-12). */
function stored(state, one) {
  const { stored: known, candidates = [] } = one.customer || {};
  const shown = known ? [known] : candidates;
  if (!shown.length) return null;
  return section(
    t(known ? "agent.cust.stored" : "agent.cust.several"),
    null,
    shown.map((contact) =>
      facts(
        ["name", "email", "mobile", "phone"]
          .filter((key) => contact[key])
          .map((key) => [t(`agent.field.${key}`), masked(state, known && one, key, contact[key])]),
      ),
    ),
  );
}

/** A language by its name in the agent's own: "Dutch" for `nl`. */
function tongue(tag) {
  try {
    return h("span", { title: tag }, new Intl.DisplayNames([language()], { type: "language" }).of(tag));
  } catch {
    return tag; // What the page gave is no tag.
  }
}

function masked(state, one, key, value) {
  const may = state.settings.reveal && one?.customer?.contact;
  return h(
    "span",
    { class: "wrap" },
    withMasks(String(value), may ? () => () => openDialog("reveal", { contact: contactId(one), field: key }) : null),
  );
}

function pageOf(one) {
  const context = one.context || {};
  return {
    url: one.page?.url || context.page_url || context.url || context.page,
    seconds: one.page?.seconds ?? context.seconds_on_page ?? context.time_on_page,
  };
}

/** The kind of device in the agent's language; anything else as the page gave it. */
function spoken(key, value) {
  const known = key === "device" && ["desktop", "tablet", "phone"].includes(value);
  return known ? t(`agent.device.${value}`) : String(value);
}

function path(url) {
  try {
    const { pathname, search } = new URL(url, "https://x");
    return pathname + search;
  } catch {
    return url;
  }
}

// page_url reads as "Page url" where nobody gave it a name.
function label(key) {
  const known = t(`agent.context.${key}`);
  if (!known.startsWith("agent.context.")) return known;
  const words = key
    .replace(/[_-]+/g, " ")
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .trim();
  return words.charAt(0).toLocaleUpperCase() + words.slice(1);
}

/** The running rating and the last five, as given; no guessing of mood. */
function satisfaction(state, one) {
  const now = one.rating ?? one.customer?.rating;
  const known = one.customer?.contact && state.contacts[contactId(one)];
  if (one.customer?.contact && !known) queueMicrotask(() => loadContact(contactId(one)));
  // Newest first as they come; shown in the order they were given.
  const rated = (known?.items || []).filter((item) => item.rating && item.id !== one.conversation);
  const past = rated.slice(0, 5).map((item) => item.rating).reverse();
  if (now === undefined && !past.length) return null;
  const rows = [];
  if (now)
    rows.push([
      t("agent.rating.now"),
      [
        h(
          "span",
          { class: "rate", "aria-hidden": "true" },
          [1, 2, 3, 4, 5].map((n) => h("i", { key: n, class: n <= now ? "on" : "" })),
        ),
        t("agent.rating.of", { n: now }),
      ],
    ]);
  if (past.length) {
    const mean = past.reduce((sum, n) => sum + n, 0) / past.length;
    rows.push([
      t("agent.rating.past"),
      [
        h(
          "span",
          { class: "bars", role: "img", "aria-label": past.join(", ") },
          past.slice(-5).map((n, i) => h("i", { key: i, class: `p${n}` })),
        ),
        t("agent.rating.mean", { n: number(mean, 1) }),
      ],
    ]);
  }
  return section(t("agent.rating.title"), null, facts(rows));
}

function notes(state, one) {
  const list = state.notes[one.conversation] || [];
  return section(
    t("agent.notes"),
    one.role !== "monitor" &&
      button(
        { class: "btn btn--small", onclick: () => openDialog("note", { conversation: one.conversation }) },
        icon("plus", { small: true }),
        t("agent.notes.add_short"),
      ),
    list.length
      ? h(
          "ul",
          { class: "memos" },
          list.map((note, i) =>
            h("li", { key: i, class: "memo" }, note.text, h("small", null, nameOf(note.by), " · ", time(note.at))),
          ),
        )
      : none(t("agent.notes.none")),
  );
}

/** Nothing selected: what this shift looks like from here. */
function shift(state) {
  const rows = [[t("agent.shift.sessions"), String(state.order.length)]];
  if (state.settings.open_until)
    rows.push([t("agent.shift.open"), t("agent.shift.until", { at: clockTime(state.settings.open_until) })]);
  if (state.me?.queues || state.queues.length)
    rows.push([t("agent.queues"), h("span", { class: "wrap" }, state.queues.map((one) => one.name).join(", "))]);
  return [
    section(null, null, facts(rows)),
    state.settings.agent_notice &&
      section(t("agent.shift.notice"), null, h("p", { class: "t-2" }, state.settings.agent_notice)),
    section(
      t("agent.keys.title"),
      null,
      h(
        "dl",
        { class: "facts keys" },
        [
          ["Alt A", "agent.keys.accept"],
          ["Alt R", "agent.keys.reject"],
          ["Ctrl K", "agent.keys.palette"],
          ["Alt 1 … 0", "agent.keys.session"],
          ...(state.prefs.letters ? [["?", "agent.keys.list"]] : []),
        ].flatMap(([key, name]) => [h("dt", { key }, h("kbd", null, key)), h("dd", { key: name }, t(name))]),
      ),
    ),
  ];
}
