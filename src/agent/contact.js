/**
 * The stored contact beside a conversation: who the customer is known as, and what staff do about it: keep, find, link,
 * change, erase (REQ S1-12, D-20). Values come masked; a masked one is replaced, never sent back.
 */

import { h, icon } from "/web/dom.js";
import { t } from "/web/i18n.js";
import { closeDialog, openDialog, trouble } from "./acts.js";
import { ask } from "./box.js";
import { fault, foot, frame } from "./dialogs.js";
import { listKeys, options } from "./options.js";
import { button, face, withMasks } from "./parts.js";
import { isSupervisor } from "./state.js";

const FIELDS = ["name", "email", "mobile", "phone"];
/** Contacts being asked for, by id. */
const asked = new Set();

let store;
/** @param {any} ours */
export function useContact(ours) {
  store = ours;
}
const set = (patch) => store.dispatch({ type: "dialog_set", patch });
const keep = (contact) =>
  store.dispatch({ type: "set", patch: { people: { ...store.get().people, [contact.id]: contact } } });

async function load(id) {
  if (asked.has(id)) return;
  asked.add(id);
  const answer = await ask("contact", { contact: id }).catch(() => null);
  asked.delete(id);
  keep(answer ? answer.contact : { id, gone: true });
}

/** @param {any} state @param {any} one the session @param {string | undefined} id of its contact */
export function contactSection(state, one, id) {
  const may = one.role !== "monitor" && one.state !== "waiting" && !one.reserved;
  const act = (name, run) => button({ class: "btn btn--small", onclick: run }, t(`agent.contact.${name}`));
  const about = { conversation: one.conversation };
  const body = (...kids) =>
    h("section", { class: "sect", key: "stored" }, h("h3", { class: "sect__h" }, t("agent.cust.stored")), ...kids);
  // Before it is hers there is nothing to be done about it, and the head says already that nobody is stored.
  if (!id && !may) return null;
  if (!id)
    return body(
      h(
        "p",
        { class: "cust__acts" },
        act("keep", () => newContact(one.conversation)),
        act("find", () => openDialog("contact_find", { ...about, filter: "", index: 0, items: [] })),
      ),
    );
  const contact = (state.people || {})[id];
  if (!contact) queueMicrotask(() => load(id));
  if (!contact || contact.gone)
    return body(h("p", { class: "t-3", role: "status" }, t(contact ? "agent.contact.gone" : "agent.loading")));
  const open = (field) => (state.settings.reveal ? () => () => openDialog("reveal", { contact: id, field }) : null);
  return body(
    h(
      "dl",
      { class: "facts" },
      FIELDS.filter((field) => contact[field]).flatMap((field) => [
        h("dt", { key: `t${field}` }, t(`agent.contact.${field}`)),
        h(
          "dd",
          { key: `d${field}` },
          h("span", { class: "wrap" }, withMasks(contact[field], contact.masked.includes(field) ? open(field) : null)),
        ),
      ]),
    ),
    may &&
      h(
        "p",
        { class: "cust__acts" },
        act("change", () => openDialog("contact_edit", { ...about, contact })),
        act("find", () => openDialog("contact_find", { ...about, filter: "", index: 0, items: [] })),
        act("unlink", () => link(one.conversation, null)),
      ),
  );
}

async function newContact(conversation) {
  const answer = await ask("contact_new", { conversation }).catch((error) => trouble(error, t("agent.contact.keep")));
  if (answer) keep(answer.contact);
}

async function link(conversation, contact) {
  await ask("contact_link", { conversation, contact }).then(closeDialog, (error) =>
    trouble(error, t("agent.contact.find")),
  );
}

/** Words of a refusal, inside the dialog. @param {any} error */
const refused = (error) => set({ busy: false, fault: t(`agent.error.${error?.code || "lost"}`) });

let wanted = "";
async function find(filter) {
  wanted = filter;
  set({ filter, index: 0, target: null, fault: null });
  if (!filter.trim()) return set({ items: [] });
  const answer = await ask("contact_find", { text: filter, limit: 20 }).catch(() => null);
  if (wanted === filter) set({ items: answer ? answer.items : [] });
}

function finder(dialog, pick) {
  return [
    h(
      "div",
      { class: "find" },
      icon("search"),
      h("input", {
        role: "combobox",
        "aria-expanded": String(dialog.items.length > 0),
        "aria-controls": dialog.items.length ? "options" : null,
        "aria-activedescendant": dialog.items.length ? `opt${dialog.index}` : null,
        "aria-label": t("agent.contact.search"),
        placeholder: t("agent.contact.search"),
        autocomplete: "off",
        "data-first": true,
        value: dialog.filter,
        oninput: (event) => find(event.currentTarget.value),
        onkeydown: listKeys(dialog, dialog.items, set, pick),
      }),
    ),
    options(dialog.items, dialog, {
      label: t("agent.contact.found"),
      chosen: (item) => item === dialog.target,
      pick,
      none: t(dialog.filter.trim() ? "agent.contact.nobody" : "agent.contact.search_hint"),
      row: (item) => [
        face(item.name || "?", { given: item.initials }),
        h(
          "span",
          { class: "cut" },
          item.name || t("agent.somebody"),
          h("small", null, [item.email, item.mobile, item.phone].filter(Boolean).join(" · ")),
        ),
        h("span"),
      ],
    }),
  ];
}

export const contactDialogs = {
  /** Who is it? The one chosen is linked. */
  contact_find(_state, dialog) {
    const pick = (target) => set({ target, fault: null });
    return frame("contact_find", {
      title: t("agent.contact.find"),
      body: h("div", { class: "dlg__b" }, finder(dialog, pick), fault(dialog)),
      foot: foot(t("agent.contact.link_text"), t("agent.contact.link"), { off: !dialog.target }),
      onsubmit: () => dialog.target && link(dialog.conversation, dialog.target.id),
    });
  },

  /** What is left empty stays; a masked value cannot be sent back because it is never in a field. */
  contact_edit(_state, dialog) {
    const { contact } = dialog;
    const fields = Object.fromEntries(FIELDS.map((field) => [field, (dialog[field] || "").trim()]).filter(([, v]) => v));
    return frame("contact_edit", {
      title: t("agent.contact.change_title", { name: contact.name || t("agent.somebody") }),
      body: h(
        "div",
        { class: "dlg__b" },
        FIELDS.map((field) => [
          h("label", { class: "label", for: `c-${field}`, key: `l${field}` }, t(`agent.contact.${field}`)),
          h("input", {
            key: field,
            id: `c-${field}`,
            class: "field",
            maxlength: 200,
            autocomplete: "off",
            placeholder: contact[field] || "",
            value: dialog[field] || "",
            oninput: (event) => set({ [field]: event.currentTarget.value, fault: null }),
          }),
        ]),
        fault(dialog),
      ),
      foot: foot(t("agent.contact.change_text"), t("agent.contact.save"), {
        busy: dialog.busy,
        off: !Object.keys(fields).length,
      }),
      onsubmit: async () => {
        if (!Object.keys(fields).length) return;
        set({ busy: true, fault: null });
        await ask("contact_edit", { contact: contact.id, fields }).then((answer) => {
          keep(answer.contact);
          closeDialog();
        }, refused);
      },
    });
  },

  /** Supervisors: all of one contact's data, on her request. */
  contact_erase(_state, dialog) {
    const pick = (target) => set({ target, fault: null });
    const off = !dialog.target || !(dialog.reason || "").trim();
    return frame("contact_erase", {
      title: t("agent.contact.erase_title"),
      body: h(
        "div",
        { class: "dlg__b" },
        finder(dialog, pick),
        h(
          "label",
          { class: "label", for: "erase" },
          t("agent.reveal.reason"),
          h("small", null, t("agent.wrapup.required")),
        ),
        h("input", {
          id: "erase",
          class: "field",
          maxlength: 200,
          value: dialog.reason || "",
          oninput: (event) => set({ reason: event.currentTarget.value }),
        }),
        fault(dialog),
      ),
      foot: foot(t("agent.contact.erase_text"), t("agent.contact.erase"), { busy: dialog.busy, off, danger: true }),
      onsubmit: async () => {
        if (off) return;
        set({ busy: true, fault: null });
        await ask("contact_erase", { contact: dialog.target.id, reason: dialog.reason.trim() }).then(
          (answer) => openDialog("contact_erased", { backups: answer.backups || [], pages: answer.pages }),
          (error) =>
            error?.code === "not_allowed" ? set({ busy: false, fault: t("agent.contact.erase_open") }) : refused(error),
        );
      },
    });
  },
};

/** What still holds it, and until when. */
contactDialogs.contact_erased = (_state, dialog) =>
  frame("contact_erased", {
    title: t("agent.contact.erased_title"),
    body: h(
      "div",
      { class: "dlg__b" },
      h("p", null, t(dialog.backups.length ? "agent.contact.erased_held" : "agent.contact.erased_none")),
      h(
        "ul",
        null,
        dialog.backups.map((one) =>
          h("li", { key: `${one.at}${one.to}` }, one.to, " · ", one.until ? t("agent.contact.erased_until", { day: one.until.slice(0, 10) }) : t("agent.contact.erased_kept")),
        ),
      ),
      dialog.pages && h("p", { class: "t-2" }, t(`agent.contact.erased_pages_${dialog.pages}`)),
    ),
    foot: [h("p"), button({ class: "btn btn--main", onclick: closeDialog }, t("agent.dialog.close"))],
  });

/** Opens the search that ends in an erasure; nothing for whoever may not. */
export function eraseCommand(state, add) {
  if (isSupervisor(state))
    add("settings", "person", t("agent.contact.erase_title"), () =>
      openDialog("contact_erase", { filter: "", index: 0, items: [] }),
    );
}
