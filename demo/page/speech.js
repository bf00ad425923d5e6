/** The bot's sentences about a photo, in the language of the moment: they are written in `bot/speech`. */

import { WORDS } from './words.js';

// A sentence is not said again within so many of its kind.
const APART = 5;
/** @type {Map<string, number[]>} */
const recent = new Map();

/** Chooses the number of a sentence: not a recent one. */
function choose(kind, count) {
  const said = recent.get(kind) ?? [];
  const free = Array.from({ length: count }, (_, number) => number).filter((number) => !said.includes(number));
  const chosen = free[Math.floor(Math.random() * free.length)];
  recent.set(kind, [...said, chosen].slice(-Math.min(APART, count - 1) || count));
  return chosen;
}

/**
 * One photo's turn: what the bot saw, what it was really, and how both are said.
 * @typedef {{verdict: import('./network.js').Verdict, answer: number, truth: string|null, ending: number}} Round
 */

export class Speech {
  #from;

  /** @param {{clearly: number, laugh: number}} from percentages from which on something else is said */
  constructor(from) {
    this.#from = from;
  }

  /** @param {import('./network.js').Verdict} verdict @returns {Round} */
  begin(verdict) {
    const answers = WORDS.bot.answers[verdict.label][this.#manner(verdict)];
    return { verdict, answer: choose(this.#manner(verdict), answers.length), truth: null, ending: 0 };
  }

  /** Tells who it was really; returns whether that fooled the bot. @param {Round} round */
  tell(round, truth) {
    round.truth = truth;
    const [kind, endings] = this.#endings(round);
    round.ending = choose(kind, endings.length);
    return this.#isFooled(round);
  }

  /** The answer as the room's page shows it. @param {Round} round @returns {import('./bubbles.js').Answer} */
  word({ verdict, answer, ...round }) {
    const { label, confidence, probabilities, unfamiliar } = verdict;
    const said = this.#filled(WORDS.bot.answers[label][this.#manner(verdict)][answer], verdict);
    const button = (text, data) => ({ text, data, audience: 'everyone' });
    const truths = Object.entries(WORDS.bot.truths).map(([truth, text]) => button(text, truth));
    const end = round.truth ? this.#filled(this.#endings({ verdict, ...round })[1][round.ending], verdict) : WORDS.bot.ask;
    return {
      text: `${said}\n${end}`,
      label,
      confidence,
      unfamiliar,
      pair: label === 'olaf' ? confidence : 1 - confidence,
      familiar: 1 - probabilities[2],
      buttons: [round.truth ? [button(WORDS.bot.undo, 'undo')] : truths, [button(WORDS.bot.where, 'where')]],
    };
  }

  /** What goes with the picture of where it looked. */
  caption(verdict) {
    const manner = this.#manner({ ...verdict, sure: verdict.sure && !verdict.unfamiliar, unfamiliar: false });
    return this.#filled(WORDS.bot.captions[verdict.label][manner][0], verdict);
  }

  #endings(round) {
    const { verdict } = round;
    if (!this.#isFooled(round)) {
      const voice = verdict.unfamiliar ? 'unfamiliar' : verdict.sure ? 'sure' : 'unsure';
      return [`right ${voice}`, WORDS.bot.right[voice]];
    }
    if (verdict.unfamiliar) return ['overlooked', WORDS.bot.overlooked];
    return percentOf(verdict) < this.#from.laugh ? ['lost', WORDS.bot.lost] : ['surelyLost', WORDS.bot.surelyLost];
  }

  #isFooled({ verdict, truth }) {
    return truth !== (verdict.unfamiliar ? 'neither' : verdict.label);
  }

  #manner({ unfamiliar, sure, ...verdict }) {
    if (unfamiliar) return 'unfamiliar';
    if (sure) return 'sure';
    return percentOf(verdict) < this.#from.clearly ? 'unsure' : 'clearly';
  }

  #filled(sentence, verdict) {
    return sentence.replaceAll('{percent}', WORDS.bot.percents[percentOf(verdict)]);
  }
}

/** Never less than half, and never quite certain. */
function percentOf({ confidence }) {
  return Math.min(99, Math.max(50, Math.round(100 * confidence)));
}
