/** Under a card: refusing with a short reason, promising a longer delay. One tap where one is enough. */

import { serverNow } from "core/api.js";
import { html, live, nothing, t } from "core/part.js";
import { clock } from "core/time.js";
import { reconfirms } from "./card-words.js";
import { askedName } from "./words.js";

const LONGER = [10, 20, 30, 45];
const MOST_MINUTES = 240;
const REASONS = ["crew", "far", "breakdown", "busy"];

/** Why not: one tap on a reason sends it. `view.panel.only` refuses one row, else all that are open. */
export function refusePanel(view, card, open) {
  const rows = view.panel.only ? open.filter((each) => each.id === view.panel.only) : open;
  const send = (reason) => {
    if (view.settling) return;
    view.answering();
    view.app.answers.refuse(rows, reason);
  };
  const mission = reconfirms(view.app.desk, card);
  const vehicle = mission ? (view.app.desk.vehicle(mission.vehicle_id)?.name ?? "") : "";
  const submit = (event) => {
    event.preventDefault();
    send(new FormData(event.target).get("reason").trim());
  };
  const names = rows.map((each) => askedName(view.app.desk, each)).join(", ");
  return html`<div class="panel" role="group" aria-label=${t("asked.refuse_what", { names })}>
    ${mission ? html`<p class="error" tabindex="-1" autofocus><strong>${t("asked.refuse_takes_away",
      { vehicle })}</strong></p>` : nothing}
    <p>${t("asked.refuse_what", { names })}</p>
    <div class="row">${REASONS.map((each, at) => html`<button class="chip" ?autofocus=${at === 0 && !mission}
      @click=${() => send(t(`asked.reason.${each}`))}>${t(`asked.reason.${each}`)}</button>`)}</div>
    <form class="row" @submit=${submit}>
      <label class="grow"><span class="visually-hidden">${t("reason.optional")}</span>
        <input name="reason" maxlength="200" autocomplete="off" placeholder=${t("reason.optional")}></label>
      <button class="danger">${t("asked.send_refusal")}</button>
    </form>
  </div>`;
}

/** A longer delay, from the moment when the SAMU accepts it: a promise (rule 7). */
export function counterPanel(view, card, open) {
  const { panel } = view;
  const one = open.find((each) => each.id === panel.only) ?? open[0];
  const others = open.filter((each) => each !== one);
  const asked = card.terms.max_delay_minutes;
  const set = (news) => {
    view.panel = { ...panel, ...news };
  };
  const off = !(panel.minutes > 0) || Boolean(one.sending);
  const submit = async (event) => {
    event.preventDefault();
    if (off || view.settling) return;
    const taken = await view.app.answers.propose(one, panel.minutes, panel.others ? others : []);
    if (taken && view.panel?.demand === card.id) view.answering();
  };
  return html`<form class="panel" aria-label=${t("answer.counter")} @submit=${submit}>
    <p>${t("asked.counter_what", { n: asked })}</p>
    <div class="row">${LONGER.map((each, at) => html`<button type="button" class="chip" ?autofocus=${at === 0}
      aria-pressed=${panel.minutes === asked + each} @click=${() => set({ minutes: asked + each })}>+${each}</button>`)}
      <label class="minutes"><span>${t("asked.minutes")}</span>
        <input type="number" inputmode="numeric" min="1" max=${MOST_MINUTES} step="1"
          .value=${live(String(panel.minutes ?? ""))}
          @input=${(event) => set({ minutes: Number(event.target.value) || null })}></label>
    </div>
    ${open.length > 1 ? html`<label class="choose"><span>${t("asked.counter_with")}</span>
      <select @change=${(event) => set({ only: event.target.value })}>${open.map((each) => html`
        <option value=${each.id}
          ?selected=${each === one}>${askedName(view.app.desk, each)}</option>`)}</select></label>
      <label class="row"><input type="checkbox" .checked=${panel.others}
        @change=${(event) => set({ others: event.target.checked })}>
        ${t("asked.refuse_others", { n: others.length })}</label>` : nothing}
    <div class="row"><button class="primary ${off ? "" : "soon"}"
      aria-disabled=${off || view.settling}>${t(one.sending ? "sending" : "asked.propose")}</button>
      <span class="quiet" role="status">${panel.minutes ? t("asked.promise", promise(panel.minutes)) : ""}</span></div>
  </form>`;
}

const promise = (minutes) => ({ n: minutes, time: clock(serverNow() + minutes * 60_000) });
