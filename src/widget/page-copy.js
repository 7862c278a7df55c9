// "Save a copy": the customer's own conversation as a file, made on her own device, as it was written. Fetched only by
// whoever wants one.

import { language, t } from "/web/i18n.js";

const PAGES_MAX = 200;

/** Every message, oldest first: what is not on the page is asked for. */
async function whole(acts, conversation, shown) {
  const all = new Map(shown.map((one) => [one.seq, one]));
  for (let page = 0; page < PAGES_MAX; page++) {
    const first = Math.min(...all.keys());
    if (!Number.isFinite(first) || first <= 1) break;
    const { messages = [] } = (await acts.ask("history", { conversation, before: first, limit: 50 })) || {};
    if (!messages.length) break;
    for (const one of messages) all.set(one.seq, one);
  }
  return [...all.values()].sort((a, b) => a.seq - b.seq);
}

/** The conversation as text. @param {any[]} messages @param {string} title */
export function written(messages, title) {
  const stamp = new Intl.DateTimeFormat(language(), { dateStyle: "medium", timeStyle: "short" });
  const lines = messages.map((one) => {
    const who = one.from.kind === "customer" ? t("widget.copy_me") : one.from.kind === "system" ? "" : one.from.name || "";
    return `${stamp.format(new Date(one.at))}  ${who ? `${who}: ` : ""}${one.text}`;
  });
  return `${title}\r\n\r\n${lines.join("\r\n")}\r\n`;
}

/** @param {any} acts @param {any} state @param {string} title */
export async function save(acts, state, title) {
  const thread = state.threads.at(-1);
  const messages = await whole(acts, thread.id, thread.messages);
  const file = new Blob([written(messages, title)], { type: "text/plain;charset=utf-8" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  const day = (messages[0]?.at || new Date().toISOString()).slice(0, 10);
  link.download = `chat-${day}.txt`;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
