/** The crew's phone: one screen for one thumb. Works without network; says always what is not sent yet. */

import { leave, start } from "core/start.js";
import { t, term } from "core/part.js";
import "parts/countdown.js";
import { toast } from "parts/toasts.js";
import { openAlert } from "./alert.js";
import { beDevice, turned } from "./device.js";
import { openInstall } from "./install.js";
import { back, keepSheet, onFact, openKept, readAll, readMissions, readSheet } from "./live.js";
import { open as openOutbox, soon } from "./outbox.js";
import { MobilePage } from "./page.js";
import { openPosition } from "./position.js";
import { openPush } from "./push.js";
import { openRoute } from "./route.js";
import { openScreen } from "./screen.js";
import { phone } from "./state.js";
import { openTheme } from "./theme.js";

phone.me = await start("mobile", ["CREW", "REGULATOR"]);
openTheme();
await Promise.all([openKept(), openOutbox()]);
customElements.define("mobile-page", MobilePage);
begin();

async function begin() {
  phone.addEventListener("fact", onFact);
  phone.addEventListener("moved", readMissions);
  phone.addEventListener("put out", () => toast(t("crew.put_out"), "bad"));
  phone.addEventListener("seat", turned);
  phone.addEventListener("back", back);
  phone.addEventListener("device", readAll);
  phone.addEventListener("live", () => phone.company ?? readAll());
  phone.addEventListener("sent", ({ detail }) => detail.expected_step === null && done(detail));
  phone.addEventListener("completed", () => toast(t("mission.completed"), "good"));
  phone.addEventListener("refused", ({ detail }) => refused(detail.step));
  phone.addEventListener("change", keepSheet);
  phone.addEventListener("change", loggedOut);
  addEventListener("online", () => (soon(), turned()));
  addEventListener("offline", () => phone.change());
  document.addEventListener("visibilitychange", () => !document.hidden && (soon(), turned()));
  openAlert();
  openInstall();
  openScreen();
  openPosition();
  openRoute();
  await beDevice();
  await readAll();
  openPush();
}

function refused(step) {
  toast(t("step.was_refused", { step: term("STEP", step) }), "bad");
}

/** The last step is recorded: how the mission ended is read at once. */
function done() {
  readMissions();
  readSheet();
}

/** Nobody is logged in any more: to the login page, unless steps wait here that only this person can send. */
function loggedOut() {
  if (!phone.loggedOut) return;
  if (!phone.unsent.length && !phone.refused.length) leave();
  else if (phone.sheet?.patient || phone.asks.length) forgetPatient();
}

/** Whoever holds this phone now may be somebody else. */
function forgetPatient() {
  phone.set({ sheet: phone.sheet && { ...phone.sheet, patient: null, kept: true }, asks: [] });
}
