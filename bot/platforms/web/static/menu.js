/** The menu: what there is to play with as six pictures, and whatever else there is under "More". */

import { icon, make } from './elements.js';
import { WORDS } from './words.js';

const byId = (id) => document.getElementById(id);

/** Each tile's command and picture, in the order of a first evening. */
const TILES = { rules: 'book', guess: 'unfamiliar', challenge: 'bulb', leaderboard: 'cup', hall: 'frame', me: 'star' };

/** @typedef {{name: string, description: string, choices: string[], section: string}} Command */

export class Menu {
  #onChoose;
  /** @type {HTMLElement[]} what this page adds of its own */
  #own;

  /** @type {string} where the big screen of a party night is */
  #party;

  /** @param {(name: string, argument: string) => void} onChoose @param {() => HTMLElement[]} own @param {string} party */
  constructor(onChoose, own, party) {
    this.#onChoose = onChoose;
    this.#own = own;
    this.#party = party;
    byId('menu').addEventListener('toggle', ({ newState }) => newState === 'open' && this.#showMore(false));
  }

  /** @param {Command[]} commands */
  show(commands) {
    const tiles = commands.filter(({ name }) => name in TILES);
    const more = make('button', { id: 'more', class: 'quiet', type: 'button' });
    more.addEventListener('click', () => this.#showMore(more.getAttribute('aria-expanded') !== 'true'));
    const rest = make('div', { class: 'rest' });
    const bySection = (section) => commands.filter((command) => command.section === section && (!(command.name in TILES) || command.choices.length));
    const groups = [bySection('play'), bySection('room'), bySection('privacy'), bySection('admin')].map((group) => group.map((each) => this.#row(each)));
    groups[1].push(...this.#own());
    for (const group of groups) if (group.length) rest.append(make('div', { class: 'group' }, ...group));
    byId('menu').replaceChildren(make('div', { class: 'tiles' }, ...tiles.map((each) => this.#tile(each)), make('a', { class: 'tile wide', href: this.#party }, icon('screen'), make('span', {}, WORDS.party))), rest, more);
    this.#showMore(false);
    byId('menu-button').hidden = false;
  }

  #showMore(isOpen) {
    const more = byId('more');
    if (!more) return;
    more.setAttribute('aria-expanded', String(isOpen));
    more.textContent = isOpen ? WORDS.back : WORDS.more;
    byId('menu').querySelector('.tiles').hidden = isOpen;
    byId('menu').querySelector('.rest').hidden = !isOpen;
  }

  #tile({ name, description }) {
    const button = this.#button(name, description, '', icon(TILES[name]), make('span', {}, WORDS.menuNames[name]));
    button.classList.add('tile');
    return button;
  }

  #row({ name, description, choices }) {
    const title = WORDS.menuNames[name] ?? description;
    if (!choices.length) return this.#button(name, description, '', title);
    const named = { on: WORDS.on, off: WORDS.off, week: WORDS.week, month: WORDS.month, all: WORDS.all };
    // What a tile shows needs no second button.
    const offered = choices.filter((choice) => choice !== 'month').map((choice) => this.#button(name, null, choice, named[choice] ?? choice));
    return make('div', { class: 'choice', role: 'group', 'aria-label': `${title}. ${description}` }, make('span', {}, title), ...offered);
  }

  #button(name, description, argument, ...content) {
    const made = make('button', { type: 'button', 'data-command': name }, ...content);
    if (description) {
      made.setAttribute('aria-label', `${made.textContent}. ${description}`);
      made.title = description;
    }
    made.addEventListener('click', () => {
      byId('menu').hidePopover();
      this.#onChoose(name, argument);
    });
    return made;
  }
}
