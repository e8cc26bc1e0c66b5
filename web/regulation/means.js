/** The left of the page: sites and vehicles to tick, who regulates them, who is where. */

import { Part, html, live, nothing, repeat, t, term } from "core/part.js";
import { serverNow } from "core/api.js";
import { ago, clock, clockSeconds, lastInstantAt } from "core/time.js";
import { unless } from "core/hand.js";
import { crewNames, untilWords } from "./words.js";

const DAY_MS = 86_400_000;
const NUMERIC = { numeric: true };
const FRESHNESS_SIGNS = { FRESH: "●", RESTING: "◐", SILENT: "○" };

class Means extends Part {
  static properties = { app: { attribute: false }, wanted: {}, ending: { state: true } };

  constructor() {
    super();
    this.wanted = "";
    /** Whose end of the tick is being set. */
    this.ending = null;
  }

  connectedCallback() {
    super.connectedCallback();
    this.follow(this.app.desk, "change");
    this.follow(this.app.beat, "change", "answer");
  }

  render() {
    const { company } = this.app.desk;
    if (!company) return html`<section class="column"><p class="surface">${t("loading")}</p></section>`;
    const homeless = company.vehicles.filter((each) => !each.site_id);
    return html`<section class="column" aria-labelledby="means-title">
      <div class="surface title"><h2 id="means-title">${t("means.title")}</h2></div>
      ${this.#offers()}
      ${repeat(company.sites, (each) => each.id, (each) => this.#site(each))}
      ${homeless.length
        ? html`<div class="surface site"><h3>${t("means.homeless")}</h3>${this.#vehicles(homeless)}</div>`
        : nothing}
    </section>`;
  }

  /** Sites that another post offers to this one, and those that this one offers. */
  #offers() {
    const { desk, beat, duty } = this.app;
    const offers = beat.told?.offers ?? [];
    const names = offers.map((each) => each.site_name).join(", ");
    const offered = desk.held.filter((each) => this.app.offered.has(each.id));
    return html`${offers.length ? html`<div class="surface offer" role="alert">
        <p><strong>${t("handover.from", { device: offers[0].from_device ?? "", sites: names })}</strong></p>
        <button class="accept" aria-disabled=${desk.doing.has("accept")}
          @click=${unless(desk.doing.has("accept"), () => duty.accept(offers))}>
          ${t(desk.doing.has("accept") ? "sending" : "regulation.accept")}</button></div>` : nothing}
      ${offered.length ? html`<div class="surface offer" role="status">
        <p>${t("handover.waiting", { sites: offered.map((each) => each.name).join(", ") })}</p>
        <button aria-disabled=${desk.doing.has("withdraw")}
          @click=${unless(desk.doing.has("withdraw"), () => duty.withdraw(offered))}>
          ${t(desk.doing.has("withdraw") ? "sending" : "handover.withdraw")}</button></div>` : nothing}`;
  }

  #site(site) {
    const { desk } = this.app;
    const vehicles = desk.company.vehicles.filter((each) => each.site_id === site.id);
    const mine = desk.holds(site);
    const [giving, taking] = ["give", "take"].map((each) => desk.doing.has(`${each} ${site.id}`));
    const state = mine ? "MINE" : site.regulation.state;
    return html`<div class="surface site ${mine ? "mine" : ""}" data-id=${site.id} data-state=${state}>
      <div class="site-head">
        <h3 id="site-${site.id}">${site.name}</h3>
        ${mine
          ? html`<button class="small" aria-disabled=${giving} aria-describedby="site-${site.id}"
              @click=${unless(giving, () => this.app.duty.giveUp(site))}>
              ${t(giving ? "sending" : "means.give")}</button>`
          : html`<button class="small" aria-disabled=${taking} aria-describedby="site-${site.id}"
              @click=${unless(taking, () => this.app.duty.take(site))}>
              ${t(taking ? "sending" : "means.take")}</button>`}
      </div>
      <p class="holder ${mine ? "good" : ""}">${this.#holder(site, mine)}</p>
      ${this.#box("sites", site, t("means.site_itself", { site: site.name }))}
      ${this.#vehicles(vehicles)}
    </div>`;
  }

  #holder(site, mine) {
    const { state, device, since } = site.regulation;
    if (mine) return html`✓ ${t("means.mine")}`;
    if (state === "SUSPENDED") return html`<strong>✕ ${t("means.suspended", { device: device?.name ?? "" })}</strong>`;
    if (state === "FREE") return html`<strong>✕ ${t("regulation.nobody")}</strong>`;
    const held = { device: device?.name ?? "", person: device?.person ?? "", time: clock(since) };
    return html`<span title=${clockSeconds(since)}>→ ${t("means.elsewhere", held)}</span>`;
  }

  #vehicles(vehicles) {
    const word = this.wanted.trim().toLowerCase();
    const shown = vehicles.filter((each) => !word
      || `${each.name} ${crewNames(this.app.desk, each)}`.toLowerCase().includes(word));
    shown.sort((a, b) => a.name.localeCompare(b.name, undefined, NUMERIC));
    return html`<ul class="vehicles">${repeat(shown, (each) => each.id, (each) => html`
      <li data-id=${each.id} data-state=${each.mission_id ? "ENGAGED" : each.on_guard ? "ON_GUARD" : each.available
        ? "AVAILABLE" : "OFF"}>
        ${this.#box("vehicles", each, each.name)}
        ${this.#where(each)}
      </li>`)}</ul>`;
  }

  #box(kind, means, name) {
    const { desk, duty } = this.app;
    const busy = desk.doing.has(`tick ${means.id}`);
    const wanted = desk.ticking.get(means.id);
    const tick = (event) => {
      if (!busy) duty.tick(kind, means, event.target.checked);
    };
    return html`<div class="tick">
      <label><input type="checkbox" .checked=${live(wanted ?? means.available)} aria-busy=${busy}
        @change=${tick}> <span id="box-${means.id}">${name}</span></label>
      ${busy ? html`<span class="quiet">${t("sending")}</span>` : nothing}
      ${means.available ? html`<button class="plain small until"
        aria-expanded=${this.ending === means.id} aria-describedby="box-${means.id}"
        title=${t("means.until_when", { name: means.name })} @click=${() => this.#end(means)}>${untilWords(means)
          || t("means.until_open")}</button>` : nothing}
      ${this.ending === means.id ? this.#ending(kind, means) : nothing}
    </div>`;
  }

  #end(means) {
    this.ending = this.ending === means.id ? null : means.id;
  }

  #ending(kind, means) {
    const submit = (event) => {
      event.preventDefault();
      const time = new FormData(event.target).get("until");
      this.ending = null;
      if (time || means.until) this.app.duty.tick(kind, means, true, time ? nextInstantAt(time) : null);
    };
    return html`<form class="row ending" @submit=${submit}>
      <label class="row">${t("means.until_label")} <input type="time" name="until" .value=${means.until
        ? clock(means.until) : ""}></label>
      <button class="small">${t("means.set")}</button></form>`;
  }

  #where(vehicle) {
    const { desk } = this.app;
    const mission = desk.missions.get(vehicle.mission_id);
    const names = crewNames(desk, vehicle);
    return html`<p class="where quiet">
      <span class="volume">${term("VOLUME", vehicle.volume)}</span>
      ${vehicle.mode ? html`<span class="mode" title=${t(`mode.${vehicle.mode}`)}>${vehicle.mode}</span>` : nothing}
      ${vehicle.mission_id ? html`<strong>${t("means.on_mission", { step: mission ? term("STEP", mission.step)
        : "" })}</strong>` : nothing}
      ${vehicle.on_guard ? html`<strong>${t("means.on_guard")}</strong>` : nothing}
      <span>${vehicle.phones.count ? `☎ ${names || t("means.phone")}` : t("means.no_phone")}</span>
      ${this.#position(vehicle)}
    </p>`;
  }

  #position({ position, freshness }) {
    if (!position) return html`<span>${t("means.no_position")}</span>`;
    const sure = freshness === "SILENT" ? ` · ${t("asked.to_confirm")}` : "";
    const words = `${FRESHNESS_SIGNS[freshness] ?? ""} ${t("means.position", { ago: ago(position.recorded_at) })}${sure}`;
    return html`<span title="${term("FRESHNESS", freshness)} · ${clockSeconds(position.recorded_at)}">${words}</span>`;
  }
}

customElements.define("r-means", Means);

/** The next instant at which this page's clock shows a time of day, as RFC 3339; also over a change of the clocks. */
function nextInstantAt(text) {
  const next = Date.parse(lastInstantAt(text)) + DAY_MS;
  const minutes = (shown) => Number(shown.slice(0, 2)) * 60 + Number(shown.slice(3, 5));
  const off = minutes(text) - minutes(clock(next));
  const exact = Math.floor((next + off * 60_000) / 60_000) * 60_000;
  return new Date(exact > serverNow() ? exact : exact + DAY_MS).toISOString();
}
