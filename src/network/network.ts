/** A network: copies of one cell, coupled at events, with named parameters that are shared or per neuron. */
import { boundCell, type Cell, type CellDefinition, defineCell } from "../cell/cell.js";
import { gif } from "../cell/gif.js";
import { slif } from "../cell/slif.js";
import {
  checkOptions,
  fail,
  float32Number,
  isNumbers,
  type Names,
  type Numbers,
  positiveNumber,
  show,
  wholeNumber,
} from "../checks.js";
import { type Current, constantValues, inputField, isSampledCurrent } from "../driver/current.js";
import { quoted } from "../quoted.js";
import { type Connections, portNumber, readConnections, type Weights } from "./connections.js";
import { kindsOf, readInputs } from "./inputs.js";

export interface NetworkDefinition {
  /** A cell, its definition, or the name of a built-in cell or of one that `libraryCell` has loaded. Default "slif". */
  cell?: Cell | CellDefinition | string;
  /** Number of neurons; or … */
  neurons?: number;
  /** … sizes of feed-forward layers. */
  layers?: number[];
  /** Values of the cell's parameters, shared (a number) or per neuron (a list); the cell's default where not given. */
  parameters?: Record<string, number | Numbers>;
  weights?: Weights;
  /** The input signals of the cell by name: each constant, per neuron, or sampled. `I` is 0 where the cell names no inputs. */
  inputs?: Record<string, Current>;
  /** Short for the input `I`. */
  current?: Current;
  /**
   * Input spikes from t0 to t1: each arrives at its neuron with its weight, like a spike within the network. One at t1
   * changes nothing.
   */
  inputSpikes?: InputSpikes;
}

const networkNames: Names<NetworkDefinition> = {
  cell: true,
  neurons: true,
  layers: true,
  parameters: true,
  weights: true,
  inputs: true,
  current: true,
  inputSpikes: true,
};

export interface InputSpikes {
  times: Numbers;
  neurons: Numbers;
  weights: Numbers;
  /** The port at which all arrive, or that of each; may be left out where the cell has one. */
  port?: string | readonly string[];
}

const spikeNames: Names<InputSpikes> = { times: true, neurons: true, weights: true, port: true };

/** One parameter of the cell, or one of its inputs (of a sampled one the first sample): its values are one for all neurons, or one per neuron. */
export interface Parameter {
  readonly name: string;
  readonly values: Float64Array;
  readonly perNeuron: boolean;
}

export interface Network {
  readonly cell: Cell;
  readonly neurons: number;
  /** Nodes that only send, at times that come with samples: node `neurons` + s is source s. */
  readonly sources: number;
  readonly layers: readonly number[] | undefined;
  readonly parameters: readonly Parameter[];
  readonly connections: Connections;
  /** The signal `I`, where it is a current to the cell (src/cell/inputs.ts). */
  readonly current: Current;
  /** Signals that are not, by name, as they were given. */
  readonly inputs: Readonly<Record<string, Current>>;
  /** With the number of the port of each. */
  readonly inputSpikes: InputSpikes & { readonly ports: readonly number[] };
}

/** Cells that a network may name: those that are always there, and those of the library that were loaded. */
const known = new Map<string, Cell>([slif, gif].map((cell) => [cell.name, cell]));

const noSuchCell = (name: string, names: Iterable<string>): never =>
  fail("network.cell", `no built-in cell is called ${quoted(name)}; known: ${[...new Set(names)].join(", ")}`);

/**
 * A cell of the library by name, with its equations, parameters and units in `definition` (docs/cells.md lists them
 * all). The library is loaded the first time that one of its cells is asked for; from then on networks may name that
 * cell. @throws SaltationError `invalid-input` where the library has none of this name.
 */
export async function libraryCell(name: string): Promise<Cell> {
  let cell = known.get(name);
  if (cell) return cell;
  const { definitions } = await import("../cells/library.js");
  const found = definitions.find((d) => d.name === name);
  if (!found) return noSuchCell(name, [...known.keys(), ...definitions.map((d) => d.name)]);
  cell = defineCell(found);
  known.set(name, cell);
  return cell;
}

/** Finds or defines the cell that a network is made of. */
export function readCell(cell: Cell | CellDefinition | string | undefined): Cell {
  if (cell === undefined) return slif;
  if (typeof cell === "string") {
    return known.get(cell) ?? noSuchCell(cell, [...known.keys(), "others after await libraryCell(name)"]);
  }
  return typeof cell === "object" && cell && "graph" in cell ? cell : defineCell(cell);
}

function readInputSpikes(spikes: InputSpikes | undefined, neurons: number, cell: Cell): Network["inputSpikes"] {
  if (spikes === undefined) return { times: [], neurons: [], weights: [], ports: [] };
  const field = "input.spikes";
  checkOptions(field, spikes, spikeNames);
  for (const key of ["times", "neurons", "weights"] as const) {
    const list = spikes[key];
    if (!isNumbers(list)) fail(`${field}.${key}`, `expected a list, got ${show(list)}`);
    if (list.length !== spikes.times.length) {
      fail(`${field}.${key}`, `has ${list.length} entries for ${spikes.times.length} times; one each is needed`);
    }
    list.forEach((v: number, i: number) => {
      if (key === "neurons") wholeNumber(`${field}.neurons[${i}]`, v, 0, neurons - 1);
      else float32Number(`${field}.${key}[${i}]`, v);
    });
  }
  const { port } = spikes;
  if (!Array.isArray(port)) {
    const every = portNumber(`${field}.port`, port, cell);
    return { ...spikes, ports: new Array<number>(spikes.times.length).fill(every) };
  }
  if (port.length !== spikes.times.length)
    fail(
      `${field}.port`,
      `has ${port.length} entries for ${spikes.times.length} times; one each is needed, or one for all`,
    );
  return { ...spikes, ports: port.map((name, i) => portNumber(`${field}.port[${i}]`, name, cell)) };
}

/** An input that is the same at all times, or the first sample of one that is not. */
function inputAsParameter(name: string, given: Current, neurons: number): Parameter {
  const perNeuron = typeof given !== "number";
  if (!isSampledCurrent(given)) return { name, values: constantValues(given, neurons, inputField(name)), perNeuron };
  // Whether samples fit is told where they are laid onto a grid.
  const first: unknown = given.samples[0];
  if (!isNumbers(first) || first.length === 1) {
    return { name, values: Float64Array.of(Number(isNumbers(first) ? first[0] : first)), perNeuron: false };
  }
  return { name, values: Float64Array.from({ length: neurons }, (_, k) => first[k] ?? 0), perNeuron };
}

const maximumNeurons = 65536;

/**
 * Checks and completes a network.
 * @throws SaltationError `invalid-input` naming the field, its value and what would be right.
 */
export function defineNetwork(definition: NetworkDefinition): Network {
  checkOptions("network", definition, networkNames);
  const unbound = readCell(definition.cell);
  const signals = readInputs(unbound, definition);
  const cell = boundCell(unbound, { inputs: kindsOf(unbound, signals), t0: 0 });
  const { layers } = definition;
  if (layers !== undefined) {
    if (!Array.isArray(layers) || layers.length === 0) {
      fail("network.layers", `expected a list of layer sizes, got ${show(layers)}`);
    }
    layers.forEach((n, l) => {
      wholeNumber(`network.layers[${l}]`, n, 1, maximumNeurons);
    });
  }
  const inLayers = layers?.reduce((a, b) => a + b, 0);
  const neurons = wholeNumber("network.neurons", definition.neurons ?? inLayers ?? 1, 1, maximumNeurons);
  if (inLayers !== undefined && inLayers !== neurons) {
    fail("network.neurons", `is ${neurons}, but network.layers add up to ${inLayers}; leave one of them out`);
  }

  const given = definition.parameters ?? {};
  for (const name of Object.keys(given)) {
    if (name in cell.defaults) continue;
    const known = `known: ${Object.keys(cell.defaults).join(", ")}`;
    const what = cell.inputs.has(name) ? `is an input; give it as input.inputs.${name}` : undefined;
    fail(`network.parameters.${name}`, what ?? `cell "${cell.name}" has no such parameter; ${known}`);
  }
  const inputs: Record<string, Current> = {};
  for (const [name, kind] of cell.inputs) if (kind !== "current") inputs[name] = signals.get(name)!;
  const parameters = cell.parameters.map((name): Parameter => {
    if (cell.inputs.has(name)) return inputAsParameter(name, inputs[name]!, neurons);
    const value = given[name] ?? cell.defaults[name]!;
    const field = `network.parameters.${name}`;
    const number = (at: string, v: unknown): number =>
      float32Number(at, cell.positive.includes(name) ? positiveNumber(at, v) : v);
    if (!isNumbers(value)) return { name, values: Float64Array.of(number(field, value)), perNeuron: false };
    if (value.length !== neurons) {
      fail(field, `expected one number, or ${neurons} (one per neuron), got ${value.length}`);
    }
    const values = Float64Array.from(value, (v, k) => number(`${field}[${k}]`, v));
    return { name, values, perNeuron: true };
  });
  const inputSpikes = readInputSpikes(definition.inputSpikes, neurons, cell);
  const connections = readConnections(definition.weights, neurons, layers, cell);
  const current = cell.inputs.get("I") === "current" ? signals.get("I")! : 0;
  return { cell, neurons, sources: 0, layers, parameters, connections, current, inputs, inputSpikes };
}
