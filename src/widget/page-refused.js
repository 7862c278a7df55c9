// A conversation the box did not let begin: nothing that was typed is lost, and what can be done instead is shown.

import { now } from "/web/format.js";

/** @param {any} store @param {{client_id: string, comment?: string}} fields  of the `start` @param {{code: string}} refusal */
export function notStarted({ get, dispatch }, { client_id, comment }, { code }) {
  const set = (fields) => dispatch({ type: "set", fields });
  const { mode, consent, form } = get();
  const closed = code === "closed_hours" || code === "unavailable";
  set({ starting: null, formError: closed ? null : { code }, leave: mode === "live" && closed, form: { ...form, text: form.text ?? comment } });
  if (code === "consent_required") set({ consent: { text: "", ...consent, required: true }, form: { ...get().form, consent: false } });
  if (mode === "persistent" && comment)
    dispatch({ type: "write", item: { client_id, text: comment, conversation: null, at: now(), state: "failed", code } });
}
