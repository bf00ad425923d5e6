/** The page: who is playing, who else is here, and what happens when somebody shows a photo. */

import { Board } from './board.js';
import { Log } from './bubbles.js';
import { celebrate } from './confetti.js';
import { make, nameOf } from './elements.js';
import { followNewest } from './scroll.js';
import { Talk } from './talk.js';
import { LiveRoom, Problem, prepare, randomId, upload } from './wire.js';
import { WORDS, fill, loadLanguage } from './words.js';

const MOST_NAME_LETTERS = 32;
const MOST_CAPTION_LETTERS = 120;

const byId = (id) => document.getElementById(id);
const room = location.pathname.replace(/\/$/, '');
const log = new Log(byId('log'), { tap: (button, data, under) => talk.tap(button, data, under), answer: answerChallenge });
const showNewest = followNewest(byId('scroller'), byId('log'), byId('newest'));

/** Browsers that keep nothing (private windows, blocked storage) still play, as somebody new each time. */
const memory = {
  recall(key) {
    try {
      return localStorage.getItem(`snowpeople.${key}`);
    } catch {
      return null;
    }
  },
  keep(key, value) {
    try {
      localStorage.setItem(`snowpeople.${key}`, value);
    } catch {
      // Nothing is lost but the next visit's memory.
    }
  },
};

await loadLanguage(document.documentElement.lang);
const me = { player: rememberedSecret(), name: clean(memory.recall('name') ?? '') || surpriseName(), admin: rememberedToken() };

function rememberedSecret() {
  const kept = memory.recall('player');
  if (/^[A-Za-z0-9_-]{16,64}$/.test(kept ?? '')) return kept;
  const secret = randomId();
  memory.keep('player', secret);
  return secret;
}

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
  for (const element of document.querySelectorAll('[data-text]')) element.textContent = WORDS[element.dataset.text];
  for (const element of document.querySelectorAll('[data-label]')) {
    element.setAttribute('aria-label', WORDS[element.dataset.label]);
  }
  for (const element of document.querySelectorAll('[data-placeholder]')) {
    element.placeholder = WORDS[element.dataset.placeholder];
  }
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
let people = [];

const live = new LiveRoom(`${location.origin.replace(/^http/, 'ws')}${room}/live`, {
  hello: () => me,
  state: showConnection,
  event: (event) => handlers[event.type]?.(event),
});

const handlers = {
  welcome({ you, now, entries, people }) {
    log.me = you;
    log.decides = me.admin !== null;
    log.ahead = now * 1000 - Date.now();
    board.me = you;
    log.replay(entries.filter((entry) => !heldBack(entry)));
    showPeople(people);
  },
  async language({ language, menu }) {
    talk.showMenu(menu);
    if (language === document.documentElement.lang) return;
    // Without the network the page goes on in the language it has, and hears of the other one again.
    await loadLanguage(language).catch(() => {});
    translatePage();
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
    if (!heldBack(entry)) log.show(entry);
    if (cheer) celebrate();
  },
  edit({ entry, cheer }) {
    log.edit(entry);
    if (cheer) celebrate();
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
};

function showConnection(state) {
  byId('banner').textContent = { open: '', lost: WORDS.reconnecting, full: WORDS.full }[state];
  byId('invitation').hidden = false;
}

function showPeople(here) {
  people = here;
  const names = people.map(({ id, name }) => make('span', {}, nameOf(name), id === log.me ? ` ${WORDS.you}` : ''));
  const list = names.flatMap((name, index) => (index ? [', ', name] : [name]));
  byId('people').replaceChildren(make('b', {}, fill(WORDS.here, { count: people.length })), ' ', ...list);
  byId('people').hidden = false;
}

// --- photos on their way ---

/**
 * @typedef {{id: string, file: File, caption: string, to: string, body: Blob|null, bubble: ReturnType<Log['pending']>}} Delivery
 *   `to` is the entry that it replies to; empty for none
 */

/** @type {Delivery[]} */
const queue = [];
let sending = false;

/** The entry of the challenge that the next photo answers. */
let challenge = '';

function answerChallenge(entry) {
  challenge = entry;
  byId('file').click();
}

/** The live connection may tell of an own photo before its upload is answered: the bubble on the page waits for the latter. */
const held = [];

function heldBack(entry) {
  const isHeld = sending && entry.player?.id === log.me;
  if (isHeld) held.push(entry);
  return isHeld;
}

/** @param {Iterable<File>} files */
function takePhotos(files) {
  for (const dialog of document.querySelectorAll('dialog[open]')) dialog.close();
  const caption = clean(byId('caption').value, MOST_CAPTION_LETTERS);
  for (const file of files) {
    queue.push({ id: randomId(), file, caption, to: challenge, body: null, bubble: log.pending(me.name, file, caption) });
  }
  challenge = '';
  byId('caption').value = '';
  openCaption(false);
  talk.toast('');
  showNewest();
  sendQueue();
}

async function sendQueue() {
  if (sending) return;
  sending = true;
  while (queue.length) {
    await deliver(queue.shift());
    for (const entry of held.splice(0)) log.show(entry);
  }
  sending = false;
}

/** @param {Delivery} delivery */
async function deliver(delivery) {
  const { bubble, file } = delivery;
  try {
    delivery.body ??= await prepare(file);
    bubble.settle(await upload(`${room}/photos`, delivery, me, bubble.progress));
  } catch (problem) {
    if (!(problem instanceof Problem)) console.error(problem);
    // The server may have taken a photo whose answer the network lost; what it refused it shall look at anew.
    if (problem.kind !== 'network') delivery.id = randomId();
    const sentence = problem.sentence || { network: WORDS.photoNetwork, tooLarge: WORDS.tooLarge }[problem.kind] || WORDS.server;
    bubble.fail(sentence, problem.retry ? () => deliverAgain(delivery) : null);
  }
}

function deliverAgain(delivery) {
  delivery.bubble.restart();
  queue.push(delivery);
  showNewest();
  sendQueue();
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
    if (key === 'Enter' && !isComposing) byId('choose').focus();
  });
}

// --- ways to show a photo ---

function listenForPhotos() {
  const file = byId('file');
  // Chromium on Android 14 and later offers no camera for image types alone; any other type brings it back
  // (https://issues.chromium.org/issues/40937303).
  if (/Android/.test(navigator.userAgent) && !/Firefox/.test(navigator.userAgent)) file.accept += ',android/allowCamera';
  byId('choose').addEventListener('click', () => file.click());
  file.addEventListener('change', () => {
    takePhotos([...file.files]);
    file.value = '';
  });
  file.addEventListener('cancel', () => (challenge = ''));
  document.addEventListener('paste', ({ clipboardData }) => {
    if (clipboardData?.files.length) takePhotos(clipboardData.files);
  });
  listenForDrops();
}

function listenForDrops() {
  const overlay = byId('drop');
  const cover = (isOver) => (overlay.hidden = !isOver);
  document.addEventListener('dragover', (event) => {
    event.preventDefault();
    cover(event.dataTransfer.types.includes('Files'));
  });
  document.addEventListener('dragleave', (event) => {
    if (!event.relatedTarget) cover(false);
  });
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    cover(false);
    const { files } = event.dataTransfer;
    if (files.length) takePhotos(files);
    else log.notice(WORDS.notAPhoto);
  });
}

// --- the nickname ---

function playAs(name) {
  me.name = name;
  memory.keep('name', name);
  byId('nickname').textContent = name;
  live.send({ type: 'name', name });
}

function listenForNames() {
  const [dialog, input] = [byId('name-dialog'), byId('name-input')];
  byId('name-button').addEventListener('click', () => {
    input.value = me.name;
    dialog.showModal();
    input.select();
  });
  byId('name-surprise').addEventListener('click', () => (input.value = surpriseName()));
  byId('name-form').addEventListener('submit', (event) => {
    event.preventDefault();
    playAs(clean(input.value) || me.name);
    dialog.close();
  });
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
playAs(me.name);
// An admin link that is pasted into an open page is a page of its own.
addEventListener('hashchange', () => location.hash.startsWith('#admin=') && location.reload());
listenForPhotos();
listenForCaptions();
listenForNames();
listenForShare();
for (const button of document.querySelectorAll('dialog .close')) {
  button.addEventListener('click', () => button.closest('dialog').close());
}
byId('people').addEventListener('click', ({ currentTarget }) => {
  currentTarget.setAttribute('aria-expanded', String(currentTarget.getAttribute('aria-expanded') !== 'true'));
});
