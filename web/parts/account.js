/** Who is here, in which language, how loud; and out. */

import { choose, LANGUAGES, language, Part, html, t } from "core/part.js";
import { sentenceOf } from "core/problem.js";
import { logOut } from "core/start.js";
import { sounds } from "core/sound.js";
import { confirm } from "parts/dialogs.js";
import { complain } from "parts/toasts.js";

class Account extends Part {
  static properties = { me: { attribute: false }, leaving: { state: true } };

  render() {
    return html`<details>
      <summary>${this.me.name} <span aria-hidden="true">▾</span></summary>
      <div class="menu surface">
        <p>${this.me.scope_name ?? ""}<br><span class="quiet">${t(`role.${this.me.role}`)}</span></p>
        <div class="field">
          <label for="volume">${t("account.volume")}</label>
          <input id="volume" type="range" min="0.1" max="1" step="0.1" .value=${String(sounds.volume)}
            @change=${(event) => { sounds.volume = Number(event.target.value); sounds.play("solicitation"); }}>
          <button @click=${() => sounds.play("solicitation")}>${t("account.test_sound")}</button>
        </div>
        <div class="field">
          <label for="language">${t("account.language")}</label>
          <select id="language" @change=${(event) => choose(event.target.value)}>
            ${Object.entries(LANGUAGES).map(([code, name]) => html`<option value=${code} ?selected=${code === language()}>${name}</option>`)}
          </select>
        </div>
        <button class="danger" ?disabled=${this.leaving} @click=${() => this.#leave()}>${t(this.leaving ? "sending" : "account.log_out")}</button>
      </div>
    </details>`;
  }

  async #leave(sure = false) {
    this.leaving = true;
    this.say("leaving");
    try {
      await logOut({ confirm: sure });
    } catch (error) {
      this.leaving = false;
      if (error.status !== 409 || sure) return complain(error);
      if (await confirm(t("account.log_out"), sentenceOf(error), { yes: t("account.log_out_all_the_same"), danger: true })) this.#leave(true);
    }
  }
}

customElements.define("r-account", Account);
