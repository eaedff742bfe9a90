/**
 * Static kernels: what two points of two paths are compared by. Each is a formula in q = |x − y|² or in c = ⟨x, y⟩,
 * written once in the notation of cells; values and derivatives for the twin and for the GPU come from that formula.
 */
import { vectorJacobian } from "../../cell/differentiate.js";
import { evaluateOp, Graph, type Node, reachable } from "../../cell/graph.js";
import { parseEquation } from "../../cell/parse.js";
import {
  checkOptions,
  fail,
  finiteNumber,
  type Names,
  oneOf,
  positiveNumber,
  show,
  wholeNumber,
} from "../../checks.js";

export type StaticKernel =
  /** scale · ⟨x, y⟩ (scale 1). */
  | { readonly kind: "linear"; readonly scale?: number }
  /** exp(−|x − y|² / sigma): sigma is not squared and there is no factor 2. */
  | { readonly kind: "rbf"; readonly sigma: number }
  /** (1 + √3 r/length) exp(−√3 r/length), r = |x − y|. */
  | { readonly kind: "matern32"; readonly length: number }
  /** (1 + √5 r/length + 5 r²/(3 length²)) exp(−√5 r/length). */
  | { readonly kind: "matern52"; readonly length: number }
  /** (1 + |x − y|² / (2 alpha length²))^−alpha. */
  | { readonly kind: "rational-quadratic"; readonly length: number; readonly alpha: number }
  /** (scale · ⟨x, y⟩ + offset)^degree. */
  | { readonly kind: "polynomial"; readonly degree: number; readonly scale?: number; readonly offset?: number }
  /** A formula of your own in q = |x − y|², or in c = ⟨x, y⟩, and named parameters. */
  | {
      readonly kind: "formula";
      readonly formula: string;
      readonly parameters?: { readonly [name: string]: number };
    };

/** What each kind is told. */
const settings: { readonly [K in StaticKernel["kind"]]: Names<Extract<StaticKernel, { kind: K }>> } = {
  linear: { kind: true, scale: true },
  rbf: { kind: true, sigma: true },
  matern32: { kind: true, length: true },
  matern52: { kind: true, length: true },
  "rational-quadratic": { kind: true, length: true, alpha: true },
  polynomial: { kind: true, degree: true, scale: true, offset: true },
  formula: { kind: true, formula: true, parameters: true },
};

/** A static kernel made ready: κ = value(a), ∂κ/∂a = slope(a), with a = q or c. */
export interface CompiledStaticKernel {
  /** Whether a is |x − y|² ("distance") or ⟨x, y⟩ ("inner"). */
  readonly argument: "distance" | "inner";
  /** The scale of a linear kernel, for which increments are scale · ⟨Δx, Δy⟩; otherwise undefined. */
  readonly linearScale: number | undefined;
  value(a: number): number;
  slope(a: number): number;
  /** Formula and derivative as graph nodes over the input "a" and "p.<index>". */
  readonly nodes: { readonly value: Node; readonly slope: Node };
  readonly parameters: readonly number[];
  /** The formula, where it is a user's own. */
  readonly formula?: string;
}

/** A static kernel's argument at vertices i and j of two paths [length, channels]: ⟨x, y⟩ or |x − y|². */
export function argumentOf(
  k: CompiledStaticKernel,
  x: Float64Array,
  i: number,
  y: Float64Array,
  j: number,
  channels: number,
): number {
  let sum = 0;
  for (let d = 0; d < channels; d++) {
    const a = x[i * channels + d]!;
    const b = y[j * channels + d]!;
    sum += k.argument === "inner" ? a * b : (a - b) * (a - b);
  }
  return sum;
}

// A square root has no derivative at 0, where the gradient 2 κ'(q) (x − y) is 0 for any finite κ'; q is kept off 0.
const r = "sqrt(max(q, 1e-30))";

function formulaOf(field: string, k: StaticKernel): { formula: string; parameters: { [name: string]: number } } {
  switch (k.kind) {
    case "linear":
      return { formula: "scale * c", parameters: { scale: finiteNumber(`${field}.scale`, k.scale ?? 1) } };
    case "rbf":
      return { formula: "exp(-(q / sigma))", parameters: { sigma: positiveNumber(`${field}.sigma`, k.sigma) } };
    case "matern32": {
      const rate = Math.sqrt(3) / positiveNumber(`${field}.length`, k.length);
      return { formula: `(1 + rate * ${r}) * exp(-(rate * ${r}))`, parameters: { rate } };
    }
    case "matern52": {
      const rate = Math.sqrt(5) / positiveNumber(`${field}.length`, k.length);
      return { formula: `(1 + rate * ${r} + rate * rate * q / 3) * exp(-(rate * ${r}))`, parameters: { rate } };
    }
    case "rational-quadratic": {
      const alpha = positiveNumber(`${field}.alpha`, k.alpha);
      const width = 2 * alpha * positiveNumber(`${field}.length`, k.length) ** 2;
      return { formula: "exp(-(alpha * log(1 + q / width)))", parameters: { alpha, width } };
    }
    case "polynomial": {
      const degree = wholeNumber(`${field}.degree`, k.degree, 1, 8);
      const scale = finiteNumber(`${field}.scale`, k.scale ?? 1);
      const offset = finiteNumber(`${field}.offset`, k.offset ?? 1);
      return { formula: `(scale * c + offset)^${degree}`, parameters: { scale, offset } };
    }
    case "formula": {
      const parameters = { ...k.parameters };
      for (const [name, value] of Object.entries(parameters)) finiteNumber(`${field}.parameters.${name}`, value);
      return { formula: k.formula, parameters };
    }
  }
}

/**
 * Walks the graph in topological order: the twin's way to a value, with nothing evaluated as text. It is called for every
 * two points of two paths, so that nothing is made on the way.
 */
function interpreter(root: Node, parameters: readonly number[]): (a: number) => number {
  const order = reachable([root]);
  const slot = new Map(order.map((n, i) => [n, i] as const));
  const values = Float64Array.from(order, (n) =>
    n.op === "constant" ? n.value : n.op === "input" && n.name !== "a" ? parameters[Number(n.name.slice(2))]! : 0,
  );
  const argument = order.findIndex((n) => n.op === "input" && n.name === "a");
  const steps = order.flatMap((n, at) =>
    n.op === "constant" || n.op === "input" ? [] : [{ at, op: n.op, from: n.args.map((a) => slot.get(a)!) }],
  );
  const given = [0, 0, 0, 0];
  return (a) => {
    if (argument >= 0) values[argument] = a;
    for (let i = 0; i < steps.length; i++) {
      const { at, op, from } = steps[i]!;
      for (let n = 0; n < from.length; n++) given[n] = values[from[n]!]!;
      values[at] = evaluateOp(op, given);
    }
    return values[order.length - 1]!;
  };
}

/**
 * Checks a static kernel and makes it ready.
 * @param field its name, for messages.
 * @throws SaltationError `invalid-input` naming the field that is wrong.
 */
export function compileStaticKernel(kernel: StaticKernel, field = "static"): CompiledStaticKernel {
  if (kernel === null || typeof kernel !== "object") fail(field, `expected a static kernel, got ${show(kernel)}`);
  oneOf(`${field}.kind`, kernel.kind, Object.keys(settings));
  checkOptions(field, kernel, settings[kernel.kind]);
  const { formula, parameters } = formulaOf(field, kernel);
  const names = Object.keys(parameters);
  if (names.length > 4) fail(`${field}.parameters`, `at most 4 parameters are taken, got ${names.length}`);
  const g = new Graph();
  const a = g.input("a");
  const inputs = new Map(names.map((n, i) => [n, g.input(`p.${i}`)] as const));
  for (const name of names) if (name === "q" || name === "c") fail(`${field}.parameters`, `"${name}" is taken`);
  const usesInner = /\bc\b/.test(formula);
  const argument = usesInner ? "inner" : "distance";
  if (usesInner && /\bq\b/.test(formula)) fail(`${field}.formula`, "may use q = |x - y|^2 or c = <x, y>, not both");
  const value = parseEquation(g, `${field}.formula`, formula, new Map([...inputs, [usesInner ? "c" : "q", a]]));
  const slope = vectorJacobian(g, [value], [g.one], [a])[0]!;
  const numbers = names.map((n) => parameters[n]!);
  const rbfSigma = kernel.kind === "rbf" ? kernel.sigma : 0;
  return {
    argument,
    linearScale: kernel.kind === "linear" ? (kernel.scale ?? 1) : undefined,
    // The common kernel is written out for the twin's sake: the interpreter is some twenty times slower.
    value: rbfSigma > 0 ? (q) => Math.exp(-(q / rbfSigma)) : interpreter(value, numbers),
    slope: rbfSigma > 0 ? (q) => -Math.exp(-(q / rbfSigma)) / rbfSigma : interpreter(slope, numbers),
    nodes: { value, slope },
    parameters: numbers,
    ...(kernel.kind === "formula" ? { formula } : {}),
  };
}
