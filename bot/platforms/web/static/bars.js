/** The points as bars that overtake each other, the bot's among them; and the podium. */

import { badge, make } from './elements.js';
import { WORDS } from './words.js';

const STILL = matchMedia('(prefers-reduced-motion: reduce)');
const GROWS_AFTER_MS = 900;

/** @typedef {{rank: number, number: number, name: string, colour: number, points: number, before: number}} Place */

/**
 * Draws the points as they were, and lets them grow to what they are.
 * @param {HTMLElement} list
 * @param {Place[]} places
 * @param {{points: number, before: number}} bot
 */
export function race(list, places, bot) {
  const all = [...places, { name: WORDS.botBar, points: bot.points, before: bot.before, isBot: true }];
  const most = Math.max(1, ...all.map(({ points }) => points));
  const after = [...all].sort((one, other) => other.points - one.points);
  const rows = new Map();
  for (const place of after) rows.set(place, row(place));
  list.replaceChildren(...after.map((place) => rows.get(place).element));
  if (STILL.matches) {
    for (const [place, { grow }] of rows) grow(place.points, most);
    return;
  }
  const before = [...all].sort((one, other) => other.before - one.before);
  for (const [place, { element, grow }] of rows) {
    const moved = before.indexOf(place) - after.indexOf(place);
    element.style.setProperty('--moved', String(moved));
    grow(place.before, most);
  }
  setTimeout(() => {
    for (const [place, { element, grow }] of rows) {
      element.style.setProperty('--moved', '0');
      grow(place.points, most);
    }
  }, GROWS_AFTER_MS);
}

function row({ rank, name, colour, points, before, isBot }) {
  const face = isBot ? make('img', { src: '/static/icon.svg', alt: '', class: 'avatar' }) : badge(name, colour);
  const gained = points - before;
  const bar = make('span', { class: 'bar', 'aria-hidden': 'true' });
  const number = make('b', {}, String(points));
  const element = make('li', { class: isBot ? 'bot' : '' },
    make('span', { class: 'rank' }, rank ? `${rank}.` : ''), face, make('bdi', {}, name), bar,
    make('span', { class: 'gained' }, gained > 0 ? `+${gained}` : ''), number);
  if (!isBot) bar.dataset.colour = colour;
  return {
    element,
    grow(shown, most) {
      bar.style.setProperty('--share', String(shown / most));
      number.textContent = String(shown);
    },
  };
}

/** Three steps: those of a rank stand on one. @param {Place[]} places */
export function podium(places) {
  const steps = [2, 1, 3].map((rank) => {
    const there = places.filter((place) => place.rank === rank && place.points > 0);
    const people = there.map(({ name, colour }) => make('div', { class: 'person' }, badge(name, colour), make('bdi', {}, name)));
    const points = there.length ? make('b', {}, String(there[0].points)) : '';
    return make('li', { class: `step step-${rank}` }, ...people, make('div', { class: 'block' }, make('span', { class: 'medal' }, String(rank)), points));
  });
  // Read aloud in their order, seen with the first one in the middle.
  const [second, first, third] = steps;
  return make('ol', { class: 'podium' }, first, second, third);
}
