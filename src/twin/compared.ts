/** What two solutions of the same paths, at a step and at a shorter one, differ by. */
import type { Cell } from "../cell/cell.js";
import type { MeasuredDiscretisation } from "../plan/discretisation.js";
import type { PathResult } from "./forward.js";

/** One path at one step. */
export interface SolvedPath {
  /** Times of spikes since t0, by neuron. */
  readonly times: readonly (readonly number[])[];
  /** Where it stopped: what would come later is not known. */
  readonly stop: number;
  /** States of each neuron where paths begin and where this one stopped. */
  readonly start: readonly Float64Array[];
  readonly final: readonly Float64Array[];
}

export function solvedPath(
  { spikes, saturated, final }: Pick<PathResult, "spikes" | "saturated" | "final">,
  { dt, steps }: { readonly dt: number; readonly steps: number },
  start: readonly Float64Array[],
): SolvedPath {
  const times = final.map((): number[] => []);
  for (const s of spikes) times[s.neuron]!.push((s.step + s.fraction) * dt);
  const last = spikes.at(-1);
  const stop = saturated && last ? (last.step + last.fraction) * dt : steps * dt;
  return { times, stop, start, final };
}

type ErrorOfStep = "of" | "error" | "bias" | "interval" | "intervalError" | "intervalBias" | "relative" | "unmatched";

/** The error of the longer step, and what it is an error of. */
export interface Compared extends Pick<MeasuredDiscretisation, ErrorOfStep> {
  /** The state with the largest error, of states. */
  readonly state?: string;
}

/** Orders in which errors fall with the step: their mean, and what each path has on top. */
export interface Orders {
  readonly mean: number;
  readonly spread: number;
}

/** Mean and spread of differences between a step and a shorter one, and from them the error at the longer. */
class Differences {
  private count = 0;
  private sum = 0;
  private squares = 0;

  add(difference: number): void {
    this.count++;
    this.sum += difference;
    this.squares += difference * difference;
  }

  /**
   * Richardson's factor for an order p and a step shorter by a factor r: an error that goes as dtᵖ is 1/(1 − r⁻ᵖ) times
   * what the shorter step changes; of one that is without mean given the coarser path, as the error of missing noise is,
   * mean squares add up, so that its root mean square is 1/√(1 − r⁻²ᵖ) times that. The mean difference is taken for the
   * first, the rest for the second.
   */
  error(orders: Orders, ratio: number): { bias: number; error: number } {
    const mean = this.count > 0 ? this.sum / this.count : 0;
    const variance = this.count > 0 ? Math.max(0, this.squares / this.count - mean * mean) : 0;
    const bias = mean / (1 - ratio ** -orders.mean);
    return { bias, error: Math.hypot(bias, Math.sqrt(variance / (1 - ratio ** (-2 * orders.spread)))) };
  }
}

/** The same paths at a step and at one that is shorter by a factor `ratio`. */
export interface Pair {
  readonly coarse: readonly SolvedPath[];
  readonly fine: readonly SolvedPath[];
  readonly ratio: number;
  readonly orders: Orders;
}

/** The n-th spike of each neuron at one step with its n-th at the other. */
function spikeTimes({ coarse, fine, orders, ratio }: Pair): Compared | undefined {
  const [differences, ofIntervals] = [new Differences(), new Differences()];
  let [matched, unmatched] = [0, 0];
  const spans = { coarse: 0, fine: 0 };
  const counts = { coarse: 0, fine: 0 };
  coarse.forEach((a, i) => {
    const b = fine[i]!;
    a.times.forEach((mine, k) => {
      const its = b.times[k]!;
      for (const [which, list] of [["coarse", mine] as const, ["fine", its] as const]) {
        spans[which] += list.at(-1) ?? 0;
        counts[which] += list.length;
      }
      const both = Math.min(mine.length, its.length);
      matched += both;
      let last = 0;
      const add = (difference: number): void => {
        differences.add(difference);
        ofIntervals.add(difference - last);
        last = difference;
      };
      for (let n = 0; n < both; n++) add(mine[n]! - its[n]!);
      /** One that the other path has no partner for, although it went on beyond it. */
      const alone = (time: number, stop: number, sign: number): void => {
        if (time >= stop) return;
        unmatched++;
        add(sign * (time - stop));
      };
      for (let n = both; n < mine.length; n++) alone(mine[n]!, b.stop, 1);
      for (let n = both; n < its.length; n++) alone(its[n]!, a.stop, -1);
    });
  });
  if (counts.coarse + counts.fine === 0) return undefined;
  const which = counts.fine > 0 ? "fine" : "coarse";
  const interval = spans[which] / counts[which];
  const { error, bias } = differences.error(orders, ratio);
  // Spikes at t0 alone have no interval.
  const relative = error === 0 ? 0 : error / interval;
  const { error: intervalError, bias: intervalBias } = ofIntervals.error(orders, ratio);
  const alone = unmatched / Math.max(1, matched + unmatched);
  return { of: "spike times", error, bias, interval, intervalError, intervalBias, relative, unmatched: alone };
}

/** States at the end, each as a part of its size: the root mean square there or where paths begin, whichever is larger. */
function states(cell: Cell, { coarse, fine, orders, ratio }: Pair): Compared {
  const none = { interval: Number.NaN, intervalError: Number.NaN, intervalBias: Number.NaN, unmatched: 0 };
  let worst: Compared = { of: "states", error: 0, bias: 0, relative: 0, ...none };
  cell.states.slice(0, cell.states.length - cell.hidden).forEach((state, i) => {
    const differences = new Differences();
    let [ends, starts, count] = [0, 0, 0];
    coarse.forEach((a, path) => {
      const b = fine[path]!;
      a.final.forEach((y, k) => {
        differences.add(y[i]! - b.final[k]![i]!);
        ends += b.final[k]![i]! ** 2;
        starts += b.start[k]![i]! ** 2;
        count++;
      });
    });
    const size = Math.sqrt(Math.max(ends, starts) / count);
    const { error, bias } = differences.error(orders, ratio);
    const relative = error === 0 ? 0 : error / size;
    if (relative > worst.relative) worst = { ...worst, error: relative, bias: bias / size, relative, state };
  });
  return worst;
}

/** The error of paths at a step, from the same at a shorter one. */
export const compared = (cell: Cell, pair: Pair): Compared => spikeTimes(pair) ?? states(cell, pair);

/** The same where spikes are given: after each the path is where it is in truth. */
export function ofIntervals(found: Compared): Compared {
  if (found.of !== "spike times") return found;
  const { interval, intervalError: error, intervalBias: bias } = found;
  return { ...found, of: "intervals", error, bias, relative: error === 0 ? 0 : error / interval };
}
