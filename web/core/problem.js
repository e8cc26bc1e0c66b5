/**
 * What the platform refused, in words: one place for every page, by the API's stable code (`PROBLEM.<code>`). The same
 * codes come as the outcome that a fact tells: there is no sentence of the API beside those.
 */

import { Unreachable } from "core/api.js";
import { language, t, term } from "core/i18n.js";
import { LoggedOut } from "core/session.js";
import { clock } from "core/time.js";

const BLANK = /\{\w+\}/;

/** How what the API tells beside a code is said to a person; the rest as it is. */
const SAID = {
  expected_step: (step) => term("STEP", step),
  distance_km: (km) => new Intl.NumberFormat(language(), { maximumSignificantDigits: 2 }).format(km),
  looks_swapped: (yes) => (yes ? ` ${t("place.swapped")}` : ""),
  opens_at: clock,
};

/**
 * The words for a code of the API; null for one that has none. `given` is what came with it, a problem document or a
 * fact's data: `PROBLEM.<code>.exact` is said when all that it names was given, else `PROBLEM.<code>`.
 */
export function wordsOfCode(code, given = {}) {
  const told = Object.entries({ ...given, ...given.holder }).filter(([, value]) => value != null);
  const filled = Object.fromEntries(told.map(([name, value]) => [name, SAID[name]?.(value) ?? value]));
  for (const key of [`PROBLEM.${code}.exact`, `PROBLEM.${code}`]) {
    const words = t(key, filled);
    if (words !== key && !BLANK.test(words)) return words;
  }
  return null;
}

/** The words for an outcome that a fact tells; for one that is newer than this page, that it was refused. */
export const wordsOfOutcome = (data) => wordsOfCode(data.outcome, data) ?? t("error.refused");

/** The sentence for an error of a call: what was refused, or that nobody answered. */
export function sentenceOf(error) {
  if (error.problem) return refusal(error);
  if (error instanceof Unreachable) return t("error.unreachable");
  if (error instanceof LoggedOut) return t("error.logged_out");
  return t("error.unexpected");
}

/** In this language, if its code has words; else as the API says it. */
function refusal(error) {
  if (error.status >= 500 && error.code === "unknown") return t("error.unreachable"); // something between us and it
  return wordsOfCode(error.code, error.problem) ?? error.message;
}
