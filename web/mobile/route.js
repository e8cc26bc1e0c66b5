/** The way: on the map with the platform's line, and through the phone's own navigation by a plain link. */

import { get } from "core/api.js";
import { html, nothing, t } from "core/part.js";
import { sentenceOf } from "core/problem.js";
import { STEPS, phone, reading } from "./state.js";

const AGAIN_MS = 60_000;
const NEAR_DEGREES = 1e-5;
const isApple = /iPhone|iPad|Macintosh/.test(navigator.userAgent);
let readFor = "";
let pinsFor = "";
let pins = [];

/** Where the vehicle goes now: to the patient, from EN_CHARGE on to the destination. */
export function goalOf(sheet) {
  const carrying = STEPS.indexOf(phone.reached(sheet)) >= STEPS.indexOf("EN_CHARGE");
  const { lat, lon } = sheet.destination ?? {};
  return carrying && lat != null ? { lat, lon, to: "destination" } : { ...sheet.pickup, to: "pickup" };
}

/** Tells one goal from another: a destination that was changed is another one. */
const goalKey = (sheet) => {
  const { lat, lon, to } = goalOf(sheet);
  return `${sheet.id} ${to} ${lat} ${lon}`;
};

/** A link that the phone's navigation opens; the coordinates only, no name and no address. */
export function guidance({ lat, lon }) {
  const at = `${lat.toFixed(6)},${lon.toFixed(6)}`;
  return isApple ? `maps:?daddr=${at}&dirflg=d` : `geo:${at}?q=${at}`;
}

const readRoute = reading(async () => {
  const sheet = phone.sheet;
  if (!sheet || sheet.ended_at) return;
  const { to } = goalOf(sheet);
  const wanted = goalKey(sheet);
  if (readFor !== wanted) phone.set({ route: null }); // a line to where nobody goes any more
  readFor = wanted;
  try {
    const route = await get(`/v1/missions/${sheet.id}/route?to=${to}`);
    if (readFor === goalKey(phone.sheet ?? sheet)) phone.set({ route });
  } catch (error) {
    phone.set({ route: { failed: error.problem ? sentenceOf(error) : null } });
  }
});

/** Read the way when there is a mission, when its goal changes, and every minute while somebody looks. */
export function openRoute() {
  phone.addEventListener("change", () => {
    const sheet = phone.sheet;
    if (!sheet) return;
    if (!phone.map) loadMap();
    if (sheet.kept) return;
    if (readFor !== goalKey(sheet)) readRoute();
  });
  setInterval(() => !document.hidden && phone.sheet && !phone.away && readRoute(), AGAIN_MS);
}

async function loadMap() {
  phone.map = true;
  await import("parts/map.js").catch(() => (phone.map = false));
}

export function routeView(sheet) {
  const route = phone.route?.geometry ? phone.route : null;
  return html`<section class="way" aria-label=${t("route")}>
    <r-map class=${phone.wide ? "wide" : ""} label=${t("route.map")} .pins=${pinsOf(sheet)}
        .route=${route?.geometry ?? null}
      view="${goalKey(sheet)} ${route ? "way" : ""} ${phone.wide ? "wide" : ""}"></r-map>
    <button class="widen" aria-pressed=${phone.wide ? "true" : "false"} @click=${widen}>
      ${phone.wide ? html`✕ ${t("route.smaller")}` : html`⤢ ${t("route.larger")}`}</button>
    ${aboutWay(route)}
  </section>`;
}

function widen(event) {
  const section = event.currentTarget.closest("section");
  phone.set({ wide: !phone.wide });
  requestAnimationFrame(() => section.scrollIntoView({ block: "start" }));
}

function aboutWay(route) {
  if (!route) return phone.route?.failed ? html`<p class="quiet small">${phone.route.failed}</p>` : nothing;
  const minutes = Math.max(1, Math.round(route.duration_s / 60));
  return html`<p>${t("route.about", { km: (route.distance_m / 1000).toFixed(1), n: minutes })}</p>
    ${route.notice ? html`<p class="state amber" role="note">${route.notice}</p>` : nothing}
    ${turnsView(route.maneuvers)}`;
}

function turnsView(maneuvers) {
  if (!maneuvers.length) return nothing;
  return html`<details><summary>${t("route.steps")}</summary><ol class="turns">${maneuvers.map((each) => html`
    <li>${each.instruction} <span class="quiet">${distance(each.distance_m)}</span></li>`)}</ol></details>`;
}

const distance = (metres) => (metres < 1000 ? `${Math.round(metres / 10) * 10} m` : `${(metres / 1000).toFixed(1)} km`);

/** The place, the destination, and this vehicle; the same array as long as nothing moved. */
function pinsOf(sheet) {
  const here = phone.fix ?? phone.vehicle(sheet.vehicle_id)?.position;
  const goal = sheet.destination;
  const told = [
    { id: "place", ...at(sheet.pickup), mark: "!", state: "place", name: t("route.place"), title: t("route.place") },
    goal?.lat != null && { id: "destination", ...at(goal), mark: "H", state: "blue", title: goal.name },
    here && { id: "here", ...at(here), mark: "▲", state: "green", title: t("route.here") },
  ].filter(Boolean);
  const near = (degrees) => Math.round(degrees / NEAR_DEGREES);
  const key = JSON.stringify(told.map((pin) => [pin.id, near(pin.lat), near(pin.lon)]));
  if (key !== pinsFor) [pinsFor, pins] = [key, told];
  return pins;
}

const at = ({ lat, lon }) => ({ lat, lon });
