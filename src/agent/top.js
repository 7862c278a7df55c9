/** The top bar: where you are, the command palette, the alert lamp, your presence and load, theme and account. */

import { h, icon } from "/web/dom.js";
import { initials } from "/web/format.js";
import { LANGUAGES, language, t } from "/web/i18n.js";
import { openCodes, openPassword } from "./account.js";
import { openDialog, setPrefs, setView } from "./acts.js";
import { signOut } from "./box.js";
import { menu, toggleMenu } from "./menu.js";
import { button, dot, iconButton } from "./parts.js";
import { presenceMenu, presenceLabel, presenceStory } from "./presence.js";
import { verdict } from "./selftest.js";
import { held, isSupervisor, SESSIONS_MAX } from "./state.js";
import { isDark } from "./theme.js";

export const inputs = (s) => [
  s.me,
  s.presence,
  s.presences,
  s.settings,
  s.place,
  s.tests,
  s.prefs,
  s.menu,
  s.view,
  s.order,
  s.sessions,
];

/** The surfaces this person has. */
export const surfaces = (state) =>
  isSupervisor(state) ? ["desk", "live", "find", "figures"] : ["desk", "find", "figures"];

/** @param {any} state */
export function top(state) {
  const full = held(state) >= SESSIONS_MAX;
  return [
    h("span", { class: "brand" }, icon("bell"), "deskbell"),
    state.place && h("span", { class: "place cut" }, state.place),
    h(
      "nav",
      { class: "top__nav", "aria-label": t("agent.surfaces") },
      surfaces(state).map((view) =>
        button(
          { key: view, "aria-current": state.view === view ? "page" : null, onclick: () => setView(view) },
          t(`agent.surface.${view}`),
        ),
      ),
    ),
    button(
      { class: "jump", "aria-haspopup": "dialog", onclick: () => openDialog("palette") },
      icon("search", { small: true }),
      h("span", null, t("agent.palette.open")),
      h("kbd", { "aria-hidden": "true" }, "Ctrl K"),
    ),
    lamp(state),
    h("span", { class: "sep" }),
    h(
      "span",
      { class: "anchor" },
      button(
        {
          class: "lamp presence",
          id: "presence",
          "aria-haspopup": "menu",
          "aria-expanded": String(state.menu === "presence"),
          title: presenceStory(state),
          onclick: () => toggleMenu("presence"),
        },
        state.presence && dot(state.presence.status, state.presences),
        h("span", { class: "cut" }, presenceLabel(state)),
        icon("chevron", { small: true }),
      ),
      state.menu === "presence" && presenceMenu(state),
    ),
    h(
      "span",
      { class: full ? "load t-urgent" : "load", title: t("agent.held_hint") },
      `${held(state)}/${SESSIONS_MAX}`,
    ),
    h("span", { class: "sep" }),
    iconButton(
      isDark() ? "sun" : "moon",
      t(isDark() ? "agent.theme.to_light" : "agent.theme.to_dark"),
      () => setPrefs({ theme: isDark() ? "light" : "dark" }),
      { class: "btn btn--icon top__theme" },
    ),
    h(
      "span",
      { class: "anchor" },
      button(
        {
          class: "btn btn--icon",
          id: "account",
          "aria-haspopup": "menu",
          "aria-expanded": String(state.menu === "account"),
          onclick: () => toggleMenu("account"),
        },
        h("span", { class: "avatar avatar--me", "aria-hidden": "true" }, initials(state.me.name)),
        h("span", { class: "vh" }, t("agent.account", { name: state.me.name })),
      ),
      state.menu === "account" && account(state),
    ),
  ];
}

function lamp(state) {
  const { ok, text, hint } = verdict(state);
  return button(
    {
      class: ok ? "lamp" : "lamp lamp--bad",
      "aria-haspopup": "dialog",
      title: hint,
      onclick: () => openDialog("selftest"),
    },
    ok ? h("span", { class: "dot" }) : icon("bell", { small: true }),
    h("span", { class: "btn__t" }, text),
    h("span", { class: "vh" }, t("agent.test.title")),
  );
}

function account(state) {
  const theme = (value, label, symbol) => ({
    id: `theme-${value}`,
    label,
    icon: symbol,
    radio: state.prefs.theme === value,
    run: () => setPrefs({ theme: value }),
  });
  const words = (code) => ({
    id: `lang-${code}`,
    label: t(`agent.language.${code}`),
    radio: language() === code,
    run: () => setPrefs({ language: code }),
  });
  const deskTheme = state.settings.theme || "system";
  return menu(
    "account",
    [
      { head: state.me.name, small: state.settings.agent_notice },
      { sep: true },
      { group: t("agent.theme") },
      theme("", t("agent.theme.desk", { theme: t(`agent.theme.${deskTheme}`) })),
      theme("light", t("agent.theme.light"), "sun"),
      theme("dark", t("agent.theme.dark"), "moon"),
      theme("system", t("agent.theme.system"), "system"),
      { sep: true },
      { group: t("agent.language") },
      ...LANGUAGES.map(words),
      { sep: true },
      {
        id: "sound",
        label: t(state.prefs.sound ? "agent.sound.off" : "agent.sound.on"),
        icon: state.prefs.sound ? "mute" : "sound",
        run: () => setPrefs({ sound: !state.prefs.sound }),
      },
      { id: "password", label: t("agent.account.password"), icon: "person", run: openPassword },
      { id: "codes", label: t("agent.account.codes"), icon: "mask", run: openCodes },
      {
        id: "keys",
        label: t("agent.keys.title"),
        icon: "keys",
        hint: state.prefs.letters && "?",
        run: () => openDialog("keys"),
      },
      {
        id: "letters",
        label: t(state.prefs.letters ? "agent.letters.off" : "agent.letters.on"),
        run: () => setPrefs({ letters: !state.prefs.letters }),
      },
      {
        id: "out",
        label: t("agent.sign_out"),
        icon: "out",
        run: () => (held(state) ? openDialog("signout") : signOut()),
      },
    ],
    { right: true },
  );
}
