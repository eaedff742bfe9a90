/**
 * The flat parameter vector of a network and its named views. Order: each cell parameter in the cell's order (one
 * value if shared, else one per neuron) and its inputs likewise, weights by rows of connections, then the input current where
 * it is one to the cell (one value, one per neuron, or samples × neurons with the neuron innermost), samples of other inputs,
 * and delays of connections where there are such. Gradients have the same layout.
 */
import { fail, isNumbers, type Numbers, show } from "../checks.js";
import { isFlat, isSampledCurrent } from "../driver/current.js";
import type { Network } from "../network/network.js";
import { quoted } from "../quoted.js";
import { sampledInputs, samplesView } from "./inputs.js";
import type { SolvePlan } from "./plan.js";

export interface View {
  readonly name: string;
  /** What results call it: as it was asked for. */
  readonly asked: string;
  readonly offset: number;
  readonly length: number;
  /** Whether there are gradients by it: not by samples that are states, nor by a current that no cell takes. */
  readonly differentiable: boolean;
  /** Whether each sample has values of its own, and those of the network are not read. */
  readonly bySample: boolean;
  /** Distance between the entries of neighbouring neurons: 0 where shared. */
  readonly neuronStride: number;
  /** Values given beyond those that a solve reads: samples of the current after t1. */
  readonly beyond: Float64Array;
  /**
   * Numbers in this view → the shape in which the parameter was given.
   * @param beyond what stands for the values beyond those that a solve reads; 0, as a gradient by them is.
   */
  shape(values: ArrayLike<number>, beyond?: ArrayLike<number>): unknown;
}

export interface ParameterLayout {
  readonly size: number;
  readonly views: ReadonlyMap<string, View>;
}

/** Where a parameter lies in a vector of numbers, in the order of its values (the neuron innermost). */
export interface ParameterPlace {
  readonly name: string;
  readonly offset: number;
  readonly length: number;
}

export const parameterPlaces = (layout: ParameterLayout): ParameterPlace[] =>
  [...layout.views.values()].map(({ name, offset, length }) => ({ name, offset, length }));

const none = new Float64Array();

/** Views whose values samples have of their own: there are no gradients by those of the network. */
function givenBySample({ network, samples }: SolvePlan): string[] {
  const { parameters = [], current } = samples?.values ?? {};
  return [...parameters.map((p) => network.parameters[p.index]!.name), ...(current ? ["current"] : [])];
}

/** Lays out the parameters of a network. */
export function parameterLayout(plan: SolvePlan): ParameterLayout {
  const { network, current } = plan;
  const views = new Map<string, View>();
  let size = 0;
  const hidden = new Set(sampledInputs(network.cell).flatMap((name) => [name, samplesView(name)]));
  const sampled = new Set(givenBySample(plan));
  for (const name of sampled) hidden.add(name);
  if (network.cell.inputs.get("I") !== "current") hidden.add("current");
  const add = (name: string, length: number, neuronStride: number, shape: View["shape"], beyond = none): void => {
    const differentiable = !hidden.has(name);
    const bySample = sampled.has(name);
    views.set(name, { name, asked: name, offset: size, length, differentiable, bySample, neuronStride, beyond, shape });
    size += length;
  };
  for (const p of network.parameters) {
    add(p.name, p.values.length, p.perNeuron ? 1 : 0, (v) => (p.perNeuron ? Array.from(v) : v[0]!));
  }
  add("weights", network.connections.weights.length, 0, (v) => network.connections.shape(v));
  const given = network.current;
  const unread = isSampledCurrent(given) ? Array.from<number | Numbers>(given.samples).slice(current.samples) : [];
  const beyond = Float64Array.from(unread.flatMap((row) => (typeof row === "number" ? row : Array.from(row))));
  const shape: View["shape"] = (v, after = new Float64Array(beyond.length)) => {
    if (typeof given === "number") return v[0]!;
    const all = [...Array.from(v), ...Array.from(after)];
    if (isNumbers(given) || isFlat(given.samples)) return all;
    const width = current.perNeuron ? network.neurons : 1;
    return Array.from({ length: all.length / width }, (_, s) => all.slice(s * width, (s + 1) * width));
  };
  add("current", current.values.length, current.perNeuron ? 1 : 0, shape, beyond);
  for (const input of plan.inputs)
    add(samplesView(input.name), input.values.length, input.perNeuron ? 1 : 0, (v) => Array.from(v));
  const { delays } = network.connections;
  if (delays.length > 0) add("delays", delays.length, 0, (v) => network.connections.delayShape(v));
  return { size, views };
}

/** The values of all parameters in the layout's order. */
export function parameterVector(plan: SolvePlan): Float64Array {
  const { network, current } = plan;
  const layout = parameterLayout(plan);
  const vector = new Float64Array(layout.size);
  for (const p of network.parameters) vector.set(p.values, layout.views.get(p.name)!.offset);
  vector.set(network.connections.weights, layout.views.get("weights")!.offset);
  vector.set(current.values, layout.views.get("current")!.offset);
  for (const input of plan.inputs) vector.set(input.values, layout.views.get(samplesView(input.name))!.offset);
  const delays = layout.views.get("delays");
  if (delays) vector.set(network.connections.delays, delays.offset);
  return vector;
}

/** What kernels read of parameters: those of all paths, and after them the rows of samples, where these have any. */
export function deviceVector(plan: SolvePlan): Float32Array {
  const vector = parameterVector(plan);
  const rows = plan.samples?.values?.data ?? [];
  const all = new Float32Array(vector.length + rows.length);
  all.set(vector);
  all.set(rows, vector.length);
  return all;
}

/**
 * The view of what a user calls a parameter. `I` is the current; where the cell takes none it is a parameter, which `current`
 * stands for.
 */
export function viewName({ cell }: Network, name: string): string {
  const kind = cell.inputs.get("I");
  if (name === "I" && kind === "current") return "current";
  return name === "current" && kind !== undefined && kind !== "current" ? "I" : name;
}

/**
 * The views of the parameters that a gradient is asked for.
 * @param field what the list of names is called in messages.
 * @throws SaltationError for an empty list, or naming an unknown parameter and the known ones.
 */
export function requestedViews(
  network: Network,
  layout: ParameterLayout,
  names: readonly string[],
  field = "with",
): View[] {
  if (!Array.isArray(names)) fail(field, `expected a list of parameters, got ${show(names)}`);
  if (names.length === 0) fail(field, "names no parameter; give at least one");
  const { cell } = network;
  const sampled = sampledInputs(cell);
  const known = [...layout.views.values()].filter((v) => v.length > 0 && v.differentiable).map((v) => v.name);
  const views = names.map((name) => viewName(network, name));
  names.forEach((name, i) => {
    const at = `${field}[${i}]`;
    if (sampled.includes(views[i]!))
      fail(
        at,
        `${quoted(name)} is sampled, and gradients by samples are taken of a current in a drift alone; known: ${known.join(", ")}`,
      );
    if (!known.includes(views[i]!)) {
      if (layout.views.get(views[i]!)?.bySample)
        fail(
          at,
          `${quoted(name)} is given by sample, and gradients are by what samples have in common; known: ${known.join(", ")}`,
        );
      const why =
        name === "weights"
          ? "the network has no connections"
          : name === "delays"
            ? "no connections have delays"
            : `cell "${cell.name}" has no such parameter`;
      fail(at, `${quoted(name)}: ${why}; known: ${known.join(", ")}`);
    }
    if (views.indexOf(views[i]!) !== i) fail(at, `${quoted(name)} stands there twice`);
  });
  return names.map((asked, i) => ({ ...layout.views.get(views[i]!)!, asked }));
}

/** The same, and none where there is no name: for a value alone. */
export const viewsOf = (network: Network, layout: ParameterLayout, names: readonly string[]): View[] =>
  Array.isArray(names) && names.length === 0 ? [] : requestedViews(network, layout, names);

/** Parameters of a vector of all, in the shapes in which they were given. */
export const shapedValues = (views: readonly View[], vector: Float64Array): Record<string, unknown> =>
  Object.fromEntries(views.map((v) => [v.asked, v.shape(vector.slice(v.offset, v.offset + v.length), v.beyond)]));

/** The plan with the values of its parameters, weights and current replaced by those of a flat vector. */
export function replaceParameters(plan: SolvePlan, layout: ParameterLayout, vector: Float64Array): SolvePlan {
  const part = (name: string): Float64Array => {
    const view = layout.views.get(name)!;
    return vector.slice(view.offset, view.offset + view.length);
  };
  return {
    ...plan,
    network: {
      ...plan.network,
      parameters: plan.network.parameters.map((p) => ({ ...p, values: part(p.name) })),
      connections: {
        ...plan.network.connections,
        weights: part("weights"),
        ...(layout.views.has("delays") ? { delays: part("delays") } : {}),
      },
    },
    current: { ...plan.current, values: part("current") },
  };
}
