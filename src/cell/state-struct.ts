/**
 * States in WGSL: a struct with a number y<i> for each variable, and functions on it.
 *
 * Where increments are carried, a state has a second number for each variable, what rounding left of it so far
 * (shaders/shared/carry.wgsl.ts), and so have cotangents and tangents.
 */
export interface StateStruct {
  readonly fields: readonly string[];
  /** Functions on states. */
  readonly functions: readonly string[];
  /** The field with what is left of a variable. */
  low(i: number): string;
  /** A state of these numbers, and what is left of them: nothing by default. */
  of(highs: readonly string[], lows?: readonly string[]): string;
}

export function stateStruct(count: number, carried: boolean): StateStruct {
  const indices = Array.from({ length: count }, (_, i) => i);
  const low = (i: number): string => `y${count + i}`;
  const [highs, lows] = [indices.map((i) => `y${i}`), carried ? indices.map(low) : []];
  const fields = [...highs, ...lows];
  const nothing = lows.map(() => "0.0f");
  const of = (numbers: readonly string[], left: readonly string[] = nothing): string =>
    `State(${[...numbers, ...(carried ? left : [])].join(", ")})`;
  /** A state with a number for each variable, and with what is left of y. */
  const besideY = (number: (y: string) => string): string =>
    of(
      highs.map(number),
      lows.map((n) => `y.${n}`),
    );
  const carry = [
    "// y + d, with what rounding leaves.",
    "fn state_carry(y: State, d: State) -> State {",
    ...highs.map((n, i) => `  let j${i} = add_carrying(y.${n}, y.${low(i)}, d.${n});`),
    `  return ${of(
      indices.map((i) => `j${i}.x`),
      indices.map((i) => `j${i}.y`),
    )};`,
    "}",
  ];
  // By |: a chain of || is a chain of branches, and SwiftShader's compiler goes every way through those of a loop.
  const notFinite = highs.map((n) => `((bitcast<u32>(y.${n}) & 0x7f800000u) == 0x7f800000u)`);
  const functions = [
    `fn state_zero() -> State { return ${of(highs.map(() => "0.0f"))}; }`,
    `fn state_axpy(y: State, a: f32, k: State) -> State { return ${besideY((n) => `y.${n} + a * k.${n}`)}; }`,
    `fn state_scale(a: f32, k: State) -> State { return ${of(highs.map((n) => `a * k.${n}`))}; }`,
    `fn state_add(y: State, k: State) -> State { return ${besideY((n) => `y.${n} + k.${n}`)}; }`,
    `fn state_dot(a: State, b: State) -> f32 { return ${highs.map((n) => `a.${n} * b.${n}`).join(" + ")}; }`,
    "fn state_select(no: State, yes: State, c: bool) -> State " +
      `{ return State(${fields.map((n) => `select(no.${n}, yes.${n}, c)`).join(", ")}); }`,
    ...(carried ? carry : []),
    `fn state_not_finite(y: State) -> bool { return ${notFinite.join(" | ")}; }`,
  ];
  return { fields, functions, low, of };
}
