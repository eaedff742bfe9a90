/**
 * `npm run bench -- orders [--paths 200]`: how errors of spike times and of their derivatives fall with dt for hybrid
 * cells, with resets, crossings and located switches in every path, against a fine solution on the same Brownian path.
 * Float64, on the CPU, method `levy`.
 */
import type { CellDefinition } from "../src/cell/cell.js";
import { compileCell } from "../src/cell/emit-js.js";
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
  readonly noise: "none" | "additive" | "multiplicative";
  /** A cell of the library by name, or equations. */
  readonly cell: string | CellDefinition;
  readonly parameters?: Record<string, number>;
  /** Currents: each path has one of its own, between these. */
  readonly current: readonly [number, number];
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

const [noisy, within] = [{ t1: 3, spike: 2, steps: [0.04, 0.02, 0.01, 0.005], fine: 0.0003125 }, [1.4, 1.6]] as const;

// biome-ignore format: a table
export const orderStudies: readonly OrderStudy[] = [
  { name: "lif: reset, refractory switch, arrivals", noise: "none", cell: "lif", current: [480, 520], input: [[7.3, 21.7], [150, -200]], t1: 80, spike: 3, steps: [2, 1, 0.5, 0.25], fine: 0.03125 },
  { name: "mat: a switch in the event", noise: "none", cell: "mat", current: [0.75, 0.85], input: [[7.3, 21.7], [0.1, -0.15]], t1: 50, spike: 3, steps: [1, 0.5, 0.25], fine: 0.03125 },
  { name: "fitzhugh-nagumo: crossings alone", noise: "none", cell: "fitzhugh-nagumo", current: [0.45, 0.55], t1: 100, spike: 2, steps: [0.4, 0.2, 0.1], fine: 0.0125 },
  { name: "izhikevich: a steep upstroke", noise: "none", cell: "izhikevich", current: [11, 13], t1: 100, spike: 3, steps: [0.1, 0.05, 0.025, 0.0125], fine: 0.0015625 },
  { name: "adex: two variables, one in the upstroke", noise: "none", cell: "adex", current: [950, 1050], t1: 70, spike: 3, steps: [0.2, 0.1, 0.05, 0.025], fine: 0.003125 },
  { name: "held after a shift down, noise σ on the current", noise: "additive", cell: held({ i: "sigma" }, "v - vReset"), parameters: { sigma: 0.5 }, current: within, ...noisy, steps: [0.02, 0.01, 0.005, 0.0025], fine: 0.00015625 },
  { name: "held after a shift down, noise σ on v", noise: "additive", cell: held({ v: "sigma" }, "v - vReset"), current: within, ...noisy },
  { name: "held after a part of it, noise σ v", noise: "multiplicative", cell: held({ v: "sigma * v" }, "0.3 * v"), current: within, ...noisy },
];

export interface OrderRow {
  readonly name: string;
  readonly noise: OrderStudy["noise"];
  readonly dt: number;
  /** Root mean square error of the spike's time, and relative of its derivative by the current. */
  readonly timeError: number;
  readonly gradientError: number;
}

/** Time and derivative by the current of the spike that a study looks at. */
function spikeOf(plan: SolvePlan, spike: number, noise: NoiseSource): [number, number] {
  const cell = compileCell(plan.network.cell);
  const result = new PathSolver(plan, cell, noise).solve(0, true);
  const layout = parameterLayout(plan);
  const direction = new Float64Array(layout.size);
  direction[layout.views.get("current")!.offset] = 1;
  const found = result.spikes[spike];
  if (!found) return [plan.steps * plan.dt, 0];
  return [
    (found.step + found.fraction) * plan.dt,
    pathSensitivities(plan, layout, cell, result, [direction])[spike]![0]!,
  ];
}

/** Errors of one study over a number of paths. */
export async function orders(study: OrderStudy, paths: number): Promise<OrderRow[]> {
  const cell = typeof study.cell === "string" ? await libraryCell(study.cell) : study.cell;
  const sums = study.steps.map((dt) => ({ dt, time: 0, gradient: 0 }));
  let derivatives = 0;
  for (let path = 0; path < paths; path++) {
    const [low, high] = study.current;
    const network: NetworkDefinition = {
      cell,
      ...(study.parameters ? { parameters: study.parameters } : {}),
      current: low + ((high - low) * (path + 0.5)) / paths,
      ...(study.input
        ? { inputSpikes: { times: study.input[0], neurons: study.input[0].map(() => 0), weights: study.input[1] } }
        : {}),
    };
    const planAt = (dt: number): SolvePlan =>
      planSolve(defineNetwork(network), { paths: 1, t1: study.t1, dt, seed: path + 1, maxSpikes: study.spike + 1 });
    const plan = planAt(study.fine);
    const source = counterNoise(plan);
    const drawn: PathStep[] = [];
    const pair = new Float64Array(2);
    const fine = (step: number): PathStep => {
      if (!drawn[step]) {
        source(0, step, 0, pair);
        drawn[step] = { increment: pair[0]!, area: pair[1]! };
      }
      return drawn[step];
    };
    const noise =
      (dt: number): NoiseSource =>
      (_, step, __, out) => {
        const ratio = Math.round(dt / study.fine);
        const union = coarsen(Array.from({ length: ratio }, (___, i) => fine(step * ratio + i)));
        out[0] = union.increment;
        out[1] = union.area;
      };
    const [time, derivative] = spikeOf(plan, study.spike, noise(study.fine));
    derivatives += derivative ** 2;
    for (const sum of sums) {
      const [t, d] = spikeOf(planAt(sum.dt), study.spike, noise(sum.dt));
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

export async function run(args: string[]): Promise<void> {
  const paths = Number(option(args, "--paths", "200"));
  const all: OrderRow[] = [];
  for (const study of orderStudies) {
    // Without noise a path is a current.
    const rows = await orders(study, study.noise === "none" ? Math.min(paths, 32) : paths);
    all.push(...rows);
    const shown = rows.map((r) => `${r.dt}: ${r.timeError.toExponential(1)} ${r.gradientError.toExponential(1)}`);
    const [time, gradient] = (["timeError", "gradientError"] as const).map((key) => orderOf(rows, key).toFixed(2));
    console.log(`${study.name}\n  ${shown.join(", ")}\n  order ${time} of times, ${gradient} of derivatives`);
  }
  writeResult("orders", { paths, rows: all });
}
