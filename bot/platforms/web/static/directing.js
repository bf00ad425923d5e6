/** What whoever directs the evening can do: choose how long it is, start, stop the clock, go on, end. */

import { make } from './elements.js';
import { redraw } from './evening.js';
import { WORDS, fill } from './words.js';

const LONG_MINUTES = 20;
const SHORT_MINUTES = 10;
const ROUNDS = [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20];
const SECONDS = [20, 30, 45, 60, 90, 120, 180, 300];
const PLACES = ['home', 'kitchen', 'drawing', 'toys', 'outside'];
const INDOORS = new Set(['home', 'kitchen', 'drawing', 'toys']);

/** @typedef {import('./evening.js').Evening} Evening */

/** @param {string} key on the keyboard, beside the big screen */
function button(text, className, onClick, key = '') {
  const made = make('button', { type: 'button', class: className, ...(key ? { 'data-key': key, 'aria-keyshortcuts': key === ' ' ? 'Space' : key } : {}) }, text);
  made.addEventListener('click', onClick);
  return made;
}

/** Takes somebody out who came in by mistake, or whose phone went home. @param {Evening} evening */
export function takeOut(evening, { number, name }, className, content) {
  const words = fill(WORDS.takeOut, { name });
  const made = make('button', { type: 'button', class: className, title: words }, ...content, make('span', { class: 'unseen' }, words));
  made.addEventListener('click', () => confirm(fill(WORDS.takeOutAsk, { name })) && evening.act('leave', { player: number }));
  return made;
}

/** Two can play: before that there is nothing to start. @param {HTMLElement} place */
export function allowStart(place, may) {
  for (const each of place.querySelectorAll('.wishes button')) each.disabled = !may;
}

/** How long, and then go; drawn once, and used as often as somebody likes. @param {Evening} evening */
export function wishes(evening) {
  const own = make('details', { class: 'own' }, make('summary', {}, WORDS.asYouLike));
  const field = (name, label, choices, usual) => {
    const select = make('select', { name }, ...choices.map((each) => make('option', { value: each, ...(each === usual ? { selected: '' } : {}) }, String(each))));
    return [select, make('label', {}, make('span', {}, label), select)];
  };
  const [rounds, roundsField] = field('rounds', WORDS.roundsLabel, ROUNDS, 4);
  const [seconds, secondsField] = field('seconds', WORDS.secondsLabel, SECONDS, 60);
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
