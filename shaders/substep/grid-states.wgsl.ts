/**
 * States that are set where a grid step begins: sampled inputs (value, and slope where it is linear between samples), and time
 * where paths do not begin at 0. There they are data: what was before has no derivative. A cell without such has none of this.
 */
import { literal } from "./stages.js";

export interface GridShape {
  /** Sampled inputs: the states that they are, and where samples lie in the flat vector of parameters. */
  inputs: readonly {
    /** Whether the offset counts from the row of the path's sample (solver.wgsl.ts). */
    bySample: boolean;
    value: number;
    slope: number | undefined;
    offset: number;
    /** 1 where neurons have samples of their own, and numbers of a sample. */
    stride: number;
    width: number;
    samples: number;
    stepsPerSample: number;
  }[];
  /** The state that is time, and what it is at the start. */
  time: { state: number; t0: number } | undefined;
  /** Numbers of a state, and whether each has what rounding left of it beside it. */
  states: number;
  carried: boolean;
}

const isSet = ({ inputs, time }: GridShape): boolean => inputs.length > 0 || time !== undefined;

/** The state y of a neuron at `rho` in a step, with what is set there. */
export const atGrid = (shape: GridShape, y: string, rho: string, step: string, neuron: string): string =>
  isSet(shape) ? `at_grid(${y}, ${rho}, ${step}, ${neuron})` : y;

/** A cotangent or tangent d of the state before that. */
export const clearGrid = (shape: GridShape, d: string, rho: string): string =>
  isSet(shape) ? `clear_grid(${d}, ${rho})` : d;

/** Needs the functions of solver.wgsl.ts. */
export function gridFunctions(shape: GridShape): string {
  if (!isSet(shape)) return "";
  const { inputs, time, states, carried } = shape;
  const variables = carried ? states / 2 : states;
  const set = (state: number, value: string): string[] => [
    `  s.y${state} = select(y.y${state}, ${value}, fresh);`,
    ...(carried ? [`  s.y${variables + state} = select(y.y${variables + state}, 0.0f, fresh);`] : []),
  ];
  const lines = inputs.flatMap(({ bySample, value, slope, offset, stride, width, samples, stepsPerSample }, i) => {
    const last = samples - (slope === undefined ? 1 : 2);
    const at = `${bySample ? "own_row + " : ""}${offset}u + sample${i} * ${width}u${stride ? " + neuron" : ""}`;
    const sample = [`  let sample${i} = min(step / ${stepsPerSample}u, ${last}u);`, `  let at${i} = ${at};`];
    if (slope === undefined) return [...sample, ...set(value, `theta[at${i}]`)];
    const into = `f32(step - sample${i} * ${stepsPerSample}u)`;
    return [
      ...sample,
      `  let rise${i} = (theta[at${i} + ${width}u] - theta[at${i}]) * ${literal(1 / stepsPerSample)};`,
      ...set(value, `theta[at${i}] + ${into} * rise${i}`),
      ...set(slope, `rise${i} * inv_dt`),
    ];
  });
  if (time) lines.push(...set(time.state, `${literal(time.t0)} + f32(step) * dt`));
  const all = inputs.flatMap(({ value, slope }) => (slope === undefined ? [value] : [value, slope]));
  if (time) all.push(time.state);
  return /* wgsl */ `
// What is set at a grid point, of a neuron that stands there.
fn at_grid(y: State, rho: f32, step: u32, neuron: u32) -> State {
  var s = y;
  let fresh = rho == 0.0f;
${lines.join("\n")}
  return s;
}

// Its cotangent or tangent.
fn clear_grid(d: State, rho: f32) -> State {
  var s = d;
${all
  .flatMap((i) => [i, ...(carried ? [variables + i] : [])])
  .map((i) => `  s.y${i} = select(d.y${i}, 0.0f, rho == 0.0f);`)
  .join("\n")}
  return s;
}
`;
}
