/** What the phone knows. Views draw it, actions and the stream change it; there is one for the page. */

import { serverNow } from "core/api.js";

export const STEPS = [
  "AFFECTE", "ACQUITTE", "EN_APPROCHE", "LIEU_INTERVENTION", "BILAN_REALISE", "EN_CHARGE", "LIEU_DESTINATION",
  "DISPONIBLE",
];
export const MODES = ["AMBULANCIER", "MAITRE", "GARDE"];
const MODE_KEY = "rescousse.mobile.mode";
const BEAT_LATE_MS = 15_000;
const BEAT_LOST_MS = 30_000;

class Phone extends EventTarget {
  me = null;
  deviceId = null;
  mode = MODES.includes(localStorage.getItem(MODE_KEY)) ? localStorage.getItem(MODE_KEY) : null;
  /** Choosing another mode. */
  choosing = false;
  /** Why nobody is logged in any more, when steps still wait here. */
  loggedOut = false;

  /** The readiness as the last heartbeat told it, and when it was sent. */
  readiness = null;
  beatAt = 0;
  /** Grows with every action that changes what a heartbeat tells: an older answer is not believed. */
  turn = 0;
  stream = "away";

  company = null;
  /** The vehicle that this phone is in, and with whom. */
  aboard = null;
  missions = [];
  /** The mission that is shown, with its patient while it runs: in memory only. */
  sheet = null;
  /** Of another vehicle: the mission that a Master looks at. */
  viewing = null;
  /** A mission that was taken away, until somebody has seen it. */
  ended = null;
  /** Missions whose sheet somebody has touched on this phone. */
  opened = new Set();
  /** Missions that were accepted on this phone, and those that were left by an exit here: neither calls for anybody. */
  accepted = new Set();
  left = new Set();
  route = null;

  /** Steps that wait, are being sent, are kept by the platform (TAKEN), or were refused. */
  queue = [];
  /** The step that was just tapped, while its answer may still come at once. */
  sending = null;

  /** Solicitations that this phone may answer, and what became of those that were answered or ended lately. */
  asks = [];
  outcomes = new Map();
  communes = null;

  periods = null;
  period = null;
  teammates = null;
  sectors = null;

  fix = null;
  health = { permission: "prompt", error: null, waiting: 0, battery: null, screen: "off" };
  push = "unknown";
  update = null;
  install = null;
  map = false;

  /** Change what is known, and redraw. */
  set(known) {
    Object.assign(this, known);
    this.change();
  }

  change() {
    this.dispatchEvent(new Event("change"));
  }

  choose(mode) {
    localStorage.setItem(MODE_KEY, mode);
    this.set({ mode, choosing: false, viewing: null });
  }

  vehicle(id) {
    return this.company?.vehicles.find((each) => each.id === id) ?? null;
  }

  site(id) {
    return this.company?.sites.find((each) => each.id === id) ?? null;
  }

  /** Whether the network or the platform is away, as far as this phone can tell. */
  get away() {
    return !navigator.onLine || (this.beatAt > 0 && Date.now() - this.beatAt > BEAT_LATE_MS && this.stream !== "live");
  }

  /** GREEN, AMBER or RED as it is worth now: what was told too long ago is told no more. */
  get colour() {
    if (this.loggedOut || !navigator.onLine) return "RED";
    if (!this.readiness) return this.away ? "RED" : "AMBER";
    const silent = Date.now() - this.beatAt;
    if (silent > BEAT_LOST_MS) return "RED";
    return silent > BEAT_LATE_MS && this.readiness.colour === "GREEN" ? "AMBER" : this.readiness.colour;
  }

  get late() {
    return this.beatAt > 0 && Date.now() - this.beatAt > BEAT_LATE_MS;
  }

  /** The sites that this phone regulates. */
  get held() {
    return new Set((this.readiness?.leases ?? []).map((each) => each.site_id));
  }

  get onGuard() {
    return this.aboard?.guard ?? null;
  }

  /** What is not sent yet. */
  get unsent() {
    return this.queue.filter((each) => each.state === "WAITING");
  }

  get refused() {
    return this.queue.filter((each) => each.state === "REFUSED");
  }

  /** Which step the mission's next one follows: the last recorded one, then those that wait in order. */
  reached(sheet = this.sheet) {
    let rank = STEPS.indexOf(sheet.step);
    for (const each of this.queue) {
      const goesOn = each.mission_id === sheet.id && each.state !== "REFUSED" && STEPS.indexOf(each.step) === rank + 1;
      if (goesOn) rank += 1;
    }
    return STEPS[rank];
  }

  /** The step to pass next; null after the last one. */
  next(sheet = this.sheet) {
    return sheet.ended_at ? null : (STEPS[STEPS.indexOf(this.reached(sheet)) + 1] ?? null);
  }

  /** Open and not being answered: what rings. */
  get ringing() {
    const waits = (ask) => ["OPEN", "FAILED"].includes(this.outcomes.get(ask.id)?.state ?? "OPEN");
    return this.asks.filter((each) => waits(each) && Date.parse(each.answer_before) > serverNow());
  }

  /** A mission that nobody has looked at, and that was not accepted here. */
  get unopened() {
    const sheet = this.sheet;
    if (!sheet || sheet.ended_at || sheet.id === this.viewing || sheet.step !== "AFFECTE") return false;
    return !this.opened.has(sheet.id) && !this.accepted.has(sheet.id);
  }
}

export const phone = new Phone();

/**
 * One thing that is read: whoever asks again while it is read is served by one more reading, and several who ask in one
 * breath by the same.
 */
export function reading(read) {
  let running = null;
  let again = false;
  const run = async () => {
    do {
      await Promise.resolve();
      again = false;
      await read();
    } while (again);
  };
  return () => {
    if (running) {
      again = true;
      return running;
    }
    running = run()
      .catch(() => {}) // the network is away, or it is not ours any more: it is read again when it is back
      .finally(() => (running = null));
    return running;
  };
}
