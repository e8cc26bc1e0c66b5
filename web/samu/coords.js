/**
 * Coordinates as people paste them: "43.213, 2.349", "43,213 2,349", "43°12'47\" N, 2°20'57\" E", "N 43 12.78 E 2
 * 20.9".
 */

const DEGREES = new RegExp(
  String.raw`^([NSEOW])?\s*([+\-−]?\d{1,3}(?:[.,]\d+)?)\s*°?\s*` +
    String.raw`(?:(\d{1,2}(?:[.,]\d+)?)\s*(?:['’′]|(?=\s|$|[NSEOW]))\s*)?` +
    String.raw`(?:(\d{1,2}(?:[.,]\d+)?)\s*(?:"|”|″|''|’’|′′)?\s*)?([NSEOW])?$`,
  "i",
);
const PAIRS = [
  /^(.+?[NSEOW])\s*[,;/]?\s*(\S.*[NSEOW])$/i, // each with its letter behind
  /^([NSEOW].+?)\s*[,;/]?\s*([NSEOW].+)$/i, // or in front
  /^([^;]+?)\s*;\s*([^;]+)$/,
  /^([+\-−]?\d+(?:\.\d+)?°?)\s*,\s*([+\-−]?\d+(?:\.\d+)?°?)$/, // points in numbers, a comma between
  /^([+\-−]?\d+,\d+°?)\s*,?\s+([+\-−]?\d+,\d+°?)$/, // commas in numbers
  /^([+\-−]?\d+,\d+),([+\-−]?\d+,\d+)$/,
  /^([+\-−]?\d+(?:[.,]\d+)?°?)\s*[,/]?\s+([+\-−]?\d+(?:[.,]\d+)?°?)$/,
  /^(.+°.*?)\s*,\s*(.+°.*)$/,
];

/** Whether a text looks like coordinates at all: no name of a commune begins like that. */
export const looksLikeCoordinates = (text) => /^\s*\(?\s*(?:[NSEOW]\s*\d|[+\-−]?\d+\s*(?:[.,°]\s*\d|°))/i.test(text);

/**
 * `{lat, lon}` in degrees, or null for a text that is none. Letters say which is which; without them latitude is
 * first.
 */
export function parseCoordinates(text) {
  const cleaned = text.trim().replace(/^\(|\)$/g, "").replace(/[    ]/g, " ").trim();
  for (const pair of PAIRS) {
    const found = pair.exec(cleaned);
    const [one, other] = found ? [degrees(found[1]), degrees(found[2])] : [];
    if (one && other) return placed(one, other);
  }
  return null;
}

function degrees(text) {
  const found = DEGREES.exec(text.trim());
  if (!found) return null;
  const [, before, whole, minutes, seconds, after] = found;
  if (before && after) return null;
  const letter = (before ?? after ?? "").toUpperCase();
  const size = [whole, minutes, seconds].map((part) => Number((part ?? "0").replace(",", ".").replace("−", "-")));
  if (size[1] >= 60 || size[2] >= 60) return null;
  const sign = /^[-−]/.test(whole) ? -1 : 1;
  const value = sign * (Math.abs(size[0]) + size[1] / 60 + size[2] / 3600);
  return { value: letter && "SOW".includes(letter) ? -Math.abs(value) : value, letter };
}

function placed(one, other) {
  const first = "EOW".includes(one.letter) && one.letter ? other : one;
  const second = first === one ? other : one;
  if (first.letter && second.letter && "NS".includes(first.letter) === "NS".includes(second.letter)) return null;
  const lat = round(first.value);
  const lon = round(second.value);
  return Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? { lat, lon } : null;
}

const round = (value) => Math.round(value * 1e6) / 1e6;
