/** The big screen of a party night: everybody looks at it, and whoever stands beside it may direct the evening. */

import { podium, race } from './bars.js';
import { celebrate } from './confetti.js';
import { allowStart, director, takeOut, wishes } from './directing.js';
import { badge, icon, make } from './elements.js';
import { Evening, labelled, redraw } from './evening.js';
import { Family } from './family.js';
import { SPEAKS_AT, dial, heat, needleAt, wander, watched } from './gauge.js';
import { memory } from './memory.js';
import { Sound } from './sound.js';
import { WORDS, fill, loadLanguage, translate } from './words.js';

const LAST_SECONDS = 5;

const byId = (id) => document.getElementById(id);
const room = location.pathname.replace(/\/party\/?$/, '');

await loadLanguage(document.documentElement.lang);
translate();
document.title = WORDS.party;

const device = new Family(memory, () => '').first;
const sound = new Sound(memory.recall('sound') !== 'off', (isOn) => memory.keep('sound', isOn ? 'on' : 'off'));
const evening = new Evening(room, { player: device, name: '', admin: null }, {
  screen: true,
  draw,
  tick: showSeconds,
  connection: (isOpen) => (byId('banner').textContent = isOpen ? '' : WORDS.reconnecting),
  notice: (sentence) => showNotice(sentence),
});

/** Phases that are one picture, of which only a part changes. */
const SCENES = {
  lobby: drawLobby,
  prompt: drawPrompt,
  collecting: drawPrompt,
  guessing: drawReveal,
  looking: drawReveal,
  judging: drawReveal,
  told: drawReveal,
  starring: drawGallery,
  scoring: drawScores,
  over: drawEnd,
};

let before = { phase: '', players: 0 };
let link = null;

function draw() {
  const { state } = evening;
  document.body.dataset.phase = state.phase;
  const isGoing = state.round > 0 && state.phase !== 'over';
  const parts = isGoing ? [fill(WORDS.roundOf, { number: state.round, total: state.rounds })] : [];
  if ('photo' in state) parts.push(state.prompt.text);
  byId('round').textContent = parts.join(' · ');
  byId('paused').hidden = state.paused === null;
  SCENES[state.phase](state);
  drawPlayers(state);
  director(byId('controls'), evening, { sound, screen: true });
  ring(state);
  before = { phase: state.phase, players: state.players.length };
}

/** What is heard when something begins. */
function ring({ phase, players, result }) {
  if (phase === 'lobby' && players.length > before.players && before.phase) sound.play('come');
  if (phase === before.phase || !before.phase) return;
  if (phase === 'prompt') sound.play('go');
  if (phase === 'looking' && evening.elapsed < 1) sound.play('looks');
  if (phase === 'told') {
    sound.play(result.reached ? 'fooled' : 'knew');
    if (result.reached) celebrate();
  }
  if (phase === 'over') {
    sound.play('won');
    celebrate();
  }
}

/** A sentence that a screen reader says, and its headline. */
function headline(text, className = 'headline') {
  if (byId('said').textContent !== text) byId('said').textContent = text;
  return make('h2', { class: className, dir: 'auto' }, text);
}

function bot() {
  return byId('bot').content.cloneNode(true);
}

// --- before it begins ---

function drawLobby(state) {
  redraw(byId('stage'), ['lobby', link?.url ?? ''], () => {
    if (!link) findLink();
    const address = link ? link.url.replace(/^https?:\/\//, '') : '';
    const way = make('div', { class: 'way' },
      make('img', { class: 'qr', src: `${room}/play/qr.svg`, alt: WORDS.shareQr }),
      headline(WORDS.scan),
      make('p', { class: 'address', dir: 'ltr' }, address),
      ...(link?.note ? [make('p', { class: 'note' }, link.note)] : []));
    return [way, make('div', { class: 'waiting' }, bot(), make('p', { id: 'who', class: 'who-came', dir: 'auto' }), make('p', { id: 'when', class: 'when' }), wishes(evening))];
  });
  const names = evening.names(state.players.map(({ number }) => number));
  const who = state.may_start ? WORDS.whoCame : names ? WORDS.oneMore : WORDS.waitingForPlayers;
  byId('who').textContent = fill(who, { names });
  byId('when').textContent = state.may_start ? WORDS.startWhenAll : WORDS.howItGoes;
  allowStart(byId('stage'), state.may_start);
}

async function findLink() {
  try {
    link = await (await fetch(`${room}/play/share`)).json();
  } catch {
    link = { url: `${location.origin}${room}/play`, note: '' };
  }
  if (evening.state.phase === 'lobby') drawLobby(evening.state);
}

// --- a round ---

function drawPrompt(state) {
  const { prompt, phase, players } = state;
  const isNew = redraw(byId('stage'), ['prompt', state.round, phase], () => [
    make('div', { class: 'task' },
      make('p', { class: 'place' }, icon(prompt.place), make('span', {}, WORDS.places[prompt.place])),
      headline(prompt.text, 'prompt'),
      make('p', { id: 'ready', class: 'ready', 'aria-live': 'off' })),
  ]);
  if (isNew) byId('stage').focus();
  const asked = players.filter((player) => player.asked);
  const done = asked.filter((player) => player.done);
  byId('ready').textContent = phase === 'prompt' ? WORDS.getReady : fill(WORDS.readyCount, { count: done.length, total: asked.length });
}

let gauge = null;
let moving = 0;

/** Guess, look, judge and told are one picture: the photo stays where it is. */
function drawReveal(state) {
  const { photo, round } = state;
  redraw(byId('stage'), ['reveal', round, photo.id], () => {
    gauge = dial();
    const alt = fill(WORDS.photoBy, { name: evening.names([photo.sender]) });
    return [
      make('div', { class: 'reveal' },
        watched(evening.picture(photo.id), alt),
        make('div', { class: 'beside' },
          make('p', { class: 'whose', dir: 'auto' }, ...photo.members.map((number) => badge(evening.player(number)?.name ?? '', evening.player(number)?.colour ?? 0)), make('bdi', {}, evening.names(photo.members))),
          make('div', { id: 'dial', class: 'dial-box', dir: 'ltr' }, gauge.element,
            make('p', { class: 'ends' }, make('span', {}, WORDS.yeti), make('span', {}, WORDS.olaf))),
          make('div', { id: 'beside', class: 'telling' }))),
    ];
  });
  const isSeen = 'verdict' in state;
  byId('dial').hidden = !isSeen;
  if (isSeen) heat(document.querySelector('.watched'), evening.picture(`${photo.id}.heat`));
  cancelAnimationFrame(moving);
  if (isSeen) animate();
  tellBeside(state);
}

function animate() {
  const { state } = evening;
  if (!state.verdict) return;
  const frame = document.querySelector('.watched');
  const seconds = state.phase === 'looking' ? evening.elapsed : Infinity;
  gauge.turn(needleAt(seconds, state.verdict.needle));
  if (frame) {
    frame.classList.toggle('looking', state.phase === 'looking');
    wander(frame, Number.isFinite(seconds) ? seconds : 9);
  }
  tellBeside(state);
  if (state.phase === 'looking' && seconds < SPEAKS_AT + 0.5) moving = requestAnimationFrame(animate);
}

function tellBeside(state) {
  const { phase, verdict } = state;
  const hasSpoken = phase !== 'guessing' && (phase !== 'looking' || evening.elapsed >= SPEAKS_AT);
  const right = hasSpoken ? (state.guesses?.[verdict.label] ?? []) : [];
  redraw(byId('beside'), [phase, hasSpoken, state.result ?? null, right], () => {
    if (phase === 'guessing') return [headline(WORDS.whatWillISay)];
    if (!hasSpoken) return [headline(WORDS.letMeSee)];
    if (phase === 'looking' && before.phase === 'looking') sound.play('answer');
    const shout = make('p', { class: `shout ${verdict.label}`, dir: 'auto' }, shouted(verdict));
    if (phase === 'looking') {
      headline(shouted(verdict));
      return [shout, guessers(right)];
    }
    if (phase === 'judging') return [shout, guessers(right), headline(question(state)), make('p', { class: 'rule' }, WORDS.unfairMeans)];
    return [shout, ...told(state)];
  });
}

/** @param {import('./evening.js').Verdict} verdict */
function shouted({ label, percent }) {
  const shout = fill(WORDS.shout, { who: labelled(label) });
  return percent === null ? shout : `${shout} ${(percent / 100).toLocaleString(document.documentElement.lang, { style: 'percent' })}`;
}

function guessers(right) {
  return make('p', { class: right.length > 6 ? 'right many' : 'right', dir: 'auto' }, right.length ? fill(WORDS.guessedRight, { names: evening.names(right) }) : WORDS.nobodyGuessed);
}

function question({ prompt, photo }) {
  if (prompt.teller === 'sender') return fill(WORDS.whatWasIt, { name: evening.names([photo.sender]) });
  return prompt.teller === 'others' ? WORDS.whatWasItAll : WORDS.isItFair;
}

function told({ result, prompt }) {
  const truth = { olaf: WORDS.wasOlaf, abominable: WORDS.wasYeti, neither: WORDS.wasNeither }[result.truth] ?? WORDS.wasUnknown;
  const outcome = result.unfair ? WORDS.unfairOutcome : result.truth ? outcomeOf(result, prompt) : '';
  const gains = new Map();
  for (const { player, points } of result.awards) gains.set(player, (gains.get(player) ?? 0) + points);
  const rows = [...gains].map(([number, points]) => {
    const player = evening.player(number);
    return make('li', {}, badge(player?.name ?? '', player?.colour ?? 0), make('bdi', {}, player?.name ?? ''), make('b', {}, `+${points}`));
  });
  // Where nobody knows what it was, that is the outcome, and said once.
  const head = outcome ? [make('p', { class: 'truth' }, truth), headline(outcome, 'headline outcome')] : [headline(truth, 'headline outcome')];
  return [...head, make('ul', { class: 'gains' }, ...rows)];
}

function outcomeOf({ fooled, reached }, { goal }) {
  // A drawing that the bot was to recognise is no trick.
  if (goal.startsWith('show')) return reached ? WORDS.foundIt : WORDS.missedIt;
  if (!fooled) return WORDS.knewIt;
  return reached ? WORDS.fooledMe : WORDS.fooledOtherwise;
}

function drawGallery(state) {
  redraw(byId('stage'), ['gallery', state.round, state.gallery.map(({ id }) => id)], () => [
    make('div', { class: 'gallery-scene' },
      headline(WORDS.bravest),
      make('ul', { class: `gallery of-${state.gallery.length}` }, ...state.gallery.map((photo) =>
        make('li', {}, make('img', { src: evening.picture(photo.id), alt: '' }), make('bdi', {}, evening.names(photo.members)), make('span', { class: 'stars', id: `stars-${photo.id}` }))))),
  ]);
  for (const { id, stars } of state.gallery) {
    const box = byId(`stars-${id}`);
    if (box.childElementCount !== stars) box.replaceChildren(...Array.from({ length: stars }, () => icon('star')));
  }
}

// --- the points ---

function drawScores(state) {
  redraw(byId('stage'), ['scores', state.round], () => {
    const list = make('ol', { class: `bars of-${state.standings.length > 7 ? 'many' : 'few'}` });
    race(list, state.standings, state.bot);
    const heading = headline(state.photos ? WORDS.points : WORDS.nobodySent);
    return [make('div', { class: 'scores' }, heading, list, line(state.bot.line))];
  });
}

function line(text) {
  return make('div', { class: 'line' }, bot(), make('p', { class: 'speech', dir: 'auto' }, text));
}

function drawEnd(state) {
  redraw(byId('stage'), ['end', state.id, state.standings, state.picture], () => {
    const address = evening.picture('evening');
    const keepsake = make('div', { class: 'keepsake' }, make('img', { class: 'evening', src: state.picture ? address : '/static/icon.svg', alt: WORDS.evening }),
      make('a', { class: 'strong button', href: address, download: 'evening.png' }, WORDS.savePicture));
    return [make('div', { class: 'end' },
      make('div', { class: 'winners' }, headline(state.sent ? state.winners : WORDS.nobodySent), podium(state.standings), line(state.bot.line)),
      ...(state.best.length ? [keepsake] : []))];
  });
}

// --- along the edges ---

function drawPlayers({ players, phase, teams }) {
  redraw(byId('players'), [players, phase], () => players.map((player) => {
    const state = player.asked ? (player.done ? 'done' : 'busy') : '';
    const said = { done: WORDS.isReady, busy: WORDS.isBusy, '': '' }[state];
    const out = phase === 'over' ? [] : [takeOut(evening, player, 'out', [icon('close')])];
    return make('li', { class: `player ${state} ${player.here ? '' : 'away'}` }, badge(player.name, player.colour),
      make('bdi', {}, player.name), ...(teams && player.team ? [make('span', { class: 'team' }, String(player.team))] : []), make('span', { class: 'unseen' }, said), ...out);
  }));
}

function showSeconds(seconds) {
  const { phase, paused } = evening.state;
  const isTimed = !['lobby', 'over', 'looking', 'told', 'prompt'].includes(phase);
  byId('clock').textContent = isTimed ? String(seconds) : '';
  byId('clock').classList.toggle('hurry', isTimed && seconds <= LAST_SECONDS);
  if (phase === 'collecting' && !paused && seconds > 0 && seconds <= LAST_SECONDS) sound.play('second');
}

/** Keys for who stands at the keyboard: each is a button's. */
addEventListener('keydown', (event) => {
  const isBusy = event.target.closest('button, a, input, summary');
  if (isBusy || event.ctrlKey || event.metaKey || event.altKey) return;
  const pressed = document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (!pressed) return;
  event.preventDefault();
  pressed.click();
});

let noticed = 0;

function showNotice(sentence) {
  byId('notice').textContent = sentence;
  clearTimeout(noticed);
  noticed = setTimeout(() => (byId('notice').textContent = ''), 5000);
}
