/** Photos on their way: one after another, again by themselves after what passes, and also after a reload. */

import { Problem, prepare, randomId, upload } from './wire.js';
import { WORDS } from './words.js';

const FIRST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 30_000;
// What the server calls its own fault may be the photo's: such a photo does not hold up the others for long.
const MOST_FAULTS = 2;
// As long as the room shows photos; whoever comes back later has forgotten about it.
const KEPT_MS = 24 * 3600 * 1000;

/**
 * @typedef {{player: string, name: string, shown: string, admin: string|null}} Who
 * @typedef {{id: string, room: string, file: Blob, caption: string, to: string, who: Who, at: number}} Kept what outlives a
 *   reload; `to` is the entry that it replies to, empty for none
 * @typedef {Kept & {body?: Blob, faults?: number, bubble?: ReturnType<import('./bubbles.js').Log['pending']>}} Delivery
 */

export class Outbox {
  #room;
  #on;
  /** @type {Delivery[]} */
  #queue = [];
  #sent = 0;
  #wake = () => {};
  isSending = false;

  /**
   * @param {string} room
   * @param {{pending: (delivery: Delivery) => Delivery['bubble'], tried: () => void,
   *   progress: (sent: number, total: number) => void}} on
   */
  constructor(room, on) {
    this.#room = room;
    this.#on = on;
    addEventListener('online', () => this.wake());
  }

  /** Goes on with what another visit of this page left unsent. */
  async restore() {
    const kept = await unsent.all().catch(() => []);
    for (const delivery of kept) {
      if (delivery.at < Date.now() - KEPT_MS) unsent.remove(delivery.id);
      else if (delivery.room === this.#room) this.#queue.push(delivery);
    }
    this.#queue.sort((one, other) => one.at - other.at);
    this.#send();
  }

  /** @param {Iterable<File>} files @param {string} caption @param {string} to the entry that they reply to; empty for none @param {Who} who */
  add(files, caption, to, who) {
    for (const file of files) {
      const delivery = { id: randomId(), room: this.#room, file, caption, to, who: { ...who }, at: Date.now() + this.#queue.length / 1000 };
      unsent.put(delivery);
      this.#queue.push(delivery);
    }
    this.#send();
  }

  /** Tries again at once: the network is back, or somebody is impatient. */
  wake() {
    this.#wake();
  }

  /** Gives up whatever is not on its way yet. */
  stop() {
    for (const { id } of this.#queue.splice(1)) unsent.remove(id);
    this.#tell();
  }

  async #send() {
    this.#tell();
    if (this.isSending) return;
    this.isSending = true;
    for (let wait = FIRST_WAIT_MS; this.#queue.length; ) {
      const problem = await this.#deliver(this.#queue[0]);
      this.#on.tried();
      if (problem) {
        await this.#pause(wait);
        wait = Math.min(LONGEST_WAIT_MS, wait * 2);
      } else {
        unsent.remove(this.#queue.shift().id);
        this.#sent += 1;
        wait = FIRST_WAIT_MS;
      }
      this.#tell();
    }
    this.isSending = false;
    this.#sent = 0;
    this.#tell();
  }

  #tell() {
    this.#on.progress(this.#sent, this.#sent + this.#queue.length);
  }

  /** Sends a photo; returns a problem that will pass. @param {Delivery} delivery @returns {Promise<Problem|null>} */
  async #deliver(delivery) {
    delivery.bubble ??= this.#on.pending(delivery);
    const { bubble } = delivery;
    try {
      delivery.body ??= await prepare(delivery.file);
      bubble.settle(await upload(`${this.#room}/photos`, delivery, delivery.who, bubble.progress));
      return null;
    } catch (problem) {
      if (!(problem instanceof Problem)) console.error(problem);
      const sentence = problem.sentence || { network: WORDS.photoNetwork, tooLarge: WORDS.tooLarge }[problem.kind] || WORDS.server;
      // The server may have taken a photo whose answer the network lost; what it refused it shall look at anew.
      if (problem.kind !== 'network') this.#rename(delivery);
      delivery.faults = (delivery.faults ?? 0) + (problem.passes ? 0 : 1);
      if (problem.retry && delivery.faults <= MOST_FAULTS) {
        bubble.wait(`${sentence} ${WORDS.againByMyself}`, () => this.wake());
        return problem;
      }
      bubble.fail(sentence, problem.retry ? () => this.#again(delivery) : null);
      return null;
    }
  }

  #again(delivery) {
    delivery.bubble.restart();
    delivery.faults = 0;
    unsent.put(delivery);
    this.#queue.push(delivery);
    this.#send();
  }

  #rename(delivery) {
    unsent.remove(delivery.id);
    delivery.id = randomId();
    unsent.put(delivery);
  }

  #pause(milliseconds) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** What is unsent, in IndexedDB; where a browser has none, a reload forgets it, and nothing else is lost. */
const unsent = {
  /** @returns {Promise<Kept[]>} */
  all() {
    return this.do('readonly', (store) => store.getAll());
  },
  /** @param {Delivery} delivery */
  put({ id, room, file, caption, to, who, at }) {
    return this.do('readwrite', (store) => store.put({ id, room, file, caption, to, who, at })).catch(() => {});
  },
  remove(id) {
    return this.do('readwrite', (store) => store.delete(id)).catch(() => {});
  },
  async do(mode, what) {
    const database = await (this.opened ??= finished(open()));
    return finished(what(database.transaction('unsent', mode).objectStore('unsent')));
  },
};

function open() {
  const opening = indexedDB.open('snowpeople', 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore('unsent', { keyPath: 'id' });
  return opening;
}

/** @param {IDBRequest} request */
function finished(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
