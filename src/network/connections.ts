/**
 * Connections between neurons, as sorted rows of targets (compressed sparse rows): whatever form the weights were
 * given in, and the way back to that form for gradients and fitted values.
 */
import { fail, float32Number, isNumbers, type Numbers, nonNegative, show } from "../checks.js";
import { type DrawnWeights, drawWeights } from "./drawn-weights.js";
import { intoRows, joinedFloats, joinedWords, type Rows, starts } from "./rows.js";

/** Weights as given: all-to-all, a list of edges, one matrix between each two layers, or drawn by a law. */
export type WeightForm =
  | { dense: Numbers[] }
  | { edges: [from: number, to: number, weight: number][] }
  | { layers: Numbers[][] }
  | DrawnWeights;

/** Connections that have something in common. */
export type WeightBlock = WeightForm & {
  /** The port of the targets at which their spikes arrive; may be left out where the cell has one. */
  port?: string;
  /**
   * Time from a spike to its arrival, 0 or more: one for all, or one for each connection in the shape of the weights (of edges
   * a list). Without, spikes arrive at once.
   */
  delays?: Delays;
};

/** Delays of a block. */
export type Delays = number | Numbers | Numbers[] | Numbers[][];

/** Connections of a network: one block of them, or several. */
export type Weights = WeightBlock | WeightBlock[];

const forms = ["dense", "edges", "layers"] as const;

export interface Connections extends Rows {
  readonly neurons: number;
  /** How the weights were given. */
  readonly form: "none" | "blocks" | "projections" | (typeof forms)[number];
  /** Values of weights: one for each entry of the rows, or, with `weightOf`, for each entry the place of its own. */
  readonly weights: Float64Array;
  readonly weightOf?: Uint32Array;
  /** Values of delays: entries have the number of theirs. */
  readonly delays: Float64Array;
  /** Of a network of populations: whose weights and delays lie where. */
  readonly projections?: readonly ProjectionPlace[];
  /** Values of delays → the shape in which they were given; null for a block of several that has none. */
  delayShape(values: ArrayLike<number>): unknown;
  /** Values of weights → the shape in which they were given. */
  shape(values: ArrayLike<number>): unknown;
  /** The same, where an edge is a number alone. */
  numbers(values: ArrayLike<number>): unknown;
}

/** Values of a projection among those of all, and the way back to the shape in which they were given. */
export interface ValuesPlace {
  readonly offset: number;
  readonly length: number;
  shape(values: ArrayLike<number>): unknown;
  /** The same, where an edge is a number alone. */
  numbers(values: ArrayLike<number>): unknown;
}

export interface ProjectionPlace {
  readonly name: string;
  readonly weights: ValuesPlace;
  readonly delays: ValuesPlace | undefined;
}

/** Which of the weights an entry of the rows has. */
export const weightPlace = ({ weightOf }: Connections, entry: number): number => (weightOf ? weightOf[entry]! : entry);

/** The weight of an entry of the rows. */
export const weightAt = (connections: Connections, entry: number): number =>
  connections.weights[weightPlace(connections, entry)]!;

function matrix(field: string, value: unknown, rows: number, columns: number, check = float32Number): void {
  if (!Array.isArray(value) || value.length !== rows) {
    fail(
      field,
      `expected ${rows} rows (one per sending neuron), got ${Array.isArray(value) ? value.length : show(value)}`,
    );
  }
  value.forEach((row: unknown, k) => {
    if (!isNumbers(row) || row.length !== columns) {
      fail(
        `${field}[${k}]`,
        `expected ${columns} numbers (one per receiving neuron), got ${isNumbers(row) ? row.length : show(row)}`,
      );
    }
    row.forEach((w: unknown, j: number) => {
      check(`${field}[${k}][${j}]`, w);
    });
  });
}

export const delayNumber = (field: string, value: unknown): number => nonNegative(field, float32Number(field, value));

/** A block, read: its connections in the order in which they were given, and the way back. */
export interface Block {
  readonly form: (typeof forms)[number];
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  readonly weights: Float64Array;
  /** Numbers in that order → the shape in which they were given, where an edge is a number alone; and with where it goes. */
  numbers(given: Float64Array): unknown;
  shape(given: Float64Array): unknown;
  /** Reads one delay for each connection, in that order. */
  delays(field: string, given: unknown): Float64Array;
}

const rows = (given: Float64Array, lengths: readonly number[]): number[][] => {
  let at = 0;
  return lengths.map((n) => Array.from(given.subarray(at, (at += n))));
};

/** Neurons from `first` on. */
export interface Neurons {
  readonly first: number;
  readonly count: number;
}

/** All connections from some neurons to some, row by row. */
export function allPairs(from: Neurons, to: Neurons): Pick<Block, "from" | "to"> {
  const sent = new Uint32Array(from.count * to.count);
  const received = new Uint32Array(sent.length);
  for (let k = 0; k < from.count; k++) {
    sent.fill(from.first + k, k * to.count, (k + 1) * to.count);
    for (let j = 0; j < to.count; j++) received[k * to.count + j] = to.first + j;
  }
  return { from: sent, to: received };
}

/** Rows of a matrix, one after another. */
export function flattened(matrix: readonly Numbers[], size: number): Float64Array {
  const all = new Float64Array(size);
  let at = 0;
  for (const row of matrix) {
    all.set(row, at);
    at += row.length;
  }
  return all;
}

/** A matrix from some neurons to some. */
export function readDense(field: string, dense: Numbers[], from: Neurons, to: Neurons): Block {
  const size = from.count * to.count;
  matrix(`${field}.dense`, dense, from.count, to.count);
  const numbers = (given: Float64Array): unknown => rows(given, new Array<number>(from.count).fill(to.count));
  const delays = (at: string, given: unknown): Float64Array => {
    matrix(at, given, from.count, to.count, delayNumber);
    return flattened(given as Numbers[], size);
  };
  return {
    form: "dense",
    ...allPairs(from, to),
    weights: flattened(dense, size),
    numbers,
    shape: numbers,
    delays,
  };
}

/** One delay for each of a list of connections. */
export function listOfDelays(at: string, given: unknown, count: number): Float64Array {
  if (!isNumbers(given) || given.length !== count) {
    const got = isNumbers(given) ? given.length : show(given);
    fail(at, `expected one number, or a list of ${count} (one per edge), got ${got}`);
  }
  return Float64Array.from(given, (d, e) => delayNumber(`${at}[${e}]`, d));
}

/** A list of edges, each with the numbers of its neurons among some. */
export function readEdges(field: string, list: unknown, from: Neurons, to: Neurons): Block {
  if (!Array.isArray(list)) fail(`${field}.edges`, `expected a list of [from, to, weight], got ${show(list)}`);
  const seen = new Set<number>();
  const weights = new Float64Array(list.length);
  const [sent, received] = [new Uint32Array(list.length), new Uint32Array(list.length)];
  list.forEach((edge: unknown, e) => {
    const at = `${field}.edges[${e}]`;
    if (!Array.isArray(edge) || edge.length !== 3) fail(at, `expected [from, to, weight], got ${show(edge)}`);
    const [source, target, weight] = edge as [number, number, number];
    for (const [what, k, { count }] of [
      ["from", source, from],
      ["to", target, to],
    ] as const) {
      if (!Number.isInteger(k) || k < 0 || k >= count) {
        fail(at, `${what} is ${show(k)}; neurons are numbered 0 to ${count - 1}`);
      }
    }
    if (seen.has(source * to.count + target))
      fail(at, `connects ${source} to ${target} a second time; add the weights up`);
    seen.add(source * to.count + target);
    weights[e] = float32Number(`${at}[2]`, weight);
    sent[e] = from.first + source;
    received[e] = to.first + target;
  });
  return {
    form: "edges",
    from: sent,
    to: received,
    weights,
    numbers: (given) => Array.from(given),
    shape: (given) => Array.from(given, (w, e) => [sent[e]! - from.first, received[e]! - to.first, w]),
    delays: (at, given) => listOfDelays(at, given, list.length),
  };
}

function readLayers(field: string, blocks: unknown, layers: readonly number[] | undefined): Block {
  if (!layers) fail(`${field}.layers`, "needs network.layers, the sizes of the layers");
  if (!Array.isArray(blocks) || blocks.length !== layers.length - 1) {
    fail(
      `${field}.layers`,
      `expected ${layers.length - 1} matrices (one between each two layers), got ${Array.isArray(blocks) ? blocks.length : show(blocks)}`,
    );
  }
  let start = 0;
  const parts = (blocks as Numbers[][]).map((block, l) => {
    const from = { first: start, count: layers[l]! };
    start += from.count;
    const to = { first: start, count: layers[l + 1]! };
    matrix(`${field}.layers[${l}]`, block, from.count, to.count);
    return { ...allPairs(from, to), weights: flattened(block, from.count * to.count) };
  });
  const numbers = (given: Float64Array): unknown => {
    let at = 0;
    return layers.slice(1).map((n, l) => {
      const size = layers[l]! * n;
      return rows(given.subarray(at, (at += size)), new Array<number>(layers[l]!).fill(n));
    });
  };
  const delays = (at: string, given: unknown): Float64Array => {
    if (!Array.isArray(given) || given.length !== layers.length - 1)
      fail(
        at,
        `expected one number, or ${layers.length - 1} matrices (one between each two layers), got ${show(given)}`,
      );
    (given as Numbers[][]).forEach((block, l) => {
      matrix(`${at}[${l}]`, block, layers[l]!, layers[l + 1]!, delayNumber);
    });
    return flattened((given as Numbers[][]).flat(), weights.length);
  };
  const weights = joinedFloats(parts.map((part) => part.weights));
  const from = joinedWords(parts.map((part) => part.from));
  return {
    form: "layers",
    from,
    to: joinedWords(parts.map((part) => part.to)),
    weights,
    numbers,
    shape: numbers,
    delays,
  };
}

function readBlock(field: string, given: WeightForm, neurons: number, layers: readonly number[] | undefined): Block {
  if ("uniform" in given) {
    if (!layers) fail(`${field}.uniform`, "needs network.layers, the sizes of the layers");
    return readLayers(field, drawWeights(field, given as DrawnWeights, layers), layers);
  }
  const kinds = Object.keys(given);
  if (kinds.length !== 1 || !(forms as readonly string[]).includes(kinds[0]!)) {
    fail(field, `expected one of dense, edges, layers, uniform, got ${kinds.join(", ") || "nothing"}`);
  }
  const all = { first: 0, count: neurons };
  if ("dense" in given) return readDense(field, given.dense as Numbers[], all, all);
  if ("edges" in given) return readEdges(field, given.edges, all, all);
  return readLayers(field, (given as { layers: unknown }).layers, layers);
}

/** Delays of a block: their values, which of them a connection has (-1: none), and the way back to what was given. */
export interface BlockDelays {
  readonly values: Float64Array;
  of(connection: number): number;
  shape(values: Float64Array): unknown;
}

/** @param block reads one for each connection, and takes them back. */
export function readDelays(field: string, given: unknown, block: Pick<Block, "delays" | "numbers">): BlockDelays {
  if (given === undefined) return { values: new Float64Array(), of: () => -1, shape: () => null };
  if (typeof given === "number")
    return { values: Float64Array.of(delayNumber(field, given)), of: () => 0, shape: (v) => v[0]! };
  return { values: block.delays(field, given), of: (connection) => connection, shape: (v) => block.numbers(v) };
}

/** What has ports by name: a cell. */
export interface Ported {
  readonly name: string;
  readonly ports: readonly string[];
}

/**
 * The number of a port by its name; of a cell that has one only, that one where none is named.
 * @throws SaltationError `invalid-input` naming the ports.
 */
export function portNumber(field: string, port: unknown, cell: Ported): number {
  const known = cell.ports.join(", ");
  if (port === undefined) {
    if (cell.ports.length === 1) return 0;
    return fail(field, `is missing; cell "${cell.name}" has several ports: give one of ${known}`);
  }
  const number = cell.ports.indexOf(port as string);
  if (number < 0) fail(field, `cell "${cell.name}" has no port ${show(port)}; known: ${known}`);
  return number;
}

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Reads the weights of a network.
 * @param layers sizes of the layers, where the network was given by layers.
 * @throws SaltationError `invalid-input` naming the entry that does not fit.
 */
export function readConnections(
  weights: Weights | undefined,
  neurons: number,
  layers: readonly number[] | undefined,
  cell: Ported,
): Connections {
  const whole = "network.weights";
  const given = weights === undefined ? [] : Array.isArray(weights) ? weights : [weights];
  const blocks = given.map((block, b) => {
    const field = Array.isArray(weights) ? `${whole}[${b}]` : whole;
    if (!isObject(block)) fail(field, `expected an object, got ${show(block)}`);
    const { port, delays, ...form } = block;
    const read = readBlock(field, form as WeightForm, neurons, layers);
    const delayed = readDelays(`${field}.delays`, delays, read);
    return { ...read, port: portNumber(`${field}.port`, port, cell), delayed };
  });
  const delays = joinedFloats(blocks.map(({ delayed }) => delayed.values));
  /** Of each block, where its delays and its connections begin. */
  const firstDelay = starts(blocks.map(({ delayed }) => delayed.values.length));
  const first = starts(blocks.map(({ to }) => to.length));
  const rows = intoRows(
    neurons,
    blocks.map(({ from, to, port, delayed }, b) => ({
      from,
      to,
      port,
      delayOf: (c: number): number => (delayed.of(c) < 0 ? -1 : firstDelay[b]! + delayed.of(c)),
    })),
  );
  const { given: givenAt } = rows;
  const weightsGiven = joinedFloats(blocks.map((block) => block.weights));
  /** Numbers in row order → a shape of each block; of one that stands alone, that. */
  const shaped =
    (way: "shape" | "numbers") =>
    (values: ArrayLike<number>): unknown => {
      const inOrder = new Float64Array(weightsGiven.length);
      for (let i = 0; i < inOrder.length; i++) inOrder[givenAt(i)] = values[i]!;
      const shapes = blocks.map((block, b) => block[way](inOrder.subarray(first[b]!, first[b]! + block.to.length)));
      return Array.isArray(weights) ? shapes : (shapes[0] ?? []);
    };
  return {
    neurons,
    form: Array.isArray(weights) ? "blocks" : (blocks[0]?.form ?? "none"),
    ...rows,
    weights: Float64Array.from(weightsGiven, (_, i) => weightsGiven[givenAt(i)]!),
    delays,
    delayShape(values) {
      const shapes = blocks.map(({ delayed }, b) =>
        delayed.shape(Float64Array.from({ length: delayed.values.length }, (_, i) => values[firstDelay[b]! + i]!)),
      );
      return Array.isArray(weights) ? shapes : (shapes[0] ?? null);
    },
    shape: shaped("shape"),
    numbers: shaped("numbers"),
  };
}
