/**
 * Three sounds, made here: one for a solicitation, which loops until it is answered, one for a confirmed mission, one for
 * an alarm. A page may play nothing before somebody touched it: then it must say so, in red.
 */

const VOLUME_KEY = "rescousse.volume";
/** What rings must be heard: whoever wants silence logs out. */
const QUIETEST = 0.1;
const TUNES = {
  solicitation: { notes: [[880, 0, 0.16], [1175, 0.18, 0.16], [880, 0.36, 0.16], [1175, 0.54, 0.16]], every: 1.6 },
  confirmed: { notes: [[523, 0, 0.14], [659, 0.15, 0.14], [784, 0.3, 0.3]] },
  alarm: { notes: [[740, 0, 0.4], [494, 0.45, 0.4]], every: 2.2 },
};

class Sounds extends EventTarget {
  #context = null;
  #ringing = new Map();

  /** Whether sounds can be heard: false until the page was touched. */
  get ready() {
    return this.#context?.state === "running";
  }

  /** From QUIETEST to 1. */
  get volume() {
    return Math.max(QUIETEST, Number(localStorage.getItem(VOLUME_KEY) ?? 0.8));
  }

  set volume(value) {
    localStorage.setItem(VOLUME_KEY, String(value));
    this.dispatchEvent(new Event("change"));
  }

  /** Called from a click or a key: after it the browser lets us play. */
  async wake() {
    this.#context ??= this.#made();
    if (this.#context.state !== "running") await this.#context.resume().catch(() => {});
    this.dispatchEvent(new Event("change"));
  }

  #made() {
    const context = new AudioContext();
    context.onstatechange = () => this.dispatchEvent(new Event("change"));
    return context;
  }

  /** Ring for everything that is wanted, once for each kind, and stop what is wanted no more. */
  ring(kinds) {
    const wanted = new Set(kinds);
    for (const [kind, timer] of this.#ringing) {
      if (wanted.has(kind)) continue;
      clearInterval(timer);
      this.#ringing.delete(kind);
      navigator.vibrate?.(0);
    }
    for (const kind of wanted) {
      if (this.#ringing.has(kind)) continue;
      this.play(kind);
      this.#ringing.set(kind, setInterval(() => this.play(kind), TUNES[kind].every * 1000));
    }
  }

  /** Which kinds ring now. */
  get ringing() {
    return [...this.#ringing.keys()];
  }

  /** Once. */
  play(kind) {
    navigator.vibrate?.(kind === "confirmed" ? [200] : [300, 100, 300]);
    if (!this.ready) return;
    const begin = this.#context.currentTime;
    for (const [pitch, at, lasts] of TUNES[kind].notes) this.#note(pitch, begin + at, lasts);
  }

  #note(pitch, at, lasts) {
    const tone = new OscillatorNode(this.#context, { type: "triangle", frequency: pitch });
    const gain = new GainNode(this.#context, { gain: 0 });
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(this.volume, at + 0.02);
    gain.gain.linearRampToValueAtTime(0, at + lasts);
    tone.connect(gain).connect(this.#context.destination);
    tone.start(at);
    tone.stop(at + lasts);
  }
}

export const sounds = new Sounds();
/* Not when a finger comes down: what says that the sound is off would leave the page, and move what is under the finger. */
for (const kind of ["click", "keydown"]) addEventListener(kind, () => sounds.wake(), { capture: true });
