/** How the routines of a sub-step are written from a tableau: WGSL of its stages, and of the sums of their slopes. */
import { alongPath, byWeight, stagesBy, sumOf, type Tableau } from "./tableau.js";

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
  /** Of each active channel of noise, whether stages read its path as one of additive noise. */
  additive: readonly boolean[];
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
 * What depends on a stage by numbers of its own, node, weight or places: one variable for all stages that have the same, or
 * in turns an expression.
 * @param rows lists of such numbers by stage, one or two.
 * @param inner text for a number; `outer` what is made of those of a stage; `from` the first stage that matters.
 */
export function shared(
  { rolled }: SubstepShape,
  name: string,
  rows: readonly (readonly number[])[],
  inner: (number: number) => string,
  outer: (...inner: string[]) => string = (inner) => inner!,
  from = 0,
): { lines: string; at: (stage: Stage) => string } {
  const texts = rows.map((numbers) => numbers.map((number, i) => (i < from ? undefined : inner(number))));
  if (rolled) return { lines: "", at: (stage) => outer(...texts.map((row) => stage.one(row))) };
  const keys = rows[0]!.map((_, i) => rows.map((numbers) => numbers[i]).join());
  const variable = (key: string): string => `${name}${keys.indexOf(key) + 1}`;
  const lines = [...new Set(keys.slice(from))].map((key) => {
    const i = keys.indexOf(key, from);
    return `let ${variable(key)} = ${outer(...texts.map((row) => row[i]!))};`;
  });
  return { lines: block(lines), at: (stage) => stage.one(keys.map(variable)) };
}

/** A path's slope that is none, along a frozen drift. */
export const still = "slope_scale(0.0f, slope_at(z, rho))";

/**
 * Where in a sub-step stages read the slope of the path: one list for all channels, or where some of them are additive one
 * for the others and one for these. Functions of slopes that take one of each have `_each` after their names (solver.wgsl.ts).
 */
export function placesOf({ tableau, additive }: SubstepShape): (readonly number[])[] {
  const { nodes, additivePlaces } = tableau;
  if (!additivePlaces || !additive.includes(true)) return [nodes];
  return additive.includes(false) ? [nodes, additivePlaces] : [additivePlaces];
}

/** A call of a function of slopes with what it takes for each list of places. */
const ofSlopes = (name: string, { length }: readonly string[]): string => (length > 1 ? `${name}_each` : name);

/** The path's slope at each stage. */
export const slopesOf = (shape: SubstepShape, from = 0): ReturnType<typeof shared> =>
  shared(
    shape,
    "x",
    placesOf(shape),
    (place) => moved("rho", place, "h"),
    (...places) => (alongPath(shape.tableau) ? `${ofSlopes("slope_at", places)}(z, ${places.join(", ")})` : still),
    from,
  );

/** What the path's slope at each stage changes by: the rate of the path times what its place moves by. */
export const slopeChanges = (
  shape: SubstepShape,
  name: string,
  by: (place: number) => string,
  from = 0,
): ReturnType<typeof shared> =>
  shared(
    shape,
    name,
    placesOf(shape),
    by,
    (...moves) => (alongPath(shape.tableau) ? `${ofSlopes("slope_scale", moves)}(${moves.join(", ")}, rate)` : still),
    from,
  );

/** The first stage whose slope a sub-step's length moves. */
export const firstMoved = (shape: SubstepShape): 0 | 1 => (placesOf(shape).some(([place]) => place !== 0) ? 0 : 1);

/** Cotangents of the path's places: by list and place, which stages read it, and the text of one stage's. */
export function placeCotangents(
  shape: SubstepShape,
): { place: number; stages: number[]; of: (bar: string) => string }[] {
  if (!alongPath(shape.tableau)) return [];
  const lists = placesOf(shape);
  return lists.flatMap((places, n) => {
    const dot = lists.length === 1 ? "slope_dot" : n === 0 ? "slope_dot_others" : "slope_dot_additive";
    return [...stagesBy(places)].map(([place, stages]) => ({ place, stages, of: (bar) => `${dot}(${bar}, rate)` }));
  });
}

/** The time from the start of a sub-step of length `t` to the stage after each; nothing follows the last. */
export const nextLengths = (shape: SubstepShape, t: string): ReturnType<typeof shared> =>
  shared(shape, `${t}_`, [shape.tableau.nodes.slice(1)], (node) => times(node, t));

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
