/** Words of the pages: French first, any language with a directory in `web/i18n/`. */

export const LANGUAGES = { fr: "Français", en: "English" };
const KEY = "rescousse.language";
let words = {};
let plural = new Intl.PluralRules("fr");

/** The language of this device: chosen, else the browser's, else French. */
export function language() {
  const chosen = localStorage.getItem(KEY);
  if (chosen in LANGUAGES) return chosen;
  const told = navigator.language.slice(0, 2);
  return told in LANGUAGES ? told : "fr";
}

/** Speak another language: the page begins anew. */
export function choose(code) {
  localStorage.setItem(KEY, code);
  location.reload();
}

/** Bring the words of some faces, before anything is drawn. */
export async function load(...faces) {
  const code = language();
  document.documentElement.lang = code;
  plural = new Intl.PluralRules(code);
  const found = await Promise.all(faces.map((face) => import(`/web/i18n/${code}/${face}.js`)));
  words = Object.assign({}, words, ...found.map((each) => each.default));
}

/**
 * The words for a key, with `{name}` filled in. Words that depend on a number are an object by plural form, chosen by
 * the parameter `n`. A key without words is shown as it is: that is a fault, and a test looks for it.
 */
export function t(key, given = {}) {
  let found = words[key];
  if (found && typeof found === "object") found = found[plural.select(given.n)] ?? found.other;
  if (found === undefined) return key;
  return found.replace(/\{(\w+)\}/g, (whole, name) => (name in given ? String(given[name]) : whole));
}

/** The words for a closed set's member (`STEP.EN_APPROCHE`), or the member itself for one that is newer than the page. */
export function term(set, member) {
  return member == null ? "" : (words[`${set}.${member}`] ?? member);
}
