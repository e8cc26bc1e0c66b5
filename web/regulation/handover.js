/** The end of a service: to whom the regulation goes, and what goes with it (rule 38). */

import { get, serverNow } from "core/api.js";
import { html, nothing, t } from "core/part.js";
import { ago, clockSeconds } from "core/time.js";
import { dialog } from "parts/dialogs.js";
import { complain } from "parts/toasts.js";

const ALIVE_MS = 30_000;

/** Choose the post that shall regulate, with what is open before one's eyes; then offer it everything. */
export async function passOn(app) {
  const { desk, duty } = app;
  let devices;
  try {
    devices = (await get("/v1/devices")).items.filter((each) => each.id !== desk.device.id);
  } catch (error) {
    return complain(error);
  }
  const chosen = await dialog(t("handover.title"), (done) => html`
    <p>${t("handover.what", { sites: desk.held.map((each) => each.name).join(", ") || t("handover.nothing") })}</p>
    ${leftHere(desk)}
    ${devices.length && desk.held.length
      ? posts(devices, done)
      : html`<p><strong>${t(desk.held.length ? "handover.nobody" : "handover.nothing_held")}</strong></p>`}
    <p class="quiet">${t("handover.how")}</p>
    <div class="actions"><button @click=${() => done(null)}>${t("give_up")}</button></div>`);
  if (chosen) await duty.handOver(chosen);
}

function leftHere(desk) {
  const asked = [...desk.asked.values()].filter((each) => each.state === "OPEN");
  const open = new Set(asked.map((each) => each.demand_id)).size;
  const running = desk.running.length;
  if (!open && !running) return html`<p class="state green">${t("handover.quiet")}</p>`;
  return html`<ul class="left">
    ${open ? html`<li class="state red">${t("left.solicitations", { n: open })}</li>` : nothing}
    ${running ? html`<li class="state amber">${t("left.missions", { n: running })}</li>` : nothing}
  </ul>`;
}

const isAlive = (device) => device.last_seen_at && serverNow() - Date.parse(device.last_seen_at) < ALIVE_MS;

/** Those that are there first; whoever is silent is not offered anything by accident. */
function posts(devices, done) {
  const silent = devices.filter((each) => !isAlive(each));
  return html`<ul class="posts">${devices.filter(isAlive).map((each) => post(each, done))}</ul>
    ${silent.length
      ? html`<details ?open=${silent.length === devices.length}>
          <summary>${t("handover.silent_ones", { n: silent.length })}</summary>
          <ul class="posts">${silent.map((each) => post(each, done))}</ul>
        </details>`
      : nothing}`;
}

function post(device, done) {
  const where = [device.person, device.vehicle?.name, ...device.sites.map((each) => each.name)];
  return html`<li>
    <div><strong>${device.name}</strong> <span class="quiet">${t(`device.${device.kind}`)}</span><br>
      <span class="quiet">${where.filter(Boolean).join(" · ")}</span><br>${alive(device)}</div>
    <button class="primary" aria-label=${t("handover.offer_to", { device: device.name })}
      @click=${() => done(device)}>${t("handover.offer")}</button>
  </li>`;
}

function alive(device) {
  const seen = device.last_seen_at;
  if (isAlive(device)) return html`<span class="state small green">${t("handover.alive")}</span>`;
  const words = seen ? t("handover.silent", { ago: ago(seen) }) : t("handover.never");
  return html`<span class="state small amber" title=${seen ? clockSeconds(seen) : ""}>${words}</span>`;
}
