/** The room's log: photos, answers and apologies as bubbles. Texts go in as text nodes, never as markup. */

import { icon, letter, make, nameOf, note, picture, setRatio } from './elements.js';
import { WORDS, dateLocale, fill } from './words.js';

const MOST_ROUNDS = 200;
// From here on a photo is called a snow person without a "perhaps".
const FAMILIAR = 0.75;
// As long as a room may guess.
const GUESS_SECONDS = 30;
// The server takes no others.
const EMOJI = ['❤️', '😂', '😮', '👏', '⛄'];
const FACE = new URL('icon.svg', import.meta.url).href;

/**
 * @typedef {{id: string, name: string}} Player the name is empty where there is none
 * @typedef {{text: string, data: string, audience: 'sender'|'deciders'|'others'|'everyone'}} Button `data` is for the server alone
 * @typedef {{text: string, buttons: Button[][], label?: 'olaf'|'abominable', confidence?: number,
 *   pair?: number, familiar?: number, unfamiliar?: boolean, until?: number}} Answer
 *   with a label it is what the bot saw on a photo; its first line is the verdict; `until` is when its question ends
 * @typedef {Record<string, string[]>} Reactions the players' public ids by emoji
 * @typedef {{entry: string, photo: string, width: number, height: number, caption: string}} PastPhoto
 * @typedef {{id: string, at: number, to: string|null, answer: Answer, player?: Player, caption?: string, photo?: string,
 *   width?: number, height?: number, description?: string, past_photos?: PastPhoto[], challenge?: boolean, reactions?: Reactions}} Entry
 *   without a player the bot speaks by itself, and the photo is its own picture; a challenge can be answered with a photo
 * @typedef {{entry: string|null, edit: (answer: Answer) => void}} Under the bubble that a button is in
 */

export class Log {
  #list;
  #on;
  /** @type {Map<string, {round: HTMLElement, state: string, sender?: string}>} what is on the page by entry id */
  #shown = new Map();
  /** @type {string|null} this player's public id, once the server has told it */
  me = null;
  /** whether this page belongs to an admin, as far as it knows: the server asks for more than that */
  decides = false;
  /** How many milliseconds the server's clock is ahead of this one. */
  ahead = 0;

  /**
   * @param {HTMLElement} list
   * @param {{tap: (button: HTMLButtonElement, data: string, under: Under) => void, answer: (entry: string) => void,
   *   react: (entry: string, emoji: string) => void}} on
   */
  constructor(list, on) {
    this.#list = list;
    this.#on = on;
  }

  /** Empties the page: another player looks at it now. */
  clear() {
    this.#list.replaceChildren(...this.#list.querySelectorAll('[data-pending]'));
    this.#shown.clear();
  }

  /** Shows the room's recent rounds; a screen reader is not made to read all of them aloud. @param {Entry[]} entries */
  replay(entries) {
    this.#list.setAttribute('aria-busy', 'true');
    for (const entry of entries) {
      this.#melted(entry)?.replaceWith(this.#photoOf(entry));
      this.edit(entry);
      this.react(entry.id, entry.reactions);
      this.show(entry, { fresh: false });
    }
    this.#list.setAttribute('aria-busy', 'false');
  }

  /** Shows a round, once however often it is told of. @param {Entry} entry */
  show(entry, { fresh = true } = {}) {
    if (this.#shown.has(entry.id)) return;
    const round = make('article', { class: 'round' });
    round.classList.toggle('mine', entry.player?.id === this.me);
    round.classList.toggle('fresh', fresh);
    if (entry.player) {
      const who = this.#who(entry.player.name, entry.at);
      round.append(this.#turn(entry.player, who, make('div', { class: 'pic' }, this.#photoOf(entry), this.#reactions(entry)), ...captionOf(entry.caption)));
    }
    round.append(this.#botTurn(this.#answerOf(entry)));
    this.#place(round, entry);
  }

  /** Gives a round that is on the page the words and buttons it has now. @param {Entry} entry */
  edit(entry) {
    const shown = this.#shown.get(entry.id);
    const state = stateOf(entry);
    if (!shown || shown.state === state) return;
    shown.state = state;
    if (entry.player && !entry.photo) shown.round.querySelector('.photo').replaceWith(this.#photoOf(entry));
    this.#replaceAnswer(shown.round, this.#answerOf(entry));
  }

  /** Whether some of a round can be seen at the moment. */
  isInSight(id) {
    const seen = this.#shown.get(id)?.round.getBoundingClientRect();
    const { top, bottom } = this.#list.parentElement.getBoundingClientRect();
    return seen !== undefined && seen.bottom > top && seen.top < bottom;
  }

  /** Shows who feels what about a photo. @param {string} id @param {Reactions} reactions */
  react(id, reactions) {
    this.#shown.get(id)?.round.querySelector('.reactions')?.replaceWith(this.#reactions({ id, reactions }));
  }

  /** Emoji at the foot of a photo: those that were given, and one that opens all five. */
  #reactions({ id, reactions = {} }) {
    const row = make('div', { class: 'reactions' });
    const button = (emoji, players) => {
      const count = players.length ? ` ${players.length}` : '';
      const made = make('button', { type: 'button', 'aria-pressed': String(players.includes(this.me)) }, emoji, count);
      made.addEventListener('click', () => this.#on.react(id, emoji));
      return made;
    };
    const given = EMOJI.filter((emoji) => reactions[emoji]?.length).map((emoji) => button(emoji, reactions[emoji]));
    const opener = make('button', { type: 'button', class: 'opener', 'aria-label': WORDS.react, 'aria-expanded': 'false' }, icon('smile'));
    opener.addEventListener('click', () => {
      const isOpen = opener.getAttribute('aria-expanded') !== 'true';
      opener.setAttribute('aria-expanded', String(isOpen));
      const all = EMOJI.map((emoji) => button(emoji, reactions[emoji] ?? []));
      row.replaceChildren(...(isOpen ? all : given), opener);
    });
    row.append(...given, opener);
    return row;
  }

  /** Takes away what somebody wanted to be forgotten. */
  remove(id) {
    this.#shown.get(id)?.round.remove();
    this.#shown.delete(id);
  }

  /** Shows what the bot answers to this player alone. @param {Answer & {document?: {name: string, data: string}}} answer */
  showPrivate(answer) {
    const bubble = (shown) => {
      const mark = make('p', { class: 'only-you' }, icon('eye'), WORDS.onlyYou);
      const under = { entry: null, edit: (next) => this.#replaceAnswer(round, bubble(next)) };
      const made = this.#message(shown, under, null, mark);
      if (shown.document) made.append(fileOf(shown.document));
      return made;
    };
    const round = make('article', { class: 'round fresh' });
    round.append(this.#botTurn(bubble(answer)));
    this.#list.append(round);
  }

  /** Shows a sentence of the page's own, as if the bot had sent it. */
  notice(sentence) {
    this.#list.append(make('article', { class: 'round fresh' }, this.#botTurn(this.#apology(sentence))));
  }

  /**
   * Shows a photo of one's own while it is on its way.
   * @param {string} name
   * @param {File} file
   * @param {string} caption
   */
  pending(name, file, caption) {
    const preview = URL.createObjectURL(file);
    const photo = picture(preview, WORDS.yourPhoto, () => note(WORDS.noPreview));
    const progress = make('progress', { max: '1', value: '0', 'aria-label': WORDS.sending });
    const who = this.#who(name);
    const round = make('article', { class: 'round mine fresh', 'data-pending': '', tabindex: '-1' });
    round.append(this.#turn({ id: this.me ?? '', name }, who, make('div', { class: 'pic' }, photo), ...captionOf(caption), progress));
    this.#list.append(round);

    const answer = (bubble) => {
      round.querySelector('.turn.bot')?.remove();
      round.append(this.#botTurn(bubble));
    };
    return {
      restart: () => {
        round.querySelector('.turn.bot')?.remove();
        round.dataset.pending = '';
        progress.value = 0;
        progress.hidden = false;
        this.#list.append(round);
        round.focus({ preventScroll: true });
      },
      progress: (fraction) => {
        progress.value = fraction;
        if (fraction < 1) round.querySelector('.turn.bot')?.remove();
        else if (!round.querySelector('.thinking')) answer(this.#thinking());
      },
      /** @param {Entry} entry */
      settle: (entry) => {
        progress.remove();
        if (this.#shown.has(entry.id)) {
          round.remove();
          return;
        }
        answer(this.#answerOf(entry));
        who.append(timeOf(entry.at));
        // The preview stays where it is, so nothing jumps; only what could not be previewed is fetched.
        round.querySelector('.photo.missing')?.replaceWith(this.#photoOf(entry));
        round.querySelector('.photo').after(this.#reactions(entry));
        URL.revokeObjectURL(preview);
        this.#remember(round, entry);
      },
      /** @param {string} sentence @param {() => void} now */
      wait: (sentence, now) => {
        progress.value = 0;
        answer(this.#apology(sentence, now));
      },
      /** @param {string} sentence @param {(() => void)|null} again */
      fail: (sentence, again) => {
        progress.hidden = true;
        delete round.dataset.pending;
        answer(this.#apology(sentence, again));
      },
    };
  }

  #place(round, entry) {
    this.#remember(round, entry);
    const isLater = (other) => 'pending' in other.dataset || Number(other.dataset.at) > entry.at;
    this.#list.insertBefore(round, [...this.#list.children].find(isLater) ?? null);
    while (this.#list.childElementCount > MOST_ROUNDS) this.#dropOldest();
  }

  #remember(round, entry) {
    delete round.dataset.pending;
    round.dataset.at = String(entry.at);
    round.dataset.id = entry.id;
    this.#shown.set(entry.id, { round, state: stateOf(entry), sender: entry.player?.id });
  }

  #dropOldest() {
    const oldest = this.#list.firstElementChild;
    this.#shown.delete(oldest.dataset.id);
    oldest.remove();
  }

  /** The placeholder of a photo that did not load, perhaps only because the network was away. */
  #melted(entry) {
    return this.#shown.get(entry.id)?.round.querySelector('.photo.missing');
  }

  #photoOf(entry) {
    if (!entry.photo) return make('div', { class: 'photo missing' }, note(WORDS.melted));
    const alt = entry.player ? fill(WORDS.photoBy, { name: entry.player.name || WORDS.somebody }) : entry.description;
    const photo = picture(entry.photo, alt, () => note(WORDS.melted));
    photo.classList.toggle('whole', !entry.player);
    setRatio(photo, entry.width, entry.height);
    return photo;
  }

  #turn(player, ...content) {
    return make('div', { class: 'turn' }, letter(player.id, player.name || WORDS.somebody), make('div', { class: 'bubble' }, ...content));
  }

  #botTurn(bubble) {
    const face = make('img', { class: 'avatar', src: FACE, alt: '', width: '40', height: '40' });
    return make('div', { class: 'turn bot' }, face, bubble);
  }

  #who(name, at = null) {
    const who = make('p', { class: 'who' }, nameOf(name), ' ');
    if (at !== null) who.append(timeOf(at));
    return who;
  }

  /** Puts another answer in a round's place of the first, and keeps the keyboard where it was. */
  #replaceAnswer(round, bubble) {
    const before = round.querySelector('.turn.bot');
    const hadFocus = before.contains(document.activeElement);
    round.classList.remove('fresh');
    before.replaceWith(this.#botTurn(bubble));
    round.tabIndex = -1;
    if (hadFocus) (bubble.querySelector('.tap') ?? round).focus({ preventScroll: true });
  }

  /** @param {Entry} entry */
  #answerOf(entry) {
    const under = { entry: entry.id, edit: (answer) => this.edit({ ...entry, answer: { ...entry.answer, ...answer } }) };
    const sender = entry.player?.id ?? this.#shown.get(entry.to)?.sender ?? entry.asker ?? null;
    const quote = this.#quote(entry);
    if (entry.answer.label) return this.#verdict(entry.answer, under, sender, quote);
    const photo = !entry.player && entry.photo ? this.#photoOf(entry) : null;
    const message = this.#message(entry.answer, under, sender, quote, photo);
    if (photo) hideWhatIsDrawn(message, entry.description);
    if (entry.past_photos) message.querySelector('.text').after(this.#pastPhotos(entry.past_photos));
    if (entry.challenge) message.append(this.#answerButton(entry.id));
    return message;
  }

  /** @param {Answer} answer @param {Under} under @param {string|null} sender @param {Element|null} above */
  #verdict(answer, under, sender, above) {
    const { text, label, unfamiliar } = answer;
    const [call, ...more] = text.split('\n');
    const kind = unfamiliar ? 'unfamiliar' : label;
    const verdict = make('p', { class: 'verdict' }, icon(kind), make('span', {}, call));
    const rest = more.length ? [make('p', { class: 'text' }, more.join('\n'))] : [];
    const parts = [above, verdict, pairOf(answer), familiarOf(answer), ...rest, ...this.#buttons(answer, under, sender)];
    return make('div', { class: `bubble answer ${kind}` }, ...parts.filter(Boolean));
  }

  /** What the bot sends by itself. @param {Answer} answer @param {Under} under @param {string|null} sender */
  #message(answer, under, sender, ...above) {
    const text = make('p', { class: 'text' }, answer.text);
    const left = answer.until ? [countdown(answer.until * 1000 - this.ahead)] : [];
    return make('div', { class: 'bubble said' }, ...above.filter(Boolean), text, ...left, ...this.#buttons(answer, under, sender));
  }

  /** The photo that is chosen next answers a challenge. @param {string} id */
  #answerButton(id) {
    const button = make('button', { class: 'tap', type: 'button' }, WORDS.mine);
    button.addEventListener('click', () => this.#on.answer(id));
    return make('div', { class: 'taps' }, button);
  }

  /**
   * The rows of buttons under an answer.
   * @param {Answer} answer
   * @param {Under} under
   * @param {string|null} sender who sent the photo that it is about
   */
  #buttons({ buttons }, under, sender) {
    const isMine = sender === this.me;
    const hidden = isMine ? ['others'] : this.decides ? ['sender'] : ['sender', 'deciders'];
    const mine = buttons.map((row) => row.filter(({ audience }) => !hidden.includes(audience)));
    return mine.filter((row) => row.length).map((row) => {
      const made = row.map(({ text, data }) => {
        const button = make('button', { class: 'tap', type: 'button' }, text);
        button.addEventListener('click', () => this.#on.tap(button, data, under));
        return button;
      });
      return make('div', { class: 'taps' }, ...made);
    });
  }

  /** Photos of the room that are shown again. @param {PastPhoto[]} photos */
  #pastPhotos(photos) {
    if (!photos.length) return note(WORDS.allMelted);
    const items = photos.map(({ entry, photo, width, height, caption }) => {
      const frame = picture(photo, '', () => note(WORDS.melted));
      setRatio(frame, width, height);
      const link = make('a', { class: 'hung', href: photo, target: '_blank' }, frame, make('span', { dir: 'auto' }, caption));
      link.addEventListener('click', (event) => {
        if (this.#goTo(entry)) event.preventDefault();
      });
      return make('li', {}, link);
    });
    return make('ol', { class: 'hall' }, ...items);
  }

  /** Leads to a round, if it is on the page. */
  #goTo(id) {
    const round = this.#shown.get(id)?.round;
    if (!round) return false;
    round.tabIndex = -1;
    round.focus({ preventScroll: true });
    round.scrollIntoView({ block: 'center' });
    return true;
  }

  /** Leads from what the bot says to the photo that it means, unless that is right above. @param {Entry} entry */
  #quote({ id, to }) {
    const meant = this.#shown.get(to)?.round;
    const name = meant?.querySelector('.who bdi')?.textContent;
    const above = this.#shown.has(id) ? this.#shown.get(id).round.previousElementSibling : this.#list.lastElementChild;
    if (!name || meant === above) return null;
    const quote = make('button', { class: 'quote', type: 'button' }, icon('reply'), make('bdi', {}, fill(WORDS.photoBy, { name })));
    quote.addEventListener('click', () => this.#goTo(to));
    return quote;
  }

  #thinking() {
    const dots = make('span', { class: 'dots', 'aria-hidden': 'true' }, make('i'), make('i'), make('i'));
    return make('div', { class: 'bubble thinking' }, WORDS.thinking, dots);
  }

  #apology(sentence, again = null) {
    const bubble = make('div', { class: 'bubble sorry' }, make('p', { dir: 'auto' }, sentence));
    if (again) {
      const button = make('button', { class: 'quiet', type: 'button' }, icon('again'), WORDS.tryAgain);
      button.addEventListener('click', again, { once: true });
      bubble.append(button);
    }
    return bubble;
  }
}

/** The seconds that are left, counted by the page itself. @param {number} until by this browser's clock, in milliseconds */
function countdown(until) {
  const seconds = make('span');
  const bar = make('div', { class: 'countdown', role: 'timer', 'aria-label': WORDS.timeLeft }, seconds);
  const tick = () => {
    const left = Math.max(0, (until - Date.now()) / 1000);
    seconds.textContent = left ? String(Math.ceil(left)) : '';
    bar.style.setProperty('--left', String(Math.min(1, left / GUESS_SECONDS)));
    if (left) setTimeout(() => bar.isConnected && tick(), 250);
  };
  tick();
  return bar;
}

/** What is written on the bot's own picture need not be seen below it once more; a screen reader reads it there. */
function hideWhatIsDrawn(message, description = '') {
  const drawn = description.split('\n');
  const text = message.querySelector('.text');
  const lines = text.textContent.split('\n').map((line) => [line, drawn.some((each) => line.startsWith(each))]);
  if (!lines.some(([, isDrawn]) => isDrawn)) return;
  message.querySelector('.photo img').alt = '';
  text.replaceChildren(...lines.map(([line, isDrawn]) => make('span', { class: isDrawn ? 'unseen' : 'line' }, line, '\n')));
}

/** What of an entry may change, to be compared. @param {Entry} entry */
function stateOf({ answer, photo, past_photos }) {
  return JSON.stringify([answer, photo, past_photos]);
}

/** Which of the two it is: a slider from the yeti to Olaf. @param {Answer} answer */
function pairOf({ label, confidence, pair }) {
  // As the server words it: never less than half, and never quite certain.
  const percent = Math.min(99, Math.max(50, Math.round(confidence * 100)));
  const slider = make('div', {
    class: 'slider',
    role: 'meter',
    'aria-label': WORDS.howSure,
    'aria-valuemin': '50',
    'aria-valuemax': '100',
    'aria-valuenow': String(percent),
    'aria-valuetext': `${label === 'olaf' ? WORDS.olaf : WORDS.yeti}, ${percent}%`,
  });
  slider.style.setProperty('--pair', String(pair));
  const end = (kind, name) => make('span', { class: kind, 'aria-hidden': 'true' }, icon(kind), name);
  return make('div', { class: 'pair', dir: 'ltr' }, end('abominable', WORDS.yeti), slider, end('olaf', WORDS.olaf));
}

/** How much it looks like one of the two at all; told without a number. @param {Answer} answer */
function familiarOf({ familiar, unfamiliar }) {
  const surely = familiar >= FAMILIAR ? WORDS.surely : WORDS.perhaps;
  const groove = make('div', { class: 'groove', role: 'img', 'aria-label': `${WORDS.snowPerson} ${unfamiliar ? WORDS.hardly : surely}` });
  groove.style.setProperty('--familiar', String(familiar));
  return make('div', { class: 'familiar' }, make('span', { 'aria-hidden': 'true' }, WORDS.snowPerson), groove);
}

function timeOf(at) {
  const when = new Date(at * 1000);
  const isToday = when.toDateString() === new Date().toDateString();
  const style = isToday ? { timeStyle: 'short' } : { dateStyle: 'medium', timeStyle: 'short' };
  return make('time', { datetime: when.toISOString() }, when.toLocaleString(dateLocale(), style));
}

function captionOf(caption) {
  return caption ? [make('p', { class: 'words', dir: 'auto' }, caption)] : [];
}

/** A file to keep, made here of what the server sent. @param {{name: string, data: string}} file */
function fileOf({ name, data }) {
  const bytes = Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0));
  const href = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }));
  return make('a', { class: 'tap file', href, download: name }, icon('save'), WORDS.save);
}
