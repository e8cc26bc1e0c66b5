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
}

function ring() {
  const raised = state.alarms.filter((each) => each.state === "RAISED");
  sounds.ring(raised.length ? ["alarm"] : []);
  call(raised.length ? t("front.alarms", { n: raised.length }) : null);
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
