/** What the one map shows, for each thing that is looked at: pins, a route, communes. */

import { t, term } from "core/i18n.js";
import { kilometres } from "core/places.js";
import { clockSeconds } from "core/time.js";
import { sectionOf } from "./board.js";
import { draft, outside } from "./draft.js";
import { state } from "./state.js";
import { communeOf, companyName, target, vehicleName } from "./words.js";

/** The sign and the colour of an answer; the word is in the pin's title and in the table below. */
export const ANSWERS = {
  OPEN: { mark: () => "?", colour: "blue" },
  ACCEPTED: { mark: () => "✓", colour: "green" },
  REFUSED: { mark: () => "✕", colour: "red" },
  UNAVAILABLE: { mark: () => "✕", colour: "red" },
  COUNTERED: { mark: (asked) => `+${asked.counter_delay_minutes}`, colour: "amber" },
  EXPIRED: { mark: () => "…", colour: "grey" },
  WITHDRAWN: { mark: () => "–", colour: "grey" },
};
/** Whose answer is shown where a vehicle was asked more than once: the one that matters most. */
const WEIGHT = ["WITHDRAWN", "EXPIRED", "REFUSED", "UNAVAILABLE", "COUNTERED", "OPEN", "ACCEPTED"];
/** What is over moves no view, and has its name in its title only. */
const OVER = new Set(["EXPIRED", "WITHDRAWN"]);
const AROUND_KM = 6;

const placePin = (id, pickup, name, title = name) => ({ id, lat: pickup.lat, lon: pickup.lon, mark: "!", name,
  state: "place", title });

/** Everything that runs. */
export function overview() {
  const running = [...state.demands.values()].filter((demand) => sectionOf(demand) !== "over");
  const pins = running.map((demand) => placePin(
    demand.id, demand.pickup, `${demand.max_delay_minutes}′ ${communeOf(demand.pickup)}`,
      `${communeOf(demand.pickup)} · ${term("STATUS", demand.status)}`));
  for (const demand of running) {
    const vehicle = demand.mission && state.vehicles.get(demand.mission.vehicle_id);
    if (vehicle?.position) pins.push(vehiclePin(vehicle, "✓", "green", term("STEP", demand.mission.step)));
  }
  const busy = new Set(pins.map((pin) => pin.id));
  for (const vehicle of state.vehicles.values()) {
    if (vehicle.position && vehicle.available
      && !busy.has(vehicle.id)) pins.push(unnamed(vehiclePin(vehicle, "○", "grey", t("map.free"))));
  }
  return { pins, around: state.communes, view: `overview ${state.communes.length} ${state.vehicles.size}` };
}

/** One demand: its place, everybody who was asked and what they said, the vehicle that goes and its way. */
export function ofDemand(demand, route) {
  const pins = [placePin("place", demand.pickup, communeOf(demand.pickup))];
  const shown = new Map();
  for (const asked of demand.solicitations ?? []) {
    const id = asked.vehicle_id ?? asked.site_id;
    const before = shown.get(id);
    if (id && (!before || WEIGHT.indexOf(asked.state) >= WEIGHT.indexOf(before.state))) shown.set(id, asked);
  }
  for (const [id, asked] of shown) {
    const pin = id !== demand.mission?.vehicle_id && pinOf(asked);
    if (pin) pins.push(demand.mission || OVER.has(asked.state) ? unnamed(pin) : pin);
  }
  const vehicle = demand.mission && state.vehicles.get(demand.mission.vehicle_id);
  if (vehicle?.position) pins.push(vehiclePin(vehicle, "✓", "green", term("STEP", demand.mission.step)));
  const around = near(demand.pickup);
  return { pins, route, around, view: `${demand.id} ${demand.pickup.lat} ${pins.length} ${route ? "route" : ""}` };
}

function pinOf(asked) {
  const answer = ANSWERS[asked.state] ?? { mark: () => "·", colour: "grey" };
  const vehicle = asked.vehicle_id ? state.vehicles.get(asked.vehicle_id) : null;
  const at = vehicle?.position ?? state.sites.get(asked.site_id ?? vehicle?.site_id);
  if (!at) return null;
  const title = `${target(asked)} · ${companyName(asked.company_id)} · ${term("ANSWER", asked.state)}`;
  return { id: asked.vehicle_id ?? asked.site_id, lat: at.lat, lon: at.lon, mark: answer.mark(asked),
    name: target(asked), state: answer.colour, title };
}

function vehiclePin(vehicle, mark, colour, what) {
  const at = vehicle.position;
  const since = clockSeconds(at.recorded_at);
  const title = `${vehicleName(vehicle.id)} · ${companyName(vehicle.company_id)} · ${what} · ${since}`;
  return { id: vehicle.id, lat: at.lat, lon: at.lon, mark, name: vehicle.name, state: colour, title };
}

/** A pin whose name is in its title only, and that moves no view: there are many of them. */
const unnamed = (pin) => ({ ...pin, name: "", aside: true });

/** The demand that is being written: its place, and the vehicles that are free. */
export function ofDraft() {
  const { place } = draft;
  const free = [...state.vehicles.values()].filter((each) => each.position && each.available && !each.mission_id);
  const pins = free.map((vehicle) => unnamed(vehiclePin(vehicle, "○", "grey", t("map.free"))));
  if (place) return { pins: [...pins, placePin("place", place, draft.commune ?? t("new.place"))], around: near(place),
    view: moved(place) };
  return { pins, around: state.communes, view: `draft ${state.communes.length}` };
}

/** The map stays where it is when somebody touches it, and goes where something else was chosen. */
const moved = (place) => (place.source === "map" || outside(place) ? null : `${place.lat} ${place.lon}`);

/** What lies around a place, so that one sees where it is. */
const near = (place) => (outside(place) ? []
  : state.communes.filter((commune) => kilometres(commune, place) < AROUND_KM));
