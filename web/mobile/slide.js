/**
 * The last step's button: slid along with the thumb, or held for a moment, with a finger or a key. A screen reader's
 * click must be given twice. `slid` is told once it is confirmed.
 */

import { Part, html, t } from "core/part.js";

const HELD_MS = 1000;
const AGAIN_MS = 4000;
/** A click that follows a finger or a key so soon is theirs. */
const BY_HAND_MS = 700;
const FAR = 0.6;
const STILL_PX = 12;

class Slide extends Part {
  static properties = {
    label: { attribute: false },
    busy: { attribute: false },
    far: { state: true },
    hint: { state: true },
    held: { state: true },
  };

  #from = null;
  #timer = null;
  #armedAt = -Infinity;
  #handAt = -Infinity;

  constructor() {
    super();
    this.far = 0;
    this.hint = "slide.how";
  }

  render() {
    return html`<button class="main slide ${this.held ? "held" : ""}" aria-describedby="slide-how"
        ?disabled=${this.busy}
        @pointerdown=${this.#down} @pointermove=${this.#move} @pointerup=${this.#up} @pointercancel=${this.#stop}
        @keydown=${this.#keyDown} @keyup=${this.#keyUp} @blur=${this.#stop} @click=${this.#click}
        @contextmenu=${(event) => event.preventDefault()}>
      <span class="fill" aria-hidden="true"></span><span class="knob" aria-hidden="true">»</span>
      <span class="label">${this.busy ? t("sending") : this.label}</span></button>
      <p id="slide-how" class="slide-how">${t(this.hint)}</p>`;
  }

  updated() {
    this.style.setProperty("--far", String(this.far));
  }

  #down = (event) => {
    if (this.busy || event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    this.#handAt = performance.now();
    this.#from = { x: event.clientX, width: event.currentTarget.clientWidth };
    this.#hold();
  };

  #move = (event) => {
    if (!this.#from) return;
    const moved = event.clientX - this.#from.x;
    if (Math.abs(moved) > STILL_PX) this.#letGo();
    this.far = Math.max(0, Math.min(1, moved / (this.#from.width * FAR)));
  };

  #up = () => {
    this.#handAt = performance.now();
    if (!this.#from) return;
    const far = this.far;
    this.#stop();
    if (far >= 1) this.#confirm();
    else this.hint = "slide.not_far";
  };

  #stop = () => {
    this.#letGo();
    this.#from = null;
    this.far = 0;
  };

  #keyDown = (event) => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    this.#handAt = performance.now();
    if (!event.repeat && !this.busy) this.#hold();
  };

  #keyUp = (event) => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    this.#handAt = performance.now();
    if (this.held) this.hint = "slide.not_far";
    this.#letGo();
  };

  /** Only what is neither a finger nor a key: a screen reader, a switch. */
  #click = () => {
    const now = performance.now();
    if (now - this.#handAt < BY_HAND_MS) return;
    if (now - this.#armedAt < AGAIN_MS) return this.#confirm();
    this.#armedAt = now;
    this.hint = "slide.again";
  };

  #hold() {
    this.held = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#stop();
      this.#confirm();
    }, HELD_MS);
  }

  #letGo() {
    clearTimeout(this.#timer);
    this.held = false;
  }

  #confirm() {
    if (this.busy) return;
    this.#armedAt = -Infinity;
    this.hint = "slide.how";
    this.say("slid");
  }
}

customElements.define("r-slide", Slide);
