/**
 * Whether the next request will be seen and heard, tested before it comes (REQ B-7).
 *
 * Shown as a lamp in the top bar, in words where there is room, and told to the box, so that a supervisor sees whose alerts cannot ring.
 */

import { h } from "/web/dom.js";
import { t } from "/web/i18n.js";
import { setPrefs } from "./acts.js";
import { ask, retryNow } from "./box.js";
import { askPermission, show } from "./notify.js";
import { allowSound, ring, soundState, watchSound } from "./sound.js";

let store;

/** @param {any} ours */
export function useSelftest(ours) {
  store = ours;
  const heard = () => store.dispatch({ type: "tests", patch: { sound: soundState() } });
  watchSound(heard);
  let before = null;
  store.watch(({ prefs }) => {
    if (prefs.sound === before) return;
    before = prefs.sound;
    allowSound(prefs.sound);
    heard();
  });
  let told = "";
  store.watch(({ tests, link, phase }) => {
    if (phase !== "ready" || link !== "open") return void (told = "");
    const now = JSON.stringify([tests.permission, tests.worker, tests.sound]);
    if (now === told) return;
    told = now;
    ask("selftest", { permission: tests.permission, worker: tests.worker, sound: tests.sound }).catch(() => {});
  });
}

/** Each check: `{id, name, is, ok, soft?, fix?, fixName?}`; soft ones do not turn the lamp red. @param {any} state */
export function checks(state) {
  const { permission, worker, sound, link } = state.tests;
  return [
    {
      id: "permission",
      name: t("agent.test.permission"),
      ok: permission === "granted",
      is: t(`agent.test.permission.${permission}`),
      fix: permission === "default" ? askPermission : null,
      fixName: t("agent.test.allow"),
    },
    {
      id: "worker",
      name: t("agent.test.worker"),
      ok: worker === "ready",
      soft: worker === "waiting",
      is: t(`agent.test.worker.${worker}`),
    },
    {
      id: "sound",
      name: t("agent.test.sound"),
      ok: sound === "ready",
      is: t(`agent.test.sound.${sound}`),
      fix: sound === "off" ? () => setPrefs({ sound: true }) : sound === "locked" ? ringOnce : null,
      fixName: t(sound === "off" ? "agent.sound.on" : "agent.test.try"),
    },
    {
      id: "link",
      name: t("agent.test.link"),
      ok: link === "open",
      is: t(`agent.test.link.${link}`),
      fix: link === "lost" ? retryNow : null,
      fixName: t("agent.again"),
    },
  ];
}

/** The lamp: `{ok, text, hint}`. @param {any} state */
export function verdict(state) {
  const bad = checks(state).filter((one) => !one.ok && !one.soft);
  if (!bad.length) return { ok: true, text: t("agent.test.good"), hint: t("agent.test.good_hint") };
  return {
    ok: false,
    text: t(`agent.test.bad.${bad[bad.length - 1].id}`),
    hint: bad.map((one) => `${one.name}: ${one.is}`).join("\n"),
  };
}

/** Rings and shows a desktop notification, as a request would. */
export async function ringOnce() {
  setTimeout(ring, 60);
  await show({
    id: "selftest",
    style: "toast",
    title: t("agent.test.sample"),
    fields: [{ label: t("agent.test.title"), value: t("agent.test.sample_text") }],
    desktop: "always",
  });
}

/** For the dialog: what it is for, and what no button here can mend. @param {any} state */
export const why = ({ tests }) => [
  h("p", { class: "t-2" }, t("agent.test.why")),
  tests.permission === "denied" && h("p", { key: "unblock", class: "checks__how" }, t("agent.test.unblock")),
  tests.worker === "refused" &&
    h(
      "p",
      { key: "trust", class: "checks__how" },
      h("a", { href: "/trust", target: "_blank", rel: "noopener" }, t("agent.test.trust")),
    ),
];
