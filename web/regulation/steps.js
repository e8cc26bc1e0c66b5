/** What a regulator does with a running mission: steps, their undoing, the legal exits, receipts (rules 30, 40-44). */

import { all, get, post, put, remove, uuid } from "core/api.js";
import { t, term } from "core/i18n.js";
import { sentenceOf } from "core/problem.js";
import { toast } from "parts/toasts.js";

export class Steps {
  #desk;
  #facilities = null;

  constructor(desk) {
    this.#desk = desk;
    desk.addEventListener("sheet", (event) => this.#read(event.detail));
  }

  /** Pass the next step; `occurredAt` when it was told by telephone, later than it happened (rule 43). */
  async pass(mission, step, occurredAt = null) {
    const given = { step, step_id: uuid(), ...(occurredAt ? { occurred_at: occurredAt } : {}) };
    const told = await this.#send(mission, step, () => post(`/v1/missions/${mission.id}/steps`, given));
    if (!told) return false;
    if (told.status !== "recorded") {
      this.#desk.touchMission(mission.id, { notice: t("missions.kept", { step: term("STEP", step) }) });
      return true;
    }
    const passed = { step_id: told.step_id, step, at: told.recorded_at };
    this.#desk.touchMission(mission.id, { step, expected_step: told.expected_step, passed });
    this.#desk.readMissions.now();
    return true;
  }

  /** Take the last step back, within the minute. */
  async undo(mission) {
    const path = `/v1/missions/${mission.id}/steps/${mission.passed.step_id}`;
    const told = await this.#send(mission, "undo", () => remove(path));
    if (!told) return;
    this.#desk.touchMission(mission.id, { passed: null });
    toast(t("step.undone"), "good");
    this.#desk.readMissions.now();
  }

  /** The vehicle cannot go on (`breakdown`), or nobody is carried (`no-transport`). */
  exit(mission, kind, reason) {
    return this.#send(mission, kind, () => post(`/v1/missions/${mission.id}/${kind}`, { reason }));
  }

  /** Another vehicle of the company takes over. */
  relieve(mission, vehicleId, reason) {
    const given = { vehicle_id: vehicleId, reason };
    return this.#send(mission, "relief", () => post(`/v1/missions/${mission.id}/relief`, given));
  }

  /** The facility as the SAMU told it (rule 36). */
  async destination(mission, facilityId) {
    const path = `/v1/missions/${mission.id}/destination`;
    const told = await this.#send(mission, "destination", () => put(path, { facility_id: facilityId }));
    if (told) toast(t("destination.done"), "good");
  }

  /** Where patients are taken to; null when nobody answers, which the mission says. */
  async facilities(mission) {
    this.#facilities ??= await this.#send(mission, "facilities", () => all("/v1/facilities"));
    return this.#facilities;
  }

  /** Somebody opens the sheet: read it, with its patient, and say so (rules 30 and 32). */
  async open(mission) {
    await this.#read(mission.id);
    if (!mission.ended_at && !mission.opened_at) this.#receipt(mission.id, "OPENED");
  }

  /** Forget the sheet: who the patient is has no place in a closed one. */
  close(mission) {
    this.#desk.sheets.delete(mission.id);
    this.#desk.learn();
  }

  /** This post has the mission. */
  delivered(mission) {
    return this.#receipt(mission.id, "DELIVERED");
  }

  async #read(id) {
    try {
      this.#desk.sheets.set(id, await get(`/v1/missions/${id}`));
      this.#desk.touchMission(id, {});
    } catch (error) {
      toast(sentenceOf(error), "bad");
    }
  }

  /** Told again by the next reading, should it not arrive now. */
  async #receipt(id, receipt) {
    try {
      await post(`/v1/missions/${id}/receipt`, { receipt });
    } catch {
      /* the mission may have ended meanwhile */
    }
  }

  async #send(mission, word, run) {
    this.#desk.touchMission(mission.id, { sending: word, trouble: null, notice: null });
    try {
      const told = await run();
      this.#desk.touchMission(mission.id, { sending: null });
      this.#desk.readMissions.now();
      this.#desk.readFleet.now();
      return told;
    } catch (error) {
      this.#desk.touchMission(mission.id, { sending: null, trouble: sentenceOf(error) });
      this.#desk.readMissions.now();
      return null;
    }
  }
}
