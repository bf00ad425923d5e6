/** What the network's features amount to: as `classifier/inference/predictor.py` and `classifier/card.py` have it. */

const LABELS = ['olaf', 'abominable', 'neither'];
const TINY = 1e-30;

/**
 * @typedef {{label: 'olaf'|'abominable', confidence: number, probabilities: number[], unfamiliar: boolean, sure: boolean}} Verdict
 *   of the three probabilities the last is that of neither
 * @typedef {{weight: number[][], bias: number[]}} LastLayer
 */

/** @param {Float32Array} features @param {LastLayer} lastLayer @returns {Verdict} */
export function verdictOf(features, { weight, bias }, card) {
  const logits = weight.map((row, label) => features.reduce((sum, feature, at) => sum + feature * row[at], bias[label]));
  const probabilities = softmax(logits.map((logit) => logit / card.temperature));
  const pair = softmax(probabilities.slice(0, 2).map((share) => (Math.log(Math.max(share, TINY)) * card.temperature) / card.pairTemperature));
  const likelier = probabilities[0] >= probabilities[1] ? 0 : 1;
  const confidence = Math.max(...pair);
  return {
    label: LABELS[likelier],
    confidence,
    probabilities,
    unfamiliar: probabilities[2] > card.unfamiliarAbove,
    sure: confidence >= card.surePair && probabilities[likelier] >= card.sureLabel,
  };
}

/** How much each of the last map's channels speaks for a label. @param {LastLayer} lastLayer */
export function weightsFor(label, { weight }) {
  const own = weight[LABELS.indexOf(label)];
  return own.map((value, at) => value - weight.reduce((sum, row) => sum + row[at], 0) / weight.length);
}

function softmax(logits) {
  const most = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - most));
  const sum = powers.reduce((all, one) => all + one, 0);
  return powers.map((power) => power / sum);
}
