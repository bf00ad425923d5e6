/** The season's points, along with what happens in the room. */

import { letter, make, setColours } from './elements.js';
import { dateLocale } from './words.js';

const byId = (id) => document.getElementById(id);

/** @typedef {{rank: number, name: string, points: number, id: string, colour: number}} Place equals share a rank; `colour` is the number of joining, from 0 */

export class Board {
  /** @type {Place[]} */
  #places = [];
  /** @type {string|null} this player's public id, once the server has told it */
  me = null;

  constructor() {
    byId('board-button').addEventListener('click', ({ currentTarget: button }) => {
      button.setAttribute('aria-expanded', String(button.getAttribute('aria-expanded') !== 'true'));
    });
  }

  /** @param {Place[]} places the first one first */
  show(places) {
    const before = new Map(this.#places.map(({ id, points }) => [id, points]));
    const gained = this.#places.length ? places.filter(({ id, points }) => points > (before.get(id) ?? 0)) : [];
    this.#places = places;
    setColours(places);
    byId('board').hidden = byId('board-button').hidden = !places.length;
    if (!places.length) return;
    byId('first').textContent = places[0].name;
    byId('first-points').textContent = written(places[0].points);
    byId('places').replaceChildren(...places.map((place) => this.#row(place, gained.includes(place))));
  }

  /** Writes the numbers as the language of the moment does. */
  showAgain() {
    this.show(this.#places);
  }

  /** @param {Place} place @param {boolean} isUp */
  #row({ rank, name, points, id }, isUp) {
    const row = make('li', {}, make('span', { class: 'rank' }, `${rank}.`), letter(id, name), make('bdi', {}, name), make('b', {}, written(points)));
    row.classList.toggle('me', id !== '' && id === this.me);
    row.classList.toggle('up', isUp);
    return row;
  }
}

function written(number) {
  return number.toLocaleString(dateLocale());
}
