/** Taps, commands, and what the bot answers to them. */

import { ask } from './wire.js';
import { WORDS } from './words.js';

const TOAST_MS = 10_000;

const byId = (id) => document.getElementById(id);

export class Talk {
  #room;
  #me;
  #log;
  #showNewest;
  #letGuess;
  #toastTimer = 0;

  /**
   * @param {string} room
   * @param {{player: string, name: string, admin: string|null}} me
   * @param {import('./bubbles.js').Log} log
   * @param {{showNewest: () => void, letGuess: () => void}} page
   */
  constructor(room, me, log, { showNewest, letGuess }) {
    this.#room = room;
    this.#me = me;
    this.#log = log;
    this.#showNewest = showNewest;
    this.#letGuess = letGuess;
    byId('toast').addEventListener('click', () => this.toast(''));
  }

  /** Posts that a button was tapped. */
  async tap(button, data, under) {
    const { entry } = under;
    await this.#ask(button, 'presses', { data, entry }, under);
  }

  /** Posts a reaction to a photo, or takes it back. @param {string} entry @param {string} emoji */
  async react(entry, emoji) {
    await this.#ask(byId('log'), 'reactions', { entry, emoji });
  }

  /** Does what was written, if it is a command such as "/me Ann". @param {string} written */
  type(written) {
    const found = /^\/([a-z]+)(?:@\S+)?(?:\s+(.*))?$/is.exec(written.trim());
    if (found) this.command(found[1].toLowerCase(), found[2] ?? '');
    return found !== null;
  }

  /** Asks for something from the menu. */
  command(name, argument = '') {
    if (name === 'guess' && !argument) {
      this.#letGuess();
      this.toast(WORDS.guessReady);
    } else {
      this.#ask(byId('menu-button'), 'commands', { name, argument });
    }
  }

  async #ask(button, where, message, under = null) {
    if (button.getAttribute('aria-busy') === 'true') return;
    button.setAttribute('aria-busy', 'true');
    this.toast('');
    try {
      this.#show(await ask(`${this.#room}/${where}`, message, this.#me), under);
    } catch (problem) {
      this.toast(problem.sentence || (problem.kind === 'network' ? WORDS.tapNetwork : WORDS.server));
    } finally {
      button.removeAttribute('aria-busy');
    }
  }

  /** What everyone sees comes over the live connection, too; the log shows it once. */
  #show({ notice, edit, entry, private: answer }, under) {
    if (edit) under?.edit(edit);
    if (entry) this.#log.show(entry);
    if (answer) this.#log.showPrivate(answer);
    if (entry || answer) this.#showNewest();
    if (notice) this.toast(notice);
  }

  /** Shows a sentence to this player alone, for a moment. */
  toast(sentence) {
    clearTimeout(this.#toastTimer);
    byId('toast').textContent = sentence;
    if (sentence) this.#toastTimer = setTimeout(() => this.toast(''), TOAST_MS);
  }
}
