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

/** A player's avatar: the first letter of the name, in a colour of one's own. */
export function letter(id, name) {
  const avatar = make('span', { class: 'avatar letter', 'aria-hidden': 'true' }, initial(name));
  avatar.style.setProperty('--hue', String(hueOf(id)));
  return avatar;
}

function initial(name) {
  const [first] = Intl.Segmenter ? new Intl.Segmenter().segment(name) : [...name].map((segment) => ({ segment }));
  return first?.segment.toLocaleUpperCase() ?? '';
}

function hueOf(id) {
  let hash = 0;
  for (const sign of id) hash = (hash * 31 + sign.charCodeAt(0)) % 360;
  return hash;
}
