/**
 * Derivatives on the expression graph. Reverse mode gives vector-Jacobian products, forward mode Jacobian-vector
 * products; both are again expressions of the same graph and share its subexpressions. See Griewank & Walther,
 * Evaluating Derivatives (2008), chapter 3. Where min, max, abs and select are not differentiable, the derivative is
 * that of the branch taken.
 *
 * What is not taken does not count, though its derivatives be infinite or have no value: a factor of the chain rule that
 * a choice (or an overflowing denominator) makes 0 gates the product, where the other factor need not be finite.
 */
import { type Graph, isConstant, type Node, reachable, settle } from "./graph.js";
import { above0, bounded } from "./range.js";

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
    case "abs":
      return [g.select(a, zero, g.constant(-1), one)];
    case "min":
      return [g.select(a, b, one, zero), g.select(a, b, zero, one)];
    case "max":
      return [g.select(b, a, one, zero), g.select(b, a, zero, one)];
    case "select":
      return [zero, zero, g.select(a, b, one, zero), g.select(a, b, zero, one)];
  }
}

/** Whether expressions can be infinite, or have no value, at finite inputs; and whether a choice can make them 0. */
class Factors {
  private readonly wild = new Map<Node, boolean>();
  private readonly chosen = new Map<Node, boolean>();
  private readonly idle = new Map<Node, boolean>();
  private readonly vast = new Map<Node, boolean>();

  constructor(private readonly g: Graph) {}

  isWild(root: Node): boolean {
    const of = (n: Node): boolean => {
      if (n.args.some((a) => this.wild.get(a))) return true;
      if (n.op === "div") return !above0(this.g, n.args[1]!);
      if (n.op === "exp") return !bounded(n.args[0]!);
      return n.op === "log" || n.op === "log1p" || n.op === "expm1" || n.op === "sqrt" || n.op === "pow";
    };
    return settle(root, this.wild, (n) => n.args, of);
  }

  /** Whether there is an exponential in it that can overflow. */
  private isVast(root: Node): boolean {
    const of = (n: Node): boolean => (n.op === "exp" && !bounded(n.args[0]!)) || n.args.some((a) => this.vast.get(a));
    return settle(root, this.vast, (n) => n.args, of);
  }

  /** A choice, or a product with one: a term that may cancel another exactly. */
  private isChosen(root: Node): boolean {
    const of = (n: Node): boolean =>
      ["select", "gate", "min", "max", "abs"].includes(n.op) ||
      (["add", "sub", "mul", "div", "neg"].includes(n.op) && n.args.some((a) => this.chosen.get(a)));
    return settle(root, this.chosen, (n) => n.args, of);
  }

  private isIdle(root: Node): boolean {
    const none = (n: Node | undefined): boolean => n !== undefined && (isConstant(n, 0) || this.idle.get(n)!);
    const of = (n: Node): boolean => {
      const [a, b, x, y] = n.args;
      switch (n.op) {
        case "gate":
          return true;
        case "select":
          return none(x) || none(y);
        case "min":
        case "max":
        case "mul":
          return none(a) || none(b);
        case "div":
          // A denominator that overflows makes 0 as well.
          return none(a) || this.isVast(b!);
        case "add":
        case "sub":
          return this.isChosen(n) || (none(a) && none(b));
        case "neg":
        case "abs":
        case "sqrt":
        case "sin":
        case "tanh":
        case "expm1":
        case "log1p":
        case "erf":
        case "pow":
          return none(a);
        default:
          return false;
      }
    };
    return settle(root, this.idle, (n) => n.args, of);
  }

  /** a · b, or 0 where a choice makes one factor 0. */
  product(a: Node, b: Node): Node {
    let product = this.g.mul(a, b);
    for (const [zero, other] of [
      [a, b],
      [b, a],
    ] as const) {
      if (this.isWild(other) && this.isIdle(zero)) product = this.g.gate(zero, product);
    }
    return product;
  }
}

/** select(a, b, 1, 0) · x = select(a, b, x, 0): keeps a masked derivative free of 0 · x. */
function scale(g: Graph, factors: Factors, partial: Node, x: Node): Node {
  if (partial.op === "select" && partial.args.slice(2).every((n) => n.op === "constant")) {
    const [a, b, p, q] = partial.args as [Node, Node, Node, Node];
    return g.select(a, b, g.mul(p, x), g.mul(q, x));
  }
  return factors.product(partial, x);
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
  const factors = new Factors(g);
  for (const node of reachable(outputs).reverse()) {
    const value = adjoint.get(node);
    if (!value || isConstant(value, 0) || wanted.has(node)) continue;
    const p = partials(g, node);
    node.args.forEach((arg, i) => {
      if (!isConstant(p[i]!, 0)) accumulate(arg, scale(g, factors, p[i]!, value));
    });
  }
  return inputs.map((n) => adjoint.get(n) ?? g.zero);
}

/** Jacobian-vector product: ∂output/∂inputs · tangents for each output. Inputs not in `tangents` are held fixed. */
export function jacobianVector(g: Graph, outputs: readonly Node[], tangents: ReadonlyMap<Node, Node>): Node[] {
  const tangent = new Map<Node, Node>(tangents);
  const factors = new Factors(g);
  for (const node of reachable(outputs)) {
    if (tangent.has(node)) continue;
    const p = partials(g, node);
    let sum = g.zero;
    node.args.forEach((arg, i) => {
      const t = tangent.get(arg)!;
      if (!isConstant(t, 0) && !isConstant(p[i]!, 0)) sum = g.add(sum, scale(g, factors, p[i]!, t));
    });
    tangent.set(node, sum);
  }
  return outputs.map((n) => tangent.get(n)!);
}
