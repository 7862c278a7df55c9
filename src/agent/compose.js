/**
 * Where the agent writes, or what takes its place when there is nothing to write (REQ S3-10, S3-26, S3-27, B-2).
 *
 * Drafts are kept per session and across reloads. Enter sends, Shift+Enter breaks the line, `/` at the start offers quick replies.
 */

import { cls, h, icon } from "/web/dom.js";
import { countChars, firstName, span } from "/web/format.js";
import { pick, t } from "/web/i18n.js";
import { note, openDialog, pickup, putAway } from "./acts.js";
import { tell } from "./box.js";
import { closedFor, limits } from "./channel.js";
import { keep, recallAll } from "./memory.js";
import { CHARS_MAX, fault, send } from "./outbox.js";
import { button, customerName, iconButton, nameOf, time, withMasks } from "./parts.js";
import { canType, isFrozen, selectedSession } from "./state.js";

const TYPING_EVERY_MS = 3000;
const TYPING_ENDS_MS = 5000;
const KEEP_AFTER_MS = 250;
const DRAFTS_MAX = 60;

let store;
let wantFocus = false;

export const inputs = (s) => {
  const one = selectedSession(s);
  const id = s.selected;
  return [
    id,
    one && one.state,
    one && one.role,
    one && one.reason,
    one && one.ended,
    one && one.reserved,
    one && one.reserved && s.notifications,
    one && one.frozen,
    one && one.wrapup_deadline,
    one && one.customer,
    one && one.work_item_kind,
    one && one.state === "wrap_up" && one.messages,
    one && one.stopped,
    one && one.reply_until,
    s.drafts[id],
    s.compose[id],
    s.settings,
    s.link,
  ];
};

/** @param {any} ours */
export function useCompose(ours) {
  store = ours;
  let due = 0;
  let saved = {};
  /** Changed and not yet kept: who types in one session and goes on in the next loses neither. */
  const changed = new Set();
  store.watch(({ drafts, me }) => {
    if (!me || drafts === saved) return;
    for (const id of Object.keys(drafts)) if (drafts[id] !== saved[id]) changed.add(id);
    saved = drafts;
    const keepAll = () => {
      for (const id of changed) keep(`draft.${me.id}.${id}`, saved[id] || "");
      changed.clear();
    };
    clearTimeout(due);
    // A text that was sent is gone at once: a reload must not offer it again.
    if ([...changed].some((id) => !drafts[id])) keepAll();
    else due = setTimeout(keepAll, KEEP_AFTER_MS);
  });
  addEventListener("pagehide", () => {
    const { me, drafts } = store.get();
    if (me) for (const id of Object.keys(drafts)) keep(`draft.${me.id}.${id}`, drafts[id]);
  });
}

/** Brings back what was being written before a reload. @param {any} me */
export function recallDrafts(me) {
  const saved = recallAll(`draft.${me.id}.`);
  const ids = Object.keys(saved);
  // Of conversations that have left this desk long ago nothing needs to be kept.
  if (ids.length > DRAFTS_MAX) for (const id of ids) if (!store.get().sessions[id]) keep(`draft.${me.id}.${id}`, "");
  for (const id of Object.keys(saved))
    if (store.get().drafts[id] === undefined) store.dispatch({ type: "draft", conversation: id, text: saved[id] });
}

/** Puts the cursor where the agent writes, now or once it is drawn. */
export function focusReply() {
  wantFocus = true;
  queueMicrotask(() => queueMicrotask(takeFocus));
}

function takeFocus() {
  if (!wantFocus || document.querySelector("dialog[open]")) return;
  const el = document.getElementById("reply") || document.getElementById("instead");
  if (!el) return;
  wantFocus = false;
  el.focus({ preventScroll: true });
}

/** @param {any} state */
export function compose(state) {
  const one = selectedSession(state);
  if (!one) return null;
  if (!canType(one)) return instead(one);
  if (one.work_item_kind === "voice") return onPhone(one);
  return closedFor(one) ? silenced(one) : box(state, one);
}

/** What stands there when the agent cannot write, and the one thing to do about it. */
function instead(one) {
  const name = firstName(customerName(one));
  const id = one.conversation;
  const bar = (tone, symbol, title, text, label, run) =>
    h(
      "div",
      { key: `bar${id}`, class: `instead ${tone}` },
      icon(symbol),
      h("div", { class: "grow" }, h("strong", null, title), h("p", null, text)),
      label && button({ class: "btn btn--main", id: "instead", onclick: run, ref: () => takeFocus() }, label),
    );
  if (one.state === "wrap_up") {
    const call = one.work_item_kind === "voice";
    const by =
      one.ended === "ended_by_customer"
        ? t(call ? "agent.voice.hung_up" : "agent.talk.customer_ended")
        : t(`agent.ended.${one.ended || "other"}`);
    return bar(
      "instead--wait",
      "note",
      by.startsWith("agent.") ? t("agent.ended.other") : by,
      [
        call && [talked(one), " "],
        t("agent.talk.wrap_up_text"),
        one.wrapup_deadline && [" ", t("agent.talk.wrap_up_by_itself"), " ", time(one.wrapup_deadline, "left")],
      ],
      t("agent.act.finish"),
      () => openDialog("wrapup", { conversation: id }),
    );
  }
  if (isFrozen(one))
    return bar(
      "instead--urgent",
      "warn",
      t("agent.talk.asset_removed"),
      t("agent.talk.asset_removed_text"),
      t("agent.act.end"),
      () => openDialog("end", { conversation: id }),
    );
  if (one.role === "monitor")
    return bar("", "eye", t("agent.talk.monitor"), t("agent.talk.monitor_text"), t("agent.act.stop_reading"), () =>
      putAway(one),
    );
  if (one.state === "waiting")
    return bar("", "park", t("agent.talk.parked"), t("agent.talk.parked_text", { name }), t("agent.act.pickup"), () =>
      pickup(id),
    );
  return bar(
    "",
    "back",
    t("agent.talk.reserved", { name }),
    t(keptBecause(store.get(), one)),
    t("agent.act.pickup"),
    () => pickup(id),
  );
}

function keptBecause(state, one) {
  if (state.notifications.some((other) => other.conversation === one.conversation)) return "agent.talk.reserved_ringing";
  return one.hold === "undelivered" ? "agent.talk.undelivered_text" : "agent.talk.reserved_text";
}

/** Lines of the box with which an agent's part in a call is over. */
const ENDS = new Set(["customer_ended", "agent_ended", "supervisor_ended", "customer_lost", "transferred"]);

/** How long a call was hers (REQ S2-18). */
function talked(one) {
  const end = one.messages.findLast((message) => message.from.kind === "system" && ENDS.has(message.code));
  return end && t("agent.voice.talked", { time: span(Date.parse(end.at) - Date.parse(one.since)) });
}

/** A call is talked on the telephone: what is left to do here is to note and to end (REQ S2-18). */
function onPhone(one) {
  const id = one.conversation;
  return h(
    "div",
    { key: `bar${id}`, class: "instead", role: "status" },
    icon("phone"),
    h(
      "div",
      { class: "grow" },
      h("strong", null, t("agent.voice.title")),
      one.title && h("p", null, withMasks(one.title)),
      h("p", null, t("agent.voice.text")),
    ),
    button(
      {
        class: "btn",
        id: "instead",
        onclick: () => openDialog("note", { conversation: id }),
        ref: () => takeFocus(),
      },
      icon("note"),
      t("agent.notes.add"),
    ),
  );
}

/** The channel forbids an answer: who said stop is left alone, and Facebook's day is over. */
function silenced(one) {
  const why = closedFor(one);
  return h(
    "div",
    { key: `bar${one.conversation}`, class: "instead instead--wait", role: "status" },
    icon(why === "stopped" ? "mute" : "clock"),
    h(
      "div",
      { class: "grow" },
      h("strong", null, t(`agent.silenced.${why}`)),
      h("p", null, t(`agent.silenced.${why}_text`, { name: firstName(customerName(one)) })),
    ),
  );
}

function box(state, one) {
  const id = one.conversation;
  const text = state.drafts[id] || "";
  const own = state.compose[id] || {};
  const chars = countChars(text);
  const wrong = text ? fault(text) : null;
  const list = own.quick === true ? matches(state, text) : [];
  const error =
    wrong && (wrong === "reserved_character" || own.tried || chars > CHARS_MAX)
      ? t(`agent.error.${wrong}`)
      : own.note === "failed"
        ? t("agent.notes.failed")
        : "";
  return h(
    "form",
    {
      key: `box${id}`,
      class: cls("compose", { "compose--wrong": wrong }),
      "aria-label": t("agent.reply"),
      onsubmit: (event) => submit(event, one),
    },
    list.length > 0 && quickList(one, list, own.index || 0),
    error &&
      h("p", { class: "compose__error", id: "reply-error", role: "alert" }, icon("warn", { small: true }), error),
    h("label", { class: "vh", for: "reply" }, t("agent.reply_to", { name: customerName(one) })),
    h("textarea", {
      id: "reply",
      rows: 3,
      value: text,
      placeholder: t("agent.reply_to", { name: customerName(one) }),
      "aria-invalid": wrong ? "true" : null,
      "aria-describedby": error ? "reply-error" : "reply-count",
      "aria-controls": list.length ? "quick" : null,
      "aria-activedescendant": list.length ? `quick${own.index || 0}` : null,
      oninput: (event) => typed(one, event.currentTarget),
      onkeydown: (event) => key(event, one),
      onblur: () => stopTyping(id),
      ref: (el) => {
        grow(el);
        takeFocus();
      },
    }),
    h(
      "div",
      { class: "compose__bar" },
      (state.settings.quick_replies || []).length > 0 &&
        button(
          { class: "btn btn--small t-2", onclick: () => offerQuick(one) },
          h("span", { class: "btn__t" }, t("agent.quick")),
          h("kbd", null, "/"),
        ),
      iconButton("note", t("agent.notes.add"), () => openDialog("note", { conversation: id }), {
        class: "btn btn--small btn--icon",
      }),
      limits(one, text),
      h(
        "output",
        {
          class: cls("count", { "t-urgent": chars > CHARS_MAX, "t-wait": chars > 900 && chars <= CHARS_MAX }),
          id: "reply-count",
          "aria-label": t("agent.count", { n: chars, max: CHARS_MAX }),
        },
        `${chars}/${CHARS_MAX}`,
      ),
      h(
        "button",
        { class: "btn btn--main", disabled: !text.trim() || chars > CHARS_MAX },
        t("agent.send"),
        h("kbd", { "aria-hidden": "true" }, "↵"),
      ),
    ),
  );
}

// ── writing ──

let typingAt = 0;
let typingTimer = 0;

function typed(one, el) {
  const id = one.conversation;
  store.dispatch({ type: "draft", conversation: id, text: el.value });
  grow(el);
  const quick = el.value.startsWith("/") && !el.value.includes("\n");
  const own = store.get().compose[id] || {};
  if (quick !== Boolean(own.quick) || own.index || own.tried)
    store.dispatch({ type: "compose", conversation: id, patch: { quick, index: 0, tried: false } });
  if (quick || !el.value) return stopTyping(id);
  if (Date.now() - typingAt > TYPING_EVERY_MS) {
    typingAt = Date.now();
    tell("typing", { conversation: id, on: true });
  }
  clearTimeout(typingTimer);
  typingTimer = setTimeout(() => stopTyping(id), TYPING_ENDS_MS);
}

function stopTyping(id) {
  clearTimeout(typingTimer);
  if (!typingAt) return;
  typingAt = 0;
  tell("typing", { conversation: id, on: false });
}

// Three lines at rest, ten at most; the browser's own field sizing does it where it exists.
function grow(el) {
  if (CSS.supports("field-sizing", "content")) return;
  el.rows = Math.min(10, Math.max(3, el.value.split("\n").length));
}

function submit(event, one) {
  event.preventDefault();
  const id = one.conversation;
  const text = store.get().drafts[id] || "";
  if (!text.trim()) return;
  if (fault(text)) return store.dispatch({ type: "compose", conversation: id, patch: { tried: true } });
  store.dispatch({ type: "draft", conversation: id, text: "" });
  stopTyping(id);
  send(id, text);
  document.getElementById("reply")?.focus();
}

function key(event, one) {
  if (event.isComposing) return;
  const id = one.conversation;
  const state = store.get();
  const own = state.compose[id] || {};
  const list = own.quick ? matches(state, state.drafts[id] || "") : [];
  if (list.length) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      return store.dispatch({
        type: "compose",
        conversation: id,
        patch: { index: ((own.index || 0) + step + list.length) % list.length },
      });
    }
    if (event.key === "Enter" || event.key === "Tab") {
      event.preventDefault();
      return useQuick(one, list[own.index || 0]);
    }
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      return store.dispatch({ type: "compose", conversation: id, patch: { quick: false } });
    }
  }
  if (event.key === "Enter" && !event.shiftKey && !event.altKey) submit(event, one);
}

// ── quick replies ──

function offerQuick(one) {
  const id = one.conversation;
  const text = store.get().drafts[id] || "";
  if (!text) store.dispatch({ type: "draft", conversation: id, text: "/" });
  store.dispatch({ type: "compose", conversation: id, patch: { quick: true, index: 0 } });
  document.getElementById("reply")?.focus();
}

function matches(state, text) {
  const wanted = text.startsWith("/") ? text.slice(1).trim().toLocaleLowerCase() : "";
  return (state.settings.quick_replies || [])
    .map((one, i) =>
      typeof one === "string" ? { id: String(i + 1), text: one } : { id: one.id, text: pick(one.text) },
    )
    .filter(
      (one) => !wanted || one.id.toLocaleLowerCase().includes(wanted) || one.text.toLocaleLowerCase().includes(wanted),
    )
    .slice(0, 8);
}

function useQuick(one, reply) {
  const id = one.conversation;
  const was = store.get().drafts[id] || "";
  const text = fill(reply.text, one, store.get());
  store.dispatch({
    type: "draft",
    conversation: id,
    text: was.startsWith("/") ? text : `${was}${was && !was.endsWith(" ") ? " " : ""}${text}`,
  });
  store.dispatch({ type: "compose", conversation: id, patch: { quick: false, index: 0 } });
  document.getElementById("reply")?.focus();
}

/** Placeholders as the desk defines them: an empty one vanishes with one space before it. */
function fill(text, one, state) {
  const context = one.context || {};
  const values = {
    customer_name: one.customer?.name,
    agent_name: state.me.name,
    queue: nameOf(one.queue),
    workstream: nameOf(one.workstream),
    page_url: one.page?.url ?? context.page_url,
    page_title: one.page?.title ?? context.page_title,
    customer_email: one.customer?.email,
    customer_phone: one.customer?.phone,
    language: one.customer?.language,
    comment: one.work_item_kind === "case" ? "" : one.title,
    case_title: one.work_item_kind === "case" ? one.title : "",
    case_id: one.external_id,
  };
  return text.replace(/ ?\{([\w.-]+)\}/g, (whole, name) => {
    const value = name.startsWith("context.")
      ? context[name.slice(8)]
      : name.startsWith("answers.")
        ? (one.answers || []).find((answer) => answer.id === name.slice(8))?.value
        : values[name];
    const space = whole.startsWith(" ") ? " " : "";
    // A masked value would tell the customer stars: it is left out like an empty one.
    const empty = value === undefined || value === null || value === "" || String(value).includes("**");
    return empty ? "" : `${space}${String(value).replace(/[<>]/g, "")}`;
  });
}

function quickList(one, list, index) {
  return h(
    "ul",
    { class: "quick", id: "quick", role: "listbox", "aria-label": t("agent.quick") },
    list.map((reply, i) =>
      h(
        "li",
        {
          key: reply.id,
          id: `quick${i}`,
          role: "option",
          "aria-selected": String(i === index),
          onmousedown: (event) => event.preventDefault(),
          onclick: () => useQuick(one, reply),
        },
        h("b", null, `/${reply.id}`),
        h("span", { class: "cut" }, fill(reply.text, one, store.get())),
      ),
    ),
  );
}

/** Adds a note and says when it could not. @param {string} id @param {string} text */
export async function addNote(id, text) {
  const kept = await note(id, text);
  store.dispatch({ type: "compose", conversation: id, patch: { note: kept ? "" : "failed" } });
  return kept;
}
