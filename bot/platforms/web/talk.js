/** Taps, the menu's commands, and what the bot answers to them. */

import { make } from './elements.js';
import { ask } from './wire.js';
import { WORDS } from './words.js';

const TOAST_MS = 10_000;

const byId = (id) => document.getElementById(id);

export class Talk {
  #room;
  #me;
  #log;
  #showNewest;
  #toastTimer = 0;

  /**
   * @param {string} room
   * @param {{player: string, name: string}} me
   * @param {import('./bubbles.js').Log} log
   * @param {() => void} showNewest
   */
  constructor(room, me, log, showNewest) {
    this.#room = room;
    this.#me = me;
    this.#log = log;
    this.#showNewest = showNewest;
    byId('toast').addEventListener('click', () => this.#toast(''));
  }

  /** Tells the bot that a button was tapped. */
  async tap(button, data, under) {
    const { entry } = under;
    await this.#ask(button, 'presses', { data, entry }, under);
  }

  /** Fills the menu. @param {{name: string, description: string}[]} commands */
  offer(commands) {
    const buttons = commands.map(({ name, description }) => {
      const button = make('button', { type: 'button' }, description);
      button.addEventListener('click', () => {
        byId('menu').hidePopover();
        this.#ask(byId('menu-button'), 'commands', { name });
      });
      return button;
    });
    byId('menu').replaceChildren(...buttons);
    byId('menu-button').hidden = false;
  }

  async #ask(button, where, message, under = null) {
    if (button.getAttribute('aria-busy') === 'true') return;
    button.setAttribute('aria-busy', 'true');
    this.#toast('');
    try {
      this.#hear(await ask(`${this.#room}/${where}`, message, this.#me), under);
    } catch (problem) {
      this.#toast(problem.sentence || (problem.kind === 'network' ? WORDS.tapNetwork : WORDS.server));
    } finally {
      button.removeAttribute('aria-busy');
    }
  }

  /** What is said to everyone comes over the live connection, too; the log shows it once. */
  #hear({ notice, edit, entry, say }, under) {
    if (edit) under?.become(edit);
    if (entry) this.#log.show(entry);
    if (say) this.#log.whisper(say);
    if (entry || say) this.#showNewest();
    if (notice) this.#toast(notice);
  }

  #toast(sentence) {
    clearTimeout(this.#toastTimer);
    byId('toast').textContent = sentence;
    if (sentence) this.#toastTimer = setTimeout(() => this.#toast(''), TOAST_MS);
  }
}
