/** Alarms of the company: what somebody must look at, until somebody says so. */

import { Part, html, nothing, repeat, t } from "core/part.js";
import { post } from "core/api.js";
import { ago, clockSeconds } from "core/time.js";
import { complain } from "parts/toasts.js";
import { Settling, unless } from "core/hand.js";

/** An alarm that comes or goes moves the others: what is pressed at that moment was meant for another one. */
const SETTLES_MS = 600;

class Alarms extends Part {
  #places = new Settling(this);

  static properties = { app: { attribute: false } };

  connectedCallback() {
    super.connectedCallback();
    this.follow(this.app.desk, "change");
  }

  render() {
    const { alarms } = this.app.desk;
    this.#places.watch(alarms.map((each) => `${each.id} ${each.state}`).join(), SETTLES_MS);
    if (!alarms.length) return nothing;
    return html`<section class="alarms surface" aria-label=${t("alarms.title")}>
      <ul>${repeat(alarms, (each) => each.id, (each) => this.#alarm(each))}</ul></section>`;
  }

  #alarm(alarm) {
    const { desk } = this.app;
    const raised = alarm.state === "RAISED";
    const word = `alarm ${alarm.id}`;
    const off = desk.doing.has(word);
    return html`<li data-id=${alarm.id} data-state=${alarm.state} class=${raised ? "raised" : ""}>
      <span class="state ${raised ? "red" : ""}">${t(raised ? "alarms.raised" : "alarms.seen")}</span>
      <p role=${raised ? "alert" : "note"}>${alarm.sentence} <span class="quiet"
        title=${clockSeconds(alarm.raised_at)}>${ago(alarm.raised_at)}</span></p>
      ${raised ? html`<button class="danger ${off ? "" : "soon"}" aria-disabled=${off || this.#places.now}
        @click=${unless(off, () => this.#see(alarm, word))}>${t(off ? "sending" : "alarms.see")}</button>`
          : html`<span class="quiet">${alarm.company_seen_by ?? ""}</span>`}
    </li>`;
  }

  async #see(alarm, word) {
    if (this.#places.now) return;
    const { desk } = this.app;
    try {
      await desk.whileDoing(word, () => post(`/v1/alarms/${alarm.id}/acknowledgement`, undefined));
    } catch (error) {
      complain(error);
    }
    desk.readAlarms.now();
  }
}

customElements.define("r-alarms", Alarms);
