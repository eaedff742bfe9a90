/** A network: copies of one cell, coupled at events, with named parameters that are shared or per neuron. */
import { boundCell, type Cell, type CellDefinition, defineCell } from "../cell/cell.js";
import { gif } from "../cell/gif.js";
import { slif } from "../cell/slif.js";
import { whichCell } from "../cell/which-cell.js";
import { poisson } from "../cells/poisson.js";
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
import {
  kindsOfAll,
  maximumNeurons,
  type PopulationDefinition,
  type PopulationPlace,
  type ReadPopulation,
  readPopulations,
} from "./populations.js";
import { type ProjectionDefinition, readProjections } from "./projections.js";
import { joinedFloats } from "./rows.js";
import { unionDefinition } from "./union-cell.js";

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
   * In place of all these: populations by name, each of neurons with a cell, parameters and inputs of its own, or of sources
   * (populations.ts) …
   */
  populations?: Record<string, PopulationDefinition>;
  /** … and connections between them (projections.ts). */
  projections?: ProjectionDefinition[];
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
  populations: true,
  projections: true,
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
  /** Where populations have values of their own: whose lie where among them. */
  readonly parts?: readonly ParameterPart[];
}

/** Values of a population: one that its neurons share, or one each, from `at` on. */
export interface ParameterPart {
  /** Absent where its cell does not have the parameter. */
  readonly population?: string;
  readonly first: number;
  readonly count: number;
  readonly at: number;
  readonly perNeuron: boolean;
}

/** Which of its values a neuron has; undefined where it has none. */
export function valuePlace({ perNeuron, parts }: Parameter, neuron: number): number | undefined {
  if (!parts) return perNeuron ? neuron : 0;
  const part = parts.find(({ first, count }) => neuron >= first && neuron < first + count);
  return part && part.at + (part.perNeuron ? neuron - part.first : 0);
}

/** The value of a neuron, 0 where it has none. */
export function valueAt(parameter: Parameter, neuron: number): number {
  const place = valuePlace(parameter, neuron);
  return place === undefined ? 0 : parameter.values[place]!;
}

export interface Network {
  readonly cell: Cell;
  readonly neurons: number;
  /** Nodes that only send, at times that come with samples: node `neurons` + s is source s. */
  readonly sources: number;
  /** Neurons and sources by name; of a network given by one cell, none. */
  readonly populations: readonly PopulationPlace[];
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

const noSuchCell = (name: string, names: Iterable<string>, field = "network.cell"): never =>
  fail(field, `no built-in cell is called ${show(name)}; known: ${[...new Set(names)].join(", ")}`);

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
export function readCell(cell: Cell | CellDefinition | string | undefined, field = "network.cell"): Cell {
  if (cell === undefined) return slif;
  if (typeof cell === "string") {
    return known.get(cell) ?? noSuchCell(cell, [...known.keys(), "others after await libraryCell(name)"], field);
  }
  if (cell === poisson && known.has(poisson.name)) return known.get(poisson.name)!;
  const read = typeof cell === "object" && cell && "graph" in cell ? cell : defineCell(cell);
  if (cell === poisson) known.set(poisson.name, read);
  return read;
}

/** @throws SaltationError `invalid-input` where spikes are given to a cell of which nothing becomes then. */
function checkReceives({ name, definition }: Cell, field: string): void {
  if (Object.keys(definition.receive ?? {}).length > 0) return;
  fail(field, `cell ${quoted(name)} is one of which nothing becomes where a spike arrives; give it "receive"`);
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
function inputAsParameter(name: string, given: Current, neurons: number, field: string): Parameter {
  const perNeuron = typeof given !== "number";
  if (!isSampledCurrent(given)) return { name, values: constantValues(given, neurons, field), perNeuron };
  // Whether samples fit is told where they are laid onto a grid.
  const first: unknown = given.samples[0];
  if (!isNumbers(first) || first.length === 1) {
    return { name, values: Float64Array.of(Number(isNumbers(first) ? first[0] : first)), perNeuron: false };
  }
  return { name, values: Float64Array.from({ length: neurons }, (_, k) => first[k] ?? 0), perNeuron };
}

/** Parameters by name, checked. @param field what gives them. */
function readParameters(
  field: string,
  given: Record<string, number | Numbers>,
  cell: Cell,
  { neurons, signals, inputsAt }: { neurons: number; signals: ReadonlyMap<string, Current>; inputsAt: string },
): Parameter[] {
  if (typeof given !== "object" || given === null || Array.isArray(given))
    fail(field, `expected an object of values by name, got ${show(given)}`);
  for (const name of Object.keys(given)) {
    if (name in cell.defaults) continue;
    const known = `known: ${Object.keys(cell.defaults).join(", ")}`;
    const what = cell.inputs.has(name) ? `is an input; give it as ${inputsAt}.inputs.${name}` : undefined;
    fail(`${field}.${name}`, what ?? `cell "${cell.name}" has no such parameter; ${known}`);
  }
  return cell.parameters.map((name): Parameter => {
    if (cell.inputs.has(name)) return inputAsParameter(name, signals.get(name)!, neurons, inputField(name, inputsAt));
    const value = given[name] ?? cell.defaults[name]!;
    const at = `${field}.${name}`;
    const number = (at: string, v: unknown): number =>
      float32Number(at, cell.positive.includes(name) ? positiveNumber(at, v) : v);
    if (!isNumbers(value)) return { name, values: Float64Array.of(number(at, value)), perNeuron: false };
    if (value.length !== neurons) {
      fail(at, `expected one number, or ${neurons} (one per neuron), got ${value.length}`);
    }
    const values = Float64Array.from(value, (v, k) => number(`${at}[${k}]`, v));
    return { name, values, perNeuron: true };
  });
}

/** Signals that are no current to the cell, by name. */
function otherInputs(cell: Cell, signals: ReadonlyMap<string, Current>): Record<string, Current> {
  const inputs: Record<string, Current> = {};
  for (const [name, kind] of cell.inputs) if (kind !== "current") inputs[name] = signals.get(name)!;
  return inputs;
}

/**
 * Checks and completes a network.
 * @throws SaltationError `invalid-input` naming the field, its value and what would be right.
 */
export function defineNetwork(definition: NetworkDefinition): Network {
  checkOptions("network", definition, networkNames);
  if (definition.populations !== undefined) return ofPopulations(definition);
  if (definition.projections !== undefined)
    fail("network.projections", "go with network.populations, which are missing");
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
  const parameters = readParameters("network.parameters", definition.parameters ?? {}, cell, {
    neurons,
    signals,
    inputsAt: "input",
  });
  const inputs = otherInputs(cell, signals);
  const inputSpikes = readInputSpikes(definition.inputSpikes, neurons, cell);
  if (inputSpikes.times.length > 0) checkReceives(cell, "input.spikes");
  const connections = readConnections(definition.weights, neurons, layers, cell);
  if (connections.targets.length > 0) checkReceives(cell, "network.weights");
  const current = cell.inputs.get("I") === "current" ? signals.get("I")! : 0;
  return {
    cell,
    neurons,
    sources: 0,
    populations: [],
    layers,
    parameters,
    connections,
    current,
    inputs,
    inputSpikes,
  };
}

/**
 * A parameter of all populations from that of each: their values one after another. Those whose cell does not have it read a
 * value of which there is no view, so that what is not chosen in them has a finite one.
 */
function together(
  name: string,
  populations: readonly { population: ReadPopulation; read: readonly Parameter[] }[],
  otherwise: number,
): Parameter {
  let at = 0;
  const values: Float64Array[] = [];
  const parts = populations.map(({ population: { name: population, first, count }, read }): ParameterPart => {
    const own = read.find((parameter) => parameter.name === name);
    values.push(own?.values ?? Float64Array.of(otherwise));
    const part = { first, count, at, perNeuron: own?.perNeuron ?? false };
    at += values.at(-1)!.length;
    return own ? { ...part, population } : part;
  });
  return { name, values: joinedFloats(values), perNeuron: parts.length > 1 || parts[0]!.perNeuron, parts };
}

const sameCell = (a: Cell, b: Cell): boolean =>
  a === b || JSON.stringify(a.definition) === JSON.stringify(b.definition);

/** Cells, each once. */
const differentCells = (all: readonly Cell[]): Cell[] =>
  all.filter((cell, i) => all.findIndex((other) => sameCell(other, cell)) === i);

/** Unions of cells, by their definitions. */
const unions = new Map<string, Cell>();

function unionOf(cells: readonly Cell[]): Cell {
  const definitions = cells.map((cell) => cell.definition);
  const key = JSON.stringify(definitions);
  const found = unions.get(key) ?? defineCell(unionDefinition(definitions));
  unions.set(key, found);
  return found;
}

/** @throws SaltationError where one arrives at a port that the cell of its neuron does not have, or at a cell that takes none. */
function inputSpikesOf(
  given: InputSpikes | undefined,
  neurons: number,
  cell: Cell,
  populations: readonly PopulationPlace[],
): Network["inputSpikes"] {
  const spikes = readInputSpikes(given, neurons, cell);
  spikes.ports.forEach((number, i) => {
    const k = spikes.neurons[i]!;
    const at = populations.find((p) => !p.sources && k >= p.first && k < p.first + p.count)!;
    checkReceives(at.cell!, `input.spikes.neurons[${i}]`);
    const port = cell.ports[number]!;
    if (!at.cell!.ports.includes(port))
      fail(
        `input.spikes.port`,
        `spike ${i} arrives at "${port}", which the cell of neuron ${k} (population ${quoted(at.name)}) lacks; its ports: ${at.cell!.ports.join(", ") || "none"}`,
      );
  });
  return spikes;
}

/** What is given by the names of one cell, and has no place beside populations. */
const ofOneCell = ["cell", "neurons", "layers", "parameters", "weights", "inputs", "current"] as const;

function ofPopulations(definition: NetworkDefinition): Network {
  for (const key of ofOneCell) {
    if (definition[key] === undefined) continue;
    // Jobs have signals beside the network.
    const field = key === "current" || key === "inputs" ? `input.${key}` : `network.${key}`;
    fail(field, "does not go with network.populations; give it there, and connections in network.projections");
  }
  const populations = readPopulations(definition.populations, readCell);
  const ofCells = populations.filter((population) => !population.sources);
  const [first] = ofCells;
  const cells = differentCells(ofCells.map((population) => population.cell!));
  const unbound = cells.length === 1 ? cells[0]! : unionOf(cells);
  const cell = boundCell(unbound, { inputs: kindsOfAll(unbound, ofCells), t0: 0 });
  const own = ofCells.map((population) => {
    const { field, given, signals, count, cell: unboundOwn } = population;
    const kinds = [...cell.inputs].filter(([name]) => unboundOwn!.inputs.has(name));
    const bound = boundCell(unboundOwn!, { inputs: Object.fromEntries(kinds), t0: 0 });
    const at = { neurons: count, signals: signals!, inputsAt: field };
    const read = readParameters(`${field}.parameters`, given!.parameters ?? {}, bound, at);
    const number = cells.findIndex((one) => sameCell(one, unboundOwn!));
    return { population, read: [...read, { name: whichCell, values: Float64Array.of(number), perNeuron: false }] };
  });
  const parameters = cell.parameters.map((name) => together(name, own, cell.defaults[name] ?? 0));
  const neurons = ofCells.reduce((n, { count }) => n + count, 0);
  const sources = populations.reduce((n, { count }) => n + count, 0) - neurons;
  const ends = new Map(
    populations.map(({ name, first, count, sources, cell: own }) => [
      name,
      {
        name,
        first,
        count,
        sources,
        ...(sources
          ? {}
          : {
              cell: own!,
              receives: Object.keys(own!.definition.receive ?? {}).length > 0,
              ports: own!.ports.map((port) => cell.ports.indexOf(port)),
            }),
      },
    ]),
  );
  // One population alone is planned as a network of one cell is.
  const signals = ofCells.length === 1 ? first!.signals! : new Map<string, Current>();
  return {
    cell,
    neurons,
    sources,
    populations: populations.map(({ field: _, given: __, ...place }) => place),
    layers: undefined,
    parameters,
    connections: readProjections(definition.projections, ends),
    current: (cell.inputs.get("I") === "current" ? signals.get("I") : undefined) ?? 0,
    inputs: otherInputs(cell, signals),
    inputSpikes: inputSpikesOf(definition.inputSpikes, neurons, cell, populations),
  };
}
