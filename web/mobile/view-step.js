/** The thumb's button: the next step, the step that can be taken back, the steps that were refused. */

import { html, nothing, repeat, t, term } from "core/part.js";
import { serverNow } from "core/api.js";
import { clockSeconds } from "core/time.js";
import { toast } from "parts/toasts.js";
import { dropStep, running, takeStepBack } from "./actions.js";
import { receipt } from "./live.js";
import { discard, pass, sendAgain } from "./outbox.js";
import "./slide.js";
import { phone } from "./state.js";
import { callsView } from "./view-mission.js";

const UNDO_MS = 60_000;
/** A thumb that was on its way when the button's words changed means the words of before. */
const SETTLES_MS = 800;
let words = "";
let changedAt = -Infinity;

/** The next step's button, or what is waited for after the last one. */
export function stepFoot() {
  const sheet = phone.sheet;
  const next = phone.next();
  const button = next ? nextButton(sheet, next) : html`<p class="main waiting">${t("step.last_waits")}</p>`;
  return html`${callsView(sheet, "beside")}${undoView(sheet)}${button}`;
}

function nextButton(sheet, next) {
  const busy = phone.sending !== null || running.has("exit");
  note(busy ? "sending" : `${sheet.id} ${next}`);
  if (next === "DISPONIBLE") {
    return html`<r-slide .label=${term("STEP", next)} .busy=${busy} @slid=${() => go(sheet, next)}></r-slide>`;
  }
  return html`<button class="main primary" ?disabled=${busy || settles()} @click=${() => go(sheet, next)}>
    ${busy ? t("sending") : html`<span>${term("STEP", next)}</span>
      <time aria-hidden="true">${clockSeconds(serverNow())}</time>`}</button>`;
}

/** Remember when the button's words changed, whoever changed them; it is drawn again once they have settled. */
function note(now) {
  if (now === words) return;
  words = now;
  changedAt = performance.now();
  setTimeout(() => phone.change(), SETTLES_MS + 1);
}

const settles = () => performance.now() - changedAt < SETTLES_MS;

async function go(sheet, step) {
  const isWhatIsShown = phone.sheet?.id === sheet.id && phone.next() === step;
  if (!isWhatIsShown || phone.sending || (step !== "DISPONIBLE" && settles())) return;
  receipt(sheet, "OPENED");
  try {
    await pass(sheet, step);
  } catch {
    toast(t("step.not_kept", { step: term("STEP", step) }), "bad");
  }
}

/** The last step, for as long as it can be taken back: on the phone until it is sent, then for a minute. */
function undoView(sheet) {
  const last = lastStep(sheet);
  if (!last) return nothing;
  const left = last.waits ? null : Math.ceil((UNDO_MS - (serverNow() - Date.parse(last.recorded_at))) / 1000);
  if (left !== null && !(left > 0)) return nothing;
  const sending = phone.sending === last.step_id;
  return html`<div class="undo"><span>${last.waits ? "▲" : "✓"} <strong>${term("STEP", last.step)}</strong><br>
      ${clockSeconds(last.occurred_at)}${last.waits ? ` · ${t(sending ? "sending" : "step.to_send")}` : ""}</span>
    <button ?disabled=${running.has("undo") || phone.sending !== null} @click=${() => takeStepBack(sheet, last)}>
      <span>${t("step.undo")}</span>
      ${left === null ? nothing : html`<small class="figures" aria-hidden="true">${left} s</small>`}</button></div>`;
}

function lastStep(sheet) {
  const waiting = phone.queue.filter((each) => each.mission_id === sheet.id && each.state === "WAITING").at(-1);
  if (waiting) return { step_id: waiting.id, step: waiting.step, occurred_at: waiting.occurred_at, waits: true };
  const last = sheet.steps.at(-1);
  return last?.recorded_at && last.step !== "AFFECTE" && last.step === sheet.step ? last : null;
}

/** Steps that the platform refused: nothing is dropped before somebody has seen why. */
export function refusedView() {
  return html`${strandedView()}${ofOthersView()}${refusedSteps()}`;
}

function refusedSteps() {
  if (!phone.refused.length) return nothing;
  return html`<section class="refused stack" role="alert"><h2>✕ ${t("step.refused", { n: phone.refused.length })}</h2>
    ${repeat(phone.refused, (each) => each.id, (each) => html`
      <div class="stack" data-id=${each.id} data-state="REFUSED">
      <p><strong>${term("STEP", each.step)}</strong> · ${clockSeconds(each.occurred_at)} · ${each.reference}</p>
      <p>${each.sentence}</p>
      <div class="row"><button @click=${() => sendAgain(each.id)}>${t("step.send_again")}</button>
        <button class="danger" @click=${() => discard(each.id)}>${t("step.seen")}</button></div></div>`)}
    <p class="quiet">${t("step.refused_how")}</p></section>`;
}

/** Steps of missions that are not shown here any more: they are sent as soon as they may be, or dropped by somebody. */
function strandedView() {
  const found = phone.stranded;
  if (!found.length) return nothing;
  return html`<section class="surface stack stranded" aria-labelledby="stranded-title">
    <h2 id="stranded-title">▲ ${t("step.stranded", { n: found.length })}</h2>
    ${repeat(found, (each) => each.id, (each) => html`
      <div class="stack" data-id=${each.id} data-state="WAITING">
      <p><strong>${term("STEP", each.step)}</strong> · ${clockSeconds(each.occurred_at)} · ${each.reference}</p>
      ${each.sentence ? html`<p>${each.sentence}</p>` : nothing}
      <div class="row"><button class="danger" @click=${() => dropStep(each)}>${t("step.drop")}</button></div>
      </div>`)}</section>`;
}

/** Somebody else logged in before: what they passed is sent when they come back. */
function ofOthersView() {
  const n = phone.ofOthers;
  if (!n) return nothing;
  return html`<section class="surface stack stranded"><p>▲ ${t("step.of_others", { n })}</p>
    <div class="row"><button @click=${() => phone.set({ ofOthers: 0 })}>${t("mission.understood")}</button></div>
  </section>`;
}
