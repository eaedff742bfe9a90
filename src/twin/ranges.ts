/** Ranges of the paths of a gradient by the float64 twin, in rounds: for shards and workers, loaded where they are. */
import { fail } from "../checks.js";
import { evaluateOnHost } from "../loss/host-loss.js";
import type { EvaluatorOptions, Loss, RangeEvaluator } from "../loss/loss.js";
import { type TakenLoss, takenOf } from "../loss/taken.js";
import type { PathRange } from "../plan/chunks.js";
import type { View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import { estimateOf, estimatesOf, sumsOf } from "../reduce/statistics.js";
import type { TypedSpikes } from "../spikes/spikes.js";
import { type Fired, firedIn, swept, taken } from "./evaluate.js";

/** What ranges of paths add to value and gradient of a loss. */
export function rangesCpu(loss: Loss, views: readonly View[]): RangeEvaluator {
  const { ofMeans, pathwise = false } = loss;
  /** Of the first round, for the second of the same plan and range. */
  let fired: { readonly of: SolvePlan; readonly range: PathRange; readonly found: Fired } | undefined;
  const sweptSums = async (plan: SolvePlan, range: PathRange, of: TakenLoss, options: EvaluatorOptions) =>
    sumsOf(await swept(plan, loss, views, range, of, options), plan.antithetic);
  return {
    async fire(plan, range) {
      const { spikes, states, saturated } = await firedIn(plan, range);
      const words = Float64Array.from(
        spikes.flatMap(({ times, neurons }) => [...times].flatMap((t, n) => [t, neurons[n]!])),
      );
      const counts = Int32Array.from(spikes, ({ times }) => times.length);
      return { fired: { counts, words, states }, offset: 0, saturated, warnings: [] };
    },
    async take(plan, { counts, words, states }) {
      if (!loss.evaluate) fail("loss", `"${loss.kind}" is written for a GPU alone; backend "cpu" needs its evaluate()`);
      let at = 0;
      const spikes = Array.from(counts, (count): TypedSpikes => {
        const own = words.subarray(2 * at, 2 * (at += count));
        return {
          times: Float64Array.from({ length: count }, (_, n) => own[2 * n]!),
          neurons: Int32Array.from({ length: count }, (_, n) => own[2 * n + 1]!),
        };
      });
      return taken(plan, 0, spikes, await evaluateOnHost(loss, spikes, plan, states && Float64Array.from(states)));
    },
    async sweep(plan, range, all, options = {}) {
      const gradient = await sweptSums(plan, range, takenOf(all, range), options);
      // Who stopped was told by `fire`.
      return { gradient, offset: 0, saturated: 0, warnings: [] };
    },
    async evaluate(plan, range, all, options = {}) {
      if (!ofMeans) fail("loss", `"${loss.kind}" compares all paths with each other, and takes them together`);
      const { antithetic, paths } = plan;
      const kept = fired?.of === plan && fired.range.first === range.first && fired.range.end === range.end;
      const found = kept ? fired!.found : await firedIn(plan, range);
      fired = all ? undefined : { of: plan, range, found };
      const { spikes, states, saturated } = found;
      const some = { first: range.first, states };
      const rows = ofMeans.look(spikes, plan, some);
      const looked = sumsOf(rows, antithetic);
      const known = { looked, offset: 0, saturated, warnings: [] };
      if (!all && !pathwise) return known;
      // Cotangents of a pathwise loss do not look at the means.
      const means = all
        ? estimatesOf(all, antithetic ? paths / 2 : paths)
        : rows.map((row) => estimateOf(row, antithetic));
      const value = { value: Number.NaN, ...ofMeans.taken(spikes, rows, means, plan, some) };
      return { ...known, gradient: await sweptSums(plan, range, taken(plan, range.first, spikes, value), options) };
    },
    dispose: () => {},
  };
}
