/**
 * `npm run bench -- cells`: writes docs/cells.md, the page of the library's cells, from their definitions and the
 * docstrings of their files, and draws one path of each to docs/cells/.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { CellDefinition } from "../src/cell/cell.js";
import { gifDefinition } from "../src/cell/gif.js";
import { slifDefinition } from "../src/cell/slif.js";
import { definitions } from "../src/cells/library.js";
import type { Current } from "../src/driver/current.js";
import { categories, thinned, toSvg } from "../src/figures/draw.js";
import { defineNetwork, libraryCell } from "../src/network/network.js";
import { planSolve } from "../src/plan/plan.js";
import { traceStates } from "../src/twin/trace.js";
import { type OrderRow, orderOf } from "./orders.js";

interface Shown {
  readonly title: string;
  /** Its file, where that is not src/cells/NAME.ts. */
  readonly file?: string;
  /** What is drawn: state variables, until t1 in the unit of time. */
  readonly states: readonly string[];
  readonly t1: number;
  readonly dt: number;
  readonly time: string;
  readonly current?: Current;
  readonly parameters?: Record<string, number>;
  readonly inputs?: readonly [times: number[], weights: number[]];
  readonly signals?: Record<string, Current>;
}

const ms = { time: "ms" };
// biome-ignore format: a table
const shown: Record<string, Shown> = {
  slif: { title: "Stochastic leaky integrate-and-fire", file: "src/cell/slif.ts", states: ["v"], t1: 4, dt: 0.01, time: "time", current: 1.5 },
  gif: { title: "Generalised integrate-and-fire", file: "src/cell/gif.ts", states: ["v", "gamma"], t1: 400, dt: 0.5, ...ms, current: 0.4 },
  lif: { title: "Leaky integrate-and-fire, current synapses", states: ["v"], t1: 80, dt: 0.1, ...ms, current: 500, inputs: [[10, 40], [300, -600]] },
  "lif-conductance": { title: "Leaky integrate-and-fire, conductance synapses", states: ["v"], t1: 120, dt: 0.1, ...ms, current: 160, inputs: [[10, 50, 80], [6, -20, 6]] },
  adex: { title: "Adaptive exponential integrate-and-fire (AdEx)", states: ["v"], t1: 200, dt: 0.1, ...ms, current: 1000 },
  izhikevich: { title: "Izhikevich", states: ["v"], t1: 200, dt: 0.1, ...ms, current: 10 },
  qif: { title: "Quadratic integrate-and-fire", states: ["v"], t1: 100, dt: 0.1, ...ms, current: 1 },
  theta: { title: "Theta neuron", states: ["theta"], t1: 100, dt: 0.1, ...ms, current: 1 },
  "fitzhugh-nagumo": { title: "FitzHugh–Nagumo", states: ["v", "recovery"], t1: 150, dt: 0.1, time: "time", current: 0.5 },
  "hodgkin-huxley": { title: "Hodgkin–Huxley", file: "src/cells/hodgkin-huxley.ts", states: ["v"], t1: 60, dt: 0.02, ...ms, current: 10 },
  "hodgkin-huxley-escape": { title: "Hodgkin–Huxley with escape noise", file: "src/cells/hodgkin-huxley.ts", states: ["v"], t1: 60, dt: 0.02, ...ms, current: 7, parameters: { sigma: 1 } },
  mat: { title: "Multi-timescale adaptive threshold (MAT)", states: ["v", "h1"], t1: 200, dt: 0.2, ...ms, current: 0.7 },
  "leaky-readout": { title: "Leaky read-out", states: ["v"], t1: 120, dt: 0.2, ...ms, inputs: [[10, 18, 60, 66, 72], [2, 2, -1, 2, 2]] },
  poisson: { title: "Poisson process", states: ["s"], t1: 10, dt: 0.02, time: "time", signals: { rate: { dt: 5, samples: [1, 4, 0], interpolation: "linear" } } },
  "bouncing-ball": { title: "Bouncing ball", states: ["height"], t1: 3.2, dt: 0.01, time: "s" },
  thermostat: { title: "Thermostat", states: ["temperature"], t1: 60, dt: 0.1, time: "min" },
  "mm1-queue": { title: "M/M/1 queue", states: ["n"], t1: 40, dt: 0.1, time: "time" },
  "birth-death": { title: "Birth–death process", states: ["n"], t1: 10, dt: 0.05, time: "time" },
  drug: { title: "Repeated doses of a drug", states: ["amount"], t1: 60, dt: 0.1, time: "h" },
  "barrier-option": { title: "Accumulator with a barrier", states: ["x"], t1: 1, dt: 0.005, time: "years", parameters: { barrier: 110 } },
};

/** What parameters are, by name; a name of one cell alone with that cell. */
// biome-ignore format: a table
const meanings: Record<string, string> = {
  C: "capacitance", gL: "leak conductance", eL: "leak reversal potential", tauM: "membrane time constant", vTh: "threshold",
  vReset: "reset", tRef: "refractory period", tauSyn: "time constant of synaptic currents", v0: "potential at the start",
  eE: "reversal potential, excitatory", eI: "reversal potential, inhibitory", tauE: "time constant of excitatory conductance",
  tauI: "time constant of inhibitory conductance", vT: "threshold of the exponential", deltaT: "slope factor", tauW: "time constant of adaptation",
  a: "adaptation by potential", b: "adaptation by a spike", vPeak: "potential of a spike", tau: "time constant", gNa: "sodium conductance",
  gK: "potassium conductance", eNa: "sodium reversal potential", eK: "potassium reversal potential", delta: "softness of the threshold",
  tauS: "time between spikes at threshold", alpha: "least hazard that a spike takes", sigma: "size of the noise", R: "resistance", omega: "threshold at rest",
  alpha1: "jump of the fast threshold", alpha2: "jump of the slow threshold", tau1: "its time constant", tau2: "its time constant", n0: "number at the start",
  theta0: "phase at the start", recovery0: "recovery at the start",
  "slif.mu1": "rate of the membrane", "slif.mu2": "rate of the synapse", "slif.sigma1": "noise of v", "slif.sigma2": "noise of i", "slif.beta": "steepness of the hazard",
  "slif.vReset": "what a spike takes off v", "slif.i0": "synaptic current at the start", "gif.gain": "input resistance", "gif.offset": "drive without a current", "gif.deltaV": "softness of the threshold",
  "gif.jEta": "jump of the spike-triggered current", "gif.tauEta": "its time constant", "gif.jGamma": "jump of the moving threshold", "gif.tauGamma": "its time constant",
  "gif.k": "how far the threshold follows the potential", "gif.knee": "where it begins to", "gif.slope": "softness of that", "gif.tauTheta": "its time constant",
  "izhikevich.a": "rate of recovery", "izhikevich.b": "recovery by potential", "izhikevich.c": "reset of v", "izhikevich.d": "jump of recovery",
  "fitzhugh-nagumo.a": "offset of recovery", "fitzhugh-nagumo.b": "decay of recovery", "fitzhugh-nagumo.tau": "slowness of recovery",
  "bouncing-ball.g": "gravity", "bouncing-ball.e": "restitution", "bouncing-ball.h": "height at the start", "thermostat.outside": "temperature outside", "thermostat.power": "what the heater adds in the long run",
  "thermostat.low": "where it goes on", "thermostat.high": "where it goes off", "thermostat.temperature0": "temperature at the start",
  "poisson.rate": "rate of spikes",
  "mm1-queue.lambda": "rate of arrivals", "mm1-queue.mu": "rate of service", "birth-death.nu": "rate of immigration", "birth-death.lambda": "rate of births per head", "birth-death.mu": "rate of deaths per head",
  "drug.dose": "a dose", "drug.interval": "time between doses", "drug.clearance": "clearance", "drug.volume": "volume of distribution", "drug.minimum": "least effective concentration",
  "barrier-option.price": "price at the start", "barrier-option.strike": "strike", "barrier-option.barrier": "barrier", "barrier-option.r": "interest rate", "barrier-option.sigma": "volatility",
};

const all: readonly CellDefinition[] = [slifDefinition, gifDefinition, ...definitions];

/** What a file's first comment says, as Markdown: what is indented is a block of code there too. */
function docstring(file: string): string {
  const source = readFileSync(file, "utf8");
  const lines = source.slice(source.indexOf("/**") + 3, source.indexOf("*/")).split("\n");
  return lines
    .map((line) => line.replace(/^ \* ?/, "").trimEnd())
    .join("\n")
    .trim();
}

function section(cell: CellDefinition): string {
  const { title, file = `src/cells/${cell.name}.ts`, states, current } = shown[cell.name]!;
  const { units = {}, positive = [] } = cell;
  const rows = Object.entries(cell.parameters).map(([name, value]) => {
    const meaning = meanings[`${cell.name}.${name}`] ?? meanings[name];
    if (!meaning) throw new Error(`bench/cells.ts does not say what ${cell.name}.${name} is`);
    return `| \`${name}\` | ${meaning}${positive.includes(name) ? ", above 0" : ""} | ${value} | ${units[name] ?? ""} |`;
  });
  const given = current === undefined ? "" : `, I = ${current}`;
  // The second of two cells in one file does not say all again.
  const text =
    cell.name === "hodgkin-huxley-escape" ? "Its equations are with those of `hodgkin-huxley`." : docstring(file);
  // Of `I` the page says at its head that it is a signal.
  for (const name of cell.inputs?.filter((input) => input !== "I") ?? [])
    rows.push(`| \`${name}\` | ${meanings[`${cell.name}.${name}`]}: an input | | ${units[name] ?? ""} |`);
  return [
    `## ${title}: \`${cell.name}\``,
    text,
    `| parameter | | default | unit |\n|---|---|---|---|\n${rows.join("\n")}`,
    `![${states.join(" and ")} along a path${given}](cells/${cell.name}.svg)`,
  ].join("\n\n");
}

const head = `# Cells of the library

<!-- Written by \`npm run bench -- cells\` from the definitions and their docstrings. -->

Each is a definition like one of your own, and comes by name. Jobs and the studio take the name as it is; a program loads the cell:

\`\`\`ts
import { Engine, libraryCell } from "saltation";

const engine = await Engine.create({ backend: "cpu" });
const network = engine.network({ cell: await libraryCell("adex"), current: 1000 });
const { table, derivatives } = await network.spikeTimeSensitivities({ paths: 1, t1: 100, dt: 0.1, with: ["current"] });
console.log(table.times[3], derivatives[3]); // the fourth spike in ms, and how it moves with the current, in ms/pA
engine.dispose();
\`\`\`

\`(await libraryCell("adex")).definition\` is the text, to change and to define anew. \`slif\` and \`gif\` are always there.
What the cells read as \`I\` is a signal, constant or sampled; a cell of your own may have others by name ([input signals](jobs.md#input-signals)).

Neurons (but for \`gif\`) take synaptic input as a current or a conductance of its own and not as a jump of the potential, so that a spike
that arrives at the time of a reset gives one result in either order. A drift or an event with a refractory period has it as a condition, which is
located like an event: derivatives by its length are exact.

Every cell is tested for derivatives against finite differences, on the GPU against float64, and against an integration by
SciPy at a tolerance of 1e-12, a closed form or a law (\`test/cells\`).

`;

/** Errors and orders, from bench/results/orders.json. */
function convergence(): string {
  const { rows } = JSON.parse(readFileSync("bench/results/orders.json", "utf8")) as { rows: OrderRow[] };
  const lines = [...new Set(rows.map((r) => r.name))].map((name) => {
    const mine = rows.filter((r) => r.name === name);
    const [first, last] = [mine[0]!, mine.at(-1)!];
    const columns = (["timeError", "gradientError"] as const).map((key) => {
      if (key === "gradientError" && first.noise === "crossing") return "does not exist | –";
      if (first.noise === "exact") return `below ${Math.max(...mine.map((r) => r[key])).toExponential(0)} | exact`;
      const errors = `${first[key].toExponential(1)} … ${last[key].toExponential(1)}`;
      return `${errors} | ${orderOf(mine, key).toFixed(1)}`;
    });
    return `| ${name} | ${first.dt} … ${last.dt} | ${columns.join(" | ")} |`;
  });
  return `## How errors fall with dt

Of one spike's time and of its derivative by the current or a parameter, root mean square over paths (without noise: over values of what
it is differentiated by), against a fine solution on the same Brownian path with the same uniforms; method \`levy\`, resets, switches and
arrivals in every path where a cell has them (\`npm run bench -- orders\`). "Exact": states go along polynomials between events, of
which the method leaves out nothing; what is left is rounding.

| what happens in each path | dt | error of the time | order | relative error of the derivative | order |
|---|---|---|---|---|---|
${lines.join("\n")}

Where nothing is noisy, resets, crossings and located switches keep the order 4 of Runge–Kutta. The derivative of AdEx has less: its
upstroke ends where the potential goes to infinity as a logarithm, of which the leading terms alone are in the equations above; what they
leave is small (at dt 0.1 ms 3·10⁻⁶ ms of the fourth spike, and 6·10⁻⁶ of its derivative). With noise, what a path does between grid
points is known to the parabola alone. Additive noise keeps order 1½, on
a current and on the potential that a hazard takes nonlinearly, as [stages see it](mathematics.md#methods) so that means of squares are right; and
here noise σ v does. The derivative of a spike time has the hazard at that very time in it, which is known to order ½. Where noise itself takes
a path across (\`barrier-option\`), the time is of order ½ and has no derivative: gradients are refused.
`;
}

/** The page, whole. */
export const cellsPage = (): string => `${head}${all.map(section).join("\n\n")}\n\n${convergence()}`;

/** States of one path, and its spikes as ticks above. */
async function draw(name: string): Promise<string> {
  const { states, t1, dt, time, current, parameters = {}, inputs, signals } = shown[name]!;
  const cell = await libraryCell(name);
  const inputSpikes = inputs && { times: inputs[0], neurons: inputs[0].map(() => 0), weights: inputs[1] };
  const given = { ...(current === undefined ? {} : { current }), ...(signals ? { inputs: signals } : {}) };
  const network = defineNetwork({ cell, ...given, parameters, ...(inputSpikes ? { inputSpikes } : {}) });
  const [trace] = traceStates(planSolve(network, { paths: 1, t1, dt, seed: 3 }));
  const { times } = trace!;
  // Both sides of a jump are kept.
  const kept = new Set(thinned(times.length));
  const jumps = Array.from(times.keys()).filter((i) => times[i] === times[i - 1] || times[i] === times[i + 1]);
  const points = [...new Set([...kept, ...jumps])].sort((a, b) => a - b);
  const values = states.flatMap((state) =>
    points.map((i) => ({
      t: Number(times[i]!.toPrecision(4)),
      y: Number(trace!.states[state]![i]!.toPrecision(4)),
      state,
    })),
  );
  const unit = cell.definition.units?.[states[0]!];
  const title = `${states.length > 1 ? "states" : states[0]}${unit && unit !== "1" ? ` (${unit})` : ""}`;
  const x = { field: "t", type: "quantitative", title: `${time === "time" ? time : `time (${time})`}` };
  const colour = {
    field: "state",
    type: "nominal",
    title: null,
    scale: { domain: states, range: categories },
    legend: states.length > 1 ? { symbolType: "stroke" } : null,
  };
  return toSvg({
    width: 420,
    height: 130,
    layer: [
      {
        data: { values },
        mark: { type: "line", strokeWidth: 1.3 },
        encoding: { x, y: { field: "y", type: "quantitative", title, scale: { zero: false } }, color: colour },
      },
      {
        data: { values: trace!.spikes.map((t) => ({ t })) },
        mark: { type: "tick", orient: "vertical", size: 9, thickness: 1.5, color: "black" },
        encoding: { x, y: { value: -8 } },
      },
    ],
  });
}

export async function run(): Promise<void> {
  mkdirSync("docs/cells", { recursive: true });
  for (const { name } of all) writeFileSync(`docs/cells/${name}.svg`, await draw(name));
  writeFileSync("docs/cells.md", cellsPage());
  console.log(`docs/cells.md and ${all.length} pictures`);
}
