/** A few bells, made here: off until somebody wants them. */

// Notes in hertz, and when each begins, in seconds.
const TUNES = {
  answer: [[659, 0], [880, 0.12]],
  fooled: [[523, 0], [659, 0.11], [784, 0.22], [1047, 0.33], [1319, 0.44]],
  // Of a party night: somebody comes in, a round begins, the last seconds, the bot looks, it knew, somebody has won.
  come: [[784, 0]],
  go: [[523, 0], [659, 0.14], [784, 0.28]],
  second: [[440, 0]],
  looks: Array.from({ length: 22 }, (_, beat) => [beat % 2 ? 131 : 147, beat * 0.22]),
  knew: [[392, 0], [330, 0.2], [262, 0.4]],
  won: [[523, 0], [523, 0.15], [523, 0.3], [698, 0.45], [880, 0.65], [1047, 0.85]],
};
const BELL_SECONDS = 0.7;
const LOUDNESS = 0.12;

export class Sound {
  #keep;
  /** @type {AudioContext|null} */
  #context = null;
  isOn;

  /** @param {boolean} isOn @param {(isOn: boolean) => void} keep */
  constructor(isOn, keep) {
    this.#keep = keep;
    this.isOn = isOn;
    // No page may sound before somebody has touched it.
    addEventListener('pointerdown', () => this.isOn && this.#open()?.resume());
  }

  /** @param {boolean} isOn */
  turn(isOn) {
    this.isOn = isOn;
    this.#keep(isOn);
    this.play('answer');
  }

  /** @param {keyof TUNES} tune */
  play(tune) {
    const context = this.isOn && this.#open();
    if (!context || document.hidden) return;
    for (const [pitch, after] of TUNES[tune]) this.#ring(context, pitch, context.currentTime + after);
  }

  #open() {
    if (globalThis.AudioContext) this.#context ??= new AudioContext();
    return this.#context;
  }

  /** One bell: a note that fades. @param {AudioContext} context */
  #ring(context, pitch, at) {
    const [note, fade] = [new OscillatorNode(context, { type: 'triangle', frequency: pitch }), new GainNode(context, { gain: 0 })];
    fade.gain.setValueAtTime(LOUDNESS, at);
    fade.gain.exponentialRampToValueAtTime(0.0001, at + BELL_SECONDS);
    note.connect(fade).connect(context.destination);
    note.start(at);
    note.stop(at + BELL_SECONDS);
  }
}
