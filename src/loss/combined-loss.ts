/** A weighted sum of losses: a fit with regularisers, say. */
import { checkOptions, fail, finiteNumber, show } from "../checks.js";
import type { Gpu } from "../gpu/index.js";
import { observedEntries } from "../plan/observed.js";
import type { SolvePlan } from "../plan/plan.js";
import type { TypedSpikes } from "../spikes/spikes.js";
import { type Loss, type LossValue, leftOut } from "./loss.js";
import type { SampleLoss } from "./sample-loss.js";

export interface LossPart {
  readonly loss: Loss;
  /** Default 1. */
  readonly weight?: number;
}

/** A part with its weight. */
export interface WeightedLoss {
  readonly loss: Loss;
  readonly weight: number;
}

const all = <T>(values: readonly (T | undefined)[]): values is readonly T[] => values.every((v) => v !== undefined);

/** The weighted sum of what parts are. */
function added(
  parts: readonly WeightedLoss[],
  values: readonly LossValue[],
  spikes: readonly TypedSpikes[],
): LossValue {
  const sum = (rows: readonly (ArrayLike<number> | undefined)[], length: number): Float64Array => {
    const total = new Float64Array(length);
    rows.forEach((row, p) => {
      for (let i = 0; row && i < length; i++) total[i]! += parts[p]!.weight * row[i]!;
    });
    return total;
  };
  const states = values.find((v) => v.stateCotangents)?.stateCotangents?.length;
  const horizon = values.find((v) => v.horizon)?.horizon;
  const known = values.every((v) => v.pathValues);
  return {
    value: values.reduce((total, v, p) => total + parts[p]!.weight * v.value, 0),
    cotangents: spikes.map(({ times }, i) =>
      sum(
        values.map((v) => v.cotangents[i]),
        times.length,
      ),
    ),
    ...(horizon
      ? {
          horizon: horizon.map((row, i) =>
            sum(
              values.map((v) => v.horizon?.[i]),
              row.length,
            ),
          ),
        }
      : {}),
    ...(states
      ? {
          stateCotangents: sum(
            values.map((v) => v.stateCotangents),
            states,
          ),
        }
      : {}),
    ...(known
      ? {
          pathValues: sum(
            values.map((v) => v.pathValues),
            spikes.length,
          ),
        }
      : {}),
    means: values.flatMap((v) => v.means ?? []),
    partMeans: values.map((v) => v.means?.length ?? 0),
  };
}

/**
 * The sum of losses times their weights. It is what its parts are: gradients have what each has, and leave out what any leaves out.
 *
 *     combinedLoss([{ loss: firstSpikes(target) }, { loss: silenceRegulariser({ least: 1 }), weight: 0.1 }])
 *
 * Classes are those that its first classifier tells.
 * @throws SaltationError `invalid-input`, also for weights that are all 0, and for a log-likelihood, which is no loss of simulated spikes.
 */
export function combinedLoss(parts: readonly LossPart[]): SampleLoss {
  if (!Array.isArray(parts) || parts.length === 0)
    fail("loss", `expected a list of { loss, weight }, got ${show(parts)}`);
  const weighted = parts.map((part: LossPart, p): WeightedLoss => {
    checkOptions(`loss[${p}]`, part, { loss: true, weight: true });
    if (typeof part.loss?.kind !== "string") fail(`loss[${p}].loss`, `expected a loss, got ${show(part.loss)}`);
    if (part.loss.likelihood)
      fail(`loss[${p}].loss`, `"${part.loss.kind}" is no loss of simulated spikes; take it alone`);
    return { loss: part.loss, weight: finiteNumber(`loss[${p}].weight`, part.weight ?? 1) };
  });
  if (weighted.every((w) => w.weight === 0))
    fail("loss", "has weights that are all 0, and so is their sum; give one that is not");
  const losses = weighted.map((w) => w.loss);
  const states = losses.flatMap((l) => (l.states ? [l.states].flat() : []));
  /** How many means each part has, once it has been taken. */
  let counts: readonly number[] = [];
  const counted = (partMeans: readonly number[]): void => {
    counts = partMeans;
  };
  const least = Math.max(...losses.map((l) => l.leastPaths ?? 1));
  const inBatch = Math.max(...losses.map((l) => l.batchPaths ?? 0));
  const needed = losses.map((l) => l.spikesNeeded);
  const classifier = (losses as readonly SampleLoss[]).find((loss) => loss.classes);
  const leavesOut = (plan: SolvePlan): string | undefined => {
    const all = losses.flatMap((l) => {
      const left = leftOut(l, plan);
      return left ? [`${l.kind}: ${left}`] : [];
    });
    return all.length > 0 ? all.join("; ") : undefined;
  };
  return {
    kind: losses.map((l) => l.kind).join(" + "),
    pathwise: losses.every((l) => l.pathwise),
    horizon: losses.some((l) => l.horizon),
    independent: losses.some((l) => l.independent),
    ...(states.length > 0 ? { states } : {}),
    ...(least > 1 ? { leastPaths: least } : {}),
    ...(inBatch > 0 ? { batchPaths: inBatch } : {}),
    ...(all(needed) ? { spikesNeeded: Math.max(...needed) } : {}),
    ...(losses.some((l) => l.leavesOut) ? { leavesOut } : {}),
    counted,
    check(network) {
      for (const loss of losses) loss.check?.(network);
    },
    checkPlan(plan, names) {
      for (const loss of losses) loss.checkPlan?.(plan, names);
    },
    checkStops(plan) {
      for (const loss of losses) loss.checkStops?.(plan);
    },
    warnings(plan, means) {
      let at = 0;
      return losses.flatMap((loss, p) => {
        const from = at;
        at += counts[p] ?? 0;
        return [...(loss.warnings?.(plan, counts.length > 0 ? means?.slice(from, at) : undefined) ?? [])];
      });
    },
    ...(classifier ? { classes: classifier.classes! } : {}),
    jumpsInside: (plan) => losses.map((loss) => loss.jumpsInside?.(plan)).find((why) => why !== undefined),
    ...(losses.every((l) => l.evaluate)
      ? {
          async evaluate(spikes: readonly TypedSpikes[], plan: SolvePlan, observed?: Float64Array) {
            const values: LossValue[] = [];
            for (const loss of losses) values.push(await loss.evaluate!(spikes, plan, loss.states && observed));
            const sum = added(weighted, values, spikes);
            counts = sum.partMeans!;
            return sum;
          },
        }
      : {}),
    ...(losses.every((l) => l.gpu)
      ? {
          async gpu(gpu: Gpu, plan: SolvePlan, recordWords: number) {
            const { GpuCombinedLoss } = await import("./gpu-combined-loss.js");
            return GpuCombinedLoss.create(gpu, recordWords, weighted, {
              plan,
              entries: observedEntries(plan.observed),
              counted,
            });
          },
        }
      : {}),
  };
}
