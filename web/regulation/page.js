/** The regulator's page: the readiness all around, means, solicitations, missions; keys; who is here. */

import { askPermission, permission } from "core/front.js";
import { serverNow } from "core/api.js";
import { Part, html, nothing, t } from "core/part.js";
import { clock, clockSeconds } from "core/time.js";
import { dialog, listenToKeys, showKeys } from "parts/dialogs.js";
import { complain } from "parts/toasts.js";
import "parts/account.js";
import "parts/strip.js";
import "./alarms.js";
import "./asked.js";
import "./means.js";
import "./missions.js";
import "./readiness.js";
import { passOn } from "./handover.js";
import { unless } from "core/hand.js";

const KEYS = ["A", "R", "D", "↑ ↓", "/", "?"];

class RegulationPage extends Part {
  static properties = { app: { attribute: false }, wanted: { state: true }, renaming: { state: true } };

  constructor() {
    super();
    this.wanted = "";
  }

  /** Called by `main.js` once everything that it shows is there. */
  begin(app) {
    this.app = app;
    this.follow(app.beat, "change");
    this.follow(app.desk, "change");
    this.addEventListener("to-means", () => this.#toMeans());
    this.addEventListener("leaving", () => app.leaving());
    listenToKeys({
      a: () => this.#asked().key("accept"),
      r: () => this.#asked().key("refuse"),
      d: () => this.#asked().key("counter"),
      ArrowDown: () => this.#asked().move(1),
      ArrowUp: () => this.#asked().move(-1),
      "/": () => this.querySelector("#search").focus(),
      "?": () => showKeys(KEYS.map((key) => [key, t(`key.${key}`)])),
    });
  }

  updated() {
    if (!this.app) return;
    const { colour } = this.app.beat.readiness;
    this.dataset.readiness = colour;
    document.documentElement.dataset.readiness = colour;
  }

  render() {
    if (!this.app) return html`<main><p class="surface">${t("loading")}</p></main>`;
    const { app } = this;
    const offering = app.desk.doing.has("offer");
    return html`
      <header><div class="top">
        <h1><span class="visually-hidden">${t("page.title")} · </span>${app.me.scope_name ?? ""}</h1>
        <r-clock></r-clock>
        <label class="search"><span class="visually-hidden">${t("page.search")}</span>
          <input id="search" type="search" placeholder=${t("page.search")} autocomplete="off" .value=${this.wanted}
            @input=${(event) => { this.wanted = event.target.value; }}
            @keydown=${(event) => event.key === "Escape" && this.#clear(event)}></label>
        <div class="tools">
          <button class="plain post" title=${t("page.rename")}
            @click=${() => this.#rename()}>⌂ ${app.desk.device?.name ?? ""}</button>
          ${this.#notifications()}
          <button class="handover" ?disabled=${!app.desk.held.length} aria-disabled=${offering}
            @click=${unless(offering, () => passOn(app))}>${t(offering ? "sending" : "handover.pass")}</button>
          <button class="plain keys" aria-label=${t("keys")} title=${t("keys")}
            @click=${() => showKeys(KEYS.map((key) => [key, t(`key.${key}`)]))}>?</button>
          <r-account .me=${app.me}></r-account>
        </div>
      </div>
      <r-strip .stream=${app.stream}></r-strip>
      <r-readiness .app=${app}></r-readiness></header>
      <main>
        <r-alarms .app=${app}></r-alarms>
        <div class="columns">
          <r-asked .app=${app}></r-asked>
          <r-missions .app=${app} .wanted=${this.wanted}></r-missions>
          <r-means .app=${app} .wanted=${this.wanted}></r-means>
        </div>
      </main>
      <r-toasts></r-toasts>`;
  }

  #asked() {
    return this.querySelector("r-asked");
  }

  #notifications() {
    const now = permission();
    if (now === "default") return html`<button class="notify" title=${t("page.notify_how")}
      @click=${() => this.#allow()}>${t("page.notify")}</button>`;
    return now === "denied" ? html`<span class="quiet denied">${t("page.notify_denied")}</span>` : nothing;
  }

  async #allow() {
    await askPermission();
    this.requestUpdate();
  }

  async #rename() {
    const { app } = this;
    const name = await askName(app.desk.device.name);
    if (!name) return;
    try {
      await app.rename(name);
    } catch (error) {
      complain(error);
    }
  }

  #clear(event) {
    this.wanted = "";
    event.target.blur();
  }

  #toMeans() {
    const means = this.querySelector("r-means");
    const first = means.querySelector("input[type=checkbox]:not(:checked)") ?? means.querySelector("input");
    first?.scrollIntoView({ block: "center" });
    first?.focus();
  }
}

/** How this post shall be called; null when it was given up. */
function askName(now) {
  return dialog(t("page.rename"), (done) => {
    const send = (event) => {
      event.preventDefault();
      done(new FormData(event.target).get("name").trim() || null);
    };
    return html`<p>${t("page.rename_text")}</p>
      <form class="stack" @submit=${send}>
        <div class="field"><label for="post-name">${t("page.rename_label")}</label>
          <input id="post-name" name="name" maxlength="100" required autofocus autocomplete="off" .value=${now}></div>
        <div class="actions"><button type="button" @click=${() => done(null)}>${t("give_up")}</button>
          <button class="primary">${t("page.rename_yes")}</button></div>
      </form>`;
  });
}

/** The time of the SAMU's clocks. */
class Clock extends Part {
  connectedCallback() {
    super.connectedCallback();
    this.ticking();
  }

  render() {
    return html`<time title=${clock(serverNow())}>${clockSeconds(serverNow())}</time>`;
  }
}

customElements.define("r-clock", Clock);
customElements.define("regulation-page", RegulationPage);
