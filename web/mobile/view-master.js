/** Mode Maître: what this phone regulates, what is ticked, what runs; the regulator's post for one thumb (R3, R4). */

import { html, nothing, repeat, t, term } from "core/part.js";
import { clock } from "core/time.js";
import { dialog } from "parts/dialogs.js";
import { complain } from "parts/toasts.js";
import { acceptOffer, giveUp, look, offer, otherDevices, running, take, tick } from "./actions.js";
import { crewLine, getOutButton } from "./view-crew.js";
import { phone } from "./state.js";

export function masterView() {
  const { company } = phone;
  if (!company) return html`<p class="quiet">${t(phone.away ? "fleet.unknown" : "loading")}</p>`;
  return html`${offersView()}${notReceived()}${missionsView()}
    <section class="stack" aria-labelledby="sites-title"><h2 id="sites-title">${t("means.title")}</h2>
      ${repeat(company.sites, (each) => each.id, siteView)}</section>
    ${ownVehicle()}`;
}

/** One button takes every site that nobody regulates. */
export function masterFoot() {
  const free = freeSites();
  if (phone.held.size || !free.length) return nothing;
  const sending = running.has("take");
  return html`<button class="main primary" ?disabled=${sending || !phone.deviceId}
      @click=${() => take(free.map((each) => each.id))}>
    ${t(sending ? "sending" : "regulation.take")}</button>`;
}

function freeSites() {
  const isFree = (each) => each.regulation.state !== "HELD" && !phone.held.has(each.id);
  return (phone.company?.sites ?? []).filter(isFree);
}

function offersView() {
  const offers = phone.readiness?.offers ?? [];
  return offers.map((each) => html`<div class="strip blue"
      role="alert"><span>● ${t("master.offer", { site: each.site_name, device: each.from_device ?? "?" })}</span>
    <button class="primary" @click=${() => acceptOffer(each.site_id)}>${t("regulation.accept")}</button></div>`);
}

function siteView(site) {
  const mine = phone.held.has(site.id);
  const vehicles = phone.company.vehicles.filter((each) => each.site_id === site.id || (!each.site_id && mine));
  return html`<article class="surface stack site" data-id=${site.id}
      data-state=${mine ? "MINE" : site.regulation.state}>
    <div class="row between"><h3>${site.name}</h3>${holderOf(site, mine)}</div>
    ${mine ? html`${tickBox("sites", site, t("master.whole_site"))}
      <ul class="stack">${repeat(vehicles, (each) => each.id, (each) => html`
        <li>${tickBox("vehicles", each, vehicleWords(each))}</li>`)}</ul>
      <div class="row"><button ?disabled=${running.has("giveUp")}
          @click=${() => giveUp(site.id)}>${t("master.give_up")}</button>
        <button @click=${() => handOver(site)}>${t("master.hand_over")}</button></div>` : takeOne(site)}
  </article>`;
}

function holderOf(site, mine) {
  if (mine) return html`<span class="state green">${t("master.mine")}</span>`;
  if (site.regulation.state === "HELD") return html`<span
      class="state grey">${t("master.elsewhere", { name: site.regulation.device?.name ?? "" })}</span>`;
  const suspended = site.regulation.state === "SUSPENDED";
  return html`<span class="state red">${t(suspended ? "master.suspended" : "regulation.nobody")}</span>`;
}

/** Beside the big button, where there is one: a site of several, or one that a regulator takes from another post. */
function takeOne(site) {
  const held = site.regulation.state === "HELD";
  const theBigButton = !held && !phone.held.size && phone.company.sites.length === 1;
  if (theBigButton || (held && phone.me.role !== "REGULATOR")) return nothing;
  return html`<button ?disabled=${running.has("take")}
      @click=${() => take([site.id])}>
    ${t(held ? "master.take_from" : "master.take_one", { name: site.name })}</button>`;
}

function tickBox(kind, each, words) {
  const sending = running.has(`tick ${each.id}`);
  return html`<label class="check" data-id=${each.id}><input type="checkbox" .checked=${each.available}
      ?disabled=${sending}
      aria-label=${each.name} @change=${(event) => tick(kind, each.id, event.target.checked)}>
    <span><strong>${each.name}</strong> <small class="quiet">${sending ? t("sending") : words}</small></span></label>`;
}

function vehicleWords(vehicle) {
  const words = [term("VOLUME", vehicle.volume)];
  if (vehicle.mission_id) words.push(t("vehicle.on_mission"));
  if (vehicle.on_guard) words.push(t("vehicle.on_guard"));
  const known = t(vehicle.position ? "vehicle.known" : "vehicle.no_position");
  words.push(vehicle.freshness ? term("FRESHNESS", vehicle.freshness) : known);
  words.push(t(vehicle.phones.count ? "vehicle.phones" : "vehicle.no_phone", { n: vehicle.phones.count }));
  return words.join(" · ");
}

/** Why something that one may expect to ring will not (rule 23). */
function notReceived() {
  const kept = phone.held.size ? (phone.readiness?.not_received ?? []) : [];
  if (!kept.length) return nothing;
  return html`<details class="surface"><summary>${t("master.not_received", { n: kept.length })}</summary>
    <ul>${kept.map((each) => html`<li>${each.name} : ${each.detail}</li>`)}</ul></details>`;
}

function missionsView() {
  if (!phone.missions.length) return nothing;
  return html`<section class="stack" aria-labelledby="missions-title"><h2
      id="missions-title">${t("missions.title")}</h2>
    ${repeat(phone.missions, (each) => each.id, (each) => html`
      <button class="line" data-id=${each.id} data-state=${each.step} @click=${() => look(each.id)}>
      <span><strong>${phone.vehicle(each.vehicle_id)?.name ?? ""}</strong> · ${term("STEP", each.step)}</span>
      <small>${each.pickup.address ?? ""}</small>
      <small>${t("mission.promised", { time: clock(each.promised_at) })}</small></button>`)}</section>`;
}

/** R4: the same phone is in a vehicle, too. */
function ownVehicle() {
  if (!phone.aboard) return html`<p class="quiet">${t("master.r4")}</p>`;
  return html`<section class="surface stack seat"
      data-id=${phone.aboard.vehicle_id}><h2>${t("crew.in", { name: phone.aboard.vehicle_name })}</h2>
    <p>${crewLine(phone.aboard)}</p>${getOutButton()}</section>`;
}

/** To another post of the company, which must accept: this phone regulates until then. */
async function handOver(site) {
  let devices;
  try {
    devices = await otherDevices();
  } catch (error) {
    return complain(error);
  }
  const chosen = await dialog(t("master.hand_over_of", { name: site.name }), (done) => html`
    <p>${t(devices.length ? "master.hand_over.what" : "master.nobody")}</p>
    <div class="stack">${devices.map((each) => html`
      <button @click=${() => done(each.id)}>${each.name} · ${each.person}</button>`)}</div>
    <div class="actions"><button @click=${() => done(null)}>${t("give_up")}</button></div>`);
  if (chosen) offer(site.id, chosen);
}
