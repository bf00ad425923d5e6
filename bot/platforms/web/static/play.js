/** A phone in a party night: it is a camera and a buzzer, for one child or for several. */

import { allowStart, director, takeOut, wishes } from './directing.js';
import { badge, icon, make } from './elements.js';
import { Evening, labelled, redraw } from './evening.js';
import { Family } from './family.js';
import { memory } from './memory.js';
import { Problem, prepare, randomId, upload } from './wire.js';
import { WORDS, fill, loadLanguage, translate } from './words.js';

const MOST_NAME_LETTERS = 20;
const COLOURS = 12;
const NOTICE_MS = 5000;

const byId = (id) => document.getElementById(id);
const room = location.pathname.replace(/\/play\/?$/, '');

await loadLanguage(document.documentElement.lang);
translate();
document.title = WORDS.party;

const family = new Family(memory, () => '');
const who = { player: family.first, name: '', admin: null };
const evening = new Evening(room, who, {
  screen: false,
  draw,
  tick: showSeconds,
  connection: (isOpen) => (byId('banner').textContent = isOpen ? '' : WORDS.reconnecting),
  notice,
});

/** Whose turn it is on this phone, by number; who plays alone never has to choose. */
let turn = 0;
/** One more child is about to come in. */
let isAdding = false;
/** How many play here while somebody comes in: whoever makes them more is the one who holds the phone. */
let before = -1;
let colour = Math.floor(Math.random() * COLOURS);
/** @type {{number: number, round: number, file: File, url: string, share: number|null}|null} a photo that is looked at before it is sent */
let shot = null;

const SCENES = {
  lobby: drawLobby,
  prompt: drawPrompt,
  collecting: drawCamera,
  guessing: drawGuess,
  looking: drawLook,
  judging: drawJudge,
  told: drawTold,
  starring: drawStars,
  scoring: drawPlace,
  over: drawPlace,
};

function draw() {
  const { state } = evening;
  document.body.dataset.phase = state.phase;
  if (before >= 0 && state.mine.length > before) {
    turn = state.mine.at(-1).number;
    before = -1;
  }
  if (!state.mine.some(({ number }) => number === turn)) turn = state.mine[0]?.number ?? 0;
  if (shot && (shot.round !== state.round || state.phase !== 'collecting')) dropShot();
  drawTurns(state);
  if (isAdding || !state.mine.length) drawJoin(state);
  else if (state.paused !== null) draws(['paused'], () => [head(WORDS.paused)]);
  else SCENES[state.phase](state, state.mine.find(({ number }) => number === turn));
  drawFoot(state);
}

/** Draws the middle of the screen anew where something of `key` has changed. */
function draws(key, children) {
  return redraw(byId('scene'), [turn, ...key], children);
}

function head(text, className = 'headline') {
  return make('h2', { class: className, dir: 'auto' }, text);
}

function tap(className, content, onClick, attributes = {}) {
  const made = make('button', { type: 'button', class: className, ...attributes }, ...content);
  made.addEventListener('click', onClick);
  return made;
}

/** A button that is one of several answers; what is chosen already need not be said again. */
function choice(className, content, isChosen, onClick, attributes) {
  const made = tap(className, content, () => made.getAttribute('aria-pressed') === 'true' || onClick(), { ...attributes, 'aria-pressed': String(isChosen) });
  return made;
}

function lookUp(text) {
  return [head(text), make('p', { class: 'hint' }, WORDS.lookUp)];
}

// --- coming in ---

function drawJoin(state) {
  const taken = new Set(state.players.map((player) => player.colour));
  if (taken.size < COLOURS) while (taken.has(colour)) colour = (colour + 1) % COLOURS;
  if (state.phase === 'over' && !isAdding) return draws(['missed'], () => lookUp(WORDS.eveningOver));
  const isNew = draws(['join', isAdding], () => {
    const input = make('input', { id: 'name', type: 'text', maxlength: MOST_NAME_LETTERS, dir: 'auto', autocomplete: 'off', autocapitalize: 'words', spellcheck: 'false', enterkeyhint: 'go', required: '' });
    if (!isAdding) input.value = memory.recall('name') ?? '';
    const swatches = Array.from({ length: COLOURS }, (_, number) =>
      tap('swatch letter', [], () => chooseColour(number), { 'data-colour': number, 'aria-label': WORDS.colours[number] }));
    const form = make('form', { class: 'join' }, head(WORDS.whoAreYou), make('label', { for: 'name' }, WORDS.yourName), input,
      make('p', { id: 'colour-label' }, WORDS.yourColour), make('div', { class: 'swatches', role: 'group', 'aria-labelledby': 'colour-label' }, ...swatches),
      make('button', { class: 'big strong' }, WORDS.join),
      ...(isAdding ? [tap('quiet', [WORDS.notNow], () => add(false))] : []));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      join(input.value.trim());
    });
    return [form];
  });
  for (const swatch of byId('scene').querySelectorAll('.swatch')) {
    const number = Number(swatch.dataset.colour);
    swatch.disabled = taken.has(number);
    swatch.setAttribute('aria-pressed', String(number === colour));
  }
  if (isNew && isAdding) byId('name').focus();
}

function chooseColour(number) {
  colour = number;
  draw();
}

async function join(name) {
  if (!name) return byId('name').focus();
  const isFirst = !evening.state.mine.length;
  before = evening.state.mine.length;
  if (!(await evening.act('join', { name, colour }))) return;
  if (isFirst) memory.keep('name', name);
  add(false);
}

function add(isOn) {
  isAdding = isOn;
  draw();
}

/** The children of this phone: a tap hands it on. Whoever is asked and has not answered yet is marked. */
function drawTurns({ mine, players }) {
  redraw(byId('turns'), [mine.map(({ number }) => number), turn, isAdding, players], () => {
    if (!mine.length) return [];
    const tabs = mine.map(({ number }) => {
      const player = evening.player(number);
      const tab = tap('turn', [badge(player.name, player.colour), make('bdi', {}, player.name)], () => {
        turn = number;
        add(false);
      }, { 'aria-pressed': String(number === turn && !isAdding) });
      tab.classList.toggle('wanted', player.asked && !player.done);
      return tab;
    });
    return tabs;
  });
}

// --- a round ---

function drawLobby(state, mine) {
  const { name } = evening.player(mine.number);
  draws(['lobby', state.may_direct, state.may_start], () => [
    head(fill(WORDS.youAreIn, { name })),
    make('p', { class: 'hint' }, state.may_start ? (state.may_direct ? WORDS.startWhenAll : WORDS.waitForStart) : fill(WORDS.oneMore, { names: name })),
    make('p', { class: 'rule' }, WORDS.howItGoes),
    ...(state.may_direct ? [wishes(evening)] : []),
    tap('quiet', [WORDS.addChild], () => add(true)),
  ]);
  allowStart(byId('scene'), state.may_start);
}

function task({ prompt }) {
  return head(prompt.text, 'prompt');
}

function isLate(number) {
  return evening.player(number)?.late;
}

function drawPrompt(state, mine) {
  if (isLate(mine.number)) return draws(['late'], () => lookUp(WORDS.nextRound));
  draws(['prompt', state.round], () => [task(state), make('p', { class: 'hint' }, WORDS.getReady), ...team(mine)]);
}

/** Who sends one photo together. */
function team(mine) {
  const own = evening.player(mine.number)?.team;
  const mates = evening.state.players.filter((player) => player.team === own && !player.late);
  if (own === null || own === undefined || mates.length < 2) return [];
  return [make('p', { class: 'team-line', dir: 'auto' }, fill(WORDS.yourTeam, { names: evening.names(mates.map(({ number }) => number)) }))];
}

function drawCamera(state, mine) {
  if (isLate(mine.number)) return draws(['late'], () => lookUp(WORDS.nextRound));
  if (mine.sent) return draws(['sent', mine.sent], () => [make('img', { class: 'own-shot', src: evening.picture(mine.sent), alt: WORDS.yourPhoto }), head(WORDS.sentPhoto), make('p', { class: 'hint' }, WORDS.lookUp)]);
  if (shot?.number === mine.number) return drawShot();
  draws(['camera', state.round], () => [
    task(state),
    ...team(mine),
    tap('camera strong', [icon('camera'), make('span', {}, WORDS.takePhoto)], () => byId('file').click()),
  ]);
}

function drawShot() {
  const isSending = shot.share !== null;
  draws(['shot', shot.url, isSending], () => [
    make('img', { class: 'own-shot', src: shot.url, alt: WORDS.yourPhoto }),
    ...(isSending
      ? [head(WORDS.sending), make('progress', { max: '1', 'aria-label': WORDS.sending, id: 'share' })]
      : [tap('big strong', [WORDS.sendThis], send), tap('big quiet', [WORDS.takeAnother], () => byId('file').click())]),
  ]);
  if (isSending && byId('share')) byId('share').value = shot.share;
}

byId('file').addEventListener('change', ({ target }) => {
  const [file] = target.files;
  target.value = '';
  const { phase, round } = evening.state;
  if (!file || phase !== 'collecting') return;
  dropShot();
  shot = { number: turn, round, file, url: URL.createObjectURL(file), share: null };
  draw();
});
// As in app.js: Chromium on Android offers a camera only beside another type.
if (/Android/.test(navigator.userAgent) && !/Firefox/.test(navigator.userAgent)) byId('file').accept += ',android/allowCamera';

function dropShot() {
  if (shot) URL.revokeObjectURL(shot.url);
  shot = null;
}

async function send() {
  const sending = shot;
  sending.share = 0;
  draw();
  try {
    const body = await prepare(sending.file);
    const photo = { id: randomId(), body, caption: '', to: '' };
    await upload(`${room}/party/photos?player=${sending.number}`, photo, who, (share) => {
      sending.share = share;
      if (byId('share')) byId('share').value = share;
    });
    if (shot === sending) dropShot();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    sending.share = null;
    notice(problem.sentence || { network: WORDS.photoNetwork, tooLarge: WORDS.tooLarge }[problem.kind] || WORDS.server);
  }
  draw();
}

/** Three answers in a column, for a thumb. */
function three(chosen, act) {
  return make('div', { class: 'answers' }, ...['olaf', 'abominable', 'neither'].map((label) =>
    choice(`answer-tap ${label}`, [icon(label), make('span', {}, labelled(label))], chosen === label, () => evening.act(act, { player: turn, label }), { 'data-label': label })));
}

/** Marks what is chosen, and leaves the buttons where the finger is. */
function mark(chosen, selector = '[data-label]', of = (button) => button.dataset.label) {
  for (const each of byId('scene').querySelectorAll(selector)) each.setAttribute('aria-pressed', String(of(each) === chosen));
}

function drawGuess(state, mine) {
  if (isLate(mine.number)) return draws(['late'], () => lookUp(WORDS.nextRound));
  if (mine.own) return draws(['own', state.photo.id], () => [make('img', { class: 'own-shot', src: evening.picture(state.photo.id), alt: WORDS.yourPhoto }), head(WORDS.yours)]);
  draws(['guess', state.photo.id], () => [head(WORDS.whatWillISay), three(mine.guess, 'guess')]);
  mark(mine.guess);
}

function drawLook(state, mine) {
  draws(['look', state.photo.id, mine.guess], () => [head(WORDS.letMeSee), make('p', { class: 'hint' }, mine.guess ? fill(WORDS.youSay, { who: labelled(mine.guess) }) : WORDS.lookUp)]);
}

function drawJudge(state, mine) {
  if (!mine.asked) return draws(['wait', state.photo.id], () => lookUp(mine.own ? WORDS.yoursJudged : WORDS.lookAtThat));
  const tells = mine.own || state.prompt.teller === 'others';
  draws(['judge', state.photo.id], () => [
    ...(tells ? [head(WORDS.whatWasItYou), three(mine.told, 'tell')] : []),
    ...(mine.own ? [] : [head(WORDS.isItFair), make('p', { class: 'rule' }, WORDS.unfairMeans), make('div', { class: 'answers two' }, ...[[true, 'yes', WORDS.fair], [false, 'no', WORDS.unfair]].map(([fair, symbol, word]) =>
      choice(`answer-tap fair-${symbol}`, [icon(symbol), make('span', {}, word)], mine.fair === fair, () => evening.act('judge', { player: turn, fair }), { 'data-fair': String(fair) })))]),
  ]);
  mark(mine.told);
  mark(String(mine.fair), '[data-fair]', (each) => each.dataset.fair);
}

function drawTold(state, mine) {
  const gained = state.result.awards.filter(({ player }) => player === mine.number).reduce((sum, { points }) => sum + points, 0);
  draws(['told', state.photo.id, gained], () => lookUp(gained ? fill(WORDS.youGet, { points: gained }) : WORDS.lookAtThat));
}

function drawStars(state, mine) {
  if (!mine.asked) return draws(['nostar'], () => lookUp(WORDS.bravest));
  draws(['stars', state.round, state.gallery.map(({ id }) => id)], () => [
    head(WORDS.giveStar),
    make('div', { class: 'choices' }, ...state.gallery.filter(({ members }) => !members.includes(mine.number)).map(({ id, members }) =>
      choice('choice-photo', [make('img', { src: evening.picture(id), alt: fill(WORDS.photoBy, { name: evening.names(members) }) }), icon('star')], mine.star === id, () => evening.act('star', { player: turn, photo: id }), { 'data-photo': id }))),
  ]);
  mark(mine.star, '[data-photo]', (each) => each.dataset.photo);
}

function drawPlace(state, mine) {
  const place = state.standings.find(({ number }) => number === mine.number);
  const isOver = state.phase === 'over';
  // Where nobody has any points, all are in the first place, and nobody is.
  const rank = state.standings[0]?.points ? fill(WORDS.placeOf, { rank: place?.rank ?? '–' }) : WORDS.points;
  draws(['place', state.phase, state.round, place?.points, state.picture], () => [
    head(rank),
    make('p', { class: 'my-points' }, String(place?.points ?? 0)),
    make('p', { class: 'hint', dir: 'auto' }, !isOver ? WORDS.lookUp : state.sent ? state.winners : WORDS.nobodySent),
    ...(state.picture ? keepsake() : []),
  ]);
}

/** The picture of the evening, to keep. */
function keepsake() {
  const address = evening.picture('evening');
  const picture = make('img', { class: 'evening', src: address, alt: WORDS.evening });
  const buttons = [make('a', { class: 'big strong button', href: address, download: 'evening.png' }, WORDS.savePicture)];
  // Only where the page came by https.
  if (navigator.canShare) buttons.push(tap('big quiet', [WORDS.sharePicture], () => share(address)));
  return [picture, ...buttons];
}

async function share(address) {
  const blob = await (await fetch(address)).blob();
  const files = [new File([blob], 'evening.png', { type: blob.type })];
  // Somebody who closes the system's sheet has changed his mind: that is no error.
  if (navigator.canShare({ files })) await navigator.share({ files }).catch(() => {});
}

// --- along the edges ---

function drawFoot(state) {
  const place = byId('foot');
  const leave = state.mine.length > 0 && state.phase !== 'over' && !isAdding;
  const key = [state.phase === 'lobby', state.phase === 'over', state.paused !== null, state.may_direct, state.may_take_over, state.mine.length, turn, isAdding, state.may_direct && state.players.map(({ number, name }) => [number, name])];
  redraw(place, key, () => {
    const rows = [];
    if (state.may_take_over && state.phase !== 'over') rows.push(make('p', { class: 'hint' }, WORDS.hostAway), tap('strong', [WORDS.takeOver], () => evening.act('take_over')));
    const more = make('details', { class: 'more' }, make('summary', {}, WORDS.more));
    const box = make('div', { class: 'controls' });
    if (leave && state.phase !== 'lobby') more.append(tap('quiet', [WORDS.addChild], () => add(true)));
    more.append(box);
    if (leave) more.append(tap('quiet', [WORDS.stopPlaying], () => evening.act('leave', { player: turn })));
    if (leave && state.may_direct) more.append(outs(state));
    director(box, evening, { screen: false });
    if (leave || box.childElementCount) rows.push(more);
    if (state.phase === 'over' && box.childElementCount) return [box];
    return rows;
  });
}

/** Everybody, for whoever directs the evening to take out. */
function outs({ players }) {
  const buttons = players.map((player) => takeOut(evening, player, 'turn', [badge(player.name, player.colour), make('bdi', { 'aria-hidden': 'true' }, player.name), icon('no')]));
  return make('details', { class: 'outs' }, make('summary', {}, WORDS.takeSomebodyOut), make('div', { class: 'turns' }, ...buttons));
}

function showSeconds(seconds) {
  const { phase } = evening.state;
  const isTimed = ['collecting', 'guessing', 'judging', 'starring'].includes(phase) && evening.state.mine.length > 0 && !isLate(turn);
  byId('clock').textContent = isTimed ? String(seconds) : '';
  byId('clock').classList.toggle('hurry', isTimed && seconds <= 5);
}

let noticed = 0;

function notice(sentence) {
  byId('notice').textContent = sentence;
  clearTimeout(noticed);
  noticed = setTimeout(() => (byId('notice').textContent = ''), NOTICE_MS);
}
