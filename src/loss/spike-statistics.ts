/**
 * Losses of how spikes vary: the Fano factor of counts, and the mean and coefficient of variation of intervals. Each is a function of
 * means over paths, and moves with one more spike at t1 (docs/mathematics.md). Fano, Phys. Rev. 72, 26 (1947); Perkel, Gerstein & Moore,
 * Biophys. J. 7, 391 (1967).
 */
import { checkOptions, fail, finiteNumber, type Names, oneOf } from "../checks.js";
import type { SolvePlan } from "../plan/plan.js";
import { estimateOf } from "../reduce/statistics.js";
import type { TypedSpikes } from "../spikes/spikes.js";
import { ofNeurons } from "./by-network.js";
import type { Loss, LossValue } from "./loss.js";
import { type CountedSpikes, checkCalled, countsOf, windowChecked, windowJumps, windowOf } from "./spike-count.js";

export interface FanoFactorOptions extends CountedSpikes {
  /** What it is to be: the loss is then their squared difference. */
  readonly target?: number;
}

export interface IntervalOptions extends Pick<CountedSpikes, "neuron"> {
  /** The mean of intervals (the default), or their standard deviation over it (`cv`). */
  readonly statistic?: "mean" | "cv";
  /** What it is to be: the loss is then their squared difference. */
  readonly target?: number;
}

const fanoNames: Names<FanoFactorOptions> = { neuron: true, from: true, to: true, target: true };
const intervalNames: Names<IntervalOptions> = { neuron: true, statistic: true, target: true };

/**
 * Paths of a batch near a target, where a gradient is a product of two numbers with spread: with batches of 16 its standard errors were 3.0 times
 * the spread of 512 paths (Fano factor, 64 seeds), with batches of 64 1.5 times.
 */
const nearTarget = 64;

/** Of a statistic that silent paths have not. */
const mend = "give more paths, or train a count of spikes before";

/** What spikes of a path give to the means that a statistic is a function of. */
interface PathParts {
  readonly values: readonly number[];
  /** Derivatives of those by the times of the spikes, times given slopes. */
  cotangents(slopes: readonly number[]): Float64Array;
  /** What one more spike of a neuron at t1 adds to each. */
  added(neuron: number): readonly number[];
}

interface Statistic {
  readonly kind: string;
  /** `Loss.independent`. */
  readonly independent?: boolean;
  readonly neurons: readonly number[] | undefined;
  readonly target: number | undefined;
  readonly parts: (spikes: TypedSpikes, plan: SolvePlan) => PathParts;
  /** Its value, and its derivatives by the means. @throws SaltationError where there is none. */
  readonly of: (
    means: readonly number[],
    paths: number,
  ) => { readonly value: number; readonly slopes: readonly number[] };
  readonly checkPlan?: (plan: SolvePlan) => void;
  readonly jumpsInside?: (plan: SolvePlan) => string | undefined;
}

function statisticLoss({ kind, independent, neurons, target, parts, of, checkPlan, jumpsInside }: Statistic): Loss {
  return {
    kind,
    ...(independent ? { independent } : {}),
    pathwise: false,
    horizon: true,
    leastPaths: 2,
    ...(target === undefined ? {} : { batchPaths: nearTarget }),
    ...(checkPlan ? { checkPlan } : {}),
    ...(jumpsInside ? { jumpsInside } : {}),
    check(network) {
      for (const k of neurons ?? [])
        if (k >= network.neurons) fail("loss.neuron", `is ${k}; the network has neurons 0 to ${network.neurons - 1}`);
    },
    evaluate(spikes, plan): LossValue {
      const all = spikes.map((one) => parts(one, plan));
      const means = all[0]!.values.map((_, s) =>
        estimateOf(
          Float64Array.from(all, ({ values }) => values[s]!),
          plan.antithetic,
        ),
      );
      const n = spikes.length;
      const at = means.map((e) => e.mean);
      const { value: statistic, slopes } = of(at, n);
      const lossOf = (found: number): number => (target === undefined ? found : (found - target) ** 2);
      const value = lossOf(statistic);
      const bars = slopes.map((slope) => (target === undefined ? slope : 2 * (statistic - target) * slope));
      const each = bars.map((bar) => bar / n);
      // Not to first order alone: few paths make a statistic bend within what one spike adds.
      const withMore = (row: readonly number[]): number =>
        row.some((v) => v !== 0)
          ? lossOf(
              of(
                at.map((mean, s) => mean + row[s]! / n),
                n,
              ).value,
            ) - value
          : 0;
      return {
        value,
        cotangents: all.map((one) => one.cotangents(each)),
        horizon: all.map((one) =>
          Float64Array.from({ length: plan.network.neurons }, (_, k) =>
            neurons && !neurons.includes(k) ? 0 : withMore(one.added(k)),
          ),
        ),
        pathValues: all.map(({ values }) => values.reduce((sum, v, s) => sum + bars[s]! * v, 0)),
        means,
      };
    },
  };
}

/**
 * Fano factor of how many spikes neurons have in the window, added up: the unbiased variance over paths, which are independent of each
 * other, over the mean; or its squared difference from a target.
 * @throws SaltationError `invalid-input`; as it is taken `not-finite`, where no path has a spike that counts.
 */
export function fanoFactor(options: FanoFactorOptions = {}): Loss {
  checkOptions("loss", options, fanoNames);
  const window = windowChecked(options);
  checkCalled(options.neuron);
  const target = options.target === undefined ? undefined : finiteNumber("loss.target", options.target);
  return ofNeurons(options.neuron, [0], (neurons) =>
    statisticLoss({
      kind: "fano-factor",
      independent: true,
      neurons,
      target,
      checkPlan: (plan) => void windowOf(window, plan),
      jumpsInside: (plan) => windowJumps(window, plan),
      parts(spikes, plan) {
        const { open } = windowOf(window, plan);
        const end = open ? Number.POSITIVE_INFINITY : window.to!;
        const [count] = countsOf([{ neurons }], spikes, window.from ?? plan.t0, end) as [number];
        return {
          values: [count, count * count],
          cotangents: () => new Float64Array(spikes.times.length),
          added: () => (open ? [1, 2 * count + 1] : [0, 0]),
        };
      },
      of([mean, square], paths) {
        if (mean === 0)
          fail(
            "loss",
            `no path has a spike that counts, and a Fano factor is a part of their mean number; ${mend}`,
            "not-finite",
          );
        const unbiased = paths / (paths - 1);
        const slopes = [unbiased * (-square! / mean! ** 2 - 1), unbiased / mean!];
        return { value: unbiased * (square! / mean! - mean!), slopes };
      },
    }),
  );
}

/**
 * Mean, or coefficient of variation, of the intervals from one spike of a neuron to its next, of all neurons and paths together; or its
 * squared difference from a target. Intervals that t0 or t1 cuts off do not count.
 * @throws SaltationError `invalid-input`; as it is taken `not-finite`, where there is no interval.
 */
export function interval(options: IntervalOptions = {}): Loss {
  checkOptions("loss", options, intervalNames);
  checkCalled(options.neuron);
  const statistic = oneOf("loss.statistic", options.statistic ?? "mean", ["mean", "cv"] as const);
  const target = options.target === undefined ? undefined : finiteNumber("loss.target", options.target);
  return ofNeurons(options.neuron, [0], (neurons) =>
    statisticLoss({
      kind: "interval",
      neurons,
      target,
      parts({ times, neurons: who }, { t1 }) {
        const last = new Map<number, number>();
        const pairs: (readonly [number, number])[] = [];
        for (let n = 0; n < times.length; n++) {
          if (neurons && !neurons.includes(who[n]!)) continue;
          const before = last.get(who[n]!);
          if (before !== undefined) pairs.push([before, n]);
          last.set(who[n]!, n);
        }
        const lengths = pairs.map(([a, b]) => times[b]! - times[a]!);
        return {
          values: [pairs.length, lengths.reduce((sum, d) => sum + d, 0), lengths.reduce((sum, d) => sum + d * d, 0)],
          cotangents([, first, second]) {
            const row = new Float64Array(times.length);
            pairs.forEach(([a, b], i) => {
              const by = first! + 2 * second! * lengths[i]!;
              row[a]! -= by;
              row[b]! += by;
            });
            return row;
          },
          added(k) {
            const before = last.get(k);
            const length = before === undefined ? 0 : t1 - times[before]!;
            return before === undefined ? [0, 0, 0] : [1, length, length * length];
          },
        };
      },
      of([count, sum, squares]) {
        if (count === 0)
          fail("loss", `no neuron has two spikes in a path, so that there is no interval; ${mend}`, "not-finite");
        const [n, a, b] = [count!, sum!, squares!];
        if (statistic === "mean") return { value: a / n, slopes: [-a / n ** 2, 1 / n, 0] };
        const cv = Math.sqrt(Math.max(0, (b * n) / a ** 2 - 1));
        const by = cv > 0 ? 1 / (2 * cv) : 0;
        return { value: cv, slopes: [(by * b) / a ** 2, (-2 * by * b * n) / a ** 3, (by * n) / a ** 2] };
      },
    }),
  );
}
