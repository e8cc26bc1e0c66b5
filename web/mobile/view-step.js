/** The thumb's button: the next step, the step that can be taken back, the steps that were refused. */

import { html, nothing, repeat, t, term } from "core/part.js";
import { serverNow } from "core/api.js";
import { clockSeconds } from "core/time.js";
import { running, takeStepBack } from "./actions.js";
import { receipt } from "./live.js";
import { pass, sendAgain, takeBack } from "./outbox.js";
import "./slide.js";
import { phone } from "./state.js";
import { callsView } from "./view-mission.js";

const UNDO_MS = 60_000;

/** The next step's button, or what is waited for after the last one. */
export function stepFoot() {
  const sheet = phone.sheet;
  const next = phone.next();
  const button = next ? nextButton(sheet, next) : html`<p class="main waiting">${t("step.last_waits")}</p>`;
  return html`${callsView(sheet, "beside")}${undoView(sheet)}${button}`;
}

function nextButton(sheet, next) {
  const busy = phone.sending !== null || running.has("exit");
  if (next === "DISPONIBLE") {
    return html`<r-slide .label=${term("STEP", next)} .busy=${busy} @slid=${() => go(sheet, next)}></r-slide>`;
  }
  return html`<button class="main primary" ?disabled=${busy} @click=${() => go(sheet, next)}>
    ${busy ? t("sending") : html`<span>${term("STEP", next)}</span>
      <time aria-hidden="true">${clockSeconds(serverNow())}</time>`}</button>`;
}

function go(sheet, step) {
  receipt(sheet, "OPENED");
  pass(sheet, step);
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
  if (!phone.refused.length) return nothing;
  return html`<section class="refused stack" role="alert"><h2>✕ ${t("step.refused", { n: phone.refused.length })}</h2>
    ${repeat(phone.refused, (each) => each.id, (each) => html`
      <div class="stack" data-id=${each.id} data-state="REFUSED">
      <p><strong>${term("STEP", each.step)}</strong> · ${clockSeconds(each.occurred_at)} · ${each.reference}</p>
      <p>${each.sentence}</p>
      <div class="row"><button @click=${() => sendAgain(each.id)}>${t("step.send_again")}</button>
        <button class="danger" @click=${() => takeBack(each.id)}>${t("step.seen")}</button></div></div>`)}
    <p class="quiet">${t("step.refused_how")}</p></section>`;
}
