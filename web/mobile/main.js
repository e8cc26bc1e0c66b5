/** The crew's phone: one screen for one thumb. Works without network; says always what is not sent yet. */

import { Refused } from "core/api.js";
import { load } from "core/i18n.js";
import { current } from "core/session.js";
import { sounds } from "core/sound.js";
import { leave, start } from "core/start.js";
import { t, term } from "core/part.js";
import "parts/countdown.js";
import { toast } from "parts/toasts.js";
import { beDevice, turned } from "./device.js";
import { openInstall } from "./install.js";
import { back, onFact, openKept, readAll, readMissions } from "./live.js";
import { open as openOutbox, soon } from "./outbox.js";
import { MobilePage } from "./page.js";
import { openPosition } from "./position.js";
import { openPush } from "./push.js";
import { openRoute } from "./route.js";
import { openScreen } from "./screen.js";
import { phone } from "./state.js";
import { openTheme } from "./theme.js";

const RINGS = ["solicitation", "alarm"];

phone.me = await start("mobile", ["CREW", "REGULATOR"]);
openTheme();
await Promise.all([openKept(), openOutbox()]);
customElements.define("mobile-page", MobilePage);
begin();

async function begin() {
  phone.addEventListener("fact", onFact);
  phone.addEventListener("moved", readMissions);
  phone.addEventListener("seat", turned);
  phone.addEventListener("back", back);
  phone.addEventListener("device", readAll);
  phone.addEventListener("live", () => phone.company ?? readAll());
  phone.addEventListener("sent", ({ detail }) => detail.expected_step === null && done(detail));
  phone.addEventListener("completed", () => toast(t("mission.completed"), "good"));
  phone.addEventListener("refused", ({ detail }) => toast(t("step.was_refused", { step: term("STEP", detail.step) }), "bad"));
  phone.addEventListener("change", ring);
  phone.addEventListener("change", loggedOut);
  addEventListener("online", () => (soon(), turned()));
  addEventListener("offline", () => phone.change());
  document.addEventListener("visibilitychange", () => !document.hidden && (soon(), turned()));
  openInstall();
  openScreen();
  openPosition();
  openRoute();
  await beDevice();
  await readAll();
  openPush();
}

/** A solicitation rings until it is answered, a mission until it was opened, what was taken away until it was seen. */
function ring() {
  const wanted = phone.ended ? ["alarm"] : phone.ringing.length || phone.unopened ? ["solicitation"] : [];
  const now = sounds.ringing.filter((kind) => RINGS.includes(kind));
  if (String(wanted) !== String(now)) sounds.ring(wanted);
}

function done() {
  readMissions();
}

/** Nobody is logged in any more: to the login page, unless steps wait here that only this person can send. */
function loggedOut() {
  if (phone.loggedOut && !phone.unsent.length && !phone.refused.length) leave();
}
