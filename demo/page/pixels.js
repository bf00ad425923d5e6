/** Pictures made smaller just as `classifier/images` does it with Pillow: the network shall see the same. */

/** @typedef {{width: number, height: number, data: Uint8ClampedArray}} Picture four bytes a pixel, of which the last is not looked at */

/** @returns {Picture} */
function blank(width, height) {
  return { width, height, data: new Uint8ClampedArray(4 * width * height) };
}

/** Averages squares of pixels: what Pillow's `reduce` does. @param {Picture} picture @param {number} factor a whole number */
export function reduced(picture, factor) {
  if (factor === 1) return picture;
  const small = blank(Math.ceil(picture.width / factor), Math.ceil(picture.height / factor));
  for (let y = 0; y < small.height; y += 1) {
    const bottom = Math.min(picture.height, (y + 1) * factor);
    for (let x = 0; x < small.width; x += 1) {
      const right = Math.min(picture.width, (x + 1) * factor);
      let [red, green, blue] = [0, 0, 0];
      for (let row = y * factor; row < bottom; row += 1) {
        for (let at = 4 * (row * picture.width + x * factor); at < 4 * (row * picture.width + right); at += 4) {
          red += picture.data[at];
          green += picture.data[at + 1];
          blue += picture.data[at + 2];
        }
      }
      const count = (bottom - y * factor) * (right - x * factor);
      small.data.set([red / count, green / count, blue / count, 255], 4 * (y * small.width + x));
    }
  }
  return small;
}

/** Resizes by the antialiased cubic that Pillow calls BICUBIC: across, then down. @param {Picture} picture */
export function resized(picture, width, height) {
  const across = blank(width, picture.height);
  for (const { at, first, weights } of taps(picture.width, width)) {
    for (let y = 0; y < picture.height; y += 1) gather(picture.data, 4 * (y * picture.width + first), 4, weights, across.data, 4 * (y * width + at));
  }
  const down = blank(width, height);
  for (const { at, first, weights } of taps(picture.height, height)) {
    for (let x = 0; x < width; x += 1) gather(across.data, 4 * (first * width + x), 4 * width, weights, down.data, 4 * (at * width + x));
  }
  return down;
}

function gather(from, start, step, weights, to, place) {
  let [red, green, blue, at] = [0, 0, 0, start];
  for (const weight of weights) {
    red += weight * from[at];
    green += weight * from[at + 1];
    blue += weight * from[at + 2];
    at += step;
  }
  to[place] = red; // rounded and clamped by the array
  to[place + 1] = green;
  to[place + 2] = blue;
  to[place + 3] = 255;
}

/** For each new pixel of a row: the first old one that it is made of, and what it takes of that and of the next. */
function taps(before, after) {
  const scale = before / after;
  const wide = Math.max(1, scale);
  return Array.from({ length: after }, (_, at) => {
    const middle = (at + 0.5) * scale;
    const first = Math.max(0, Math.floor(middle - 2 * wide + 0.5));
    const end = Math.min(before, Math.floor(middle + 2 * wide + 0.5));
    const weights = Float64Array.from({ length: end - first }, (_, tap) => cubic((first + tap - middle + 0.5) / wide));
    const sum = weights.reduce((all, one) => all + one, 0);
    return { at, first, weights: weights.map((weight) => weight / sum) };
  });
}

function cubic(distance) {
  const d = Math.abs(distance);
  if (d < 1) return (1.5 * d - 2.5) * d * d + 1;
  return d < 2 ? ((-0.5 * d + 2.5) * d - 4) * d + 2 : 0;
}

/** Fits a picture into a square, whole, between bars. @param {Picture} picture @param {number[]} backdrop */
export function squared(picture, side, backdrop) {
  const longer = Math.max(picture.width, picture.height);
  const [width, height] = [picture.width, picture.height].map((length) => Math.max(1, Math.round((length * side) / longer)));
  const small = resized(picture, width, height);
  const square = blank(side, side);
  for (let at = 0; at < square.data.length; at += 4) square.data.set([...backdrop, 255], at);
  const [left, top] = [Math.floor((side - width) / 2), Math.floor((side - height) / 2)];
  for (let y = 0; y < height; y += 1) square.data.set(small.data.subarray(4 * y * width, 4 * (y + 1) * width), 4 * ((top + y) * side + left));
  return square;
}

/** The network's input for a square: red, green and blue one after another, normalised. @param {Picture} square */
export function inputOf({ width, height, data }, { mean, std }) {
  const area = width * height;
  const input = new Float32Array(3 * area);
  for (let channel = 0; channel < 3; channel += 1) {
    for (let at = 0; at < area; at += 1) input[channel * area + at] = (data[4 * at + channel] / 255 - mean[channel]) / std[channel];
  }
  return input;
}
