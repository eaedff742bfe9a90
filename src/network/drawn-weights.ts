/** Weights drawn by a law and a seed: first guesses of a training, and true values of an experiment. */
import { checkOptions, fail, finiteNumber, type Names, positiveNumber, show, wholeNumber } from "../checks.js";
import { uniformOpen } from "../driver/normal.js";
import { threefry2x32 } from "../driver/threefry.js";

/** All-to-all weights between successive layers, independent and uniform between two values. */
export interface DrawnWeights {
  readonly uniform: readonly [low: number, high: number];
  /** Where given, each weight is that draw times `total` over the size of its presynaptic layer. */
  readonly total?: number;
  /** Default 0. */
  readonly seed?: number;
}

const drawnNames: Names<DrawnWeights> = { uniform: true, total: true, seed: true };

/** Stream of the draws; neurons count up from 1, training and pairing count down from the top. */
const stream = 0xfffffffd;

/**
 * The matrices between the layers, drawn in their order, row by row: number n from counter (n, 0) under (seed, stream).
 * @throws SaltationError `invalid-input`.
 */
export function drawWeights(field: string, law: DrawnWeights, layers: readonly number[]): number[][][] {
  checkOptions(field, law, drawnNames);
  if (!Array.isArray(law.uniform) || law.uniform.length !== 2) {
    fail(`${field}.uniform`, `expected [low, high], got ${show(law.uniform)}`);
  }
  const low = finiteNumber(`${field}.uniform[0]`, law.uniform[0]);
  const high = finiteNumber(`${field}.uniform[1]`, law.uniform[1]);
  if (low > high) fail(`${field}.uniform`, `expected low to be at most high, got ${show(law.uniform)}`);
  const seed = wholeNumber(`${field}.seed`, law.seed ?? 0, 0, 2 ** 32 - 1);
  const total = law.total === undefined ? undefined : positiveNumber(`${field}.total`, law.total);
  let drawn = 0;
  return layers.slice(1).map((to, l) => {
    const scale = total === undefined ? 1 : total / layers[l]!;
    const draw = (): number => {
      const u = uniformOpen(threefry2x32(seed, stream, drawn++, 0)[0]);
      return scale * (low + (high - low) * u);
    };
    return Array.from({ length: layers[l]! }, () => Array.from({ length: to }, draw));
  });
}
