// Draws the chat page from its state: header, status, the face of the moment, and what floats above it.

import { h, icon, render } from "/web/dom.js";
import { initials } from "/web/format.js";
import { t } from "/web/i18n.js";
import { composer } from "./page-compose.js";
import { logItems } from "./page-log.js";
import { phase } from "./page-state.js";
import { status, subtitle, title } from "./page-words.js";

const NEAR_PX = 48;
const PART_RETRY_MS = 2_000;

/**
 * @param {Element} root
 * @param {object} acts  what the customer can do; see page.js
 * @returns {{draw: (state: object) => void, focus: () => void}}
 */
export function openView(root, acts) {
  const compose = composer({ draft: acts.draft, send: acts.say, typing: acts.typing, keep: acts.keepDraft });
  let scroller = null;
  let dialog = null;
  let atEnd = true;
  let fresh = false; // something came while the customer was reading further up
  let face = "";
  let newest = "";
  let oldest = "";
  let wantsFocus = false;
  let state;
  // What not every chat needs comes when it is first needed, as a module and its style.
  const parts = {}; // null: on its way; false: cannot be had now
  const coming = {};

  function draw(next) {
    state = next;
    const now = phase(state);
    const changed = now !== face;
    const fromEnd = scroller ? scroller.scrollHeight - scroller.scrollTop : 0;
    const items = logItems(state, acts, part);
    const grewUpwards = before(items);
    if (scroller && grewUpwards) scroller.firstChild.setAttribute("aria-live", "off");
    render(root, header(now), statusLine(now), body(now, items), now === "chat" && compose.node(), parts.forms && parts.forms.confirmation(acts, (el) => (dialog = el)));
    document.title = title(state);
    settle(items, fromEnd, grewUpwards, changed);
    if (changed) turned(now);
    face = now;
    seen();
  }

  const need = (name) => (coming[name] ||= load(name));
  const part = (name) => (need(name), parts[name]);
  async function load(name) {
    parts[name] = null;
    for (let tries = 1; !parts[name]; tries++) {
      try {
        const sheet = Object.assign(document.createElement("link"), { rel: "stylesheet", href: `/widget-assets/page-${name}.css` });
        const styled = new Promise((onload, onerror) => Object.assign(sheet, { onload, onerror }));
        document.head.append(sheet);
        // A module that failed to come is remembered as failed under its name.
        const module = import(`./page-${name}.js${tries > 1 ? `?${tries}` : ""}`);
        [parts[name]] = await Promise.all([module, styled]);
      } catch {
        parts[name] = false;
        if (tries < 2) draw(state);
        await new Promise((again) => setTimeout(again, PART_RETRY_MS));
      }
    }
    draw(state);
    // A form that was waited for; a chat that only has one ready for its end stays where the customer is.
    if (name === "forms" && face !== "chat") turned(face);
  }

  const form = (name) => (part("forms") ? parts.forms[name](state, acts, part) : loading());

  async function askToEnd() {
    await need("forms");
    dialog.showModal();
  }

  /** Whether this drawing adds messages above those that are there. */
  function before(items) {
    const first = items[1]?.key ?? "";
    const grew = oldest !== "" && first !== oldest && items.some((item) => item.key === oldest);
    oldest = first;
    return grew;
  }

  function settle(items, fromEnd, grewUpwards, changed) {
    if (!scroller) return;
    const last = items.at(-1)?.key;
    const mine = items.at(-1)?.props.class.startsWith("me");
    if (last !== newest && !atEnd && !mine && !grewUpwards) fresh = true;
    if (atEnd || changed || (last !== newest && mine)) scroller.scrollTop = scroller.scrollHeight;
    else if (grewUpwards) scroller.scrollTop = scroller.scrollHeight - fromEnd;
    if (grewUpwards) requestAnimationFrame(() => scroller?.firstChild.setAttribute("aria-live", "polite"));
    newest = last;
    scrolled();
  }

  function scrolled() {
    if (!scroller) return;
    atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_PX;
    if (atEnd) fresh = false;
    root.querySelector(".p__jump")?.toggleAttribute("hidden", atEnd || !fresh);
    if (scroller.scrollTop < NEAR_PX) acts.readOlder();
    seen();
  }

  function seen() {
    if (atEnd && state.shown && !document.hidden) acts.seen();
  }

  /** Another face: the focus goes where the next thing is done, unless the customer is elsewhere on the site. */
  function turned(now) {
    if (face && (document.hasFocus() || wantsFocus) && state.shown) focus(now);
  }

  function focus(now = phase(state)) {
    wantsFocus = !["chat", "start", "leave", "left", "ended", "consent"].includes(now);
    // On a touch screen a focused field brings the keyboard up over half of what there is to read.
    const still = matchMedia("(pointer: coarse)").matches;
    if (now === "chat" && !still) return compose.focus();
    const target =
      !still && (now === "start" || now === "leave") ? root.querySelector(".p__pane input, .p__pane textarea") : root.querySelector(".focus-here");
    (target || root.querySelector("h1"))?.focus({ preventScroll: true });
  }

  function header(now) {
    const { conversation, mode, link } = state;
    const agent = conversation?.state !== "closed" && conversation?.agent;
    const canEnd = mode === "live" && now === "chat" && conversation;
    const sub = subtitle(state, now);
    return h(
      "header",
      { class: "p__top", key: "top" },
      h(
        "span",
        { class: "p__face", "aria-hidden": "true" },
        agent ? initials(agent) || icon("person") : icon("bell"),
        agent && h("i", { class: link === "open" ? "on" : "" }),
      ),
      h("div", { class: "p__who" }, h("h1", { tabindex: "-1" }, title(state)), sub && h("p", null, sub)),
      acts.framed && tool("minimise", "minimise", acts.minimise),
      canEnd && tool("end", "close", askToEnd),
    );
  }

  const tool = (name, symbol, onclick) =>
    h("button", { class: "p__btn", type: "button", key: name, "aria-label": t(`widget.${name}`), title: t(`widget.${name}`), onclick }, icon(symbol));

  function statusLine(now) {
    if (["loading", "refused", "unreachable", "full"].includes(now)) return null;
    const { text, on } = status(state);
    return h(
      "div",
      { key: "status", role: "status" },
      state.link === "open" || (state.link === "connecting" && !state.trouble)
        ? h("p", { class: "p__status", key: "open" }, h("span", { class: on ? "p__dot" : "p__dot p__dot--off" }), text)
        : h(
            "p",
            { class: "p__offline", key: "lost" },
            icon("offline"),
            h("span", null, h("strong", null, t("widget.offline")), " ", t("widget.offline_kept")),
          ),
    );
  }

  /** Its place is kept from the first, so that the log does not move when it comes. */
  const rateNow = () =>
    state.settings.rate_during_chat && state.conversation?.state === "active" && h("div", { class: "p__rate", key: "rate-now" }, part("rating")?.row(state, acts));

  function body(now, items) {
    switch (now) {
      case "chat":
        need("forms");
        if (state.mode === "live" || state.conversation?.state !== "closed" || state.rated) return [log(items), rateNow()];
      // Falls through: a persistent one asks how it was and stays.
      case "ended":
        return part("forms") ? [log(items), form("endedPane")] : loading();
      case "start":
        return form("startForm");
      case "consent":
        return form("consentForm");
      case "leave":
        return form("leaveForm");
      case "left":
        return form("leftPane");
      case "loading":
        return loading();
      case "full":
        return note("clock", "full");
      case "unreachable":
        return note("offline", "unreachable");
      default:
        return note("warn", state.mode === "persistent" && state.trouble?.code === "unauthorized" ? "sign_in" : "gone");
    }
  }

  function loading() {
    return h(
      "div",
      { class: "p__note", key: "loading", role: "status", "aria-busy": "true" },
      h("p", { class: "dots" }, h("i"), h("i"), h("i")),
      h("p", { class: "vh" }, t("widget.loading")),
    );
  }

  function note(symbol, what) {
    return h(
      "div",
      { class: "p__note", key: what, role: "alert" },
      icon(symbol),
      h("h2", { tabindex: "-1", class: "focus-here" }, t(`widget.${what}`)),
      h("p", null, t(`widget.${what}_more`)),
      (what !== "gone" || state.settings) && h("button", { class: "p__go quiet", type: "button", onclick: acts.retry }, t("widget.again")),
    );
  }

  function log(items) {
    const { typing, consent, mode, conversation, reading, open } = state;
    return h(
      "div",
      { class: "p__view", key: "log" },
      h(
        "div",
        {
          class: "p__log",
          tabindex: "0",
          role: "region",
          "aria-label": t("widget.messages"),
          onscroll: scrolled,
          ref: (el) => (scroller = el),
          gone: () => (scroller = null),
        },
        h(
          "div",
          { role: "log", "aria-live": "polite" },
          reading && h("p", { class: "p__sys", key: "reading" }, t("widget.loading")),
          consent && !consent.required && consent.text && h("p", { class: "p__sys", key: "notice" }, consent.text),
          items,
          mode === "persistent" &&
            !items.length &&
            h("p", { class: "p__hello", key: "hello" }, t(open ? "widget.any_time_lead" : "widget.any_time_closed")),
          mode === "persistent" && conversation?.state === "closed" && h("p", { class: "p__sys", key: "over" }, t("widget.over_write_on")),
        ),
        typing !== null &&
          h(
            "div",
            { class: "them first last", key: "typing" },
            h("span", { class: "p__mini", "aria-hidden": "true" }, initials(typing) || icon("person", { small: true })),
            h("p", { class: "p__text dots" }, h("span", { class: "vh" }, t("widget.typing", { name: typing })), h("i"), h("i"), h("i")),
          ),
      ),
      h(
        "button",
        { class: "p__jump", type: "button", hidden: true, onclick: () => ((scroller.scrollTop = scroller.scrollHeight), compose.focus()) },
        icon("chevron", { small: true }),
        t("widget.new_messages"),
      ),
    );
  }

  document.addEventListener("visibilitychange", () => state && seen());
  addEventListener("resize", () => atEnd && scroller && (scroller.scrollTop = scroller.scrollHeight));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && acts.framed && !dialog?.open && !event.isComposing) acts.minimise();
  });

  return { draw, focus: () => state && focus() };
}
