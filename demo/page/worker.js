/** The network, in a thread of its own: the page never waits for it. */

import { activationMap, cropped, overlaid } from './heat.js';
import { verdictOf, weightsFor } from './network.js';
import { inputOf, squared } from './pixels.js';
import * as runtime from './runtime.js';

let told, session;

const tasks = {
  async load(demo) {
    told = demo;
    const all = Object.values(demo.bytes).reduce((sum, bytes) => sum + bytes, 0);
    let loaded = 0;
    const count = (bytes) => postMessage({ loaded: (loaded += bytes) / all });
    const [network, library] = await Promise.all(['network.onnx', 'runtime.wasm'].map((name) => read(name, count)));
    Object.assign(runtime.env.wasm, { wasmBinary: library.buffer, numThreads: 1 });
    session = await runtime.InferenceSession.create(network, { executionProviders: ['wasm'] });
  },

  async judge({ picture }) {
    const { features } = await run(picture, told.card.size, ['features']);
    return verdictOf(features.data, told.lastLayer, told.card);
  },

  async heat({ picture, label }) {
    const { middle, last } = await run(picture, told.heat.size, ['middle', 'last']);
    const heat = activationMap(middle, last, weightsFor(label, told.lastLayer), told.heat.sharpness);
    return overlaid(picture, cropped(heat, picture), told.heat);
  },
};

function run(picture, side, outputs) {
  const square = squared(picture, side, told.photo.backdrop);
  const views = new runtime.Tensor('float32', inputOf(square, told.card), [1, 3, side, side]);
  return session.run({ views }, outputs);
}

/** @param {(bytes: number) => void} count @returns {Promise<Uint8Array>} */
async function read(name, count) {
  const response = await fetch(name);
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  const content = new Uint8Array(told.bytes[name]);
  const reader = response.body.getReader();
  let at = 0;
  for (let part; !(part = await reader.read()).done; at += part.value.length) {
    content.set(part.value, at);
    count(part.value.length);
  }
  if (at < content.length) throw new Error(`${name} ended early`);
  return content;
}

// The runtime does one thing at a time.
let before = Promise.resolve();

addEventListener('message', ({ data: { id, task, ...given } }) => {
  before = before.then(async () => {
    try {
      postMessage({ id, result: await tasks[task](given) });
    } catch (error) {
      postMessage({ id, error: String(error) });
    }
  });
});
