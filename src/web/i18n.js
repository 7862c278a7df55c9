// Words in the reader's language: one flat file per language in `lang/`, English where one is missing.
//
// A text is a string with `{name}` placeholders. One that depends on a number has a key per plural
// form (`widget.wait.one`, `widget.wait.other`, Czech also `.few`), chosen by `params.count`.

/** The languages with a file in `lang/`. */
export const LANGUAGES = ["en", "nl", "cs", "da"];

const OWN = "./lang/";
let folder = OWN;
let current = "en";
let home = "en";
let english = {};
let texts = english;
let plurals = new Intl.PluralRules("en");

/** The language in use, as its two letters. */
export function language() {
  return current;
}

/** The first of some languages that has a file, as its two letters; a region is ignored ("nl-BE" is Dutch). */
export function known(...wanted) {
  const short = wanted.map((one) => String(one || "").toLowerCase().split("-")[0]);
  return short.find((one) => LANGUAGES.includes(one));
}

/** Names a folder of files that each hold every text a page needs, so that English need not come too. @param {string} files */
export function wordsFrom(files) {
  folder = files;
}

/**
 * Loads the first of these languages that has a file, and sets the page's `lang`: what was chosen, the browser's, the
 * desk's (REQ B-9). English, where none has one or a file cannot be had.
 * @param {...string} wanted  BCP 47
 * @returns {Promise<string>} the language now in use
 */
export async function setLanguage(...wanted) {
  const load = async (name) => (await import(`${folder}${name}.js`)).default;
  current = known(...wanted) || "en";
  if (folder === OWN) english = await load("en");
  try {
    texts = await load(current);
  } catch {
    texts = await load("en");
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

/** @param {string} locale  the desk's language */
export function deskSpeaks(locale) {
  home = locale;
}

/**
 * One string out of what an admin wrote: a string, or a table by language, where a missing one falls to the desk's, then
 * to English (REQ B-9).
 * @param {string|Record<string, string>|undefined} value
 */
export function pick(value) {
  if (value && typeof value === "object") return String(value[current] ?? value[home] ?? value.en ?? Object.values(value)[0] ?? "");
  return value == null ? "" : String(value);
}
