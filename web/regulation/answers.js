/** Answers to solicitations. Nothing is shown as done before the API said so. */

import { post, serverNow, unanswered } from "core/api.js";
import { t } from "core/i18n.js";
import { sentenceOf } from "core/problem.js";
import { sounds } from "core/sound.js";
import { toast } from "parts/toasts.js";
import { missionOf, siteOf } from "./cards.js";

/** What a refusal of the API says about the solicitation itself. */
const CLOSES = {
  already_assigned: { state: "WITHDRAWN", reason: "ALREADY_ASSIGNED" },
  demand_closed: { state: "WITHDRAWN", reason: "DEMAND_CLOSED" },
  solicitation_closed: { state: "WITHDRAWN", reason: "SOLICITATION_CLOSED" },
  too_late: { state: "EXPIRED" },
};
/** Somebody has it; perhaps we do. */
const HAS_A_WINNER = new Set(["already_assigned", "demand_closed"]);
const OF_THE_LEASE = new Set(["lease_lost", "lease_held_elsewhere", "device_closed"]);

export class Answers {
  #desk;
  #beat;

  constructor(desk, beat) {
    this.#desk = desk;
    this.#beat = beat;
  }

  /** Accept; a site's or a free choice's names the vehicle. It is ours only once the API confirms it (rule 28). */
  async accept(asked, vehicleId = null) {
    const body = asked.vehicle_id ? {} : { vehicle_id: vehicleId };
    const told = await this.#send(asked, "acceptance", body);
    if (!told) return;
    const before = this.#desk.won.get(asked.demand_id);
    this.#desk.won.set(asked.demand_id, {
      ...before,
      mission_id: told.mission_id,
      vehicle_id: vehicleId ?? asked.vehicle_id,
      phone_bound: told.phone_bound,
      notice: told.notice,
      round: asked.round,
      revision: asked.demand.revision,
      at: serverNow(),
    });
    this.#desk.touch(asked.id, { state: "ACCEPTED", sending: null });
    this.#desk.readMissions.now();
    this.#desk.readFleet.now();
    sounds.play("confirmed");
  }

  /** Refuse these, with a reason or without. */
  async refuse(rows, reason) {
    const body = reason ? { reason } : {};
    const done = await Promise.all(rows.map((each) => this.#send(each, "refusal", body)));
    rows.forEach((each, at) => done[at] && this.#desk.touch(each.id, { state: "REFUSED", reason, sending: null }));
  }

  /** Promise a longer delay with one, and perhaps refuse others. True when it was taken. */
  async propose(asked, minutes, others = []) {
    const told = await this.#send(asked, "counter-proposal", { delay_minutes: minutes });
    if (!told) return false;
    this.#desk.touch(asked.id, { state: "COUNTERED", counter_delay_minutes: minutes, sending: null });
    if (others.length) await this.refuse(others, t("asked.reason.counter", { n: minutes }));
    return true;
  }

  async #send(asked, verb, body) {
    this.#desk.touch(asked.id, { sending: verb, trouble: null });
    try {
      const site = siteOf(this.#desk, asked) ?? undefined;
      return await post(`/v1/solicitations/${asked.id}/${verb}`, body, { site });
    } catch (error) {
      await this.#failed(asked, verb, error);
      return null;
    }
  }

  async #failed(asked, verb, error) {
    if (HAS_A_WINNER.has(error.code)) await this.#desk.readMissions.now(); // before somebody else is said to have it
    const unknown = verb === "acceptance" && unanswered(error);
    const runs = missionOf(this.#desk, asked.demand_id);
    const text = unknown ? t(runs ? "acceptance.unknown_running" : "acceptance.unknown") : sentenceOf(error);
    const trouble = { code: error.code ?? null, text, unknown };
    this.#desk.touch(asked.id, { sending: null, trouble, ...CLOSES[error.code] });
    if (!this.#desk.asked.has(asked.id)) toast(text, "bad");
    this.#desk.readAsked.now();
    this.#desk.readMissions.now();
    if (!OF_THE_LEASE.has(error.code)) return;
    this.#beat.now();
    this.#desk.readFleet.now();
  }
}
