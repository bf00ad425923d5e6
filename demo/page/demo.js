/** The page: photos are shown to the bot, and looked at right here. */

import { Log } from './bubbles.js';
import { celebrate } from './confetti.js';
import { make } from './elements.js';
import { Eyes } from './eyes.js';
import { memory } from './memory.js';
import { Refusal } from './photo.js';
import { followNewest } from './scroll.js';
import { Speech } from './speech.js';
import { listenForPhotos } from './ways.js';
import { WORDS, loadLanguage, translate } from './words.js';

const ME = 'me';

const byId = (id) => document.getElementById(id);
const demo = await (await fetch('demo.json')).json();
const log = new Log(byId('log'), { tap, answer() {}, react() {} });
log.me = ME;
const showNewest = followNewest(byId('scroller'), byId('log'), byId('newest'));
const eyes = new Eyes(demo, stayHere().catch(() => {}), showLoading);
const speech = new Speech(demo.speech);

/** @typedef {{file: File, round: import('./speech.js').Round, entry: object, hasHeat: boolean}} Shown */

/** @type {Map<string, Shown>} by entry id */
const shown = new Map();

// --- the language ---

/** The one that was chosen here before, or the first of this browser's that the bot speaks. */
function languageOfChoice() {
  const wanted = [memory.recall('language'), ...navigator.languages.map((tag) => tag.split('-')[0]), 'en'];
  return wanted.find((language) => language in demo.languages);
}

async function speak(language) {
  await loadLanguage(language);
  translate();
  document.title = WORDS.game;
  for (const each of shown.values()) log.edit(reworded(each));
  const choices = Object.entries(demo.languages).map(([tag, name]) => {
    const button = make('button', { type: 'button', lang: tag, 'aria-pressed': String(tag === language) }, name);
    button.addEventListener('click', () => {
      byId('menu').hidePopover();
      memory.keep('language', tag);
      // Without the network the page goes on in the language it has.
      speak(tag).catch(() => {});
    });
    return button;
  });
  byId('menu').replaceChildren(make('div', { class: 'group' }, ...choices));
}

// --- photos ---

/** They are looked at one after another. */
let before = Promise.resolve();

/** @param {File[]} files */
function takePhotos(files) {
  byId('toast').textContent = '';
  for (const file of files) {
    const bubble = log.pending(WORDS.yourPhoto, file, '');
    before = before.then(() => look(file, bubble));
  }
  showNewest();
}

async function look(file, bubble) {
  bubble.progress(1);
  try {
    const round = speech.begin(await eyes.judge(file));
    const id = crypto.randomUUID?.() ?? String(Math.random());
    const entry = { id, at: Date.now() / 1000, player: { id: ME, name: WORDS.yourPhoto }, photo: URL.createObjectURL(file) };
    const one = { file, round, entry, hasHeat: false };
    bubble.settle(reworded(one));
    shown.set(id, one);
  } catch (error) {
    bubble.fail(...whyNot(error, () => {
      bubble.restart();
      before = before.then(() => look(file, bubble));
    }));
  }
}

/** What to say of a photo that got no verdict, and what a tap may do about it. */
function whyNot(error, again) {
  if (error instanceof Refusal) return [WORDS.bot.refusals[error.reason], null];
  console.warn(error);
  return [eyes.isAwake ? WORDS.server : WORDS.photoNetwork, again];
}

function reworded({ entry, round }) {
  return Object.assign(entry, { answer: speech.word(round) });
}

// --- taps ---

function tap(button, data, { entry: id }) {
  const one = shown.get(id);
  if (data === 'where') return showHeat(button, id, one);
  if (data === 'undo') one.round.truth = null;
  else if (speech.tell(one.round, data)) celebrate();
  log.edit(reworded(one));
}

async function showHeat(button, id, one) {
  if (one.hasHeat) return toast(WORDS.bot.whereDone);
  one.hasHeat = true;
  button.setAttribute('aria-busy', 'true');
  try {
    const { verdict } = one.round;
    const { blob, width, height } = await eyes.heat(one.file, verdict.label);
    const picture = { photo: URL.createObjectURL(blob), width, height, description: WORDS.bot.heat };
    log.show({ id: `${id} heat`, at: Date.now() / 1000, to: id, answer: { text: speech.caption(verdict), buttons: [] }, ...picture });
    showNewest();
  } catch (error) {
    one.hasHeat = false;
    toast(whyNot(error, null)[0]);
  } finally {
    button.removeAttribute('aria-busy');
  }
}

function toast(sentence) {
  byId('toast').textContent = sentence;
}

/** @param {number} share how much of the network is here, 0 to 1 */
function showLoading(share) {
  byId('queue').hidden = share >= 1;
  byId('queue-progress').value = share;
}

// --- once loaded, nothing more is needed of the network ---

async function stayHere() {
  if (!navigator.serviceWorker) return;
  await navigator.serviceWorker.register('service.js');
  await navigator.serviceWorker.ready;
  // From now on whatever is loaded is kept.
  if (!navigator.serviceWorker.controller) await new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }));
}

await speak(languageOfChoice());
listenForPhotos({ take: takePhotos, none: () => log.notice(WORDS.notAPhoto) });
byId('toast').addEventListener('click', () => toast(''));
eyes.wake().catch(() => {});
