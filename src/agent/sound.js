/**
 * The bell: two struck tones made here, so that no file has to be fetched to ring.
 *
 * A browser lets a page sound only after somebody has pressed something in it; until then the self-test is not green.
 */

const RING_EVERY_MS = 3600;
/** Partials of a small desk bell: ratio to the ground tone, loudness, seconds to fade. */
const PARTIALS = [
  [1, 0.5, 1.4],
  [2.76, 0.22, 0.7],
  [5.4, 0.08, 0.3],
];

let context = null;
let ringing = 0;
let wanted = true;
let changed = () => {};

/** @param {() => void} onChange called when the sound is unlocked or lost */
export function watchSound(onChange) {
  changed = onChange;
  for (const event of ["pointerdown", "keydown"]) addEventListener(event, unlock, { capture: true });
}

/** @param {boolean} on */
export function allowSound(on) {
  wanted = on;
  if (!on) quiet();
}

/** "off" by choice, "locked" until a press, "ready", or "missing" where the browser has none. */
export function soundState() {
  if (!wanted) return "off";
  if (!("AudioContext" in globalThis)) return "missing";
  return context && context.state === "running" ? "ready" : "locked";
}

async function unlock() {
  if (!("AudioContext" in globalThis) || (context && context.state === "running")) return;
  try {
    if (!context) {
      context = new AudioContext();
      context.onstatechange = () => changed();
    }
    await context.resume();
  } catch {
    // No output device: the state says so.
  }
  changed();
}

function strike(at, pitch, loud) {
  for (const [ratio, level, fade] of PARTIALS) {
    const tone = context.createOscillator();
    const gain = context.createGain();
    tone.frequency.value = pitch * ratio;
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(level * loud, at + 0.006);
    gain.gain.exponentialRampToValueAtTime(0.0001, at + fade);
    tone.connect(gain).connect(context.destination);
    tone.start(at);
    tone.stop(at + fade + 0.05);
  }
}

/** Rings once; false when it cannot be heard. */
export function ring() {
  if (soundState() !== "ready") return false;
  strike(context.currentTime, 1175, 0.5);
  strike(context.currentTime + 0.24, 1568, 0.45);
  return true;
}

/** A soft single tone for a message in a session that is not in view. */
export function tick() {
  if (soundState() === "ready") strike(context.currentTime, 880, 0.1);
}

/** Rings until `quiet()`. Returns whether it can be heard. */
export function keepRinging() {
  if (!ringing) {
    ringing = setInterval(ring, RING_EVERY_MS);
    return ring();
  }
  return soundState() === "ready";
}

export function quiet() {
  clearInterval(ringing);
  ringing = 0;
}
