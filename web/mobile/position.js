/**
 * Where the vehicle is, as this phone sees it: told every 5 s while it moves, every 30 s while it stands, kept in order
 * while nobody answers. It runs for as long as the phone is in a vehicle.
 */

import { Refused, post, put, serverNow } from "core/api.js";
import { fixes } from "./store.js";
import { phone } from "./state.js";

const MOVING_MS = 5000;
const STANDING_MS = 30_000;
const LOOK_MS = 5000;
const MOVING_KMH = 5;
const MOVED_M = 25;
const AT_ONCE = 500;
const PAUSES_MS = [2000, 5000, 10_000, 20_000, 30_000];
const HOW = { enableHighAccuracy: true, maximumAge: 0, timeout: 20_000 };
const KM_PER_DEGREE = 111.195;
const MS_TO_KMH = 3.6;

let watch = null;
let last = null;
let sending = false;
let failures = 0;
let quietUntil = 0;

/** Begin: from now on it follows the vehicle that this phone is in. */
export async function openPosition() {
  phone.addEventListener("change", follow);
  addEventListener("online", () => ((quietUntil = 0), sendKept()));
  setInterval(standing, LOOK_MS);
  health({ waiting: await waiting() });
  follow();
  const permission = await navigator.permissions?.query({ name: "geolocation" }).catch(() => null);
  if (!permission) return;
  const told = () => health({ permission: permission.state });
  permission.onchange = () => (told(), stop(), follow());
  told();
}

function follow() {
  if (phone.aboard && watch === null) begin();
  if (!phone.aboard && watch !== null) stop();
}

/** Ask for positions; called from a button where the browser wants to be asked. */
export function begin() {
  if (!("geolocation" in navigator)) return health({ permission: "unsupported" });
  stop();
  watch = navigator.geolocation.watchPosition(heard, failed, HOW);
}

function stop() {
  if (watch !== null) navigator.geolocation.clearWatch(watch);
  watch = null;
  last = null;
}

function failed(error) {
  const reasons = { 1: "denied", 2: "unavailable", 3: "timeout" };
  health({ error: reasons[error.code] ?? "unavailable", ...(error.code === 1 ? { permission: "denied" } : {}) });
}

function health(known) {
  const changed = Object.entries(known).some(([name, value]) => phone.health[name] !== value);
  if (changed) phone.set({ health: { ...phone.health, ...known } });
}

function heard({ coords, timestamp }) {
  const skew = serverNow() - Date.now();
  const fix = {
    lat: coords.latitude,
    lon: coords.longitude,
    recorded_at: new Date(timestamp + skew).toISOString(),
    accuracy_m: finite(coords.accuracy),
    speed_kmh: finite(coords.speed === null ? null : coords.speed * MS_TO_KMH),
    heading: finite(coords.heading),
  };
  phone.set({ fix });
  health({ error: null, permission: "granted" });
  if (isDue(fix)) tell(fix);
}

const finite = (value) => (Number.isFinite(value) ? Math.round(value * 10) / 10 : null);

function isDue(fix) {
  if (!last) return true;
  const since = Date.now() - last.toldAt;
  const moves = (fix.speed_kmh ?? 0) > MOVING_KMH || metres(fix, last.fix) > MOVED_M;
  return since >= (moves ? MOVING_MS : STANDING_MS);
}

/** A vehicle that stands may cause no event for long: then it is asked. */
function standing() {
  sendKept();
  if (watch === null || !last || Date.now() - last.toldAt < STANDING_MS) return;
  navigator.geolocation.getCurrentPosition(heard, failed, HOW);
}

async function tell(fix) {
  last = { fix, toldAt: Date.now() };
  const vehicleId = phone.aboard?.vehicle_id;
  if (!vehicleId) return;
  if (sending || phone.health.waiting || Date.now() < quietUntil) return keep(vehicleId, fix);
  sending = true;
  try {
    await put(`/v1/vehicles/${vehicleId}/position`, fix, { patience: 0 });
    failures = 0;
  } catch (error) {
    if (isFinal(error)) return;
    later();
    await keep(vehicleId, fix);
  } finally {
    sending = false;
  }
}

async function keep(vehicleId, fix) {
  await fixes.add({ person: phone.me.id, vehicle_id: vehicleId, ...fix });
  health({ waiting: await waiting() });
}

const waiting = async () => (await fixes.of(phone.me.id)).length;

/** What was kept is told in its order once somebody answers. */
async function sendKept() {
  if (sending || !phone.health.waiting || !navigator.onLine || Date.now() < quietUntil) return;
  sending = true;
  try {
    const kept = (await fixes.of(phone.me.id)).slice(0, AT_ONCE);
    const positions = kept.map(({ order: _order, person: _person, ...fix }) => fix);
    const over = positions.length === 0 || (await sent(positions));
    if (over) await fixes.drop(kept);
  } finally {
    sending = false;
    health({ waiting: await waiting() });
  }
}

/** Whether these need not be kept any longer. */
async function sent(positions) {
  try {
    await post("/v1/positions", { positions }, { patience: 0 });
    failures = 0;
    return true;
  } catch (error) {
    if (!isFinal(error)) later();
    return isFinal(error);
  }
}

const NOT_NOW = [401, 408, 409, 425, 429];
const isFinal = (error) => error instanceof Refused && error.status < 500 && !NOT_NOW.includes(error.status);

function later() {
  quietUntil = Date.now() + PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)];
  failures += 1;
}

function metres(one, other) {
  const north = (one.lat - other.lat) * KM_PER_DEGREE;
  const east = (one.lon - other.lon) * KM_PER_DEGREE * Math.cos((one.lat * Math.PI) / 180);
  return Math.hypot(north, east) * 1000;
}
