/** Your presence: what it is, since when, who or what set it, and what you may choose (REQ S2-25, D-5). */

import { ago, clockTime, dayNumber, now } from "/web/format.js";
import { t } from "/web/i18n.js";
import { setPresence } from "./acts.js";
import { menu } from "./menu.js";
import { baseOf, dot, presenceName } from "./parts.js";
import { askPermissionOnce } from "./notify.js";

const CHOICES = ["available", "busy", "do_not_disturb", "away", "offline"];

/** @param {any} state */
export function presenceLabel(state) {
  if (!state.presence) return t("agent.presence.unknown");
  return presenceName(state.presence.status, state.presences);
}

/** Since when, and who or what set it. @param {any} state */
export function presenceStory(state) {
  if (!state.presence) return "";
  const { reason, since, by } = state.presence;
  const who =
    reason === "supervisor" && by
      ? t("agent.presence.by", { name: state.presence.by_name || by })
      : t(`agent.presence.reason.${reason}`);
  return t("agent.presence.story", { since: dayNumber(since) === dayNumber(now()) ? clockTime(since) : ago(since), who });
}

/** Built-in presences with the desk's own under the one they stand on. @param {any} state */
export function presenceMenu(state) {
  const now = state.presence?.status;
  const item = (id, under) => ({
    id,
    label: presenceName(id, state.presences),
    face: dot(id, state.presences),
    radio: now === id,
    indent: under,
    run: () => choose(id, state.presences),
  });
  const own = state.presences.filter((one) => one.base && one.id !== one.base);
  const items = CHOICES.flatMap((base) => [
    item(base, false),
    ...own.filter((one) => one.base === base).map((one) => item(one.id, true)),
  ]);
  return menu("presence", [{ head: presenceLabel(state), small: presenceStory(state) }, { sep: true }, ...items], {
    right: true,
  });
}

/** @param {string} id @param {any[]} presences */
export function choose(id, presences) {
  // The first time somebody says "I am ready", in a press of their own, is when a browser may be asked (REQ S2-13).
  if (baseOf(id, presences) === "available") askPermissionOnce();
  setPresence(id);
}
