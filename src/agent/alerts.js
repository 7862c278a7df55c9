/**
 * The stack at the bottom right: requests that ask (alerts), notices that tell (toasts) (REQ S2-14 to S2-17, S3-2 to S3-4, S4-3).
 *
 * At most three alerts are shown, the oldest on top; the keys act on that one. Each is acknowledged to the box with `shown` only once somebody could
 * have seen or heard it: an offer nobody could see is not one that was missed (REQ S2-29).
 */

import { cls, h, icon, make } from "/web/dom.js";
import { clockTime, exact, firstName, now } from "/web/format.js";
import { t } from "/web/i18n.js";
import { everySecond } from "/web/time.js";
import { accept, openNotice, reject, toast } from "./acts.js";
import { ask, listen } from "./box.js";
import { clear, show } from "./notify.js";
import { acceptLabel, button, iconButton, kindIcon, nameOf, time } from "./parts.js";
import { say, sayNow } from "./say.js";
import { keepRinging, quiet, ring, tick } from "./sound.js";
import { alerts, notices } from "./state.js";

const SHOWN_MAX = 3;
const TOAST_S = 6;
const TOAST_URGENT_S = 12;

let store;
/** Receipts on their way or given, by notification. @type {Set<string>} */
let receipts = new Set();
/** Seconds each toast has been in sight: what came while nobody looked is still there for who comes back. @type {Map<string, number>} */
let seenFor = new Map();

export const inputs = (s) => [s.notifications, s.toasts, s.alertsFrom, s.me];

/** @param {any} ours */
export function useAlerts(ours) {
  store = ours;
  listen(react);
  // After the panes have drawn: what is in the page now has been shown, if the page is.
  store.watch(() => queueMicrotask(acknowledge));
  document.addEventListener("visibilitychange", acknowledge);
  everySecond.add(expire);
}

function react(frame, before) {
  if (frame.t === "notification") arrived(frame);
  if (frame.t === "welcome") {
    receipts = new Set();
    for (const one of frame.notifications || [])
      if (!before.notifications.some((other) => other.id === one.id)) arrived(one);
  }
  if (frame.t === "notification_closed") withdrawn(frame, before);
  if (frame.t === "unwatched") called(frame.queue);
  if (["notification_closed", "welcome", "signed_out"].includes(frame.t))
    clear((id) => store.get().notifications.some((one) => one.id === id));
  if (
    frame.t === "message" &&
    frame.from.kind === "customer" &&
    !(before.selected === frame.conversation && before.looking)
  )
    tick();
  if (!alerts(store.get()).length) quiet();
}

async function arrived(one) {
  const asks = one.style === "alert";
  (asks ? sayNow : say)(asks ? t("agent.alert.spoken", { title: one.title }) : one.title);
  const heard = asks ? keepRinging() : (tick(), false);
  if (await show(one)) receipt(one.id);
  else if (document.visibilityState !== "visible" && (heard || document.title)) receipt(one.id);
}

/** Somebody has waited a minute and nobody can take it: whoever is signed in is called, whatever her presence (REQ B-12). */
function called(queue) {
  const title = t("agent.unwatched", { queue: queue.name });
  const text = t("agent.unwatched_text");
  ring();
  toast({ id: `unwatched-${queue.id}`, kind: "urgent", title, text });
  show({ id: `unwatched-${queue.id}`, style: "toast", title, fields: [{ label: queue.name, value: text }] });
}

function withdrawn({ id, reason }, before) {
  const one = before.notifications.find((other) => other.id === id);
  if (one && one.style === "alert" && !one.busy && reason === "withdrawn")
    toast({ id: `gone-${id}`, title: t("agent.alert.withdrawn"), text: one.title });
}

function acknowledge() {
  if (document.visibilityState !== "visible") return;
  const state = store.get();
  if (state.phase !== "ready" || state.link !== "open") return;
  for (const one of [...page(state), ...notices(state)]) if (document.getElementById(`n-${one.id}`)) receipt(one.id);
  // Those behind "1-3 of n" are in the count on the screen, and they ring.
  if (document.getElementById("alerts-n")) for (const one of alerts(state)) receipt(one.id);
}

function receipt(id) {
  if (receipts.has(id)) return;
  receipts.add(id);
  ask("shown", { notification: id }).catch((error) => error?.code === "lost" && receipts.delete(id));
}

function expire() {
  const { toasts, notifications } = store.get();
  // Nothing goes from under a pointer or a focus.
  const held = document.querySelector("#alerts .toast:is(:hover, :focus-within)");
  if (!held) {
    seenFor = new Map(toasts.filter((one) => !one.stays).map((one) => [one.at, (seenFor.get(one.at) || 0) + 1]));
    for (const one of toasts)
      if (seenFor.get(one.at) > (one.kind === "urgent" ? TOAST_URGENT_S : TOAST_S))
        store.dispatch({ type: "toast_gone", id: one.id });
  }
  for (const one of notifications)
    if (one.style !== "alert" && Date.parse(one.deadline) < now())
      store.dispatch({ type: "notification_gone", id: one.id });
}

function page(state) {
  const all = alerts(state);
  const from = state.alertsFrom < all.length ? state.alertsFrom : 0;
  return all.slice(from, from + SHOWN_MAX);
}

/** @param {any} state */
export function stack(state) {
  const all = alerts(state);
  const shown = page(state);
  const from = shown.length ? all.indexOf(shown[0]) : 0;
  return [
    ...state.toasts.map(localToast),
    ...notices(state).slice(0, SHOWN_MAX).map(notice),
    all.length > SHOWN_MAX &&
      button(
        {
          key: "n",
          class: "alerts__n",
          id: "alerts-n",
          title: t("agent.alert.next"),
          onclick: () => store.dispatch({ type: "set", patch: { alertsFrom: from + SHOWN_MAX } }),
        },
        t("agent.alert.of", { from: from + 1, to: from + shown.length, n: all.length }),
      ),
    ...shown.map((one, i) => alert(state, one, i === 0 && from === 0)),
  ];
}

function alert(state, one, first) {
  const label = acceptLabel(one);
  const late = Boolean(one.busy);
  return h(
    "section",
    { key: one.id, id: `n-${one.id}`, class: "alert", role: "group", "aria-labelledby": `nt-${one.id}` },
    h(
      "header",
      { class: "alert__h" },
      icon(one.proactive ? "spark" : kindIcon(one.kind), one.proactive ? { label: t("agent.proactive") } : {}),
      h("h2", { id: `nt-${one.id}`, class: "clamp", title: one.title }, one.title),
      one.show_timeout !== false &&
        one.deadline &&
        h("bell-ring", { class: "ring", until: one.deadline, total: one.timeout_s, opaque: true }),
    ),
    meta(state, one),
    facts(one),
    thread(one),
    h(
      "div",
      { class: one.can_reject ? "alert__acts" : "alert__acts alert__acts--one" },
      button(
        { class: first ? "btn btn--main" : "btn btn--tone", disabled: late, onclick: () => accept(one.id) },
        one.busy === "accept" ? t("agent.alert.accepting") : label,
        first && h("kbd", null, "Alt A"),
      ),
      one.can_reject &&
        button(
          { class: "btn btn--line", disabled: late, onclick: () => reject(one.id) },
          t("agent.alert.reject"),
          first && h("kbd", null, "Alt R"),
        ),
    ),
  );
}

/** Queue, for whom, when it came, and the time since, which runs (REQ S3-2, S3-3). */
function meta(state, one) {
  const runs = (one.fields || []).some((field) => field.kind === "wait_time");
  return h(
    "p",
    { class: "alert__meta" },
    h(
      "span",
      { class: "cut" },
      [
        t(`agent.alert.kind.${one.kind}`),
        one.sender && t("agent.alert.from", { name: firstName(nameOf(one.sender)) }),
        nameOf(one.queue),
        t("agent.alert.for", { name: firstName(nameOf(one.agent) || state.me.name) }),
      ]
        // A title that names the kind has said it.
        .filter((part) => part && !part.startsWith("agent.") && !one.title.startsWith(part))
        .join(" · "),
    ),
    h(
      "span",
      { class: "alert__since", title: exact(one.received_at) },
      clockTime(one.received_at),
      !runs && [" · ", h("strong", null, time(one.received_at, "span"))],
    ),
  );
}

const facts = (one) =>
  (one.fields || []).length > 0 &&
  h(
    "dl",
    { class: "facts" },
    one.fields
      .filter((field) => field.value)
      .map((field, i) => [
        h("dt", { key: `t${i}` }, field.label),
        h(
          "dd",
          { key: `d${i}` },
          h("span", { class: "clamp" }, field.kind === "wait_time" ? time(one.received_at, "span") : field.value),
        ),
      ]),
  );

// The thread so far, where the fields do not say it already.
function thread(one) {
  const said = new Set((one.fields || []).map((field) => field.value));
  const lines = (one.preview || [])
    .filter((message) => message.from.kind !== "system" && !said.has(message.text))
    .slice(-2);
  return (
    lines.length > 0 &&
    h(
      "div",
      { class: "alert__thread" },
      lines.map((message) =>
        h(
          "p",
          { key: message.seq, class: "clamp" },
          h("b", null, message.from.kind === "customer" ? "" : `${firstName(message.from.name || t("agent.bot"))}: `),
          message.text,
        ),
      ),
    )
  );
}

function notice(one) {
  return h(
    "section",
    { key: one.id, id: `n-${one.id}`, class: "alert toast", role: "group", "aria-label": one.title },
    h(
      "header",
      { class: "alert__h" },
      icon(kindIcon(one.kind)),
      h("h2", { class: "clamp", title: one.title }, one.title),
      iconButton("close", t("agent.hide"), () => store.dispatch({ type: "notification_gone", id: one.id })),
    ),
    facts(one),
    one.conversation &&
      h(
        "div",
        { class: "alert__acts alert__acts--one" },
        button({ class: "btn btn--tone", onclick: () => openNotice(one) }, acceptLabel(one)),
      ),
  );
}

function localToast(one) {
  return h(
    "section",
    { key: one.id, class: cls("alert toast", { "toast--urgent": one.kind === "urgent" }), role: "status" },
    h(
      "header",
      { class: "alert__h" },
      icon(one.kind === "urgent" ? "warn" : "bell"),
      h("h2", null, one.title),
      iconButton("close", t("agent.hide"), () => store.dispatch({ type: "toast_gone", id: one.id })),
    ),
    one.text && h("p", { class: "toast__text" }, one.text),
    one.run &&
      h(
        "div",
        { class: "alert__acts alert__acts--one" },
        button({ class: "btn btn--tone", onclick: one.run }, one.runName),
      ),
  );
}

/** `<bell-ring until total>`: the time left, as an arc and in seconds. */
class BellRing extends HTMLElement {
  static observedAttributes = ["until"];

  connectedCallback() {
    if (!this.arc) {
      const circle = { cx: 10, cy: 10, r: 8 };
      const svg = make(
        h(
          "svg",
          { viewBox: "0 0 20 20", "aria-hidden": "true" },
          h("circle", circle),
          h("circle", { ...circle, pathLength: 100 }),
        ),
      );
      this.arc = svg.lastChild;
      this.said = make(h("span"));
      this.append(svg, this.said);
      this.setAttribute("role", "timer");
    }
    this.step = () => this.draw();
    everySecond.add(this.step);
    this.draw();
  }

  disconnectedCallback() {
    everySecond.delete(this.step);
  }

  attributeChangedCallback() {
    if (this.arc) this.draw();
  }

  draw() {
    const whole = Math.ceil((Date.parse(this.getAttribute("until")) - now()) / 1000);
    const total = Number(this.getAttribute("total")) || Math.max(1, whole);
    // The page's clock may stand a moment behind the box's: never more than there was at first.
    const left = Math.min(total, Math.max(0, whole));
    this.arc.setAttribute("stroke-dasharray", `${Math.min(100, (left / total) * 100)} 100`);
    this.said.textContent = t("time.s", { n: left });
    this.classList.toggle("ring--late", left <= 30);
  }
}
customElements.define("bell-ring", BellRing);
