/** What whoever directs the evening can do: choose how long it is, start, stop the clock, go on, end. */

import { make } from './elements.js';
import { redraw } from './evening.js';
import { WORDS } from './words.js';

const LONG_MINUTES = 20;
const SHORT_MINUTES = 10;
const PLACES = ['home', 'kitchen', 'drawing', 'toys', 'outside'];
const INDOORS = new Set(['home', 'kitchen', 'drawing', 'toys']);

/** @typedef {import('./evening.js').Evening} Evening */

/** @param {string} key on the keyboard, beside the big screen */
function button(text, className, onClick, key = '') {
  const made = make('button', { type: 'button', class: className, ...(key ? { 'data-key': key, 'aria-keyshortcuts': key === ' ' ? 'Space' : key } : {}) }, text);
  made.addEventListener('click', onClick);
  return made;
}

/** How long, and then go; drawn once, and used as often as somebody likes. @param {Evening} evening */
export function wishes(evening) {
  const own = make('details', { class: 'own' }, make('summary', {}, WORDS.asYouLike));
  const field = (name, label, value, least, most) => {
    const input = make('input', { type: 'number', name, value, min: least, max: most, step: name === 'seconds' ? 10 : 1, inputmode: 'numeric' });
    return [input, make('label', {}, make('span', {}, label), input)];
  };
  const [rounds, roundsField] = field('rounds', WORDS.roundsLabel, 4, 1, 20);
  const [seconds, secondsField] = field('seconds', WORDS.secondsLabel, 60, 20, 300);
  const boxes = PLACES.map((place) => {
    const box = make('input', { type: 'checkbox', value: place, ...(INDOORS.has(place) ? { checked: '' } : {}) });
    return make('label', { class: 'tick' }, box, make('span', {}, WORDS.places[place]));
  });
  const chosen = () => boxes.map((label) => label.firstChild).filter((box) => box.checked).map((box) => box.value);
  own.append(roundsField, secondsField, make('fieldset', {}, make('legend', {}, WORDS.placesLabel), ...boxes),
    button(WORDS.start, 'strong', () => evening.act('start', { minutes: null, rounds: Number(rounds.value), seconds: Number(seconds.value), places: chosen() })));
  const start = (minutes) => () => evening.act('start', { minutes });
  return make('div', { class: 'wishes' },
    button(WORDS.short, 'strong', start(SHORT_MINUTES), 'enter'), button(WORDS.long, 'strong', start(LONG_MINUTES)), own);
}

/**
 * Draws the buttons of the moment.
 * @param {HTMLElement} place
 * @param {Evening} evening
 * @param {{sound?: import('./sound.js').Sound, screen: boolean}} options
 */
export function director(place, evening, { sound, screen }) {
  const { phase, paused, may_direct: may } = evening.state;
  const isGoing = phase !== 'lobby' && phase !== 'over';
  redraw(place, [phase === 'lobby', phase === 'over', paused !== null, may, sound?.isOn ?? null], () => {
    const buttons = [];
    if (may && isGoing) {
      buttons.push(paused === null ? button(WORDS.next, 'quiet', () => evening.act('next'), ' ') : null);
      buttons.push(paused === null ? button(WORDS.pause, 'quiet', () => evening.act('pause'), 'p') : button(WORDS.goOn, 'strong', () => evening.act('resume'), 'p'));
      buttons.push(button(WORDS.endEvening, 'quiet', () => confirm(WORDS.endEveningAsk) && evening.act('end')));
    }
    if (may && phase === 'over') buttons.push(button(WORDS.playAgain, 'strong', () => evening.act('again')));
    if (screen) {
      const turn = button(sound.isOn ? WORDS.soundOn : WORDS.soundOff, 'quiet', () => {
        sound.turn(!sound.isOn);
        director(place, evening, { sound, screen });
      }, 's');
      turn.setAttribute('aria-pressed', String(sound.isOn));
      buttons.push(turn);
      if (document.fullscreenEnabled) {
        buttons.push(button(WORDS.fullScreen, 'quiet', () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()), 'f'));
      }
    }
    return buttons.filter(Boolean);
  });
}
