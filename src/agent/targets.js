/** Whom to hand a conversation to: transfer, escalation, conference, and a supervisor's assignment (REQ S3-29 to S3-35). */

import { h, icon } from "/web/dom.js";
import { firstName } from "/web/format.js";
import { t } from "/web/i18n.js";
import { ask } from "./box.js";
import { closeDialog, handOver, loadDirectory, openDialog, trouble } from "./acts.js";
import { fault, foot, frame } from "./dialogs.js";
import { listKeys, options } from "./options.js";
import { button, customerName, dot, face, gauge, nameOf, presenceName } from "./parts.js";

let store;
/** @param {any} ours */
export function useTargets(ours) {
  store = ours;
  let before = null;
  store.watch(({ dialog }) => {
    const wanted = dialog && dialog.directory;
    if (wanted && dialog.items === undefined && before !== dialog.directory + dialog.kind) loadDirectory(wanted);
    before = wanted ? dialog.directory + dialog.kind : null;
  });
}

const set = (patch) => store.dispatch({ type: "dialog_set", patch });

function shown(dialog) {
  const wanted = dialog.filter.toLocaleLowerCase();
  return (dialog.items || []).filter(
    (item) =>
      !wanted || `${item.name} ${(item.queues || []).map(nameOf).join(" ")}`.toLocaleLowerCase().includes(wanted),
  );
}

/** Search, list, Reload. The list is what the box says is available now. */
function chooser(state, dialog, label) {
  const items = shown(dialog);
  const pick = (item) => set({ target: item, index: items.indexOf(item), fault: null });
  const chosen = dialog.target;
  return h(
    "div",
    { class: "dlg__b" },
    dialog.kind !== "conference" && segments(dialog),
    h(
      "div",
      { class: "find" },
      icon("search"),
      h("input", {
        role: "combobox",
        "aria-expanded": String(items.length > 0),
        "aria-controls": items.length ? "options" : null,
        "aria-activedescendant": items.length ? `opt${dialog.index}` : null,
        "aria-label": label,
        placeholder: t(dialog.directory === "agents" ? "agent.target.search_agents" : "agent.target.search_queues"),
        autocomplete: "off",
        "data-first": true,
        value: dialog.filter,
        oninput: (event) => set({ filter: event.currentTarget.value, index: 0, target: null }),
        onkeydown: listKeys(dialog, items, set, (item) =>
          chosen === item ? document.querySelector("dialog form")?.requestSubmit() : pick(item),
        ),
      }),
      button(
        { class: "btn btn--small", onclick: () => loadDirectory(dialog.directory) },
        icon("retry", { small: true }),
        t("agent.reload"),
      ),
    ),
    dialog.items === null || dialog.items === undefined
      ? h("p", { class: "opts__none", role: "status" }, t("agent.loading"))
      : options(items, dialog, {
          label,
          chosen: (item) => item === chosen,
          pick,
          none: t(
            dialog.failed
              ? "agent.target.failed"
              : dialog.filter
                ? "agent.target.no_match"
                : dialog.directory === "agents"
                  ? "agent.target.no_agents"
                  : "agent.target.no_queues",
          ),
          row: (item) => target(state, dialog, item),
        }),
    dialog.to === "escalate" &&
      h(
        "div",
        { class: "escalate" },
        h(
          "label",
          { class: "label", for: "esc" },
          t("agent.escalate.reason"),
          h("small", null, t("agent.wrapup.required")),
        ),
        h("input", {
          class: "field",
          id: "esc",
          maxlength: 200,
          value: dialog.reason || "",
          oninput: (event) => set({ reason: event.currentTarget.value }),
        }),
      ),
    fault(dialog),
  );
}

function segments(dialog) {
  const to = (id, directory, symbol) =>
    button(
      {
        key: id,
        role: "tab",
        "aria-selected": String(dialog.to === id),
        onclick: () =>
          store.dispatch({
            type: "dialog",
            dialog: {
              ...dialog,
              to: id,
              directory,
              items: dialog.directory === directory ? dialog.items : undefined,
              filter: "",
              index: 0,
              target: null,
              fault: null,
            },
          }),
      },
      icon(symbol),
      t(`agent.target.${id}`),
    );
  return h(
    "div",
    { class: "seg", role: "tablist", "aria-label": t("agent.target.to") },
    to("agents", "agents", "person"),
    to("queues", "queues", "queue"),
    dialog.kind === "transfer" && to("escalate", "queues", "escalate"),
  );
}

function target(state, dialog, item) {
  if (dialog.directory === "queues") {
    const bits = [
      item.waiting > 0
        ? t("agent.queue.waiting", { count: item.waiting, n: item.waiting })
        : item.waiting === 0
          ? t("agent.queue.none")
          : "",
      item.able !== undefined
        ? t("agent.target.able", { count: Number(item.able?.length ?? item.able), n: item.able?.length ?? item.able })
        : "",
    ];
    return [
      h("span", { class: "avatar" }, icon("queue", { small: true })),
      h("span", { class: "cut" }, item.name, h("small", null, bits.filter(Boolean).join(" · "))),
      h("span"),
    ];
  }
  const status = item.presence?.status || item.presence || (item.available === false ? "offline" : "available");
  const where = (item.queues || [])
    .map((one) => nameOf(state.queues.find((queue) => queue.id === one) || one))
    .join(", ");
  return [
    face(item.name),
    h(
      "span",
      { class: "cut" },
      item.name,
      h(
        "small",
        null,
        dot(status, state.presences),
        [presenceName(status, state.presences), where].filter(Boolean).join(" · "),
      ),
    ),
    gauge(item.load ?? item.used, item.capacity) || h("span"),
  ];
}

/** @param {any} state @param {any} dialog @param {any} one */
export function transferDialog(state, dialog, one) {
  const name = firstName(customerName(one));
  const to = dialog.target;
  const toAgent = dialog.to === "agents";
  const escalate = dialog.to === "escalate";
  const sentence = !to
    ? t("agent.transfer.choose")
    : toAgent
      ? t("agent.transfer.agent", { name, to: firstName(to.name) })
      : t("agent.transfer.queue", { name, to: to.name });
  const rule = one.wrapup || state.settings.wrapup || "required";
  return frame("transfer", {
    title: t("agent.transfer.title", { name: customerName(one) }),
    body: chooser(state, dialog, t(toAgent ? "agent.target.agents_list" : "agent.target.queues_list")),
    foot: foot(sentence, t(escalate ? "agent.target.escalate" : "agent.act.transfer"), {
      busy: dialog.busy,
      off: !to || (escalate && !(dialog.reason || "").trim()),
    }),
    onsubmit: () => {
      if (!to || (escalate && !(dialog.reason || "").trim())) return;
      const after =
        rule === "none"
          ? null
          : {
              conversation: one.conversation,
              name: customerName(one),
              ringing: toAgent,
              story: t(toAgent ? "agent.transfer.ringing" : "agent.transfer.gone", { to: to.name }),
            };
      if (escalate)
        handOver("escalate", { conversation: one.conversation, queue: to.id, reason: dialog.reason.trim() }, after);
      else
        handOver(
          "transfer",
          { conversation: one.conversation, to: toAgent ? { agent: to.id } : { queue: to.id } },
          after,
        );
    },
  });
}

/** @param {any} state @param {any} dialog @param {any} one */
export function conferenceDialog(state, dialog, one) {
  const to = dialog.target;
  return frame("conference", {
    title: t("agent.conference.title", { name: customerName(one) }),
    body: chooser(state, dialog, t("agent.target.agents_list")),
    foot: foot(
      to ? t("agent.conference.text", { to: firstName(to.name) }) : t("agent.conference.choose"),
      t("agent.conference.do"),
      { busy: dialog.busy, off: !to },
    ),
    onsubmit: () => to && handOver("conference", { conversation: one.conversation, agent: to.id }, null),
  });
}

/** @param {any} state @param {any} dialog */
export function assignDialog(state, dialog) {
  const to = dialog.target;
  const toAgent = dialog.to === "agents";
  return frame("assign", {
    title: t("agent.live.assign_title", { name: dialog.name }),
    body: chooser(state, dialog, t(toAgent ? "agent.target.agents_list" : "agent.target.queues_list")),
    foot: foot(to ? t("agent.live.assign_text", { to: to.name }) : t("agent.transfer.choose"), t("agent.live.assign"), {
      busy: dialog.busy,
      off: !to,
    }),
    onsubmit: async () => {
      if (!to) return;
      set({ busy: true });
      const fields = toAgent ? { agent: to.id } : { queue: to.id };
      await ask("assign", { conversation: dialog.id, ...fields }).then(
        closeDialog,
        (error) => (closeDialog(), trouble(error, t("agent.live.assign"))),
      );
    },
  });
}

/** @param {any} row of the supervisor's table @param {"agents" | "queues"} to */
export const openAssign = (row, to) => openDialog("assign", { id: row.id, name: customerName(row), directory: to, to });
