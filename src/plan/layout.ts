/**
 * The flat parameter vector of a network and its named views. Order: each cell parameter in the cell's order (one
 * value if shared, else one per neuron) and its inputs likewise, weights by rows of connections, then the input current where
 * it is one to the cell (one value, one per neuron, or samples × neurons with the neuron innermost), samples of other inputs,
 * and delays of connections where there are such. Gradients have the same layout, and after it those by what samples start from and by
 * the times at which their sources send.
 */

import { whichCell } from "../cell/which-cell.js";
import { fail, isNumbers, type Numbers, show } from "../checks.js";
import { type Current, isFlat, isSampledCurrent, type PlannedCurrent } from "../driver/current.js";
import { type Network, type Parameter, valuePlace } from "../network/network.js";
import { quoted } from "../quoted.js";
import { besideGrid, longestAgenda } from "./arrivals.js";
import { sampledInputs, samplesView } from "./inputs.js";
import type { SolvePlan } from "./plan.js";

export interface View {
  /** Of a network of populations with that of its population or projection: `hidden.mu1`, `hidden→out.weights`. */
  readonly name: string;
  /** What results call it: as it was asked for. */
  readonly asked: string;
  /** What it is a part of, or all: a parameter of the cell, `weights`, `current`, `delays`, `initial` of states that samples start from. */
  readonly segment: string;
  /** Of a part, the neurons that it is of; or where it begins among all weights or delays. */
  readonly part?: ViewPart;
  readonly offset: number;
  readonly length: number;
  /** Whether there are gradients by it: not by samples that are states, nor by a current that no cell takes. */
  readonly differentiable: boolean;
  /** Whether each sample has values of its own, and those of the network are not read: a path's derivative is by those of its sample. */
  readonly bySample: boolean;
  /** Of `initial`, which state of the cell. */
  readonly state?: number;
  /** Distance between the entries of neighbouring neurons: 0 where shared. */
  readonly neuronStride: number;
  /** Values given beyond those that a solve reads: samples of the current after t1. */
  readonly beyond: Float64Array;
  /**
   * Numbers in this view → the shape in which the parameter was given.
   * @param beyond what stands for the values beyond those that a solve reads; 0, as a gradient by them is.
   */
  shape(values: ArrayLike<number>, beyond?: ArrayLike<number>): unknown;
  /**
   * Of times of sources: of each spike of theirs in a sample, in the order in which these were given, its entry in the sample's agenda;
   * none where it comes at t1 and changes nothing.
   */
  entriesOf?(sample: number): (number | undefined)[];
  /** Of weights, the same where an edge is a number alone. */
  numbers?(values: ArrayLike<number>): unknown;
}

/** Neurons `first` to `end`, the last not among them. Of weights and delays, such places of theirs. */
export interface ViewPart {
  readonly first: number;
  readonly end: number;
}

/** Numbers of a kind, whoever they are of. */
export interface Segment {
  readonly offset: number;
  readonly length: number;
}

export interface ParameterLayout {
  readonly size: number;
  /** The same with what has derivatives and no value here, which comes last: times of spikes of sources. */
  readonly gradientSize: number;
  readonly views: ReadonlyMap<string, View>;
  /** All values of a parameter of the cell, by its name; `weights`, `current`, `delays`, samples of inputs. */
  readonly segments: ReadonlyMap<string, Segment>;
}

/** Where a parameter lies in a vector of numbers, in the order of its values (the neuron innermost). */
export interface ParameterPlace {
  readonly name: string;
  readonly offset: number;
  readonly length: number;
}

export const parameterPlaces = (layout: ParameterLayout): ParameterPlace[] =>
  [...layout.views.values()].flatMap(({ name, offset, length }) =>
    offset < layout.size ? [{ name, offset, length }] : [],
  );

const none = new Float64Array();

/** Segments whose values samples have of their own: there are no gradients by those of the network. */
function givenBySample({ network, samples }: SolvePlan): string[] {
  const { parameters = [], current } = samples?.values ?? {};
  return [...parameters.map((p) => network.parameters[p.index]!.name), ...(current ? ["current"] : [])];
}

/** The arrow in the names of projections, as it may be typed. */
const arrows = /->/g;

/** What a view is beside its place and length. */
type OfView = Pick<View, "name" | "shape"> &
  Partial<Pick<View, "part" | "beyond" | "neuronStride" | "numbers" | "state" | "entriesOf">>;

/** A current as it was given, back from its values. @param neurons those that it is of. */
function currentShape(
  given: Current,
  { samples, perNeuron }: Pick<PlannedCurrent, "samples" | "perNeuron">,
  neurons: number,
): Pick<View, "shape" | "beyond"> {
  const unread = isSampledCurrent(given) ? Array.from<number | Numbers>(given.samples).slice(samples) : [];
  const beyond = Float64Array.from(unread.flatMap((row) => (typeof row === "number" ? row : Array.from(row))));
  const shape: View["shape"] = (v, after = new Float64Array(beyond.length)) => {
    if (typeof given === "number") return v[0]!;
    const all = [...Array.from(v), ...Array.from(after)];
    if (isNumbers(given) || isFlat(given.samples)) return all;
    const width = perNeuron ? neurons : 1;
    return Array.from({ length: all.length / width }, (_, s) => all.slice(s * width, (s + 1) * width));
  };
  return { shape, beyond };
}

/** Lays out the parameters of a network. */
export function parameterLayout(plan: SolvePlan): ParameterLayout {
  const { network, current } = plan;
  const { connections, populations } = network;
  const views = new Map<string, View>();
  const segments = new Map<string, Segment>();
  let size = 0;
  const hidden = new Set(sampledInputs(network.cell).flatMap((name) => [name, samplesView(name)]));
  const sampled = new Set(givenBySample(plan));
  if (network.cell.inputs.get("I") !== "current") hidden.add("current");
  /** A segment, and views of it one after another. */
  const add = (segment: string, length: number, of: readonly (OfView & Segment)[]): void => {
    segments.set(segment, { offset: size, length });
    const differentiable = !hidden.has(segment);
    const bySample = sampled.has(segment) || segment === initialSegment || segment === timesSegment;
    for (const { offset, neuronStride = 0, beyond = none, ...view } of of) {
      const own = { segment, asked: view.name, differentiable, bySample, neuronStride, beyond, offset: size + offset };
      views.set(view.name, { ...view, ...own });
    }
    size += length;
  };
  const whole = (length: number, view: OfView): [number, (OfView & Segment)[]] => [
    length,
    [{ ...view, offset: 0, length }],
  ];
  for (const { name, values, perNeuron, parts } of network.parameters) {
    if (name === whichCell) {
      add(name, values.length, []);
      continue;
    }
    const shapeOf =
      (own: boolean): View["shape"] =>
      (v) =>
        own ? Array.from(v) : v[0]!;
    if (!parts)
      add(name, ...whole(values.length, { name, neuronStride: perNeuron ? 1 : 0, shape: shapeOf(perNeuron) }));
    else
      add(
        name,
        values.length,
        parts.flatMap(({ population, first, count, at, perNeuron: own }) => {
          if (population === undefined) return [];
          const part = { first, end: first + count };
          const length = own ? count : 1;
          const neuronStride = own ? 1 : 0;
          return [{ name: `${population}.${name}`, offset: at, length, neuronStride, part, shape: shapeOf(own) }];
        }),
      );
  }
  const { projections } = connections;
  /** Views of what all projections have one after another. */
  const ofProjections = (segment: "weights" | "delays"): (OfView & Segment)[] =>
    (projections ?? []).flatMap(({ name, [segment]: place }) => {
      if (!place) return [];
      const { offset, length } = place;
      return [{ ...place, name: `${name}.${segment}`, part: { first: offset, end: offset + length } }];
    });
  const { weights, delays } = connections;
  if (projections) add("weights", weights.length, ofProjections("weights"));
  else
    add(
      "weights",
      ...whole(weights.length, {
        name: "weights",
        shape: (v) => connections.shape(v),
        numbers: (v) => connections.numbers(v),
      }),
    );
  const { values } = current;
  const fed = populations.filter((place) => place.signals);
  if (sampled.has("current")) add("current", values.length, sampledCurrents(plan));
  else if (fed.length === 0) {
    const given = currentShape(network.current, current, network.neurons);
    add("current", ...whole(values.length, { name: "current", neuronStride: current.perNeuron ? 1 : 0, ...given }));
  } else {
    const all = current.parts ?? [{ ...current, first: 0, end: network.neurons, at: 0 }];
    add(
      "current",
      values.length,
      all.flatMap((part) => {
        const { first, end, at, perNeuron } = part;
        const place = fed.find((p) => p.first === first);
        if (!place) return [];
        const { name, count, signals } = place;
        return [
          {
            name: `${name}.current`,
            offset: at,
            length: part.values.length,
            neuronStride: perNeuron ? 1 : 0,
            part: { first, end },
            ...currentShape(signals!.get("I") ?? 0, part, count),
          },
        ];
      }),
    );
  }
  for (const input of plan.inputs) {
    const name = samplesView(input.name);
    const neuronStride = input.perNeuron ? 1 : 0;
    add(name, ...whole(input.values.length, { name, neuronStride, shape: (v) => Array.from(v) }));
  }
  if (projections) {
    if (delays.length > 0) add("delays", delays.length, ofProjections("delays"));
  } else if (delays.length > 0)
    add("delays", ...whole(delays.length, { name: "delays", shape: (v) => connections.delayShape(v) }));
  addInitial(plan, add);
  const valued = size;
  addTimes(plan, add);
  return { size: valued, gradientSize: size, views, segments };
}

/** Views of a current that samples give: of a population among several where it is the same at all times. */
function sampledCurrents({ network, current }: SolvePlan): (OfView & Segment)[] {
  const { samples, perNeuron, values } = current;
  const neuronStride = perNeuron ? 1 : 0;
  const width = values.length / samples;
  const shape: View["shape"] = (v) => {
    if (samples === 1) return perNeuron ? Array.from(v) : v[0]!;
    if (!perNeuron) return Array.from(v);
    return Array.from({ length: samples }, (_, s) => Array.from(v).slice(s * width, (s + 1) * width));
  };
  const fed = network.populations.filter((place) => place.signals?.has("I"));
  if (fed.length === 0) return [{ name: "current", offset: 0, length: values.length, neuronStride, shape }];
  if (network.populations.filter((place) => place.signals).length === 1)
    return [{ name: `${fed[0]!.name}.current`, offset: 0, length: values.length, neuronStride, shape }];
  return fed.map(({ name, first, count }) => {
    const part = { first, end: first + count };
    return { name: `${name}.current`, offset: first, length: samples > 1 ? 0 : count, neuronStride, part, shape };
  });
}

/** Where the derivatives by what samples start from lie, one for each neuron: they have no values here. */
const initialSegment = "initial";

function addInitial(
  { network, samples }: SolvePlan,
  add: (segment: string, length: number, of: readonly (OfView & Segment)[]) => void,
): void {
  const { initial = [] } = samples?.values ?? {};
  if (initial.length === 0) return;
  let size = 0;
  const views = initial.map(({ state, first, end, length: given }) => {
    const population = network.populations.find((p) => p.first === first && first + p.count === end && !p.sources);
    const several = network.populations.filter((p) => !p.sources).length > 1;
    const own = network.cell.states[state]!;
    const length = end - first;
    const offset = size;
    size += length;
    // One number for all neurons has the sum of their derivatives.
    const shape: View["shape"] = (v) => (given > 1 ? Array.from(v) : Array.from(v).reduce((a, b) => a + b, 0));
    const name = population && several ? `${population.name}.${own}` : own;
    return { name, offset, length, neuronStride: 1, part: { first, end }, state, shape };
  });
  add(initialSegment, size, views);
}

/** Where the derivatives by the times at which sources send lie, one for each entry of a sample's agenda: they have no values here. */
export const timesSegment = "times";

function addTimes(
  plan: SolvePlan,
  add: (segment: string, length: number, of: readonly (OfView & Segment)[]) => void,
): void {
  const { agenda } = plan.samples ?? {};
  if (!agenda) return;
  const length = longestAgenda(plan);
  const { neurons, populations } = plan.network;
  const views = populations
    .filter((p) => p.sources)
    .map(({ name, first, count }) => {
      const part = { first, end: first + count };
      const isOwn = (sender: number): boolean => sender >= part.first && sender < part.end;
      const shape: View["shape"] = (v) => Array.from(v);
      const entriesOf = (sample: number): (number | undefined)[] => {
        const { given, offsets, numbers, all } = agenda;
        const found = new Map<number, number | undefined>();
        for (let n = given.offsets[sample]!; n < given.offsets[sample + 1]!; n++)
          if (isOwn(neurons + given.sources[n]!)) found.set(n, undefined);
        const from = offsets[sample]!;
        for (let x = from; x < offsets[sample + 1]!; x++) if (isOwn(all.neurons[x]!)) found.set(numbers[x]!, x - from);
        return [...found.values()];
      };
      return { name: `${name}.times`, offset: 0, length, part, shape, entriesOf };
    });
  add(timesSegment, length, views);
}

/** Where the value of a neuron lies in the flat vector: of a parameter of the cell. Undefined where it has none. */
export function placeOf(layout: ParameterLayout, parameter: Parameter, neuron: number): number | undefined {
  const place = valuePlace(parameter, neuron);
  return place === undefined ? undefined : layout.segments.get(parameter.name)!.offset + place;
}

/** The values of all parameters in the layout's order. */
export function parameterVector(plan: SolvePlan): Float64Array {
  const { network, current } = plan;
  const layout = parameterLayout(plan);
  const vector = new Float64Array(layout.size);
  const set = (segment: string, values: Float64Array): void => {
    if (values.length > 0) vector.set(values, layout.segments.get(segment)!.offset);
  };
  for (const p of network.parameters) set(p.name, p.values);
  set("weights", network.connections.weights);
  set("current", current.values);
  for (const input of plan.inputs) set(samplesView(input.name), input.values);
  set("delays", network.connections.delays);
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
 * stands for. Of projections `->` is `→`.
 */
export function viewName({ cell }: Network, name: string): string {
  if (typeof name !== "string") return name;
  const at = name.lastIndexOf(".") + 1;
  const [of, own] = [name.slice(0, at).replace(arrows, "→"), name.slice(at)];
  const kind = cell.inputs.get("I");
  if (own === "I" && kind === "current") return `${of}current`;
  return own === "current" && kind !== undefined && kind !== "current" ? `${of}I` : `${of}${own}`;
}

/** Of the name of a view, what it is a part of: a parameter of the cell, `weights`, `current` or `delays`. */
export const segmentName = (network: Network, name: string): string => {
  const view = viewName(network, name);
  return network.populations.length > 0 ? view.slice(view.lastIndexOf(".") + 1) : view;
};

/** Why a network has no view of a name. */
function whyNone({ cell, populations, connections }: Network, name: string): string {
  if (populations.length === 0) {
    if (name === "weights") return "the network has no connections";
    return name === "delays" ? "no connections have delays" : `cell "${cell.name}" has no such parameter`;
  }
  const at = name.lastIndexOf(".");
  if (at < 0) return "names no population or projection, as in hidden.mu1 or hidden→out.weights";
  const [of, own] = [name.slice(0, at), name.slice(at + 1)];
  if (populations.some((p) => p.name === of)) return `population "${of}" has no such parameter`;
  if (!connections.projections?.some((p) => p.name === of)) return "there is no such population or projection";
  return own === "delays" ? "no connections of that projection have delays" : "a projection has weights and delays";
}

/**
 * The views of the parameters that a gradient is asked for.
 * @param field what the list of names is called in messages.
 * @param bySample whether those are taken too of which each sample has values of its own.
 * @throws SaltationError for an empty list, or naming an unknown parameter and the known ones.
 */
export function requestedViews(
  network: Network,
  layout: ParameterLayout,
  names: readonly string[],
  field = "with",
  bySample = false,
): View[] {
  if (!Array.isArray(names)) fail(field, `expected a list of parameters, got ${show(names)}`);
  if (names.length === 0) fail(field, "names no parameter; give at least one");
  names.forEach((name, i) => {
    if (typeof name !== "string") fail(`${field}[${i}]`, `expected the name of a parameter, got ${show(name)}`);
  });
  const sampled = sampledInputs(network.cell);
  const known = [...layout.views.values()]
    .filter((v) => v.length > 0 && v.differentiable && (bySample || !v.bySample))
    .map((v) => v.name);
  const views = names.map((name) => viewName(network, name));
  names.forEach((name, i) => {
    const at = `${field}[${i}]`;
    if (sampled.includes(segmentName(network, name)))
      fail(
        at,
        `${quoted(name)} is sampled, and gradients by samples are taken of a current in a drift alone; known: ${known.join(", ")}`,
      );
    if (!known.includes(views[i]!)) {
      if (layout.views.get(views[i]!)?.bySample)
        fail(
          at,
          `${quoted(name)} is given by sample, and here gradients are by what samples have in common; known: ${known.join(", ")}`,
        );
      const why = whyNone(network, views[i]!);
      fail(at, `${quoted(name)}: ${why}; known: ${known.join(", ")}`);
    }
    if (views.indexOf(views[i]!) !== i) fail(at, `${quoted(name)} stands there twice`);
  });
  return names.map((asked, i) => ({ ...layout.views.get(views[i]!)!, asked }));
}

/** Whether one number is what all neurons of a view start from: its entries are derivatives that add up to that by the number. */
const startsAlike = (view: View): boolean =>
  view.state !== undefined && view.length > 1 && typeof view.shape(new Float64Array(view.length)) === "number";

/**
 * Of a view, the entries that go along each direction: one alone, or all where one number is what they start from. Of times of
 * sources, each entry of agendas that is a spike of theirs in any of so many samples.
 */
export function directionsOf(view: View, samples = 0): readonly ViewPart[] {
  if (startsAlike(view)) return [{ first: 0, end: view.length }];
  const { entriesOf } = view;
  const all = Array.from({ length: view.length }, (_, i) => ({ first: i, end: i + 1 }));
  if (!entriesOf) return all;
  const own = new Set(Array.from({ length: samples }, (_, s) => entriesOf(s)).flat());
  const some = all.filter(({ first }) => own.has(first));
  // A solve has a direction at least.
  return some.length > 0 ? some : all.slice(0, 1);
}

/** The plan on which there are the derivatives that are asked for: by the times of sources, beside grid points. */
export const planBeside = (plan: SolvePlan, views: readonly View[]): SolvePlan =>
  views.some(({ segment }) => segment === timesSegment) ? besideGrid(plan) : plan;

/** Adds what a neuron starts from along a direction, of the states that samples give, to a tangent of its start. */
export function addInitialTangent(
  layout: ParameterLayout,
  neuron: number,
  direction: Float64Array,
  tangent: Float64Array,
): void {
  for (const { state, part, offset } of layout.views.values())
    if (state !== undefined && neuron >= part!.first && neuron < part!.end)
      tangent[state]! += direction[offset + neuron - part!.first]!;
}

/** Adds the cotangent a of what a neuron starts from to the entries of the states that samples give. */
export function addInitialGradient(
  layout: ParameterLayout,
  neuron: number,
  a: Float64Array,
  gradient: Float64Array,
): void {
  for (const { state, part, offset } of layout.views.values())
    if (state !== undefined && neuron >= part!.first && neuron < part!.end)
      gradient[offset + neuron - part!.first]! += a[state]!;
}

/** What views are parts of, each once. */
export const segmentsOf = (views: readonly View[]): string[] => [...new Set(views.map((v) => v.segment))];

/** The same, and none where there is no name: for a value alone. */
export const viewsOf = (
  network: Network,
  layout: ParameterLayout,
  names: readonly string[],
  field?: string,
  bySample?: boolean,
): View[] =>
  Array.isArray(names) && names.length === 0 ? [] : requestedViews(network, layout, names, field, bySample);

/** Parameters of a vector of all, in the shapes in which they were given. */
export const shapedValues = (views: readonly View[], vector: Float64Array): Record<string, unknown> =>
  Object.fromEntries(views.map((v) => [v.asked, v.shape(vector.slice(v.offset, v.offset + v.length), v.beyond)]));

/** The plan with the values of its parameters, weights and current replaced by those of a flat vector. */
export function replaceParameters(plan: SolvePlan, layout: ParameterLayout, vector: Float64Array): SolvePlan {
  const part = (name: string): Float64Array => {
    const { offset, length } = layout.segments.get(name)!;
    return vector.slice(offset, offset + length);
  };
  return {
    ...plan,
    network: {
      ...plan.network,
      parameters: plan.network.parameters.map((p) => ({ ...p, values: part(p.name) })),
      connections: {
        ...plan.network.connections,
        weights: part("weights"),
        ...(layout.segments.has("delays") ? { delays: part("delays") } : {}),
      },
    },
    current: { ...plan.current, values: part("current") },
  };
}
