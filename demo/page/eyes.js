/** The bot's eyes: opens photos here, and has them looked at in a thread of their own. */

import { open } from './photo.js';

// A chat shows no more of a photo under its heat map.
const PICTURE_SIDE = 1024;

export class Eyes {
  #demo;
  #before;
  #onLoad;
  #worker;
  #number = 0;
  /** @type {Map<number, {resolve: (result: any) => void, reject: (error: Error) => void}>} */
  #waiting = new Map();
  /** @type {Promise<void>|null} */
  #ready = null;
  isAwake = false;

  /** @param {object} demo what demo.json tells @param {Promise<void>} before nothing is loaded @param {(share: number) => void} onLoad */
  constructor(demo, before, onLoad) {
    this.#demo = demo;
    this.#before = before;
    this.#onLoad = onLoad;
  }

  /** Loads the network, once; after a failure anew. */
  wake() {
    this.#ready ??= this.#load().catch((error) => {
      this.#ready = null;
      throw error;
    });
    return this.#ready;
  }

  /** @param {Blob} file @returns {Promise<import('./network.js').Verdict>} */
  async judge(file) {
    const picture = await open(file, { side: this.#demo.card.size }, this.#demo.photo);
    await this.wake();
    return this.#ask('judge', { picture });
  }

  /** Returns a picture of where a label was seen. @param {Blob} file @param {string} label */
  async heat(file, label) {
    const picture = await open(file, { longer: PICTURE_SIDE }, this.#demo.photo);
    await this.wake();
    const { width, height, data } = await this.#ask('heat', { picture: smaller(picture), label });
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [width, height];
    canvas.getContext('2d').putImageData(new ImageData(data, width, height), 0, 0);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', 0.9));
    return { blob, width, height };
  }

  async #load() {
    this.#onLoad(0);
    await this.#before;
    this.#worker?.terminate();
    this.#worker = new Worker('worker.js', { type: 'module' });
    this.#worker.addEventListener('message', ({ data }) => this.#hear(data));
    this.#worker.addEventListener('error', () => this.#lose());
    try {
      await this.#ask('load', this.#demo);
      this.isAwake = true;
    } finally {
      this.#onLoad(1);
    }
  }

  #ask(task, given) {
    const id = (this.#number += 1);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ ...given, id, task });
    });
  }

  #hear({ id, loaded, result, error }) {
    if (loaded !== undefined) return this.#onLoad(loaded);
    const { resolve, reject } = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) reject(new Error(error));
    else resolve(result);
  }

  /** The thread could not be loaded, or has died of something. */
  #lose() {
    this.#ready = null;
    for (const { reject } of this.#waiting.values()) reject(new Error('the thread ended'));
    this.#waiting.clear();
  }
}

/** At most as large as it is shown, and not so small that nothing can be seen on it. @returns {import('./pixels.js').Picture} */
function smaller({ width, height, data }) {
  const longer = Math.max(width, height);
  const scale = Math.max(Math.min(1, PICTURE_SIDE / longer), PICTURE_SIDE / 2 / longer);
  const [from, to] = [document.createElement('canvas'), document.createElement('canvas')];
  [from.width, from.height] = [width, height];
  [to.width, to.height] = [width, height].map((length) => Math.max(1, Math.round(length * scale)));
  from.getContext('2d').putImageData(new ImageData(data, width, height), 0, 0);
  const pen = to.getContext('2d', { willReadFrequently: true });
  pen.imageSmoothingQuality = 'high';
  pen.drawImage(from, 0, 0, to.width, to.height);
  const small = pen.getImageData(0, 0, to.width, to.height);
  return { width: to.width, height: to.height, data: small.data };
}
