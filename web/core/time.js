/** Times as people read them: on the clock of the SAMU, with seconds where a countdown runs. */

import { serverNow } from "core/api.js";
import { language, t } from "core/i18n.js";

let zone;

/** All clocks of this page run in this zone from now on. */
export function useZone(name) {
  zone = name || undefined;
}

const made = new Map();

function format(options) {
  const key = JSON.stringify([options, zone]);
  if (!made.has(key)) {
    made.set(key, new Intl.DateTimeFormat(language(), { ...options, timeZone: zone, hourCycle: "h23" }));
  }
  return made.get(key);
}

/** 14:03 */
export const clock = (instant) =>
  instant ? format({ hour: "2-digit", minute: "2-digit" }).format(new Date(instant)) : "";

/** 14:03:22 */
export const clockSeconds = (instant) =>
  instant ? format({ hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(new Date(instant)) : "";

/** sam. 22 nov. 14:03 */
export const day = (instant) =>
  instant
    ? format({ weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }).format(
        new Date(instant),
      )
    : "";

/** Milliseconds from now until an instant; negative once it has passed. */
export const until = (instant) => Date.parse(instant) - serverNow();

/** 01:12, or −00:05 once it has passed: whole seconds, of which the last is shown until it is over. */
export function countdown(milliseconds) {
  const seconds = Math.ceil(milliseconds / 1000);
  const size = Math.abs(seconds);
  const text = [Math.floor(size / 60), size % 60].map((part) => String(part).padStart(2, "0")).join(":");
  return seconds < 0 ? `−${text}` : text;
}

/** How long ago, in one short word; the whole instant belongs in the title beside it. */
export function ago(instant) {
  const seconds = Math.max(0, Math.round((serverNow() - Date.parse(instant)) / 1000));
  if (seconds < 60) return t("time.seconds_ago", { n: seconds });
  if (seconds < 3600) return t("time.minutes_ago", { n: Math.floor(seconds / 60) });
  if (seconds < 86_400) return t("time.hours_ago", { n: Math.floor(seconds / 3600) });
  return t("time.days_ago", { n: Math.floor(seconds / 86_400) });
}

/** The value of an `<input type="time" step="1">` for an instant, on this page's clock. */
export const timeField = (instant) => clockSeconds(instant);

/** The last instant at which this page's clock showed a time of day (`HH:MM[:SS]`), as RFC 3339. */
export function lastInstantAt(text) {
  const [hours, minutes, seconds = 0] = text.split(":").map(Number);
  const now = serverNow();
  const shown = clockSeconds(now).split(":").map(Number);
  let back = shown[0] * 3600 + shown[1] * 60 + shown[2] - (hours * 3600 + minutes * 60 + seconds);
  if (back < 0) back += 86_400;
  return new Date(now - back * 1000).toISOString();
}
