/**
 * Desktop notifications, by a service worker because only those may carry buttons (REQ S2-5 to S2-13).
 *
 * never | always | background (default): background means hidden, minimised, or another window has the focus. No time stands
 * on them (S2-10); what the customer wrote comes masked from the box.
 */

import { t } from "/web/i18n.js";
import { accept, reject } from "./acts.js";
import { acceptLabel } from "./parts.js";

/** A worker that takes longer to start than this is not waited for: the request rings in the page meanwhile. */
const WORKER_MS_MAX = 3000;

let store;
let worker = null;
/** Settles once the worker is there or will not come. */
let started = Promise.resolve();
/** What the browser is showing or taking back now; see `inTurn`. */
let turn = Promise.resolve();

/** @param {any} ours */
export async function useNotifications(ours) {
  store = ours;
  report({ permission: permission() });
  if (navigator.permissions?.query) {
    navigator.permissions.query({ name: "notifications" }).then(
      (status) => (status.onchange = () => report({ permission: permission() })),
      () => {},
    );
  }
  if (!navigator.serviceWorker) return report({ worker: "missing" });
  navigator.serviceWorker.addEventListener("message", (event) => answer(event.data));
  started = start();
  await started;
}

async function start() {
  try {
    await navigator.serviceWorker.register("/agent/sw.js", { scope: "/agent/" });
    worker = await navigator.serviceWorker.ready;
    report({ worker: "ready" });
  } catch {
    report({ worker: "refused" });
  }
}

/**
 * One after the other. Chromium, asked which notifications there are, forgets those that are not on the screen yet: one
 * that is just being shown would stay on the screen, and neither its buttons nor its end would reach anybody.
 */
function inTurn(work) {
  turn = turn.then(work, work);
  return turn;
}

const report = (patch) => store.dispatch({ type: "tests", patch });
const permission = () => ("Notification" in globalThis ? Notification.permission : "missing");

/** Asks, once, in answer to a press. */
export async function askPermission() {
  if (!("Notification" in globalThis)) return;
  await Notification.requestPermission().catch(() => {});
  report({ permission: permission() });
}

/** Asks where it was never answered. */
export function askPermissionOnce() {
  if (permission() === "default") askPermission();
}

/** True where the page can be seen and has the focus (REQ S2-6). */
export const inFocus = () => document.visibilityState === "visible" && document.hasFocus();

/** A lock that each tab holds while it is looked at. The browser takes it back with the tab, however that ends. */
const LOOKED_AT = "deskbell.looked_at";
let holding = null;

/** Tells the agent's other tabs whether this one is looked at. @param {boolean} looking */
export function noteLooking(looking) {
  if (looking === Boolean(holding) || !navigator.locks) return;
  if (!looking) {
    holding.letGo?.();
    holding = null;
    return;
  }
  const mine = (holding = { letGo: null });
  const held = () => (holding === mine ? new Promise((letGo) => (mine.letGo = letGo)) : null);
  navigator.locks.request(LOOKED_AT, { mode: "shared" }, held).catch(() => {});
}

/** Whether the desktop is in focus in any of its tabs: the one beside it needs no notification of the system. */
async function looksAnywhere() {
  if (inFocus() || !navigator.locks) return inFocus();
  const { held = [] } = await navigator.locks.query().catch(() => ({}));
  return held.some((one) => one.name === LOOKED_AT);
}

const TIMES = /^\d+:\d\d(:\d\d)?$/;

/**
 * Shows one, if the workstream wants it now. @param {any} one notification
 * @returns {Promise<boolean>} whether it was shown
 */
export async function show(one) {
  if (permission() !== "granted" || one.desktop === "never") return false;
  if (one.desktop !== "always" && (await looksAnywhere())) return false;
  if (!worker) await Promise.race([started, new Promise((done) => setTimeout(done, WORKER_MS_MAX))]);
  return Boolean(worker) && inTurn(() => put(one));
}

async function put(one) {
  const lines = (one.fields || [])
    .filter((field) => field.value && !TIMES.test(field.value))
    .map((field) => `${field.label}: ${field.value}`);
  const asks = one.style === "alert";
  const actions = asks ? [{ action: "accept", title: acceptLabel(one) }] : [];
  if (asks && one.can_reject) actions.push({ action: "reject", title: t("agent.alert.reject") });
  try {
    await worker.showNotification(one.title, {
      body: lines.slice(0, 3).join("\n"),
      tag: one.id,
      icon: "/agent/icon.svg",
      requireInteraction: asks,
      silent: true,
      actions,
      data: { id: one.id },
    });
    return true;
  } catch {
    return false;
  }
}

/** Takes back what is no longer true. @param {(id: string) => boolean} still */
export const clear = (still) => inTurn(() => takeBack(still));

async function takeBack(still) {
  if (!worker) return;
  // Only offers are taken back; a call to a queue nobody watches stays until it is seen.
  for (const one of await worker.getNotifications().catch(() => []))
    if (/^n\d/.test(one.tag) && !still(one.tag)) one.close();
}

/** A press on a desktop notification, handed over by the worker (REQ S2-8, S2-9). */
function answer(message) {
  if (!message || message.kind !== "notification") return;
  if (message.action === "accept") accept(message.id);
  else if (message.action === "reject") reject(message.id);
  else store.dispatch({ type: "set", patch: { view: "desk" } });
}

/** What a window opened by the worker was opened for. Harmless when the offer is long over. */
export function answerFromAddress() {
  const asked = new URLSearchParams(location.hash.slice(1));
  if (!asked.get("n")) return;
  history.replaceState(null, "", location.pathname);
  answer({ kind: "notification", id: asked.get("n"), action: asked.get("do") });
}
