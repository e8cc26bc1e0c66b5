/** The company regulator's page, "the plugin": this browser is a post that regulates, answers and follows. */

import { get } from "core/api.js";
import { t } from "core/i18n.js";
import { leave, start } from "core/start.js";
import { Stream } from "core/stream.js";
import { toast } from "parts/toasts.js";
import { Answers } from "./answers.js";
import { Beat } from "./beat.js";
import { Desk } from "./desk.js";
import { findDevice, renameDevice, replaceDevice } from "./device.js";
import { Duty } from "./duty.js";
import { take } from "./facts.js";
import { Ringing } from "./ringing.js";
import { Steps } from "./steps.js";

const LOOK_AGAIN_S = 30;
const STREAM_AWAY_LOOK_S = 5;
/** A belt: what is asked is looked at also while the stream says that it lives. */
const STREAM_LIVE_LOOK_S = 10;
const RETRY_MS = 2000;
const TOGETHER_MS = 400;
const LEAVES_MS = 10_000;
const ENDS_AN_OFFER = new Set([
  "handover_withdrawn", "regulation_handed_over", "regulation_given_up", "regulation_taken", "regulation_suspended",
]);
const OFFERED_KEY = "rescousse.offered";

/** Everything that the views share. */
class App {
  stream = null;
  /** Sites that this post offers to another one. */
  offered = new Set(JSON.parse(sessionStorage.getItem(OFFERED_KEY) ?? "[]"));
  #seconds = 0;
  #told = new Set();
  #gone = new Map();
  #leavingAt = -Infinity;

  constructor(me) {
    this.me = me;
    this.desk = new Desk();
    this.beat = new Beat();
    this.answers = new Answers(this.desk, this.beat);
    this.duty = new Duty(this.desk, this.beat);
    this.steps = new Steps(this.desk);
    this.desk.me = me;
  }

  /** Be a post, listen, and beat from now on. */
  async begin() {
    this.#become(await patiently(() => findDevice(this.me)));
    this.beat.addEventListener("lost", () => this.#replace());
    this.beat.addEventListener("out", () => this.#out());
    this.beat.addEventListener("tick", () => this.#tick());
    this.beat.addEventListener("answer", () => this.desk.learn());
    this.desk.addEventListener("change", () => this.#receipts());
    this.ringing = new Ringing(this.desk, this.beat);
    this.beat.start();
    this.#readDesk();
    this.desk.communes = await get("/v1/communes?area=true&least_population=1").then((told) => told.items, () => []);
    this.desk.learn();
  }

  /** Somebody logs out on this page, which then goes by itself to the login page. */
  leaving() {
    this.#leavingAt = performance.now();
  }

  #out() {
    if (performance.now() - this.#leavingAt > LEAVES_MS) leave();
  }

  /** Give this post another name; what it regulates goes with it. Raises what a call raises. */
  async rename(name) {
    this.#become(await renameDevice(this.me, this.desk.device, name));
    await this.#readAll();
  }

  /** Be this device: calls, the stream, the heartbeat. */
  #become(device) {
    this.stream?.close();
    this.desk.device = device;
    this.beat.heardStream("away");
    this.stream = new Stream(device.id).open();
    this.stream.addEventListener("fact", (event) => this.#take(event.detail));
    this.stream.addEventListener("state", (event) => this.beat.heardStream(event.detail));
    this.stream.addEventListener("again", () => this.#readAll());
    this.stream.addEventListener("closed", () => device === this.desk.device && this.beat.now());
    this.desk.learn();
  }

  async #replace() {
    if (this.#replacing) return;
    this.#replacing = true;
    const closed = this.desk.device;
    this.beat.forget();
    try {
      this.#become(await patiently(() => replaceDevice(this.me, closed.id)));
      toast(t("device.replaced"), "bad");
    } finally {
      this.#replacing = false;
    }
    await this.#readAll();
  }

  #replacing = false;

  async #readAll() {
    await Promise.all([this.beat.now(), this.#readDesk()]);
  }

  async #readDesk() {
    await this.desk.readAll();
    await this.desk.readAnswered().catch(() => {});
  }

  #take(fact) {
    const lost = take(this.desk, this.beat, fact);
    this.#offers(fact);
    if (lost) this.#mourn(lost.kind, this.desk.site(lost.site_id)?.name ?? "", fact.data.by?.name ?? "");
  }

  /** Say what went to another post: several sites that go together are one sentence. */
  #mourn(kind, site, person) {
    const gone = this.#gone.get(kind) ?? [];
    this.#gone.set(kind, [...gone, site]);
    if (gone.length) return;
    setTimeout(() => {
      const sites = this.#gone.get(kind).join(", ");
      this.#gone.delete(kind);
      const given = kind === "regulation_handed_over";
      toast(t(given ? "handover.done" : "means.taken_from_you", { site: sites, person }), given ? "good"
        : "bad", { lasts: 15_000 });
    }, TOGETHER_MS);
  }

  /** Which sites this post offers: the API tells it in facts only. */
  #offers(fact) {
    const { site_id: site, device_id: device } = fact.data ?? {};
    if (fact.kind === "handover_offered" && device === this.desk.device.id) this.offered.add(site);
    else if (ENDS_AN_OFFER.has(fact.kind)) this.offered.delete(site);
    else return;
    sessionStorage.setItem(OFFERED_KEY, JSON.stringify([...this.offered]));
    this.desk.learn();
  }

  /** Once a second, also when the page is not in front. */
  #tick() {
    this.#seconds += 1;
    this.desk.prune();
    this.ringing.tick();
    const pause = this.stream.state === "live" ? STREAM_LIVE_LOOK_S : STREAM_AWAY_LOOK_S;
    if (this.#seconds % pause === 0) this.desk.readAsked.now();
    if (this.#seconds % LOOK_AGAIN_S) return;
    this.desk.readFleet.now();
    this.desk.checkAnswered();
  }

  /** A mission that this page has got is delivered (rule 30). */
  #receipts() {
    for (const each of this.desk.running) {
      if (each.delivered_at || this.#told.has(each.id)) continue;
      this.#told.add(each.id);
      this.steps.delivered(each);
    }
  }
}

/** Try until somebody answers; who is logged out leaves. */
async function patiently(run) {
  for (;;) {
    try {
      return await run();
    } catch (error) {
      if (error.constructor.name === "LoggedOut") return leave();
      await new Promise((wake) => setTimeout(wake, RETRY_MS));
    }
  }
}

const app = new App(await start("regulation", ["REGULATOR"]));
await import("./page.js");
document.querySelector("regulation-page").begin(app);
await app.begin();
