/**
 * Steps go through here, with network or without: kept on the phone first, with their true time and an id made once,
 * then sent one after the other. Each ends in a stated result; a refused one stays until somebody has seen why.
 */

import { LoggedOut } from "core/session.js";
import { Refused, post, remove, serverNow, uuid } from "core/api.js";
import { sentenceOf } from "parts/toasts.js";
import { STEPS, phone } from "./state.js";
import { steps } from "./store.js";

const PAUSES_MS = [1000, 2000, 4000, 8000, 15_000];
const SHOWN_AS_SENDING_MS = 2500;
/** Nothing is wrong with the step: the phone must first be where it may send it. */
const NOT_YET = new Set(["not_in_this_vehicle", "device_closed", "device_required", "idempotency_in_progress"]);
let failures = 0;
let timer = null;

/** What was kept before the page was opened. */
export async function open() {
  const kept = await steps.all();
  phone.set({ queue: kept.filter((each) => each.person === phone.me.id) });
}

/** Pass a step now. It is on the phone when this returns, and sent as soon as somebody answers. */
export async function pass(sheet, step, reason = null) {
  const entry = await steps.add({
    id: uuid(),
    person: phone.me.id,
    mission_id: sheet.id,
    reference: sheet.reference,
    step,
    reason,
    occurred_at: new Date(serverNow()).toISOString(),
    state: "WAITING",
    sentence: null,
  });
  phone.set({ queue: [...phone.queue, entry], sending: entry.id });
  navigator.vibrate?.(40);
  const patience = new Promise((wake) => setTimeout(wake, SHOWN_AS_SENDING_MS));
  await Promise.race([flush(), patience]);
  if (phone.sending === entry.id) phone.set({ sending: null });
  return phone.queue.find((each) => each.id === entry.id) ?? null;
}

/** Send what waits, in order. Only one page of this browser does it at a time. */
export function flush() {
  return navigator.locks.request("rescousse.steps", send);
}

async function send() {
  clearTimeout(timer);
  for (const kept of await steps.all()) {
    const entry = phone.queue.find((each) => each.id === kept.id);
    if (!entry || entry.state !== "WAITING") continue;
    if (!(await sendOne(entry))) return askAgain();
  }
  failures = 0;
}

/** Whether the next one may follow. */
async function sendOne(entry) {
  const body = { step: entry.step, step_id: entry.id, occurred_at: entry.occurred_at };
  if (entry.reason) body.reason = entry.reason;
  try {
    const told = await post(`/v1/missions/${entry.mission_id}/steps`, body, { key: entry.id, patience: 0 });
    await steps.drop(entry.order);
    taken(entry, told);
    return true;
  } catch (error) {
    return refusedOrLater(entry, error);
  }
}

function taken(entry, told) {
  const recorded = told.status === "recorded";
  const queue = phone.queue
    .filter((each) => !(recorded && each.id === entry.id))
    .map((each) => (each.id === entry.id ? { ...each, state: "TAKEN" } : each));
  phone.set({ queue, sheet: recorded ? withStep(phone.sheet, told) : phone.sheet });
  phone.dispatchEvent(new CustomEvent("sent", { detail: { ...entry, ...told } }));
}

/** A sheet with a step that was recorded, whatever the stream has told until now. */
export function withStep(sheet, { mission_id: missionId, step_id: id, step, occurred_at, recorded_at = null }) {
  if (sheet?.id !== missionId) return sheet;
  const others = sheet.steps.filter((each) => each.step_id !== id);
  const further = STEPS.indexOf(step) > STEPS.indexOf(sheet.step);
  return {
    ...sheet,
    step: further ? step : sheet.step,
    steps: [...others, { step_id: id, step, occurred_at, recorded_at }],
  };
}

/** A sheet without a step that was taken back. */
export function withoutStep(sheet, missionId, id) {
  if (sheet?.id !== missionId || !sheet.steps.some((each) => each.step_id === id)) return sheet;
  const steps = sheet.steps.filter((each) => each.step_id !== id);
  return { ...sheet, steps, step: steps.at(-1)?.step ?? STEPS[0] };
}

async function refusedOrLater(entry, error) {
  if (error instanceof LoggedOut) {
    phone.set({ loggedOut: true });
    return false;
  }
  if (!(error instanceof Refused) || error.status >= 500 || [408, 425, 429].includes(error.status)) return false;
  const later = NOT_YET.has(error.code);
  const told = { ...entry, state: later ? "WAITING" : "REFUSED", sentence: sentenceOf(error), code: error.code };
  await steps.change(told);
  phone.set({ queue: phone.queue.map((each) => (each.id === entry.id ? told : each)) });
  if (!later) phone.dispatchEvent(new CustomEvent("refused", { detail: told }));
  return !later;
}

function askAgain() {
  const pause = PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)];
  failures += 1;
  timer = setTimeout(flush, pause);
  navigator.serviceWorker?.ready.then((worker) => worker.sync?.register("steps")).catch(() => {});
}

/** The network is back, or somebody looks: at once, whatever the last failures were. */
export function soon() {
  failures = 0;
  if (phone.unsent.length) flush();
}

/** The platform has applied a step that it had kept. */
export function applied(stepId) {
  if (phone.queue.some((each) => each.id === stepId)) {
    phone.set({ queue: phone.queue.filter((each) => each.id !== stepId) });
  }
}

/** Take a step back that is still on the phone; false when it has left. */
export function takeBack(id) {
  return navigator.locks.request("rescousse.steps", async () => {
    const entry = phone.queue.find((each) => each.id === id);
    if (!entry || entry.state === "TAKEN") return false;
    await steps.drop(entry.order);
    phone.set({ queue: phone.queue.filter((each) => each.id !== id) });
    return true;
  });
}

/** Send a refused step again, because what stood in its way is gone. */
export async function sendAgain(id) {
  const entry = phone.queue.find((each) => each.id === id);
  const waiting = { ...entry, state: "WAITING", sentence: null };
  await steps.change(waiting);
  phone.set({ queue: phone.queue.map((each) => (each.id === id ? waiting : each)) });
  return flush();
}

/** Take the last recorded step back, within its minute. Raises Refused or Unreachable. */
export async function undo(missionId, stepId) {
  await remove(`/v1/missions/${missionId}/steps/${stepId}`, { patience: 8000 });
  phone.set({ sheet: withoutStep(phone.sheet, missionId, stepId) });
}
