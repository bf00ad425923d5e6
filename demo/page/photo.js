/** A file's bytes to a picture's pixels, by this browser's own decoders: upright, in sRGB, nothing see-through. */

import { reduced } from './pixels.js';

// What a phone's canvas can hold.
const MOST_CANVAS_PIXELS = 16_000_000;
// A JPEG decoder reduces by these itself.
const DRAFTS = [8, 4, 2];
// How the formats begin that the bot opens. HEIC and AVIF tell theirs after the length of their first box.
const BEGINNINGS = ['ffd8ff', '89504e47', '47494638', '52494646', '424d'];

/** A photo that gets a sentence instead of a verdict: one of the bot's reasons. */
export class Refusal extends Error {
  /** @param {'empty'|'not_a_picture'|'damaged'|'too_many_bytes'|'too_many_pixels'} reason */
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

/**
 * Opens a photo, and reduces it by whole numbers as `classifier/images/decode.py` does.
 * @param {Blob} file
 * @param {{side?: number, longer?: number}} needed of the shorter and of the longer side, in pixels
 * @param {{mostBytes: number, mostPixels: number, mostAspect: number, backdrop: number[]}} limits
 * @returns {Promise<import('./pixels.js').Picture>}
 */
export async function open(file, { side = 0, longer = 0 }, limits) {
  if (!file.size) throw new Refusal('empty');
  if (file.size > limits.mostBytes) throw new Refusal('too_many_bytes');
  const start = new Uint8Array(await file.slice(0, 4).arrayBuffer());
  const begins = Array.from(start, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const image = await decoded(file, BEGINNINGS.some((beginning) => begins.startsWith(beginning)));
  const [width, height] = [image.naturalWidth, image.naturalHeight];
  if (!width || !height) throw new Refusal('not_a_picture');
  if (width * height > limits.mostPixels) throw new Refusal('too_many_pixels');
  if (Math.max(width, height) > limits.mostAspect * Math.min(width, height)) throw new Refusal('not_a_picture');
  const factor = factorOf(width, height, side, longer, begins.startsWith('ffd8ff'));
  return drawn(image, factor, limits.backdrop);
}

/** An `<img>` turns the photo as its EXIF says, and Safari's decodes HEIC. */
async function decoded(file, isKnown) {
  const image = new Image();
  image.src = URL.createObjectURL(file);
  try {
    await image.decode();
    return image;
  } catch {
    throw new Refusal(isKnown ? 'damaged' : 'not_a_picture');
  } finally {
    URL.revokeObjectURL(image.src);
  }
}

/** By how much a picture may be reduced and still has all that is needed. */
function factorOf(width, height, side, longer, isJpeg) {
  const scaleOf = (w, h) => Math.max(side / Math.min(w, h), longer / Math.max(w, h));
  const room = 1 / scaleOf(width, height);
  const draft = (isJpeg && DRAFTS.find((each) => room >= each)) || 1;
  const rest = scaleOf(Math.ceil(width / draft), Math.ceil(height / draft));
  return draft * Math.max(1, Math.floor(0.5 / rest));
}

/** Halves on canvases, each pixel the average of four, for as long as that comes out even; what is left is done by hand. */
function drawn(image, factor, backdrop) {
  let [source, width, height] = [image, image.naturalWidth, image.naturalHeight];
  while (factor % 2 === 0 || width * height > MOST_CANVAS_PIXELS) {
    source = canvasOf(source, width / 2, height / 2, backdrop);
    ({ width, height } = source);
    factor = Math.max(1, Math.floor(factor / 2));
  }
  if (source === image) source = canvasOf(source, width, height, backdrop);
  return reduced(source.getContext('2d').getImageData(0, 0, width, height), factor);
}

function canvasOf(source, width, height, [red, green, blue]) {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [Math.ceil(width), Math.ceil(height)];
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  pen.fillStyle = `rgb(${red} ${green} ${blue})`;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.imageSmoothingQuality = 'low'; // between two pixels, which is their average here
  // An odd row at the edge fills only half a pixel: what is under it is its like, not the backdrop.
  const edges = new Path2D();
  edges.rect(Math.floor(width), 0, 1, canvas.height);
  edges.rect(0, Math.floor(height), canvas.width, 1);
  pen.save();
  pen.clip(edges);
  pen.drawImage(source, 0, 0, canvas.width, canvas.height);
  pen.restore();
  pen.drawImage(source, 0, 0, width, height);
  return canvas;
}
