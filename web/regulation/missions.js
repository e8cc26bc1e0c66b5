/** The right of the page: missions that run, each with its next step; those that ended today below. */

import { serverNow } from "core/api.js";
import { Part, html, nothing, repeat, t, term } from "core/part.js";
import { clock, clockSeconds, day, lastInstantAt, until } from "core/time.js";
import "parts/countdown.js";
import { breakDown, giveDestination, noTransport, relieve } from "./exits.js";
import { Settling, unless } from "core/hand.js";
import { coordinates } from "core/places.js";
import { sheetOf } from "./sheet.js";

const UNDO_MS = 60_000;
/** After a step the button is another one, whoever passed it: a click meant for the one before must not pass it. */
const PAUSE_MS = 700;
const ARRIVED = new Set(["LIEU_INTERVENTION", "BILAN_REALISE", "EN_CHARGE", "LIEU_DESTINATION", "DISPONIBLE"]);
const PATIENT_ABOARD = new Set(["EN_CHARGE", "LIEU_DESTINATION"]);
const LATE_GRACE_MS = 1000;

class Missions extends Part {
  #places = new Settling(this);

  static properties = { app: { attribute: false }, wanted: {}, telling: { state: true } };

  constructor() {
    super();
    this.wanted = "";
    /** Steps that are told with another time than now: the time of day, by mission and step. */
    this.telling = new Map();
  }

  connectedCallback() {
    super.connectedCallback();
    this.follow(this.app.desk, "change");
    this.ticking();
  }

  render() {
    const { desk } = this.app;
    const today = dayOf(serverNow());
    const told = new Set(desk.running.map(toldKey));
    for (const each of this.telling.keys()) if (!told.has(each)) this.telling.delete(each);
    const running = desk.running.filter((each) => this.#matches(each));
    running.sort((a, b) => a.assigned_at.localeCompare(b.assigned_at));
    this.#places.watch(running.map((each) => `${each.id} ${each.expected_step}`).join(), PAUSE_MS);
    const ended = [...desk.missions.values()].filter((each) => each.ended_at && dayOf(each.ended_at) === today
      && this.#matches(each));
    ended.sort((a, b) => b.ended_at.localeCompare(a.ended_at));
    return html`<section class="column" aria-labelledby="missions-title">
      <div class="surface title"><h2 id="missions-title">${t("missions.title")}</h2>
        <span class="count">${running.length || ""}</span></div>
      ${running.length ? nothing : html`<p class="surface empty quiet">${t("missions.none")}</p>`}
      ${repeat(running, (each) => each.id, (each) => this.#mission(each))}
      ${ended.length ? html`<details class="surface ended">
        <summary>${t("missions.ended", { n: ended.length })}</summary>
        <ul>${repeat(ended, (each) => each.id, (each) => this.#ended(each))}</ul></details>` : nothing}
    </section>`;
  }

  #matches(mission) {
    const word = this.wanted.trim().toLowerCase();
    if (!word) return true;
    const told = [this.#vehicleName(mission), mission.pickup.address, mission.reference, mission.motive];
    return told.join(" ").toLowerCase().includes(word);
  }

  #vehicleName(mission) {
    return this.app.desk.vehicle(mission.vehicle_id)?.name ?? "";
  }

  #mission(mission) {
    const sheet = this.app.desk.sheets.get(mission.id);
    const open = Boolean(sheet);
    const sending = Boolean(mission.sending);
    return html`<article class="surface mission ${mission.alarm ? "alarmed" : ""}" data-id=${mission.id}
      data-state=${mission.step}>
      <header>
        <h3>${this.#vehicleName(mission)}</h3>
        <span class="state green">${term("STEP", mission.step)}</span>
        ${mission.exercise ? html`<span class="state amber">${t("exercise")}</span>` : nothing}
      </header>
      <p class="address">${mission.pickup.address ?? coordinates(mission.pickup)}</p>
      ${mission.motive ? html`<p>${mission.motive}</p>` : nothing}
      ${this.#time(mission)}
      ${mission.alarm ? html`<p class="state red">${term("ALARM", mission.alarm)}</p>` : nothing}
      ${this.#receipts(mission)}
      ${mission.expected_step ? this.#next(mission) : nothing}
      ${this.#undo(mission)}
      ${mission.trouble ? html`<p class="error" role="alert">${mission.trouble}</p>` : nothing}
      ${mission.notice ? html`<p class="state amber" role="status">${mission.notice}</p>` : nothing}
      <button class="plain toggle" aria-expanded=${open} @click=${() => this.#toggle(mission, open)}>${t(open
        ? "missions.close" : "missions.open")}</button>
      ${open ? sheetOf(this.app.desk, mission, sheet, () => giveDestination(this.app, mission, sheet)) : nothing}
      <details class="exits"><summary>${t("missions.exits")}</summary><div class="row">
        <button class="danger" aria-disabled=${sending}
          @click=${unless(sending, () => breakDown(this.app, mission))}>${t("missions.breakdown")}</button>
        <button aria-disabled=${sending || mission.step !== "BILAN_REALISE"} @click=${unless(sending
          || mission.step !== "BILAN_REALISE", () => noTransport(this.app, mission))}>
          ${t("missions.no_transport")}</button>
        <button aria-disabled=${sending}
          @click=${unless(sending, () => relieve(this.app, mission))}>${t("missions.relief")}</button>
      </div>${mission.step === "BILAN_REALISE" ? nothing
        : html`<p class="quiet">${t("PROBLEM.no_transport_not_allowed")}</p>`}</details>
    </article>`;
  }

  /** How long until the vehicle was promised there; then whether it is late. Words beside every colour. */
  #time(mission) {
    if (ARRIVED.has(mission.step)) {
      const place = PATIENT_ABOARD.has(mission.step) ? mission.destination.name : null;
      return place ? html`<p>→ <strong>${place}</strong></p>` : nothing;
    }
    const late = until(mission.deadline) < -LATE_GRACE_MS;
    const broken = until(mission.promised_at) < -LATE_GRACE_MS;
    return html`<p class="promise">
      <r-countdown .to=${late ? mission.deadline : mission.promised_at}></r-countdown>
      <span title=${clockSeconds(mission.promised_at)}>
        ${t("missions.promised", { time: clock(mission.promised_at) })}<br>
        <span class="quiet">${t("missions.deadline", { time: clock(mission.deadline) })}</span></span>
      ${late ? html`<span class="state red">${t("missions.late")}</span>` : broken
        ? html`<span class="state amber">${t("missions.broken")}</span>` : nothing}
    </p>`;
  }

  /** Whether the crew has it; with no phone in the vehicle somebody must call (rule 31). */
  #receipts(mission) {
    const vehicle = this.app.desk.vehicle(mission.vehicle_id);
    if (vehicle && !vehicle.phones.count) return html`<p class="phone">⚠ <strong>${t("won.no_phone")}</strong></p>`;
    const { opened_at: opened, delivered_at: delivered } = mission;
    const key = opened ? "opened" : delivered ? "delivered" : "not_delivered";
    return html`<p class="quiet">${t(`missions.${key}`, { time: clock(opened ?? delivered) })}</p>`;
  }

  #next(mission) {
    const step = mission.expected_step;
    const time = this.telling.get(toldKey(mission));
    const telling = time !== undefined;
    const off = Boolean(mission.sending);
    const sending = mission.sending === step;
    return html`<div class="next">
      <button class="primary step ${off ? "" : "soon"}" aria-disabled=${off || this.#places.now}
        @click=${unless(off, () => this.#pass(mission, step, time))}>
        ${sending ? t("sending") : term("STEP", step)}${!sending && time ? ` ${t("missions.at", { time })}`
          : ""}</button>
      ${telling
        ? html`<label class="row told">${t("missions.told_at")} <input type="time" .value=${time}
          @input=${(event) => this.#tell(mission, event.target.value)}>
            <button class="plain small"
              @click=${() => this.#tell(mission, undefined)}>${t("missions.now")}</button></label>`
        : html`<button class="plain small"
          @click=${() => this.#tell(mission, clock(serverNow()))}>${t("missions.other_time")}</button>`}
    </div>`;
  }

  async #tell(mission, time) {
    const opens = time !== undefined && !this.telling.has(toldKey(mission));
    if (time === undefined) this.telling.delete(toldKey(mission));
    else this.telling.set(toldKey(mission), time);
    this.requestUpdate();
    if (!opens) return;
    await this.updateComplete;
    this.querySelector(`[data-id="${mission.id}"] .told input`)?.focus();
  }

  async #pass(mission, step, time) {
    if (this.#places.now) return;
    const done = await this.app.steps.pass(mission, step, time ? lastInstantAt(time) : null);
    if (done) this.#tell(mission, undefined);
  }

  #undo(mission) {
    const left = mission.passed ? UNDO_MS - (serverNow() - Date.parse(mission.passed.at)) : 0;
    if (left <= 0 || mission.passed.step !== mission.step) return nothing;
    const off = Boolean(mission.sending);
    return html`<p class="row undo"><button class="small ${off ? "" : "soon"}" aria-disabled=${off || this.#places.now}
      @click=${unless(off, () => this.#places.now || this.app.steps.undo(mission))}>
      ${t(mission.sending === "undo" ? "sending" : "step.undo")}</button>
      <span class="quiet figures">${term("STEP", mission.step)} ·
        ${t("missions.undo_left", { n: Math.ceil(left / 1000) })}</span></p>`;
  }

  #toggle(mission, open) {
    if (open) this.app.steps.close(mission);
    else this.app.steps.open(mission);
  }

  #ended(mission) {
    return html`<li data-id=${mission.id} data-state=${mission.step}>
      <strong>${this.#vehicleName(mission)}</strong> · ${mission.pickup.address ?? coordinates(mission.pickup)}<br>
      <span class="quiet"><time
        title=${clockSeconds(mission.assigned_at)}>${clock(mission.assigned_at)}</time>–<time
          title=${clockSeconds(mission.ended_at)}>${clock(mission.ended_at)}</time>
        · ${term("END", mission.end_reason)}${mission.end_detail ? ` (${mission.end_detail})` : ""}</span></li>`;
  }
}

/** A time is told of one step: when somebody passes that one, it says nothing about the next. */
const toldKey = (mission) => `${mission.id} ${mission.expected_step}`;

/** The day of an instant on this page's clock, as a word that can be compared. */
const dayOf = (instant) => day(instant).slice(0, -5);

customElements.define("r-missions", Missions);
