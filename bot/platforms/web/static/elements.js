/** The small things that bubbles are made of. */

import { WORDS } from './words.js';

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  use.setAttribute('href', `#${name}`);
  svg.append(use);
  return svg;
}

/** A photo in a frame that has its shape before it is loaded; `placeholder` stands in when it never is. */
export function picture(source, alt, placeholder) {
  const image = make('img', { alt, decoding: 'async' });
  const frame = make('div', { class: 'photo' }, image);
  image.addEventListener('load', () => setRatio(frame, image.naturalWidth, image.naturalHeight));
  image.addEventListener('error', () => {
    frame.classList.add('missing');
    frame.replaceChildren(placeholder());
  });
  image.src = source;
  return frame;
}

export function note(sentence) {
  return make('p', { class: 'note' }, icon('puddle'), sentence);
}

export function setRatio(frame, width, height) {
  if (width && height) frame.style.setProperty('--ratio', String(width / height));
}

/** A player's name, or the word for somebody without one, which follows the page's language. */
export function nameOf(name) {
  return name ? make('bdi', {}, name) : make('bdi', { 'data-text': 'somebody' }, WORDS.somebody);
}

// As many as style.css has.
const COLOURS = 12;
/** @type {Map<string, number>} the number of each player's colour, as on the bot's pictures */
const colours = new Map();

/** A player's avatar: the first letter of the name, in the player's colour. */
export function letter(id, name) {
  return make('span', { class: 'avatar letter', 'aria-hidden': 'true', 'data-player': id, 'data-colour': colourOf(id) }, initial(name));
}

/** The same for a player whose colour is known. */
export function badge(name, colour) {
  return make('span', { class: 'avatar letter', 'aria-hidden': 'true', 'data-colour': colour }, initial(name));
}

/** Gives players their colours, also where they are shown already. @param {{id: string, colour: number}[]} players */
export function setColours(players) {
  for (const { id, colour } of players) if (id) colours.set(id, colour % COLOURS);
  for (const avatar of document.querySelectorAll('.letter')) avatar.dataset.colour = colourOf(avatar.dataset.player);
}

function initial(name) {
  const [first] = Intl.Segmenter ? new Intl.Segmenter().segment(name) : [...name].map((segment) => ({ segment }));
  return first?.segment.toLocaleUpperCase() ?? '';
}

/** The number of a player's colour; any, but always the same, for somebody without points so far. */
function colourOf(id) {
  let hash = 0;
  for (const sign of id) hash = (hash * 31 + sign.charCodeAt(0)) % COLOURS;
  return String(colours.get(id) ?? hash);
}
