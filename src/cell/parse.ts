/**
 * Equations as text → expression graph. The text is parsed (by jsep), never evaluated: only the operators, functions
 * and names listed here can occur in what comes out, so equations may come from a stranger's link.
 */
import jsep from "jsep";
import { fail as failIn, show } from "../checks.js";
import { escaped, quoted } from "../quoted.js";
import { type Graph, isConstant, type Node } from "./graph.js";

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
  ["sigmoid", 1],
  ["min", 2],
  ["max", 2],
  ["pow", 2],
]);

/** An expression as text, for messages; every operation in parentheses. */
function textOf(e: jsep.Expression): string {
  switch (e.type) {
    case "Literal":
      return (e as jsep.Literal).raw;
    case "UnaryExpression": {
      const u = e as jsep.UnaryExpression;
      return `${u.operator}${textOf(u.argument)}`;
    }
    case "BinaryExpression": {
      const b = e as jsep.BinaryExpression;
      return `(${textOf(b.left)} ${b.operator} ${textOf(b.right)})`;
    }
    case "ConditionalExpression": {
      const c = e as jsep.ConditionalExpression;
      return `(${textOf(c.test)} ? ${textOf(c.consequent)} : ${textOf(c.alternate)})`;
    }
    case "CallExpression": {
      const c = e as jsep.CallExpression;
      return `${textOf(c.callee)}(${c.arguments.map(textOf).join(", ")})`;
    }
    default:
      return String((e as jsep.Identifier).name);
  }
}

/** What an expression is made of, each with how much deeper it lies. */
function parts(e: jsep.Expression): (readonly [jsep.Expression, number])[] {
  switch (e.type) {
    case "UnaryExpression":
      return [[(e as jsep.UnaryExpression).argument, 1]];
    case "BinaryExpression": {
      const { left, right } = e as jsep.BinaryExpression;
      return [
        [left, left.type === "BinaryExpression" ? 0 : 1],
        [right, 1],
      ];
    }
    case "ConditionalExpression": {
      const c = e as jsep.ConditionalExpression;
      return [c.test, c.consequent, c.alternate].map((part) => [part, 1]);
    }
    case "CallExpression":
      return (e as jsep.CallExpression).arguments.map((part) => [part, 1]);
    default:
      return [];
  }
}

/** Whether parentheses or the expressions of a tree lie too deep within one another. */
function tooDeep(text: string, tree: jsep.Expression): boolean {
  let open = 0;
  for (const c of text) {
    if (c === "(") open += 1;
    else if (c === ")") open -= 1;
    if (open > maximumDepth) return true;
  }
  const stack: (readonly [jsep.Expression, number])[] = [[tree, 0]];
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

/**
 * Parses one equation.
 * @param field where it stands, for messages, e.g. `cell.state.v`.
 * @param names the names that it may use, with their expressions.
 * @throws SaltationError `invalid-input` naming the field and what is not understood, or has no finite value, in it.
 */
export function parseEquation(g: Graph, field: string, text: unknown, names: ReadonlyMap<string, Node>): Node {
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
  let tree: jsep.Expression | undefined;
  try {
    // "^" is a power in equations but exclusive or in jsep's language; "**" binds as a power should.
    tree = jsep(text.replace(/\^/g, "**"));
  } catch (error) {
    // The parser recurs: out of stack, it says so by a RangeError.
    if (!(error instanceof RangeError)) return fail(`cannot read ${shown}: ${escaped((error as Error).message)}`);
  }
  if (!tree || tooDeep(text, tree)) {
    return fail(`parts of ${shown} are nested more than ${maximumDepth} deep; simplify it`);
  }

  const comparison = (e: jsep.Expression, yes: jsep.Expression, no: jsep.Expression): Node => {
    if (e.type === "BinaryExpression") {
      const b = e as jsep.BinaryExpression;
      const [left, right] = [visit(b.left), visit(b.right)];
      if (b.operator === "<") return g.select(left, right, visit(yes), visit(no));
      if (b.operator === ">") return g.select(right, left, visit(yes), visit(no));
      if (b.operator === "<=") return g.select(right, left, visit(no), visit(yes));
      if (b.operator === ">=") return g.select(left, right, visit(no), visit(yes));
    }
    return fail(`a condition must compare two expressions with <, <=, > or >= in ${shown}`);
  };

  const call = (e: jsep.CallExpression): Node => {
    const name = e.callee.type === "Identifier" ? (e.callee as jsep.Identifier).name : "?";
    const arity = knownFunctions.get(name);
    if (arity === undefined) fail(`unknown function ${quoted(name)}; known: ${[...knownFunctions.keys()].join(", ")}`);
    if (e.arguments.length !== arity) fail(`${name} takes ${arity} argument(s), got ${e.arguments.length}`);
    const args = e.arguments.map(visit) as [Node, Node];
    switch (name) {
      case "sigmoid":
        if (args[0].op === "constant") return g.constant(1 / (1 + Math.exp(-args[0].value)));
        return g.div(g.one, g.add(g.one, g.unary("exp", g.neg(args[0]))));
      case "min":
      case "max":
      case "pow":
        return g[name](...args);
      default:
        return g.unary(name as (typeof unaryFunctions)[number], args[0]);
    }
  };

  const binary = (b: jsep.BinaryExpression, left: Node, right: Node): Node => {
    switch (b.operator) {
      case "+":
        return g.add(left, right);
      case "-":
        return g.sub(left, right);
      case "*":
        return g.mul(left, right);
      case "/":
        if (isConstant(right, 0)) fail(`${shown} divides by 0`);
        return g.div(left, right);
      case "**":
        // The parser binds a sign tighter than a power and keeps no parentheses, so -x^2 and (-x)^2 look alike.
        if (b.left.type === "UnaryExpression") fail(`a sign before a power is ambiguous in ${shown}; write -(x^2)`);
        return g.pow(left, right);
      default:
        return fail(`operator "${b.operator}" is not known; comparisons belong in a < b ? x : y`);
    }
  };

  const visit = (e: jsep.Expression): Node => checked(e, read(e));

  /** Numbers are put together as they are met: what is left of an operation on numbers alone has no finite value. */
  const checked = (e: jsep.Expression, node: Node): Node => {
    if (g.size > maximumNodes) fail(`the equations need more than ${maximumNodes} operations; simplify them`);
    const { op, args } = node;
    if (op !== "input" && args.every((a) => a.op === "constant")) {
      const value = op === "constant" ? node.value : Number.NaN;
      fits(value, () => `${cut(textOf(e).replace(/^\((.*)\)$/, "$1"))} in ${shown}`);
    }
    return node;
  };

  const read = (e: jsep.Expression): Node => {
    switch (e.type) {
      case "Literal": {
        const { value } = e as jsep.Literal;
        return typeof value === "number" ? g.constant(value) : fail(`${quoted(String(value))} is not a number`);
      }
      case "Identifier": {
        const { name } = e as jsep.Identifier;
        if (name === "pi") return g.constant(Math.PI);
        return names.get(name) ?? fail(`unknown name ${quoted(name)}; known here: ${listed(names.keys())}`);
      }
      case "UnaryExpression": {
        const u = e as jsep.UnaryExpression;
        if (u.operator === "-") return g.neg(visit(u.argument));
        if (u.operator === "+") return visit(u.argument);
        return fail(`operator "${u.operator}" is not known`);
      }
      case "BinaryExpression": {
        // What has many terms leans to the left, where a loop goes down.
        const chain: jsep.BinaryExpression[] = [];
        let first = e;
        while (first.type === "BinaryExpression") {
          chain.push(first as jsep.BinaryExpression);
          first = (first as jsep.BinaryExpression).left;
        }
        return chain.reduceRight((left, b) => checked(b, binary(b, left, visit(b.right))), visit(first));
      }
      case "ConditionalExpression": {
        const c = e as jsep.ConditionalExpression;
        return comparison(c.test, c.consequent, c.alternate);
      }
      case "CallExpression":
        return call(e as jsep.CallExpression);
      case "Compound":
        return fail(text.trim() === "" ? "is empty" : `no operator stands between two parts of ${shown}`);
      default:
        return fail(`cannot read ${shown}: ${e.type} is not part of the notation`);
    }
  };
  return visit(tree);
}
