/** How the SAMU's page says things: who, where, in time or not. */

import { serverNow } from "core/api.js";
import { t } from "core/i18n.js";
import { coordinates, kilometres, nearest } from "core/places.js";
import { plainly } from "core/plain.js";
import { state } from "./state.js";

const MINUTE_MS = 60_000;
/** Steps of a vehicle that has not left. */
const STANDING = ["AFFECTE", "ACQUITTE"];
/** How long a way is taken to be when nobody said; and how late a vehicle may leave before that is said. */
const WAY_MINUTES = 10;
const LATE_START_MS = 3 * MINUTE_MS;
const NEAR_KM = 20;

// -- who ---------------------------------------------------------------------------------------------------------

export const companyName = (id) => state.companies.get(id)?.name ?? t("unknown.company");
export const vehicleName = (id) => state.vehicles.get(id)?.name ?? t("unknown.vehicle");
export const siteName = (id) => state.sites.get(id)?.name ?? t("unknown.site");

/** Whom a solicitation asks: a vehicle, a site, or a company that names any of its vehicles. */
export function target(asked) {
  if (asked.vehicle_id) return vehicleName(asked.vehicle_id);
  if (asked.site_id) return t("target.site", { name: siteName(asked.site_id) });
  return t("target.any");
}

/** Who did it, as far as this caller is told. */
export function actor(by) {
  if (!by) return t("actor.platform");
  const role = t(`actor.${by.role}`);
  if (by.name) return `${role} (${by.name})`;
  return by.company_id ? `${role}, ${companyName(by.company_id)}` : role;
}

// -- where -------------------------------------------------------------------------------------------------------

const places = new Map();
let named = [];
let namedOf = null;

/** The communes with their names as they are searched, the longest first: made once, and anew when others are known. */
function communesByName() {
  if (namedOf === state.communes) return named;
  namedOf = state.communes;
  places.clear();
  named = namedOf.map((commune) => ({ commune, words: ` ${plainly(commune.name)} ` }));
  return named.sort((one, other) => other.words.length - one.words.length);
}

/**
 * In which commune a place is: as its address says, if that is near; else the nearest one, and then said to be near.
 */
export function communeOf(pickup) {
  const known = communesByName();
  const key = `${pickup.lat} ${pickup.lon} ${pickup.address}`;
  if (!places.has(key)) places.set(key, searched(pickup, known));
  return places.get(key);
}

function searched(pickup, known) {
  const address = ` ${plainly(pickup.address)} `;
  const said = known.find(({ words }) => address.includes(words))?.commune;
  if (said && kilometres(said, pickup) < NEAR_KM) return said.name;
  const near = nearest(pickup, state.communes);
  if (near && near.km < NEAR_KM) return t("place.near", { name: near.name });
  return pickup.address ?? coordinates(pickup);
}

// -- in time -----------------------------------------------------------------------------------------------------

/**
 * Whether a mission keeps its deadline: `{colour, word, sign}`. Arrived: by its step. On its way: late once the
 * deadline has passed; at risk when what is promised lies behind it, when the promised time has passed and nobody has
 * arrived, or when the vehicle has not left and its way would take it past what was promised.
 */
export function pace(demand) {
  const { mission } = demand;
  if (!mission) return null;
  const deadline = Date.parse(mission.deadline);
  const arrived = mission.steps.find((each) => each.step === "LIEU_INTERVENTION");
  if (arrived) return kept(Date.parse(arrived.occurred_at) - deadline);
  if (mission.ended_at) return null;
  const now = serverNow();
  const promised = Date.parse(mission.promised_at);
  if (now > deadline) return { colour: "red", word: t("pace.late", { minutes: signed(now - deadline) }) };
  if (promised > deadline) return { colour: "amber", word: t("pace.risk", { minutes: signed(promised - deadline) }) };
  if (now > promised) return { colour: "amber",
    word: t("pace.broken", { minutes: t("minutes", { n: Math.ceil((now - promised) / MINUTE_MS) }) }) };
  if (STANDING.includes(mission.step) && isLateToLeave(demand, now)) {
    return { colour: "amber", word: t("pace.standing") };
  }
  return { colour: "green", word: t("pace.kept", { minutes: signed(promised - deadline) }) };
}

/** Whether a vehicle that stands still would be too late if it left now: it told us itself how long its way is. */
function isLateToLeave({ mission, solicitations }, now) {
  const accepted = solicitations?.findLast((each) => each.state === "ACCEPTED");
  const way = (accepted?.earliest_minutes ?? accepted?.eta_minutes ?? WAY_MINUTES) * MINUTE_MS;
  return now + way > Math.min(Date.parse(mission.promised_at) + LATE_START_MS, Date.parse(mission.deadline));
}

const kept = (late) =>
  late <= 0
    ? { colour: "green", word: t("pace.arrived", { minutes: signed(late) }) }
    : { colour: "red", word: t("pace.arrived_late", { minutes: signed(late) }) };

/** −3 min, +4 min: whole minutes, of which a late one counts from its first second. */
function signed(milliseconds) {
  const minutes = Math.ceil(milliseconds / MINUTE_MS);
  return t("minutes", { n: minutes > 0 ? `+${minutes}` : minutes < 0 ? `−${-minutes}` : "0" });
}

/** How many were asked, and what they said. */
export function counts(demand) {
  const count = { asked: 0, open: 0, refused: 0, countered: 0, silent: 0 };
  for (const { state: answer } of demand.solicitations ?? []) {
    count.asked += 1;
    if (answer === "OPEN") count.open += 1;
    if (answer === "REFUSED" || answer === "UNAVAILABLE") count.refused += 1;
    if (answer === "COUNTERED") count.countered += 1;
    if (answer === "EXPIRED") count.silent += 1;
  }
  return count;
}
