/**
 * Which values an expression can have, from those of its inputs: interval arithmetic (Moore, Interval Analysis, 1966),
 * rounding left aside, with a note whether 0 is among them: exp(x) comes as near to 0 as one likes and is never 0.
 */
import { evaluateOp, type Node, reachable } from "./graph.js";

export interface Range {
  readonly least: number;
  readonly most: number;
  /** Whether 0 is one of the values. */
  readonly zero: boolean;
}

/** @param zero is looked at where 0 lies in the interval. */
export const range = (least: number, most: number, zero = true): Range => ({
  least,
  most,
  zero: zero && least <= 0 && most >= 0,
});

export const anything = range(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
/** All numbers above 0, and all below. */
export const positive = range(0, Number.POSITIVE_INFINITY, false);
export const negative = range(Number.NEGATIVE_INFINITY, 0, false);

/** Numbers of which one is known. */
export const around = (value: number): Range => (value > 0 ? positive : value < 0 ? negative : anything);

export const isPositive = ({ least, zero }: Range): boolean => least >= 0 && !zero;
export const isNegative = ({ most, zero }: Range): boolean => most <= 0 && !zero;

const reversed = ({ least, most, zero }: Range): Range => range(-most, -least, zero);

function sum(a: Range, b: Range): Range {
  const oneSide = (a.least >= 0 && b.least >= 0) || (a.most <= 0 && b.most <= 0);
  return range(a.least + b.least, a.most + b.most, oneSide ? a.zero && b.zero : true);
}

function product(a: Range, b: Range, same: boolean): Range {
  const times = (x: number, y: number): number => (x === 0 || y === 0 ? 0 : x * y);
  const corners = [a.least, a.most].flatMap((x) => [times(x, b.least), times(x, b.most)]);
  const least = same && a.least <= 0 && a.most >= 0 ? 0 : Math.min(...corners);
  return range(same ? Math.max(0, least) : least, Math.max(...corners), a.zero || b.zero);
}

function quotient(a: Range, b: Range): Range {
  if (b.zero || (b.least < 0 && b.most > 0)) return anything;
  const over = (x: number, atZero: number): number => (x === 0 ? atZero : 1 / x);
  const inverse =
    b.least >= 0
      ? range(over(b.most, 0), over(b.least, Number.POSITIVE_INFINITY), false)
      : range(over(b.most, Number.NEGATIVE_INFINITY), over(b.least, 0), false);
  return product(a, inverse, false);
}

const hull = (a: Range, b: Range): Range =>
  range(Math.min(a.least, b.least), Math.max(a.most, b.most), a.zero || b.zero);

/** Of a function that rises wherever it has a value. */
function rising({ op }: Node, { least, most }: Range, zero: boolean): Range {
  const [low, high] = [evaluateOp(op, [least]), evaluateOp(op, [most])];
  return Number.isNaN(low) || Number.isNaN(high) ? anything : range(low, high, zero);
}

function rangeOfNode(node: Node, of: (node: Node) => Range): Range {
  const [a, b, x, y] = node.args.map(of) as [Range, Range, Range, Range];
  switch (node.op) {
    case "constant":
      return range(node.value, node.value);
    case "neg":
      return reversed(a);
    case "add":
      return sum(a, b);
    case "sub":
      return sum(a, reversed(b));
    case "mul":
      return product(a, b, node.args[0] === node.args[1]);
    case "div":
      return quotient(a, b);
    case "exp":
    case "softplus":
      return rising(node, a, false);
    case "tanh":
    case "erf":
    case "expm1":
      return rising(node, a, a.zero);
    case "log":
    case "log1p":
      return rising(node, range(Math.max(a.least, node.op === "log" ? 0 : -1), a.most), true);
    case "sqrt":
      return rising(node, range(Math.max(a.least, 0), a.most), a.zero || a.least < 0);
    case "sin":
    case "cos":
      return a.least === a.most ? rising(node, a, true) : range(-1, 1);
    case "abs":
      return a.least >= 0 ? a : a.most <= 0 ? reversed(a) : range(0, Math.max(-a.least, a.most), a.zero);
    case "min":
      return range(Math.min(a.least, b.least), Math.min(a.most, b.most), a.zero || b.zero);
    case "max":
      return range(Math.max(a.least, b.least), Math.max(a.most, b.most), a.zero || b.zero);
    case "select":
      return a.most < b.least ? x : a.least >= b.most ? y : hull(x, y);
    case "gate":
      return a.zero ? hull(b, range(0, 0)) : b;
    case "pow":
      return isPositive(a) ? positive : anything;
    default:
      return anything;
  }
}

/** @param of values of the inputs, by name. */
export function rangeOf(root: Node, of: (name: string) => Range): Range {
  const ranges = new Map<Node, Range>();
  for (const node of reachable([root])) {
    ranges.set(node, node.op === "input" ? of(node.name) : rangeOfNode(node, (n) => ranges.get(n)!));
  }
  return ranges.get(root)!;
}
