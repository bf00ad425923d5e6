/** A party night as the server knows it: every screen draws its state, and nothing else. */

import { LiveRoom, Problem, ask } from './wire.js';
import { WORDS } from './words.js';

// Often enough that a second is shown when it begins.
const TICK_MS = 200;

/**
 * @typedef {{number: number, name: string, colour: number, team: number|null, here: boolean, asked: boolean, done: boolean, host: boolean, late: boolean}} Player
 * @typedef {{label: string, percent: number|null, needle: number}} Verdict
 */

export class Evening {
  #room;
  #who;
  #on;
  #ahead = 0;
  #last = -1;
  /** @type {any} what bot/services/party_view.py renders; null until it has come */
  state = null;

  /**
   * @param {string} room its address
   * @param {{player: string, name: string, admin: null}} who
   * @param {{screen: boolean, draw: () => void, tick: (seconds: number) => void, connection: (isOpen: boolean) => void, notice: (sentence: string) => void}} on
   */
  constructor(room, who, on) {
    this.#room = room;
    this.#who = who;
    this.#on = on;
    const live = `${location.origin.replace(/^http/, 'ws')}${room}/party/live`;
    new LiveRoom(live, {
      hello: () => ({ player: who.player, name: who.name, screen: on.screen }),
      state: (state) => on.connection(state === 'open'),
      event: (event) => event.type === 'party' && this.#take(event.party),
    });
    setInterval(() => this.#tick(), TICK_MS);
  }

  /** The address of a picture. @param {string} name */
  picture(name) {
    return `${this.#room}/party/pictures/${name}`;
  }

  /** Seconds until the phase ends, never below none. */
  get left() {
    const { until, paused } = this.state;
    return Math.max(0, until - (paused ?? this.#now));
  }

  /** Seconds since the phase began. */
  get elapsed() {
    const { since, paused } = this.state;
    return Math.max(0, (paused ?? this.#now) - since);
  }

  /** @param {number} number @returns {Player|undefined} */
  player(number) {
    return this.state.players.find((player) => player.number === number) ?? this.state.standings?.find((place) => place.number === number);
  }

  /** @param {number[]} numbers */
  names(numbers) {
    const names = numbers.map((number) => this.player(number)?.name ?? WORDS.somebody);
    return new Intl.ListFormat(document.documentElement.lang).format(names);
  }

  /** Tells the server what was tapped; what it says to that comes as the next state. */
  async act(act, fields = {}) {
    try {
      await ask(`${this.#room}/party/acts`, { act, ...fields }, this.#who);
      return true;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.#on.notice(problem.sentence || WORDS.tapNetwork);
      return false;
    }
  }

  get #now() {
    return Date.now() / 1000 + this.#ahead;
  }

  #take(state) {
    this.#ahead = state.now - Date.now() / 1000;
    this.state = state;
    this.#last = -1;
    this.#on.draw();
    this.#tick();
  }

  #tick() {
    if (!this.state) return;
    const seconds = Math.ceil(this.left - 0.05);
    if (seconds === this.#last) return;
    this.#last = seconds;
    this.#on.tick(seconds);
  }
}

/** What somebody is called who may be on a photo. @param {string} label */
export function labelled(label) {
  return { olaf: WORDS.olaf, abominable: WORDS.yeti, neither: WORDS.neither }[label];
}

/** Keeps the children of an element as they are where nothing of `key` has changed; a screen reader would begin anew. */
export function redraw(element, key, children) {
  const written = JSON.stringify(key);
  if (element.dataset.drawn === written) return false;
  element.dataset.drawn = written;
  element.replaceChildren(...children());
  return true;
}
