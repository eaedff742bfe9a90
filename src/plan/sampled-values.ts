/**
 * What samples have in place of what their network says: signals, parameters and initial states, in a table of numbers with a
 * row per sample. The twin takes the plan of a path (`planOfPath`), kernels the places in the table.
 */
import type { Cell } from "../cell/cell.js";
import { inputNames } from "../cell/graph.js";
import { inputState, isSampled, slopeState } from "../cell/inputs.js";
import { isRandom } from "../cell/random.js";
import { jumpNamed } from "../cell/tables.js";
import { whichCell } from "../cell/which-cell.js";
import { checkOptions, fail, float32Number, isNumbers, type Numbers, positiveNumber, show } from "../checks.js";
import {
  type Current,
  type CurrentSamples,
  currentAt,
  type Interpolation,
  type PlannedCurrent,
  planCurrent,
} from "../driver/current.js";
import type { Network } from "../network/network.js";
import { isPoisson } from "../network/populations.js";
import { quoted } from "../quoted.js";
import { type PlannedInput, sampledAt } from "./inputs.js";
import type { SolvePlan } from "./plan.js";
import { currentsTogether, type PopulationSignal, signalsTogether } from "./population-signals.js";
import { sampleOfPath } from "./sample-of-path.js";
import type { PlannedSamples } from "./samples.js";

/**
 * A signal of each sample: a number, numbers of neurons, or samples of it by time (and neuron), with one `dt` and one interpolation
 * for all.
 */
export type SignalBySample =
  | Numbers
  | readonly Numbers[]
  | { dt: number; samples: readonly CurrentSamples[]; interpolation?: Interpolation };

export interface ValuesBySample {
  /** Signals of the cell by name, in place of those that the network has; of populations by theirs: `hidden.I`. */
  inputs?: Record<string, SignalBySample>;
  /**
   * Parameters by name: a row per sample, of as many values as the network has of it: one, which may stand alone, or one per neuron.
   */
  parameters?: Record<string, Numbers | readonly Numbers[]>;
  /**
   * States at t0 by name: a number per sample, or one per sample and neuron; `hidden.v` of the neurons of a population. What has no
   * value here starts as its cell says.
   */
  initial?: Record<string, Numbers | readonly Numbers[]>;
  /**
   * What noise channels are driven by, by name, in place of Brownian motion: a path of each sample, straight between samples `dt` apart, the
   * first at t0; one for all neurons, or by time and neuron. Amplitudes stand before it as before noise.
   */
  drivers?: Record<string, SampledSeries>;
}

/** Values by time of each sample, `dt` apart. */
export interface SampledSeries {
  dt: number;
  samples: readonly CurrentSamples[];
}

/** Numbers of a sample from one place of its row on. */
export interface SampledPart {
  readonly at: number;
  readonly length: number;
}

/** A noise channel whose path is given: its slope in each of so many steps of the grid. */
export interface SampledDriver extends SampledPart, Omit<PlannedCurrent, "values"> {
  readonly channel: number;
}

export interface SampledValues {
  /** Numbers of a row, and the rows: [samples][width]. */
  readonly width: number;
  readonly data: Float64Array;
  /** By the index of the parameter in the network, or of the input in the plan. */
  readonly parameters: readonly (SampledPart & { readonly index: number })[];
  readonly inputs: readonly (SampledPart & { readonly index: number })[];
  readonly current: SampledPart | undefined;
  /** Of neurons `first` to `end`, the last not among them. */
  readonly initial: readonly (SampledPart & { readonly state: number; readonly first: number; readonly end: number })[];
  readonly drivers: readonly SampledDriver[];
}

/** What a plan has before its samples. */
export type Planned = Pick<SolvePlan, "network" | "t0" | "dt" | "steps" | "current" | "inputs">;

/** Values as they are laid on the plan, and the plan's signals in the shape that samples give them. */
export interface PlannedValues {
  readonly count: number;
  /** What says how many samples there are. */
  readonly of: string;
  readonly values: SampledValues;
  readonly current: PlannedCurrent;
  readonly inputs: readonly PlannedInput[];
}

const field = "samples";

/** Rows side by side. */
class Rows {
  readonly parts: (readonly Float64Array[])[] = [];
  width = 0;
  private known: { of: string; count: number } | undefined;

  /** @throws SaltationError `invalid-input` where there are not as many rows as of what came before. */
  add(of: string, rows: readonly Float64Array[]): SampledPart {
    const { known } = this;
    if (rows.length === 0) fail(of, "holds no sample");
    if (known && rows.length !== known.count)
      fail(of, `has ${rows.length} samples, and ${known.of} ${known.count}; give as many`);
    this.known ??= { of, count: rows.length };
    const part = { at: this.width, length: rows[0]!.length };
    this.parts.push(rows);
    this.width += part.length;
    return part;
  }

  get samples(): { of: string; count: number } | undefined {
    return this.known;
  }

  table(): Float64Array {
    const { width, parts } = this;
    const data = new Float64Array(width * (this.known?.count ?? 0));
    let at = 0;
    for (const rows of parts) {
      rows.forEach((row, s) => {
        data.set(row, s * width + at);
      });
      at += rows[0]!.length;
    }
    return data;
  }
}

const named = (at: string, name: string): string => (/^[\w.-]{1,64}$/.test(name) ? `${at}.${name}` : at);

const listOf = (of: string, given: unknown): Numbers | readonly Numbers[] =>
  isNumbers(given)
    ? (given as Numbers)
    : fail(of, `expected a list with a number, or a list of numbers, for each sample, got ${show(given)}`);

/** A row of `lengths[0]` numbers per sample, or of another of them; of one number it may stand alone. */
function rowsOf(of: string, given: unknown, lengths: readonly number[], check = float32Number): Float64Array[] {
  return Array.from(listOf(of, given) as ArrayLike<number | Numbers>, (row, s) => {
    const at = `${of}[${s}]`;
    const values = isNumbers(row) ? row : [row];
    if (!lengths.includes(values.length))
      fail(
        at,
        `expected ${lengths.map((n) => (n === 1 ? "a number" : `${n} numbers (one per neuron)`)).join(", or ")}, got ${show(row)}`,
      );
    return Float64Array.from(values, (v, i) => check(isNumbers(row) ? `${at}[${i}]` : at, v));
  });
}

/** Rows of one length. */
function alike(of: string, rows: readonly Float64Array[]): readonly Float64Array[] {
  rows.forEach((row, s) => {
    if (row.length !== rows[0]!.length)
      fail(`${of}[${s}]`, `has ${row.length} numbers, and the first sample ${rows[0]!.length}; give as many`);
  });
  return rows;
}

/** A signal of so many neurons on the grid: its shape, which all samples have, and the values of each. */
function signalOf(of: string, given: SignalBySample, neurons: number, { t0, dt, steps }: Planned): ReadSignal {
  const plan = (one: Current, at: string): PlannedCurrent => planCurrent(one, neurons, t0, dt, steps, at);
  if (isNumbers(given)) {
    const rows = alike(of, rowsOf(of, given, neurons === 1 ? [1] : [1, neurons]));
    const perNeuron = rows.length > 0 && rows[0]!.length > 1;
    return { shape: { samples: 1, stepsPerSample: steps, perNeuron }, rows, linear: false, sampled: false };
  }
  checkOptions(of, given, { dt: true, samples: true, interpolation: true });
  const { samples, ...how } = given as Exclude<SignalBySample, Numbers | readonly Numbers[]>;
  if (!Array.isArray(samples)) fail(`${of}.samples`, `expected samples by time of each sample, got ${show(samples)}`);
  const planned = samples.map((one, s) => plan({ ...how, samples: one }, `${of}[${s}]`));
  const rows = alike(
    `${of}.samples`,
    planned.map((p) => p.values),
  );
  const { samples: count = 1, stepsPerSample = steps, perNeuron = false } = planned[0] ?? {};
  return {
    shape: { samples: count, stepsPerSample, perNeuron },
    rows,
    linear: how.interpolation === "linear",
    sampled: true,
  };
}

/** A signal by sample, laid on the grid. */
export interface ReadSignal {
  readonly shape: Omit<PlannedCurrent, "values" | "parts">;
  readonly rows: readonly Float64Array[];
  readonly linear: boolean;
  readonly sampled: boolean;
}

/** Slopes of paths by samples, each constant up to the next. */
function slopesOf(of: string, given: SampledSeries, planned: Planned) {
  checkOptions(of, given, { dt: true, samples: true });
  const { neurons } = planned.network;
  const { shape, rows } = signalOf(of, { ...given, interpolation: "linear" }, neurons, planned);
  const { stepsPerSample, perNeuron } = shape;
  const width = perNeuron ? planned.network.neurons : 1;
  const slopes = rows.map((row) => row.slice(width).map((v, i) => (v - row[i]!) / (stepsPerSample * planned.dt)));
  return { shape: { ...shape, samples: shape.samples - 1 }, rows: slopes };
}

/** Values of the network's own signal in the shape that samples have: what is looked at where they are not. */
function reshaped(
  shape: Omit<PlannedCurrent, "values">,
  neurons: number,
  at: (step: number, k: number) => number,
): PlannedCurrent {
  const width = shape.perNeuron ? neurons : 1;
  const values = Float64Array.from({ length: shape.samples * width }, (_, i) =>
    at(Math.floor(i / width) * shape.stepsPerSample, i % width),
  );
  return { ...shape, values };
}

/** Why no start can be replaced of a cell, if none can. */
const whyChosen = (cell: Cell): string | undefined =>
  cell.states.slice(cell.states.length - cell.hidden).some((name) => !isInput(cell.inputs, name))
    ? `cell "${cell.name}" chooses branches of its conditions at the start; let its "start" read a parameter, and give that by sample`
    : undefined;

/** Why the start of a state of a cell cannot be replaced, if it cannot. */
const whyNotInitial = (cell: Cell, state: number): string | undefined =>
  [...inputNames([jumpNamed(cell, "start").value[state]!])].some(isRandom)
    ? "starts at random; let it be, or give the cell another start"
    : undefined;

const isInput = (inputs: ReadonlyMap<string, unknown>, state: string): boolean =>
  [...inputs.keys()].some((name) => state === inputState(name) || state === slopeState(name));

/** The population of a name, where the network has such, and what the name is of it. */
function ofPopulation(of: string, name: string, { populations }: Network): { population?: string; own: string } {
  if (populations.length === 0) return { own: name };
  const at = name.indexOf(".");
  const [population, own] = [name.slice(0, Math.max(0, at)), name.slice(at + 1)];
  if (populations.some((p) => p.name === population && !p.sources)) return { population, own };
  const known = populations.filter((p) => !p.sources).map((p) => p.name);
  return fail(
    of,
    `expected the name of a population before a dot, as in ${known[0]}.${own}; known: ${known.join(", ")}`,
  );
}

/** A population of neurons that a name begins with, and what the name is of it. */
function placeOf(of: string, name: string, network: Network) {
  const { population, own } = ofPopulation(of, name, network);
  const place = network.populations.find((p) => p.name === population);
  if (!place) fail(of, "names a population, and the network has none; leave it out");
  return { own, first: place.first, count: place.count, cell: place.cell! };
}

/** The cells of a network, as they were defined. */
const cellsOf = ({ cell, populations }: Network): Cell[] => {
  const own = populations.flatMap((place) => place.cell ?? []);
  return own.length > 1 ? own : [cell];
};

/** @throws SaltationError `invalid-input` naming the field, its value and the mend. */
export function planValues(given: ValuesBySample, planned: Planned): PlannedValues | undefined {
  const { network } = planned;
  const { cell, neurons } = network;
  const rows = new Rows();
  let { current } = planned;
  const inputs = [...planned.inputs];
  const parameters: SampledValues["parameters"][number][] = [];
  const inputParts: SampledValues["inputs"][number][] = [];
  let currentPart: SampledPart | undefined;
  for (const what of ["inputs", "parameters", "initial", "drivers"] as const) {
    const all: unknown = given[what] ?? {};
    if (typeof all !== "object" || Array.isArray(all))
      fail(`${field}.${what}`, `expected lists by name, got ${show(all)}`);
  }
  const merged = new Map<number, { of: string; rows: Float64Array[] }>();
  const several = network.populations.filter((p) => !p.sources).length > 1;
  const currents: PopulationSignal[] = [];
  const signals = new Map<number, PopulationSignal[]>();
  /** The values of all populations of a parameter, for so many samples: those of the network where none are given. */
  const wholeOf = (of: string, index: number, count: number): Float64Array[] => {
    const { values } = network.parameters[index]!;
    const known = merged.get(index) ?? { of, rows: Array.from({ length: count }, () => values.slice()) };
    if (known.rows.length !== count)
      fail(of, `has ${count} samples, and ${known.of} ${known.rows.length}; give as many`);
    merged.set(index, known);
    return known.rows;
  };
  for (const [key, signal] of Object.entries(given.inputs ?? {})) {
    const of = named(`${field}.inputs`, key);
    const place = several || key.includes(".") ? placeOf(of, key, network) : undefined;
    const name = place?.own ?? key;
    const { cell: its } = place ?? network;
    const kind = its.inputs.has(name) ? cell.inputs.get(name) : undefined;
    if (kind === undefined)
      fail(of, `cell "${its.name}" has no such input; known: ${[...its.inputs.keys()].join(", ")}`);
    const read = signalOf(of, signal, place?.count ?? neurons, planned);
    if (isPoisson(place?.cell ?? cell))
      read.rows.forEach((row, s) => {
        const below = row.find((rate) => rate < 0);
        if (below !== undefined) fail(`${of}[${s}]`, `expected a rate of at least 0, got ${below}`);
      });
    const kinds = read.sampled ? (read.linear ? "linear" : "held") : "constant";
    if (several) {
      const one = { of, first: place!.first, count: place!.count, ...read };
      if (kind === "current") {
        if (read.linear)
          fail(of, `is linear between samples; give the network a linear ${name} too, of which samples have another`);
        currents.push(one);
        continue;
      }
      if (kind !== kinds)
        fail(of, `is ${kinds}, and the network's ${name} ${kind}; give that likewise, of which samples have another`);
      const index = network.parameters.findIndex((p) => p.name === name);
      const part = network.parameters[index]!.parts!.find((p) => p.first === place!.first)!;
      if (read.shape.perNeuron && !part.perNeuron)
        fail(of, `is one per neuron, and the network's ${key} is not; give that likewise`);
      // What the start reads is the first sample.
      const width = part.perNeuron ? part.count : 1;
      wholeOf(of, index, read.rows.length).forEach((row, s) => {
        for (let k = 0; k < width; k++) row[part.at + k] = read.rows[s]![read.shape.perNeuron ? k : 0]!;
      });
      if (!isSampled(kind)) continue;
      const own = inputs.findIndex((i) => i.name === name);
      signals.set(own, [...(signals.get(own) ?? []), one]);
      continue;
    }
    if (kind === "current") {
      if (read.linear)
        fail(of, `is linear between samples; give the network a linear ${name} too, of which samples have another`);
      const own = current;
      current = reshaped(read.shape, neurons, (step, k) => currentAt(own, step, k));
      currentPart = rows.add(of, read.rows);
      continue;
    }
    if (kind !== kinds)
      fail(of, `is ${kinds}, and the network's ${name} ${kind}; give that likewise, of which samples have another`);
    const index = network.parameters.findIndex((p) => p.name === name);
    const { perNeuron, parts = [] } = network.parameters[index]!;
    if (parts.length > 1 && !parts.every((p) => p.perNeuron))
      fail(of, `is given by population, and not per neuron in all; give it as a list in each`);
    if (perNeuron !== read.shape.perNeuron)
      fail(
        of,
        `is ${perNeuron ? "one for all neurons" : "one per neuron"}, and the network's ${name} is not; give that likewise`,
      );
    const part = rows.add(of, read.rows);
    // What the start reads is the first sample.
    parameters.push({ index, at: part.at, length: perNeuron ? neurons : 1 });
    if (!isSampled(kind)) continue;
    const own = inputs.findIndex((i) => i.name === name);
    const input = inputs[own]!;
    const at = (step: number, k: number): number => sampledAt(input, planned.dt, Math.min(step, planned.steps), k)[0];
    inputs[own] = { ...input, ...reshaped(read.shape, neurons, at) };
    inputParts.push({ index: own, ...part });
  }
  if (currents.length > 0) {
    const all = currentsTogether(currents, planned);
    current = all.planned;
    currentPart = rows.add(currents[0]!.of, all.rows);
  }
  for (const [own, parts] of signals) {
    const all = signalsTogether(parts, inputs[own]!, planned);
    inputParts.push({ index: own, ...rows.add(parts[0]!.of, all) });
  }
  for (const [name, list] of Object.entries(given.parameters ?? {})) {
    const of = named(`${field}.parameters`, name);
    const { population, own } = ofPopulation(of, name, network);
    const index = network.parameters.findIndex((p) => p.name === own && !cell.inputs.has(own));
    if (index < 0) {
      const what = cell.inputs.has(own)
        ? `is an input; give it as ${field}.inputs.${name}`
        : "is no parameter of the cell";
      fail(of, `${what}; known: ${Object.keys(cell.defaults).join(", ")}`);
    }
    const { values, parts } = network.parameters[index]!;
    const check = cell.positive.includes(own)
      ? (at: string, v: unknown): number => float32Number(at, positiveNumber(at, v))
      : float32Number;
    const part = parts?.find((p) => p.population === population);
    if (own === whichCell || (population !== undefined && parts && !part))
      fail(of, population === undefined ? "is no parameter" : `population ${quoted(population)} has no such parameter`);
    const first = part?.at ?? 0;
    const length = part ? (part.perNeuron ? part.count : 1) : values.length;
    const given = rowsOf(of, list, [length], check);
    // Of several populations the row has the values of all, those of the others as the network has them.
    wholeOf(of, index, given.length).forEach((row, s) => {
      row.set(given[s]!, first);
    });
  }
  for (const [index, known] of merged) parameters.push({ index, ...rows.add(known.of, known.rows) });
  const initial: SampledValues["initial"][number][] = [];
  for (const [name, list] of Object.entries(given.initial ?? {})) {
    const of = named(`${field}.initial`, name);
    const place = name.includes(".") ? placeOf(of, name, network) : undefined;
    const own = place?.own ?? name;
    const cells = place ? [place.cell] : cellsOf(network);
    for (const one of cells) {
      const shown = one.states.slice(0, one.states.length - one.hidden);
      if (!shown.includes(own)) fail(of, `cell "${one.name}" has no such state; known: ${shown.join(", ")}`);
      const why = whyChosen(cell) ?? whyNotInitial(one, one.states.indexOf(own));
      if (why) fail(of, why);
    }
    const { first = 0, count = neurons } = place ?? {};
    const state = cell.states.indexOf(own);
    const twice = initial.some((i) => i.state === state && i.first < first + count && first < i.end);
    if (twice) fail(of, "is given twice; leave one out");
    const part = rows.add(of, alike(of, rowsOf(of, list, count === 1 ? [1] : [1, count])));
    initial.push({ state, first, end: first + count, ...part });
  }
  const drivers = Object.entries(given.drivers ?? {}).map(([name, paths]): SampledDriver => {
    const of = named(`${field}.drivers`, name);
    const channel = cell.channels.findIndex((c) => c.name === name);
    if (channel < 0)
      fail(
        of,
        `cell "${cell.name}" has no such noise channel; known: ${cell.channels.map((c) => c.name).join(", ") || "none"}`,
      );
    const { shape, rows: slopes } = slopesOf(of, paths, planned);
    if (cell.channels[channel]!.shared && shape.perNeuron)
      fail(of, "is one per neuron, and the channel is one for all neurons; give one path for each sample");
    return { channel, ...shape, ...rows.add(of, slopes) };
  });
  const { samples, width } = rows;
  if (!samples) return undefined;
  const values = { width, data: rows.table(), parameters, inputs: inputParts, current: currentPart, initial, drivers };
  return { ...samples, values, current, inputs };
}

type Given = Pick<PlannedSamples, "trials" | "values">;

/** The plan of a path: with the signals and parameters of its sample. */
export function planOfPath(plan: SolvePlan, path: number): SolvePlan {
  const { values } = plan.samples ?? {};
  if (!values) return plan;
  const first = sampleOfPath(plan.samples!, path) * values.width;
  return replaced(plan, values, ({ at, length }) => values.data.subarray(first + at, first + at + length));
}

/** A plan whose signals and parameters have the values of all samples, one after the other, for what looks at what they can be. */
export function planOfAll(plan: SolvePlan): SolvePlan {
  const { values, count } = plan.samples ?? { count: 0 };
  if (!values) return plan;
  const { width, data } = values;
  const all = ({ at, length }: SampledPart): Float64Array =>
    Float64Array.from({ length: count * length }, (_, i) => data[Math.floor(i / length) * width + at + (i % length)]!);
  const { network, ...rest } = replaced(plan, values, all);
  const varied = new Set(values.parameters.map((p) => p.index));
  const parameters = network.parameters.map((p, i) => (varied.has(i) ? { ...p, perNeuron: true } : p));
  const inputs = rest.inputs.map((input, i) =>
    values.inputs.some((part) => part.index === i) ? { ...input, samples: count * input.samples } : input,
  );
  return { ...rest, inputs, network: { ...network, parameters } };
}

function replaced(plan: SolvePlan, values: SampledValues, of: (part: SampledPart) => Float64Array): SolvePlan {
  const { network, current } = plan;
  const parameters = [...network.parameters];
  for (const part of values.parameters) parameters[part.index] = { ...parameters[part.index]!, values: of(part) };
  const inputs = [...plan.inputs];
  for (const part of values.inputs) inputs[part.index] = { ...inputs[part.index]!, values: of(part) };
  return {
    ...plan,
    network: { ...network, parameters },
    current: values.current ? { ...current, values: of(values.current) } : current,
    inputs,
  };
}

/** The slope of a channel's path on a path of the plan, where its sample gives it. @param channel of the cell. */
export function givenSlope(
  plan: Pick<SolvePlan, "samples">,
  channel: number,
): ((path: number, step: number, neuron: number) => number) | undefined {
  const { values, trials = 1 } = plan.samples ?? {};
  const driver = values?.drivers.find((d) => d.channel === channel);
  if (!values || !driver) return undefined;
  const { at, length, samples, stepsPerSample, perNeuron } = driver;
  return (path, step, neuron) => {
    const sample = Math.min(samples - 1, Math.floor(step / stepsPerSample));
    const own = sample * (length / samples) + (perNeuron ? neuron : 0);
    return values.data[sampleOfPath({ trials }, path) * values.width + at + own]!;
  };
}

/** Sets what a neuron of a path starts from, where its sample says that. */
export function setInitial(
  { samples }: { readonly samples?: Given },
  path: number,
  neuron: number,
  y: Float64Array,
): void {
  const { values, trials = 1 } = samples ?? {};
  if (!values) return;
  const row = sampleOfPath({ trials }, path) * values.width;
  for (const { state, at, length, first, end } of values.initial)
    if (neuron >= first && neuron < end) y[state] = values.data[row + at + (length > 1 ? neuron - first : 0)]!;
}

/** A cotangent or tangent of the start of a neuron: of what samples say there is none. */
export function clearInitial({ samples }: { readonly samples?: Given }, neuron: number, d: Float64Array): void {
  for (const { state, first, end } of samples?.values?.initial ?? []) if (neuron >= first && neuron < end) d[state] = 0;
}

/** What kernels are made for, as text: samples that differ in values alone have the same. */
export const shapeOfValues = (values: SampledValues | undefined): string =>
  JSON.stringify(values, (key, value) => (key === "data" ? undefined : value)) ?? "";
