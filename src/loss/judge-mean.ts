/** Whether the mean of a job's gradient is the derivative of its mean: of the cell as the job uses it, and of its loss. */
import { tableauOf } from "../../shaders/substep/tableau.js";
import { Continuity } from "../cell/continuity.js";
import type { UnbiasedCondition } from "../cell/findings.js";
import { around, type Range, range } from "../cell/interval.js";
import { isRandom as isRandomInput, isUniform, isWeight } from "../cell/random.js";
import { ofAnySize, withOwnGraph } from "../cell/surface.js";
import { checkUnbiased, isRandom } from "../cell/unbiased.js";
import type { Circumstances } from "../cell/use-of-cell.js";
import { cellAt, chooser } from "../cell/which-cell.js";
import { type JudgedCell, judgedCells, whoseCell } from "../network/judged-cells.js";
import { type Parameter, valueAt } from "../network/network.js";
import { allArrivals } from "../plan/arrivals.js";
import { activeChannels } from "../plan/channels.js";
import type { PlannedInput } from "../plan/inputs.js";
import { segmentName, timesSegment } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import { planOfAll } from "../plan/sampled-values.js";
import { horizonOf } from "./horizon.js";
import { type Loss, leftOut } from "./loss.js";
import { checkInside, type JudgedMean } from "./mean-verdict.js";
import type { GradientTerm } from "./result.js";
import { statesThatJump } from "./state-jumps.js";

const hull = (values: ArrayLike<number>, more: ArrayLike<number> = []): Range => {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const list of [values, more]) {
    for (let i = 0; i < list.length; i++) [least, most] = [Math.min(least, list[i]!), Math.max(most, list[i]!)];
  }
  return range(least, most);
};

/** What a sampled input rises by from each sample to the next, over a time. */
function differences({ values, samples, perNeuron }: PlannedInput, time: number): Float64Array {
  const width = perNeuron ? values.length / samples : 1;
  const rises = values.slice(width).map((v, i) => (v - values[i]!) / time);
  return rises.length > 0 ? rises : Float64Array.of(0);
}

/** Some of many numbers, among them the least and the most. */
function spread(values: ArrayLike<number>, most = 64): number[] {
  const { least, most: largest } = hull(values);
  if (values.length <= most) return Array.from(values);
  return [least, largest, ...Array.from({ length: most }, (_, i) => values[Math.floor((i * values.length) / most)]!)];
}

/** Whether a neuron receives from others, and whether one receives from several. */
function meetings(plan: SolvePlan, sourcesMove: boolean): { arrivals: boolean; several: boolean } {
  const { network } = plan;
  const { rowStart, targets, delayOf } = network.connections;
  const sources = new Uint32Array(network.neurons);
  const fed = new Set(allArrivals(plan).neurons);
  for (let k = 0; k < network.neurons + network.sources; k++) {
    for (let i = rowStart[k]!; i < rowStart[k + 1]!; i++) {
      // What a source sends moves with a delay, or with its time where that is differentiated by.
      if (k >= network.neurons && delayOf[i]! < 0 && !sourcesMove) fed.add(targets[i]!);
      else if (targets[i] !== k) sources[targets[i]!]!++;
    }
  }
  return {
    arrivals: fed.size > 0 || sources.some((n) => n > 0),
    // Input spikes come at their times, whatever the parameters: two of them change no places.
    several: sources.some((n, k) => n > 1 || (n === 1 && fed.has(k))),
  };
}

/** A parameter with the values that it has in the neurons of a cell alone. */
function valuesIn(p: Parameter, { populations }: JudgedCell): Parameter {
  if (!populations) return p;
  const all = populations.flatMap(({ first, count }) =>
    Array.from({ length: p.perNeuron || p.parts ? count : 1 }, (_, k) => valueAt(p, first + k)),
  );
  return { name: p.name, values: Float64Array.from(new Set(all)), perNeuron: true };
}

/** A sampled input with the values that it has in the neurons of a cell alone. */
function inputIn(input: PlannedInput, { populations }: JudgedCell, neurons: number): PlannedInput {
  if (!populations || !input.perNeuron) return input;
  const own = new Uint8Array(neurons);
  for (const { first, count } of populations) own.fill(1, first, first + count);
  return { ...input, values: input.values.filter((_, i) => own[i % neurons]) };
}

/**
 * What a plan says of the use of its cell.
 * @param judged the cell, and whose it is.
 * @param names parameters that are differentiated by.
 * @param trained whether their values will change: then no more of them is known than their sign.
 */
function circumstancesOf(
  plan: SolvePlan,
  given: readonly string[],
  trained: boolean,
  judged: JudgedCell,
): Circumstances {
  const names = given.map((name) => segmentName(plan.network, name));
  const { network, current, inputs: all } = planOfAll(plan);
  const inputs = all.map((input) => inputIn(input, judged, network.neurons));
  const arrivals = allArrivals(plan);
  const values = new Map<string, Parameter>(network.parameters.map((p) => [`p.${p.name}`, valuesIn(p, judged)]));
  const moved = (name: string): boolean => names.includes(name === "w" ? "weights" : name.replace(/^[py]\./, ""));
  const open = (name: string): boolean => trained && moved(name);
  const free = (at: Range): Range => (at.least < 0 && at.most > 0 ? around(0) : around(at.least + at.most));
  const weights = [...spread(network.connections.weights), ...spread(arrivals.weights)];
  const weight = hull(network.connections.weights, arrivals.weights);
  const known = new Map<string, Range>();
  for (const [name, p] of values) known.set(name, hull(p.values));
  known.set("I", hull(current.values));
  known.set("w", weight);
  /** Values that states which are sampled inputs, and their slopes, have on the grid. */
  const sampled = new Map<string, Float64Array>();
  for (const input of inputs) {
    sampled.set(`y.${network.cell.states[input.value]}`, input.values);
    if (input.slope !== undefined)
      sampled.set(`y.${network.cell.states[input.slope]}`, differences(input, input.stepsPerSample * plan.dt));
  }
  for (const [name, list] of sampled) known.set(name, hull(list));
  const draw: Circumstances["draw"] = (name, r, trial) => {
    if (isUniform(name)) return r;
    const samples = sampled.get(name);
    if (samples) return samples[Math.floor(r * samples.length)]!;
    if (name.startsWith("y.") || isRandomInput(name)) return ofAnySize(r, trial);
    if (isWeight(name)) {
      const value = weights[Math.floor(r * weights.length)] ?? 0;
      return open("w") ? value + ofAnySize(r, trial) : value;
    }
    if (name === "I") return current.values[Math.floor(r * current.values.length)] ?? 0;
    const p = values.get(name)!;
    if (name === chooser) return cellAt(r);
    const value = p.values[p.perNeuron ? trial % p.values.length : 0]!;
    if (!open(name)) return value;
    return value === 0 ? 0.05 + 1.9 * r : value * (0.5 + r);
  };
  const met = meetings(plan, names.includes(timesSegment));
  return {
    range: (name) => {
      if (isUniform(name)) return range(0, 1, false);
      const at = known.get(isWeight(name) ? "w" : name);
      if (!at) return around(0);
      return open(isWeight(name) ? "w" : name) || (name === "I" && open("p.current")) ? free(at) : at;
    },
    draw,
    channels: activeChannels(plan, names, judged),
    arrivals: met.arrivals,
    meetings: met.several && (weight.least < weight.most || open("w")),
    moved,
    whole: (name) => (name === "w" ? weights : (values.get(name)?.values ?? [0.5])).every(Number.isInteger),
    initial: (plan.samples?.values?.initial ?? []).map(({ state }) => `y.${network.cell.states[state]}`),
    jumps: (state) => {
      const input = inputs.find((i) => network.cell.states[i.value] === state);
      return input ? hull(differences(input, 1)) : around(0);
    },
  };
}

const line = ({ name, verdict, detail, mend }: UnbiasedCondition, judged: JudgedCell): string =>
  `${whoseCell(judged)}${name} ${verdict === "violated" ? "is violated" : "is unproven"}: ${detail}; to mend it, ${mend}`;

/**
 * Judges a gradient before it is taken.
 * @param names parameters to differentiate by, or to train.
 * @throws SaltationError for the gradient of a loss that jumps before t1.
 */
export function judgeMean(
  plan: SolvePlan,
  loss: Loss | undefined,
  names: readonly string[],
  trained = false,
): JudgedMean {
  checkInside(plan, loss, names);
  if (loss?.of) {
    const judged = judgeMean(plan, loss.of, names, trained);
    return { ...judged, terms: [...judged.terms, "score"] };
  }
  // What else would make a score wrong is refused (score.ts).
  if (loss?.estimator === "score") {
    const frozen = tableauOf(plan.method).driver === "grid";
    const why = `with method "${plan.method}" spikes come by a hazard that is frozen over a step, and a score takes it at the spike`;
    const because = frozen ? [`${why}: an error of the order of dt; to mend it, take method "levy"`] : [];
    return { unbiased: !frozen, because, random: true, terms: ["score"] };
  }
  const cells = judgedCells(plan.network).map((judged) => ({
    judged,
    cell: judged.cell,
    use: circumstancesOf(plan, names, trained, judged),
  }));
  // A likelihood is a function of observed spikes: its gradient is no mean over random paths. It may have jumps.
  if (loss?.likelihood) {
    const because = cells.flatMap(({ judged, cell, use }) => {
      const jumps = cell.events.length > 1 ? [new Continuity(withOwnGraph(cell.written), use).judged()] : [];
      return jumps.filter((c) => c.verdict !== "holds").map((c) => line(c, judged));
    });
    return { unbiased: because.length === 0, because, random: false, terms: ["likelihood"] };
  }
  const random = cells.some(({ cell, use }) => isRandom(cell.written, use));
  if (!random) return { unbiased: true, because: [], random, terms: ["pathwise"] };
  const because = cells.flatMap(({ judged, cell, use }) =>
    checkUnbiased(cell.written, use, random)
      .filter((c) => c.verdict !== "holds")
      .map((c) => line(c, judged)),
  );
  for (const { judged, cell, use } of cells) {
    const commute = cell.exactness.conditions.find((c) => c.name === "jump and noise commute");
    if (tableauOf(plan.method).driver === "grid" && use.channels.length > 0 && commute?.verdict !== "holds") {
      const kicks = `with method "${plan.method}" noise comes in kicks at grid points, which do not commute with all jumps`;
      const mend = 'to mend it, take method "levy"';
      because.push(`${whoseCell(judged)}${kicks}: what comes of a spike there depends on their order; ${mend}`);
    }
  }
  const left = loss && leftOut(loss, plan);
  if (left) because.push(`loss "${loss.kind}": ${left}`);
  const jumps = loss?.states && statesThatJump(plan);
  if (jumps) because.push(`loss "${loss!.kind}": ${jumps}`);
  const horizon = loss?.horizon ? horizonOf(plan, names) : undefined;
  if (horizon?.lacks) because.push(`loss "${loss!.kind}" jumps where a spike crosses t1: ${horizon.lacks}`);
  if (loss?.withoutScore && because.length > 0)
    because.push(`the score does not serve here either: ${loss.withoutScore}`);
  const terms: GradientTerm[] = horizon?.events.length ? ["pathwise", "horizon"] : ["pathwise"];
  return { unbiased: because.length === 0, because, random, terms };
}
