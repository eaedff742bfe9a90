/**
 * Connections between neurons, as sorted rows of targets (compressed sparse rows): whatever form the weights were
 * given in, and the way back to that form for gradients and fitted values.
 */
import { fail, float32Number, isNumbers, type Numbers, show } from "../checks.js";
import { type DrawnWeights, drawWeights } from "./drawn-weights.js";

/** Weights as given: all-to-all, a list of edges, one matrix between each two layers, or drawn by a law. */
export type Weights =
  | { dense: Numbers[] }
  | { edges: [from: number, to: number, weight: number][] }
  | { layers: Numbers[][] }
  | DrawnWeights;

export interface Connections {
  readonly neurons: number;
  /** How the weights were given. */
  readonly form: "none" | "dense" | "edges" | "layers";
  /** Row k holds the targets of neuron k: entries rowStart[k] to rowStart[k + 1]. */
  readonly rowStart: Uint32Array;
  readonly targets: Uint32Array;
  readonly weights: Float64Array;
  /** The longest row. */
  readonly longestRow: number;
  /** Numbers in row order → the shape in which the weights were given. */
  shape(values: ArrayLike<number>): unknown;
}

function matrix(field: string, value: unknown, rows: number, columns: number): void {
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
      float32Number(`${field}[${k}][${j}]`, w);
    });
  });
}

interface Edge {
  from: number;
  to: number;
  weight: number;
  /** Position in the order in which the weights were given. */
  given: number;
}

function assemble(
  neurons: number,
  form: Connections["form"],
  edges: Edge[],
  reshape: (given: Float64Array) => unknown,
): Connections {
  edges.sort((a, b) => a.from - b.from || a.to - b.to);
  const rowStart = new Uint32Array(neurons + 1);
  for (const e of edges) rowStart[e.from + 1]!++;
  let longestRow = 0;
  for (let k = 0; k < neurons; k++) {
    longestRow = Math.max(longestRow, rowStart[k + 1]!);
    rowStart[k + 1]! += rowStart[k]!;
  }
  return {
    neurons,
    form,
    rowStart,
    targets: Uint32Array.from(edges, (e) => e.to),
    weights: Float64Array.from(edges, (e) => e.weight),
    longestRow,
    shape(values) {
      const given = new Float64Array(edges.length);
      edges.forEach((e, i) => {
        given[e.given] = values[i]!;
      });
      return reshape(given);
    },
  };
}

/**
 * Reads the weights of a network.
 * @param layers sizes of the layers, where the network was given by layers.
 * @throws SaltationError `invalid-input` naming the entry that does not fit.
 */
export function readConnections(
  weights: Weights | undefined,
  neurons: number,
  layers?: readonly number[],
): Connections {
  const field = "network.weights";
  if (weights === undefined) return assemble(neurons, "none", [], () => []);
  if (typeof weights !== "object" || weights === null) fail(field, `expected an object, got ${show(weights)}`);
  if ("uniform" in weights) {
    if (!layers) fail(`${field}.uniform`, "needs network.layers, the sizes of the layers");
    return readConnections({ layers: drawWeights(weights, layers) }, neurons, layers);
  }
  const kinds = Object.keys(weights);
  if (kinds.length !== 1 || !["dense", "edges", "layers"].includes(kinds[0]!)) {
    fail(field, `expected one of dense, edges, layers, uniform, got ${kinds.join(", ") || "nothing"}`);
  }
  const edges: Edge[] = [];
  const add = (from: number, to: number, weight: number): void => {
    edges.push({ from, to, weight, given: edges.length });
  };
  if ("dense" in weights) {
    matrix(`${field}.dense`, weights.dense, neurons, neurons);
    weights.dense.forEach((row, k) => {
      row.forEach((w, j) => {
        add(k, j, w);
      });
    });
    return assemble(neurons, "dense", edges, (given) =>
      Array.from({ length: neurons }, (_, k) => Array.from(given.subarray(k * neurons, (k + 1) * neurons))),
    );
  }
  if ("edges" in weights) {
    const list = weights.edges;
    if (!Array.isArray(list)) fail(`${field}.edges`, `expected a list of [from, to, weight], got ${show(list)}`);
    const seen = new Set<number>();
    list.forEach((edge: unknown, e) => {
      const at = `${field}.edges[${e}]`;
      if (!Array.isArray(edge) || edge.length !== 3) fail(at, `expected [from, to, weight], got ${show(edge)}`);
      const [from, to, w] = edge as [number, number, number];
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
      add(from, to, float32Number(`${at}[2]`, w));
    });
    return assemble(neurons, "edges", edges, (given) => list.map(([from, to], e) => [from, to, given[e]!]));
  }
  if (!layers) fail(`${field}.layers`, "needs network.layers, the sizes of the layers");
  const blocks = weights.layers;
  if (!Array.isArray(blocks) || blocks.length !== layers.length - 1) {
    fail(
      `${field}.layers`,
      `expected ${layers.length - 1} matrices (one between each two layers), got ${Array.isArray(blocks) ? blocks.length : show(blocks)}`,
    );
  }
  let start = 0;
  blocks.forEach((block, l) => {
    const [m, n] = [layers[l]!, layers[l + 1]!];
    matrix(`${field}.layers[${l}]`, block, m, n);
    block.forEach((row, k) => {
      row.forEach((w, j) => {
        add(start + k, start + m + j, w);
      });
    });
    start += m;
  });
  return assemble(neurons, "layers", edges, (given) => {
    let at = 0;
    return blocks.map((block) => block.map((row) => Array.from(given.subarray(at, (at += row.length)))));
  });
}
