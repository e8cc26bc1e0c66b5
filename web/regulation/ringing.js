/** Who makes noise and who blinks: a solicitation until it is answered, an alarm until it is seen. */

import { call, notify } from "core/front.js";
import { t } from "core/i18n.js";
import { sounds } from "core/sound.js";
import { rings } from "./cards.js";
import { placeName } from "./words.js";

export class Ringing {
  #desk;
  #notified = new Map();
  #known = "";

  constructor(desk) {
    this.#desk = desk;
    desk.addEventListener("change", () => this.#listen());
    for (const kind of ["blur", "focus"]) addEventListener(kind, () => this.#blink());
    document.addEventListener("visibilitychange", () => this.#blink());
  }

  /** Once a second, too: a countdown may have run out without a word. */
  tick() {
    this.#listen();
  }

  #listen() {
    const asked = [...this.#desk.asked.values()].filter(rings);
    const alarms = this.#desk.alarms.filter((each) => each.state === "RAISED");
    sounds.ring([...(asked.length ? ["solicitation"] : []), ...(alarms.length ? ["alarm"] : [])]);
    this.#tell(asked, alarms);
    const known = [...asked.map((each) => each.id), ...alarms.map((each) => each.id)].join();
    if (known === this.#known) return;
    this.#known = known;
    this.#blink();
  }

  #blink() {
    const count = new Set([...this.#desk.asked.values()].filter(rings).map((each) => each.demand_id)).size;
    const alarm = this.#desk.alarms.find((each) => each.state === "RAISED");
    call(count ? t("front.asked", { n: count }) : alarm ? t("front.alarm") : null);
  }

  /** The desktop, once for each demand and once more for its second ring; taken back when it rings no more. */
  #tell(asked, alarms) {
    const wanted = new Map();
    for (const each of asked) {
      const tag = `${each.demand_id}:${each.round}${each.rung_at ? ":2" : ""}`;
      const { pickup, max_delay_minutes: minutes } = each.demand;
      const body = `${placeName(this.#desk, pickup)} · ${t("asked.delay", { n: minutes })}`;
      wanted.set(tag, [t("front.asked", { n: 1 }), body]);
    }
    for (const each of alarms) wanted.set(each.id, [t("front.alarm"), each.sentence]);
    for (const [tag, told] of this.#notified) {
      if (wanted.has(tag)) continue;
      told?.close();
      this.#notified.delete(tag);
    }
    for (const [tag, [title, body]] of wanted) {
      if (!this.#notified.has(tag)) this.#notified.set(tag, notify(tag, title, body));
    }
  }
}
