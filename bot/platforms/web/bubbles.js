/** The room's log: photos, answers and apologies as bubbles. Texts go in as text nodes, never as markup. */

const MOST_ROUNDS = 200;
const AT_BOTTOM_PX = 90;

/**
 * @typedef {{id: string, name: string}} Player
 * @typedef {{text: string, label: 'olaf'|'abominable', confidence: number, unfamiliar: boolean}} Answer
 * @typedef {{id: string, at: number, player: Player, photo: string, width: number, height: number, answer: Answer}} Entry
 */

export class Log {
  #list;
  #words;
  /** @type {Map<string, HTMLElement>} the rounds on the page by entry id */
  #shown = new Map();
  /** @type {string|null} this player's public id, once the server has told it */
  me = null;

  /** @param {HTMLElement} list @param {object} words */
  constructor(list, words) {
    this.#list = list;
    this.#words = words;
  }

  /** Shows the room's recent rounds; a screen reader is not made to read all of them aloud. @param {Entry[]} entries */
  replay(entries) {
    this.#list.setAttribute('aria-busy', 'true');
    for (const entry of entries) this.#melted(entry)?.replaceWith(this.#photoOf(entry));
    for (const entry of entries) this.show(entry, { fresh: false });
    this.#list.setAttribute('aria-busy', 'false');
  }

  /** Shows a round, once however often it is told of. @param {Entry} entry */
  show(entry, { fresh = true } = {}) {
    if (this.#shown.has(entry.id)) return;
    const round = make('article', { class: 'round' });
    round.classList.toggle('mine', entry.player.id === this.me);
    round.classList.toggle('fresh', fresh);
    round.append(
      this.#turn(entry.player, this.#who(entry.player.name, entry.at), this.#photoOf(entry)),
      this.#botTurn(this.#answer(entry.answer)),
    );
    this.#place(round, entry);
  }

  /** A sentence of the page's own, said by the bot. */
  notice(sentence) {
    this.#list.append(make('article', { class: 'round fresh' }, this.#botTurn(this.#sorry(sentence))));
  }

  /**
   * Shows a photo of one's own while it is on its way.
   * @param {string} name
   * @param {File} file
   */
  pending(name, file) {
    const words = this.#words;
    const preview = URL.createObjectURL(file);
    const photo = picture(preview, words.yourPhoto, () => note(words.noPreview));
    const progress = make('progress', { max: '1', value: '0', 'aria-label': words.sending });
    const who = this.#who(name);
    const round = make('article', { class: 'round mine fresh', 'data-pending': '', tabindex: '-1' });
    round.append(this.#turn({ id: this.me ?? '', name }, who, photo, progress));
    this.#list.append(round);

    const say = (bubble) => {
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
        if (fraction === 1 && !round.querySelector('.thinking')) say(this.#thinking());
      },
      /** @param {Entry} entry */
      settle: (entry) => {
        progress.remove();
        if (this.#shown.has(entry.id)) {
          round.remove();
          return;
        }
        say(this.#answer(entry.answer));
        who.append(timeOf(entry.at));
        // The preview stays where it is, so nothing jumps; only what could not be previewed is fetched.
        round.querySelector('.photo.missing')?.replaceWith(this.#photoOf(entry));
        URL.revokeObjectURL(preview);
        this.#remember(round, entry);
      },
      /** @param {string} sentence @param {(() => void)|null} again */
      fail: (sentence, again) => {
        progress.hidden = true;
        delete round.dataset.pending;
        say(this.#sorry(sentence, again));
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
    this.#shown.set(entry.id, round);
  }

  #dropOldest() {
    const oldest = this.#list.firstElementChild;
    this.#shown.delete(oldest.dataset.id);
    oldest.remove();
  }

  /** The placeholder of a photo that did not load, perhaps only because the network was away. */
  #melted(entry) {
    return this.#shown.get(entry.id)?.querySelector('.photo.missing');
  }

  #photoOf(entry) {
    const words = this.#words;
    const photo = picture(entry.photo, words.photoBy(entry.player.name), () => note(words.melted));
    setRatio(photo, entry.width, entry.height);
    return photo;
  }

  #turn(player, ...content) {
    const letter = make('span', { class: 'avatar letter', 'aria-hidden': 'true' }, initial(player.name));
    letter.style.setProperty('--hue', String(hueOf(player.id)));
    return make('div', { class: 'turn' }, letter, make('div', { class: 'bubble' }, ...content));
  }

  #botTurn(bubble) {
    const face = make('img', { class: 'avatar', src: '/static/icon.svg', alt: '', width: '40', height: '40' });
    return make('div', { class: 'turn bot' }, face, bubble);
  }

  #who(name, at = null) {
    const who = make('p', { class: 'who' }, make('bdi', {}, name), ' ');
    if (at !== null) who.append(timeOf(at));
    return who;
  }

  /** @param {Answer} answer */
  #answer({ text, label, confidence, unfamiliar }) {
    const kind = unfamiliar ? 'unfamiliar' : label;
    // As the server words it: never quite certain.
    const percent = Math.min(99, Math.max(1, Math.round(confidence * 100)));
    const bar = make('div', {
      class: 'bar',
      role: 'meter',
      'aria-label': this.#words.howSure,
      'aria-valuemin': '0',
      'aria-valuemax': '100',
      'aria-valuenow': String(percent),
      'aria-valuetext': `${percent}%`,
    });
    bar.style.setProperty('--confidence', String(confidence));
    const verdict = make('p', { class: 'verdict' }, icon(kind), make('span', {}, text));
    return make('div', { class: `bubble answer ${kind}` }, verdict, bar);
  }

  #thinking() {
    const dots = make('span', { class: 'dots', 'aria-hidden': 'true' }, make('i'), make('i'), make('i'));
    return make('div', { class: 'bubble thinking' }, this.#words.thinking, dots);
  }

  #sorry(sentence, again = null) {
    const bubble = make('div', { class: 'bubble sorry' }, make('p', { dir: 'auto' }, sentence));
    if (again) {
      const button = make('button', { class: 'quiet', type: 'button' }, icon('again'), this.#words.tryAgain);
      button.addEventListener('click', again, { once: true });
      bubble.append(button);
    }
    return bubble;
  }
}

/**
 * Keeps the newest bubble in sight, unless somebody has scrolled up to look at older ones.
 * @param {HTMLElement} scroller
 * @param {HTMLElement} list
 * @param {HTMLButtonElement} newest leads back down
 */
export function followNewest(scroller, list, newest) {
  let following = true;
  let lastTop = 0;
  const toBottom = () => {
    following = true;
    scroller.scrollTo(0, scroller.scrollHeight);
  };
  const isAtBottom = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < AT_BOTTOM_PX;
  const resized = new ResizeObserver(() => following && toBottom());
  resized.observe(scroller);
  resized.observe(list);
  new MutationObserver(() => (newest.hidden = following)).observe(list, { childList: true });
  scroller.addEventListener('scroll', () => {
    // Not being at the bottom is no proof: a bubble may have come in since.
    if (scroller.scrollTop < lastTop) following = false;
    if (isAtBottom()) following = true;
    lastTop = scroller.scrollTop;
    if (following) newest.hidden = true;
  });
  newest.addEventListener('click', toBottom);
  return toBottom;
}

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  use.setAttribute('href', `#${name}`);
  svg.append(use);
  return svg;
}

/** A photo in a frame that has its shape before it is loaded; `placeholder` stands in when it never is. */
function picture(source, alt, placeholder) {
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

function note(sentence) {
  return make('p', { class: 'note' }, icon('puddle'), sentence);
}

function setRatio(frame, width, height) {
  if (width && height) frame.style.setProperty('--ratio', String(width / height));
}

function timeOf(at) {
  const when = new Date(at * 1000);
  const isToday = when.toDateString() === new Date().toDateString();
  const style = isToday ? { timeStyle: 'short' } : { dateStyle: 'medium', timeStyle: 'short' };
  return make('time', { datetime: when.toISOString() }, when.toLocaleString([], style));
}

function initial(name) {
  const [first] = Intl.Segmenter ? new Intl.Segmenter().segment(name) : [...name].map((segment) => ({ segment }));
  return first?.segment.toLocaleUpperCase() ?? '';
}

function hueOf(id) {
  let hash = 0;
  for (const letter of id) hash = (hash * 31 + letter.charCodeAt(0)) % 360;
  return hash;
}
