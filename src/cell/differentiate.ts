/**
 * Derivatives on the expression graph. Reverse mode gives vector-Jacobian products, forward mode Jacobian-vector
 * products; both are again expressions of the same graph and share its subexpressions. See Griewank & Walther,
 * Evaluating Derivatives (2008), chapter 3. Where min, max, abs and select are not differentiable, the derivative is
 * that of the branch taken.
 */
import { type Graph, isConstant, type Node, reachable } from "./graph.js";

/** Partial derivatives of a node by its arguments. */
function partials(g: Graph, node: Node): Node[] {
  const [a, b] = node.args as [Node, Node];
  const { zero, one } = g;
  switch (node.op) {
    case "constant":
    case "input":
      return [];
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

/** select(a, b, 1, 0) · x = select(a, b, x, 0): keeps a masked derivative free of 0 · x. */
function scale(g: Graph, partial: Node, x: Node): Node {
  if (partial.op === "select" && partial.args.slice(2).every((n) => n.op === "constant")) {
    const [a, b, p, q] = partial.args as [Node, Node, Node, Node];
    return g.select(a, b, g.mul(p, x), g.mul(q, x));
  }
  return g.mul(partial, x);
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
  for (const node of reachable(outputs).reverse()) {
    const value = adjoint.get(node);
    if (!value || isConstant(value, 0) || wanted.has(node)) continue;
    const p = partials(g, node);
    node.args.forEach((arg, i) => {
      if (!isConstant(p[i]!, 0)) accumulate(arg, scale(g, p[i]!, value));
    });
  }
  return inputs.map((n) => adjoint.get(n) ?? g.zero);
}

/** Jacobian-vector product: ∂output/∂inputs · tangents for each output. Inputs not in `tangents` are held fixed. */
export function jacobianVector(g: Graph, outputs: readonly Node[], tangents: ReadonlyMap<Node, Node>): Node[] {
  const tangent = new Map<Node, Node>(tangents);
  for (const node of reachable(outputs)) {
    if (tangent.has(node)) continue;
    const p = partials(g, node);
    let sum = g.zero;
    node.args.forEach((arg, i) => {
      const t = tangent.get(arg)!;
      if (!isConstant(t, 0) && !isConstant(p[i]!, 0)) sum = g.add(sum, scale(g, p[i]!, t));
    });
    tangent.set(node, sum);
  }
  return outputs.map((n) => tangent.get(n)!);
}
