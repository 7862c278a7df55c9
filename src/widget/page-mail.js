// A copy of the chat by mail, where the desk names a mail relay (REQ B-11). Fetched with the end of such a chat only.

import { h, icon } from "/web/dom.js";
import { t } from "/web/i18n.js";

/** One address, once; the box judges it. */
export function form(state, acts) {
  if (state.copied) return h("p", { class: "lead", key: "copied", role: "status" }, t("widget.copy_sent", { to: state.copied }));
  const to = (state.form.copy_to || "").trim();
  const send = async (event) => {
    event.preventDefault();
    if (to && (await acts.ask("copy", to))) acts.set({ copied: to });
  };
  return h(
    "form",
    { class: "p__mail", key: "mail", novalidate: true, onsubmit: send },
    h(
      "div",
      { class: "field" },
      h("label", { for: "f-copy" }, t("widget.copy_to")),
      h("input", {
        id: "f-copy",
        type: "email",
        autocomplete: "email",
        maxlength: "254",
        value: state.form.copy_to ?? "",
        oninput: (event) => acts.fill("copy_to", event.target.value),
      }),
    ),
    h("button", { class: "p__go quiet", disabled: !to || state.link !== "open" }, icon("send"), t("widget.copy_mail")),
  );
}
