/**
 * Equations as text → expression graph. The text is parsed (syntax.ts), never evaluated: only the operators, functions
 * and names listed here can occur in what comes out, so equations may come from a stranger's link.
 */
import { fail as failIn, show } from "../checks.js";
import { escaped, quoted } from "../quoted.js";
import { divide, logarithm, logarithmOf1Plus, multiply, power } from "./finite.js";
import { type Graph, isConstant, type Node, reachable } from "./graph.js";
import { type Expression, parseText } from "./syntax.js";

/** Longer equations, and graphs of more nodes, are refused: no cell needs them and a page must not hang on one. */
const maximumLength = 4000;
const maximumNodes = 20000;

/**
 * Parentheses, calls, signs, conditions and powers within one another: the parser and what walks its tree recur by them,
 * and must not use up a stack. A sum or product of many terms is not nested, however long it is.
 */
const maximumDepth = 200;

const unaryFunctions = [
  "exp",
  "log",
  "sqrt",
  "sin",
  "cos",
  "tanh",
  "abs",
  "softplus",
  "expm1",
  "log1p",
  "erf",
] as const;

/** The functions that an equation may call, with their number of arguments. */
export const knownFunctions: ReadonlyMap<string, number> = new Map<string, number>([
  ...unaryFunctions.map((name) => [name, 1] as const),
  ...["sigmoid", "sinh", "cosh", "floor", "ceil", "sign", "step"].map((name) => [name, 1] as const),
  ["mod", 2],
  ["min", 2],
  ["max", 2],
  ["pow", 2],
]);

type Operation = Extract<Expression, { type: "operation" }>;

const comparisons: ReadonlySet<string> = new Set(["<", "<=", ">", ">="]);

/** Whether an expression is true or false, and not a number. */
const isCondition = (e: Expression): boolean =>
  (e.type === "operation" && (comparisons.has(e.operator) || /^(&&|\|\|)$/.test(e.operator))) ||
  (e.type === "sign" && e.operator === "!");

/** An expression as text, for messages; every operation in parentheses. */
function textOf(e: Expression): string {
  switch (e.type) {
    case "sign":
      return `${e.operator}${textOf(e.argument)}`;
    case "operation":
      return `(${textOf(e.left)} ${e.operator} ${textOf(e.right)})`;
    case "choice":
      return `(${textOf(e.test)} ? ${textOf(e.yes)} : ${textOf(e.no)})`;
    case "call":
      return `${textOf(e.callee)}(${e.args.map(textOf).join(", ")})`;
    default:
      return e.text;
  }
}

/** What an expression is made of, each with how much deeper it lies. */
function parts(e: Expression): (readonly [Expression, number])[] {
  switch (e.type) {
    case "sign":
      return [[e.argument, 1]];
    case "operation":
      return [
        [e.left, e.left.type === "operation" ? 0 : 1],
        [e.right, 1],
      ];
    case "choice":
      return [e.test, e.yes, e.no].map((part) => [part, 1]);
    case "call":
      return e.args.map((part) => [part, 1]);
    default:
      return [];
  }
}

/** Whether parentheses or the expressions of a tree lie too deep within one another. */
function tooDeep(text: string, tree: Expression): boolean {
  let open = 0;
  for (const c of text) {
    if (c === "(") open += 1;
    else if (c === ")") open -= 1;
    if (open > maximumDepth) return true;
  }
  const stack: (readonly [Expression, number])[] = [[tree, 0]];
  for (let at = stack.pop(); at; at = stack.pop()) {
    const [e, depth] = at;
    if (depth > maximumDepth) return true;
    for (const [part, deeper] of parts(e)) stack.push([part, depth + deeper]);
  }
  return false;
}

/** Text in a message, of very much the beginning. */
const cut = (text: string, most = 60): string => (text.length > most ? `${text.slice(0, most)}…` : text);

/** Names in a message. */
export const listed = (names: Iterable<string>): string => cut([...names].join(", "), 300);

/** The names that an equation may use, with their expressions. */
export interface Scope {
  get(name: string): Node | undefined;
  keys(): Iterable<string>;
  /** Why a name that is known elsewhere may not be used here. */
  why?(name: string): string | undefined;
}

/**
 * Parses one equation.
 * @param field where it stands, for messages, e.g. `cell.state.v`.
 * @param names the names that it may use, with their expressions.
 * @throws SaltationError `invalid-input` naming the field and what is not understood, or has no finite value, in it.
 */
export function parseEquation(g: Graph, field: string, text: unknown, names: Scope): Node {
  const fail = (what: string): never => failIn(field, what);
  const fits = (value: number, what: () => string): void => {
    if (!Number.isFinite(value)) fail(`${what()} is not a finite number`);
    if (!Number.isFinite(Math.fround(value))) fail(`${what()} exceeds 32-bit floats (3.4e38); rescale it`);
    if (value !== 0 && Math.fround(value) === 0) fail(`${what()} is 0 in 32-bit floats (1.4e-45); rescale it`);
  };
  if (typeof text === "number") {
    fits(text, () => String(text));
    return g.constant(text);
  }
  if (typeof text !== "string") return fail(`expected an equation as text, got ${show(text)}`);
  if (text.length > maximumLength) fail(`is ${text.length} characters long; at most ${maximumLength} are taken`);

  const shown = quoted(text);
  let trees: Expression[] | undefined;
  try {
    trees = parseText(text.replace(/\^/g, "**"));
  } catch (error) {
    // The parser recurs: out of stack, it says so by a RangeError.
    if (!(error instanceof RangeError)) return fail(`cannot read ${shown}: ${escaped((error as Error).message)}`);
  }
  if (trees && trees.length !== 1) {
    return fail(text.trim() === "" ? "is empty" : `no operator stands between two parts of ${shown}`);
  }
  const tree = trees?.[0];
  if (!tree || tooDeep(text, tree)) {
    return fail(`parts of ${shown} are nested more than ${maximumDepth} deep; simplify it`);
  }

  const textIn = (e: Expression): string => `${quoted(textOf(e).replace(/^\((.*)\)$/, "$1"))} in ${shown}`;

  /** Refuses operators that no equation has, by what is to be written in their place. */
  const unknownOperator = (operator: string): never => {
    if (/^[=!]=+$/.test(operator))
      fail(`"${operator}" in ${shown} asks whether numbers are equal, which no path stays at; write <, <=, > or >=`);
    return fail(`operator "${operator}" is not known`);
  };
  const notANumber = (e: Expression): never => {
    if (e.type !== "operation") return fail(`${textIn(e)} is a condition, not a number; write it as (…) ? 1 : 0`);
    if (!isCondition(e)) return unknownOperator(e.operator);
    if (comparisons.has(e.operator)) refuseChain(e);
    return fail(`${textIn(e)} is a condition, not a number; write it as (…) ? 1 : 0`);
  };
  const refuseChain = (e: Operation): void => {
    const [left, right] = [e.left, e.right].map(isCondition);
    if (!left && !right) return;
    fail(`${textIn(e)} compares a condition with a number; write a < b && b < c, and !(a < b) with its parentheses`);
  };

  /** The branch that a condition chooses; each is asked for at most once. Conditions within one become nested choices. */
  const choose = (e: Expression, yes: () => Node, no: () => Node): Node => {
    if (e.type === "sign" && e.operator === "!") return choose(e.argument, no, yes);
    if (e.type === "operation") {
      const { operator, left, right } = e;
      if (operator === "&&" || operator === "||") {
        const [inner, outer] = operator === "&&" ? [yes, no] : [no, yes];
        const other = once(outer);
        const second = once(() => (operator === "&&" ? choose(right, inner, other) : choose(right, other, inner)));
        return operator === "&&" ? choose(left, second, other) : choose(left, other, second);
      }
      if (comparisons.has(operator)) {
        refuseChain(e);
        const [a, b] = [visit(left), visit(right)];
        if (operator === "<") return g.select(a, b, yes(), no());
        if (operator === ">") return g.select(b, a, yes(), no());
        if (operator === "<=") return g.select(b, a, no(), yes());
        return g.select(a, b, no(), yes());
      }
      if (/^[<>=!]/.test(operator)) unknownOperator(operator);
    }
    return fail(`a condition must compare two expressions with <, <=, > or >=; ${textIn(e)} does not`);
  };

  const call = (callee: Expression, given: readonly Expression[]): Node => {
    const name = callee.type === "name" ? callee.text : "?";
    const arity = knownFunctions.get(name);
    if (arity === undefined) fail(`unknown function ${quoted(name)}; known: ${[...knownFunctions.keys()].join(", ")}`);
    if (given.length !== arity) fail(`${name} takes ${arity} argument(s), got ${given.length}`);
    const args = given.map(visit) as [Node, Node];
    switch (name) {
      case "sigmoid":
        if (args[0].op === "constant") return g.constant(1 / (1 + Math.exp(-args[0].value)));
        return g.div(g.one, g.add(g.one, g.unary("exp", g.neg(args[0]))));
      case "sinh":
        // No difference of what is nearly equal.
        return g.mul(g.constant(0.5), g.sub(g.unary("expm1", args[0]), g.unary("expm1", g.neg(args[0]))));
      case "cosh":
        return g.mul(g.constant(0.5), g.add(g.unary("exp", args[0]), g.unary("exp", g.neg(args[0]))));
      case "sign":
        // What is neither below nor above 0 is 0 itself, or no number.
        return g.select(args[0], g.zero, g.constant(-1), g.select(g.zero, args[0], g.one, g.gate(args[0], args[0])));
      case "step":
        return g.select(args[0], g.zero, g.zero, g.one);
      case "ceil":
        return g.neg(g.unary("floor", g.neg(args[0])));
      case "mod":
        if (isConstant(args[1], 0)) fail(`${shown} divides by 0`);
        return g.sub(args[0], g.mul(args[1], g.unary("floor", g.div(...args))));
      case "log":
        return logarithm(g, args[0]);
      case "log1p":
        return logarithmOf1Plus(g, args[0]);
      case "sqrt":
        return power(g, args[0], g.constant(0.5));
      case "pow":
        return power(g, ...args);
      case "min":
      case "max":
        return g[name](...args);
      default:
        return g.unary(name as (typeof unaryFunctions)[number], args[0]);
    }
  };

  const binary = (b: Operation, left: Node, right: Node): Node => {
    switch (b.operator) {
      case "+":
        return g.add(left, right);
      case "-":
        return g.sub(left, right);
      case "*":
        return multiply(g, left, right);
      case "/":
        if (isConstant(right, 0)) fail(`${shown} divides by 0`);
        return divide(g, left, right);
      case "**":
        // The parser binds a sign tighter than a power and keeps no parentheses, so -x^2 and (-x)^2 look alike.
        if (b.left.type === "sign") fail(`a sign before a power is ambiguous in ${shown}; write -(x^2)`);
        return power(g, left, right);
      default:
        return notANumber(b);
    }
  };

  const visit = (e: Expression): Node => checked(e, read(e));

  /** Numbers are put together as they are met: what is left of an operation on numbers alone has no finite value. */
  const checked = (e: Expression, node: Node): Node => {
    if (g.size > maximumNodes) fail(`the equations need more than ${maximumNodes} operations; simplify them`);
    const { op, args } = node;
    if (op !== "input" && args.every((a) => a.op === "constant")) {
      const value = op === "constant" ? node.value : Number.NaN;
      fits(value, () => `${cut(textOf(e).replace(/^\((.*)\)$/, "$1"))} in ${shown}`);
    }
    return node;
  };

  const read = (e: Expression): Node => {
    switch (e.type) {
      case "number":
        return g.constant(Number(e.text));
      case "name":
        if (e.text === "pi") return g.constant(Math.PI);
        return (
          names.get(e.text) ??
          fail(names.why?.(e.text) ?? `unknown name ${quoted(e.text)}; known here: ${listed(names.keys())}`)
        );
      case "sign":
        if (e.operator === "-") return g.neg(visit(e.argument));
        if (e.operator === "+") return visit(e.argument);
        return notANumber(e);
      case "operation": {
        if (isCondition(e)) notANumber(e);
        // What has many terms leans to the left, where a loop goes down.
        const chain: Operation[] = [];
        let first: Expression = e;
        while (first.type === "operation") {
          chain.push(first);
          first = first.left;
        }
        return chain.reduceRight((left, b) => checked(b, binary(b, left, visit(b.right))), visit(first));
      }
      case "choice":
        return choose(
          e.test,
          once(() => visit(e.yes)),
          once(() => visit(e.no)),
        );
      case "call":
        return call(e.callee, e.args);
    }
  };
  return visit(tree);
}

/** Where a function has values that are asked for only, and then once. */
function once(of: () => Node): () => Node {
  let found: Node | undefined;
  return () => (found ??= of());
}

/**
 * Refuses steps of a staircase where paths flow: `floor`, `ceil` and `mod` have a jump at each whole number, none of them
 * a surface that is located. Of parameters alone they are numbers.
 * @param field where the expression stands, which is part of a cell's drift, noise or event.
 */
export function refuseStairs(field: string, root: Node): void {
  const stairs = reachable([root]).some(
    (n) => n.op === "floor" && reachable(n.args).some((a) => a.op === "input" && !a.name.startsWith("p.")),
  );
  if (stairs)
    failIn(
      field,
      "floor, ceil and mod of what changes along a path jump at every whole number; write it as a condition or an event",
    );
}
