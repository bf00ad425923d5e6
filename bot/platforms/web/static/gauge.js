/** The bot looks: a heat map that wanders over the photo, a needle that swings and stops, and then its word. */

import { make, setRatio } from './elements.js';

const STILL = matchMedia('(prefers-reduced-motion: reduce)');
// Of the eight seconds that it looks, in seconds.
const WANDERS_UNTIL = 3.2;
export const SPEAKS_AT = 5.2;
// The needle goes from the yeti on the left to Olaf on the right.
const HALF_TURN = 78;

/** A dial, drawn once; `turn` sets its needle. */
export function dial() {
  const namespace = 'http://www.w3.org/2000/svg';
  const draw = (tag, attributes) => {
    const element = document.createElementNS(namespace, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  const svg = draw('svg', { viewBox: '0 0 240 142', class: 'dial', 'aria-hidden': 'true' });
  const needle = draw('g', { class: 'needle' });
  needle.append(draw('path', { d: 'M120 26l7 96h-14z' }), draw('circle', { cx: 120, cy: 122, r: 14 }));
  svg.append(
    draw('path', { class: 'arc yeti', d: 'M20 122A100 100 0 0 1 86 28' }),
    draw('path', { class: 'arc nobody', d: 'M94 25.500A100 100 0 0 1 146 25.500' }),
    draw('path', { class: 'arc olaf', d: 'M154 28A100 100 0 0 1 220 122' }),
    needle,
  );
  return { element: svg, turn: (share) => needle.setAttribute('transform', `rotate(${(share - 0.5) * 2 * HALF_TURN} 120 122)`) };
}

/** A photo that the bot is going to look at. */
export function watched(photo, alt) {
  const image = make('img', { src: photo, alt, class: 'shot' });
  const frame = make('div', { class: 'watched' }, image);
  image.addEventListener('load', () => setRatio(frame, image.naturalWidth, image.naturalHeight));
  return frame;
}

/** Lays the heat map over a photo, once: it is seen through a hole that wanders. @param {HTMLElement} frame */
export function heat(frame, source) {
  if (frame.dataset.heat) return;
  frame.dataset.heat = source;
  const map = make('img', { src: source, alt: '', class: 'heat' });
  map.addEventListener('error', () => map.remove());
  frame.append(map);
}

/** Where the needle is after so many seconds. @param {number} target 0 to 1 */
export function needleAt(seconds, target) {
  if (seconds >= SPEAKS_AT) return target;
  if (STILL.matches) return 0.5;
  if (seconds < WANDERS_UNTIL) return 0.5 + 0.34 * Math.sin(seconds * 3.1) * Math.sin(seconds * 1.7);
  const since = seconds - WANDERS_UNTIL;
  const calm = since / (SPEAKS_AT - WANDERS_UNTIL);
  const swing = Math.cos(since * 9) * 0.42 * (1 - calm) ** 2;
  return Math.min(1, Math.max(0, target + swing));
}

/** Moves the hole in the heat map; in the end all of it is seen. @param {HTMLElement} frame */
export function wander(frame, seconds) {
  const map = frame.querySelector('.heat');
  if (!map) return;
  const isWhole = STILL.matches ? seconds > 1 : seconds >= WANDERS_UNTIL;
  map.classList.toggle('whole', isWhole);
  map.style.setProperty('--x', `${50 + 34 * Math.sin(seconds * 2.1)}%`);
  map.style.setProperty('--y', `${50 + 32 * Math.cos(seconds * 1.6 + 0.7)}%`);
}
