/**
 * What lies between neurons in a NIR graph: chains of Linear, Affine, Scale and Delay, each added up to weights, delays and a
 * constant between one node that sends and one that receives.
 */
import { quoted } from "../quoted.js";
import { limits } from "./limits.js";
import type { NirArray, NirGraph, NirNode } from "./nir-file.js";
import { nirUnits } from "./nir-units.js";

/** What comes from one sender: w_jk spikes of k at channel j, after before_k and after_j. */
export interface Term {
  readonly sender: string;
  /** [to][from], or one weight a channel. */
  readonly weights: { readonly matrix: Float64Array } | { readonly each: Float64Array };
  /** Numbers of senders and of channels. */
  readonly from: number;
  readonly to: number;
  readonly before?: Float64Array;
  readonly after?: Float64Array;
}

/** All that comes to a node, and what is added to it at all times. */
export interface Gathered {
  readonly terms: readonly Term[];
  /** Channels; undefined where nothing comes. */
  readonly size: number | undefined;
  readonly bias?: Float64Array;
}

const sizeOf = ({ shape }: NirArray): number => shape.reduce((a, b) => a * b, 1);
const edge = (from: string, to: string): string => `${quoted(from)} → ${quoted(to)}`;

export function parameterOf(name: string, node: NirNode, key: string): NirArray {
  const value = node.values[key];
  if (!value) throw new Error(`holds ${node.type} ${quoted(name)} without ${key}`);
  const wrong = value.data.findIndex((v) => !Number.isFinite(Math.fround(v)));
  if (wrong >= 0) throw new Error(`holds ${node.type} ${quoted(name)}, whose ${key}[${wrong}] is ${value.data[wrong]}`);
  return value;
}

/** How many values a shape has. */
export function shapeSize(name: string, node: NirNode): number {
  const { data } = parameterOf(name, node, "shape");
  const size = data.reduce((a, b) => a * b, 1);
  if (data.every((n) => Number.isInteger(n) && n >= 1) && size <= limits.numbers) return size;
  throw new Error(`holds ${node.type} ${quoted(name)} of shape [${data.join(", ")}]`);
}

const added = (a: Float64Array | undefined, b: Float64Array | undefined): Float64Array | undefined =>
  a && b ? a.map((v, i) => v + b[i]!) : (a ?? b);

function product(matrix: NirArray, { weights, from, to }: Term): Float64Array {
  const out = matrix.shape[0]!;
  if (out * from > limits.numbers)
    throw new Error(`joins maps to ${out} × ${from} weights; at most ${limits.numbers} are read`);
  const result = new Float64Array(out * from);
  for (let j = 0; j < out; j++) {
    for (let m = 0; m < to; m++) {
      const w = matrix.data[j * to + m]!;
      if (w === 0) continue;
      if ("each" in weights) result[j * from + m] = w * weights.each[m]!;
      else for (let k = 0; k < from; k++) result[j * from + k]! += w * weights.matrix[m * from + k]!;
    }
  }
  return result;
}

function throughLinear(name: string, matrix: NirArray, term: Term): Term {
  const { after, ...rest } = term;
  let before = rest.before;
  if (after) {
    // A channel's delay is its sender's as long as each channel has one sender.
    if ("matrix" in term.weights && after.some((d) => d !== after[0])) {
      throw new Error(
        `holds delays that differ between two maps, before ${quoted(name)}; give them to neurons, or after the second map`,
      );
    }
    before = added(before, "matrix" in term.weights ? new Float64Array(term.from).fill(after[0]!) : after);
  }
  return { ...rest, weights: { matrix: product(matrix, term) }, to: matrix.shape[0]!, ...(before ? { before } : {}) };
}

function throughScale(scale: NirArray, term: Term): Term {
  const { weights, from } = term;
  const s = scale.data;
  return {
    ...term,
    weights:
      "each" in weights
        ? { each: weights.each.map((w, j) => w * s[j]!) }
        : { matrix: weights.matrix.map((w, at) => w * s[Math.floor(at / from)]!) },
  };
}

const ones = (size: number): Float64Array => new Float64Array(size).fill(1);

export class Maps {
  private readonly sources = new Map<string, string[]>();

  /** @param graph flat: inner Inputs and Outputs are nodes of type Pass. */
  constructor(private readonly graph: NirGraph) {
    for (const [from, to] of graph.edges) {
      const list = this.sources.get(to);
      if (list) list.push(from);
      else this.sources.set(to, [from]);
    }
  }

  /** Nodes that have an edge to this one. */
  before(name: string): readonly string[] {
    return this.sources.get(name) ?? [];
  }

  /** What comes to a node. @param open maps on the way, to find circles. */
  gather(name: string, open: readonly string[] = []): Gathered {
    const terms: Term[] = [];
    let size: number | undefined;
    let bias: Float64Array | undefined;
    for (const from of this.before(name)) {
      const came = this.from(from, name, open);
      if (came.size === undefined) continue;
      if (size !== undefined && came.size !== size) {
        throw new Error(`holds edges to ${quoted(name)} that bring ${size} and ${came.size} values`);
      }
      size = came.size;
      terms.push(...came.terms);
      bias = added(bias, came.bias);
    }
    return { terms, size, ...(bias ? { bias } : {}) };
  }

  /** What a node sends along an edge. */
  private from(name: string, to: string, open: readonly string[]): Gathered {
    const node = this.graph.nodes.get(name)!;
    const { type } = node;
    const unit = nirUnits.get(type);
    if (unit && !unit.spikes) {
      throw new Error(
        `holds an edge ${edge(name, to)}: ${type} sends no spikes but its voltage, which only an Output reads`,
      );
    }
    if (unit || type === "Input") {
      const size = unit ? sizeOf(parameterOf(name, node, "r")) : shapeSize(name, node);
      return { terms: [{ sender: name, weights: { each: ones(size) }, from: size, to: size }], size };
    }
    if (type === "Output") throw new Error(`holds an edge ${edge(name, to)}, which leads out of an Output`);
    if (open.includes(name)) throw new Error(`holds a circle of maps without a neuron, at ${quoted(name)}`);
    return this.mapped(name, node, this.gather(name, [...open, name]));
  }

  private mapped(name: string, node: NirNode, came: Gathered): Gathered {
    const { type } = node;
    const check = (key: string, wanted: number): NirArray => {
      const value = parameterOf(name, node, key);
      if (came.size !== undefined && wanted !== came.size) {
        throw new Error(`holds ${type} ${quoted(name)} of ${wanted} values, to which ${came.size} come`);
      }
      return value;
    };
    if (type === "Pass") return came;
    if (type === "Linear" || type === "Affine") {
      const { shape } = parameterOf(name, node, "weight");
      if (shape.length !== 2)
        throw new Error(`holds ${type} ${quoted(name)}, whose weight has ${shape.length} dimensions, not 2`);
      const weight = check("weight", shape[1]!);
      const terms = came.terms.map((term) => throughLinear(name, weight, term));
      const before: Term | undefined = came.bias && {
        sender: name,
        weights: { matrix: came.bias },
        from: 1,
        to: came.bias.length,
      };
      let bias = before && product(weight, before);
      if (type === "Affine") {
        const given = parameterOf(name, node, "bias");
        if (sizeOf(given) !== shape[0]) {
          throw new Error(`holds Affine ${quoted(name)} with ${sizeOf(given)} values of bias for ${shape[0]} rows`);
        }
        bias = added(bias, given.data);
      }
      return { terms, size: shape[0]!, ...(bias ? { bias } : {}) };
    }
    if (type === "Scale") {
      const scale = check("scale", sizeOf(parameterOf(name, node, "scale")));
      const bias = came.bias?.map((b, j) => b * scale.data[j]!);
      return {
        terms: came.terms.map((term) => throughScale(scale, term)),
        size: sizeOf(scale),
        ...(bias ? { bias } : {}),
      };
    }
    if (type === "Delay") {
      const delay = check("delay", sizeOf(parameterOf(name, node, "delay")));
      const wrong = delay.data.findIndex((d) => d < 0);
      if (wrong >= 0) throw new Error(`holds Delay ${quoted(name)}, whose delay[${wrong}] is ${delay.data[wrong]}`);
      const terms = came.terms.map((term) => ({ ...term, after: added(term.after, delay.data)! }));
      return { ...came, terms, size: sizeOf(delay) };
    }
    throw new Error(
      `holds ${quoted(name)} of type ${quoted(type)}, which is not read; ` +
        `known: Input, Output, Linear, Affine, Scale, Delay, ${[...nirUnits.keys()].join(", ")}`,
    );
  }
}
