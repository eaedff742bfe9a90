/**
 * The error that a run owes to its step, measured and not derived: the first of its paths are solved in float64 at dt and
 * at dt/2 along the same Brownian path, with the same uniforms, and their spikes compared one by one. What it may cost is
 * counted in steps of neurons and not in time, so that the same job gets the same report everywhere.
 */
import { tableauOf } from "../../shaders/substep/tableau.js";
import type { CompiledCell } from "../cell/emit-js.js";
import { counted } from "../checks.js";
import { SaltationError } from "../errors.js";
import type { Network } from "../network/network.js";
import { activeChannels } from "../plan/channels.js";
import {
  type Discretisation,
  type DiscretisationOptions,
  type MeasuredDiscretisation,
  toleranceOf,
} from "../plan/discretisation.js";
import type { SolvePlan } from "../plan/plan.js";
import { planOfPath, setInitial } from "../plan/sampled-values.js";
import { fastestDecay, type Rate, three } from "../plan/stability.js";
import { Turns } from "../turns.js";
import { type Compared, compared, type Orders, ofIntervals, type SolvedPath, solvedPath } from "./compared.js";
import { compileFor } from "./compile.js";
import { type NoiseSource, type PathResult, PathSolver } from "./forward.js";
import { halvedNoise, halvedPlan } from "./halved.js";
import { counterNoise, drawFurther, eventUniform } from "./noise.js";
import { neuronParameters } from "./of-neurons.js";

/** Steps of neurons that a measurement may solve, and a search for a better step on top: some tenths of a second each. */
const budget = 100_000;
const searchBudget = 100_000;

/** Paths: a part of the run's, within bounds, and fewer where the budget is spent. */
const partOfPaths = 32;
const [usualPaths, mostPaths] = [8, 64];
const [leastNeurons, mostNeurons] = [4, 256];
const leastSteps = 16;

/** States along a path whose rates are looked at. */
const mostStates = 256;

/** An error that falls in a lower order than this with the step is taken not to fall. */
const leastOrder = 0.25;

/** Paths of a sample, at least and at most: a network has as many spikes on few of them. */
function pathsOf({ paths, network }: SolvePlan): { least: number; most: number } {
  const wanted = Math.min(mostPaths, Math.max(usualPaths, Math.ceil(paths / partOfPaths)));
  const most = Math.min(paths, wanted, Math.ceil(mostNeurons / network.neurons));
  return { least: Math.min(most, Math.ceil(leastNeurons / network.neurons)), most };
}

/** A spike takes as long as about so many steps of a neuron. */
const stepsOfSpike = ({ neurons, connections }: Network): number =>
  10 + neurons / 16 + (2 * connections.targets.length) / neurons;

/** What is solved of a plan: all of its time, or what the budget allows of the least paths; or why nothing is. */
function sampleOf(plan: SolvePlan): SolvePlan | string {
  const { neurons } = plan.network;
  const { least, most } = pathsOf(plan);
  // A step at dt takes two at dt/2.
  const steps = Math.min(plan.steps, Math.floor(budget / (3 * neurons * least)));
  if (steps < Math.min(leastSteps, plan.steps)) {
    return `it may take ${budget} steps of neurons, which is ${counted(steps, "step")} of ${neurons} neurons at dt and dt/2`;
  }
  const spikes = Math.max(64, Math.floor(budget / (2 * most * stepsOfSpike(plan.network))));
  const maxSpikes = plan.maxSpikes > 0 ? Math.min(plan.maxSpikes, spikes) : spikes;
  const t1 = steps === plan.steps ? plan.t1 : plan.t0 + steps * plan.dt;
  return { ...plan, steps, t1, maxSpikes };
}

/** The paths of a sample at dt/2ⁿ. */
class Level {
  readonly solved: SolvedPath[] = [];
  /** Why a path could not be solved. */
  failure: string | undefined;
  /** The first path, of the first level with all that happened. */
  recorded: PathResult | undefined;
  private readonly solver: PathSolver;

  private constructor(
    readonly plan: SolvePlan,
    private readonly cell: CompiledCell,
    private readonly noise: NoiseSource,
    /** How many times the step was halved. */
    readonly depth: number,
  ) {
    this.solver = new PathSolver(plan, cell, noise);
  }

  static first(plan: SolvePlan, cell: CompiledCell): Level {
    return new Level(plan, cell, counterNoise(plan), 0);
  }

  next(): Level {
    const { plan, cell, noise, depth } = this;
    const halved = halvedPlan(plan);
    // The kick of a stiff state depends on the step.
    const own = plan.exponential.length > 0 ? compileFor(halved) : cell;
    return new Level(halved, own, halvedNoise(plan, noise, depth + 1), depth + 1);
  }

  /** Solves paths up to a number, or to the first that cannot be solved. */
  async solve(paths: number, turns: Turns): Promise<void> {
    while (this.solved.length < paths && this.failure === undefined) {
      this.solveNext();
      if (turns.due()) await turns.take();
    }
  }

  private solveNext(): void {
    const path = this.solved.length;
    try {
      // States along one path tell how fast they answer.
      const result = this.solver.solve(path, this.recorded === undefined && this.depth === 0);
      if (result.final.every((y) => y.every(Number.isFinite))) {
        this.recorded ??= result;
        this.solved.push(solvedPath(result, this.plan, this.starts(path)));
        return;
      }
      this.failure = "a state becomes infinite or NaN";
    } catch (error) {
      if (!(error instanceof SaltationError)) throw error;
      this.failure = error.message;
    }
  }

  private starts(path: number): Float64Array[] {
    return neuronParameters(planOfPath(this.plan, path)).map((p, k) => {
      const y = new Float64Array(this.plan.network.cell.states.length);
      drawFurther(this.cell, this.plan, path, k, 0);
      this.cell.start(y, p, eventUniform(this.plan, path, k, 0));
      setInitial(this.plan, path, k, y);
      return y;
    });
  }
}

/** The largest |∂f/∂y| of a state where sub-steps of a path begin. */
function fastestAlong(cell: CompiledCell, { operations }: PathResult): Rate | undefined {
  const { states, hidden, parameters, channels } = cell.cell;
  const moves = operations.filter((op) => op.kind === "advance");
  const [still, noInput] = [new Float64Array(channels.length), new Float64Array(parameters.length)];
  const [unit, out] = [new Float64Array(states.length), new Float64Array(states.length)];
  const along = { y: unit, p: noInput, I: 0, x: still };
  let fastest: Rate | undefined;
  for (let m = 0; m < moves.length; m += Math.ceil(moves.length / mostStates)) {
    const { y, p, I } = moves[m]!.subStep;
    states.slice(0, states.length - hidden).forEach((state, i) => {
      unit.fill(0);
      unit[i] = 1;
      cell.flowJvp(out, y, p, I, still, along);
      const rate = out[i]!;
      if (Math.abs(rate) > Math.abs(fastest?.rate ?? 0)) fastest = { state, rate };
    });
  }
  return fastest;
}

/** Whether noise moves the event function: crossings between grid points are then missed. */
const noiseDrivesEvent = ({ network }: SolvePlan): boolean =>
  network.cell.exactness.conditions.some(
    (c) => c.name === "noise does not drive the event" && c.verdict === "violated",
  );

/**
 * The orders in which the error is expected to fall with the step, path by path (docs/mathematics.md, Discretisation
 * error). A crossing that is missed between grid points has a chance of order √dt, and a mean delay and a mean squared
 * delay of that order.
 */
function expectedOrders(plan: SolvePlan): Orders {
  const { order, driver } = tableauOf(plan.method);
  if (driver === "none" || activeChannels(plan, []).length === 0) return { mean: order, spread: order };
  if (noiseDrivesEvent(plan)) return { mean: 0.5, spread: 0.25 };
  return { mean: Math.min(order, 1), spread: Math.min(order, 1) };
}

const blownUp: Compared = {
  of: "spike times",
  error: Number.POSITIVE_INFINITY,
  bias: Number.NaN,
  interval: Number.NaN,
  intervalError: Number.NaN,
  intervalBias: Number.NaN,
  relative: Number.POSITIVE_INFINITY,
  unmatched: 0,
};

/** What is expected of an error, and whether spikes are given, so that it does not add up. */
interface Expected extends Orders {
  readonly given: boolean;
}

/** The error of a level against a deeper one, on the paths that both have. */
function errorOf(coarse: Level, fine: Level, orders: Expected, most = mostPaths): Compared {
  if (coarse.failure !== undefined || fine.failure !== undefined) return blownUp;
  const paths = Math.min(coarse.solved.length, fine.solved.length, most);
  const found = compared(coarse.plan.network.cell, {
    coarse: coarse.solved.slice(0, paths),
    fine: fine.solved.slice(0, paths),
    ratio: 2 ** (fine.depth - coarse.depth),
    orders,
  });
  return orders.given ? ofIntervals(found) : found;
}

/**
 * How often a step is halved, so that four fit into the mean interval between spikes. Where a neuron fires within a step from
 * where a sub-step began, half a step leads there by the same sub-step, and would show no error.
 */
const halvingsFor = ({ of, interval }: Compared, dt: number): number =>
  of === "spike times" && interval > 0 ? Math.max(1, Math.ceil(Math.log2((4 * dt) / interval))) : 1;

/** Levels up to a depth, of which the deepest is solved on as many paths as the budget allows, up to all. */
async function deepen(levels: Level[], depth: number, turns: Turns): Promise<Level> {
  const [{ plan, solved }] = levels as [Level];
  const steps = solved.reduce((sum, p) => sum + p.stop, 0) / (solved.length * plan.dt);
  const affordable = Math.floor(Math.log2(budget / (plan.network.neurons * Math.max(1, steps))));
  while (levels.length <= Math.min(depth, affordable)) levels.push(levels.at(-1)!.next());
  const deepest = levels.at(-1)!;
  const ofPath = plan.network.neurons * steps * 2 ** deepest.depth;
  await deepest.solve(Math.min(solved.length, Math.max(1, Math.floor(budget / ofPath))), turns);
  return deepest;
}

/** What a search for a better step goes by. */
interface Search {
  readonly orders: Expected;
  readonly tolerance: number;
  readonly turns: Turns;
}

/**
 * A step that would do: tried by halving as far as the budget goes, and from there on by the order in which the error fell.
 * @param levels the first, and others up to the one that tells its error, to which those that are tried are added.
 * @returns undefined where it did not fall.
 */
async function searchStep(levels: Level[], first: Compared, search: Search): Promise<number | undefined> {
  const [{ plan, solved }] = levels as [Level];
  const { network, dt } = plan;
  const { orders, tolerance, turns } = search;
  const all = Math.max(1, solved.length);
  // Paths may stop early.
  const steps = solved.length > 0 ? solved.reduce((sum, p) => sum + p.stop / dt, 0) / all : plan.steps;
  let left = searchBudget;
  // Where nothing can be tried, the error is taken to fall as expected.
  let [relative, observed, tried] = [first.relative, orders.mean, dt];
  const from = levels.length - 1;
  for (let n = from; ; n++) {
    const ofPath = network.neurons * steps * 2 ** (n + 1);
    const paths = Math.min(all, Math.floor(left / ofPath));
    if (paths < 1) break;
    left -= paths * ofPath;
    const [level, next] = [levels[n]!, levels[n]!.next()];
    levels.push(next);
    await level.solve(paths, turns);
    await next.solve(paths, turns);
    const now = errorOf(level, next, orders, paths);
    // Of fewer paths the error is known less well: how it falls is what counts. That is not known from steps within which
    // neurons fire.
    const known = n === 1 || n > from;
    const fell = known ? errorOf(levels[n - 1]!, level, orders, paths).relative / now.relative : Number.NaN;
    relative = Number.isFinite(fell) ? relative / fell : now.relative;
    tried = dt / 2 ** n;
    if (relative <= tolerance) return tried;
    if (known) observed = Math.min(orders.mean, Math.log2(fell));
  }
  if (!(observed >= leastOrder && relative < Number.POSITIVE_INFINITY)) return undefined;
  return tried / 2 ** Math.ceil(Math.log2(relative / tolerance) / observed);
}

/** A step at which a bias of order √dt, so many times as large as it may be, would do. */
const stepForBias = (dt: number, times: number): number | undefined =>
  times > 1 ? dt / 2 ** Math.ceil(2 * Math.log2(times)) : undefined;

const percent = (part: number): string => `${three(100 * part)} %`;

/** The line that is said of an error above the tolerance. */
function warningOf(plan: SolvePlan, found: Omit<MeasuredDiscretisation, "warning">, failure?: string): string {
  const { error, interval, intervalError, intervalBias, relative, unmatched, fastest, tolerance, suggestedDt } = found;
  const { paths } = found;
  const parts: string[] = [];
  const noise = failure === undefined && noiseDrivesEvent(plan);
  if (failure !== undefined) parts.push(`a path cannot be solved at this step or at half of it (${failure})`);
  else if (found.of !== "states") {
    const alone = unmatched > 0 ? `, and ${percent(unmatched)} of the spikes come at only one step` : "";
    parts.push(
      `${found.of === "intervals" ? "intervals" : "spike times"} are off by ${three(error)}, ${percent(relative)} of the mean interval of ${three(interval)} between ` +
        `spikes (root mean square of ${counted(paths, "path")}, against shorter steps${alone})`,
    );
    if (found.of === "spike times" && intervalError <= tolerance * interval) {
      parts.push(`errors add up from spike to spike: single intervals are off by ${percent(intervalError / interval)}`);
    }
  } else {
    parts.push(`states at the end are off by ${percent(relative)} of their size (${counted(paths, "path")})`);
  }
  if (noise) {
    parts.push(
      "noise moves the event function (∇E·g ≠ 0), so that crossings between grid points are missed: every spike comes " +
        `late${intervalBias > 0 ? `, by about ${three(intervalBias)} on average` : ""}, a bias of order √dt`,
    );
  }
  if (fastest) {
    const verb = fastest.rate < 0 ? "decays" : "grows";
    const rate = Math.abs(fastest.rate);
    parts.push(
      `"${fastest.state}" ${verb} fastest, at a rate of ${three(rate)} (rate · dt = ${three(rate * plan.dt)})`,
    );
  }
  const less = noise ? "a bias" : "an error";
  if (suggestedDt !== undefined) {
    parts.push(`take dt = ${Number(suggestedDt.toPrecision(12))} for ${less} below ${percent(tolerance)}`);
  } else if (noise) parts.push("a fourth of dt halves it");
  else parts.push(`no step was found to bring that below ${percent(tolerance)}`);
  return `time.dt: ${plan.dt} is too large: ${parts.join("; ")}`;
}

/** Up to where a sample went: the plan's end, unless the budget ended it or its paths before. */
function endOf(plan: SolvePlan, sample: SolvePlan, solved: readonly SolvedPath[]): number {
  const ends = solved.map((p) => p.stop);
  const cut = sample.maxSpikes !== plan.maxSpikes && ends.some((stop) => stop < sample.steps * plan.dt);
  return cut ? plan.t0 + Math.max(...ends) : sample.t1;
}

/**
 * Measures the discretisation error of a plan.
 * @param given whether spikes are observed: then that of the intervals between them.
 * @throws SaltationError `invalid-input` where the tolerance is no number above 0.
 */
export async function measureDiscretisation(
  plan: SolvePlan,
  options: DiscretisationOptions = {},
  given = false,
): Promise<Discretisation> {
  const tolerance = toleranceOf(options);
  const { dt } = plan;
  const sample = sampleOf(plan);
  if (typeof sample === "string") return { measured: false, dt, why: sample };
  let cell: CompiledCell;
  try {
    cell = compileFor(plan);
  } catch (error) {
    if (!(error instanceof EvalError)) throw error;
    return { measured: false, dt, why: "this page allows no code from text, which the float64 twin is" };
  }
  const turns = new Turns();
  const orders = { ...expectedOrders(plan), given };
  const first = Level.first(sample, cell);
  const levels = [first, first.next()];
  const { least, most } = pathsOf(plan);
  const { neurons } = plan.network;
  for (let spent = 0; first.solved.length < most && (first.solved.length < least || spent < budget); ) {
    const paths = first.solved.length + 1;
    await first.solve(paths, turns);
    if (first.failure === undefined) await levels[1]!.solve(paths, turns);
    if ((first.failure ?? levels[1]!.failure) !== undefined) break;
    const { stop, times } = first.solved.at(-1)!;
    const spikes = times.reduce((sum, list) => sum + list.length, 0);
    spent += 3 * neurons * (stop / dt) + 2 * spikes * stepsOfSpike(plan.network);
  }
  let found = errorOf(first, levels[1]!, orders);
  const depth = halvingsFor(found, dt);
  if (depth > 1) found = errorOf(first, await deepen(levels, depth, turns), orders);
  const failure = first.failure ?? levels[1]!.failure;
  let suggestedDt: number | undefined;
  if (found.relative > tolerance) {
    suggestedDt = await searchStep(levels, found, { orders, tolerance, turns });
    // What was solved on the way tells the error at dt better.
    const finest = levels.findLast((l) => l.failure === undefined && l.solved.length === first.solved.length);
    if (finest && finest !== first) found = errorOf(first, finest, orders);
    if (noiseDrivesEvent(plan))
      suggestedDt = stepForBias(dt, Math.abs(found.intervalBias) / (tolerance * found.interval));
  }
  const above = found.relative > tolerance;
  const { state: _, ...numbers } = found;
  const measured: Omit<MeasuredDiscretisation, "warning"> = {
    measured: true,
    dt,
    ...numbers,
    paths: first.solved.length,
    until: endOf(plan, sample, first.solved),
    fastest: (first.recorded && fastestAlong(cell, first.recorded)) ?? fastestDecay(sample),
    tolerance,
    suggestedDt: above ? suggestedDt : undefined,
  };
  return { ...measured, warning: above ? warningOf(plan, measured, failure) : undefined };
}
