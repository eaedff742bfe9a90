/** How the routines of a sub-step are written from a tableau: WGSL of its stages, and of the sums of their slopes. */
import { alongPath, byWeight, sumOf, type Tableau } from "./tableau.js";

/** What the routines of a sub-step are specialised for. */
export interface SubstepShape {
  tableau: Tableau;
  /**
   * Whether the stages of a sub-step take turns at one call of the cell's flow. Compilers write every call out, and
   * their time grows faster than what is written: worth it where the flow is long. The arithmetic is the same.
   */
  rolled: boolean;
  /** Where some states go along rates of their own, what is written in place of the rest: loaded with the first such plan. */
  exponential?: SubstepRoutines;
  /** Whether states, their derivatives and gradients carry what rounding leaves of them (carry.wgsl.ts). */
  carried: boolean;
}

/** The routines of a sub-step. */
export interface SubstepRoutines {
  advance(shape: SubstepShape): string;
  /** Stages, from which the others but the tangent start. */
  stages(shape: SubstepShape): string;
  byLength(shape: SubstepShape): string;
  reverse(shape: SubstepShape): string;
  tangent(shape: SubstepShape): string;
}

export const literal = (value: number): string => {
  const text = String(Math.fround(value));
  return `${text.includes(".") ? text : `${text}.0`}f`;
};

/** A factor times a number; one that is 1 goes without saying. */
export const times = (factor: number, x: string): string => (factor === 1 ? x : `${literal(factor)} * ${x}`);

/** base + node · part, for times and lengths. */
export const moved = (base: string, node: number, part: string): string =>
  node === 0 ? base : `${base} + ${times(node, part)}`;

const block = (lines: readonly string[]): string => lines.filter(Boolean).join("\n  ");

/** A stage in the text of a routine. Names are those of `inTurns`, of values each stage has one of. */
export interface Stage {
  /** Whether it is known to be the first that is written. */
  readonly first: boolean;
  /** The value of this stage. */
  of(name: string): string;
  /** The value of the stage before in time. */
  before(name: string): string;
  /** The text of this stage, of one for each; those that do not matter are left out. */
  one(texts: readonly (string | undefined)[]): string;
  make(name: string, value: string): string;
  /** Sets a passed value for the stage that is written next. */
  pass(name: string, value: string): string;
}

/**
 * Writes what each stage does: one after another, the values of stage i in variables with i + 1 after their names, or all
 * in turns at one text, with the values in arrays that are read into such variables at the end.
 */
export function inTurns(
  { tableau, rolled }: SubstepShape,
  how: {
    /** WGSL type of each value that the stages make. */
    makes: Readonly<Record<string, string>>;
    /** Values that one stage hands to the next, and what the first is given. */
    passes?: Readonly<Record<string, string>>;
    /** Values that stand ready, for each stage. */
    given?: Readonly<Record<string, readonly string[]>>;
    from?: number;
    /** From the last stage to the first. */
    down?: boolean;
  },
  body: (stage: Stage) => readonly string[],
): string {
  const { makes, passes = {}, given = {}, from = 0, down = false } = how;
  const count = tableau.nodes.length;
  const order = Array.from({ length: count - from }, (_, n) => (down ? count - 1 - n : from + n));
  if (order.length === 0) return "";
  if (!rolled) {
    // What is passed on and has a name keeps it.
    const named = /^[\w.()]+$/;
    const passed = new Map(Object.entries(passes).map(([name, value]) => [`${name}${order[0]! + 1}`, value]));
    const of = (name: string, i: number): string =>
      given[name]?.[i] ?? passed.get(`${name}${i + 1}`) ?? `${name}${i + 1}`;
    const lines = order.flatMap((i, n) =>
      body({
        first: n === 0,
        of: (name) => of(name, i),
        before: (name) => of(name, i - 1),
        one: (texts) => texts[i]!,
        make: (name, value) => `let ${name}${i + 1} = ${value};`,
        pass: (name, value) => {
          if (n === order.length - 1) return "";
          const next = `${name}${order[n + 1]! + 1}`;
          if (!named.test(value)) return `let ${next} = ${value};`;
          passed.set(next, value);
          return "";
        },
      }),
    );
    return block(lines);
  }
  const one = (texts: readonly (string | undefined)[]): string => {
    const other = texts.find((text) => text !== undefined)!;
    return texts.reduce<string>(
      (rest, text, i) => (text === undefined || text === other ? rest : `select(${rest}, ${text}, stage == ${i}u)`),
      other,
    );
  };
  const of = (name: string): string => (name in passes ? name : `${name}[stage]`);
  return block([
    ...Object.entries(passes).map(([name, value]) => `var ${name} = ${value};`),
    ...Object.entries(given).map(([name, values]) => `let ${name} = array(${values.join(", ")});`),
    ...Object.entries(makes).map(([name, type]) => `var ${name}: array<${type}, ${count}>;`),
    down
      ? `for (var stage = ${count - 1}u; stage < ${count}u; stage -= 1u) { // 0 less 1 is above`
      : `for (var stage = ${from}u; stage < ${count}u; stage += 1u) {`,
    ...body({
      first: false,
      of,
      before: (name) => `${name}[stage - 1u]`,
      one,
      make: (name, value) => `${name}[stage] = ${value};`,
      pass: (name, value) => `${name} = ${value};`,
    }).map((line) => `  ${line}`),
    "}",
    ...Object.keys(makes).flatMap((name) => order.map((i) => `let ${name}${i + 1} = ${name}[${i}];`)),
  ]);
}

/**
 * What depends on a stage by a number of its own, node or weight: one variable for all stages that have the same, or in
 * turns an expression.
 * @param inner text for a number; `outer` what is made of it; `from` the first stage that matters.
 */
export function shared(
  { rolled }: SubstepShape,
  name: string,
  numbers: readonly number[],
  inner: (number: number) => string,
  outer: (inner: string) => string = (inner) => inner,
  from = 0,
): { lines: string; at: (stage: Stage) => string } {
  const texts = numbers.map((number, i) => (i < from ? undefined : inner(number)));
  if (rolled) return { lines: "", at: (stage) => outer(stage.one(texts)) };
  const variable = (number: number): string => `${name}${numbers.indexOf(number) + 1}`;
  const lines = [...new Set(numbers.slice(from))].map((number) => `let ${variable(number)} = ${outer(inner(number))};`);
  return { lines: block(lines), at: (stage) => stage.one(numbers.map(variable)) };
}

/** A path's slope that is none, along a frozen drift. */
export const still = "slope_scale(0.0f, slope_at(z, rho))";

/** The path's slope at each stage. */
export const slopesOf = (shape: SubstepShape, from = 0): ReturnType<typeof shared> =>
  shared(
    shape,
    "x",
    shape.tableau.nodes,
    (node) => moved("rho", node, "h"),
    (place) => (alongPath(shape.tableau) ? `slope_at(z, ${place})` : still),
    from,
  );

/** The time from the start of a sub-step of length `t` to the stage after each; nothing follows the last. */
export const nextLengths = (shape: SubstepShape, t: string): ReturnType<typeof shared> =>
  shared(shape, `${t}_`, shape.tableau.nodes.slice(1), (node) => times(node, t));

/** The sum of states. */
export const sum = (states: readonly string[]): string =>
  states.reduce((total, state) => `state_add(${total}, ${state})`);

/** y + a k + …, for states. */
export function plus(carried: boolean, y: string, terms: readonly (readonly [a: string, k: string])[]): string {
  if (!carried) return terms.reduce((total, [a, k]) => `state_axpy(${total}, ${a}, ${k})`, y);
  const [[a, k], ...rest] = terms as [[string, string], ...[string, string][]];
  return `state_carry(${y}, ${rest.reduce((total, [b, l]) => `state_axpy(${total}, ${b}, ${l})`, `state_scale(${a}, ${k})`)})`;
}

/** The state at the end of a sub-step from y of length t, with these slopes of its stages. */
export const endOf = ({ tableau, carried }: SubstepShape, slopes: readonly string[]): string =>
  plus(
    carried,
    "y",
    byWeight(tableau).map(({ weight, stages }) => [
      times(weight / sumOf(tableau.weights), "t"),
      sum(stages.map((i) => slopes[i]!)),
    ]),
  );
