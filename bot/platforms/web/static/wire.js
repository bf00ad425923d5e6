/** Everything that crosses the network: a photo made ready, its upload, and the room's live connection. */

const LONGEST_SIDE = 1600;
const QUALITY = 0.85;
const SMALL_BYTES = 1_000_000;
const MOST_BYTES = 20 * 1024 * 1024;
const STALLED_MS = 60_000;
const ANSWER_MS = 30_000;

// A JPEG, WebP, AVIF or HEIC can say where it was taken, so those are drawn anew even when they are small.
const SENT_AS_IT_IS = new Set(['image/png', 'image/gif']);

/** Something that was not answered. `sentence` is the server's; without one, `kind` chooses one of the page's own; `passes`: by itself. */
export class Problem extends Error {
  /** @param {'network'|'server'|'tooLarge'} kind */
  constructor(kind, { sentence = '', retry = true, passes = true } = {}) {
    super(sentence || kind);
    this.kind = kind;
    this.sentence = sentence;
    this.retry = retry;
    this.passes = passes;
  }
}

/**
 * Shrinks a photo for sending and leaves its hidden data (place, camera) behind.
 * What this browser cannot decode goes as it is: the server may know the format.
 * @param {File} file
 * @returns {Promise<Blob>}
 */
export async function prepare(file) {
  const blob = (await redrawn(file).catch(() => null)) ?? file;
  if (blob.size > MOST_BYTES) throw new Problem('tooLarge', { retry: false });
  return blob;
}

/** @param {File} file @returns {Promise<Blob|null>} null when the browser has no bytes to give */
async function redrawn(file) {
  const image = await decoded(file);
  const longest = Math.max(image.naturalWidth, image.naturalHeight);
  if (!longest) return null;
  if (longest <= LONGEST_SIDE && file.size < SMALL_BYTES && SENT_AS_IT_IS.has(file.type)) return file;
  const canvas = drawn(image, Math.min(1, LONGEST_SIDE / longest));
  return new Promise((resolve) => canvas.toBlob(resolve, typeFor(file, canvas), QUALITY));
}

/** An `<img>` turns the photo as its EXIF says, and Safari's decodes HEIC. */
async function decoded(file) {
  const image = new Image();
  image.src = URL.createObjectURL(file);
  try {
    await image.decode();
    return image;
  } finally {
    URL.revokeObjectURL(image.src);
  }
}

function drawn(image, scale) {
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(image.naturalWidth * scale));
  canvas.height = Math.max(1, Math.round(image.naturalHeight * scale));
  const context = canvas.getContext('2d');
  context.imageSmoothingQuality = 'high';
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas;
}

/** JPEG has no transparency: what is see-through would turn black. */
function typeFor(file, canvas) {
  if (file.type === 'image/jpeg' || !isSeeThrough(canvas)) return 'image/jpeg';
  return file.type === 'image/webp' ? 'image/webp' : 'image/png';
}

function isSeeThrough(canvas) {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  for (let alpha = 3; alpha < data.length; alpha += 4) if (data[alpha] < 255) return true;
  return false;
}

/** A name for one upload: sent again under it, it is known to be the same photo. */
export function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_');
}

function headersOf({ player, name, admin }) {
  return { 'X-Player': player, 'X-Nickname': encodeURIComponent(name), ...(admin ? { 'X-Admin': admin } : {}) };
}

/**
 * Posts a tap or a command.
 * @param {string} address
 * @param {object} message
 * @param {{player: string, name: string, admin: string|null}} who
 * @returns {Promise<object>} what it leads to
 */
export async function ask(address, message, who) {
  let response, answer;
  try {
    const signal = AbortSignal.timeout?.(ANSWER_MS);
    response = await fetch(address, { method: 'POST', headers: headersOf(who), body: JSON.stringify(message), signal });
    answer = await response.json();
  } catch {
    throw new Problem('network');
  }
  if (!response.ok) throw new Problem('server', { sentence: answer.error });
  return answer;
}

/**
 * Posts one photo. XMLHttpRequest, because fetch does not tell how far an upload has come.
 * @param {string} address
 * @param {{id: string, body: Blob, caption: string, to: string}} photo
 * @param {{player: string, name: string, admin: string|null}} who
 * @param {(fraction: number) => void} onProgress
 * @returns {Promise<object>} the entry
 */
export function upload(address, { id, body, caption, to }, who, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let watchdog;
    const alive = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => request.abort(), STALLED_MS);
    };
    request.open('POST', address);
    request.responseType = 'json';
    request.setRequestHeader('Content-Type', body.type || 'application/octet-stream');
    request.setRequestHeader('X-Photo-Id', id);
    if (caption) request.setRequestHeader('X-Caption', encodeURIComponent(caption));
    if (to) request.setRequestHeader('X-Reply-To', to);
    for (const [name, value] of Object.entries(headersOf(who))) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => {
      alive();
      onProgress(total ? loaded / total : 0);
    };
    request.onloadend = () => {
      clearTimeout(watchdog);
      if (request.response?.entry) resolve(request.response.entry);
      else reject(problemOf(request));
    };
    alive();
    request.send(body);
  });
}

function problemOf({ status, response }) {
  const sentence = response?.error ?? '';
  // What is between us and who answers lost that one: the photo may have been taken, as when the network is lost.
  if ([0, 502, 504].includes(status)) return new Problem('network', { sentence });
  if (status === 413) return new Problem('tooLarge', { sentence, retry: false });
  // Too slow, too often, too busy.
  const passes = [408, 429, 503].includes(status);
  return new Problem('server', { sentence, retry: passes || status >= 500, passes });
}

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;
const HERE_EVERY_MS = 60_000;

// The server's close codes that mean more than "try again".
const IDLE = 4001;
const FULL = 4029;
const TOO_MANY_MESSAGES = 1008;

/** The room's WebSocket, opened again for as long as the page lives. */
export class LiveRoom {
  #address;
  #on;
  #socket = null;
  #timer = 0;
  #failures = 0;
  #hiddenSince = 0;

  /**
   * @param {string} address
   * @param {{hello: () => object, event: (event: object) => void, state: (state: 'open'|'lost'|'full') => void}} on
   */
  constructor(address, on) {
    this.#address = address;
    this.#on = on;
    this.#open();
    setInterval(() => this.#sendHere(), HERE_EVERY_MS);
    document.addEventListener('visibilitychange', () => this.#looked());
    // A socket outlives the network it was opened on without noticing, so both are reasons for a new one.
    for (const event of ['online', 'offline']) addEventListener(event, () => this.#open());
  }

  /** Sends a message, or drops it while there is no connection: hello tells it all again. */
  send(message) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  /** Says hello anew, as whoever plays by now. */
  reopen() {
    this.#open();
  }

  #open() {
    clearTimeout(this.#timer);
    this.#socket?.close();
    const socket = new WebSocket(this.#address);
    this.#socket = socket;
    socket.onopen = () => this.send({ type: 'hello', ...this.#on.hello() });
    socket.onmessage = ({ data }) => {
      if (socket === this.#socket) this.#receive(JSON.parse(data));
    };
    socket.onclose = ({ code }) => {
      if (socket === this.#socket) this.#lost(code);
    };
  }

  #receive(event) {
    if (event.type === 'welcome') {
      this.#failures = 0;
      this.#on.state('open');
    }
    this.#on.event(event);
  }

  #lost(code) {
    this.#on.state(code === FULL ? 'full' : 'lost');
    if (code === IDLE && document.hidden) return;
    this.#timer = setTimeout(() => this.#open(), this.#wait(code));
  }

  #wait(code) {
    const patient = code === FULL || code === TOO_MANY_MESSAGES;
    const wait = patient ? LONGEST_WAIT_MS : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#failures);
    this.#failures += 1;
    // Jitter, so that a whole family does not knock at a restarted server at the same instant.
    return wait * (0.5 + Math.random() / 2);
  }

  /** A phone that slept may hold a dead socket, and the server closes silent ones. */
  #looked() {
    if (document.hidden) {
      this.#hiddenSince = Date.now();
      return;
    }
    const slept = Date.now() - this.#hiddenSince > HERE_EVERY_MS;
    if (slept || this.#socket.readyState > WebSocket.OPEN) this.#open();
    else this.#sendHere();
  }

  #sendHere() {
    if (!document.hidden) this.send({ type: 'here' });
  }
}
