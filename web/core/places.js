/** Places on a map the size of a département: how far, which is the nearest, how they are written. */

const EARTH_KM = 6371;
const RADIANS = Math.PI / 180;

/** Kilometres between two places (`lat` and `lon` in degrees), as the crow flies. */
export function kilometres(one, other) {
  const x = (other.lon - one.lon) * RADIANS * Math.cos(((one.lat + other.lat) / 2) * RADIANS);
  return Math.hypot(x, (other.lat - one.lat) * RADIANS) * EARTH_KM;
}

/** The nearest of some places with its distance, `{…place, km}`; null when there is none. */
export function nearest(place, others) {
  let best = null;
  for (const each of others) {
    const km = kilometres(place, each);
    if (km < (best?.km ?? Infinity)) best = { ...each, km };
  }
  return best;
}

/** 43.21300, 2.34910: a metre. */
export const coordinates = ({ lat, lon }) => `${lat.toFixed(5)}, ${lon.toFixed(5)}`;
