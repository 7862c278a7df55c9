/** The page before the desk: who are you. */

import { h, icon } from "/web/dom.js";
import { t } from "/web/i18n.js";
import { me, recovery, scan, wrong } from "./account.js";
import { enter, signIn } from "./box.js";
import { button } from "./parts.js";

/** A fresh one each time: typing writes into it, and a password must not outlive its sign-in. */
const blank = () => ({ username: "", password: "", totp: "", fault: "", busy: false, code: false, begun: null, codes: null });
let own = blank();
let draw = () => {};

/** @param {() => void} again called when what is typed or answered changes the page */
export function useSignIn(again) {
  draw = again;
}

/** @param {any} state */
export function signInPage(state) {
  if (own.codes || own.begun) return setUpPage();
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
          maxlength: 24,
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
  const refused = await signIn(own.code && own.totp ? { ...fields, totp: own.totp.trim() } : fields);
  if (!refused) {
    own = blank();
    return;
  }
  if (refused.code === "set_up") return begin();
  const needsCode = refused.code === "totp_required";
  const key = `agent.sign_in.error.${refused.code}`;
  change({
    busy: false,
    // A refused one does not wait for more letters; one that only lacks its code is needed again.
    password: needsCode ? own.password : "",
    code: own.code || needsCode,
    fault: t(key, { n: refused.retry || 60 }) === key ? t("agent.error.unknown") : t(key, { n: refused.retry || 60 }),
  });
  document.getElementById(needsCode ? "totp" : "password")?.focus();
}

// The role must have one-time codes: the sign-in waits until they are set up.
async function begin() {
  try {
    change({ begun: await me("/totp", {}), busy: false, password: "" });
  } catch (error) {
    change({ busy: false, fault: wrong(error) });
  }
}

async function confirm(event) {
  event.preventDefault();
  if (own.codes) {
    own = blank();
    return enter();
  }
  if (own.busy || !own.totp.trim()) return;
  change({ busy: true, fault: "" });
  try {
    const told = await me("/totp/confirm", { code: own.totp.trim() });
    change({ busy: false, codes: told.recovery_codes });
  } catch (error) {
    change({ busy: false, fault: wrong(error) });
  }
}

function setUpPage() {
  return h(
    "main",
    { class: "signin", key: "setup" },
    h(
      "form",
      { class: "signin__in", onsubmit: confirm, "aria-labelledby": "setup-title" },
      h("p", { class: "brand" }, icon("bell"), "deskbell"),
      h("h1", { id: "setup-title" }, t(own.codes ? "agent.account.recovery" : "agent.account.codes")),
      !own.codes && h("p", { class: "t-2" }, t("agent.account.codes_required")),
      own.fault && h("p", { class: "signin__fault", role: "alert" }, icon("warn", { small: true }), own.fault),
      own.codes ? recovery(own.codes) : scan(own.begun),
      !own.codes &&
        h(
          "div",
          { key: "code", class: "entry" },
          h("label", { class: "label", for: "totp" }, t("agent.sign_in.totp")),
          h("input", {
            id: "totp",
            class: "field",
            inputmode: "numeric",
            autocomplete: "one-time-code",
            maxlength: 8,
            value: own.totp,
            oninput: (event) => (own.totp = event.currentTarget.value),
            ref: (el) => el.focus(),
          }),
        ),
      h(
        "button",
        { class: "btn btn--main btn--wide", disabled: own.busy },
        t(own.codes ? "agent.account.kept" : "agent.account.confirm"),
      ),
    ),
  );
}
