/** What wants somebody's eyes: counted in the header, rung until it is seen, told to the desktop. */

import { call, notify } from "core/front.js";
import { t } from "core/i18n.js";
import { sounds } from "core/sound.js";
import { sectionOf } from "./board.js";
import { state } from "./state.js";
import { communeOf } from "./words.js";

/** How many alarms ring, guards nobody keeps through the platform, and communes nobody reaches in time. */
export const attention = () => ({
  alarms: state.alarms.filter((each) => each.state === "RAISED").length,
  guard: state.periods.filter((each) => ["LATE", "ASKED"].includes(each.state) || isByPhone(each)).length,
  gaps: state.coverage?.gaps.length ?? 0,
});

/** Whether a guard is kept and no phone in its vehicle answers for it. */
export const isByPhone = (period) => period.state === "OPEN" && period.shift && period.shift.phones === 0;

const told = new Set();

/** Ring for alarms until somebody has seen them; say on the desktop what is new. */
export function watchAlarms() {
  if (!state.may.see) return;
  state.addEventListener("alarms", ring);
  state.addEventListener("demands", askToDecide);
  const left = () => setTimeout(blink); // by then the page knows that it is not in front any more
  addEventListener("blur", left);
  document.addEventListener("visibilitychange", left);
}

const ringing = () => state.alarms.filter((each) => each.state === "RAISED");

function blink() {
  const { length } = ringing();
  call(length ? t("front.alarms", { n: length }) : null);
}

function ring() {
  const raised = ringing();
  sounds.ring(raised.length ? ["alarm"] : []);
  blink();
  for (const alarm of raised) once(`${alarm.id} ${alarm.level}`,
    () => notify(alarm.id, t("front.alarm"), alarm.sentence));
}

function askToDecide() {
  for (const demand of state.demands.values()) {
    if (sectionOf(demand) !== "arbitration") continue;
    once(`${demand.id} ${demand.revision} decide`, () =>
      notify(`decide ${demand.id}`, t("board.to_decide"),
        `${demand.max_delay_minutes}′ · ${communeOf(demand.pickup)}`));
  }
}

function once(key, run) {
  if (told.has(key)) return;
  told.add(key);
  run();
}
