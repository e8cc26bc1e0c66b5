/** Logging in: then the role's page opens by itself. */

import { Part, html, LANGUAGES, choose, language, t } from "core/part.js";
import { post } from "core/api.js";
import { load } from "core/i18n.js";
import { sentenceOf } from "core/problem.js";
import { current, logIn } from "core/session.js";
import { HOMES, settings } from "core/start.js";

class LoginPage extends Part {
  static properties = { sending: { state: true }, error: { state: true }, environment: { state: true } };

  async connectedCallback() {
    super.connectedCallback();
    this.environment = (await settings().catch(() => ({}))).environment;
  }

  render() {
    return html`<main class="login">
      <img src="/web/icons/icon.svg" alt="" width="72" height="72">
      <h1>Rescousse</h1>
      <p class="quiet">${t("login.what")}</p>
      <form class="stack surface" @submit=${this.#enter}>
        <div class="field">
          <label for="username">${t("login.username")}</label>
          <input id="username" name="username" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus>
        </div>
        <div class="field">
          <label for="password">${t("login.password")}</label>
          <input id="password" name="password" type="password" autocomplete="current-password" required>
        </div>
        <p class="error" role="alert" ?hidden=${!this.error}>${this.error}</p>
        <button class="primary" ?disabled=${this.sending}>${t(this.sending ? "sending" : "login.enter")}</button>
      </form>
      <p class="quiet">${t("login.kept")}</p>
      ${this.environment === "development" ? html`<p class="state amber">${t("login.exercise")}</p>` : ""}
      <p class="row">${Object.entries(LANGUAGES).map(([code, name]) => html`
        <button class="plain" lang=${code} aria-pressed=${code === language()} @click=${() => choose(code)}>${name}</button>`)}</p>
    </main>`;
  }

  #enter = async (event) => {
    event.preventDefault();
    const given = new FormData(event.target);
    this.sending = true;
    this.error = "";
    try {
      const me = await logIn(given.get("username").trim(), given.get("password"));
      await letTheEngineBeRead(me);
      goOn(me);
    } catch (error) {
      this.sending = false;
      this.error = error.code ? sentenceOf(error) : t("error.unreachable");
      await this.updateComplete;
      this.querySelector("#password").select();
    }
  };
}

/** An administrator's Temporal UI, in the same browser, may then show what it keeps; without it they go on all the same. */
async function letTheEngineBeRead(me) {
  if (me.role === "ADMIN") await post("/v1/codec/session", undefined, { patience: 0 }).catch(() => {});
}

/** A regulator may also work on the phone, in Master mode. */
const ALSO = { REGULATOR: "/mobile" };

/** To the page that was asked for, if it is the role's; else to the role's own. */
function goOn(me) {
  const wanted = location.hash.slice(1);
  location.replace([HOMES[me.role], ALSO[me.role]].includes(wanted) ? wanted : HOMES[me.role]);
}

const session = current();
if (session) goOn(session.me);
else {
  await load("core", "problems", "login");
  customElements.define("login-page", LoginPage);
}
