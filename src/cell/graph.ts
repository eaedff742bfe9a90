/**
 * The expression graph: a directed acyclic graph in which equal expressions are one node (hash-consing), so that
 * whatever is emitted or differentiated from it shares its common subexpressions. Constructors simplify as they build.
 */

export type Op =
  | "constant"
  | "input"
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "neg"
  | "pow"
  | "exp"
  | "log"
  | "sqrt"
  | "sin"
  | "cos"
  | "tanh"
  | UnaryFunction
  | "abs"
  | "min"
  | "max"
  /** logsum(a, b) is log(eᵃ + eᵇ), finite where either exponential overflows. */
  | "logsum"
  /** select(a, b, x, y) is x where a < b, else y. */
  | "select"
  /** gate(a, x) is 0 where a is 0, else x: a product with a, where the other factor may have no value. */
  | "gate";

/** softplus(x) = log(1 + eˣ), expm1(x) = eˣ − 1, log1p(x) = log(1 + x), the error function, and the largest
 * whole number that is not above x. */
export type UnaryFunction = "softplus" | "expm1" | "log1p" | "erf" | "floor";

export interface Node {
  /** Position in the graph; arguments always have smaller ids, so id order is a topological order. */
  readonly id: number;
  readonly op: Op;
  readonly args: readonly Node[];
  /** Value of a constant. */
  readonly value: number;
  /** Name of an input. */
  readonly name: string;
}

const commutative = new Set<Op>(["add", "mul", "min", "max", "logsum"]);

/** The error function: a series without cancellation; beyond 6 it is 1 to rounding. */
export function erf(x: number): number {
  if (!(Math.abs(x) < 6)) return Math.sign(x);
  let term = 2 * x * Math.exp(-x * x) * Math.PI ** -0.5;
  let sum = term;
  for (let n = 1; n < 200; n++) sum += term *= (2 * x * x) / (2 * n + 1);
  return sum;
}

/** Value of one operation on numbers: the single place that says what each operation means. */
export function evaluateOp(op: Op, a: readonly number[]): number {
  const [x, y] = a as [number, number];
  switch (op) {
    case "add":
      return x + y;
    case "sub":
      return x - y;
    case "mul":
      return x * y;
    case "div":
      return x / y;
    case "neg":
      return -x;
    case "pow":
      return x ** y;
    case "exp":
      return Math.exp(x);
    case "log":
      return Math.log(x);
    case "sqrt":
      return Math.sqrt(x);
    case "sin":
      return Math.sin(x);
    case "cos":
      return Math.cos(x);
    case "tanh":
      return Math.tanh(x);
    case "softplus":
      return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    case "expm1":
      return Math.expm1(x);
    case "log1p":
      return Math.log1p(x);
    case "erf":
      return erf(x);
    case "floor":
      return Math.floor(x);
    case "abs":
      return Math.abs(x);
    case "min":
      return Math.min(x, y);
    case "max":
      return Math.max(x, y);
    case "logsum":
      return Math.max(x, y) + Math.log1p(Math.exp(-Math.abs(x - y)));
    case "select":
      return x < y ? a[2]! : a[3]!;
    case "gate":
      return x === 0 ? 0 : y;
    default:
      throw new Error(`operation ${op} has no value of its own`);
  }
}

/** Whole powers up to this become products: of six squares and five products at most. */
const largestProduct = 64;

export class Graph {
  /** Names of inputs that are above 0, whatever they are. */
  readonly positive = new Set<string>();
  private readonly interned = new Map<string, Node>();
  private count = 0;

  private make(op: Op, args: readonly Node[], value = 0, name = ""): Node {
    let ordered = args;
    if (commutative.has(op) && args[0]!.id > args[1]!.id) ordered = [args[1]!, args[0]!];
    const key = `${op}|${ordered.map((n) => n.id).join(",")}|${op === "constant" ? String(value) : ""}|${name}`;
    const known = this.interned.get(key);
    if (known) return known;
    const node: Node = { id: this.count++, op, args: ordered, value, name };
    this.interned.set(key, node);
    return node;
  }

  /** Number of distinct nodes built so far. */
  get size(): number {
    return this.count;
  }

  constant(value: number): Node {
    return this.make("constant", [], value === 0 ? 0 : value);
  }

  input(name: string): Node {
    return this.make("input", [], 0, name);
  }

  get zero(): Node {
    return this.constant(0);
  }

  get one(): Node {
    return this.constant(1);
  }

  /** Folds an operation on constants; a result that is not finite is left unfolded; equations are refused for it. */
  private fold(op: Op, args: readonly Node[]): Node | undefined {
    if (!args.every((n) => n.op === "constant")) return undefined;
    const value = evaluateOp(
      op,
      args.map((n) => n.value),
    );
    return Number.isFinite(value) ? this.constant(value) : undefined;
  }

  private folded(op: Op, ...args: Node[]): Node {
    return this.fold(op, args) ?? this.make(op, args);
  }

  add(a: Node, b: Node): Node {
    if (isConstant(a, 0)) return b;
    if (isConstant(b, 0)) return a;
    if (b.op === "neg") return this.sub(a, b.args[0]!);
    if (a.op === "neg") return this.sub(b, a.args[0]!);
    return this.folded("add", a, b);
  }

  sub(a: Node, b: Node): Node {
    if (isConstant(b, 0)) return a;
    if (isConstant(a, 0)) return this.neg(b);
    if (a === b) return this.zero;
    if (b.op === "neg") return this.add(a, b.args[0]!);
    return this.folded("sub", a, b);
  }

  mul(a: Node, b: Node): Node {
    if (isConstant(a, 0) || isConstant(b, 0)) return this.zero;
    if (isConstant(a, 1)) return b;
    if (isConstant(b, 1)) return a;
    if (isConstant(a, -1)) return this.neg(b);
    if (isConstant(b, -1)) return this.neg(a);
    if (a.op === "neg" && b.op === "neg") return this.mul(a.args[0]!, b.args[0]!);
    if (a.op === "neg") return this.neg(this.mul(a.args[0]!, b));
    if (b.op === "neg") return this.neg(this.mul(a, b.args[0]!));
    return this.folded("mul", a, b);
  }

  div(a: Node, b: Node): Node {
    if (isConstant(a, 0) && !isConstant(b, 0)) return this.zero;
    if (isConstant(b, 1)) return a;
    if (isConstant(b, -1)) return this.neg(a);
    if (a === b && !isConstant(a, 0)) return this.one;
    if (a.op === "neg") return this.neg(this.div(a.args[0]!, b));
    return this.folded("div", a, b);
  }

  neg(a: Node): Node {
    if (a.op === "neg") return a.args[0]!;
    if (a.op === "sub") return this.sub(a.args[1]!, a.args[0]!);
    return this.folded("neg", a);
  }

  /** Whole powers become products, exact to rounding for bases of either sign. */
  pow(a: Node, b: Node): Node {
    if (b.op === "constant") {
      if (b.value === 0) return this.one;
      if (b.value === 0.5) return this.unary("sqrt", a);
      if (Number.isInteger(b.value) && Math.abs(b.value) <= largestProduct) {
        if (b.value < 0) return this.div(this.one, this.pow(a, this.constant(-b.value)));
        const half = this.pow(a, this.constant(Math.floor(b.value / 2)));
        const square = this.mul(half, half);
        return b.value % 2 === 1 ? this.mul(square, a) : square;
      }
    }
    return this.folded("pow", a, b);
  }

  /** The logarithm of 1 + eˣ is taken as softplus(x), which is finite where eˣ overflows. */
  unary(op: "exp" | "log" | "sqrt" | "sin" | "cos" | "tanh" | "abs" | UnaryFunction, a: Node): Node {
    const x = op === "log" ? onePlusExponential(a) : undefined;
    if (x && !bounded(x)) return this.unary("softplus", x);
    return this.folded(op, a);
  }

  min(a: Node, b: Node): Node {
    return a === b ? a : this.folded("min", a, b);
  }

  max(a: Node, b: Node): Node {
    return a === b ? a : this.folded("max", a, b);
  }

  /** log(eᵃ + eᵇ). */
  logsum(a: Node, b: Node): Node {
    if (isConstant(a, 0)) return this.unary("softplus", b);
    if (isConstant(b, 0)) return this.unary("softplus", a);
    return this.folded("logsum", a, b);
  }

  /** x where a < b, else y. */
  select(a: Node, b: Node, x: Node, y: Node): Node {
    if (x === y) return x;
    if (a.op === "constant" && b.op === "constant") return a.value < b.value ? x : y;
    return this.make("select", [a, b, x, y]);
  }

  gate(a: Node, x: Node): Node {
    if (isConstant(x, 0)) return x;
    if (a.op === "constant") return a.value === 0 ? this.zero : x;
    return this.make("gate", [a, x]);
  }

  /** Builds a node of the given operation from new arguments, simplifying. */
  rebuild(node: Node, args: readonly Node[]): Node {
    const [a, b] = args as [Node, Node];
    switch (node.op) {
      case "constant":
      case "input":
        return node;
      case "add":
      case "sub":
      case "mul":
      case "div":
      case "pow":
      case "min":
      case "max":
      case "logsum":
      case "gate":
        return this[node.op](a, b);
      case "neg":
        return this.neg(a);
      case "select":
        return this.select(a, b, args[2]!, args[3]!);
      default:
        return this.unary(node.op, a);
    }
  }

  /** The expression with inputs replaced by other expressions, all at once. */
  substitute(root: Node, replacements: ReadonlyMap<Node, Node>): Node {
    const done = new Map<Node, Node>(replacements);
    for (const node of reachable([root])) {
      if (!done.has(node)) {
        done.set(
          node,
          this.rebuild(
            node,
            node.args.map((n) => done.get(n)!),
          ),
        );
      }
    }
    return done.get(root)!;
  }
}

/** x where the node is 1 + exp(x). */
export function onePlusExponential({ op, args }: Node): Node | undefined {
  if (op !== "add") return undefined;
  const [a, b] = args as [Node, Node];
  const exponential = isConstant(a, 1) ? b : isConstant(b, 1) ? a : undefined;
  return exponential?.op === "exp" ? exponential.args[0] : undefined;
}

export function isConstant(node: Node, value: number): boolean {
  return node.op === "constant" && node.value === value;
}

/** All nodes that the roots need, arguments before their users. */
export function reachable(roots: readonly Node[]): Node[] {
  const seen = new Set<Node>();
  const stack = [...roots];
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (seen.has(node)) continue;
    seen.add(node);
    stack.push(...node.args);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}

/** Names of the inputs that the roots depend on. */
export function inputNames(roots: readonly Node[]): Set<string> {
  return new Set(
    reachable(roots)
      .filter((n) => n.op === "input")
      .map((n) => n.name),
  );
}

/** Whether an expression is above 0. */
export function above0(g: Graph, { op, args, value, name }: Node): boolean {
  if (op === "constant") return value > 0;
  if (op === "input") return g.positive.has(name);
  return (op === "mul" || op === "div") && args.every((n) => above0(g, n));
}

/** Whether an exponential of an expression cannot overflow; a bound that parameters set counts as one that holds. */
export function bounded({ op, args, value }: Node): boolean {
  if (op === "constant") return value < 80;
  if (op === "min") return args.some((n) => bounded(n) || [...inputNames([n])].every((name) => name.startsWith("p.")));
  return op === "neg" && args[0]!.op === "abs";
}

/**
 * Works out something for a node from what stands for the nodes that it needs, those first and in their order. By a loop:
 * graphs may be as deep as equations are long.
 */
export function settle<T>(
  root: Node,
  done: Map<Node, T>,
  needs: (node: Node) => readonly Node[],
  of: (node: Node) => T,
): T {
  const stack = [root];
  while (stack.length > 0) {
    const node = stack[stack.length - 1]!;
    const missing = done.has(node) ? undefined : needs(node).find((n) => !done.has(n));
    if (missing) {
      stack.push(missing);
      continue;
    }
    if (!done.has(node)) done.set(node, of(node));
    stack.pop();
  }
  return done.get(root)!;
}

/** Evaluates roots in float64, at one point after another: their nodes are put in order once. */
export class Evaluation {
  private readonly order: readonly Node[];
  /** Places in the order of each node's arguments, and of the roots. */
  private readonly args: readonly (readonly number[])[];
  private readonly results: readonly number[];
  private readonly values: Float64Array;

  constructor(roots: readonly Node[]) {
    this.order = reachable(roots);
    const places = new Map(this.order.map((node, i) => [node, i] as const));
    this.args = this.order.map((node) => node.args.map((n) => places.get(n)!));
    this.results = roots.map((n) => places.get(n)!);
    this.values = new Float64Array(this.order.length);
  }

  /** Operations at each point. */
  get size(): number {
    return this.order.length;
  }

  at(inputs: ReadonlyMap<string, number>): number[] {
    const { order, args, values } = this;
    const operands: number[] = [];
    for (let i = 0; i < order.length; i++) {
      const { op, value, name } = order[i]!;
      if (op === "constant") values[i] = value;
      else if (op === "input") {
        const given = inputs.get(name);
        if (given === undefined) throw new Error(`no value given for "${name}"`);
        values[i] = given;
      } else {
        for (let k = 0; k < args[i]!.length; k++) operands[k] = values[args[i]![k]!]!;
        values[i] = evaluateOp(op, operands);
      }
    }
    return this.results.map((i) => values[i]!);
  }
}

/** Evaluates the roots in float64 by walking the graph. */
export const evaluate = (roots: readonly Node[], inputs: ReadonlyMap<string, number>): number[] =>
  new Evaluation(roots).at(inputs);
