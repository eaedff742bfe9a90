/**
 * Derivatives on the expression graph. Reverse mode gives vector-Jacobian products, forward mode Jacobian-vector
 * products; both are again expressions of the same graph and share its subexpressions. See Griewank & Walther,
 * Evaluating Derivatives (2008), chapter 3. Where min, max, abs and select are not differentiable, the derivative is
 * that of the branch taken.
 *
 * What is not taken does not count, though its derivatives be infinite or have no value: a factor of the chain rule that
 * a choice (or an overflowing denominator) makes 0 gates the product, where the other factor need not be finite.
 */
import { above0, bounded, type Graph, isConstant, type Node, reachable, settle } from "./graph.js";

/** Partial derivatives of a node by its arguments. */
function partials(g: Graph, node: Node): Node[] {
  const [a, b] = node.args as [Node, Node];
  const { zero, one } = g;
  switch (node.op) {
    case "constant":
    case "input":
      return [];
    case "gate":
      return [zero, g.gate(a, one)];
    case "add":
      return [one, one];
    case "sub":
      return [one, g.constant(-1)];
    case "mul":
      return [b, a];
    case "div":
      return [g.div(one, b), g.neg(g.div(node, b))];
    case "neg":
      return [g.constant(-1)];
    case "pow":
      // By the exponent: 0 at base 0, the limit for exponents above 0; below, whole exponents have no derivative.
      return [
        g.mul(b, g.pow(a, g.sub(b, one))),
        b.op === "constant" ? zero : g.select(zero, a, g.mul(node, g.unary("log", a)), zero),
      ];
    case "exp":
      return [node];
    case "log":
      return [g.div(one, a)];
    case "sqrt":
      return [g.div(g.constant(0.5), node)];
    case "sin":
      return [g.unary("cos", a)];
    case "cos":
      return [g.neg(g.unary("sin", a))];
    case "tanh":
      return [g.sub(one, g.mul(node, node))];
    case "softplus":
      return [g.div(one, g.add(one, g.unary("exp", g.neg(a))))];
    case "expm1":
      return [g.unary("exp", a)];
    case "log1p":
      return [g.div(one, g.add(one, a))];
    case "erf":
      return [g.mul(g.constant(2 / Math.sqrt(Math.PI)), g.unary("exp", g.neg(g.mul(a, a))))];
    case "floor":
      return [zero];
    case "abs":
      return [g.select(a, zero, g.constant(-1), one)];
    case "min":
      return [g.select(a, b, one, zero), g.select(a, b, zero, one)];
    case "max":
      return [g.select(b, a, one, zero), g.select(b, a, zero, one)];
    case "logsum":
      return [g.div(one, g.add(one, g.unary("exp", g.sub(b, a)))), g.div(one, g.add(one, g.unary("exp", g.sub(a, b))))];
    case "select":
      return [zero, zero, g.select(a, b, one, zero), g.select(a, b, zero, one)];
  }
}

/** What an expression has in it or can be: bits of a set. */
const vast = 1; // an exponential that can overflow
const wild = 2; // infinite, or without a value, at finite inputs
const chosen = 4; // a choice, or a sum or product with one: a term that may cancel another exactly
const idle = 8; // 0 by a choice

const traitsOf = (g: Graph, { op, args }: Node, done: ReadonlyMap<Node, number>): number => {
  const [a = 0, b = 0, x = 0, y = 0] = args.map((n) => done.get(n)! | (isConstant(n, 0) ? idle : 0));
  const is = (ops: RegExp): boolean => ops.test(op);
  const all = a | b | x | y;
  let traits = all & (vast | wild);
  if (op === "exp" && !bounded(args[0]!)) traits |= vast | wild;
  if (is(/log1p|^log$|sqrt|pow|expm1/) || (op === "div" && !above0(g, args[1]!))) traits |= wild;
  const sum = is(/add|sub/);
  if (is(/select|gate|min|max|abs/) || (all & chosen && (sum || is(/mul|div|neg/)))) traits |= chosen;
  // A denominator that overflows makes 0 as well.
  if (op === "gate" || (sum && traits & chosen) || (op === "div" && b & vast)) traits |= idle;
  if (sum) traits |= a & b & idle;
  else if (op === "select") traits |= (x | y) & idle;
  else if (is(/min|max|mul/)) traits |= (a | b) & idle;
  else if (!is(/^exp$|^log$|cos|softplus|logsum/)) traits |= a & idle;
  return traits;
};

/** Products in which a factor that a choice makes 0 gates one that may not be finite. */
type Product = (a: Node, b: Node) => Node;

function products(g: Graph): Product {
  const done = new Map<Node, number>();
  const traits = (root: Node): number =>
    settle(
      root,
      done,
      (n) => n.args,
      (n) => traitsOf(g, n, done),
    );
  return (a, b) => {
    let product = g.mul(a, b);
    if (traits(b) & wild && traits(a) & idle) product = g.gate(a, product);
    if (traits(a) & wild && traits(b) & idle) product = g.gate(b, product);
    return product;
  };
}

/** select(a, b, 1, 0) · x = select(a, b, x, 0): keeps a masked derivative free of 0 · x. */
function scale(g: Graph, product: Product, partial: Node, x: Node): Node {
  if (partial.op === "select" && partial.args.slice(2).every((n) => n.op === "constant")) {
    const [a, b, p, q] = partial.args as [Node, Node, Node, Node];
    return g.select(a, b, g.mul(p, x), g.mul(q, x));
  }
  return product(partial, x);
}

/**
 * Vector-Jacobian product: Σ_o cotangent_o ∂output_o/∂input for each input.
 * @returns one expression per entry of `inputs`.
 */
export function vectorJacobian(
  g: Graph,
  outputs: readonly Node[],
  cotangents: readonly Node[],
  inputs: readonly Node[],
): Node[] {
  const adjoint = new Map<Node, Node>();
  const accumulate = (node: Node, value: Node): void => {
    const old = adjoint.get(node);
    adjoint.set(node, old ? g.add(old, value) : value);
  };
  outputs.forEach((node, o) => {
    accumulate(node, cotangents[o]!);
  });
  const wanted = new Set(inputs);
  const product = products(g);
  for (const node of reachable(outputs).reverse()) {
    const value = adjoint.get(node);
    if (!value || isConstant(value, 0) || wanted.has(node)) continue;
    const p = partials(g, node);
    node.args.forEach((arg, i) => {
      if (!isConstant(p[i]!, 0)) accumulate(arg, scale(g, product, p[i]!, value));
    });
  }
  return inputs.map((n) => adjoint.get(n) ?? g.zero);
}

/** Jacobian-vector product: ∂output/∂inputs · tangents for each output. Inputs not in `tangents` are held fixed. */
export function jacobianVector(g: Graph, outputs: readonly Node[], tangents: ReadonlyMap<Node, Node>): Node[] {
  const tangent = new Map<Node, Node>(tangents);
  const product = products(g);
  for (const node of reachable(outputs)) {
    if (tangent.has(node)) continue;
    const p = partials(g, node);
    let sum = g.zero;
    node.args.forEach((arg, i) => {
      const t = tangent.get(arg)!;
      if (!isConstant(t, 0) && !isConstant(p[i]!, 0)) sum = g.add(sum, scale(g, product, p[i]!, t));
    });
    tangent.set(node, sum);
  }
  return outputs.map((n) => tangent.get(n)!);
}
