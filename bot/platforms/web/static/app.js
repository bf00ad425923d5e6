/** The page: who is playing, who else is here, and what happens when somebody shows a photo. */

import { Board } from './board.js';
import { Log } from './bubbles.js';
import { celebrate } from './confetti.js';
import { letter, make, nameOf } from './elements.js';
import { Family } from './family.js';
import { memory } from './memory.js';
import { Menu } from './menu.js';
import { Outbox } from './outbox.js';
import { followNewest } from './scroll.js';
import { Sound } from './sound.js';
import { Talk } from './talk.js';
import { listenForPhotos } from './ways.js';
import { LiveRoom } from './wire.js';
import { WORDS, fill, loadLanguage, translate } from './words.js';

const MOST_NAME_LETTERS = 32;
const MOST_CAPTION_LETTERS = 120;

const byId = (id) => document.getElementById(id);
const room = location.pathname.replace(/\/$/, '');
const log = new Log(byId('log'), {
  tap: (button, data, under) => talk.tap(button, data, under),
  answer: answerChallenge,
  react: (entry, emoji) => talk.react(entry, emoji),
});
const showNewest = followNewest(byId('scroller'), byId('log'), byId('newest'));

await loadLanguage(document.documentElement.lang);
const isNewcomer = !memory.recall('welcomed') && !memory.recall('name');
const family = new Family(memory, surpriseName);
const me = { ...family.current, shown: family.current.name, admin: rememberedToken() };
const sound = new Sound(memory.recall('sound') === 'on', (isOn) => memory.keep('sound', isOn ? 'on' : 'off'));

/** Whoever opens a room's admin link decides for it; the token leaves the address, or it would be handed on by mistake. */
function rememberedToken() {
  const opened = new URLSearchParams(location.hash.slice(1)).get('admin');
  if (opened) {
    memory.keep(`admin.${room}`, opened);
    history.replaceState(null, '', location.pathname);
  }
  return opened ?? memory.recall(`admin.${room}`);
}

/** Half an emoji, cut off by the input's maxlength, cannot be sent. */
function clean(typed, most = MOST_NAME_LETTERS) {
  return typed.replace(/\s+/g, ' ').slice(0, most).replace(/\p{Surrogate}/gu, '').trim();
}

function surpriseName() {
  const pick = (list) => list[Math.floor(Math.random() * list.length)];
  return `${pick(WORDS.nameStarts)} ${pick(WORDS.nameEnds)}`;
}

function translatePage() {
  translate();
  const name = roomName();
  byId('room-name').textContent = name;
  byId('qr').alt = WORDS.shareQr;
  document.title = `${WORDS.game} · ${name}`;
}

function roomName() {
  const written = room.split('/').at(-1);
  try {
    return decodeURIComponent(written);
  } catch {
    return written;
  }
}

// --- the room, live ---

const talk = new Talk(room, me, log, { showNewest, letGuess });
const board = new Board();
const menu = new Menu((name, argument) => talk.command(name, argument), ownRows, `${room}/party`);
let people = [];

const live = new LiveRoom(`${location.origin.replace(/^http/, 'ws')}${room}/live`, {
  hello: () => me,
  state: showConnection,
  event: (event) => handlers[event.type]?.(event),
});

const handlers = {
  welcome({ you, name, now, entries, people }) {
    if (log.me !== you) log.clear();
    log.me = you;
    log.decides = me.admin !== null;
    log.ahead = now * 1000 - Date.now();
    board.me = you;
    showMe(name);
    log.replay(entries.filter((entry) => !heldBack(entry)));
    showPeople(people);
  },
  async language({ language, menu: commands }) {
    if (language === document.documentElement.lang) return menu.show(commands);
    // Without the network the page goes on in the language it has, and hears of the other one again.
    await loadLanguage(language).catch(() => {});
    translatePage();
    menu.show(commands);
    showMe(me.shown);
    showPeople(people);
    board.showAgain();
  },
  admin({ token }) {
    me.admin = token;
    log.decides = true;
    memory.keep(`admin.${room}`, token);
    byId('admin').hidden = false;
  },
  entry({ entry, cheer }) {
    // Whoever looks at the photo wants to see what it is said to be.
    const isAwaited = entry.answer.label && log.isInSight(entry.to);
    if (!heldBack(entry)) log.show(entry);
    if (isAwaited) showNewest();
    if (cheer) celebrateAloud();
    else if (entry.answer.label) sound.play('answer');
  },
  edit({ entry, cheer }) {
    log.edit(entry);
    if (cheer) celebrateAloud();
  },
  reactions({ id, reactions }) {
    log.react(id, reactions);
  },
  gone({ id }) {
    log.remove(id);
  },
  board({ places }) {
    board.show(places);
  },
  people({ people }) {
    showPeople(people);
  },
  name({ name }) {
    showMe(name);
  },
};

function celebrateAloud() {
  celebrate();
  sound.play('fooled');
}

function showConnection(state) {
  byId('banner').textContent = { open: '', lost: WORDS.reconnecting, full: WORDS.full }[state];
  byId('invitation').hidden = false;
  if (state === 'open') outbox.wake();
}

function showPeople(here) {
  people = here;
  const names = people.map(({ id, name }) => make('span', {}, nameOf(name), id === log.me ? ` ${WORDS.you}` : ''));
  const list = names.flatMap((name, index) => (index ? [', ', name] : [name]));
  byId('people').replaceChildren(make('b', {}, fill(WORDS.here, { count: people.length })), ' ', ...list);
  byId('people').hidden = false;
}

// --- photos on their way ---

const outbox = new Outbox(room, {
  pending: ({ who, file, caption }) => {
    const bubble = log.pending(who.shown, file, caption);
    showNewest();
    return bubble;
  },
  tried: () => held.splice(0).forEach((entry) => log.show(entry)),
  progress: showQueue,
});

/** The entry of the challenge that the next photo answers. */
let challenge = '';

function answerChallenge(entry) {
  challenge = entry;
  byId('file').click();
}

/** The live connection may tell of an own photo before its upload is answered: the bubble on the page waits for the latter. */
const held = [];

function heldBack(entry) {
  const isHeld = outbox.isSending && entry.player?.id === log.me;
  if (isHeld) held.push(entry);
  return isHeld;
}

/** @param {Iterable<File>} files */
function takePhotos(files) {
  for (const dialog of document.querySelectorAll('dialog[open]')) dialog.close();
  const caption = clean(byId('caption').value, MOST_CAPTION_LETTERS);
  byId('caption').value = '';
  openCaption(false);
  talk.toast('');
  outbox.add(files, caption, challenge, me);
  challenge = '';
}

/** One photo is seen in its bubble; of many it is also told how far they are. */
function showQueue(sent, total) {
  byId('queue').hidden = total < 2 || sent === total;
  byId('queue-text').textContent = fill(WORDS.photoOf, { number: Math.min(total, sent + 1), total });
  byId('queue-progress').max = Math.max(1, total);
  byId('queue-progress').value = sent;
}

// --- captions ---

/** On a phone the field is out of the way until it is wanted. */
function openCaption(isOpen) {
  byId('caption-button').setAttribute('aria-expanded', String(isOpen));
}

/** The next photo is for the others to guess about. */
function letGuess() {
  byId('caption').value = WORDS.guess;
  openCaption(true);
  byId('choose').focus();
}

function listenForCaptions() {
  const [field, button] = [byId('caption'), byId('caption-button')];
  button.addEventListener('click', () => {
    const isOpen = button.getAttribute('aria-expanded') !== 'true';
    openCaption(isOpen);
    if (isOpen) field.focus();
    else field.value = '';
  });
  field.addEventListener('keydown', ({ key, isComposing }) => {
    if (key !== 'Enter' || isComposing) return;
    if (talk.type(field.value)) {
      field.value = '';
      openCaption(false);
    } else {
      byId('choose').focus();
    }
  });
}

// --- the nickname ---

function playAs(name) {
  family.rename(name);
  me.name = name;
  showMe(name);
  live.send({ type: 'name', name });
}

/** Somebody else takes this device: the room is entered anew, as another player. */
function handOver() {
  Object.assign(me, family.current);
  showMe(me.name);
  live.reopen();
}

/** Shows how the room calls this player: as they wish, unless somebody else is called so. */
function showMe(name) {
  me.shown = name;
  byId('nickname').textContent = name;
  byId('name-does').textContent = family.isAlone ? WORDS.changeName : WORDS.handOn;
  byId('initial').replaceChildren(letter(log.me ?? '', name));
}

function askForName() {
  byId('name-remove').hidden = family.isAlone;
  byId('name-remove').textContent = fill(WORDS.removePlayer, { name: me.name });
  byId('name-input').value = me.name;
  if (!byId('name-dialog').open) byId('name-dialog').showModal();
  byId('name-input').select();
}

/** Whoever is here for the first time is told how to play, once, and then asked for a name. */
function welcomeNewcomer() {
  const how = byId('how-dialog');
  how.addEventListener('close', () => {
    memory.keep('welcomed', 'yes');
    askForName();
  });
  byId('how-done').addEventListener('click', () => how.close());
  if (isNewcomer) how.showModal();
}

function listenForNames() {
  const [dialog, input] = [byId('name-dialog'), byId('name-input')];
  byId('name-button').addEventListener('click', () => {
    if (family.isAlone) return askForName();
    family.next();
    handOver();
    talk.toast(fill(WORDS.nowPlays, { name: me.name }));
  });
  byId('name-add').addEventListener('click', () => {
    playAs(clean(input.value) || me.name);
    family.add(surpriseName());
    handOver();
    askForName();
  });
  byId('name-remove').addEventListener('click', () => {
    family.remove();
    handOver();
    dialog.close();
  });
  byId('name-surprise').addEventListener('click', () => (input.value = surpriseName()));
  byId('name-form').addEventListener('submit', (event) => {
    event.preventDefault();
    playAs(clean(input.value) || me.name);
    dialog.close();
  });
}

/** What the menu offers besides commands. */
function ownRows() {
  const names = make('button', { type: 'button' }, WORDS.names);
  names.addEventListener('click', () => {
    byId('menu').hidePopover();
    askForName();
  });
  const turns = [['on', true], ['off', false]].map(([word, isOn]) => {
    const turn = make('button', { type: 'button', 'aria-pressed': String(sound.isOn === isOn) }, WORDS[word]);
    turn.addEventListener('click', () => {
      sound.turn(isOn);
      for (const each of turns) each.setAttribute('aria-pressed', String(each === turn));
    });
    return turn;
  });
  return [names, make('div', { class: 'choice', role: 'group', 'aria-label': WORDS.sound }, make('span', {}, WORDS.sound), ...turns)];
}

// --- the invitation to others ---

let shared = location.origin + room;

async function openShare() {
  byId('share-copied').textContent = '';
  byId('share-link').value = shared;
  byId('qr').src = `${room}/qr.svg`;
  byId('share-dialog').showModal();
  try {
    const response = await fetch(`${room}/share`);
    showShare(await response.json());
  } catch {
    // The address of this page, already shown, is the next best link.
  }
}

function showShare({ url, note }) {
  shared = url;
  byId('share-link').value = url;
  byId('share-note').textContent = note;
  byId('share-note').hidden = !note;
}

async function copyLink(link) {
  byId('share-link').value = link;
  byId('share-link').select();
  byId('share-copied').textContent = (await copied(link)) ? WORDS.copied : WORDS.copyYourself;
}

/** The clipboard API is missing on http in a home network; the old command copies the selection there. */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return document.execCommand('copy');
  }
}

function listenForShare() {
  const qr = byId('qr');
  qr.addEventListener('load', () => (qr.hidden = false));
  qr.addEventListener('error', () => (qr.hidden = true));
  byId('share-button').addEventListener('click', openShare);
  byId('share-copy').addEventListener('click', () => copyLink(shared));
  byId('admin-copy').addEventListener('click', () => copyLink(`${shared}#admin=${me.admin}`));
  byId('share-send').hidden = !navigator.share;
  byId('share-send').addEventListener('click', () => {
    // Somebody who closes the system's sheet has changed his mind: that is no error.
    navigator.share({ title: WORDS.game, url: shared }).catch(() => {});
  });
}

translatePage();
showMe(me.name);
// An admin link that is pasted into an open page is a page of its own.
addEventListener('hashchange', () => location.hash.startsWith('#admin=') && location.reload());
listenForPhotos({ take: takePhotos, none: () => log.notice(WORDS.notAPhoto), cancel: () => (challenge = '') });
listenForCaptions();
listenForNames();
welcomeNewcomer();
listenForShare();
byId('queue-stop').addEventListener('click', () => outbox.stop());
outbox.restore();
for (const button of document.querySelectorAll('dialog .close')) {
  button.addEventListener('click', () => button.closest('dialog').close());
}
byId('people').addEventListener('click', ({ currentTarget }) => {
  currentTarget.setAttribute('aria-expanded', String(currentTarget.getAttribute('aria-expanded') !== 'true'));
});
