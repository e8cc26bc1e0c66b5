/**
 * Time for the hand. For a moment after something moved, what is pressed was meant for what was there before: it does
 * nothing. A browser takes the focus from a disabled button, so such buttons are `aria-disabled` and ignore the click.
 */

const DRAWN_MS = 10;

export class Settling {
  #view;
  #until = -Infinity;
  #seen = null;

  /** `view` is drawn again when it is over. */
  constructor(view) {
    this.#view = view;
  }

  get now() {
    return performance.now() < this.#until;
  }

  begin(lasts) {
    this.#until = Math.max(this.#until, performance.now() + lasts);
    setTimeout(() => this.#view.requestUpdate(), lasts + DRAWN_MS);
  }

  /** Begin when this says something else than the last time. */
  watch(seen, lasts) {
    if (seen !== this.#seen) this.begin(lasts);
    this.#seen = seen;
  }
}

/** What a click does, unless its button is off; `aria-disabled=${off}` stands beside it. */
export const unless = (off, run) => (event) => (off ? event.preventDefault() : run(event));
