/** How things are called on this page: places, vehicles, states. */

import { term } from "core/i18n.js";
import { t } from "core/part.js";
import { coordinates, nearest } from "core/places.js";
import { clock } from "core/time.js";

const NEAR_KM = 8;
const RADIANS = Math.PI / 180;
const WINDS = ["N", "NE", "E", "SE", "S", "SW", "W", "NW"];

/** In which of eight directions a place lies, seen from another. */
function wind(from, to) {
  const x = (to.lon - from.lon) * Math.cos(from.lat * RADIANS);
  const degrees = Math.atan2(x, to.lat - from.lat) / RADIANS;
  return t(`wind.${WINDS[Math.round((degrees + 360) / 45) % 8]}`);
}

/** Where a demand is, in as few words as the API gives: the commune, or the nearest one that is known. */
export function placeName(desk, pickup) {
  if (pickup.commune?.name) return pickup.commune.name;
  const near = nearest(pickup, desk.communes);
  if (near && near.km <= NEAR_KM) return t("place.near", { name: near.name });
  return fromSite(desk, pickup) || coordinates(pickup);
}

/** What else there is to say of a place, under its name. */
export function placeMore(desk, pickup) {
  const from = fromSite(desk, pickup);
  return `${from === placeName(desk, pickup) ? "" : `${from}, `}${t("place.straight")}`;
}

/** How far from the company's nearest site, as the crow flies: so that a pair of numbers says something. */
export function fromSite(desk, pickup) {
  const site = nearest(pickup, desk.company?.sites ?? []);
  if (!site) return "";
  if (site.km < 1) return t("place.at_site", { site: site.name });
  return t("place.from_site", { km: Math.round(site.km), wind: wind(site, pickup), site: site.name });
}

/** What a solicitation asks: a vehicle, a site, or a free choice. */
export function askedName(desk, asked) {
  if (asked.vehicle_id) return desk.vehicle(asked.vehicle_id)?.name ?? t("asked.vehicle");
  if (asked.site_id) return t("asked.site", { site: desk.site(asked.site_id)?.name ?? "" });
  return t("asked.free_choice");
}

/** How sure the arrival is: `9 à 11 min`. */
export function eta(asked) {
  const { earliest_minutes: from, eta_minutes: to } = asked;
  if (to == null) return t("eta.unknown");
  return from == null || from >= to ? t("minutes", { n: to }) : t("eta.span", { from, to });
}

/** What became of a solicitation, in words. */
export function outcome(asked) {
  if (asked.state === "WITHDRAWN") return term("WITHDRAWN", asked.reason ?? "OTHER");
  if (asked.state === "COUNTERED") return t("asked.countered", { n: asked.counter_delay_minutes });
  if (asked.state === "REFUSED" && asked.reason) return t("asked.refused_for", { reason: asked.reason });
  return term("ANSWER", asked.state);
}

/** Who is in a vehicle: names, or that nobody said so. */
export function crewNames(desk, vehicle) {
  const members = (desk.crews.get(vehicle.id) ?? []).flatMap((each) => each.members);
  return [...new Set(members.map((each) => each.name))].join(", ");
}

/** The end of a tick, in words. */
export const untilWords = (means) => (means.until ? t("time.until", { time: clock(means.until) }) : "");
