/** The crew's phone: one screen for one thumb. Works without network; says always what is not sent yet. */

import { leave, start } from "core/start.js";
import { t, term } from "core/part.js";
import "parts/countdown.js";
import { toast } from "parts/toasts.js";
import { openAlert } from "./alert.js";
import { beDevice, lookAgain, turned } from "./device.js";
import { openInstall } from "./install.js";
import { back, keepSheet, onFact, openKept, readAll, readMissions, readSheet, readWhatCalls } from "./live.js";
import { answered, open as openOutbox, soon } from "./outbox.js";
import { MobilePage } from "./page.js";
import { openPosition } from "./position.js";
import { openPush } from "./push.js";
import { openRoute } from "./route.js";
import { openScreen } from "./screen.js";
import { phone } from "./state.js";
import { forgetNotes } from "./store.js";
import { openTheme } from "./theme.js";

phone.me = await start("mobile", ["CREW", "REGULATOR"]);
openTheme();
await Promise.allSettled([openKept(), openOutbox()]); // without what was kept the page still opens
customElements.define("mobile-page", MobilePage);
begin();

async function begin() {
  phone.addEventListener("fact", onFact);
  phone.addEventListener("moved", readMissions);
  phone.addEventListener("put out", () => toast(t("crew.put_out"), "bad"));
  phone.addEventListener("seat", turned);
  phone.addEventListener("back", back);
  phone.addEventListener("device", () => (back(), openPush()));
  phone.addEventListener("back", openPush);
  phone.addEventListener("heard", heard);
  phone.addEventListener("look", look);
  phone.addEventListener("sent", ({ detail }) => detail.expected_step === null && done(detail));
  phone.addEventListener("completed", () => toast(t("mission.completed"), "good"));
  phone.addEventListener("refused", ({ detail }) => refused(detail.step));
  phone.addEventListener("change", keepSheet);
  phone.addEventListener("change", loggedOut);
  addEventListener("online", () => (soon(), turned()));
  addEventListener("offline", () => phone.change());
  document.addEventListener("visibilitychange", () => !document.hidden && look());
  openAlert();
  openInstall();
  openScreen();
  openPosition();
  openRoute();
  await beDevice();
  soon(); // what was kept before the page was opened
  openPush();
  await readAll();
}

/** Somebody looks at the page again: what waits is sent, and what may have been missed is read. */
function look() {
  soon();
  lookAgain();
  readWhatCalls();
  openPush();
}

/** The platform answers: what waits is sent; what the stream does not tell is read. */
function heard() {
  answered();
  if (phone.deaf) readWhatCalls();
}

function refused(step) {
  toast(t("step.was_refused", { step: term("STEP", step) }), "bad");
}

/** The last step is recorded: how the mission ended is read at once. */
function done() {
  readMissions();
  readSheet();
}

let over = null;

/** Nobody is logged in any more: to the login page, unless steps wait here that only this person can send. */
function loggedOut() {
  if (!phone.loggedOut) return;
  over ??= forgetNotes().catch(() => {}); // where they were sent is kept no more
  if (!phone.unsent.length && !phone.refused.length) over.then(leave);
  else if (phone.sheet?.patient || phone.sheet?.motive || phone.asks.length) forgetPatient();
}

/** Whoever holds this phone now may be somebody else. */
function forgetPatient() {
  const { sheet } = phone;
  const bare = sheet && { ...sheet, patient: null, motive: null, instructions: null, kept: true };
  phone.set({ sheet: bare, asks: [] });
}
