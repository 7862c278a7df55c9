/** Ctrl+K: everything the buttons do, by name; and knowledge articles, by what stands in them (REQ S2-36). */

import { h, icon } from "/web/dom.js";
import { t } from "/web/i18n.js";
import { acceptTop, articlesWith, closeDialog, openArticle, openDialog, putAway, rejectTop, select, setPrefs, setView } from "./acts.js";
import { signOut } from "./box.js";
import { eraseCommand } from "./contact.js";
import { frame } from "./dialogs.js";
import { listKeys, options } from "./options.js";
import { customerName, kindIcon, nameOf, presenceName } from "./parts.js";
import { choose } from "./presence.js";
import { ringOnce } from "./selftest.js";
import { alerts, canType, listed, selectedSession } from "./state.js";
import { surfaces } from "./top.js";

const SHOWN_MAX = 60;
/** An article is looked for by what was typed once it rests this long. */
const TYPED_MS = 150;
const LOOKED_FOR_MIN = 2;

let store;
/** @param {any} ours */
export function usePalette(ours) {
  store = ours;
}

/** @param {any} state @param {any} dialog */
export function paletteDialog(state, dialog) {
  const set = (patch) => store.dispatch({ type: "dialog_set", patch });
  const words = dialog.filter.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const named = commands(state).filter((one) =>
    words.every((word) => `${one.name} ${one.group}`.toLocaleLowerCase().includes(word)),
  );
  const items = [...named, ...holding(dialog, named)].slice(0, SHOWN_MAX);
  const run = (one) => {
    closeDialog();
    one.run();
  };
  return frame("palette", {
    title: t("agent.palette.title"),
    plain: true,
    body: [
      h(
        "div",
        { class: "find find--bare" },
        icon("search"),
        h("input", {
          role: "combobox",
          "aria-expanded": String(items.length > 0),
          "aria-controls": items.length ? "options" : null,
          "aria-activedescendant": items.length ? `opt${dialog.index}` : null,
          "aria-label": t("agent.palette.title"),
          placeholder: t("agent.palette.place"),
          autocomplete: "off",
          "data-first": true,
          value: dialog.filter,
          oninput: (event) => {
            set({ filter: event.currentTarget.value, index: 0 });
            if ((state.settings.articles || []).length) lookFor(event.currentTarget.value);
          },
          onkeydown: listKeys(dialog, items, set, run),
        }),
        h("kbd", null, "Esc"),
      ),
      options(items, dialog, {
        label: t("agent.palette.title"),
        plain: true,
        pick: run,
        none: t("agent.palette.none"),
        row: (one) => [
          icon(one.icon, { small: true }),
          h("span", { class: "cut" }, one.name),
          h("small", null, one.group),
          one.key ? h("kbd", null, one.key) : h("span"),
        ],
      }),
    ],
  });
}

let looking = 0;
/** Articles that hold every word, from the box: it knows their texts. @param {string} typed */
function lookFor(typed) {
  clearTimeout(looking);
  if (typed.trim().length < LOOKED_FOR_MIN) return;
  looking = setTimeout(async () => {
    const items = await articlesWith(typed);
    const { dialog } = store.get();
    if (dialog?.kind === "palette" && dialog.filter === typed) store.dispatch({ type: "dialog_set", patch: { articles: items, typed } });
  }, TYPED_MS);
}

/** Those found whose title alone would not have shown them. */
function holding(dialog, named) {
  if (!dialog.articles || dialog.typed !== dialog.filter) return [];
  const shown = new Set(named.map((one) => one.article));
  return dialog.articles
    .filter((article) => !shown.has(article.id))
    .map((article) => command("articles", "search", article.title, () => openArticle(article.id), { article: article.id }));
}

const command = (group, symbol, name, run, more = {}) => ({
  id: `${group}${name}${more.article || ""}`,
  group: t(`agent.palette.${group}`),
  icon: symbol,
  name,
  run,
  ...more,
});

function commands(state) {
  const one = selectedSession(state);
  const list = [];
  const add = (group, symbol, name, run, key, more) =>
    list.push({ ...command(group, symbol, name, run, more), id: `${group}${name}${list.length}`, key });
  const top = alerts(state)[0];
  if (top) add("alert", "check", `${t("agent.alert.accept")}: ${top.title}`, acceptTop, "Alt A");
  if (top && top.can_reject) add("alert", "close", `${t("agent.alert.reject")}: ${top.title}`, rejectTop, "Alt R");
  if (one) conversationCommands(one, add);
  listed(state).forEach((other, i) =>
    add(
      "sessions",
      kindIcon(other.work_item_kind),
      `${customerName(other)} · ${nameOf(other.queue)}`,
      () => select(other.conversation),
      i < 10 ? `Alt ${(i + 1) % 10}` : "",
    ),
  );
  for (const status of ["available", "busy", "do_not_disturb", "away", "offline"])
    add("presence", "person", presenceName(status), () => choose(status, state.presences));
  for (const own of state.presences)
    if (own.base && own.id !== own.base) add("presence", "person", own.label, () => choose(own.id, state.presences));
  const symbols = { desk: "chat", live: "chart", find: "search", figures: "chart" };
  for (const view of surfaces(state))
    if (view !== state.view) add("view", symbols[view], t(`agent.surface.${view}`), () => setView(view));
  for (const article of state.settings.articles || [])
    add("articles", "search", article.title, () => openArticle(article.id), "", { article: article.id });
  eraseCommand(state, add);
  for (const theme of ["light", "dark", "system"])
    add(
      "settings",
      { light: "sun", dark: "moon", system: "system" }[theme],
      t("agent.palette.theme", { theme: t(`agent.theme.${theme}`) }),
      () => setPrefs({ theme }),
    );
  add(
    "settings",
    state.prefs.sound ? "mute" : "sound",
    t(state.prefs.sound ? "agent.sound.off" : "agent.sound.on"),
    () => setPrefs({ sound: !state.prefs.sound }),
  );
  add("settings", "bell", t("agent.test.ring"), ringOnce);
  add("settings", "keys", t("agent.keys.title"), () => openDialog("keys"), state.prefs.letters && "?");
  add("settings", "keys", t(state.prefs.letters ? "agent.letters.off" : "agent.letters.on"), () =>
    setPrefs({ letters: !state.prefs.letters }),
  );
  add("settings", "out", t("agent.sign_out"), () => (state.order.length ? openDialog("signout") : signOut()));
  return list;
}

function conversationCommands(one, add) {
  const id = one.conversation;
  const name = customerName(one);
  const of = (act) => `${t(`agent.act.${act}`)}: ${name}`;
  if (canType(one) && one.role === "owner") {
    add("conversation", "transfer", of("transfer"), () =>
      openDialog("transfer", { conversation: id, directory: "agents", to: "agents" }),
    );
    add("conversation", "escalate", `${t("agent.target.escalate")}: ${name}`, () =>
      openDialog("transfer", { conversation: id, directory: "queues", to: "escalate" }),
    );
    if (!one.conference)
      add("conversation", "conference", of("conference"), () =>
        openDialog("conference", { conversation: id, directory: "agents", to: "agents" }),
      );
    add(
      "conversation",
      one.mode === "persistent" ? "park" : "close",
      of(one.mode === "persistent" ? "park" : "close"),
      () => putAway(one),
    );
    add("conversation", "end", of(one.conference ? "end_conference" : "end"), () =>
      openDialog("end", { conversation: id }),
    );
  }
  if (one.state === "wrap_up")
    add("conversation", "note", of("finish"), () => openDialog("wrapup", { conversation: id }));
  if (one.role !== "monitor")
    add("conversation", "note", `${t("agent.notes.add")}: ${name}`, () => openDialog("note", { conversation: id }));
}
