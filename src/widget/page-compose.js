// The field a customer writes in: grows to five lines, counts near the limit, keeps what is not sent.

import { h, icon } from "/web/dom.js";
import { countBytes, countChars } from "/web/format.js";
import { t } from "/web/i18n.js";

// REQ D-14: Unicode scalar values, as the box counts them.
const CHARS_MAX = 1_000;
const BYTES_MAX = 4_096;
const COUNTED_FROM = 900;
const TYPING_IDLE_MS = 5_000;

/** What the box would refuse or cannot store: CRLF, control characters, halves of a pair. @param {string} text */
export function clean(text) {
  return text
    .replace(/\r\n?/g, "\n")
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "")
    .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
}

/** @param {string} text @returns {{chars: number, over: boolean, empty: boolean}} */
export function measure(text) {
  const chars = countChars(text);
  return { chars, over: chars > CHARS_MAX || countBytes(text) > BYTES_MAX, empty: !text.trim() };
}

/**
 * @param {{draft: () => string, send: (text: string) => boolean, typing: (on: boolean) => void, keep: (draft: string) => void}} acts
 * @returns {{node: () => object, focus: () => void}}
 */
export function composer({ draft, send, typing, keep }) {
  const touch = matchMedia("(pointer: coarse)");
  let field, button, counter;
  let idle = 0;

  function look() {
    const { chars, over, empty } = measure(clean(field.value));
    button.disabled = empty || over;
    counter.textContent = chars >= COUNTED_FROM || over ? `${chars} / ${CHARS_MAX}` : "";
    counter.classList.toggle("over", over);
    field.setAttribute("aria-invalid", String(over));
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight}px`;
  }

  function submit(event) {
    event?.preventDefault();
    const text = clean(field.value);
    const { over, empty } = measure(text);
    if (over || empty || !send(text)) return;
    clearTimeout(idle);
    field.value = "";
    keep("");
    look();
    field.focus();
  }

  function wrote() {
    look();
    keep(field.value);
    typing(field.value !== "");
    clearTimeout(idle);
    idle = setTimeout(typing, TYPING_IDLE_MS, false);
  }

  // On a touch keyboard Enter is the only way to a new line, so there it does not send.
  function key(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229 && !touch.matches) submit(event);
  }

  return {
    node: () =>
      h(
        "form",
        { class: "p__form", key: "compose", onsubmit: submit },
        h("label", { class: "vh", for: "write" }, t("widget.write_label")),
        h(
          "div",
          { class: "p__box" },
          h("textarea", {
            id: "write",
            rows: "1",
            placeholder: t("widget.write"),
            autocomplete: "off",
            enterkeyhint: touch.matches ? "enter" : "send",
            "aria-describedby": "count",
            oninput: wrote,
            onkeydown: key,
            onblur: () => typing(false),
            ref(el) {
              field = el;
              field.value = draft();
            },
          }),
          h("button", { class: "p__send", "aria-label": t("widget.send"), ref: (el) => (button = el) }, icon("send")),
        ),
        h("p", { class: "p__count", id: "count", role: "status", ref: (el) => ((counter = el), look()) }),
      ),
    focus: () => field?.focus(),
  };
}
