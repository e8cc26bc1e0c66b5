/**
 * What the SAMU's page knows: read from the API, kept true by the facts of the stream.
 *
 * Events: `demands`, `fleet`, `alarms`, `guard`, `coverage`, `communes`, `journal`: what changed.
 */

import { all, get, serverNow } from "core/api.js";
import { Stream } from "core/stream.js";
import { Reads } from "./reads.js";
import { begun, told } from "./told.js";

export const SEARCHING = [
  "RECEIVED", "SOLICITING_GUARD", "SOLICITING_VEHICLES", "SOLICITING_SITES", "ARBITRATION", "SOLICITING_FREE_CHOICE",
];
export const RUNNING = [...SEARCHING, "ASSIGNED"];
const ENDED_WITHIN_MS = 6 * 3_600_000;
const FLEET_EVERY_MS = 10_000;
const COVERAGE_EVERY_MS = 60_000;
const WATCH_EVERY_MS = 5_000;
/** Facts of the fleet come in swarms: so long between two readings of it. */
const FLEET_PAUSE_MS = 2_000;
/** What nothing says has changed is read again one by one, with this pause between. */
const REST_EVERY_MS = 250;
/** What a list tells of a demand, by which one sees that it must be read again. */
const TOLD = [
  "status", "search", "deadline", "tier_deadline", "revision", "carence_proposed", "mission_id", "ended_at",
];
const GUARD_AHEAD_MS = 24 * 3_600_000;
const GUARD_EVERY_MS = 60_000;
const FLEET_FACTS = /^(regulation_|handover_|availability_|crew_|mobilisation_|shift_|guard_|mission_)/;

class Console extends EventTarget {
  me = null;
  may = {};
  stream = null;
  demands = new Map();
  companies = new Map();
  vehicles = new Map();
  sites = new Map();
  facilities = null;
  fleetAt = null;
  alarms = [];
  pastAlarms = [];
  sectors = [];
  periods = [];
  communes = [];
  coverage = null;
  /** The journal of the demand that is shown, in order. */
  journal = { id: null, facts: [] };
  /** What was read at least once: until then an empty list means nothing. */
  known = new Set();
  #reads = new Reads();
  #fleetAsked = -Infinity;
  #fleetTimer = null;
  /** Demands to be read again when there is time. */
  #rest = new Set();
  /** When each demand was told or read last: a list that was asked for before says nothing newer of it. */
  #heardAt = new Map();

  /** Begin for this person: listen first, then read, so that nothing falls between. */
  open(me) {
    this.me = me;
    const samu = me.role === "SAMU";
    this.may = { decide: samu, patient: samu, see: samu || me.role === "COORDINATOR", settle: samu
      || me.role === "COORDINATOR" };
    this.stream = new Stream().open();
    this.stream.addEventListener("fact", (event) => this.#hear(event.detail));
    this.stream.addEventListener("again", () => this.readAll());
    this.readAll();
    this.#every(FLEET_EVERY_MS, () => this.readFleet());
    this.#every(COVERAGE_EVERY_MS, () => this.readCoverage());
    this.#every(GUARD_EVERY_MS, () => this.readGuard());
    this.#every(WATCH_EVERY_MS, () => this.#watch());
    setInterval(() => this.stream.state === "live" || this.#poll(), WATCH_EVERY_MS);
    setInterval(() => this.#readRest(), REST_EVERY_MS);
    return this;
  }

  #every(pause, run) {
    setInterval(() => document.hidden || run(), pause);
  }

  /** Nobody tells us anything: ask, also while nobody looks, for alarms ring. */
  #poll() {
    this.readDemands();
    this.readAlarms();
    if (this.journal.id) {
      this.readDemand(this.journal.id);
      this.readJournal();
    }
  }

  changed(kind) {
    this.known.add(kind);
    this.dispatchEvent(new Event(kind));
  }

  readAll() {
    this.readDemands();
    this.readFleet();
    this.readAlarms();
    this.readGuard();
    this.readCoverage();
    if (this.journal.id) this.readJournal();
    if (!this.communes.length && this.me.samu_id) {
      this.#reads.soon("communes", async () => {
        this.communes = (await get("/v1/communes?area=true")).items;
        this.changed("communes");
      });
    }
  }

  // -- demands ---------------------------------------------------------------------------------------------------

  /**
   * Read the list; of the demands, those at once of which it tells something new, and the others when there is time:
   * a page that connects again, as all do after a restart, must not ask for everything at a blow.
   */
  readDemands() {
    this.#reads.soon("demands", async () => {
      const began = performance.now();
      const since = new Date(serverNow() - ENDED_WITHIN_MS).toISOString();
      const running = RUNNING.map((status) => `status=${status}`).join("&");
      const [open, recent] = await Promise.all([
        all(`/v1/demands?${running}&limit=500`),
        all(`/v1/demands?status=COMPLETED&status=UNFULFILLED&status=CANCELLED&since=${since}&limit=500`),
      ]);
      const news = open.filter((line) => this.#isNews(line)).map((line) => line.id);
      for (const line of [...open, ...recent]) {
        const known = this.demands.get(line.id);
        const newer = this.#heardAt.get(line.id) > began;
        this.demands.set(line.id, newer ? { ...line, ...known } : { ...known, ...line });
      }
      const listed = new Set(open.map((line) => line.id));
      const ended = [...this.demands.values()].filter((each) => RUNNING.includes(each.status) && !listed.has(each.id));
      for (const id of [...news, ...ended.map((each) => each.id)]) this.readDemand(id);
      for (const id of listed) this.#rest.add(id);
      if (this.journal.id) this.readDemand(this.journal.id);
      for (const id of [...news, this.journal.id]) this.#rest.delete(id);
      this.changed("demands");
    });
  }

  #isNews(line) {
    const known = this.demands.get(line.id);
    return !known?.solicitations || known.partial || TOLD.some((name) => known[name] !== line[name]);
  }

  #readRest() {
    const [id] = this.#rest;
    if (id) this.readDemand(id);
  }

  /** Read one demand again; without its patient, whose every reading is written down. */
  readDemand(id, urgent = id === this.journal.id) {
    this.#rest.delete(id);
    this.#reads.soon(`demand ${id}`, async (stale) => {
      const demand = await get(`/v1/demands/${id}?patient=false`).catch((error) => {
        if (error.status !== 404) throw error;
        return null;
      });
      if (demand && stale() && this.demands.get(id)?.solicitations && !this.demands.get(id).partial) return;
      if (demand) this.#put(demand);
      else this.known.add(`no ${id}`);
      this.changed("demands");
    }, { urgent });
  }

  /** Show a demand as an answer told it. */
  take(demand) {
    this.#put(demand);
    this.changed("demands");
  }

  #put(demand) {
    this.#heardAt.set(demand.id, performance.now());
    this.demands.set(demand.id, { ...demand, patient: undefined });
  }

  /**
   * A demand that nobody searches for yet tells nothing by itself: look again until somebody does. What ended long ago
   * is forgotten.
   */
  #watch() {
    const long = serverNow() - ENDED_WITHIN_MS;
    for (const demand of this.demands.values()) {
      if (Date.parse(demand.ended_at) < long && demand.id !== this.journal.id) this.#forget(demand.id);
      if (demand.status === "RECEIVED" || (demand.search === "DELAYED" && SEARCHING.includes(demand.status))) {
        this.readDemand(demand.id);
      }
    }
  }

  #forget(id) {
    this.demands.delete(id);
    this.#heardAt.delete(id);
  }

  // -- the journal of the demand that is shown -------------------------------------------------------------------

  /** Show the journal of this demand from now on; of none, with null. */
  follow(id) {
    if (id === this.journal.id) return;
    this.journal = { id, facts: [] };
    if (id) this.readJournal();
  }

  readJournal() {
    const { id } = this.journal;
    this.#reads.soon(`journal ${id}`, async () => {
      const facts = await all(`/v1/demands/${id}/journal?limit=2000`);
      if (this.journal.id !== id) return;
      const after = facts.at(-1)?.seq ?? 0;
      this.journal = { id, facts: [...facts, ...this.journal.facts.filter((fact) => fact.seq > after)] };
      this.changed("journal");
    }, { urgent: true });
  }

  #note(fact) {
    const { id, facts } = this.journal;
    const last = facts.at(-1)?.seq ?? 0;
    if (fact.demand_id !== id || fact.seq <= last) return;
    if (fact.seq > last + 1) return this.readJournal();
    this.journal = { id, facts: [...facts, fact] };
    this.changed("journal");
  }

  // -- facts -----------------------------------------------------------------------------------------------------

  #hear(fact) {
    if (fact.subject === "DEMAND" && fact.demand_id) this.#hearOfDemand(fact);
    if (fact.kind.startsWith("alarm_")) this.readAlarms();
    if (fact.subject === "GUARD") this.readGuard();
    if (fact.kind.startsWith("coverage_")) this.readCoverage();
    if (FLEET_FACTS.test(fact.kind)) this.readFleet();
  }

  #hearOfDemand(fact) {
    const known = this.demands.get(fact.demand_id);
    this.#heardAt.set(fact.demand_id, performance.now());
    if (known) this.demands.set(known.id, told(known, fact));
    else if (fact.kind === "demand_received") this.demands.set(fact.demand_id, begun(fact));
    this.#note(fact);
    this.changed("demands");
    this.dispatchEvent(new CustomEvent("told", { detail: fact }));
    this.readDemand(fact.demand_id);
  }

  // -- everything else -------------------------------------------------------------------------------------------

  /** Soon, and not more often than the pause allows: what is asked for within it is read at its end. */
  readFleet() {
    const wait = this.#fleetAsked + FLEET_PAUSE_MS - performance.now();
    if (wait > 0) return void (this.#fleetTimer ??= setTimeout(() => this.#fleetAgain(), wait));
    this.#fleetAsked = performance.now();
    this.#reads.soon("fleet", async () => {
      const { companies } = await get("/v1/fleet");
      const by = (items) => new Map(items.map((each) => [each.id, each]));
      this.companies = by(companies);
      this.vehicles = by(companies.flatMap((each) => each.vehicles));
      this.sites = by(companies.flatMap((each) => each.sites));
      this.fleetAt = serverNow();
      this.changed("fleet");
    });
  }

  #fleetAgain() {
    this.#fleetTimer = null;
    this.readFleet();
  }

  readAlarms() {
    this.#reads.soon("alarms", async (stale) => {
      const alarms = await all("/v1/alarms?state=OPEN&limit=200");
      if (stale() && this.known.has("alarms")) return;
      this.alarms = alarms;
      this.changed("alarms");
    });
  }

  readPastAlarms() {
    this.#reads.soon("past alarms", async () => {
      this.pastAlarms = (await get("/v1/alarms?state=CLOSED&limit=50")).items;
      this.changed("alarms");
    });
  }

  readGuard() {
    this.#reads.soon("guard", async () => {
      await this.readSectors();
      const now = serverNow();
      const [from, to] = [now, now + GUARD_AHEAD_MS].map((at) => new Date(at).toISOString());
      this.periods = await all(`/v1/guard/periods?from=${from}&to=${to}&limit=500`);
      this.changed("guard");
    });
  }

  /** Whose area is whose: read once. An administrator's page knows by it of which SAMU it shows the coverage. */
  async readSectors() {
    if (!this.sectors.length) this.sectors = (await get("/v1/guard/sectors")).items;
  }

  /** Only how many communes nobody could reach: the map is read where it is shown. */
  readCoverage() {
    this.#reads.soon("coverage", async () => {
      await this.readSectors();
      this.coverage = await get(this.coveragePath("AMBULANCE", 5, "compact"));
      this.changed("coverage");
    });
  }

  coveragePath(volume, resolution, format = "geojson") {
    const samu = this.me.samu_id ?? this.sectors[0]?.samu_id;
    const whose = samu ? `&samu_id=${samu}` : "";
    return `/v1/coverage?volume=${volume}&resolution=${resolution}&format=${format}${whose}`;
  }

  async readFacilities() {
    this.facilities ??= await all("/v1/facilities");
    return this.facilities;
  }
}

export const state = new Console();
