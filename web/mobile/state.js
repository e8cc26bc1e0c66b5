/** What the phone knows. Views draw it, actions and the stream change it; there is one for the page. */

import { Refused, Unreachable, serverNow } from "core/api.js";

export const STEPS = [
  "AFFECTE", "ACQUITTE", "EN_APPROCHE", "LIEU_INTERVENTION", "BILAN_REALISE", "EN_CHARGE", "LIEU_DESTINATION",
  "DISPONIBLE",
];
export const MODES = ["AMBULANCIER", "MAITRE", "GARDE"];
const MODE_KEY = "rescousse.mobile.mode";
const BEAT_LATE_MS = 15_000;
const BEAT_LOST_MS = 30_000;
/** A stream is made anew in a moment; away for longer, nothing comes at once any more. */
const DEAF_AFTER_MS = 10_000;
const AGAIN_AFTER_MS = [500, 1000, 2000, 5000];

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
  /** Since when the stream is away; 0 while it is live. */
  awaySince = 0;

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
  /** Missions that were accepted on this phone, and those that are left by an exit here, with the end of that exit. */
  accepted = new Set();
  left = new Map();
  route = null;

  /** Steps that wait, are being sent, are kept by the platform (TAKEN), or were refused. */
  queue = [];
  /** How many steps of somebody else wait on this phone, until somebody has read it. */
  ofOthers = 0;
  /** The step that was just tapped, while its answer may still come at once. */
  sending = null;

  /** Solicitations that this phone may answer, and what became of those that were answered or ended lately. */
  asks = [];
  outcomes = new Map();
  communes = null;

  periods = null;
  period = null;
  teammates = null;
  facilities = null;
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
    const doubtful = silent > BEAT_LATE_MS || this.deaf;
    return doubtful && this.readiness.colour === "GREEN" ? "AMBER" : this.readiness.colour;
  }

  /** Whether the stream is away for so long that what is asked must be read instead. */
  get deaf() {
    return this.awaySince > 0 && Date.now() - this.awaySince > DEAF_AFTER_MS;
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

  /** Waiting steps of missions that are not shown: nobody would see them otherwise. */
  get stranded() {
    return this.unsent.filter((each) => each.mission_id !== this.sheet?.id && each.id !== this.sending);
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
 * breath by the same. While nobody answers it is read again by itself until it is known; nobody waits for that.
 */
export function reading(read) {
  let running = null;
  let again = false;
  let failures = 0;
  let timer = null;
  const run = async () => {
    do {
      await Promise.resolve();
      again = false;
      try {
        await read();
        failures = 0;
      } catch (error) {
        if (passes(error)) later();
      }
    } while (again);
    running = null; // in the same breath: whoever asks from now on begins anew
  };
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(start, AGAIN_AFTER_MS[Math.min(failures, AGAIN_AFTER_MS.length - 1)]);
    failures += 1;
  };
  const start = () => {
    clearTimeout(timer);
    again = running !== null;
    running ??= run();
    return running;
  };
  return start;
}

/** Whether the same may go well in a moment; anything else is not ours any more, or not there. */
const passes = (error) =>
  error instanceof Unreachable || (error instanceof Refused && (error.status >= 500 || error.status === 429));
