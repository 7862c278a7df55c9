// Words in the reader's language: one flat file per language in `lang/`, English where one is missing.
//
// A text is a string with `{name}` placeholders. One that depends on a number has a key per plural
// form (`widget.wait.one`, `widget.wait.other`, Czech also `.few`), chosen by `params.count`.

/** The languages with a file in `lang/`. */
export const LANGUAGES = ["en", "nl", "cs", "da"];

let current = "en";
let english = {};
let texts = english;
let plurals = new Intl.PluralRules("en");

/** The language in use, as its two letters. */
export function language() {
  return current;
}

/**
 * Loads a language and sets the page's `lang`. A region is ignored ("nl-BE" is Dutch); a language
 * without a file, or a file that cannot be had, leaves English.
 * @param {string} wanted  BCP 47
 * @param {string} [whole]  a folder of files that each hold every text, so that English need not come too
 * @returns {Promise<string>} the language now in use
 */
export async function setLanguage(wanted, whole) {
  const short = String(wanted || "")
    .toLowerCase()
    .split("-")[0];
  const load = async (name) => (await import(`${whole || "./lang/"}${name}.js`)).default;
  current = LANGUAGES.includes(short) ? short : "en";
  if (!whole) english = await load("en");
  try {
    texts = await load(current);
  } catch {
    texts = whole ? await load("en") : english;
    current = "en";
  }
  plurals = new Intl.PluralRules(current);
  document.documentElement.lang = current;
  return current;
}

/**
 * The text of a key, its placeholders filled. A key nobody has is shown as itself.
 * @param {string} key
 * @param {Record<string, string|number>} [params]
 */
export function t(key, params = {}) {
  const form = "count" in params ? `${key}.${plurals.select(Number(params.count))}` : key;
  const text = texts[form] ?? texts[`${key}.other`] ?? texts[key] ?? english[form] ?? english[`${key}.other`] ?? english[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in params ? String(params[name]) : whole));
}

/**
 * One string out of what an admin wrote: a string, or a table by language (REQ B-9).
 * @param {string|Record<string, string>|undefined} value
 */
export function pick(value) {
  if (value && typeof value === "object") return String(value[current] ?? value.en ?? Object.values(value)[0] ?? "");
  return value == null ? "" : String(value);
}
