/**
 * Connections between neurons, as sorted rows of targets (compressed sparse rows): whatever form the weights were
 * given in, and the way back to that form for gradients and fitted values.
 */
import { fail, float32Number, isNumbers, type Numbers, nonNegative, show } from "../checks.js";
import { type DrawnWeights, drawWeights } from "./drawn-weights.js";

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

export interface Connections {
  readonly neurons: number;
  /** How the weights were given. */
  readonly form: "none" | "blocks" | (typeof forms)[number];
  /** Row k holds the targets of neuron k, and after them those of sources: entries rowStart[k] to rowStart[k + 1]. */
  readonly rowStart: Uint32Array;
  readonly targets: Uint32Array;
  readonly weights: Float64Array;
  /** Number of the port at which each arrives. */
  readonly ports: Uint8Array;
  /** Values of delays, and of each connection the number of its own, or -1 where spikes arrive at once. */
  readonly delays: Float64Array;
  readonly delayOf: Int32Array;
  /** Values of delays → the shape in which they were given; null for a block of several that has none. */
  delayShape(values: ArrayLike<number>): unknown;
  /** The longest row. */
  readonly longestRow: number;
  /** Whether a neuron has several connections to the same target. */
  readonly parallel: boolean;
  /** Numbers in row order → the shape in which the weights were given. */
  shape(values: ArrayLike<number>): unknown;
  /** The same, where an edge is a number alone. */
  numbers(values: ArrayLike<number>): unknown;
}

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

const delayNumber = (field: string, value: unknown): number => nonNegative(field, float32Number(field, value));

interface Edge {
  readonly from: number;
  readonly to: number;
  readonly weight: number;
}

/** A block, read: its edges in the order in which they were given, and the way back. */
interface Block {
  readonly form: (typeof forms)[number];
  readonly edges: readonly Edge[];
  /** Numbers in that order → the shape in which they were given, where an edge is a number alone; and with where it goes. */
  numbers(given: Float64Array): unknown;
  shape(given: Float64Array): unknown;
  /** Reads one delay for each edge, in that order. */
  delays(field: string, given: unknown): number[];
}

const rows = (given: Float64Array, lengths: readonly number[]): number[][] => {
  let at = 0;
  return lengths.map((n) => Array.from(given.subarray(at, (at += n))));
};

function readDense(field: string, dense: Numbers[], neurons: number): Block {
  matrix(`${field}.dense`, dense, neurons, neurons);
  const edges = dense.flatMap((row, from) => Array.from(row, (weight, to) => ({ from, to, weight })));
  const numbers = (given: Float64Array): unknown => rows(given, new Array<number>(neurons).fill(neurons));
  const delays = (at: string, given: unknown): number[] => {
    matrix(at, given, neurons, neurons, delayNumber);
    return (given as Numbers[]).flatMap((row) => Array.from(row));
  };
  return { form: "dense", edges, numbers, shape: numbers, delays };
}

function readEdges(field: string, list: unknown, neurons: number): Block {
  if (!Array.isArray(list)) fail(`${field}.edges`, `expected a list of [from, to, weight], got ${show(list)}`);
  const seen = new Set<number>();
  const edges = list.map((edge: unknown, e): Edge => {
    const at = `${field}.edges[${e}]`;
    if (!Array.isArray(edge) || edge.length !== 3) fail(at, `expected [from, to, weight], got ${show(edge)}`);
    const [from, to, weight] = edge as [number, number, number];
    for (const [what, k] of [
      ["from", from],
      ["to", to],
    ] as const) {
      if (!Number.isInteger(k) || k < 0 || k >= neurons) {
        fail(at, `${what} is ${show(k)}; neurons are numbered 0 to ${neurons - 1}`);
      }
    }
    if (seen.has(from * neurons + to)) fail(at, `connects ${from} to ${to} a second time; add the weights up`);
    seen.add(from * neurons + to);
    return { from, to, weight: float32Number(`${at}[2]`, weight) };
  });
  return {
    form: "edges",
    edges,
    numbers: (given) => Array.from(given),
    shape: (given) => edges.map(({ from, to }, e) => [from, to, given[e]!]),
    delays(at, given) {
      if (!isNumbers(given) || given.length !== edges.length) {
        const got = isNumbers(given) ? given.length : show(given);
        fail(at, `expected one number, or a list of ${edges.length} (one per edge), got ${got}`);
      }
      return Array.from(given, (d, e) => delayNumber(`${at}[${e}]`, d));
    },
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
  const edges = (blocks as Numbers[][]).flatMap((block, l) => {
    const [m, n] = [layers[l]!, layers[l + 1]!];
    matrix(`${field}.layers[${l}]`, block, m, n);
    const first = start;
    start += m;
    return block.flatMap((row, k) => Array.from(row, (weight, j) => ({ from: first + k, to: first + m + j, weight })));
  });
  const numbers = (given: Float64Array): unknown => {
    let at = 0;
    return layers.slice(1).map((n, l) => {
      const size = layers[l]! * n;
      return rows(given.subarray(at, (at += size)), new Array<number>(layers[l]!).fill(n));
    });
  };
  const delays = (at: string, given: unknown): number[] => {
    if (!Array.isArray(given) || given.length !== layers.length - 1)
      fail(
        at,
        `expected one number, or ${layers.length - 1} matrices (one between each two layers), got ${show(given)}`,
      );
    return (given as Numbers[][]).flatMap((block, l) => {
      matrix(`${at}[${l}]`, block, layers[l]!, layers[l + 1]!, delayNumber);
      return block.flatMap((row) => Array.from(row));
    });
  };
  return { form: "layers", edges, numbers, shape: numbers, delays };
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
  if ("dense" in given) return readDense(field, given.dense as Numbers[], neurons);
  if ("edges" in given) return readEdges(field, given.edges, neurons);
  return readLayers(field, (given as { layers: unknown }).layers, layers);
}

/** Delays of a block: their values, and which of them an edge has; -1 for none. */
interface BlockDelays {
  readonly values: readonly number[];
  of(edge: number): number;
  shape(values: Float64Array): unknown;
}

function readDelays(field: string, given: unknown, block: Block): BlockDelays {
  if (given === undefined) return { values: [], of: () => -1, shape: () => null };
  if (typeof given === "number") return { values: [delayNumber(field, given)], of: () => 0, shape: (v) => v[0]! };
  return { values: block.delays(field, given), of: (edge) => edge, shape: (v) => block.numbers(v) };
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
  const delays: number[] = [];
  /** Of each block, where its delays begin. */
  const firstDelay = blocks.map(({ delayed }) => delays.push(...delayed.values) - delayed.values.length);
  let counted = 0;
  const edges = blocks.flatMap(({ edges, port, delayed }, b) =>
    edges.map((edge, e) => {
      const own = delayed.of(e);
      return { ...edge, port, given: counted++, delay: own < 0 ? -1 : firstDelay[b]! + own };
    }),
  );
  edges.sort((a, b) => a.from - b.from || a.to - b.to);
  const rowStart = new Uint32Array(neurons + 1);
  for (const e of edges) rowStart[e.from + 1]!++;
  let longestRow = 0;
  for (let k = 0; k < neurons; k++) {
    longestRow = Math.max(longestRow, rowStart[k + 1]!);
    rowStart[k + 1]! += rowStart[k]!;
  }
  /** Numbers in row order → a shape of each block; of one that stands alone, that. */
  const shaped =
    (way: "shape" | "numbers") =>
    (values: ArrayLike<number>): unknown => {
      const inOrder = new Float64Array(edges.length);
      edges.forEach((e, i) => {
        inOrder[e.given] = values[i]!;
      });
      let at = 0;
      const shapes = blocks.map((block) => block[way](inOrder.subarray(at, (at += block.edges.length))));
      return Array.isArray(weights) ? shapes : (shapes[0] ?? []);
    };
  return {
    neurons,
    form: Array.isArray(weights) ? "blocks" : (blocks[0]?.form ?? "none"),
    rowStart,
    targets: Uint32Array.from(edges, (e) => e.to),
    weights: Float64Array.from(edges, (e) => e.weight),
    ports: Uint8Array.from(edges, (e) => e.port),
    delays: Float64Array.from(delays),
    delayOf: Int32Array.from(edges, (e) => e.delay),
    delayShape(values) {
      const shapes = blocks.map(({ delayed }, b) =>
        delayed.shape(Float64Array.from({ length: delayed.values.length }, (_, i) => values[firstDelay[b]! + i]!)),
      );
      return Array.isArray(weights) ? shapes : (shapes[0] ?? null);
    },
    longestRow,
    parallel: edges.some((e, i) => i > 0 && e.from === edges[i - 1]!.from && e.to === edges[i - 1]!.to),
    shape: shaped("shape"),
    numbers: shaped("numbers"),
  };
}
