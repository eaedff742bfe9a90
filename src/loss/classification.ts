/** How well classes are told apart. */
import { fail, list, type Numbers, wholeNumber } from "../checks.js";

/** That none of the classes was predicted, as two were equally probable. */
export const noClass = -1;

function checkPredictions(predicted: Numbers, labels: Numbers): number {
  const { length } = list("labels", labels, "labels");
  const found = list("predicted", predicted, "classes").length;
  if (length === 0) fail("labels", "are none; give those of one sample or more");
  if (found !== length) fail("predicted", `has ${found} classes for ${length} labels; give one for each`);
  return length;
}

/**
 * Part of the samples whose class is predicted, from 0 to 1.
 * @param predicted of each sample its class, or −1 for none.
 * @throws SaltationError `invalid-input` where they are none, not as many, or no classes (probabilities, say).
 */
export function accuracy(predicted: Numbers, labels: Numbers): number {
  const length = checkPredictions(predicted, labels);
  let right = 0;
  for (let s = 0; s < length; s++)
    right += Number(wholeNumber(`predicted[${s}]`, predicted[s], noClass, 2 ** 31 - 1) === labels[s]);
  return right / length;
}

/**
 * How many samples of each class were taken for which: [label][predicted], and in a last column those for which no class was
 * predicted.
 * @param classes how many there are.
 * @throws SaltationError `invalid-input` where a label or prediction is none of them.
 */
export function confusion(predicted: Numbers, labels: Numbers, classes: number): number[][] {
  const length = checkPredictions(predicted, labels);
  wholeNumber("classes", classes, 1, 65536);
  const table = Array.from({ length: classes }, () => new Array<number>(classes + 1).fill(0));
  for (let s = 0; s < length; s++) {
    const label = wholeNumber(`labels[${s}]`, labels[s], 0, classes - 1);
    const found = wholeNumber(`predicted[${s}]`, predicted[s], noClass, classes - 1);
    table[label]![found === noClass ? classes : found]!++;
  }
  return table;
}

/**
 * The class of each sample: the most probable on the mean over its trials; none (−1) where two are as probable.
 * @param probabilities [paths][classes]; trial r of sample s is path s · trials + r.
 * @throws SaltationError `invalid-input` where paths are no whole number of samples.
 */
export function predictedClasses(probabilities: readonly ArrayLike<number>[], trials = 1): Int32Array {
  const classes = list("probabilities", probabilities, "classes' probabilities by path")[0]?.length;
  probabilities.forEach((p, path) => {
    const { length } = list(`probabilities[${path}]`, p, "probabilities");
    if (length !== classes) fail(`probabilities[${path}]`, `has ${length} classes, and those before ${classes}`);
  });
  wholeNumber("trials", trials, 1, 2 ** 30);
  if (probabilities.length % trials !== 0)
    fail("trials", `is ${trials}, which does not divide ${probabilities.length} paths`);
  return Int32Array.from({ length: probabilities.length / trials }, (_, s) => {
    const sums = Array.from(probabilities[s * trials]!);
    for (let r = 1; r < trials; r++)
      for (let k = 0; k < sums.length; k++) sums[k]! += probabilities[s * trials + r]![k]!;
    const most = Math.max(...sums);
    const at = sums.indexOf(most);
    return sums.lastIndexOf(most) === at ? at : noClass;
  });
}
