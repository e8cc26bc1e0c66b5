/** What this post receives, in a word that is read from the other end of the room, and what is missing. */

import { Part, html, nothing, t } from "core/part.js";
import { sounds } from "core/sound.js";
import { unless } from "core/hand.js";

/** What repairs it: a button for each thing that a person can do. Two things that one button repairs have one. */
const REPAIRS = {
  NOBODY_REGULATES: "take",
  REGULATION_SUSPENDED: "take",
  HELD_ELSEWHERE: "take_over",
  NOTHING_TICKED: "tick",
  NOTHING_FREE: "tick",
  PROBE_LATE: "retry",
  PROBE_LOST: "retry",
  HEARTBEAT_LATE: "retry",
  LOCAL_OFFLINE: "retry",
  LOCAL_SILENT: "retry",
  LOCAL_MISSED: "retry",
  LOCAL_SOUND: "sound",
};
const SIGNS = { GREEN: "✓", AMBER: "▲", RED: "✕" };

class Readiness extends Part {
  static properties = { app: { attribute: false } };

  connectedCallback() {
    super.connectedCallback();
    this.follow(this.app.beat, "change");
    this.follow(this.app.desk, "change");
  }

  render() {
    const { colour, sentence, missing, since } = this.app.beat.readiness;
    const more = colour === "AMBER"
      ? missing.filter((each) => !sentence.toLowerCase().includes(each.detail.toLowerCase())) : [];
    const kept = this.app.beat.told?.not_received ?? [];
    return html`<div class="readiness">
      <p class="word" role="status"><span aria-hidden="true">${SIGNS[colour]}</span> ${t(`ready.${colour}`)}</p>
      <div class="says">
        <p class="sentence" role=${colour === "RED" ? "alert" : "status"}>${sentence}</p>
        ${since ? html`<p class="figures">${since}</p>` : nothing}
        ${more.length ? html`<ul>${more.map((each) => html`<li>${capital(each.detail)}</li>`)}</ul>` : nothing}
        <div class="row">${this.#repairs(missing)}</div>
        ${kept.length ? html`<details><summary>${t("ready.not_received", { n: kept.length })}</summary>
          <ul>${kept.map((each) => html`<li>${each.name} : ${each.detail}</li>`)}</ul></details>` : nothing}
      </div>
    </div>`;
  }

  #repairs(missing) {
    const { desk, duty, beat } = this.app;
    const wanted = new Set(missing.map((each) => REPAIRS[each.code]).filter(Boolean));
    if (desk.free.length) wanted.add("take");
    const others = (desk.company?.sites ?? []).filter((each) => each.regulation.state === "HELD" && !desk.holds(each));
    const taking = desk.doing.has("take");
    const buttons = {
      take: desk.free.length
        ? html`<button class="repair" aria-disabled=${taking}
          @click=${unless(taking, () => duty.takeFree())}>${t(taking ? "sending" : "regulation.take")}</button>`
        : nothing,
      take_over: html`<button class="repair" aria-disabled=${taking}
        @click=${unless(taking, () => duty.takeOver(others))}>${t("ready.take_over")}</button>`,
      tick: html`<button class="repair" @click=${() => this.say("to-means")}>${t("ready.tick")}</button>`,
      sound: html`<button class="repair" @click=${() => sounds.wake()}>${t("ready.sound")}</button>`,
      retry: html`<button class="repair" @click=${() => beat.now()}>${t("ready.retry")}</button>`,
    };
    return [...wanted].map((each) => buttons[each]);
  }
}

const capital = (text) => (text ? text[0].toUpperCase() + text.slice(1) : "");

customElements.define("r-readiness", Readiness);
