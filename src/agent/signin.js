/** The page before the desk: who are you. */

import { h, icon } from "/web/dom.js";
import { t } from "/web/i18n.js";
import { signIn } from "./box.js";
import { button } from "./parts.js";

let own = { username: "", password: "", totp: "", fault: "", busy: false, code: false };
let draw = () => {};

/** @param {() => void} again called when what is typed or answered changes the page */
export function useSignIn(again) {
  draw = again;
}

/** @param {any} state */
export function signInPage(state) {
  const field = (id, type, label, more = {}) =>
    h(
      "div",
      { key: id, class: "entry" },
      h("label", { class: "label", for: id }, label),
      h("input", {
        id,
        class: "field",
        type,
        name: id,
        required: true,
        value: own[id],
        "aria-describedby": own.fault ? "fault" : null,
        oninput: (event) => (own[id] = event.currentTarget.value),
        ...more,
      }),
    );
  const note = own.fault || (state.why === "ended" || state.why === "refused" ? t(`agent.sign_in.${state.why}`) : "");
  return h(
    "main",
    { class: "signin", key: "signin" },
    h(
      "form",
      { class: "signin__in", onsubmit: submit, "aria-labelledby": "signin-title" },
      h("p", { class: "brand" }, icon("bell"), "deskbell"),
      h("h1", { id: "signin-title" }, t("agent.sign_in.title")),
      h("p", { class: "t-2" }, t("agent.sign_in.text")),
      note &&
        h(
          "p",
          { id: "fault", class: own.fault ? "signin__fault" : "signin__note", role: "alert" },
          icon(own.fault ? "warn" : "clock", { small: true }),
          note,
        ),
      field("username", "text", t("agent.sign_in.username"), {
        autocomplete: "username",
        autocapitalize: "none",
        spellcheck: "false",
        ref: (el) => el.focus(),
      }),
      field("password", "password", t("agent.sign_in.password"), { autocomplete: "current-password" }),
      own.code &&
        field("totp", "text", t("agent.sign_in.totp"), {
          autocomplete: "one-time-code",
          inputmode: "numeric",
          maxlength: 8,
          ref: (el) => el.focus(),
        }),
      h(
        "button",
        { class: "btn btn--main btn--wide", disabled: own.busy },
        own.busy ? t("agent.sign_in.busy") : t("agent.sign_in"),
      ),
      !own.code && button({ class: "link", onclick: () => change({ code: true }) }, t("agent.sign_in.have_code")),
    ),
    h("p", { class: "signin__foot" }, t("agent.sign_in.foot")),
  );
}

function change(patch) {
  own = { ...own, ...patch };
  draw();
}

async function submit(event) {
  event.preventDefault();
  if (own.busy || !own.username.trim() || !own.password) return;
  change({ busy: true, fault: "" });
  const fields = { username: own.username.trim(), password: own.password };
  const wrong = await signIn(own.code && own.totp ? { ...fields, totp: own.totp.trim() } : fields);
  if (!wrong) {
    own = { username: "", password: "", totp: "", fault: "", busy: false, code: false };
    return;
  }
  const needsCode = wrong.code === "totp_required";
  const key = `agent.sign_in.error.${wrong.code}`;
  change({
    busy: false,
    code: own.code || needsCode,
    fault: t(key, { n: wrong.retry || 60 }) === key ? t("agent.error.unknown") : t(key, { n: wrong.retry || 60 }),
  });
  document.getElementById(needsCode ? "totp" : "password")?.focus();
}
