/** A job of `saltation simulate`, checked; and what it comes to on an engine. */
import type { Engine } from "../engine.js";
import { defineNetwork, type NetworkDefinition } from "../network/network.js";
import { type Discretisation, type DiscretisationOptions, toleranceOf } from "../plan/discretisation.js";
import { planSolve, type SolveOptions, type SolvePlan } from "../plan/plan.js";
import type { SimulatedSpikes } from "../spikes/simulated.js";
import type { StateTable } from "../spikes/state-table.js";
import { withWarning } from "../twin/measured.js";
import { networkOf, solveOptionsOf } from "./build.js";
import { checkJob } from "./check-job.js";
import { dataSetOf, planOfData } from "./data-source.js";
import { type SimulateDataJob, type SolveJob, simulateDataSchema, simulateSchema } from "./job.js";
import { loadNamedCell } from "./named-cell.js";
import { readFiles } from "./read-files.js";
import type { FileContext } from "./recording.js";

/** What a run is asked of the error that it owes to its step. */
export type Measured = boolean | DiscretisationOptions;

/** Whether a job wants that measured: unless it says no. */
export const measuredBy = (job: SolveJob): Measured => (job.discretisation ?? true) as Measured;

export interface PlannedSimulation {
  readonly job: SolveJob;
  readonly definition: NetworkDefinition;
  readonly solve: SolveOptions;
  readonly plan: SolvePlan;
}

/** @throws SaltationError `invalid-input` naming the field, before a device is opened. */
export async function planSimulation(given: unknown, context: FileContext): Promise<PlannedSimulation> {
  const onData = typeof given === "object" && given !== null && Object.hasOwn(given, "data");
  if (onData) return planSamples(checkJob(simulateDataSchema, given), context);
  const checked = checkJob(simulateSchema, given);
  await loadNamedCell(checked);
  const job = await readFiles(checked, context);
  const definition = networkOf(job, context);
  const solve = solveOptionsOf(job);
  return planned(job, definition, solve);
}

function planned(job: SolveJob, definition: NetworkDefinition, solve: SolveOptions): PlannedSimulation {
  const plan = planSolve(defineNetwork(definition), solve);
  const asked = measuredBy(job);
  if (typeof asked === "object") toleranceOf(asked);
  return { job: { ...job, paths: plan.paths }, definition, solve, plan };
}

/** A simulation of all samples of data. */
async function planSamples(job: SimulateDataJob, context: FileContext): Promise<PlannedSimulation> {
  await loadNamedCell(job);
  const definition = networkOf(job, context);
  const { data: from, trials, time } = job;
  const network = defineNetwork(definition);
  const data = await dataSetOf("data", from, context, { network, time, trained: false });
  const solve = solveOptionsOf(job);
  planOfData("data", network, solve, { data, trials });
  const samples = { ...data.all(), ...(trials === undefined ? {} : { trials }) };
  return planned({ ...job, paths: data.count }, definition, { ...solve, samples });
}

export interface Simulation {
  readonly spikes: SimulatedSpikes;
  readonly meanSpikeCount: number;
  readonly saturatedPaths: number;
  readonly warnings?: readonly string[];
  readonly discretisation?: Discretisation;
  /** Where the job asks for states. */
  readonly states?: StateTable;
}

export async function runSimulation(
  engine: Engine,
  { definition, solve, plan }: PlannedSimulation,
  asked: Measured,
  progress?: (pathsDone: number) => void,
): Promise<Simulation> {
  const spikes = await engine.network(definition).simulate({ ...solve, ...(progress ? { progress } : {}) });
  const discretisation = asked ? await spikes.discretisation(asked === true ? {} : asked) : undefined;
  const { warnings, saturatedPaths } = withWarning(
    { warnings: spikes.warnings, saturatedPaths: spikes.saturatedPaths },
    discretisation,
  );
  return {
    spikes,
    meanSpikeCount: await spikes.meanCount(),
    saturatedPaths,
    ...(warnings ? { warnings } : {}),
    ...(discretisation ? { discretisation } : {}),
    ...(plan.observed ? { states: await spikes.states() } : {}),
  };
}

/** Means and standard deviations over the paths, [times][neurons][states]. */
function statesSummary({ paths, times, neurons, states, values }: StateTable): object {
  const entries = values.length / paths;
  const mean = new Float64Array(entries);
  const squares = new Float64Array(entries);
  values.forEach((v, i) => {
    mean[i % entries]! += v / paths;
  });
  values.forEach((v, i) => {
    squares[i % entries]! += (v - mean[i % entries]!) ** 2;
  });
  const shaped = (of: (e: number) => number): number[][][] =>
    Array.from(times, (_, t) =>
      Array.from(neurons, (_, k) => states.map((_, s) => of((t * neurons.length + k) * states.length + s))),
    );
  return {
    of: states,
    neurons: [...neurons],
    times: [...times],
    mean: shaped((e) => mean[e]!),
    sd: shaped((e) => (paths > 1 ? Math.sqrt(squares[e]! / (paths - 1)) : Number.NaN)),
  };
}

/** The field of a result that names the states that are stiff for the step, where there are such. */
export const stiffField = ({ exponential }: SolvePlan): { exponential?: readonly string[] } =>
  exponential.length > 0 ? { exponential } : {};

/** What `--json` prints. */
export const simulationObject = (
  adapter: string,
  { job, plan }: PlannedSimulation,
  { spikes: _, states, ...result }: Simulation,
  seconds: number,
): object => ({
  adapter,
  paths: job.paths,
  ...result,
  ...(states ? { states: statesSummary(states) } : {}),
  ...stiffField(plan),
  seconds,
});
