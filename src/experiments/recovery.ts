/**
 * Recovery of a network's parameters: observed trains are drawn from a true network, another one is trained on them, and
 * measured against trains that no step has seen.
 */
import { fail, wholeNumber } from "../checks.js";
import { currentAsGiven } from "../driver/current.js";
import type { Engine, Progress } from "../engine.js";
import type { WeightBlock, Weights } from "../network/connections.js";
import { fittedPopulations } from "../network/fitted-populations.js";
import { defineNetwork, type NetworkDefinition } from "../network/network.js";
import type { SolveOptions } from "../plan/plan.js";
import { spikeSignature } from "../signature/host/spike-signature.js";
import { meanFirstTimes, type Trial, trialsOf } from "../spikes/trials.js";
import { stepSeed } from "../train/train.js";

/** What differs between the true network, with its simulation, and the trained one. */
export interface TruthOptions
  extends Pick<NetworkDefinition, "current" | "inputs" | "parameters" | "weights">,
    Partial<Pick<SolveOptions, "method" | "dt" | "maxSpikes" | "seed">> {
  readonly paths: number;
}

export interface TestOptions {
  /** Fresh trains of the true network, and as many of the trained one. */
  readonly paths: number;
  readonly seed?: number | undefined;
  /** Measure the mean times of each neuron's first spikes: `testMae`. */
  readonly spikes?: number | undefined;
  /** Measure expected signatures, not matched, to this depth: `testLoss`. */
  readonly depth?: number | undefined;
  /** Steps from one measurement to the next during training; default: only at the end. */
  readonly every?: number | undefined;
  /** First step after which to measure during training. Default 0. */
  readonly from?: number | undefined;
  /** Last steps over which parameters and `testMae` are averaged. Default 1. */
  readonly average?: number | undefined;
}

/** The true network. */
export function truthOf(model: NetworkDefinition, options: TruthOptions): NetworkDefinition {
  const { current, inputs, parameters, weights } = options;
  return {
    ...model,
    ...(parameters === undefined ? {} : { parameters: { ...model.parameters, ...parameters } }),
    ...(current === undefined ? {} : { current }),
    ...(inputs === undefined ? {} : { inputs: { ...model.inputs, ...inputs } }),
    ...(weights === undefined ? {} : { weights }),
  };
}

/** How the true network is simulated. */
export function truthSolve(solve: SolveOptions, options: TruthOptions): SolveOptions {
  const { paths, method, dt, maxSpikes, seed } = options;
  return {
    ...solve,
    paths,
    // Without a seed of its own, data draw from another one than any step.
    seed: seed ?? stepSeed(solve.seed ?? 0, 0x80000000),
    ...(method === undefined ? {} : { method }),
    ...(dt === undefined ? {} : { dt }),
    ...(maxSpikes === undefined ? {} : { maxSpikes }),
  };
}

/** Most trains that are kept on the host, as lists. */
export const mostKept = 2 ** 20;

/** Simulated trains on the host. */
export async function simulatedTrials(
  engine: Engine,
  network: NetworkDefinition,
  solve: SolveOptions & Progress,
): Promise<Trial[]> {
  const spikes = await engine.network(network).simulate(solve);
  const table = await spikes.read();
  spikes.dispose();
  return trialsOf(table);
}

/** Values of parameters by name, in the shapes in which they were given. */
export type Values = Readonly<Record<string, unknown>>;

/** A network with fitted values in the place of its own. */
export function fitted(network: NetworkDefinition, values: Values): NetworkDefinition {
  if (network.populations) return fittedPopulations(network, values);
  const { weights, current, delays, ...named } = values;
  // An input is one of those given by name; `I` may be the current.
  const isInput = (name: string): boolean => name in (network.inputs ?? {});
  const inputs = Object.entries(named).filter(([name]) => isInput(name));
  const parameters = Object.entries(named).filter(([name]) => !isInput(name) && name !== "I");
  const signal = (isInput("I") ? undefined : (current ?? named.I)) as unknown;
  if (isInput("I") && current !== undefined) inputs.push(["I", current]);
  return {
    ...network,
    parameters: { ...network.parameters, ...(Object.fromEntries(parameters) as Record<string, number | number[]>) },
    ...((weights ?? delays) ? { weights: asGiven(network.weights!, weights, delays) } : {}),
    ...(signal === undefined ? {} : { current: currentAsGiven(network.current, signal) }),
    ...(inputs.length === 0
      ? {}
      : {
          inputs: {
            ...network.inputs,
            ...Object.fromEntries(inputs.map(([name, v]) => [name, currentAsGiven(network.inputs?.[name], v)])),
          },
        }),
  };
}

/** Weights and delays as blocks have them; those that were not trained are as they were. */
function asGiven(given: Weights, weights: unknown, delays: unknown): Weights {
  if (!Array.isArray(given)) return blockAsGiven(given, weights, delays);
  const of = (values: unknown, b: number): unknown => (values as unknown[] | undefined)?.[b];
  return given.map((block, b) => blockAsGiven(block, of(weights, b), of(delays, b) ?? undefined));
}

function blockAsGiven(given: WeightBlock, weights: unknown, delays: unknown): WeightBlock {
  const { port, delays: before, ...form } = given;
  const wanted = delays ?? before;
  const others = { ...(port === undefined ? {} : { port }), ...(wanted === undefined ? {} : { delays: wanted }) };
  const found =
    weights === undefined ? form : { ["dense" in given ? "dense" : "edges" in given ? "edges" : "layers"]: weights };
  return { ...found, ...others } as WeightBlock;
}

/** Mean of numbers in nested lists, place by place. */
export function meanValues(list: readonly Values[]): Values {
  const mean = (items: readonly unknown[]): unknown =>
    Array.isArray(items[0])
      ? items[0].map((_, i) => mean(items.map((x) => (x as unknown[])[i])))
      : (items as number[]).reduce((a, b) => a + b, 0) / items.length;
  return Object.fromEntries(Object.keys(list[0]!).map((name) => [name, mean(list.map((v) => v[name]))]));
}

function meanSignature(trials: readonly Trial[], neurons: number, t0: number, t1: number, depth: number): Float64Array {
  let sum: Float64Array | undefined;
  for (const { times, neurons: who } of trials) {
    const s = spikeSignature(times, who, { neurons, t0, t1, depth });
    if (sum) for (let w = 0; w < s.length; w++) sum[w]! += s[w]!;
    else sum = Float64Array.from(s);
  }
  return sum!.map((x) => x / trials.length);
}

/** Measures at one step: what was asked for. */
export interface Measures {
  /** Mean over neurons and spikes of the distance of mean first spike times. */
  testMae?: number;
  /** Mean over words of the squared difference of expected signatures. */
  testLoss?: number;
  /** Mean absolute error of the weights. */
  weightError?: number;
}

/** What is known of the true network. */
interface Fresh {
  readonly firstTimes: number[] | undefined;
  readonly signature: Float64Array | undefined;
  /** Its weights, in the order of the connections, where the trained network has as many. */
  readonly weights: Float64Array | undefined;
}

/** Measures a trained network against fresh trains of the true one. */
export class RecoveryTest {
  private constructor(
    private readonly engine: Engine,
    private readonly model: NetworkDefinition,
    private readonly solve: SolveOptions,
    private readonly options: TestOptions,
    private readonly fresh: Fresh,
    private readonly neurons: number,
  ) {}

  static check({ paths, spikes, depth, every, from, average }: TestOptions): void {
    const most = 2 ** 31;
    wholeNumber("test.paths", paths, 1, mostKept);
    if (spikes !== undefined) wholeNumber("test.spikes", spikes, 1, most);
    if (depth !== undefined) wholeNumber("test.depth", depth, 1, 8);
    if (every !== undefined) wholeNumber("test.every", every, 1, most);
    if (from !== undefined) wholeNumber("test.from", from, 0, most);
    if (average !== undefined) wholeNumber("test.average", average, 1, most);
  }

  static async create(
    engine: Engine,
    model: NetworkDefinition,
    truth: { readonly network: NetworkDefinition; readonly options: TruthOptions },
    solve: SolveOptions,
    options: TestOptions,
    progress: Progress = {},
  ): Promise<RecoveryTest> {
    const network = defineNetwork(model);
    const seed = options.seed ?? stepSeed(solve.seed ?? 0, 0x80000001);
    const how = { ...truthSolve(solve, truth.options), paths: options.paths, seed };
    const trials = await simulatedTrials(engine, truth.network, { ...how, ...progress });
    const { neurons } = network;
    const { t0 = 0, t1 } = solve;
    const { weights } = defineNetwork(truth.network).connections;
    const comparable = weights.length > 0 && weights.length === network.connections.weights.length;
    const fresh = {
      firstTimes: options.spikes ? meanFirstTimes(trials, neurons, options.spikes, t1).flat() : undefined,
      signature: options.depth ? meanSignature(trials, neurons, t0, t1, options.depth) : undefined,
      weights: comparable ? weights : undefined,
    };
    return new RecoveryTest(engine, model, { ...solve, seed }, options, fresh, neurons);
  }

  /** Whether a measurement is due after a step. */
  due(step: number): boolean {
    const { every, from = 0 } = this.options;
    return every !== undefined && step + 1 > from && (step + 1) % every === 0;
  }

  /** @param draw number of the draw of generated trains: other numbers, other trains. */
  async measure(values: Values, draw: number): Promise<Measures> {
    const { engine, solve, options, fresh, neurons } = this;
    const network = fitted(this.model, values);
    const measures: Measures = {};
    if (fresh.firstTimes || fresh.signature) {
      const { t0 = 0, t1 } = solve;
      const seed = stepSeed(solve.seed!, draw);
      const trials = await simulatedTrials(engine, network, { ...solve, paths: options.paths, seed });
      if (fresh.firstTimes) {
        const times = meanFirstTimes(trials, neurons, options.spikes!, t1).flat();
        measures.testMae = times.reduce((sum, t, i) => sum + Math.abs(t - fresh.firstTimes![i]!), 0) / times.length;
      }
      if (fresh.signature) {
        const s = meanSignature(trials, neurons, t0, t1, options.depth!);
        // The word of level 0 is 1 in both, and does not count.
        measures.testLoss = s.reduce((sum, x, w) => sum + (x - fresh.signature![w]!) ** 2, 0) / (s.length - 1);
      }
    }
    if (this.fresh.weights) {
      const found = defineNetwork(network).connections.weights;
      measures.weightError = found.reduce((sum, w, i) => sum + Math.abs(w - this.fresh.weights![i]!), 0) / found.length;
    }
    return measures;
  }
}

/** Observed trains are needed from a true network. @throws SaltationError. */
export function needsTruth(): never {
  return fail("test", 'compares with a true network; give "observed": { "simulate": … }, or leave it out');
}
