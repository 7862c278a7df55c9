/** One's own sign-in: another password, one-time codes, recovery codes. Asked over REST, beside the socket. */

import { h } from "/web/dom.js";
import { t } from "/web/i18n.js";
import { closeDialog, openDialog } from "./acts.js";
import { fault, foot, frame } from "./dialogs.js";
import { button } from "./parts.js";

let store;
/** @param {any} ours */
export function useAccount(ours) {
  store = ours;
}
const set = (patch) => store.dispatch({ type: "dialog_set", patch });

/**
 * Asks `/api/v1/me…`; rejects with `{code, message}`. @param {string} path @param {any} [body]
 * @returns {Promise<any>}
 */
export async function me(path, body) {
  const answer = await fetch(`/api/v1/me${path}`, {
    method: body ? "POST" : "GET",
    headers: { "content-type": "application/json" },
    credentials: "same-origin",
    body: body ? JSON.stringify(body) : undefined,
  }).catch(() => null);
  if (!answer) throw { code: "unreachable" };
  const told = answer.status === 204 ? {} : await answer.json().catch(() => ({}));
  if (answer.ok) return told;
  throw { code: told.error?.code || "unavailable", message: told.error?.message || "" };
}

/** What went wrong, in words. @param {any} error */
export function wrong(error) {
  const key = `agent.account.error.${error?.code}`;
  return t(key) === key ? error?.message || t("agent.error.unknown") : t(key);
}

/** What was typed and is not to be seen twice: a refused secret does not wait in the field for more letters. */
const SECRETS = { current: "", fresh: "", again: "", password: "", code: "" };

/** Runs one call of the dialog. @param {Promise<any>} asked @param {(told: any) => void} then */
function run(asked, then) {
  set({ busy: true, fault: null });
  asked.then(then, (error) => {
    set({ ...SECRETS, busy: false, fault: wrong(error) });
    requestAnimationFrame(() => document.querySelector("dialog [data-first]")?.focus());
  });
}

export const openPassword = () => openDialog("password");

export function openCodes() {
  openDialog("codes", { step: "look" });
  me("").then(
    (state) => set({ state }),
    (error) => set({ fault: wrong(error) }),
  );
}

const secretField = (dialog, id, label, more = {}) => [
  h("label", { class: "label", for: `a-${id}`, key: `l${id}` }, label),
  h("input", {
    key: id,
    id: `a-${id}`,
    class: "field",
    type: "password",
    autocomplete: "current-password",
    maxlength: 256,
    value: dialog[id] || "",
    oninput: (event) => set({ [id]: event.currentTarget.value, fault: null }),
    ...more,
  }),
];

/** The secret to scan or type. @param {{secret: string, qr: {size: number, path: string}}} begun */
export const scan = (begun) => [
  h("p", { key: "how" }, t("agent.account.scan")),
  h(
    "svg",
    {
      key: "qr",
      class: "qr",
      viewBox: `0 0 ${begun.qr.size} ${begun.qr.size}`,
      role: "img",
      "aria-label": t("agent.account.qr"),
    },
    h("path", { d: begun.qr.path }),
  ),
  h("p", { key: "secret", class: "t-2" }, t("agent.account.secret"), " ", h("code", null, begun.secret)),
];

/** The recovery codes, shown this once. @param {string[]} codes */
export const recovery = (codes) => [
  h("p", { key: "why" }, t("agent.account.recovery_text")),
  h("ul", { key: "codes", class: "codes" }, codes.map((code) => h("li", { key: code }, h("code", null, code)))),
];

export const accountDialogs = {
  password(_state, dialog) {
    const same = (dialog.fresh || "") === (dialog.again || "");
    const off = !dialog.current || (dialog.fresh || "").length < 8 || !same;
    return frame("password", {
      title: t("agent.account.password"),
      body: h(
        "div",
        { class: "dlg__b" },
        secretField(dialog, "current", t("agent.account.current"), { "data-first": true }),
        secretField(dialog, "fresh", t("agent.account.new"), { autocomplete: "new-password" }),
        secretField(dialog, "again", t("agent.account.again"), { autocomplete: "new-password" }),
        dialog.again && !same && h("p", { class: "t-2", role: "status" }, t("agent.account.differ")),
        fault(dialog),
      ),
      foot: foot(t("agent.account.password_text"), t("agent.account.change"), { busy: dialog.busy, off }),
      onsubmit: () => {
        if (off) return;
        run(me("/password", { current: dialog.current, new: dialog.fresh }), () => {
          closeDialog();
          store.dispatch({
            type: "toast",
            toast: { id: "password", at: Date.now(), kind: "good", title: t("agent.account.changed"), text: "" },
          });
        });
      },
    });
  },

  codes(_state, dialog) {
    return (steps[dialog.step] || steps.look)(dialog);
  },
};

const steps = {
  /** How it stands, and the password before anything is done. */
  look(dialog) {
    const { state } = dialog;
    const password = { password: dialog.password || "" };
    const off = !dialog.password || !state;
    const begin = () => run(me("/totp", password), (begun) => set({ busy: false, step: "scan", begun, password: "" }));
    const renew = () =>
      run(me("/recovery-codes", password), (told) =>
        set({ busy: false, step: "keep", codes: told.recovery_codes, password: "" }),
      );
    const end = () => run(me("/totp/off", password), () => closeDialog());
    return frame("codes", {
      title: t("agent.account.codes"),
      body: h(
        "div",
        { class: "dlg__b" },
        h(
          "p",
          null,
          !state ? "…" : state.totp ? t("agent.account.codes_on", { count: state.recovery_codes, n: state.recovery_codes }) : t("agent.account.codes_off"),
        ),
        state && secretField(dialog, "password", t("agent.account.current"), { "data-first": true }),
        fault(dialog),
      ),
      foot: state?.totp
        ? [
            h("p", null, state.totp_required ? t("agent.account.codes_required") : ""),
            !state.totp_required &&
              button({ class: "btn btn--danger", disabled: off || dialog.busy, onclick: end }, t("agent.account.end")),
            h("button", { class: "btn btn--main", disabled: off || dialog.busy }, t("agent.account.renew")),
          ]
        : foot("", t("agent.account.begin"), { busy: dialog.busy, off }),
      onsubmit: () => !off && (state.totp ? renew() : begin()),
    });
  },

  scan(dialog) {
    const code = (dialog.code || "").trim();
    return frame("codes-scan", {
      title: t("agent.account.codes"),
      body: h(
        "div",
        { class: "dlg__b" },
        scan(dialog.begun),
        h("label", { class: "label", for: "a-code" }, t("agent.sign_in.totp")),
        h("input", {
          id: "a-code",
          class: "field",
          inputmode: "numeric",
          autocomplete: "one-time-code",
          maxlength: 8,
          "data-first": true,
          value: dialog.code || "",
          oninput: (event) => set({ code: event.currentTarget.value, fault: null }),
        }),
        fault(dialog),
      ),
      foot: foot(t("agent.account.confirm_text"), t("agent.account.confirm"), { busy: dialog.busy, off: !code }),
      onsubmit: () =>
        code &&
        run(me("/totp/confirm", { code }), (told) => set({ busy: false, step: "keep", codes: told.recovery_codes })),
    });
  },

  keep(dialog) {
    return frame("codes-keep", {
      title: t("agent.account.recovery"),
      body: h("div", { class: "dlg__b" }, recovery(dialog.codes)),
      foot: [h("p"), button({ class: "btn btn--main", onclick: closeDialog }, t("agent.account.kept"))],
    });
  },
};
