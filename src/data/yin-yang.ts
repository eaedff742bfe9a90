/**
 * The Yin-Yang data set: L. Kriener, J. Göltz & M. A. Petrovici, The Yin-Yang dataset, NICE 2022. Points in the unit square, in a
 * disc that a wave parts into yin and yang, each with a dot in it: three classes that no linear classifier tells apart.
 */
import { checkOptions, counted, fail, type Names, wholeNumber } from "../checks.js";
import { uniformOpen } from "../driver/normal.js";
import { threefryInto } from "../driver/threefry.js";
import { limits } from "../files/limits.js";
import { type LatencyOptions, latency } from "./latency.js";
import { type GivenValues, type SampleValues, valuesOf } from "./sample-values.js";
import type { SpikeData } from "./spike-data.js";
import { streams } from "./streams.js";

/** Radii of the disc and of the dots, as published. */
const big = 0.5;
const dot = 0.1;

/** Names of the classes, by label. */
export const yinYangClasses = ["yin", "yang", "dot"] as const;

/**
 * The class of a point: 0 yin, 1 yang, 2 dot; undefined outside the disc. Yin is the upper half (y > 0.5), with all of the left disc
 * of half the radius and without the right one; a dot lies in the middle of each of these two.
 */
export function yinYangClass(x: number, y: number): 0 | 1 | 2 | undefined {
  if (Math.hypot(x - big, y - big) > big) return undefined;
  const right = Math.hypot(x - 1.5 * big, y - big);
  const left = Math.hypot(x - 0.5 * big, y - big);
  if (right < dot || left < dot) return 2;
  return left <= 0.5 * big || (y > big && right > 0.5 * big) ? 0 : 1;
}

export interface YinYangPointsOptions {
  /** How many points; 5000 to train and 1000 to test, of another seed, as published. */
  readonly samples: number;
  readonly seed: number;
  /** The number of the first sample; default 0. Sample s is the point of number `first + s`. */
  readonly first?: number;
}

const pointNames: Names<YinYangPointsOptions> = { samples: true, seed: true, first: true };

/**
 * Points (x, y) with labels: of each its class is drawn first, each as probable as the others, then points of the square until
 * one is of that class. Drawn from Threefry under (seed, stream) at counters (number of the sample, n).
 * @throws SaltationError `invalid-input`.
 */
export function yinYangPoints(options: YinYangPointsOptions): SampleValues & { readonly labels: Int32Array } {
  checkOptions("", options, pointNames);
  const count = wholeNumber("samples", options.samples, 1, limits.lists);
  const seed = wholeNumber("seed", options.seed, 0, 2 ** 32 - 1);
  const first = wholeNumber("first", options.first ?? 0, 0, 2 ** 32 - count);
  const values = new Float64Array(2 * count);
  const labels = new Int32Array(count);
  const words = new Uint32Array(2);
  for (let s = 0; s < count; s++) {
    const draw = (n: number): number => {
      threefryInto(words, seed, streams.yinYang, first + s, n);
      return uniformOpen(words[0]!);
    };
    // A uniform of 1 is as improbable as any other number of 24 bits, and belongs to the last class.
    const wanted = Math.min(2, Math.floor(3 * draw(0)));
    let [x, y] = [0, 0];
    for (let n = 1; yinYangClass(x, y) !== wanted; n++) {
      x = draw(n) * 2 * big;
      y = uniformOpen(words[1]!) * 2 * big;
    }
    values.set([x, y], 2 * s);
    labels[s] = wanted;
  }
  return { values, scale: 1, size: 2, shape: [2], count, labels };
}

/** When points spike. */
export interface YinYangTimes extends Pick<Partial<LatencyOptions>, "from" | "to"> {
  /** Time of the bias spike; `false` for none. Default 0.9. */
  readonly bias?: number | false;
}

const timeNames: Names<YinYangTimes> = { from: true, to: true, bias: true };

/**
 * Points of the unit square as spikes: of each one spike of x, y, 1 - x and 1 - y (sources 0 to 3), late for high values, and a bias
 * spike (source 4). Times by default from 0.15 to 2, and 0.9 of the bias, in synaptic time constants: J. Göltz et al., Fast and
 * energy-efficient neuromorphic deep learning with first-spike times, Nature Machine Intelligence 3 (2021). Labels are kept.
 * @param points a pair (x, y) each.
 * @throws SaltationError `invalid-input`.
 */
export function yinYangSpikes(points: GivenValues, options: YinYangTimes = {}): SpikeData {
  checkOptions("", options, timeNames);
  const { from = 0.15, to = 2, bias = 0.9 } = options;
  const { values, scale, size, count, labels } = valuesOf("points", points);
  if (size !== 2) fail("points", `hold ${counted(size, "number")} each; give x and y`);
  const mirrored = new Float64Array(4 * count);
  for (let s = 0; s < count; s++) {
    const [x, y] = [scale * values[2 * s]!, scale * values[2 * s + 1]!];
    if (!(x >= 0 && x <= 1 && y >= 0 && y <= 1))
      fail(`points[${s}]`, `is (${x}, ${y}); give a point of the unit square, both numbers from 0 to 1`);
    mirrored.set([x, y, 1 - x, 1 - y], 4 * s);
  }
  const early = { early: "low", ...(bias === false ? {} : { bias }) } as const;
  const labelled = labels === undefined ? {} : { labels };
  return latency({ values: mirrored, scale: 1, size: 4, shape: [4], count, ...labelled }, { from, to, ...early });
}

export interface YinYangOptions extends YinYangPointsOptions, YinYangTimes {}

const names: Names<YinYangOptions> = { ...pointNames, ...timeNames };

/**
 * Yin-Yang as spikes: points of `yinYangPoints` by `yinYangSpikes`.
 * @throws SaltationError `invalid-input`.
 */
export function yinYang(options: YinYangOptions): SpikeData & { readonly labels: Int32Array } {
  checkOptions("", options, names);
  const { from, to, bias, ...points } = options;
  const drawn = yinYangPoints(points);
  const times = Object.fromEntries(Object.entries({ from, to, bias }).filter(([, time]) => time !== undefined));
  return { ...yinYangSpikes(drawn, times), labels: drawn.labels };
}
