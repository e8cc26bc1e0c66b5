/** The page: what is worth knowing on top, what is asked or running in the middle, one button under the thumb. */

import { Part, html, nothing, t } from "core/part.js";
import { sounds } from "core/sound.js";
import { asksView } from "./view-asks.js";
import { chooseView } from "./view-choose.js";
import { boardingFoot, boardingView, seatView } from "./view-crew.js";
import { guardFoot, guardView } from "./view-guard.js";
import { healthLine } from "./view-health.js";
import { masterFoot, masterView } from "./view-master.js";
import { menuView } from "./view-menu.js";
import { endedView, missionView } from "./view-mission.js";
import { refusedView, stepFoot } from "./view-step.js";
import { topView } from "./view-top.js";
import { phone } from "./state.js";

export class MobilePage extends Part {
  connectedCallback() {
    super.connectedCallback();
    this.follow(phone, "change");
    this.follow(sounds, "change");
    this.ticking();
  }

  render() {
    this.dataset.readiness = phone.colour;
    this.dataset.offline = String(phone.unsent.length);
    this.dataset.mode = phone.mode ?? "";
    const { body, foot } = this.#parts();
    this.classList.toggle("with-foot", foot !== nothing);
    return html`
      ${topView()}
      <main>${refusedView()}${body}</main>
      <footer class="foot" ?hidden=${foot === nothing} aria-label=${t("foot")}>${foot}</footer>`;
  }

  /** What is asked comes first, then the running mission, then where this phone stands. */
  #parts() {
    if (phone.menu) return { body: menuView(), foot: nothing };
    if ((!phone.mode && !phone.aboard) || phone.choosing) return { body: chooseView(), foot: nothing };
    const asks = html`${endedView()}${asksView()}`;
    if (phone.sheet) return { body: html`${asks}${missionView()}${healthLine()}`, foot: stepFoot() };
    const { body, foot } = this.#stand();
    return { body: html`${asks}${body}${healthLine()}`, foot };
  }

  #stand() {
    if (phone.mode === "GARDE" || phone.onGuard) return { body: guardView(), foot: guardFoot() };
    if (phone.mode === "MAITRE") return { body: masterView(), foot: masterFoot() };
    return phone.aboard ? { body: seatView(), foot: nothing } : { body: boardingView(), foot: boardingFoot() };
  }
}
