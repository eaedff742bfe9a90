/**
 * `npm run bench -- orders [--paths 200] [--only WORDS]`: how errors of spike times and of their derivatives fall with dt, for every cell of the
 * library and for cells whose noise is of another kind, with resets, crossings and located switches in every path, against a fine
 * solution on the same Brownian path with the same uniforms. Float64, on the CPU, method `levy`.
 */
import { type CellDefinition, defineCell } from "../src/cell/cell.js";
import { compileCell } from "../src/cell/emit-js.js";
import { leakyReadout } from "../src/cells/leaky-readout.js";
import { coarsen, type PathStep } from "../src/driver/brownian.js";
import { defineNetwork, libraryCell, type NetworkDefinition } from "../src/network/network.js";
import { parameterLayout } from "../src/plan/layout.js";
import { planSolve, type SolvePlan } from "../src/plan/plan.js";
import { type NoiseSource, PathSolver } from "../src/twin/forward.js";
import { counterNoise } from "../src/twin/noise.js";
import { pathSensitivities } from "../src/twin/sensitivity.js";
import { option, writeResult } from "./support.js";

export interface OrderStudy {
  readonly name: string;
  /**
   * What is random beside uniforms of jumps, and acts on the flow; `exact` where nothing does and the flow has no error of its own, as
   * states go along polynomials; `crossing` where noise moves the event function itself, and a spike time has no derivative.
   */
  readonly noise: "none" | "exact" | "additive" | "multiplicative" | "crossing";
  /** A cell of the library by name, or equations. */
  readonly cell: string | CellDefinition;
  readonly parameters?: Record<string, number>;
  /** What is differentiated by: `current`, if not said, a parameter, or an input signal. Each path has a value of its own, between these. */
  readonly by?: string;
  readonly between: readonly [number, number];
  readonly current?: number;
  readonly input?: readonly [times: number[], weights: number[]];
  readonly t1: number;
  /** The spike that is looked at. */
  readonly spike: number;
  readonly steps: readonly number[];
  readonly fine: number;
}

/** Escape noise, and a potential that is held for a refractory period after a spike takes a shift or a part off it. */
const held = (noise: Record<string, string>, after: string): CellDefinition => ({
  name: "held",
  state: { v: "c < 0 ? 0 : mu * (I + i - v)", i: "-nu * i", s: "exp(min(beta * (v - 1), 10))", c: "1" },
  noise,
  event: "s",
  reset: { v: after, s: "log(u) - 0.02", c: "-tref" },
  start: { s: "log(u) - 0.02", c: "1", v: "0.5" },
  parameters: { mu: 12, nu: 10, beta: 5, sigma: 0.3, vReset: 1.1, tref: 0.043 },
});

const noisy = { between: [1.4, 1.6], t1: 3, spike: 2, steps: [0.04, 0.02, 0.01, 0.005], fine: 0.0003125 } as const;
const arriving = (size: number): [number[], number[]] => [
  [7.3, 21.7],
  [size, -1.4 * size],
];

// biome-ignore format: a table
export const orderStudies: readonly OrderStudy[] = [
  { name: "lif: reset, refractory switch, arrivals", noise: "none", cell: "lif", between: [480, 520], input: arriving(150), t1: 80, spike: 3, steps: [2, 1, 0.5, 0.25], fine: 0.03125 },
  { name: "lif-conductance: the same, two conductances", noise: "none", cell: "lif-conductance", between: [170, 190], input: arriving(6), t1: 110, spike: 3, steps: [2, 1, 0.5, 0.25], fine: 0.03125 },
  { name: "mat: a switch in the event", noise: "none", cell: "mat", between: [0.75, 0.85], input: arriving(0.1), t1: 50, spike: 3, steps: [1, 0.5, 0.25], fine: 0.03125 },
  { name: "izhikevich: a steep upstroke", noise: "none", cell: "izhikevich", between: [11, 13], input: arriving(2), t1: 100, spike: 3, steps: [0.1, 0.05, 0.025, 0.0125], fine: 0.0015625 },
  { name: "qif: a steep upstroke", noise: "none", cell: "qif", between: [1.4, 1.6], input: arriving(0.5), t1: 100, spike: 3, steps: [0.1, 0.05, 0.025, 0.0125], fine: 0.0015625 },
  { name: "theta: a reset, arrivals", noise: "none", cell: "theta", between: [1.4, 1.6], input: arriving(0.5), t1: 100, spike: 3, steps: [2, 1, 0.5, 0.25], fine: 0.03125 },
  { name: "adex: two variables, one in the upstroke", noise: "none", cell: "adex", between: [950, 1050], t1: 70, spike: 3, steps: [0.2, 0.1, 0.05, 0.025], fine: 0.003125 },
  { name: "fitzhugh-nagumo: crossings alone", noise: "none", cell: "fitzhugh-nagumo", between: [0.45, 0.55], t1: 100, spike: 2, steps: [0.4, 0.2, 0.1], fine: 0.0125 },
  { name: "hodgkin-huxley: crossings alone", noise: "none", cell: "hodgkin-huxley", between: [9, 11], input: arriving(5), t1: 40, spike: 2, steps: [0.04, 0.02, 0.01], fine: 0.00125 },
  { name: "hodgkin-huxley-escape: no noise, refractory switch", noise: "none", cell: "hodgkin-huxley-escape", parameters: { sigma: 0 }, between: [9, 11], t1: 40, spike: 1, steps: [0.01, 0.005, 0.0025], fine: 0.0003125 },
  { name: "gif: hazard, three memories of spikes", noise: "none", cell: "gif", between: [0.35, 0.45], input: arriving(2), t1: 200, spike: 2, steps: [0.5, 0.25, 0.125], fine: 0.015625 },
  { name: "leaky-readout: where v crosses 5", noise: "none", cell: { ...leakyReadout, name: "read-out", event: "v - 5" }, between: [7, 9], input: arriving(2), t1: 60, spike: 0, steps: [2, 1, 0.5, 0.25], fine: 0.03125 },
  { name: "thermostat: two events", noise: "none", cell: "thermostat", by: "power", between: [28, 32], t1: 300, spike: 3, steps: [1.25, 0.625, 0.3125], fine: 0.0390625 },
  { name: "drug: doses, and a crossing", noise: "none", cell: "drug", by: "clearance", between: [4.9, 5.3], parameters: { minimum: 1.5 }, t1: 60, spike: 3, steps: [2, 1, 0.5, 0.25], fine: 0.03125 },
  { name: "bouncing-ball: bounces", noise: "exact", cell: "bouncing-ball", by: "e", between: [0.75, 0.85], t1: 3.2, spike: 3, steps: [0.4, 0.2, 0.1], fine: 0.0125 },
  { name: "poisson: a constant rate", noise: "exact", cell: "poisson", by: "rate", between: [1.5, 2.5], t1: 16, spike: 3, steps: [0.4, 0.2, 0.1], fine: 0.0125 },
  { name: "mm1-queue: two hazards", noise: "exact", cell: "mm1-queue", by: "lambda", between: [0.7, 0.9], t1: 40, spike: 3, steps: [1, 0.5, 0.25], fine: 0.03125 },
  { name: "birth-death: two hazards", noise: "exact", cell: "birth-death", by: "nu", between: [1.5, 2.5], t1: 8, spike: 3, steps: [0.4, 0.2, 0.1], fine: 0.0125 },
  { name: "barrier-option: no noise", noise: "exact", cell: "barrier-option", parameters: { sigma: 0, barrier: 101 }, by: "r", between: [0.04, 0.06], t1: 1, spike: 0, steps: [0.1, 0.05, 0.025], fine: 0.003125 },
  { name: "barrier-option: noise hits the barrier", noise: "crossing", cell: "barrier-option", parameters: { barrier: 105 }, by: "r", between: [0.04, 0.06], t1: 1, spike: 0, steps: [0.05, 0.025, 0.0125, 0.00625], fine: 0.00009765625 },
  { name: "slif: noise σ on v", noise: "additive", cell: "slif", between: [1.4, 1.6], t1: 3, spike: 2, steps: [0.04, 0.02, 0.01, 0.005], fine: 0.0003125 },
  { name: "slif: noise σ on v and on i", noise: "additive", cell: "slif", parameters: { sigma2: 0.5 }, between: [1.4, 1.6], t1: 3, spike: 2, steps: [0.04, 0.02, 0.01, 0.005], fine: 0.0003125 },
  { name: "hodgkin-huxley-escape: noise σ on v", noise: "additive", cell: "hodgkin-huxley-escape", between: [9, 11], t1: 20, spike: 0, steps: [0.04, 0.02, 0.01], fine: 0.00125 },
  { name: "held after a shift down, noise σ on the current", noise: "additive", cell: held({ i: "sigma" }, "v - vReset"), parameters: { sigma: 0.5 }, ...noisy, steps: [0.02, 0.01, 0.005, 0.0025], fine: 0.00015625 },
  { name: "held after a shift down, noise σ on v", noise: "additive", cell: held({ v: "sigma" }, "v - vReset"), ...noisy },
  { name: "held after a part of it, noise σ v", noise: "multiplicative", cell: held({ v: "sigma * v" }, "0.3 * v"), ...noisy },
];

export interface OrderRow {
  readonly name: string;
  readonly noise: OrderStudy["noise"];
  readonly dt: number;
  /** Root mean square error of the spike's time, and relative of its derivative by the current. */
  readonly timeError: number;
  readonly gradientError: number;
}

/** Time of the spike that a study looks at, and its derivative by a parameter. */
function spikeOf(plan: SolvePlan, spike: number, by: string, noise: NoiseSource): [number, number] {
  const cell = compileCell(plan.network.cell);
  const result = new PathSolver(plan, cell, noise).solve(0, true);
  const layout = parameterLayout(plan);
  const direction = new Float64Array(layout.size);
  direction[layout.views.get(by)!.offset] = 1;
  const found = result.spikes[spike];
  if (!found) return [plan.steps * plan.dt, 0];
  return [
    (found.step + found.fraction) * plan.dt,
    pathSensitivities(plan, layout, cell, result, [direction])[spike]![0]!,
  ];
}

/** Errors of one study over a number of paths. */
export async function orders(study: OrderStudy, paths: number): Promise<OrderRow[]> {
  const cell = typeof study.cell === "string" ? await libraryCell(study.cell) : defineCell(study.cell);
  const sums = study.steps.map((dt) => ({ dt, time: 0, gradient: 0 }));
  let derivatives = 0;
  for (let path = 0; path < paths; path++) {
    const {
      by = "current",
      between: [low, high],
      current,
    } = study;
    const value = low + ((high - low) * (path + 0.5)) / paths;
    const signal = by !== "current" && cell.inputs.has(by);
    const network: NetworkDefinition = {
      cell,
      parameters: { ...study.parameters, ...(by === "current" || signal ? {} : { [by]: value }) },
      ...(signal ? { inputs: { [by]: value } } : { current: by === "current" ? value : (current ?? 0) }),
      ...(study.input
        ? { inputSpikes: { times: study.input[0], neurons: study.input[0].map(() => 0), weights: study.input[1] } }
        : {}),
    };
    const planAt = (dt: number): SolvePlan =>
      planSolve(defineNetwork(network), { paths: 1, t1: study.t1, dt, seed: path + 1, maxSpikes: study.spike + 1 });
    const plan = planAt(study.fine);
    const source = counterNoise(plan);
    const drawn: PathStep[][] = [];
    const pair = new Float64Array(2);
    const fine = (channel: number, step: number): PathStep => {
      drawn[channel] ??= [];
      if (!drawn[channel][step]) {
        source(0, step, channel, pair);
        drawn[channel][step] = { increment: pair[0]!, area: pair[1]! };
      }
      return drawn[channel][step];
    };
    const noise =
      (dt: number): NoiseSource =>
      (_, step, channel, out) => {
        const ratio = Math.round(dt / study.fine);
        const union = coarsen(Array.from({ length: ratio }, (__, i) => fine(channel, step * ratio + i)));
        out[0] = union.increment;
        out[1] = union.area;
      };
    const [time, derivative] = spikeOf(plan, study.spike, by, noise(study.fine));
    derivatives += derivative ** 2;
    for (const sum of sums) {
      const [t, d] = spikeOf(planAt(sum.dt), study.spike, by, noise(sum.dt));
      sum.time += (t - time) ** 2;
      sum.gradient += (d - derivative) ** 2;
    }
  }
  return sums.map(({ dt, time, gradient }) => ({
    name: study.name,
    noise: study.noise,
    dt,
    timeError: Math.sqrt(time / paths),
    gradientError: Math.sqrt(gradient / derivatives),
  }));
}

/** The slope of log error by log dt, by least squares. */
export function orderOf(rows: readonly OrderRow[], key: "timeError" | "gradientError"): number {
  const [x, y] = [rows.map((r) => Math.log(r.dt)), rows.map((r) => Math.log(r[key]))];
  const mean = (v: number[]): number => v.reduce((a, b) => a + b, 0) / v.length;
  const [mx, my] = [mean(x), mean(y)];
  return x.reduce((sum, v, i) => sum + (v - mx) * (y[i]! - my), 0) / x.reduce((sum, v) => sum + (v - mx) ** 2, 0);
}

/** Whether paths differ by their noise; else each is a value of what is differentiated by, and its uniforms. */
export const isRandom = ({ noise }: OrderStudy): boolean => noise !== "none" && noise !== "exact";

export async function run(args: string[]): Promise<void> {
  const [paths, only] = [Number(option(args, "--paths", "200")), option(args, "--only", "")];
  const all: OrderRow[] = [];
  for (const study of orderStudies.filter(({ name }) => name.includes(only))) {
    const rows = await orders(study, isRandom(study) ? paths : Math.min(paths, 32));
    all.push(...rows);
    const shown = rows.map((r) => `${r.dt}: ${r.timeError.toExponential(1)} ${r.gradientError.toExponential(1)}`);
    const [time, gradient] = (["timeError", "gradientError"] as const).map((key) => orderOf(rows, key).toFixed(2));
    console.log(`${study.name}\n  ${shown.join(", ")}\n  order ${time} of times, ${gradient} of derivatives`);
  }
  if (only === "") writeResult("orders", { paths, rows: all });
}
