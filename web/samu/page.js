/** The page: header, board, and beside it a demand, a new one, alarms, guard or coverage. The address says which. */

import { serverNow } from "core/api.js";
import { Part, html, nothing, t } from "core/part.js";
import { leave } from "core/start.js";
import { clockSeconds } from "core/time.js";
import "parts/account.js";
import { listenToKeys, showKeys } from "parts/dialogs.js";
import "parts/map.js";
import "parts/strip.js";
import "parts/toasts.js";
import "./alarms.js";
import { attention, watchAlarms } from "./attention.js";
import "./board.js";
import "./coverage.js";
import "./demand.js";
import { acceptBest } from "./deciding.js";
import { draft } from "./draft.js";
import "./guard.js";
import { ofDemand, ofDraft, overview } from "./maps.js";
import "./new.js";
import { routes } from "./routes.js";
import { state } from "./state.js";

const PANELS = ["new", "alarms", "guard", "coverage"];

class SamuPage extends Part {
  static properties = { view: { state: true }, cells: { state: true } };

  connectedCallback() {
    super.connectedCallback();
    this.follow(state, "demands", "fleet", "alarms", "guard", "coverage", "communes");
    this.follow(draft, "change");
    this.follow(routes, "change");
    this.#read();
    const moved = () => this.#read();
    addEventListener("hashchange", moved);
    this.atTheEnd(() => removeEventListener("hashchange", moved));
    state.stream.addEventListener("closed", () => leave());
    watchAlarms();
    this.#listen();
  }

  /** What the address says: a demand, a panel, or nothing. */
  #read() {
    const [name, id] = location.hash.slice(1).split("/");
    const panel = PANELS.includes(name) && (name !== "new" || state.may.decide);
    this.view = name === "d" && id ? { name: "demand", id } : { name: panel ? name : "overview" };
    state.follow(this.view.id ?? null);
    routes.follow(this.view.id ?? null);
    if (this.view.id) state.readDemand(this.view.id);
  }

  /** Go there at once: what is typed next belongs there already. */
  #go(where) {
    if (location.hash.slice(1) === where) return;
    location.hash = where;
    this.#read();
  }

  #listen() {
    const board = () => this.querySelector("samu-board");
    const step = (by) => (event) => event.target === document.body && board().step(by);
    const keys = {
      n: () => state.may.decide && this.#go("new"),
      "/": () => board().search(),
      a: () => this.#accept(board().focused),
      "?": () => this.#help(),
      ArrowDown: step(1),
      ArrowUp: step(-1),
    };
    const { ArrowDown, ArrowUp, ...letters } = keys;
    listenToKeys(letters);
    addEventListener("keydown", (event) => {
      if (document.querySelector("dialog[open]")) return;
      if (event.target === document.body && event.key === "ArrowDown") (event.preventDefault(), ArrowDown(event));
      if (event.target === document.body && event.key === "ArrowUp") (event.preventDefault(), ArrowUp(event));
      if (event.key === "Escape" && !event.defaultPrevented && !this.#closeMenu()) this.#back();
    });
  }

  /** Close the account's menu, if it is open: that is what Escape means then. */
  #closeMenu() {
    const menu = this.querySelector("r-account details[open]");
    if (!menu) return false;
    menu.open = false;
    menu.querySelector("summary").focus();
    return true;
  }

  /** The best promise of the demand that is shown, or else of the line that has the focus. */
  #accept(focused) {
    const id = this.view.id ?? focused;
    if (id && state.may.decide) acceptBest(id);
  }

  #help() {
    const keys = ["slash", "arrows", "enter", "help", "escape"];
    if (state.may.decide) keys.unshift("n", "a", "delay", "volume");
    return showKeys(keys.map((key) => [t(`key.${key}`), t(`key.${key}.does`)]));
  }

  /** To the overview; the focus goes back to the line that one came from. */
  #back() {
    const { id } = this.view;
    this.#go("");
    this.querySelector(id ? `samu-board [data-id="${id}"]` : "samu-board a.line")?.focus();
  }

  /** Show the new demand, with the focus on it: whoever types goes on from there. */
  async #posted(demand) {
    this.#go(`d/${demand.id}`);
    await this.updateComplete;
    const shown = this.querySelector("samu-demand");
    await shown?.updateComplete;
    shown?.querySelector("h2")?.focus();
  }

  render() {
    const { name } = this.view;
    return html`<samu-header .view=${name} @new=${() => this.#go("new")}></samu-header>
      <r-strip .stream=${state.stream} ?quiet=${!state.may.see}></r-strip>
      <main class="console" data-view=${name} @back=${() => this.#back()}
        @posted=${(event) => this.#posted(event.detail)}
        @cells=${(event) => (this.cells = event.detail)}>
        <samu-board .chosen=${this.view.id ?? null}></samu-board>
        <div class="pane">${this.#map()}<div class="sheet">${this.#sheet()}</div></div>
      </main>
      <r-toasts></r-toasts>`;
  }

  #map() {
    const { name } = this.view;
    const shown = this.#shown();
    return html`<r-map ?hidden=${name === "alarms" || name === "guard"}
      ?picking=${name === "new"} label=${t("map.label")}
      .pins=${shown.pins} .route=${shown.route ?? null}
        .around=${shown.around ?? null} .communes=${state.communes} .cells=${name === "coverage" ? this.cells : null}
      .view=${shown.view ?? this.#lastView} @pick=${(event) => this.querySelector("samu-new")?.pick(event.detail)}
      @pin=${(event) => state.demands.has(event.detail.id) && this.#go(`d/${event.detail.id}`)}></r-map>`;
  }

  #lastView = null;

  #shown() {
    const { name, id } = this.view;
    const demand = id && state.demands.get(id);
    const shown = name === "new" ? ofDraft() : demand ? ofDemand(demand, routes.line) : overview();
    if (name === "coverage") shown.pins = [];
    this.#lastView = shown.view ?? this.#lastView;
    return shown;
  }

  #sheet() {
    const { name, id } = this.view;
    if (name === "new") return html`<samu-new></samu-new>`;
    if (name === "demand") return html`<samu-demand .demandId=${id}></samu-demand>`;
    if (name === "alarms") return html`<samu-alarms></samu-alarms>`;
    if (name === "guard") return html`<samu-guard></samu-guard>`;
    if (name === "coverage") return html`<samu-coverage></samu-coverage>`;
    return this.#overview();
  }

  #overview() {
    const free = [...state.vehicles.values()].filter((each) => each.available && !each.mission_id).length;
    return html`<div class="overview stack">
      <h2>${t("overview.title")}</h2>
      <p>${t("overview.free", { n: free })} · ${t("overview.companies",
        { n: [...state.companies.values()].filter((each) => each.colour === "GREEN").length,
          of: state.companies.size })}</p>
      <p class="quiet">${t(state.may.decide ? "overview.help" : "overview.help_reader")}</p>
    </div>`;
  }
}

/** Name, clock, the one large button, and how many things want to be looked at. */
class Header extends Part {
  static properties = { view: {} };

  connectedCallback() {
    super.connectedCallback();
    this.follow(state, "alarms", "guard", "coverage");
    this.ticking();
  }

  render() {
    const { me } = state;
    const { alarms, guard, gaps } = attention();
    return html`<header class="top">
      <h1>${me.scope_name ?? t(`role.${me.role}`)}</h1>
      <time class="clock">${clockSeconds(serverNow())}</time>
      ${state.may.decide ? html`<button class="primary fresh"
        @click=${() => this.say("new")}><span aria-hidden="true">+</span> ${t("new.title")} <kbd
          aria-hidden="true">N</kbd></button>` : nothing}
      <nav class="row" aria-label=${t("panels")}>
        ${this.#panel("alarms", alarms, alarms ? "red" : "")}
        ${this.#panel("guard", guard, guard ? "amber" : "")}
        ${this.#panel("coverage", gaps, gaps ? "amber" : "")}
      </nav>
      <r-account .me=${me}></r-account>
    </header>`;
  }

  #panel(name, count, colour) {
    return html`<a class="button panel ${colour}"
      href=${this.view === name ? "#" : `#${name}`} aria-current=${this.view === name ? "page" : "false"}
      >${t(`panel.${name}`)} <span class="count figures" aria-hidden="true">${count}</span><span
        class="visually-hidden">${t(`panel.${name}.count`, { n: count })}</span></a>`;
  }
}

customElements.define("samu-header", Header);
customElements.define("samu-page", SamuPage);
