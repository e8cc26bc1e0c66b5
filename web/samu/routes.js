/** The way of the mission that is shown, read again while its vehicle moves. */

import { get } from "core/api.js";
import { state } from "./state.js";

const EVERY_MS = 20_000;

class Routes extends EventTarget {
  id = null;
  told = null;
  #timer = null;
  #asked = "";

  constructor() {
    super();
    state.addEventListener("demands", () => this.#look());
  }

  /** The line to draw: while somebody drives for the demand that is shown. */
  get line() {
    return this.told?.geometry ?? null;
  }

  /** Show the way of this demand's mission from now on; of none, with null. */
  follow(id) {
    if (id === this.id) return;
    this.id = id;
    this.#asked = "";
    this.#tell(null);
    this.#look();
  }

  #look() {
    const demand = this.id && state.demands.get(this.id);
    const mission = demand?.mission;
    const drives = mission && !mission.ended_at && mission.step !== "LIEU_DESTINATION";
    const wanted = drives ? `${mission.id} ${mission.vehicle_id} ${mission.step} ${demand.destination?.facility_id}` : "";
    if (wanted === this.#asked) return;
    this.#asked = wanted;
    clearTimeout(this.#timer);
    if (wanted) this.#read(mission.id, wanted);
    else this.#tell(null);
  }

  async #read(mission, wanted) {
    const told = await get(`/v1/missions/${mission}/route`).catch(() => null); // no position, no destination, not ours
    if (wanted !== this.#asked) return;
    this.#tell(told);
    this.#timer = setTimeout(() => this.#read(mission, wanted), EVERY_MS);
  }

  #tell(told) {
    if (told === this.told) return;
    this.told = told;
    this.dispatchEvent(new Event("change"));
  }
}

export const routes = new Routes();
