/**
 * Connections and their numbers drawn by a seed. Every draw has a counter of its own under the key (seed, stream), so they are
 * the same on every machine; what goes by logarithms and sines (normals) is rounded to float32, which their last bits do not
 * reach.
 */
import {
  checkOptions,
  fail,
  finiteNumber,
  float32Number,
  isNumbers,
  nonNegative,
  show,
  wholeNumber,
} from "../checks.js";
import { normalPair, uniformOpen } from "../driver/normal.js";
import { threefryInto } from "../driver/threefry.js";
import type { Neurons } from "./connections.js";

/** Numbers by a law: all the same, independent and normal (mean, standard deviation), or uniform between two. */
export interface Law {
  readonly constant?: number;
  readonly normal?: readonly [mean: number, deviation: number];
  readonly uniform?: readonly [low: number, high: number];
  /** Default: the number of the projection. */
  readonly seed?: number;
}

/** Which of all pairs are connected: each with a probability, or so many at random into each target or out of each source. */
export interface RandomPairs {
  readonly probability?: number;
  readonly in?: number;
  readonly out?: number;
  /** Within a population: whether a neuron may be its own target. Default false. */
  readonly autapses?: boolean;
}

/** Streams of the draws: neurons count up from 1, other draws down from the top. */
const streams = { pairs: 0x80000000, weights: 0x80000001, delays: 0x80000002 } as const;

export const lawNames = { constant: true, normal: true, uniform: true, seed: true } as const;
export const pairNames = { probability: true, in: true, out: true, autapses: "boolean" } as const;

export const seedOf = (field: string, seed: unknown, otherwise: number): number =>
  wholeNumber(`${field}.seed`, seed ?? otherwise, 0, 2 ** 32 - 1);

const isPair = (value: unknown): value is readonly [number, number] => isNumbers(value) && value.length === 2;

/** Reads a law. @returns its numbers, the first `count` of them: number n from counter (n, 0). */
export function readLaw(
  field: string,
  law: Law,
  { of, otherwise }: { of: "weights" | "delays"; otherwise: number },
): (count: number) => Float64Array {
  checkOptions(field, law, lawNames);
  const kinds = (["constant", "normal", "uniform"] as const).filter((kind) => law[kind] !== undefined);
  if (kinds.length !== 1) fail(field, `expected one of constant, normal, uniform, got ${kinds.join(", ") || "none"}`);
  const [kind] = kinds;
  const seed = seedOf(field, law.seed, otherwise);
  if (kind === "constant") {
    const value = float32Number(`${field}.constant`, law.constant);
    return (count) => new Float64Array(count).fill(value);
  }
  const given = law[kind!];
  const at = `${field}.${kind}`;
  if (!isPair(given))
    fail(at, `expected ${kind === "normal" ? "[mean, deviation]" : "[low, high]"}, got ${show(given)}`);
  const [a, b] = [finiteNumber(`${at}[0]`, given[0]), finiteNumber(`${at}[1]`, given[1])];
  if (kind === "normal") nonNegative(`${at}[1]`, b);
  else if (a > b) fail(at, `expected low to be at most high, got ${show(given)}`);
  return (count) => {
    const [words, pair, values] = [new Uint32Array(2), new Float64Array(2), new Float64Array(count)];
    for (let n = 0; n < count; n++) {
      threefryInto(words, seed, streams[of], n, 0);
      if (kind === "normal") normalPair(words[0]!, words[1]!, pair);
      values[n] = Math.fround(kind === "normal" ? a + b * pair[0]! : a + (b - a) * uniformOpen(words[0]!));
    }
    return values;
  };
}

/** A list of numbers that grows. */
class Growing {
  private list = new Uint32Array(1024);
  length = 0;

  push(value: number): void {
    if (this.length === this.list.length) {
      const longer = new Uint32Array(2 * this.length);
      longer.set(this.list);
      this.list = longer;
    }
    this.list[this.length++] = value;
  }

  taken(): Uint32Array {
    return this.list.slice(0, this.length);
  }
}

/**
 * Pairs that are connected with a probability p, row by row: the number of pairs that are passed over is geometric, n with
 * probability p (1 - p)ⁿ. It is looked up in a table of (1 - p)ⁿ, made by products alone; where it ends the count goes on, as
 * such a number has no memory.
 */
function byProbability(p: number, pairs: number, uniform: () => number, take: (pair: number) => void): void {
  if (p === 0) return;
  const left: number[] = [1];
  while (left.length < 65536 && left.at(-1)! > 2 ** -33) left.push(left.at(-1)! * (1 - p));
  /** The most n with u ≤ (1 - p)ⁿ. */
  const passedOver = (u: number): number => {
    let [low, high] = [0, left.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (u <= left[middle]!) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  for (let pair = 0; pair < pairs; ) {
    const n = passedOver(uniform());
    pair += n;
    if (n === left.length - 1 && p < 1) continue;
    if (pair < pairs) take(pair);
    pair++;
  }
}

/** So many different numbers below `among`, each set as likely (Floyd's algorithm). @param seen per number, when it was last taken. */
function chosen(count: number, among: number, below: (n: number) => number, seen: Uint32Array, now: number): number[] {
  const taken: number[] = [];
  for (let j = among - count; j < among; j++) {
    const t = below(j + 1);
    const value = seen[t] === now ? j : t;
    seen[value] = now;
    taken.push(value);
  }
  return taken;
}

/**
 * Draws the pairs of a projection.
 * @param recurrent whether it goes from a population to itself.
 * @throws SaltationError `invalid-input`.
 */
export function drawPairs(
  field: string,
  law: RandomPairs,
  { from, to, seed, recurrent }: { from: Neurons; to: Neurons; seed: number; recurrent: boolean },
): { from: Uint32Array; to: Uint32Array } {
  const kinds = (["probability", "in", "out"] as const).filter((kind) => law[kind] !== undefined);
  if (kinds.length !== 1) fail(field, `expected one of probability, in, out, got ${kinds.join(", ") || "none"}`);
  const without = recurrent && !(law.autapses ?? false);
  const words = new Uint32Array(2);
  let [drawn, at] = [0, 2];
  const word = (): number => {
    if (at === 2) {
      threefryInto(words, seed, streams.pairs, drawn++, 0);
      at = 0;
    }
    return words[at++]!;
  };
  const [sent, received] = [new Growing(), new Growing()];
  /** Neuron n of those but `own`. */
  const others = (n: number, own: number): number => (without && n >= own ? n + 1 : n);
  const pair = (source: number, target: number): void => {
    sent.push(from.first + source);
    received.push(to.first + target);
  };
  if (law.probability !== undefined) {
    const p = finiteNumber(`${field}.probability`, law.probability);
    if (p < 0 || p > 1) fail(`${field}.probability`, `expected a number from 0 to 1, got ${p}`);
    const width = to.count - (without ? 1 : 0);
    byProbability(
      p,
      from.count * width,
      () => uniformOpen(word()),
      (n) => {
        const source = Math.floor(n / width);
        pair(source, others(n % width, source));
      },
    );
  } else {
    const inward = law.in !== undefined;
    const [of, among] = inward ? [to, from] : [from, to];
    const most = among.count - (without ? 1 : 0);
    const count = wholeNumber(`${field}.${inward ? "in" : "out"}`, inward ? law.in : law.out, 0, most);
    const seen = new Uint32Array(most);
    const below = (n: number): number => Math.floor((word() / 2 ** 32) * n);
    for (let k = 0; k < of.count; k++) {
      for (const n of chosen(count, most, below, seen, k + 1)) {
        if (inward) pair(others(n, k), k);
        else pair(k, others(n, k));
      }
    }
  }
  return { from: sent.taken(), to: received.taken() };
}
