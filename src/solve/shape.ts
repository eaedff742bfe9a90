/** From a plan to what its kernels are specialised for. */
import type { ObservedShape } from "../../shaders/solve/observed.wgsl.js";
import type { ParameterShape, Piece, SolverShape } from "../../shaders/substep/solver.wgsl.js";
import { alongPath, type Tableau, tableauOf } from "../../shaders/substep/tableau.js";
import { isAdditive } from "../cell/channels.js";
import { emitCellWgsl } from "../cell/emit-wgsl.js";
import { type CellFunctions, cellFunctions, operations } from "../cell/functions.js";
import { withGivenSpikes } from "../cell/hazard.js";
import { levelState } from "../cell/upstroke.js";
import type { Network, Parameter } from "../network/network.js";
import { activeChannels } from "../plan/channels.js";
import { samplesView } from "../plan/inputs.js";
import { type ParameterLayout, parameterLayout } from "../plan/layout.js";
import { observedEntries } from "../plan/observed.js";
import type { SolvePlan } from "../plan/plan.js";
import { ratesOf } from "../plan/stiff.js";
import { recordsMore } from "./sift-for.js";

export interface KernelShape extends SolverShape {
  /** Numbers of a state: one for each variable, and where increments are carried what is left of it. */
  readonly states: number;
  readonly layout: ParameterLayout;
  readonly functions: CellFunctions;
  /** States that are kept at grid points. */
  readonly observed: ObservedShape | undefined;
}

/**
 * Operations of a flow beyond which the stages of a sub-step share one call of it: about twenty sines or exponentials.
 * Cells below have the kernels that are fastest to run, and compile within seconds on a software adapter.
 */
const longFlow = 500;

/** Where a parameter's values lie: of populations whose values lie as those of one would, together. */
function parameterShape(
  { perNeuron, parts }: Parameter,
  { bySample, offset }: Pick<ParameterShape, "bySample" | "offset">,
  { neurons }: Network,
): ParameterShape {
  const pieces: Piece[] = [];
  for (const { first, count, at, perNeuron: own } of parts ?? []) {
    const last = pieces.at(-1);
    const goesOn = own && last?.perNeuron && last.end === first && last.offset + last.end - last.first === offset + at;
    if (goesOn) pieces[pieces.length - 1] = { ...last, end: first + count };
    else pieces.push({ first, end: first + count, offset: offset + at, perNeuron: own });
  }
  const [one] = pieces;
  if (!one) return { bySample, offset, stride: perNeuron ? 1 : 0 };
  if (pieces.length === 1 && one.first === 0 && one.end === neurons)
    return { bySample, offset: one.offset, stride: one.perNeuron ? 1 : 0 };
  return { bySample, offset, stride: 0, parts: pieces };
}

/** What is known of spikes that are given. */
export interface Forced {
  /** Whether the noise is too (`Likelihood.noise`); else there is none. */
  readonly noise: boolean;
}

/**
 * The shape of a plan's kernels; `gradients` names the parameters whose gradients are accumulated. With `forced` spikes
 * the hazard is wanted, and other events alone happen by themselves.
 */
export async function solverShape(
  plan: SolvePlan,
  derivatives: "none" | "reverse" | "forward",
  gradients: readonly string[] = [],
  forced?: Forced,
): Promise<KernelShape> {
  const { network, current } = plan;
  const cell = forced ? withGivenSpikes(network.cell) : network.cell;
  const several = forced ? cell.events.length > 1 : recordsMore(network);
  /** Of forced spikes none is looked for. */
  const looks = several || !forced;
  const layout = parameterLayout(plan);
  const all: Tableau = tableauOf(plan.method);
  const tableau: Tableau = forced && !forced.noise ? { ...all, driver: "none" } : all;
  const channels = tableau.driver === "none" ? [] : activeChannels(plan, gradients);
  const own = ratesOf(plan);
  const loaded = own && (await import("./exponential.js"));
  const functions = cellFunctions(cell, channels, own);
  const carried = plan.increments === "carried";
  const smooth = alongPath(tableau);
  const { segments } = layout;
  const currentAt = segments.get("current")!.offset;
  const values = plan.samples?.values;
  return {
    cell: emitCellWgsl(
      cell,
      {
        channels,
        derivatives,
        gradients: cell.parameters.flatMap((n, i) => (gradients.includes(n) ? [i] : [])),
        currentGradient: gradients.includes("current"),
        hazard: forced !== undefined,
        carried,
        ...(loaded ? { ownRates: loaded.ownRateFunctions } : {}),
      },
      functions,
    ),
    channels,
    cellChannels: cell.channels.length,
    sharedChannels: cell.channels.flatMap((channel, c) => (channel.shared ? [c] : [])),
    neurons: network.neurons,
    smooth,
    tableau,
    additive: channels.map((c) => isAdditive(cell.channels[c]!, own?.states)),
    rolled: tableau.nodes.length > 1 && operations(functions.flow.value) > longFlow,
    antithetic: plan.antithetic,
    several,
    furtherRandom: cell.furtherRandom.map((r) => r.kind),
    falls: looks && cell.events.some((event) => event.peaks),
    steep: cell.states.includes(levelState),
    // Along a frozen drift a state moves straight.
    peaks: smooth && looks ? cell.events.flatMap((event, e) => (event.peaks ? [e] : [])) : [],
    ...(loaded ? { exponential: loaded.exponential } : {}),
    carried,
    parameters: network.parameters.map((p, i) => {
      const row = values?.parameters.find(({ index }) => index === i);
      return parameterShape(
        p,
        { bySample: row !== undefined, offset: row?.at ?? segments.get(p.name)!.offset },
        network,
      );
    }),
    rows: values && { from: layout.size, width: values.width, trials: plan.samples!.trials },
    drivers: (values?.drivers ?? []).map(({ channel, at, perNeuron, stepsPerSample }) => {
      const width = perNeuron ? network.neurons : 1;
      return { channel, at, stride: perNeuron ? 1 : 0, width, stepsPerSample };
    }),
    initial: (values?.initial ?? []).map(({ state, at, length, first, end }) => {
      const all = first === 0 && end === network.neurons;
      return { state, at, stride: length > 1 ? 1 : 0, first, end: all ? undefined : end };
    }),
    current: {
      bySample: values?.current !== undefined,
      offset: values?.current?.at ?? currentAt,
      stride: current.perNeuron ? 1 : 0,
      samples: current.samples,
      width: current.perNeuron ? network.neurons : 1,
      ...(current.parts ? { parts: current.parts.map((part) => ({ ...part, offset: currentAt + part.at })) } : {}),
    },
    inputs: plan.inputs.map((input, i) => {
      const row = values?.inputs.find(({ index }) => index === i);
      const { offset } = segments.get(samplesView(input.name))!;
      const { value, slope, samples, stepsPerSample, perNeuron } = input;
      return {
        bySample: row !== undefined,
        value,
        slope,
        offset: row?.at ?? offset,
        stride: perNeuron ? 1 : 0,
        width: input.values.length / samples,
        samples,
        stepsPerSample,
      };
    }),
    time: plan.time === undefined ? undefined : { state: plan.time, t0: plan.t0 },
    states: cell.states.length * (carried ? 2 : 1),
    layout,
    functions,
    observed: plan.observed && {
      states: plan.observed.states,
      neurons: plan.observed.neurons.length,
      all: network.neurons,
      entries: observedEntries(plan.observed),
    },
  };
}
