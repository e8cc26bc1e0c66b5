/**
 * Who makes noise and who blinks: a solicitation until it is answered, an alarm until it is seen, and a post that is
 * green no more until somebody touches the page (rule 24).
 */

import { call, notify } from "core/front.js";
import { t } from "core/i18n.js";
import { sounds } from "core/sound.js";
import { rings } from "./cards.js";
import { placeName } from "./words.js";

export class Ringing {
  #desk;
  #beat;
  #notified = new Map();
  #known = "";
  #colour = "";
  /** It was green, and nobody has been here since. */
  #left = false;

  constructor(desk, beat) {
    this.#desk = desk;
    this.#beat = beat;
    desk.addEventListener("change", () => this.#listen());
    beat.addEventListener("change", () => this.#watch());
    for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, () => this.#touched(), { capture: true });
    for (const kind of ["blur", "focus"]) addEventListener(kind, () => this.#blink());
    document.addEventListener("visibilitychange", () => this.#blink());
  }

  /** Once a second, too: a countdown may have run out without a word. */
  tick() {
    this.#listen();
  }

  /** What somebody does here themselves, such as giving a site up, they know. */
  #watch() {
    const { colour } = this.#beat.readiness;
    if (colour === "GREEN") this.#left = false;
    else if (this.#colour === "GREEN") this.#left = !this.#desk.doing.size;
    this.#colour = colour;
    this.#listen();
  }

  #touched() {
    if (!this.#left) return;
    this.#left = false;
    this.#listen();
  }

  #listen() {
    const asked = [...this.#desk.asked.values()].filter(rings);
    const alarms = this.#desk.alarms.filter((each) => each.state === "RAISED");
    sounds.ring([...(asked.length ? ["solicitation"] : []), ...(alarms.length || this.#left ? ["alarm"] : [])]);
    this.#tell(asked, alarms);
    const known = [...asked, ...alarms].map((each) => each.id).concat(this.#left ? this.#colour : []).join();
    if (known === this.#known) return;
    this.#known = known;
    this.#blink();
  }

  #blink() {
    const count = new Set([...this.#desk.asked.values()].filter(rings).map((each) => each.demand_id)).size;
    const alarm = this.#desk.alarms.find((each) => each.state === "RAISED");
    const left = this.#left ? t(`ready.${this.#colour}`) : null;
    call(count ? t("front.asked", { n: count }) : alarm ? t("front.alarm") : left);
  }

  /** The desktop, once for each demand and once more for each further ring; taken back when it rings no more. */
  #tell(asked, alarms) {
    const wanted = new Map();
    for (const each of asked) {
      const tag = `${each.demand_id}:${each.round}${each.rung_at ? `:${each.rung_at}` : ""}`;
      const { pickup, max_delay_minutes: minutes } = each.demand;
      const body = `${placeName(this.#desk, pickup)} · ${t("asked.delay", { n: minutes })}`;
      wanted.set(tag, [t("front.asked", { n: 1 }), body]);
    }
    for (const each of alarms) wanted.set(each.id, [t("front.alarm"), each.sentence]);
    if (this.#left) wanted.set("readiness", [t(`ready.${this.#colour}`), this.#beat.readiness.sentence]);
    for (const [tag, told] of this.#notified) {
      if (wanted.has(tag)) continue;
      told.close();
      this.#notified.delete(tag);
    }
    for (const [tag, [title, body]] of wanted) {
      const told = this.#notified.has(tag) ? null : notify(tag, title, body);
      if (told) this.#notified.set(tag, told); // not shown, as long as the page is in front: told when it is not
    }
  }
}
