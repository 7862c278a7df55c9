/**
 * The product clock, and times, spans and counts in words.
 *
 * Every time on the wire is on the box's product clock (a drill may run it at another speed), so nothing here
 * or in a view reads the computer's own clock for what people are shown.
 */

import { language, t } from "./i18n.js";

let base = { wall: Date.now(), mono: performance.now(), speed: 1 };

/** Sets the product clock from `welcome.clock`. @param {{now: string, speed?: number} | undefined} clock */
export function setClock(clock) {
  const wall = clock ? Date.parse(clock.now) : NaN;
  if (Number.isFinite(wall)) base = { wall, mono: performance.now(), speed: clock.speed || 1 };
}

/** Product time in ms since 1970. */
export function now() {
  return base.wall + (performance.now() - base.mono) * base.speed;
}

const formats = new Map();
function format(options) {
  const key = language() + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(language() === "en" ? "en-GB" : language(), options));
  return formats.get(key);
}

/** 10:24. @param {string | number} at */
export function clockTime(at) {
  return at ? format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(new Date(at)) : "";
}

/** The exact stamp shown on hover. @param {string | number} at */
export function exact(at) {
  return at ? format({ dateStyle: "full", timeStyle: "medium", hourCycle: "h23" }).format(new Date(at)) : "";
}

/** now, 3 min, 09:12, Thu, 12 Oct: relative within the hour, then the clock, then the day. @param {string | number} at */
export function ago(at) {
  const then = new Date(at).getTime();
  if (!Number.isFinite(then)) return "";
  const past = now() - then;
  if (past < 45_000) return t("time.now");
  if (past < 3_570_000) return t("time.min", { n: Math.max(1, Math.round(past / 60_000)) });
  const days = dayNumber(now()) - dayNumber(then);
  if (days <= 0) return clockTime(then);
  if (days < 7) return format({ weekday: "short" }).format(then);
  return format({ day: "numeric", month: "short" }).format(then);
}

/** Today, Yesterday, Thursday 19 November. @param {string | number} at */
export function dayName(at) {
  const days = dayNumber(now()) - dayNumber(new Date(at).getTime());
  if (days === 0) return t("time.today");
  if (days === 1) return t("time.yesterday");
  const year = new Date(at).getFullYear() === new Date(now()).getFullYear() ? {} : { year: "numeric" };
  return format({ weekday: "long", day: "numeric", month: "long", ...year })
    .format(new Date(at))
    .replace(",", "");
}

/** Calendar day as a number, in the reader's time zone. @param {string | number} at */
export function dayNumber(at) {
  const date = new Date(at);
  return Math.floor((date.getTime() - date.getTimezoneOffset() * 60_000) / 86_400_000);
}

/** 4:12, 1:04:12. @param {number} ms */
export function span(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  const two = (n) => String(n).padStart(2, "0");
  return s < 3600
    ? `${Math.floor(s / 60)}:${two(s % 60)}`
    : `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

/** Unicode scalar values (REQ D-14): a lone surrogate counts as one, as it does once it is replaced. @param {string} text */
export function countChars(text) {
  let n = 0;
  for (const _ of text) n += 1;
  return n;
}

const encoder = new TextEncoder();
/** Bytes on the wire. @param {string} text */
export function countBytes(text) {
  return encoder.encode(text).length;
}

/** Up to two initials; none for what is not a name (a masked number). @param {string | undefined} name */
export function initials(name) {
  const words = (name || "").split(/\s+/).filter((word) => /^\p{L}/u.test(word));
  if (!words.length) return "";
  const ends = words.length > 1 ? [words[0], words[words.length - 1]] : [words[0]];
  return ends.map((word) => [...word][0].toLocaleUpperCase()).join("");
}

/** The first word of a name, for short sentences. @param {string | undefined} name */
export function firstName(name) {
  return (name || "").split(" ")[0];
}
