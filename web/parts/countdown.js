/** How long is left: the largest thing on a solicitation. `<r-countdown to="2026-11-22T14:03:10Z">`. */

import { Part, t } from "core/part.js";
import { clockSeconds, countdown, until } from "core/time.js";

class Countdown extends Part {
  static properties = { to: {} };

  connectedCallback() {
    super.connectedCallback();
    this.setAttribute("role", "timer");
    this.ticking();
  }

  render() {
    const left = until(this.to);
    this.classList.toggle("late", left < 0);
    this.title = t("time.until", { time: clockSeconds(this.to) });
    return countdown(left);
  }
}

customElements.define("r-countdown", Countdown);
