/**
 * What this page knows: the company's means, what it is asked, its missions, its alarms. Read from the API, and kept
 * true by the facts of the stream (`facts.js`). Views draw it; nothing here is guessed.
 */

import { all, get, serverNow } from "core/api.js";
import { Reading } from "./reading.js";
import { STAYS_MS, isOver } from "./cards.js";

const LATELY_MS = 20 * 60_000;
/** What facts say of a mission, sooner than any reading. */
const TOLD_BY_FACTS = ["step", "expected_step", "vehicle_id", "ended_at", "end_reason", "delivered_at", "opened_at"];
const PRUNE_KEPT_MS = 30 * 60_000;
/** The search is over; or it is ours to know no more. Whoever does not answer, says nothing about that. */
const IS_OVER = new Set(["ASSIGNED", "COMPLETED", "UNFULFILLED", "CANCELLED", 404]);

/** Events: `change` after anything was learnt. */
export class Desk extends EventTarget {
  /** Counts what was learnt: a reading that began before a fact does not undo it. */
  #count = 0;
  #told = false;
  me = null;
  device = null;
  /** `CompanyShown`, or null before it was read. */
  company = null;
  /** Phones and crews by vehicle id: `[CrewShown]`. */
  crews = new Map();
  /** Solicitations by id: `SolicitationShown` with `sending`, `trouble`, `closedAt`, `touched`. */
  asked = new Map();
  /** What became of demands here, by id: `{mission_id, vehicle_id, notice, promised_at, at}`. */
  won = new Map();
  /** Missions by id: `MissionLine` with `passed` (the last step's `{step_id, at}`), `sending`, `trouble`. */
  missions = new Map();
  /** Whole sheets by mission id: `MissionShown`; only of those that somebody opened. */
  sheets = new Map();
  /** Alarms that stand: `[AlarmShown]`. */
  alarms = [];
  /** Names of communes: `[{name, lat, lon}]`, as far as the API gives them. */
  communes = [];
  /** What is being done at the moment: a word for each, so that its button says so. */
  doing = new Set();
  /** Boxes whose tick is on its way, by id: what was asked for, shown with "Envoi…" until it is so, or is not. */
  ticking = new Map();

  readFleet = new Reading(() => this.#readFleet());
  readAsked = new Reading(() => this.#readAsked());
  readMissions = new Reading(() => this.#readMissions());
  readAlarms = new Reading(() => this.#readAlarms());

  /** Everything, from the beginning. */
  async readAll() {
    const reads = [this.readFleet, this.readAsked, this.readMissions, this.readAlarms];
    await Promise.all(reads.map((each) => each.now()));
  }

  /** Something was learnt: draw it. */
  learn() {
    this.#count += 1;
    if (this.#told) return;
    this.#told = true;
    queueMicrotask(() => {
      this.#told = false;
      this.dispatchEvent(new Event("change"));
    });
  }

  /** A solicitation with something new about it; nothing when it is not known here. */
  touch(id, news) {
    const known = this.asked.get(id);
    if (!known) return;
    this.#count += 1;
    const closes = "state" in news && news.state !== "OPEN";
    const closedAt = closes ? (known.closedAt ?? serverNow()) : "state" in news ? null : known.closedAt;
    this.asked.set(id, { ...settled(known, news.state ?? known.state), ...news, closedAt, touched: this.#count });
    this.readAsked.stale();
    this.learn();
  }

  /** A mission with something new about it. */
  touchMission(id, news) {
    const known = this.missions.get(id);
    this.#count += 1;
    if (known) this.missions.set(id, { ...known, ...news, touched: this.#count });
    if (news.ended_at) this.sheets.delete(id); // who the patient is, is ours to know while it runs
    const sheet = this.sheets.get(id);
    if (sheet) this.sheets.set(id, { ...sheet, ...news });
    this.readMissions.stale();
    this.learn();
  }

  /** While `run` lasts, its word is among what is being done. Raises what it raises. */
  async whileDoing(word, run) {
    this.doing.add(word);
    this.learn();
    try {
      return await run();
    } finally {
      this.doing.delete(word);
      this.learn();
    }
  }

  vehicle(id) {
    return this.company?.vehicles.find((each) => each.id === id);
  }

  site(id) {
    return this.company?.sites.find((each) => each.id === id);
  }

  /** The sites that this post regulates, as far as it was told. */
  get held() {
    return (this.company?.sites ?? []).filter((each) => this.holds(each));
  }

  /** Whether this post regulates a site. */
  holds(site) {
    return site.regulation.state === "HELD" && site.regulation.device?.id === this.device?.id;
  }

  /** Sites that nobody regulates now. */
  get free() {
    return (this.company?.sites ?? []).filter((each) => each.regulation.state !== "HELD");
  }

  /** Missions that run, the latest last. */
  get running() {
    return [...this.missions.values()].filter((each) => !each.ended_at);
  }

  /** Forget what closed long enough ago; once a second. */
  prune() {
    const now = serverNow();
    let gone = false;
    for (const each of this.asked.values()) {
      if (each.state === "OPEN" || !each.closedAt) continue;
      const stays = isOver(each) ? STAYS_MS : PRUNE_KEPT_MS;
      const late = now - each.closedAt > stays || now > Date.parse(each.demand.deadline) + PRUNE_KEPT_MS;
      if (!late || each.sending) continue;
      this.asked.delete(each.id);
      gone = true;
    }
    for (const [id, each] of this.won) {
      if (now - each.at < STAYS_MS) continue;
      this.won.delete(id);
      for (const one of this.asked.values()) if (one.demand_id === id
        && one.state !== "OPEN") this.asked.delete(one.id);
      gone = true;
    }
    if (gone) this.learn();
  }

  async #readFleet() {
    const told = await get("/v1/fleet");
    this.company = told.companies[0] ?? null;
    this.learn();
    const manned = (this.company?.vehicles ?? []).filter((each) => each.phones.count > 0);
    for (const id of this.crews.keys()) if (!manned.some((each) => each.id === id)) this.crews.delete(id);
    await Promise.all(manned.filter((each) => this.#isNew(each)).map((each) => this.#readCrew(each)));
  }

  #isNew(vehicle) {
    const known = this.crews.get(vehicle.id);
    return !known || known.length !== vehicle.phones.count;
  }

  async #readCrew(vehicle) {
    this.crews.set(vehicle.id, (await get(`/v1/vehicles/${vehicle.id}/crew`)).items);
    this.learn();
  }

  /** Open ones; and when one that we took for open is not among them, what became of it. */
  async #readAsked() {
    const began = this.#count;
    const open = await all("/v1/solicitations?state=OPEN");
    const ids = new Set(open.map((each) => each.id));
    const gone = [...this.asked.values()].some((each) => each.state === "OPEN" && !ids.has(each.id));
    const latest = gone ? (await get("/v1/solicitations")).items : [];
    for (const each of [...latest.filter((one) => this.asked.has(one.id)), ...open]) this.#note(each, began);
    this.learn();
  }

  #note(told, began) {
    const known = this.asked.get(told.id);
    if (known && known.touched > began) {
      const newer = pick(known, ["state", "reason", "counter_delay_minutes", "closedAt"]);
      this.asked.set(told.id, { ...told, ...newer, ...own(known) });
      return;
    }
    const closedAt = told.state === "OPEN" ? null : (known?.closedAt ?? serverNow());
    this.asked.set(told.id, { ...told, closedAt, ...own(known && settled(known, told.state)) });
  }

  /** Refusals and counter-delays of the last minutes whose search is still open: they may still be turned (rule 7). */
  async readAnswered() {
    const page = await get("/v1/solicitations?state=COUNTERED&state=REFUSED");
    const lately = page.items.filter((each) => serverNow() - Date.parse(each.opened_at) < LATELY_MS);
    for (const each of lately) if (!this.asked.has(each.id)) this.#note(each, this.#count);
    await this.checkAnswered();
  }

  /** Forget answered ones whose search is over: nobody tells those who refused. */
  async checkAnswered() {
    const answered = [...this.asked.values()].filter((each) => each.state !== "OPEN" && !isOver(each));
    for (const id of new Set(answered.map((each) => each.demand_id))) {
      const told = await get(`/v1/demands/${id}?patient=false`).catch((error) => ({ status: error.status }));
      if (!IS_OVER.has(told.status)) continue;
      for (const each of answered) if (each.demand_id === id) this.asked.delete(each.id);
    }
    this.learn();
  }

  async #readMissions() {
    const began = this.#count;
    const [open, ended] = await Promise.all([all("/v1/missions?state=OPEN"), get("/v1/missions?state=ENDED")]);
    const known = (id) => this.missions.get(id);
    const newer = (id) => (known(id)?.touched > began ? pick(known(id), TOLD_BY_FACTS) : {});
    const told = (each) => [each.id, { ...known(each.id), ...each, ...newer(each.id) }];
    this.missions = new Map([...ended.items, ...open].map(told));
    this.learn();
  }

  async #readAlarms() {
    this.alarms = await all("/v1/alarms?state=OPEN");
    this.learn();
  }
}

const pick = (given, names) => Object.fromEntries(names.map((name) => [name, given[name]]));

/** What was in doubt is known once the solicitation stands otherwise. */
const settled = (known, state) =>
  known.trouble?.unknown && state !== known.state ? { ...known, trouble: null } : known;

/** What only this page knows of a solicitation. */
const own = (known) => (known ? pick(known, ["sending", "trouble", "touched"]) : { touched: 0 });
