/** The guard board: for each sector who must answer now, who is next, and where only the telephone reaches somebody. */

import { serverNow } from "core/api.js";
import { unless } from "core/hand.js";
import { Part, html, nothing, repeat, t } from "core/part.js";
import { clock, day } from "core/time.js";
import { askReason } from "parts/dialogs.js";
import { approve, refuse } from "./actions.js";
import { isByPhone } from "./attention.js";
import { tried } from "./deciding.js";
import { callLink, panelHead } from "./pieces.js";
import { state } from "./state.js";

const TONES = { OPEN: "green", LATE: "red", MISSED: "red", ASKED: "amber", BY_PHONE: "amber", OPENABLE: "blue" };
const HIDDEN = new Set(["WITHDRAWN", "REFUSED"]);
const MINUTE_S = 60;

class Guard extends Part {
  static properties = { busy: { state: true } };

  connectedCallback() {
    super.connectedCallback();
    this.follow(state, "guard");
    state.readGuard();
  }

  render() {
    const periods = state.periods.filter((each) => !HIDDEN.has(each.state));
    const sectors = [...state.sectors].sort((one, other) => one.name.localeCompare(other.name));
    return html`<section class="stack guard" aria-labelledby="guard-title">
      ${panelHead("guard-title", t("guard.title"), () => this.say("back"))}
      ${state.known.has("guard") ? nothing : html`<p class="empty">${t("loading")}</p>`}
      ${state.known.has("guard") && !periods.length ? html`<p class="empty">${t("guard.empty")}</p>` : nothing}
      <div class="sectors">${repeat(sectors, (each) => each.id,
        (each) => this.#sector(each, periods.filter((one) => one.sector.id === each.id)))}</div>
    </section>`;
  }

  #sector(sector, periods) {
    const now = serverNow();
    const current = periods.filter((each) => Date.parse(each.starts_at) <= now);
    const next = periods.filter((each) => Date.parse(each.starts_at) > now);
    return html`<section class="sector surface" aria-labelledby="sector-${sector.id}">
      <h3 id="sector-${sector.id}">${sector.name}</h3>
      <h4>${t("guard.now")}</h4>
      ${current.length ? html`<ul>${repeat(current, (each) => each.id, (each) => this.#period(each))}</ul>`
        : html`<p class="quiet">${t("guard.nobody")}</p>`}
      ${next.length ? html`<h4>${t("guard.next")}</h4><ul>${repeat(next, (each) => each.id,
        (each) => this.#period(each))}</ul>` : nothing}
    </section>`;
  }

  #period(period) {
    const shown = isByPhone(period) ? "BY_PHONE" : period.state;
    const phone = period.state === "ASKED" ? period.phone : period.company_phone;
    const shift = period.shift?.closed_at ? null : period.shift;
    const byPhone = ["ASKED", "LATE", "BY_PHONE"].includes(shown);
    return html`<li class="period" data-id=${period.id} data-state=${period.state}>
      <p class="row"><span class="state ${TONES[shown] ?? ""}">${t(`period.${shown}`)}</span>
        <b>${period.company.name}</b>${period.rank > 1
          ? html`<span class="quiet">${t("guard.rank", { n: period.rank })}</span>` : nothing}</p>
      <p class="figures">${moment(period.starts_at)} – ${moment(period.ends_at)}
        ${shift ? html` · ${shift.vehicle_name} · ${t("guard.missions", { n: shift.missions })}` : nothing}
        ${shift?.late_s >= MINUTE_S ? html` · <span class="late">${late(shift)}</span>` : nothing}
        ${period.provisional ? ` · ${t(period.approved_at ? "guard.provisional_approved" : "guard.provisional")}`
          : nothing}</p>
      ${byPhone ? html`<p><b>☎ ${t("guard.by_phone")}</b> ${phone ? callLink(phone) : t("guard.no_number")}</p>`
        : nothing}
      ${period.state === "ASKED" && state.may.settle ? this.#decision(period) : nothing}
    </li>`;
  }

  #decision(period) {
    return html`<div class="row">
      <button class="accept" aria-disabled=${Boolean(this.busy)}
        @click=${unless(this.busy, () => this.#settle(approve(period.id), "guard.approved"))}>
        ${t(this.busy ? "sending" : "guard.approve")}</button>
      <button class="danger" aria-disabled=${Boolean(this.busy)}
        @click=${unless(this.busy, () => this.#refuse(period))}>${t("guard.refuse")}</button>
    </div>`;
  }

  async #refuse(period) {
    const reason = await askReason(t("guard.refuse"), {
      reasons: ["covered", "not_owed"].map((why) => t(`guard.why.${why}`)), text: t("guard.refuse_text"),
    });
    if (reason !== null) await this.#settle(refuse(period.id, reason), "guard.refused");
  }

  async #settle(action, done) {
    this.busy = true;
    await tried(action, done);
    this.busy = false;
    state.readGuard();
  }
}

const moment = (instant) => html`<time datetime=${instant} title=${day(instant)}>${clock(instant)}</time>`;
const late = (shift) => t("guard.late_by", { n: Math.floor(shift.late_s / MINUTE_S) });

customElements.define("samu-guard", Guard);
