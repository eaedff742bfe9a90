/**
 * The error that a run owes to its step, measured and not derived: the first of its paths are solved in float64 at dt and
 * at dt/2 along the same Brownian path, with the same uniforms, and their spikes compared one by one. What it may cost is
 * counted in steps of neurons and not in time, so that the same job gets the same report everywhere.
 */
import { tableauOf } from "../../shaders/substep/tableau.js";
import { type CompiledCell, compileCell } from "../cell/emit-js.js";
import { SaltationError } from "../errors.js";
import { activeChannels } from "../plan/channels.js";
import {
  type Discretisation,
  type DiscretisationOptions,
  type MeasuredDiscretisation,
  toleranceOf,
} from "../plan/discretisation.js";
import type { SolvePlan } from "../plan/plan.js";
import { fastestDecay, type Rate, three } from "../plan/stability.js";
import { Turns } from "../turns.js";
import { type Compared, compared, type Orders, type SolvedPath, solvedPath } from "./compared.js";
import { type NoiseSource, neuronParameters, type PathResult, PathSolver } from "./forward.js";
import { halvedNoise, halvedPlan } from "./halved.js";
import { counterNoise, eventUniform } from "./noise.js";

/** Steps of neurons that a measurement may solve, and a search for a better step on top: some tenths of a second each. */
const budget = 2 ** 17;
const searchBudget = 2 ** 18;

/** Paths: a part of the run's, within bounds; where the budget allows fewer than the least, a part of the time is solved. */
const partOfPaths = 32;
const [leastPaths, usualPaths, mostPaths] = [4, 8, 64];
const leastSteps = 16;

/** States along a path whose rates are looked at. */
const mostStates = 256;

/** An error that falls in a lower order than this with the step is taken not to fall. */
const leastOrder = 0.25;

/** What is solved of a plan; or why nothing is, where the budget allows too little. */
function sampleOf(plan: SolvePlan): SolvePlan | string {
  const { neurons, connections } = plan.network;
  const wanted = Math.min(plan.paths, mostPaths, Math.max(usualPaths, Math.ceil(plan.paths / partOfPaths)));
  const least = Math.min(leastPaths, plan.paths);
  // A step at dt takes two at dt/2.
  const ofStep = 3 * neurons;
  const paths = Math.max(least, Math.min(wanted, Math.floor(budget / (ofStep * plan.steps))));
  const steps = Math.min(plan.steps, Math.floor(budget / (ofStep * paths)));
  if (steps < Math.min(leastSteps, plan.steps)) {
    return `${neurons} neurons are more than the budget of a measurement, ${budget} steps of neurons, allows`;
  }
  // A spike takes as long as about so many steps.
  const ofSpike = 10 + neurons / 16 + (2 * connections.weights.length) / neurons;
  const most = Math.max(64, Math.floor(budget / (2 * paths * ofSpike)));
  const maxSpikes = plan.maxSpikes > 0 ? Math.min(plan.maxSpikes, most) : most;
  const t1 = steps === plan.steps ? plan.t1 : plan.t0 + steps * plan.dt;
  return { ...plan, paths, steps, t1, maxSpikes };
}

/** The paths of a sample at dt/2ⁿ. */
class Level {
  readonly solved: SolvedPath[] = [];
  /** Why a path could not be solved. */
  failure: string | undefined;
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
    return new Level(halvedPlan(plan), cell, halvedNoise(plan, noise, depth + 1), depth + 1);
  }

  /** Solves paths up to a number, or to the first that cannot be solved. */
  async solve(paths: number, turns: Turns, record = false): Promise<PathResult | undefined> {
    let kept: PathResult | undefined;
    while (this.solved.length < paths && this.failure === undefined) {
      const path = this.solved.length;
      const result = this.attempt(path, record && path === 0);
      if (!result) return kept;
      this.solved.push(solvedPath(result, this.plan, this.starts(path)));
      kept ??= result;
      if (turns.due()) await turns.take();
    }
    return kept;
  }

  private attempt(path: number, record: boolean): PathResult | undefined {
    try {
      const result = this.solver.solve(path, record);
      if (result.final.every((y) => y.every(Number.isFinite))) return result;
      this.failure = "a state becomes infinite or NaN";
    } catch (error) {
      if (!(error instanceof SaltationError)) throw error;
      this.failure = error.message;
    }
    return undefined;
  }

  private starts(path: number): Float64Array[] {
    return neuronParameters(this.plan).map((p, k) => {
      const y = new Float64Array(this.plan.network.cell.states.length);
      this.cell.start(y, p, eventUniform(this.plan, path, k, 0));
      return y;
    });
  }
}

/** The largest |∂f/∂y| of a state where sub-steps of a path begin. */
function fastestAlong(cell: CompiledCell, { operations }: PathResult): Rate | undefined {
  const { states, parameters, channels } = cell.cell;
  const moves = operations.filter((op) => op.kind === "advance");
  const [still, noInput] = [new Float64Array(channels.length), new Float64Array(parameters.length)];
  const [unit, out] = [new Float64Array(states.length), new Float64Array(states.length)];
  let fastest: Rate | undefined;
  for (let m = 0; m < moves.length; m += Math.ceil(moves.length / mostStates)) {
    const { y, p, I } = moves[m]!.subStep;
    states.forEach((state, i) => {
      unit.fill(0);
      unit[i] = 1;
      cell.flowJvp(out, y, p, I, still, unit, noInput, 0, still);
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
  relative: Number.POSITIVE_INFINITY,
  unmatched: Number.NaN,
};

/** The error of a level against a deeper one, on the paths that both have. */
function errorOf(coarse: Level, fine: Level, orders: Orders): Compared {
  if (coarse.failure !== undefined || fine.failure !== undefined) return blownUp;
  const paths = Math.min(coarse.solved.length, fine.solved.length);
  return compared(coarse.plan.network.cell, {
    coarse: coarse.solved.slice(0, paths),
    fine: fine.solved.slice(0, paths),
    ratio: 2 ** (fine.depth - coarse.depth),
    orders,
  });
}

/** What a search for a better step goes by. */
interface Search {
  readonly orders: Orders;
  readonly tolerance: number;
  readonly turns: Turns;
}

/**
 * A step that would do: tried by halving as far as the budget goes, and from there on by the order in which the error fell.
 * @param levels the first two, to which those that are tried are added.
 * @returns undefined where it did not fall.
 */
async function searchStep(levels: Level[], first: Compared, search: Search): Promise<number | undefined> {
  const [{ network, dt, paths: all }, { solved }] = [levels[0]!.plan, levels[0]!];
  const { orders, tolerance, turns } = search;
  // Paths may stop early.
  const steps = solved.reduce((sum, p) => sum + p.stop / dt, 0) / Math.max(1, solved.length);
  let left = searchBudget;
  let [relative, observed, tried] = [first.relative, 0, dt];
  for (let n = 1; ; n++) {
    const ofPath = network.neurons * steps * 2 ** (n + 1);
    const paths = Math.min(all, Math.floor(left / ofPath));
    if (paths < Math.min(leastPaths, all)) break;
    left -= paths * ofPath;
    const [level, next] = [levels[n]!, levels[n]!.next()];
    levels.push(next);
    await level.solve(paths, turns);
    await next.solve(paths, turns);
    const before = relative;
    relative = errorOf(level, next, orders).relative;
    tried = dt / 2 ** n;
    if (relative <= tolerance) return tried;
    observed = Math.min(orders.mean, Math.log2(before / relative));
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
  const { error, bias, interval, relative, unmatched, fastest, tolerance, suggestedDt, paths } = found;
  const parts: string[] = [];
  if (failure !== undefined) parts.push(`paths cannot be solved at this step and at half of it (${failure})`);
  else if (found.of === "spike times") {
    const alone = unmatched > 0 ? `, and ${percent(unmatched)} of the spikes come at only one of the two` : "";
    parts.push(
      `spike times are off by ${three(error)} (root mean square of ${paths} paths against dt/2), ` +
        `${percent(relative)} of the mean interval of ${three(interval)} between spikes${alone}`,
    );
  } else parts.push(`states at the end are off by ${percent(relative)} of their size (${paths} paths against dt/2)`);
  if (failure === undefined && noiseDrivesEvent(plan)) {
    parts.push(
      "noise moves the event function (∇E·g ≠ 0), so that crossings between grid points are missed: spikes come late, " +
        `by about ${three(bias)} on average, a bias of order √dt`,
    );
  }
  if (fastest) {
    const verb = fastest.rate < 0 ? "decays" : "grows";
    const rate = Math.abs(fastest.rate);
    parts.push(
      `"${fastest.state}" ${verb} fastest, at a rate of ${three(rate)} (rate · dt = ${three(rate * plan.dt)})`,
    );
  }
  const less = noiseDrivesEvent(plan) ? "a bias" : "an error";
  parts.push(
    suggestedDt === undefined
      ? `no step was found to bring that below ${percent(tolerance)}`
      : `take dt = ${Number(suggestedDt.toPrecision(12))} for ${less} below ${percent(tolerance)}`,
  );
  return `time.dt: ${plan.dt} is too large: ${parts.join("; ")}`;
}

/**
 * Measures the discretisation error of a plan.
 * @throws SaltationError `invalid-input` where the tolerance is no number above 0.
 */
export async function measureDiscretisation(
  plan: SolvePlan,
  options: DiscretisationOptions = {},
): Promise<Discretisation> {
  const tolerance = toleranceOf(options);
  const { dt } = plan;
  const sample = sampleOf(plan);
  if (typeof sample === "string") return { measured: false, dt, why: sample };
  let cell: CompiledCell;
  try {
    cell = compileCell(plan.network.cell);
  } catch (error) {
    if (!(error instanceof EvalError)) throw error;
    return { measured: false, dt, why: "this page allows no code from text, which the float64 twin is" };
  }
  const turns = new Turns();
  const orders = expectedOrders(plan);
  const first = Level.first(sample, cell);
  const levels = [first, first.next()];
  const recorded = await first.solve(sample.paths, turns, true);
  if (first.failure === undefined) await levels[1]!.solve(sample.paths, turns);
  let found = errorOf(first, levels[1]!, orders);
  const failure = first.failure ?? levels[1]!.failure;
  let suggestedDt: number | undefined;
  if (found.relative > tolerance) {
    suggestedDt = await searchStep(levels, found, { orders, tolerance, turns });
    // What was solved on the way tells the error at dt better.
    const finest = levels.findLast((l) => l.failure === undefined && l.solved.length === sample.paths);
    if (finest && finest !== first) found = errorOf(first, finest, orders);
    if (noiseDrivesEvent(plan)) suggestedDt = stepForBias(dt, Math.abs(found.bias) / (tolerance * found.interval));
  }
  const above = found.relative > tolerance;
  const { of, error, bias, interval, relative, unmatched } = found;
  const fastest = (recorded && fastestAlong(cell, recorded)) ?? fastestDecay(sample);
  const until = plan.t0 + Math.max(0, ...first.solved.map((p) => p.stop));
  const { paths } = sample;
  const report = { dt, of, paths, until, error, bias, interval, relative, unmatched, fastest, tolerance, suggestedDt };
  const measured: Omit<MeasuredDiscretisation, "warning"> = { measured: true, ...report };
  return { ...measured, warning: above ? warningOf(plan, measured, failure) : undefined };
}
