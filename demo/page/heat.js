/** Where the network looked: as `classifier/inference/activation.py`, `interpolation.py` and `heatmap.py` have it. */

/** @typedef {{width: number, height: number, cells: Float32Array}} Heat rows from the top */

/**
 * Returns how much each part of an input speaks for an answer, 0 to 1.
 * @param {{data: Float32Array, dims: readonly number[]}} middle the last map but one, (1, c, 2h, 2w)
 * @param {{data: Float32Array, dims: readonly number[]}} last (1, d, h, w)
 * @param {number[]} weights how much each of the last map's channels speaks for the answer
 * @returns {Heat}
 */
export function activationMap(middle, last, weights, sharpness) {
  const [, count, height, width] = middle.dims;
  const [, , rows, columns] = last.dims;
  const few = new Float32Array(rows * columns);
  weights.forEach((weight, channel) => few.forEach((_, at) => (few[at] += weight * last.data[channel * few.length + at])));
  const cubic = cubicOf(sharpness);
  const positive = { width: columns, height: rows, cells: few.map((value) => Math.max(0, value)) };
  const coarse = spread(positive, width, height, cubic).cells.map((value) => Math.max(0, value));
  const average = mean(coarse);
  const fine = new Float32Array(coarse.length);
  for (let channel = 0; channel < count; channel += 1) {
    const cells = middle.data.subarray(channel * fine.length, (channel + 1) * fine.length);
    const middling = mean(cells);
    const deviation = Math.sqrt(mean(cells.map((value) => (value - middling) ** 2))) + 1e-6;
    const normal = cells.map((value) => (value - middling) / deviation);
    const followed = normal.reduce((sum, value, at) => sum + value * (coarse[at] - average), 0);
    fine.forEach((_, at) => (fine[at] += followed * normal[at]));
  }
  return { width, height, cells: coarse.map((value, at) => Math.sqrt(value * Math.max(0, fine[at]))) };
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Returns the part of a square's map that lies over the photo, not over the bars. @param {Heat} heat */
export function cropped(heat, photo) {
  const longer = Math.max(photo.width, photo.height);
  const placesOf = (cells, length) => Array.from({ length: cells }, (_, at) => ((((at + 0.5) / cells - 0.5) * length) / longer + 0.5) * cells);
  const cut = weave(heat, placesOf(heat.width, photo.width), placesOf(heat.height, photo.height), (distance) => Math.max(0, 1 - distance));
  const most = Math.max(1e-6, ...cut.cells);
  return { ...cut, cells: cut.cells.map((value) => value / most) };
}

/** Lays heat over a photo. @param {import('./pixels.js').Picture} photo @param {Heat} heat */
export function overlaid(photo, heat, { colours, dimmed, greyed, veil, sharpness }) {
  const { width, height } = photo;
  const mask = smoothed(spread(heat, width, height, cubicOf(sharpness)), Math.max(width, height) / (4 * Math.max(heat.width, heat.height)));
  const palette = Array.from({ length: 256 }, (_, level) => colourAt((level / 255) * (colours.length - 1), colours));
  const data = new Uint8ClampedArray(photo.data.length);
  for (let at = 0; at < mask.cells.length; at += 1) {
    const hot = Math.min(1, Math.max(0, mask.cells[at]));
    const [red, green, blue] = photo.data.subarray(4 * at, 4 * at + 3);
    const grey = 0.299 * red + 0.587 * green + 0.114 * blue;
    const colour = palette[Math.round(255 * hot)];
    [red, green, blue].forEach((value, channel) => {
      const pale = value + (grey - value) * greyed;
      const dark = colours[0][channel] + (pale - colours[0][channel]) * dimmed;
      const lit = dark + (value - dark) * hot;
      data[4 * at + channel] = lit + (colour[channel] - lit) * hot * veil;
    });
    data[4 * at + 3] = 255;
  }
  return { width, height, data };
}

function colourAt(place, colours) {
  const from = Math.min(colours.length - 2, Math.floor(place));
  return colours[from].map((value, channel) => value + (colours[from + 1][channel] - value) * (place - from));
}

/** Returns a map of more cells. @param {Heat} heat */
function spread(heat, width, height, kernel) {
  const placesOf = (few, many) => Array.from({ length: many }, (_, at) => ((at + 0.5) / many) * few);
  return weave(heat, placesOf(heat.width, width), placesOf(heat.height, height), kernel);
}

/** Returns a map's values at places across and down it. @param {Heat} heat */
function weave(heat, across, down, kernel) {
  const lie = (places, cells) => places.map((place) => {
    const first = Math.floor(place - 0.5);
    return [-1, 0, 1, 2].map((tap) => [Math.min(cells - 1, Math.max(0, first + tap)), kernel(Math.abs(place - 0.5 - first - tap))]);
  });
  const rows = new Float32Array(heat.height * across.length);
  lie(across, heat.width).forEach((taps, x) => {
    for (let y = 0; y < heat.height; y += 1) rows[y * across.length + x] = taps.reduce((sum, [cell, weight]) => sum + weight * heat.cells[y * heat.width + cell], 0);
  });
  const cells = new Float32Array(down.length * across.length);
  lie(down, heat.height).forEach((taps, y) => {
    for (const [cell, weight] of taps) for (let x = 0; x < across.length; x += 1) cells[y * across.length + x] += weight * rows[cell * across.length + x];
  });
  return { width: across.length, height: down.length, cells };
}

/** Three boxes, one after another, are nearly a Gauss curve. @param {Heat} heat */
function smoothed(heat, deviation) {
  const radius = Math.max(1, Math.round((Math.sqrt(4 * deviation ** 2 + 1) - 1) / 2));
  let { cells } = heat;
  for (let pass = 0; pass < 3; pass += 1) {
    cells = boxed(cells, heat.height, heat.width, heat.width, 1, radius);
    cells = boxed(cells, heat.width, heat.height, 1, heat.width, radius);
  }
  return { ...heat, cells };
}

/** Averages along lines, `apart` from each other, of cells that are a `step` apart; the outermost go on for ever. */
function boxed(cells, lines, length, apart, step, radius) {
  const result = new Float32Array(cells.length);
  for (let line = 0; line < lines; line += 1) {
    const at = (place) => cells[line * apart + Math.min(length - 1, Math.max(0, place)) * step];
    let sum = 0;
    for (let place = -radius; place <= radius; place += 1) sum += at(place);
    for (let place = 0; place < length; place += 1) {
      result[line * apart + place * step] = sum / (2 * radius + 1);
      sum += at(place + radius + 1) - at(place - radius);
    }
  }
  return result;
}

function cubicOf(a) {
  return (d) => {
    if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
    return d < 2 ? a * (((d - 5) * d + 8) * d - 4) : 0;
  };
}
