/**
 * Expressions that are finite though parts of them overflow, as exponentials do in float32 beyond 88: they are built from
 * the exponents in place of the exponentials. For what a user writes; derivatives are built as they come.
 */
import { above0, bounded, type Graph, type Node } from "./graph.js";

/** So far are factors of a product looked at: what is written by hand. */
const depth = 6;

/** Whether a product has an exponential among its factors. */
const hasExponential = ({ op, args }: Node, deep = depth): boolean =>
  op === "exp" || (deep > 0 && /^(mul|div|neg)$/.test(op) && args.some((n) => hasExponential(n, deep - 1)));

/** An expression as rest · exp(exponent). */
interface Factors {
  readonly rest: Node;
  readonly exponent: Node;
}

/** The first exponential of a product that has one, and what is left without it. */
function factors(g: Graph, { op, args }: Node, deep = depth): Factors {
  const [a, b] = args as [Node, Node];
  if (op === "exp") return { rest: g.one, exponent: a };
  const first = hasExponential(a, deep - 1);
  const { rest, exponent } = factors(g, first ? a : b, deep - 1);
  if (op === "neg") return { rest: g.neg(rest), exponent };
  if (op === "mul") return { rest: first ? g.mul(rest, b) : g.mul(a, rest), exponent };
  return first ? { rest: g.div(rest, b), exponent } : { rest: g.div(a, rest), exponent: g.neg(exponent) };
}

const exp = (g: Graph, x: Node): Node => g.unary("exp", x);

/** a · b; exponentials become one of the sum. The square of one overflows with it only. */
export function multiply(g: Graph, a: Node, b: Node): Node {
  if (a === b || !hasExponential(a) || !hasExponential(b)) return g.mul(a, b);
  const [left, right] = [factors(g, a), factors(g, b)];
  return g.mul(g.mul(left.rest, right.rest), exp(g, g.add(left.exponent, right.exponent)));
}

/** a / b; exponentials become one of the difference, and x eᵃ / (c + d eᵃ) is x / (c e⁻ᵃ + d). */
export function divide(g: Graph, a: Node, b: Node): Node {
  if (a === b || !hasExponential(a)) return g.div(a, b);
  if (hasExponential(b)) {
    const [left, right] = [factors(g, a), factors(g, b)];
    return g.mul(g.div(left.rest, right.rest), exp(g, g.sub(left.exponent, right.exponent)));
  }
  if (b.op !== "add") return g.div(a, b);
  const { rest, exponent } = factors(g, a);
  const same = (n: Node): boolean => hasExponential(n) && factors(g, n).exponent === exponent;
  const at = b.args.findIndex(same);
  if (at < 0) return g.div(a, b);
  const others = multiply(g, b.args[1 - at]!, exp(g, g.neg(exponent)));
  return g.div(rest, g.add(others, factors(g, b.args[at]!).rest));
}

/** aᵇ; of an exponential, that of the product. Whole powers of it overflow with the result only. */
export function power(g: Graph, a: Node, b: Node): Node {
  if (!hasExponential(a) || (b.op === "constant" && Number.isInteger(b.value))) return g.pow(a, b);
  const { rest, exponent } = factors(g, a);
  const raised = exp(g, g.mul(b, exponent));
  return rest === g.one ? raised : g.mul(g.pow(rest, b), raised);
}

/** Whether an expression is above 0 by its form. */
const positive = (g: Graph, n: Node, deep = depth): boolean =>
  n.op === "exp" ||
  above0(g, n) ||
  (deep > 0 && /^(add|mul|div)$/.test(n.op) && n.args.every((a) => positive(g, a, deep - 1)));

/** Whether sums and products have an exponential among them that may overflow. */
const vast = ({ op, args }: Node, deep = depth): boolean =>
  op === "exp" ? !bounded(args[0]!) : deep > 0 && /^(add|mul|div)$/.test(op) && args.some((n) => vast(n, deep - 1));

/** log a: of products that of their factors, of sums with exponentials `logsum`. */
export function logarithm(g: Graph, a: Node): Node {
  if (a.op === "exp") return a.args[0]!;
  if (hasExponential(a)) {
    const { rest, exponent } = factors(g, a);
    return g.add(logarithm(g, rest), exponent);
  }
  const [left, right] = a.args as [Node, Node];
  if (vast(a) && a.args.every((n) => positive(g, n))) {
    if (a.op === "add") return g.logsum(logarithm(g, left), logarithm(g, right));
    if (a.op === "mul") return g.add(logarithm(g, left), logarithm(g, right));
    if (a.op === "div") return g.sub(logarithm(g, left), logarithm(g, right));
  }
  return g.unary("log", a);
}

/** log(1 + a). */
export const logarithmOf1Plus = (g: Graph, a: Node): Node =>
  vast(a) && positive(g, a) ? g.unary("softplus", logarithm(g, a)) : g.unary("log1p", a);
