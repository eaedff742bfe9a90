/**
 * `npm run bench -- peers [forward|precision|gradient|networks|signatures] [--rounds 8]`: the same work by what a user would take
 * instead (NumPy, PyTorch, Brian2, pySigLib) and by C++ with the kernels' own arithmetic, which says how fast the processor
 * can be: scripts in bench/peers. Each is checked against ours before it is timed, takes turns with the others in one run,
 * and is passed over with a word where it is not installed. Wall and processor seconds, least of the rounds.
 *
 * Debian has g++, python3-numpy, python3-torch and python3-brian; another Python is named by PYTHON=/usr/bin/python3.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { defineCell } from "../src/cell/cell.js";
import { Engine } from "../src/engine.js";
import { firstSpikes } from "../src/loss/spike-times.js";
import type { NetworkDefinition } from "../src/network/network.js";
import type { Method, SolveOptions } from "../src/plan/plan.js";
import {
  type PathBatch,
  signatureBackend,
  signatureGram,
  signatureKernel,
  signatureMMD,
  truncatedSignatureGradient,
  truncatedSignatures,
} from "../src/signature/index.js";
import type { SpikeTable } from "../src/spikes/table.js";
import { layered, single } from "../src/suites/sizes.js";
import {
  interpreter,
  type MeanAndError,
  type Measured,
  measured,
  Ours,
  Peer,
  python,
  type Row,
  type Solved,
  scripts,
} from "./contenders.js";
import { precision, type Scheme, schemes, valueAt } from "./precision.js";
import { brownianPaths } from "./signature-accuracy.js";
import { option, writeResult } from "./support.js";
import { type WorkCurve, workPrecisionSvg } from "./work-precision.js";

const processors = os.availableParallelism();
const counts = processors > 1 ? [1, processors] : [1];
const onThreads = (n: number): string => `${n} thread${n > 1 ? "s" : ""}`;

function meanAndError(values: readonly number[]): MeanAndError {
  const n = values.length;
  const mean = values.reduce((a, b) => a + b, 0) / n;
  return [mean, Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / n / n)];
}

/** Mean count and mean times of the first spikes, the end where absent. */
function ofSpikes({ counts, times, slots }: SpikeTable, end: number): MeanAndError[] {
  const count = Array.from(counts);
  const first = [0, 1, 2].map((k) => meanAndError(count.map((n, i) => (n > k ? times[i * slots + k]! : end))));
  return [meanAndError(count), ...first];
}

/** Standard errors that means of independent paths may lie apart: one of 10⁴ such comparisons exceeds it by chance. */
const apart = 4;

function meansDiffer(ours: readonly MeanAndError[], theirs: readonly MeanAndError[]): string | undefined {
  for (const [n, [mean, error]] of theirs.entries()) {
    const own = ours[n]!;
    const by = Math.abs(mean - own[0]) / Math.hypot(error, own[1]);
    if (!(by < apart)) return `mean ${n} is ${mean}, ours ${own[0]}: ${by.toFixed(1)} standard errors apart`;
  }
  return undefined;
}

/**
 * C++ takes the kernels' own random numbers: the same paths, to the rounding of float32 (sums in another order, on times up
 * to 5 and states that lose digits at events). A path whose event falls to the other side of a grid point differs by more.
 */
function pathsDiffer(ours: readonly number[][], theirs: readonly number[][]): string | undefined {
  const by = theirs.flatMap((path, i) => path.map((time, k) => Math.abs(time - ours[i]![k]!)));
  const worst = by.reduce((a, b) => Math.max(a, b), 0);
  return worst < 1e-4 ? undefined : `spike times differ from ours by up to ${worst}`;
}

function differs(ours: Solved, theirs: Solved): string | undefined {
  if (theirs.times) return pathsDiffer(ours.times!, theirs.times);
  const means = theirs.means && meansDiffer(ours.means!, theirs.means);
  return means ?? (theirs.gradient && meansDiffer([ours.gradient!], [theirs.gradient]));
}

/** Builds the C++ of bench/peers for a width of vectors. */
function compiled(folder: string, name: string, flags: readonly string[]): string {
  const file = join(folder, name);
  const common = ["-O3", "-std=c++17", "-pthread", "-fno-math-errno", "-fno-trapping-math", "-Wno-psabi"];
  spawnSync("g++", [...common, ...flags, join(scripts, "slif.cpp"), "-o", file], { stdio: "ignore" });
  return file;
}

interface Machines {
  /** The `simd` backend by threads. */
  readonly simd: ReadonlyMap<number, Engine>;
  readonly software: Engine;
}

const ownName = (engine: Engine, threads?: number): string =>
  threads ? `Saltation simd, ${onThreads(threads)}` : `Saltation on ${engine.adapterName}`;

/** Every engine of ours on one job. */
const ownEngines = ({ simd, software }: Machines): [string, Engine][] => [
  ...[...simd].map(([threads, engine]): [string, Engine] => [ownName(engine, threads), engine]),
  [ownName(software), software],
];

function simulated(engine: Engine, definition: NetworkDefinition, options: SolveOptions) {
  const network = engine.network(definition);
  return async (): Promise<Solved> => {
    const spikes = await network.simulate(options);
    const table = await spikes.read();
    spikes.dispose();
    const { counts: count, times, slots } = table;
    const first = Array.from(count.subarray(0, 256), (n, i) =>
      Array.from(times.subarray(i * slots, i * slots + Math.min(n, 3))),
    );
    return { means: ofSpikes(table, options.t1), times: first, count: count.reduce((a, b) => a + b, 0) };
  };
}

/** Solves as a caller does who looks at the spikes on the device: nothing is read back. */
function solvedOnly(engine: Engine, definition: NetworkDefinition, options: SolveOptions) {
  const network = engine.network(definition);
  return async (): Promise<void> => (await network.simulate(options)).dispose();
}

const withoutSynapse: NetworkDefinition = { ...single, parameters: { mu2: 0, sigma2: 0 } };

/** The same neuron without a state for the synaptic current, which peers do not have either; its noise is of other numbers. */
const bare: NetworkDefinition = {
  cell: defineCell({
    name: "bare slif",
    state: { v: "mu1 * (I - v)", s: "exp(min(beta * (v - vTh), 10 * beta))" },
    noise: { v: "sigma1" },
    event: "s",
    reset: { v: "v - vReset", s: "log(u) - alpha" },
    start: { v: "0", s: "log(u) - alpha" },
    parameters: { mu1: 15, sigma1: 0.25, beta: 5, vTh: 1, vReset: 1.4, alpha: 0.03 },
  }),
  neurons: 1,
  current: 1.5,
};

/** It has paths of its own, of the same law: its means are compared. */
function bareOurs(engine: Engine, threads: number, options: SolveOptions): Ours {
  const solve = simulated(engine, bare, options);
  const name = `${ownName(engine, threads)}, no synaptic current`;
  const means = async (): Promise<Solved> => ({ means: (await solve()).means! });
  return new Ours(name, means, solvedOnly(engine, bare, options), false);
}

function forwardRows(machines: Machines, folder: string): Row[] {
  const [paths, steps, dt] = [16384, 500, 0.01];
  const widths = [
    ["SSE4.2", compiled(folder, "sse", ["-msse4.2"])],
    ["as wide as here", compiled(folder, "wide", ["-march=native", "-mprefer-vector-width=512"])],
  ] as const;
  return (["euler", "levy"] as const).map((method: Method) => {
    const options = { paths, t1: steps * dt, dt, seed: 1, method };
    return {
      work: `one neuron, ${paths} paths × ${steps} steps, ${method}`,
      contenders: [
        ...ownEngines(machines).map(
          ([name, engine]) =>
            new Ours(name, simulated(engine, withoutSynapse, options), solvedOnly(engine, withoutSynapse, options)),
        ),
        ...[...machines.simd].map(([threads, engine]) => bareOurs(engine, threads, options)),
        ...widths.flatMap(([width, file]) =>
          counts.map((n) => new Peer(`C++ ${width}, ${onThreads(n)}`, file, [method, paths, steps, dt, n].map(String))),
        ),
        python("NumPy", "slif_numpy.py", method, paths, steps, dt),
        ...counts.map((n) =>
          python(`PyTorch, ${onThreads(n)}`, "slif_torch.py", "forward", method, paths, steps, dt, n),
        ),
        // Its own Euler alone; checked at a tenth of the step, as its spikes lie on the grid.
        ...(method === "euler"
          ? [new CheckedFiner(machines.simd.get(1)!, "Brian2 compiled, spikes on the grid", paths, steps, dt)]
          : []),
      ],
      differs,
    };
  });
}

/** Brian2, whose solve is compared at a tenth of the step that it is timed with, with ours there. */
class CheckedFiner extends Peer {
  constructor(engine: Engine, name: string, paths: number, steps: number, dt: number) {
    const args = (paths: number, steps: number, dt: number) =>
      [join(scripts, "brian.py"), "slif", "-", paths, steps, dt].map(String);
    super(name, interpreter, args(paths, steps, dt));
    this.reference = simulated(engine, withoutSynapse, {
      paths: paths / 4,
      t1: steps * dt,
      dt: dt / 10,
      seed: 1,
      method: "euler",
    });
    this.finer = new Peer(name, interpreter, args(paths / 4, steps * 10, dt / 10));
  }

  private readonly finer: Peer;
  readonly reference: () => Promise<Solved>;

  override async start(): Promise<Solved | string> {
    const fine = await this.finer.start();
    this.finer.stop();
    if (typeof fine === "string") return fine;
    const own = await super.start();
    return typeof own === "string" ? own : { ...fine, version: own.version! };
  }
}

/** Work at a step of a scheme. */
interface PrecisionRow extends Row {
  readonly scheme: Scheme;
  readonly dt: number;
}

const precisionPaths = 16384;
/** Of the errors, in float64: they are then known to some 10 %. */
const precisionErrorPaths = 1000;
/** Around an error of 1e-3. */
const precisionSteps: Record<Scheme, readonly number[]> = {
  levy: [0.05, 0.04, 0.025, 0.01],
  euler: [0.01, 0.004, 0.002, 0.0005],
  grid: [0.01, 0.004, 0.002, 0.001],
};

/** One thread each, to an end that is past the second spike. */
function precisionRows({ simd }: Machines, folder: string): PrecisionRow[] {
  const t1 = 2;
  const engine = simd.get(1)!;
  const sse = compiled(folder, "sse", ["-msse4.2"]);
  const located = (["levy", "euler"] as const).flatMap((method) =>
    precisionSteps[method].map((dt) => {
      const options = { paths: precisionPaths, t1, dt, seed: 1, method };
      const steps = Math.round(t1 / dt);
      return {
        scheme: method,
        dt,
        work: `second spike of ${precisionPaths} paths, ${method}, step ${dt}`,
        contenders: [
          new Ours(
            "Saltation",
            simulated(engine, withoutSynapse, options),
            solvedOnly(engine, withoutSynapse, options),
          ),
          new Peer("C++ SSE4.2", sse, [method, precisionPaths, steps, dt, 1].map(String)),
          python("NumPy", "slif_numpy.py", method, precisionPaths, steps, dt),
          python("PyTorch", "slif_torch.py", "forward", method, precisionPaths, steps, dt, 1),
        ],
        differs,
      };
    }),
  );
  const grid = precisionSteps.grid.map((dt) => ({
    scheme: "grid" as const,
    dt,
    work: `second spike of ${precisionPaths} paths, spikes on the grid, step ${dt}`,
    contenders: [python("Brian2", "brian.py", "slif", "-", precisionPaths, Math.round(t1 / dt), dt)],
    // Checked among the rows of forward solves, at a step at which what the grid does to means is small.
    differs: () => undefined,
  }));
  return [...located, ...grid];
}

/** Errors at the steps that were timed, and processor time by error, drawn. */
async function writePrecision(rows: readonly { row: PrecisionRow; measured: readonly Measured[] }[]): Promise<void> {
  const errors = precision(precisionErrorPaths, precisionSteps);
  const curves = [...new Set(rows.flatMap((r) => r.measured.map((m) => m.name)))].flatMap((name) =>
    schemes.flatMap((scheme): WorkCurve[] => {
      const mine = rows.flatMap(({ row, measured: all }) => {
        const processor = row.scheme === scheme && all.find((m) => m.name === name)?.processor;
        const error = errors.find((e) => e.scheme === row.scheme && e.dt === row.dt)!.error;
        return processor ? [{ dt: row.dt, error, seconds: processor }] : [];
      });
      return mine.length > 0 ? [{ name, scheme, points: mine }] : [];
    }),
  );
  const asked = 1e-3;
  // Long steps have events in many, and may take no less time than shorter ones.
  const at = ({ points }: WorkCurve): number | undefined => {
    const [errors, seconds] = [points.map((p) => p.error), points.map((p) => p.seconds)];
    const there = valueAt(errors, seconds, asked);
    const within = points.filter((p) => p.error <= asked).map((p) => p.seconds);
    return there === undefined && within.length === 0
      ? undefined
      : Math.min(there ?? Number.POSITIVE_INFINITY, ...within);
  };
  const own = at(curves.find((c) => c.name === "Saltation" && c.scheme === "levy")!)!;
  console.log(`\nprocessor time for an error of at most ${asked} of the second spike time`);
  for (const curve of curves) {
    const seconds = at(curve);
    const figures =
      seconds === undefined ? "not reached" : `${seconds.toPrecision(3)} s, ${(seconds / own).toFixed(1)} ×`;
    console.log(`  ${`${curve.name}, ${curve.scheme}`.padEnd(24)} ${figures}`);
  }
  writeResult("work-precision", { paths: precisionPaths, errorPaths: precisionErrorPaths, errors, curves });
  writeFileSync("docs/work-precision.svg", await workPrecisionSvg(curves));
}

function gradientRows(machines: Machines): Row[] {
  const loss = firstSpikes([[0, 0, 0]], "mae"); // against 0: the mean of the first three times
  const [steps, dt] = [200, 0.01];
  return [128, 4096].flatMap((paths) =>
    (["euler", "levy"] as const).map((method: Method) => ({
      work: `value and gradient of three spike times, ${paths} paths × at most ${steps} steps, ${method}`,
      contenders: [
        ...ownEngines(machines).map(([name, engine]) => {
          const network = engine.network(withoutSynapse);
          const plan = network.gradientPlan({ paths, t1: steps * dt, dt, seed: 1, method }, loss);
          const evaluator = network.evaluator(plan, loss, ["current"]);
          const evaluate = async (seed = 1) => (await evaluator).evaluate({ ...plan, seed });
          return new Ours(
            name,
            async () => {
              const several = [];
              for (let seed = 1; seed <= 8; seed++) several.push(await evaluate(seed));
              const gradient = meanAndError(several.map(({ flat }) => flat[0]!));
              return { means: [meanAndError(several.map(({ value }) => value))], gradient };
            },
            () => evaluate(),
          );
        }),
        ...(paths > 1000 ? counts : [1]).map((n) =>
          python(`PyTorch, implicit, ${onThreads(n)}`, "slif_torch.py", "gradient", method, paths, steps, dt, n),
        ),
      ],
      differs,
    })),
  );
}

function networkRows(machines: Machines, folder: string): Row[] {
  const edgesFile = (name: string, edges: readonly (readonly number[])[]): string => {
    const file = join(folder, `${name}.json`);
    writeFileSync(file, JSON.stringify(edges));
    return file;
  };
  const [paths, steps, dt] = [1024, 100, 0.01];
  const blocks = (layered.weights as { layers: number[][][] }).layers;
  const [inner, outer] = [blocks[0]!, blocks[1]!];
  const small = edgesFile("layered", [
    ...inner.flatMap((row, k) => row.map((w, j) => [k, 4 + j, w])),
    ...outer.flatMap((row, k) => row.map((w, j) => [4 + k, 20 + j, w])),
  ]);
  const options = { paths, t1: steps * dt, dt, seed: 1, method: "euler" as const };
  const observed = Array.from({ length: 22 }, (_, k) => (k >= 20 ? [0] : []));
  const loss = firstSpikes(observed, "mae");
  const firstOutput = ({ counts: count, times, neurons, slots }: SpikeTable): MeanAndError =>
    meanAndError(
      Array.from(count, (n, i) => {
        for (let k = 0; k < n; k++) if (neurons[i * slots + k] === 20) return times[i * slots + k]!;
        return options.t1;
      }),
    );
  const solved = (engine: Engine) => async (): Promise<Solved> => {
    const spikes = await engine.network(layered).simulate(options);
    const table = await spikes.read();
    spikes.dispose();
    return { means: [meanAndError(Array.from(table.counts)), firstOutput(table)] };
  };
  const tasks: { work: string; task: string; act(engine: Engine): () => Promise<unknown> }[] = [
    { work: "forward", task: "forward", act: (engine) => solvedOnly(engine, layered, options) },
    {
      work: "value and gradient by 96 weights",
      task: "gradient",
      act: (engine) => {
        const network = engine.network(layered);
        const plan = network.gradientPlan(options, loss);
        const evaluator = network.evaluator(plan, loss, ["weights"]);
        return async () => (await evaluator).evaluate(plan);
      },
    },
  ];
  const large = 4000;
  const edges = sparseEdges(large, 0.02);
  const sparse: NetworkDefinition = {
    neurons: large,
    parameters: { mu1: 6, mu2: 5, sigma1: 0.25, sigma2: 0.25, vReset: 1.2, v0: 1.1, i0: 0.6 },
    weights: { edges },
    current: 0.9,
  };
  const second = { paths: 1, t1: 1, dt: 0.001, seed: 1, method: "euler" as const };
  return [
    ...tasks.map(({ work, task, act }) => ({
      work: `22 neurons in layers, ${paths} paths × ${steps} steps, ${work}`,
      contenders: [
        ...ownEngines(machines).map(([name, engine]) => new Ours(name, solved(engine), act(engine))),
        ...counts.map((n) => python(`PyTorch, ${onThreads(n)}`, "network_torch.py", task, small, paths, steps, dt, n)),
      ],
      differs,
    })),
    {
      work: `${large} neurons, 2 % of the edges, one path, 1000 steps of 1 ms`,
      contenders: [
        ...ownEngines(machines).map(
          ([name, engine]) => new Ours(name, simulated(engine, sparse, second), solvedOnly(engine, sparse, second)),
        ),
        python("Brian2 compiled", "brian.py", "network", edgesFile("sparse", edges), large, 1000, 0.001),
      ],
      // One path each, of other noise: counts of 4,000 neurons spread by about 1 %, and a grid of 1 ms shifts rates by as much.
      differs: (ours, theirs) =>
        Math.abs(theirs.count! / ours.count! - 1) < 0.05 ? undefined : `${theirs.count} spikes, ours ${ours.count}`,
    },
  ];
}

/** Random edges with probability p and weights about 0, scaled so that a neuron's input spreads alike for all sizes. */
function sparseEdges(neurons: number, p: number): [number, number, number][] {
  let state = 1;
  const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const scale = 0.4 * Math.sqrt(20 / (neurons * p));
  const edges: [number, number, number][] = [];
  for (let k = 0; k < neurons; k++) {
    for (let j = 0; j < neurons; j++) {
      if (next() < p && j !== k) edges.push([k, j, Math.fround(scale * (next() - 0.5))]);
    }
  }
  return edges;
}

function signatureRows(machines: Machines, folder: string): Row[] {
  const backends = ownEngines(machines).map(([name, engine]) => [name, signatureBackend(engine.gpu ?? null)] as const);
  const row = (
    work: string,
    task: string,
    [count, length]: [number, number],
    act: (backend: (typeof backends)[number][1], x: PathBatch, y: PathBatch) => Promise<ArrayLike<number>>,
  ): Row => {
    const [x, y] = [1, 2].map((seed) => brownianPaths(seed, count, length, 4)) as [PathBatch, PathBatch];
    const data = mkdtempSync(join(folder, "paths-"));
    for (const [name, batch] of [
      ["x", x],
      ["y", y],
    ] as const)
      writeFileSync(join(data, name), Float64Array.from(batch.points));
    return {
      work,
      contenders: [
        ...backends.map(
          ([name, backend]) => new Ours(name, async () => ({ values: Array.from(await act(backend, x, y)) })),
        ),
        ...counts.map((n) =>
          python(`pySigLib, ${onThreads(n)}`, "signatures_pysiglib.py", task, data, n, `${count}x${length}x4`),
        ),
      ],
      // Ours in float32 parts, theirs in float64.
      differs: (ours, theirs) => {
        const own = task === "signature" ? ours.values!.slice(-8) : ours.values!;
        const off = theirs.values!.findIndex((v, i) => !(Math.abs(v - own[i]!) <= 1e-4 * Math.max(1, Math.abs(v))));
        return off < 0 ? undefined : `value ${off} is ${theirs.values![off]}, ours ${own[off]}`;
      },
    };
  };
  const size = (backend: Parameters<typeof truncatedSignatures>[0], x: PathBatch) =>
    truncatedSignatures(backend, x, { depth: 4 });
  return [
    row(
      "Gram matrix 64 × 64, length 128, 4 channels",
      "gram",
      [64, 128],
      async (b, x, y) => (await signatureGram(b, x, y)).values,
    ),
    row("MMD² and its gradient, 16 + 16, length 128", "mmd", [16, 128], async (b, x, y) => [
      (await signatureMMD(b, x, y, { gradient: { x: true } })).value,
    ]),
    row("one pair of length 2048", "pair", [1, 2048], async (b, x, y) => {
      const k = await signatureKernel(b, x, y);
      return "values" in k ? (k.values as ArrayLike<number>) : (k as ArrayLike<number>);
    }),
    row("signatures (256, 256, 4), depth 4", "signature", [256, 256], async (b, x) => (await size(b, x)).values),
    row("their gradient", "backward", [256, 256], async (b, x) =>
      truncatedSignatureGradient(b, x, new Float64Array(256 * 341).fill(1), { depth: 4 }),
    ),
  ];
}

const rowsOf = {
  forward: forwardRows,
  precision: precisionRows,
  gradient: gradientRows,
  networks: networkRows,
  signatures: signatureRows,
};

export async function run(args: string[]): Promise<void> {
  const rounds = Number(option(args, "--rounds", "8"));
  const asked = args.filter((a) => a in rowsOf) as (keyof typeof rowsOf)[];
  const simd = new Map<number, Engine>();
  for (const threads of counts) simd.set(threads, await Engine.create({ backend: "simd", threads }));
  const machines = { simd, software: await Engine.create({ backend: "webgpu", software: true }) };
  const folder = mkdtempSync(join(os.tmpdir(), "saltation-peers-"));
  const results: { work: string; rows: Measured[] }[] = [];
  const precise: { row: PrecisionRow; measured: Measured[] }[] = [];
  try {
    for (const name of asked.length > 0 ? asked : (Object.keys(rowsOf) as (keyof typeof rowsOf)[])) {
      for (const row of rowsOf[name](machines, folder)) {
        console.log(`\n${row.work}`);
        const rows = await measured(row, rounds);
        if ("scheme" in row) precise.push({ row: row as PrecisionRow, measured: rows });
        else results.push({ work: row.work, rows });
        const base = rows[0]!.seconds!;
        for (const { name, seconds, processor, word } of rows) {
          const figures =
            seconds === undefined
              ? word
              : `${seconds.toPrecision(3).padStart(9)} s  ${processor === null || processor === undefined ? "" : `processor ${processor.toPrecision(3)} s`.padEnd(22)} ${(seconds / base).toFixed(2)} ×`;
          console.log(`  ${name.padEnd(48)} ${figures}`);
        }
      }
    }
    if (precise.length > 0) await writePrecision(precise);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    for (const engine of [...simd.values(), machines.software]) engine.dispose();
  }
  if (results.length > 0)
    writeResult("peers", { processor: os.cpus()[0]?.model, processors, node: process.version, rounds, results });
}
