/** Cells and equations grown by a grammar: most are sensible, and some are meant to break what reads them. */
import type { Random } from "./random.js";

const functions = ["exp", "log", "sqrt", "sin", "cos", "tanh", "abs", "sigmoid"] as const;
/** Functions whose value is bounded, so that what is grown with them seldom blows up. */
const bounded = ["sin", "cos", "tanh", "sigmoid"] as const;

const number = (random: Random): string => {
  const value = random.chance(0.5) ? 1 + random.below(5) : Number(random.between(0, 4).toFixed(2));
  return String(value);
};

/** An expression of these names. */
export function grow(random: Random, names: readonly string[], depth: number): string {
  if (depth <= 0 || random.chance(0.15)) return random.chance(0.7) ? random.pick(names) : number(random);
  const inner = (): string => grow(random, names, depth - 1);
  switch (random.below(10)) {
    case 0:
    case 1:
      return `(${inner()} + ${inner()})`;
    case 2:
      return `(${inner()} - ${inner()})`;
    case 3:
    case 4:
      return `${inner()} * ${inner()}`;
    case 5:
      return `${inner()} / (1 + abs(${inner()}))`;
    case 6:
      return `${random.pick(bounded)}(${inner()})`;
    case 7:
      return random.chance(0.5) ? `exp(-abs(${inner()}))` : `${random.pick(functions)}(${inner()})`;
    case 8:
      return `${random.pick(["min", "max"])}(${inner()}, ${inner()})`;
    default:
      if (random.chance(0.3)) return `(${inner()})^${2 + random.below(2)}`;
      return `(${inner()} ${random.pick(["<", ">", "<=", ">="])} ${inner()} ? ${inner()} : ${inner()})`;
  }
}

/** A cell that is accepted more often than not. */
export function growCell(random: Random): Record<string, unknown> {
  const states = ["v", "x", "z"].slice(0, 1 + random.below(3));
  const parameters: Record<string, number> = { mu: Number(random.between(1, 12).toFixed(2)), a: 0.7, sigma: 0.2 };
  const names = [...states, ...Object.keys(parameters)];
  const mild = (depth: number): string => {
    const text = grow(random, names, depth);
    return random.chance(0.8) ? `${random.pick(["tanh", "sin", "sigmoid"])}(${text})` : text;
  };
  const state: Record<string, string> = { v: `mu * (I + ${mild(2)} - v)` };
  for (const name of states.slice(1)) state[name] = `${mild(3)} - ${1 + random.below(4)} * ${name}`;
  const hazard = random.chance(0.5);
  if (hazard) state.s = `exp(min(${1 + random.below(5)} * (v - 1), 5))`;
  const cell: Record<string, unknown> = {
    name: "grown",
    state,
    event: hazard ? "s" : "v - 1",
    reset: hazard ? { v: `v - ${mild(1)}`, s: "log(u) - 0.05" } : { v: random.chance(0.6) ? "v - 1" : "0" },
    receive: { [random.pick(states)]: `${random.chance(0.8) ? "" : "0.5 * "}w + ${states[0]}` },
    start: hazard ? { s: "log(u) - 0.05" } : { v: "0.1 * u" },
    parameters,
  };
  if (random.chance(0.6)) cell.noise = { [random.pick(states)]: random.chance(0.7) ? "sigma" : `sigma * ${mild(2)}` };
  return cell;
}

const repeated = (text: string, times: number): string => text.repeat(times);

/** An equation that is hard on a parser, a differentiator or a compiler, or reaches for what it should not have. */
export function hostileEquation(random: Random): string {
  const n = 10 ** random.between(1, 3.7);
  return random.pick<() => string>([
    () => `${repeated("-", n)}v`,
    () => `${repeated("(", n)}v${repeated(")", n)}`,
    () => `${repeated("sin(", Math.min(n, 600))}v${repeated(")", Math.min(n, 600))}`,
    () => Array.from({ length: 3 + random.below(12) }, (_, i) => `sin(${i} * v)`).join(" * "),
    () => `v${repeated(" + v", n)}`,
    () => `v${repeated("^2", Math.min(n, 400))}`,
    () => `${repeated("v > 0 ? ", Math.min(n, 300))}1${repeated(" : 2", Math.min(n, 300))}`,
    () => "constructor",
    () => "v.constructor.constructor('return process')()",
    () => "[v][0]",
    () => "this",
    () => "`\u0024{v}`",
    () => "v = 3",
    () => "v; v",
    () => "v // comment",
    () => "v\u0000",
    () => "v + \u001b[31mred",
    () => "\u202ev - 1",
    () => "1e400 * v",
    () => "1e39 + v - 1e39",
    () => "v / 0",
    () => "log(v - v)",
    () => "0/0",
    () => "v ** ** 2",
    () => "exp(exp(exp(v)))",
    () => "sqrt(-1 - v * v)",
    () => "pow(v, v)",
    () => "v ? 1 : 2",
    () => "'text'",
    () => "",
    () => " ",
    () => "__proto__",
    () => "min(v)",
    () => "Math.random()",
    () => "1e-320 * v",
  ])();
}
