/**
 * The demand that is being written: kept on this page only while one looks elsewhere, and forgotten once it is sent.
 */

import { post, serverNow } from "core/api.js";
import { plainly } from "core/plain.js";
import { state } from "./state.js";

const LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"; // none that reads like another one
const TEXTS = ["motive", "instructions", "callback_phone", "smur_reference"];
const PATIENT_TEXTS = ["last_name", "first_name", "sex"];
const PATIENT_NUMBERS = ["birth_year", "weight_kg"];

class Draft extends EventTarget {
  /** How often somebody changed something: what was sent is what is written while this stays the same. */
  edits = 0;

  constructor() {
    super();
    this.clear();
  }

  clear() {
    this.edits += 1;
    /** What was sent last, `{body, key, edits, since}`: sent again as it was unless somebody changed it since. */
    this.sent = null;
    /** Whether it is on its way now. */
    this.sending = false;
    /** The references that went out with this draft, when each did first: whether they arrived may not be known. */
    this.tried = new Map();
    /** What the last sending ended in, if not in a demand: an error; and the demand that has our reference already. */
    this.failed = null;
    this.already = null;
    this.text = "";
    /** `{lat, lon, name, source}`: source is "commune", "coordinates" or "map"; name a chosen commune's. */
    this.place = null;
    this.delay = null;
    this.volume = null;
    /** What is written in the other fields, by their names. */
    this.given = newReference();
    this.fields = { reference: this.given };
    this.reach = null;
    this.changed();
  }

  /**
   * A reference that nobody touched is drawn again, so that its minute is that of the demand; never once it was sent,
   * for under another one the same demand would be a second one.
   */
  freshen() {
    if (this.tried.size || this.fields.reference !== this.given) return;
    this.given = this.fields.reference = newReference();
  }

  /** Another reference because somebody wants one: what is written becomes another demand. */
  draw() {
    this.given = newReference();
    this.already = this.failed = null;
    this.write("reference", this.given);
  }

  /** Whether what is written went out and nobody knows yet whether it arrived. */
  get doubtful() {
    return !this.sending && !this.already && this.tried.has((this.fields.reference ?? "").trim());
  }

  changed() {
    this.dispatchEvent(new Event("change"));
  }

  put(place) {
    this.edits += 1;
    this.place = place;
    this.changed();
  }

  write(name, value) {
    this.edits += 1;
    this.fields[name] = value;
    this.changed();
  }

  /** One of the large buttons: the delay or the volume. */
  choose(name, value) {
    this.edits += 1;
    this[name] = value;
    if (name === "delay") this.fields.other_delay = "";
    this.changed();
  }

  /** In which commune the place is, as far as that is known. */
  get commune() {
    return this.place?.name ?? this.reach?.told?.commune?.name ?? null;
  }

  /** The address as the crew reads it: with its commune. */
  get address() {
    const written = (this.fields.address ?? "").trim();
    const { commune } = this;
    if (!commune || ` ${plainly(written)} `.includes(` ${plainly(commune)} `)) return written || null;
    return written ? `${written}, ${commune}` : commune;
  }

  /** The body of `POST /v1/demands`: what was left empty is left out. */
  get body() {
    const { fields, place } = this;
    const filled = (names) => names.filter((name) => fields[name]?.trim()).map((name) => [name, fields[name].trim()]);
    const pickup = { lat: place.lat, lon: place.lon, address: this.address };
    if (fields.access?.trim()) pickup.access = fields.access.trim();
    const numbers = PATIENT_NUMBERS.filter((name) => fields[name]).map((name) => [name, Number(fields[name])]);
    const patient = Object.fromEntries([...filled(PATIENT_TEXTS), ...numbers]);
    return {
      reference: (fields.reference ?? "").trim(), max_delay_minutes: this.delay, volume: this.volume, pickup,
      ...Object.fromEntries(filled(TEXTS)),
      ...(Object.keys(patient).length ? { patient } : {}),
      ...(fields.company_id ? { company_id: fields.company_id } : {}),
      exercise: fields.exercise === true,
    };
  }

  /** Which fields are missing, by the names of their pointers. */
  get missing() {
    const missing = [];
    if (!this.place) missing.push("place");
    if (!this.delay) missing.push("delay");
    if (!this.volume) missing.push("volume");
    if (!this.fields.reference?.trim()) missing.push("reference");
    return missing;
  }
}

/** A reference of our own when the SAMU's file has none yet: DRFR, the day, and four signs that nobody else draws. */
export function newReference() {
  const two = "2-digit";
  const clock = new Intl.DateTimeFormat("en-GB", { timeZone: state.me?.timezone || undefined, hourCycle: "h23",
    year: two, month: two, day: two, hour: two, minute: two });
  const parts = Object.fromEntries(clock.formatToParts(serverNow()).map(({ type, value }) => [type, value]));
  const signs = [...crypto.getRandomValues(new Uint8Array(4))].map((sign) => LETTERS[sign % LETTERS.length]).join("");
  return `DRFR${parts.day}${parts.month}${parts.year}${parts.hour}${parts.minute}${signs}`;
}

export const draft = new Draft();

// -- how many could come: asked again when place, delay or volume change ------------------------------------------

const PAUSE_MS = 120;
/** Others look as well: one's turn comes soon. */
const BUSY_MS = 2_000;
const AGAIN_MS = 15_000;
let timer = null;
let asking = null;
let last = "";

/** Keep `draft.reach` true: `{asking, told, error}`, null while there is nothing to ask. */
export function keepReach() {
  const { place, delay, volume } = draft;
  const wanted = place && delay && volume ? JSON.stringify([place.lat, place.lon, delay, volume]) : "";
  if (wanted === last) return;
  last = wanted;
  clearTimeout(timer);
  asking?.abort();
  draft.reach = wanted ? { asking: true, told: draft.reach?.told && samePlace(draft.reach.at) ? draft.reach.told : null,
    at: place } : null;
  if (wanted) timer = setTimeout(ask, PAUSE_MS);
  draft.changed();
}

/** Stop asking: nobody looks. */
export function forgetReach() {
  clearTimeout(timer);
  asking?.abort();
  last = "";
}

const samePlace = (at) => at?.lat === draft.place.lat && at?.lon === draft.place.lon;

async function ask() {
  const { place, delay, volume } = draft;
  asking = new AbortController();
  const { signal } = asking;
  const body = { lat: place.lat, lon: place.lon, max_delay_minutes: delay, volume };
  try {
    draft.reach = { asking: false, told: await post("/v1/reach", body, { patience: 0, signal }), at: place };
  } catch (error) {
    if (signal.aborted) return;
    draft.reach = { asking: false, told: null, error, at: place };
  }
  draft.changed();
  timer = setTimeout(ask, draft.reach.error?.code === "too_busy" ? BUSY_MS : AGAIN_MS);
}

/** The area's outline, roughly: what lies far outside is a slip of the finger. */
export function outside({ lat, lon }) {
  const { communes } = state;
  if (!communes.length) return false;
  const box = (pick) => [Math.min(...communes.map(pick)) - 0.3, Math.max(...communes.map(pick)) + 0.3];
  const [[south, north], [west, east]] = [box((each) => each.lat), box((each) => each.lon)];
  return lat < south || lat > north || lon < west || lon > east;
}
