/**
 * One dialog at a time, drawn from `state.dialog`: the acts on a conversation and what they lead to.
 *
 * Each says its consequence in one sentence, starts where typing starts, and works by arrow keys and Enter.
 */

import { h, icon } from "/web/dom.js";
import { firstName } from "/web/format.js";
import { t } from "/web/i18n.js";
import { accountDialogs } from "./account.js";
import { closeDialog, end, forceEnd, openDialog, release, resetPresence, reveal, wrapup } from "./acts.js";
import { signOut } from "./box.js";
import { addNote } from "./compose.js";
import { contactDialogs } from "./contact.js";
import { checkList } from "./empty.js";
import { listKeys, options } from "./options.js";
import { paletteDialog } from "./palette.js";
import { button, customerName, dot, iconButton, presenceName } from "./parts.js";
import { ringOnce, why } from "./selftest.js";
import { assignDialog, conferenceDialog, transferDialog } from "./targets.js";

let store;
/** @param {any} ours */
export function useDialogs(ours) {
  store = ours;
  // A branch shares computers.
  store.watch(({ phase }) => phase === "signed_out" && unsaid.clear());
}
const set = (patch) => store.dispatch({ type: "dialog_set", patch });

export const inputs = (s) => [
  s.dialog,
  s.tests,
  s.presence,
  s.dialog && s.dialog.kind === "palette" ? s.sessions : null,
  s.settings,
  s.prefs.letters,
];

/** @param {any} state */
export function dialogs(state) {
  const { dialog } = state;
  if (!dialog) return null;
  const one = dialog.conversation ? state.sessions[dialog.conversation] : null;
  const draw = kinds[dialog.kind] || contactDialogs[dialog.kind] || accountDialogs[dialog.kind];
  if (!draw || (one === undefined && needsSession.has(dialog.kind))) return null;
  return draw(state, dialog, one);
}

const needsSession = new Set(["transfer", "conference", "end", "close", "note"]);

/** Where the last press began: a text marked with the pointer may end outside the dialog, and that closes nothing. */
let pressed = null;

/**
 * What was typed and neither sent nor taken back: a dialog put away to look something up has it again.
 * @type {Map<string, string>}
 */
const unsaid = new Map();
const UNSAID_MAX = 20;

/** @param {string} key @param {string} text */
function keepUnsaid(key, text) {
  unsaid.delete(key);
  if (text) unsaid.set(key, text);
  if (unsaid.size > UNSAID_MAX) unsaid.delete(unsaid.keys().next().value);
}

/**
 * The frame all share. @param {string} key @param {{title: string, text?: any, body: any, foot?: any, wide?: boolean, plain?: boolean, onsubmit?: () => void}} parts
 */
export function frame(key, { title, text, body, foot, plain, onsubmit }) {
  return h(
    "dialog",
    {
      key,
      class: plain ? "dlg dlg--plain" : "dlg",
      "aria-labelledby": "dlg-title",
      ref: opened,
      gone: closing,
      oncancel: (event) => {
        event.preventDefault();
        closeDialog();
      },
      onpointerdown: (event) => (pressed = event.target),
      onclick: (event) => event.target === event.currentTarget && pressed === event.target && closeDialog(),
    },
    h(
      "form",
      { class: "dlg__in", novalidate: true, onsubmit: (event) => (event.preventDefault(), onsubmit && onsubmit()) },
      plain
        ? h("h2", { class: "vh", id: "dlg-title" }, title)
        : h(
            "header",
            { class: "dlg__h" },
            h("div", { class: "grow" }, h("h2", { id: "dlg-title" }, title), text && h("p", null, text)),
            iconButton("close", t("agent.dialog.close"), closeDialog),
          ),
      body,
      foot && h("footer", { class: "dlg__f" }, foot),
    ),
  );
}

// A modal dialog makes the rest of the page inert, and a request does not wait for a wrap-up: the stack moves in with it,
// and so does what screen readers are told.
const MOVE_IN = ["alerts", "say", "say-now"];

function opened(el) {
  el.showModal();
  for (const id of MOVE_IN) el.append(document.getElementById(id));
  (el.querySelector("[data-first]") || el.querySelector("input, textarea, .dlg__f .btn--main") || el).focus();
}

function closing(el) {
  for (const id of MOVE_IN) if (el.contains(document.getElementById(id))) document.body.append(document.getElementById(id));
  el.close();
}

/** The row of buttons: what it means, back, and the one thing to press. */
export function foot(
  sentence,
  label,
  { busy = false, off = false, danger = false, cancel = t("agent.dialog.cancel"), first = false } = {},
) {
  return [
    h("p", null, sentence),
    button({ class: "btn", onclick: closeDialog }, cancel),
    h(
      "button",
      { class: danger ? "btn btn--danger" : "btn btn--main", disabled: busy || off, "data-first": first || null },
      busy ? t("agent.dialog.busy") : label,
    ),
  ];
}

/** What the box said no to, inside the dialog. @param {any} dialog */
export const fault = (dialog) =>
  dialog.fault && h("p", { class: "dlg__fault", role: "alert" }, icon("warn", { small: true }), dialog.fault);

const kinds = {
  transfer: transferDialog,
  conference: conferenceDialog,
  assign: assignDialog,
  palette: paletteDialog,

  /** REQ S3-36: confirm with the customer first. */
  end(state, dialog, one) {
    const name = firstName(customerName(one));
    const key = one.conference ? "agent.end.conference" : "agent.end";
    return frame("end", {
      title: t(`${key}.title`, { name: customerName(one) }),
      body: h("div", { class: "dlg__b" }, h("p", { class: "remind" }, icon("chat"), t("agent.end.remind", { name }))),
      foot: foot(t(`${key}.text`, { name }), t(one.conference ? "agent.act.end_conference" : "agent.act.end"), {
        busy: dialog.busy,
        danger: true,
        cancel: t("agent.dialog.not_yet"),
        first: true,
      }),
      onsubmit: () => end(one.conversation),
    });
  },

  /** ✖ on a live conversation (REQ D-2). */
  close(state, dialog, one) {
    const name = firstName(customerName(one));
    const choice = (symbol, title, text, run) =>
      button(
        { class: "choice", onclick: run },
        icon(symbol),
        h("span", null, h("strong", null, title), h("small", null, text)),
      );
    return frame("close", {
      title: t("agent.close.title", { name: customerName(one) }),
      body: h(
        "div",
        { class: "dlg__b choices" },
        choice("back", t("agent.close.release"), t("agent.close.release_text", { name }), () => {
          closeDialog();
          release(one.conversation);
        }),
        choice("end", t("agent.close.end"), t("agent.close.end_text", { name }), () =>
          openDialog("end", { conversation: one.conversation }),
        ),
      ),
      foot: [
        h("p", null, t("agent.close.text")),
        button({ class: "btn", onclick: closeDialog }, t("agent.dialog.cancel")),
      ],
    });
  },

  wrapup(state, dialog) {
    const one = state.sessions[dialog.conversation];
    const reasons = (state.settings.wrapup_reasons || []).filter((reason) =>
      reason.label.toLocaleLowerCase().includes(dialog.filter.toLocaleLowerCase()),
    );
    const chosen = dialog.reason !== undefined ? dialog.reason : null;
    const every = state.settings.wrapup_reasons || [];
    const pickOne = (reason) => set({ reason: reason.id, filter: "", index: Math.max(0, every.indexOf(reason)), fault: null });
    const rule = one?.wrapup || state.settings.wrapup || "required";
    const label = state.settings.wrapup_reasons?.find((reason) => reason.id === chosen)?.label;
    const about = `wrapup${dialog.conversation}`;
    const comment = dialog.comment ?? unsaid.get(about) ?? "";
    return frame(about, {
      title: t("agent.wrapup.title"),
      text: [one ? customerName(one) : dialog.name, dialog.story].filter(Boolean).join(" · "),
      body: [
        h(
          "div",
          { class: "dlg__b" },
          h(
            "label",
            { class: "label", for: "why" },
            t("agent.wrapup.reason"),
            h("small", null, t(`agent.wrapup.${rule}`)),
          ),
          h(
            "div",
            { class: "find" },
            icon("search"),
            h("input", {
              id: "why",
              role: "combobox",
              "aria-expanded": String(reasons.length > 0),
              "aria-controls": reasons.length ? "options" : null,
              "aria-activedescendant": reasons.length ? `opt${dialog.index}` : null,
              autocomplete: "off",
              placeholder: label || t("agent.wrapup.search"),
              value: dialog.filter,
              "data-first": true,
              oninput: (event) => set({ filter: event.currentTarget.value, index: 0 }),
              onkeydown: listKeys(dialog, reasons, set, pickOne),
            }),
          ),
          options(reasons, dialog, {
            label: t("agent.wrapup.reasons"),
            plain: true,
            chosen: (reason) => reason.id === chosen,
            pick: pickOne,
            none: t("agent.wrapup.none"),
            row: (reason) => reason.label,
          }),
          fault(dialog),
        ),
        h(
          "div",
          { class: "dlg__b" },
          h(
            "label",
            { class: "label", for: "com" },
            t("agent.wrapup.comment"),
            h("small", null, t("agent.wrapup.comment_hint")),
          ),
          h("textarea", {
            class: "note",
            id: "com",
            maxlength: 1000,
            placeholder: t("agent.wrapup.comment_place"),
            value: comment,
            oninput: (event) => {
              keepUnsaid(about, event.currentTarget.value);
              set({ comment: event.currentTarget.value });
            },
          }),
        ),
      ],
      foot: foot(
        t(dialog.ringing ? "agent.wrapup.text_ringing" : "agent.wrapup.text"),
        t(rule !== "required" && !chosen ? "agent.wrapup.skip" : "agent.wrapup.submit"),
        { busy: dialog.busy, cancel: t("agent.wrapup.later"), off: rule === "required" && !chosen },
      ),
      onsubmit: () => {
        if (!chosen && rule === "required") return set({ fault: t("agent.wrapup.needed") });
        // From here it stands in the dialog alone: what was handed in is not offered at another wrap-up.
        set({ comment });
        keepUnsaid(about, "");
        wrapup(dialog.conversation, chosen || undefined, comment);
      },
    });
  },

  note(state, dialog, one) {
    const about = `note${one.conversation}`;
    const text = dialog.text ?? unsaid.get(about) ?? "";
    return frame("note", {
      title: t("agent.notes.add"),
      text: t("agent.notes.hint"),
      body: h(
        "div",
        { class: "dlg__b" },
        h("textarea", {
          class: "note",
          "aria-label": t("agent.notes.add"),
          maxlength: 1000,
          value: text,
          oninput: (event) => {
            keepUnsaid(about, event.currentTarget.value);
            set({ text: event.currentTarget.value });
          },
        }),
      ),
      foot: foot("", t("agent.notes.keep"), { off: !text.trim(), busy: dialog.busy }),
      onsubmit: async () => {
        if (!text.trim()) return;
        set({ busy: true });
        if (!(await addNote(one.conversation, text.trim()))) return set({ busy: false });
        keepUnsaid(about, "");
        closeDialog();
      },
    });
  },

  /** REQ D-20: with a reason, which is kept. */
  reveal(state, dialog) {
    const target = dialog.seq
      ? { conversation: dialog.conversation, seq: dialog.seq }
      : { contact: dialog.contact, field: dialog.field };
    const body =
      dialog.shown !== undefined
        ? h("p", { class: "revealed", tabindex: "-1" }, dialog.shown)
        : [
            h(
              "label",
              { class: "label", for: "reveal" },
              t("agent.reveal.reason"),
              h("small", null, t("agent.wrapup.required")),
            ),
            h("input", {
              id: "reveal",
              class: "field",
              maxlength: 200,
              value: dialog.reason || "",
              oninput: (event) => set({ reason: event.currentTarget.value }),
            }),
            fault(dialog),
          ];
    return frame("reveal", {
      title: t("agent.reveal.title"),
      body: h("div", { class: "dlg__b" }, body),
      foot:
        dialog.shown !== undefined
          ? [
              h("p", null, t("agent.reveal.kept")),
              button({ class: "btn btn--main", onclick: closeDialog }, t("agent.dialog.close")),
            ]
          : foot(t("agent.reveal.text"), t("agent.reveal.do"), {
              off: !(dialog.reason || "").trim(),
              busy: dialog.busy,
            }),
      onsubmit: () => reveal({ ...target, reason: dialog.reason.trim() }),
    });
  },

  selftest(state) {
    return frame("selftest", {
      title: t("agent.test.title"),
      body: h("div", { class: "dlg__b" }, why(state), checkList(state)),
      foot: [
        h("p", null, t("agent.test.foot")),
        button({ class: "btn btn--main", onclick: ringOnce }, t("agent.test.ring")),
      ],
    });
  },

  keys(state) {
    const rows = [
      ["Alt A", "accept"],
      ["Alt R", "reject"],
      ["Alt 1 … 9, 0", "session"],
      ["Enter", "send"],
      ["Shift Enter", "line"],
      ["/", "quick"],
      ["Ctrl K", "palette"],
      ["Esc", "close"],
      ...(state.prefs.letters ? [["?", "list"]] : []),
    ];
    return frame("keys", {
      title: t("agent.keys.title"),
      body: h(
        "div",
        { class: "dlg__b" },
        h(
          "dl",
          { class: "facts keys" },
          rows.flatMap(([key, name]) => [
            h(
              "dt",
              { key },
              key.split(" ").map((part) => (/^…|,$/.test(part) ? ` ${part} ` : h("kbd", { key: part }, part))),
            ),
            h("dd", { key: name }, t(`agent.keys.${name}`)),
          ]),
        ),
      ),
      foot: [
        h("p", null, t("agent.keys.text")),
        button({ class: "btn btn--main", onclick: closeDialog }, t("agent.dialog.close")),
      ],
    });
  },

  signout(state) {
    return frame("signout", {
      title: t("agent.sign_out"),
      body: h(
        "div",
        { class: "dlg__b" },
        h("p", null, t("agent.sign_out_text", { count: state.order.length, n: state.order.length })),
      ),
      foot: foot(t("agent.sign_out_drafts"), t("agent.sign_out"), { danger: true, first: true }),
      onsubmit: () => {
        closeDialog();
        signOut();
      },
    });
  },

  /** A supervisor lifts what the system set (REQ S2-27). */
  reset(state, dialog) {
    const choices = ["available", "busy", "do_not_disturb", "away", "offline"];
    return frame("reset", {
      title: t("agent.live.reset_title", { name: dialog.name }),
      body: h(
        "div",
        { class: "dlg__b choices" },
        choices.map((status) =>
          button(
            {
              key: status,
              class: "choice choice--slim",
              onclick: () => (closeDialog(), resetPresence(dialog.agent, status)),
            },
            dot(status),
            presenceName(status),
          ),
        ),
      ),
      foot: [
        h("p", null, t("agent.live.reset_text", { name: firstName(dialog.name) })),
        button({ class: "btn", onclick: closeDialog }, t("agent.dialog.cancel")),
      ],
    });
  },

  force_end(state, dialog) {
    return frame("force_end", {
      title: t("agent.live.force_title", { name: dialog.name }),
      body: h("div", { class: "dlg__b" }, h("p", { class: "remind" }, icon("warn"), t("agent.live.force_remind"))),
      foot: foot(t("agent.live.force_text"), t("agent.live.force_end"), {
        danger: true,
        cancel: t("agent.dialog.not_yet"),
        first: true,
      }),
      onsubmit: () => {
        closeDialog();
        forceEnd(dialog.conversation);
      },
    });
  },

  /** Why supervisors see what they see (REQ S2-1). */
  purpose(state) {
    return frame("purpose", {
      title: t("agent.live.purpose"),
      body: h(
        "div",
        { class: "dlg__b" },
        h("p", null, t("agent.live.purpose_text")),
        state.settings.agent_notice && h("p", { class: "t-2" }, state.settings.agent_notice),
      ),
      foot: [h("p"), button({ class: "btn btn--main", onclick: closeDialog }, t("agent.dialog.close"))],
    });
  },
};
