// The forms around a conversation: before it, instead of it when the branch is closed, before its end, and after it.

import { h } from "/web/dom.js";
import { pick, t } from "/web/i18n.js";
import { clean, measure } from "./page-compose.js";
import { title, when } from "./page-words.js";

const NAME_MAX = 200;

/** One labelled field bound to `state.form`, so that no redrawing and no refusal loses what was typed. */
function field(state, acts, { id, label, kind = "text", required = false, options = [], autocomplete = "off", rows = 3 }) {
  const at = `f-${id}`;
  const value = state.form[id] ?? "";
  const wrong = state.formError?.field === id;
  const common = {
    id: at,
    name: id,
    required,
    autocomplete,
    "aria-invalid": String(wrong),
    "aria-describedby": wrong ? "form-error" : undefined,
    oninput: (event) => acts.fill(id, event.target.value),
  };
  const name = [label, required ? "" : h("span", { class: "soft" }, ` ${t("widget.optional")}`)];
  if (kind === "checkbox") {
    return h(
      "label",
      { class: "tick", key: id },
      h("input", { ...common, type: "checkbox", checked: Boolean(value), oninput: (event) => acts.fill(id, event.target.checked) }),
      h("span", null, label),
    );
  }
  let input;
  if (kind === "textarea") input = h("textarea", { ...common, rows: String(rows), value });
  else if (kind === "select")
    input = h("select", { ...common, value }, [
      h("option", { value: "" }, ""),
      ...options.map(pick).map((one) => h("option", { value: one, selected: one === value }, one)),
    ]);
  else input = h("input", { ...common, type: kind === "email" || kind === "tel" ? kind : "text", maxlength: String(NAME_MAX), value });
  return h("div", { class: "field", key: id }, h("label", { for: at }, name), input);
}

function failure(state) {
  const { formError } = state;
  return h(
    "p",
    { class: "p__error", id: "form-error", role: "alert" },
    formError ? t(`widget.error.${formError.code}`, { seconds: Math.ceil((formError.retry_after_ms || 0) / 1000) }) : "",
  );
}

function consent(state, acts) {
  if (!state.consent) return null;
  const text = pick(state.consent.text) || t("widget.consent");
  return state.consent.required
    ? field(state, acts, { id: "consent", label: text, kind: "checkbox", required: true })
    : h("p", { class: "soft small", key: "notice" }, text);
}

/** @returns {string|null} the id of the first field that cannot stay so */
function firstWrong(state, fields) {
  const wrong = fields.find(({ id, required }) => {
    const value = state.form[id];
    return typeof value === "string" ? (required && !value.trim()) || measure(value).over : required && !value;
  });
  return wrong ? wrong.id : null;
}

function submit(state, acts, fields, go) {
  return (event) => {
    event.preventDefault();
    const asked = state.consent?.required ? [...fields, { id: "consent", required: true }] : fields;
    const wrong = firstWrong(state, asked);
    if (!wrong) return go();
    const over = typeof state.form[wrong] === "string" && measure(state.form[wrong]).over;
    acts.wrong(over ? "too_long" : wrong === "consent" ? "consent_required" : "missing", wrong);
    document.getElementById(`f-${wrong}`)?.focus();
  };
}

// A pre-chat field of one of these names is part of `start` itself, any other an answer.
const OWN = { name: "name", email: "email", phone: "tel", comment: "textarea" };
const FIELDS = { choice: "select", phone: "tel" };

function prechat(settings) {
  const asked = (settings.prechat || []).map((one) => ({
    ...one,
    label: pick(one.label) || one.id,
    kind: FIELDS[one.kind] || OWN[one.id] || one.kind,
    autocomplete: { name: "name", email: "email", phone: "tel" }[one.id],
  }));
  return asked.some((one) => one.id === "name") ? asked : [{ id: "name", label: t("widget.name"), autocomplete: "name" }, ...asked];
}

/** The fields of `start` out of the form. */
function startFields(state) {
  const out = {};
  const answers = {};
  for (const { id } of prechat(state.settings)) {
    const value = typeof state.form[id] === "string" ? clean(state.form[id]).trim() : state.form[id];
    if (value === undefined || value === "") continue;
    (id in OWN ? out : answers)[id] = value;
  }
  if (Object.keys(answers).length) out.answers = answers;
  if (state.form.consent) out.consent = true;
  return out;
}

export function startForm(state, acts) {
  const fields = prechat(state.settings);
  return h(
    "form",
    { class: "p__pane", key: "start", novalidate: true, onsubmit: submit(state, acts, fields, () => acts.start(startFields(state))) },
    h("p", { class: "lead" }, pick(state.settings.texts?.welcome) || t("widget.start_lead")),
    fields.map((one) => field(state, acts, one)),
    consent(state, acts),
    failure(state),
    h("button", { class: "p__go" }, t("widget.start")),
  );
}

/** Persistent: nothing is asked but consent, and only where it is required. */
export function consentForm(state, acts) {
  return h(
    "form",
    { class: "p__pane", key: "consent", novalidate: true, onsubmit: (event) => (event.preventDefault(), acts.fill("consent", true)) },
    h("p", { class: "lead" }, pick(state.consent.text) || t("widget.consent")),
    failure(state),
    h("button", { class: "p__go" }, t("widget.agree")),
  );
}

export function leaveForm(state, acts) {
  const { settings, opensAt, open } = state;
  const said = open ? t("widget.nobody") : opensAt ? t("widget.closed_lead", { when: when(opensAt) }) : t("widget.closed_lead_never");
  const lead = h("p", { class: "lead" }, pick(settings.texts?.out_of_hours) || said);
  if (settings.offline_message === false || state.noMessages) return h("div", { class: "p__pane", key: "closed" }, lead);
  const fields = [
    { id: "name", label: t("widget.name"), autocomplete: "name" },
    { id: "text", label: t("widget.your_message"), kind: "textarea", rows: 4, required: true },
    { id: "reach", label: t("widget.reach"), autocomplete: "email", required: true },
  ];
  return h(
    "form",
    { class: "p__pane", key: "leave", novalidate: true, onsubmit: submit(state, acts, fields, () => leave(acts, leaveFields(state.form))) },
    lead,
    fields.map((one) => field(state, acts, one)),
    consent(state, acts),
    failure(state),
    h("button", { class: "p__go", disabled: state.link !== "open" }, t("widget.leave")),
  );
}

async function leave(acts, fields) {
  const ok = await acts.ask("leave", fields);
  if (ok) acts.set({ left: { reference: ok.reference, answerFrom: ok.answer_from }, form: {}, leave: false });
}

async function rate(acts, score, comment) {
  if (await acts.ask("rate", score, comment)) acts.set({ rated: score, form: {} });
}

function leaveFields({ name, text, reach, consent: agreed }) {
  const way = reach.trim();
  return {
    ...(name?.trim() && { name: clean(name).trim() }),
    [way.includes("@") ? "email" : "phone"]: way,
    text: clean(text),
    ...(agreed && { consent: true }),
  };
}

export function leftPane({ left }, acts) {
  return h(
    "div",
    { class: "p__pane", key: "left" },
    h("h2", { tabindex: "-1", class: "focus-here" }, t("widget.left")),
    h("p", { class: "lead" }, left.answerFrom ? t("widget.left_when", { when: when(left.answerFrom) }) : t("widget.left_soon")),
    h("p", { class: "soft" }, t("widget.reference", { reference: left.reference })),
    h("button", { class: "p__go quiet", type: "button", onclick: acts.afresh }, t("widget.leave_another")),
  );
}

/** The chat as a file, made in the customer's own browser. */
async function copy(state, acts) {
  const { save } = await import("./page-copy.js");
  await save(acts, state, title(state));
}

/** After the end: how it was, and a way to a new one. */
export function endedPane(state, acts, part) {
  const { form, rated } = state;
  const scores = [1, 2, 3, 4, 5];
  return h(
    "section",
    { class: "p__ended", key: "ended", "aria-label": t("widget.ended") },
    rated
      ? h("p", { class: "lead", role: "status" }, t("widget.rated"))
      : h(
          "form",
          { key: "rate", onsubmit: (event) => (event.preventDefault(), form.score && rate(acts, form.score, clean(form.why || "").trim())) },
          h(
            "fieldset",
            null,
            h("legend", null, t("widget.rate")),
            h(
              "div",
              { class: "scores" },
              scores.map((n) =>
                h(
                  "label",
                  { class: "score", key: n },
                  h("input", { type: "radio", name: "score", value: String(n), checked: form.score === n, onchange: () => acts.fill("score", n) }),
                  h("span", { "aria-hidden": "true" }, String(n)),
                  h("span", { class: "vh" }, t(`widget.score_${n}`)),
                ),
              ),
            ),
            h("p", { class: "ends", "aria-hidden": "true" }, h("span", null, t("widget.score_1")), h("span", null, t("widget.score_5"))),
          ),
          form.score && field(state, acts, { id: "why", label: t("widget.why"), kind: "textarea", rows: 2 }),
          form.score && h("button", { class: "p__go" }, t("widget.send_rating")),
        ),
    failure(state),
    h("button", { class: "p__go quiet", type: "button", key: "copy", onclick: () => copy(state, acts) }, t("widget.copy")),
    state.settings.copy_by_mail && state.conversation?.agent && part("mail")?.form(state, acts),
    state.mode === "live" && h("button", { class: `p__go${rated ? "" : " quiet"}`, type: "button", onclick: acts.afresh }, t("widget.new_chat")),
  );
}

/** Before a chat is ended: whether that is meant. `ref` gets the dialog, to be opened. */
export function confirmation(acts, ref) {
  const close = (event) => event.target.closest("dialog").close();
  return h(
    "dialog",
    { key: "confirm", "aria-labelledby": "end-q", ref },
    h("h2", { id: "end-q" }, t("widget.end_q")),
    h("p", null, t("widget.end_more")),
    h(
      "div",
      { class: "row" },
      h("button", { class: "p__go quiet", type: "button", onclick: close }, t("widget.end_no")),
      h("button", { class: "p__go", type: "button", onclick: (event) => (close(event), acts.ask("end")) }, t("widget.end")),
    ),
  );
}
