import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { byRange, type Range } from "../shared/pieces.js";
import { advanceFunction } from "./advance.wgsl.js";
import { type GridShape, gridFunctions } from "./grid-states.wgsl.js";
import { initialFunctions } from "./initial.wgsl.js";
import { placesOf, plus, type SubstepShape } from "./stages.js";

/** What the kernels of a solve are specialised for. */
export interface SolverShape extends SubstepShape, GridShape {
  carried: boolean;
  /** WGSL of the cell (State, Slope, cell_flow, …). */
  cell: string;
  /** Active noise channels of the cell, by index, and how many it has in all. */
  channels: readonly number[];
  cellChannels: number;
  /** Those that all neurons have in common: they are numbered as the first neuron's. */
  sharedChannels: readonly number[];
  neurons: number;
  /** Whether states move along the driver path, or the drift is frozen and noise comes at grid points: `alongPath`. */
  smooth: boolean;
  /** Whether the record is of events (src/cell/tables.ts): then landings are at 0 or above, and events have numbers. */
  several: boolean;
  /** Kinds of the random numbers of a jump beside the first uniform. */
  furtherRandom: readonly ("uniform" | "normal")[];
  /** Whether a surface may fall between events, as a hazard's does not. */
  falls: boolean;
  /** Events whose surfaces may peak within a sub-step, by number. */
  peaks: readonly number[];
  /** Whether the cell has an upstroke that blows up within a step (src/cell/upstroke.ts). */
  steep: boolean;
  /** Whether path 2k + 1 has the noise of path 2k with its sign turned, and 1 − u for u. */
  antithetic: boolean;
  /**
   * Where the parameters of the cell lie in the flat vector: offset, and stride per neuron (0 where shared); of those that samples
   * have of their own, in the row of a sample.
   */
  parameters: readonly ParameterShape[];
  current: BySample & {
    offset: number;
    stride: number;
    samples: number;
    width: number;
    parts?: readonly CurrentPiece[];
  };
  /** Rows of samples after the flat vector, where they have any: the first word, words of a row, and paths of a sample. */
  rows: { from: number; width: number; trials: number } | undefined;
  /** Numbers of a state. */
  states: number;
  /**
   * States that samples start from: which, where in the row, and 1 where each neuron has its own. Of neurons from `first` on, and where
   * there is an `end` before that.
   */
  initial: readonly { state: number; at: number; stride: number; first: number; end: number | undefined }[];
  /** Channels of noise whose paths samples give: where their slopes lie in the row, by so many steps and by neuron. */
  drivers: readonly { channel: number; at: number; stride: number; width: number; stepsPerSample: number }[];
}

/** Whether an offset counts from the row of the path's sample. */
interface BySample {
  bySample: boolean;
}

export interface ParameterShape extends BySample {
  offset: number;
  stride: number;
  /** Where populations have values of their own: those. */
  parts?: readonly Piece[];
}

/** Of some neurons: where their numbers lie in the flat vector, and whether each has its own. */
export interface Piece extends Range {
  readonly offset: number;
  readonly perNeuron: boolean;
}

/** Of a signal, [samples][neurons] or [samples]. */
export interface CurrentPiece extends Piece {
  readonly samples: number;
  readonly stepsPerSample: number;
}

/** WGSL of where an offset begins. */
export const rowOf = ({ bySample }: BySample): string => (bySample ? "own_row + " : "");

const sampleOfPiece = ({ samples, stepsPerSample }: CurrentPiece): string =>
  samples > 1 ? `min(step / ${stepsPerSample}u, ${samples - 1}u)` : "0u";

/** WGSL of the place of a neuron's number in the flat vector. */
const pieceAt = ({ offset, perNeuron, first }: Piece): string =>
  `${offset}u${perNeuron ? ` + neuron - ${first}u` : ""}`;
const currentPieceAt = (piece: CurrentPiece): string => {
  const width = piece.perNeuron ? piece.end - piece.first : 1;
  return `${pieceAt(piece)}${piece.samples > 1 ? ` + ${sampleOfPiece(piece)} * ${width}u` : ""}`;
};

/** Names of the numbers of a driver path in one step, the members of `Noise`. */
export const noiseNames = ({ channels, tableau }: Pick<SolverShape, "channels" | "tableau">): string[] =>
  channels.flatMap((_, i) => (tableau.driver === "parabola" ? [`a${i}`, `b${i}`] : [`a${i}`]));

const members = (channels: readonly number[], text: (i: number, c: number) => string): string =>
  channels.map((c, i) => text(i, c)).join(", ");

/**
 * Driver path and sub-steps, for any cell. Times within a grid step are fractions rho in [0, 1]; the path's slope is
 * (n0 + sqrt(3) n1 (1 - 2 rho)) / sqrt(dt) for the standard normal pair (n0, n1) of the step: line + parabola.
 */
export function solverFunctions(shape: SolverShape): string {
  const { channels } = shape;
  const noisy = channels.length > 0;
  const perStep = shape.neurons * shape.cellChannels;
  const products = (of: (i: number) => boolean): string =>
    channels.flatMap((_, i) => (of(i) ? [`a.x${i} * b.x${i}`] : [])).join(" + ");
  const withB = shape.tableau.driver === "parabola";
  const drawn = shape.antithetic ? "path & 0xfffffffeu" : "path";
  const draw = (i: number, c: number): string => {
    const channel = shape.sharedChannels.includes(c) ? `${c}u` : `(neuron * ${shape.cellChannels}u + ${c}u)`;
    const at = `vec2u(${drawn}, step * ${perStep}u + ${channel})`;
    const words = `threefry2x32(vec2u(seed, 0u), ${at})`;
    return withB ? `  let n${i} = normal_pair(${words});` : `  let n${i} = normal_first(${words});`;
  };
  const further = shape.furtherRandom
    .map((kind, i) => {
      // Keys from the last but one on, which no neuron's own uniforms have; the last is that of seeds.
      const key = `vec2u(seed, 0xfffffffeu - (neuron * ${shape.furtherRandom.length}u + ${i}u))`;
      const words = `threefry2x32(${key}, vec2u(${drawn}, count))`;
      const flip = shape.antithetic ? "(path & 1u) == 1u" : undefined;
      if (kind === "normal") {
        const value = `normal_first(${words})`;
        return `  draw_${i + 1} = ${flip ? `${value} * select(1.0f, -1.0f, ${flip})` : value};`;
      }
      const bits = `  let bits_${i + 1} = ${words}.x;`;
      return `${bits}\n  draw_${i + 1} = uniform_open(${flip ? `select(bits_${i + 1}, ~bits_${i + 1}, ${flip})` : `bits_${i + 1}`});`;
    })
    .join("\n");
  const given = channels.map((c) => shape.drivers.find((d) => d.channel === c));
  const draws = channels.flatMap((c, i) => (given[i] ? [] : [draw(i, c)])).join("\n");
  const unit = shape.antithetic ? "turned" : "inv_sqrt_dt";
  const slopeOf = ({ at, stride, width, stepsPerSample }: SolverShape["drivers"][number]): string =>
    `theta[own_row + ${at}u + (step / ${stepsPerSample}u) * ${width}u${stride ? " + neuron" : ""}]`;
  const numbers = channels.map((_, i) =>
    given[i]
      ? `${slopeOf(given[i])}${withB ? ", 0.0f" : ""}`
      : withB
        ? `n${i}.x * ${unit}, n${i}.y * (1.7320508f * ${unit})`
        : `n${i} * ${unit}`,
  );
  const { offset, stride, samples, width, parts } = shape.current;
  const isOwn = ({ stride, parts }: ParameterShape): boolean => stride > 0 || parts !== undefined;
  const placeOf = ({ offset, stride, parts }: ParameterShape): string =>
    parts ? byRange("neuron", parts, pieceAt, "0u") : `${offset}u${stride > 0 ? " + neuron" : ""}`;
  const load = (own: boolean): string =>
    shape.parameters
      .flatMap((p, i) => (isOwn(p) === own ? [`  par_${i} = theta[${rowOf(p)}${placeOf(p)}];`] : []))
      .join("\n");
  const anyOwn = shape.parameters.some(isOwn);
  const currentAt = parts
    ? byRange("neuron", parts, currentPieceAt, "0u")
    : `${offset}u + sample_of(step) * ${width}u${stride ? " + neuron" : ""}`;
  const { rows } = shape;
  return wgsl`
// Copies of what every sub-step reads: private memory is nearer than the uniform.
var<private> seed: u32;
var<private> dt: f32;
var<private> inv_dt: f32;
var<private> inv_sqrt_dt: f32;

struct Noise { ${noisy ? members(channels, (i) => `a${i}: f32${withB ? `, b${i}: f32` : ""}`) : "none: f32"} }

// The driver path of one neuron in one grid step.
fn draw_noise(path: u32, step: u32, neuron: u32) -> Noise {
${draws}
#if ${shape.antithetic}
  let turned = select(inv_sqrt_dt, -inv_sqrt_dt, (path & 1u) == 1u);
#endif
  return Noise(${noisy ? numbers.join(", ") : "0.0f"});
}

fn slope_at(z: Noise, rho: f32) -> Slope {
#if ${!noisy}
  return Slope(0.0f);
#elif ${withB}
  let s = 1.0f - 2.0f * rho;
  return Slope(${members(channels, (i) => `z.a${i} + z.b${i} * s`)});
#else
  return Slope(${members(channels, (i) => `z.a${i}`)});
#endif
}

// Derivative of the slope by time: -2 b / dt.
fn slope_rate(z: Noise) -> Slope {
#if ${noisy && withB}
  let s = -2.0f * inv_dt;
  return Slope(${members(channels, (i) => `z.b${i} * s`)});
#else
  return Slope(${noisy ? members(channels, () => "0.0f") : "0.0f"});
#endif
}

fn slope_scale(a: f32, x: Slope) -> Slope {
  return Slope(${noisy ? members(channels, (i) => `a * x.x${i}`) : "0.0f"});
}
#if ${placesOf(shape).length > 1}
// The same with a number of their own for channels of additive noise.
fn slope_at_each(z: Noise, rho: f32, rho_additive: f32) -> Slope {
  let s = 1.0f - 2.0f * rho;
  let s_additive = 1.0f - 2.0f * rho_additive;
  return Slope(${members(channels, (i) => `z.a${i} + z.b${i} * ${shape.additive[i] ? "s_additive" : "s"}`)});
}

fn slope_scale_each(a: f32, a_additive: f32, x: Slope) -> Slope {
  return Slope(${members(channels, (i) => `${shape.additive[i] ? "a_additive" : "a"} * x.x${i}`)});
}

fn slope_dot_others(a: Slope, b: Slope) -> f32 {
  return ${products((i) => !shape.additive[i])};
}

fn slope_dot_additive(a: Slope, b: Slope) -> f32 {
  return ${products((i) => shape.additive[i]!)};
}
#endif

fn slope_dot(a: Slope, b: Slope) -> f32 {
  return ${noisy ? products(() => true) : "0.0f"};
}

// The increment of the path over the step, for the kick of euler.
fn increment(z: Noise) -> Slope {
  return Slope(${noisy ? members(channels, (i) => `z.a${i} * dt`) : "0.0f"});
}

// The uniform of an event or the start; further numbers are written to where jumps read them.
fn event_uniform(path: u32, neuron: u32, count: u32) -> f32 {
${further}
  let bits = threefry2x32(vec2u(seed, 1u + neuron), vec2u(${drawn}, count)).x;
#if ${shape.antithetic}
  return uniform_open(select(bits, ~bits, (path & 1u) == 1u)); // 1 - u, and 2^-32 more: in (0, 1] too
#else
  return uniform_open(bits);
#endif
}

#if ${rows !== undefined}
var<private> own_row: u32; // where that of the path's sample begins
#endif

// Parameters that all neurons of path i share; once per thread.
fn load_shared(i: u32) {
#if ${rows !== undefined}
  own_row = ${rows?.from ?? 0}u + ((run.first_of_all + i) / ${rows?.trials ?? 1}u) * ${rows?.width ?? 0}u;
#endif
  seed = run.seed;
  dt = run.dt;
  inv_dt = run.inv_dt;
  inv_sqrt_dt = run.inv_sqrt_dt;
${load(false)}
#if ${!anyOwn}
  cell_prepare();
#endif
}

// A neuron's own parameters.
fn load_parameters(neuron: u32) {
${load(true)}
#if ${anyOwn}
  cell_prepare();
#endif
}

// Sample of the input current in a grid step.
fn sample_of(step: u32) -> u32 { return ${samples > 1 && !parts ? `min(step / run.steps_per_sample, ${samples - 1}u)` : "0u"}; }

fn current_at(step: u32, neuron: u32) -> f32 {
  return theta[${rowOf(shape.current)}${currentAt}];
}
${parts ? `fn sample_at(step: u32, neuron: u32) -> u32 { return ${byRange("neuron", parts, sampleOfPiece, "0u")}; }` : ""}

${gridFunctions(shape)}${initialFunctions(shape)}${advanceFunction(shape)}
`;
}

/** WGSL of y + a k, for states. */
export const stepFrom = (carried: boolean, y: string, a: string, k: string): string => plus(carried, y, [[a, k]]);
