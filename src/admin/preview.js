// The preview of a form follows what is typed. Without this script the Preview button does the same.

const form = /** @type {HTMLFormElement | null} */ (document.querySelector("form[data-live]"));
const PAUSE_MS = 400;
let timer = 0;
let asked = 0;

/** Asks the box what the form comes to, and puts its answer in the place of the last one. */
async function refresh() {
  if (!form) return;
  const turn = ++asked;
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form)) body.append(name, String(value));
  body.delete("password");
  body.set("act", "preview");
  try {
    const answer = await fetch(form.action, { method: "POST", body });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("preview");
    const old = document.getElementById("preview");
    // An answer that was overtaken, or is a page of another kind, is left out.
    if (turn === asked && answer.ok && fresh && old) old.replaceWith(document.adoptNode(fresh));
  } catch {
    // No connection: the last preview stays.
  }
}

form?.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(refresh, PAUSE_MS);
});
