/** Jobs made from right ones by chance: refused in one line, or done by both backends with the same results. */
import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SolveJob } from "../../src/job/job.js";
import { uncertainPlaces } from "./coarse.js";
import { compare, type Results, resultsOf } from "./compare.js";
import { growCell } from "./equations.js";
import { type Fault, judge, type Outcome, type Verdict } from "./faults.js";
import { change, jobText, vary } from "./mutate.js";
import { readNpzFile } from "./npz-file.js";
import { nudged, perturbed } from "./perturb.js";
import { Random } from "./random.js";
import { type CommandName, refusal, runCommand, SharedDevice, withEngines } from "./run-command.js";
import { type SeedJob, seedJobs } from "./seeds.js";

type Tree = Record<string, unknown>;

export interface FuzzedJob {
  readonly command: CommandName;
  readonly text: string;
}

/** Shares of the commands: what solves networks has most of the program. */
const shares: readonly (readonly [CommandName, number])[] = [
  ["simulate", 0.45],
  ["gradient", 0.3],
  ["train", 0.1],
  ["kernel", 0.1],
  ["signature", 0.05],
];

function pickSeed(random: Random): SeedJob {
  let at = random.unit();
  for (const [command, share] of shares) {
    at -= share;
    if (at < 0) return random.pick(seedJobs.filter((s) => s.command === command));
  }
  return seedJobs[0]!;
}

/** Job number `item` of a campaign. */
export function fuzzedJob(seed: number, item: number): FuzzedJob {
  const random = new Random(seed, item);
  const picked = pickSeed(random);
  const job = structuredClone(picked.job);
  if ((picked.command === "simulate" || picked.command === "gradient") && random.chance(0.15)) {
    job.network = { cell: growCell(random) };
    if (picked.command === "gradient") Object.assign(job, { with: ["mu", "a"], requireExact: random.chance(0.3) });
  }
  if (random.chance(0.6)) vary(random, job);
  if (random.chance(0.75))
    do change(random, job);
    while (random.chance(0.35));
  return { command: picked.command, text: jobText(job) };
}

/** Work that is done of a job: paths × steps × neurons, edges, words of a signature, cells of a kernel. */
const most = { work: 20_000, edges: 500, words: 3000, refinement: 8, spikes: 64, channels: 16, trained: 400 };

/** The job with fewer paths and training steps, where that makes it small; undefined where it stays large. */
export function affordable(command: CommandName, original: Tree): Tree | undefined {
  const job = structuredClone(original);
  const solver = (job.solver ?? (job.loss as Tree | undefined)?.solver ?? {}) as { dyadic?: number[]; depth?: number };
  if ((solver.dyadic ?? []).reduce((a, b) => a + b, 0) > most.refinement) return undefined;
  if (command === "kernel" || command === "signature") {
    const paths = [job.x, job.y].filter(Boolean) as (number[][][] | { spikes: { neurons: number[] }[] })[];
    const width = (p: (typeof paths)[number]): number =>
      Array.isArray(p) ? (p[0]?.[0]?.length ?? 1) : 2 + Math.max(0, ...p.spikes.flatMap((s) => s.neurons));
    const channels = Math.max(1 + Number(job.neurons ?? 0), ...paths.map(width));
    const words = channels ** Number(job.depth ?? 1);
    return channels <= most.channels && words <= most.words ? job : undefined;
  }
  const { network, time, loss } = job as unknown as {
    network: { neurons?: number; layers?: number[]; weights?: { uniform?: unknown } };
    time: { t0?: number; t1: number; dt: number };
    loss?: { depth?: number; spikes?: number };
  };
  const layers = network.layers ?? [network.neurons ?? 1];
  const neurons = layers.reduce((a, b) => a + b, 0);
  const edges = layers.slice(1).reduce((sum, n, i) => sum + n * layers[i]!, 0);
  const steps = (time.t1 - (time.t0 ?? 0)) / time.dt;
  if (edges > most.edges || neurons ** 2 > most.edges || steps * neurons * 2 > most.work) return undefined;
  const paths = Math.min(8, 2 * Math.floor(most.work / (steps * neurons * 2)));
  const less = (holder: Tree | undefined, key: string, bound: number): void => {
    if (Number(holder?.[key]) > bound) holder![key] = bound;
  };
  less(job, "paths", Math.max(2, paths));
  less(job, "steps", 3);
  less(job, "maxSpikes", 2048);
  less((job.observed as Tree | undefined)?.simulate as Tree | undefined, "paths", 8);
  less(job.test as Tree | undefined, "paths", 8);
  if ((neurons + 1) ** Number(loss?.depth ?? 1) > most.words) return undefined;
  if (Math.max(Number(loss?.spikes ?? 1), Number((job.test as Tree | undefined)?.spikes ?? 1)) > most.spikes)
    return undefined;
  const truth = (job.observed as Tree | undefined)?.simulate as { dt?: number } | undefined;
  if (truth?.dt && (time.t1 - (time.t0 ?? 0)) / truth.dt > most.work) return undefined;
  return job;
}

/** Jobs moved in their last digits that are looked at where the backends differ. */
const movedJobs = 6;

export class JobFuzzer {
  private readonly device = new SharedDevice();
  private readonly file: string;

  /** @param folder an empty one, for job files and outputs. */
  constructor(private readonly folder: string) {
    this.file = join(folder, "job.json");
  }

  get adapterName(): string | undefined {
    return this.device.adapterName;
  }

  dispose(): void {
    this.device.dispose();
  }

  run(seed: number, item: number): Promise<Verdict> {
    return this.runJob(fuzzedJob(seed, item), new Random(seed, item, 1));
  }

  async runJob({ command, text }: FuzzedJob, random: Random): Promise<Verdict> {
    const { file, folder } = this;
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
    writeFileSync(file, text);
    const written = command === "simulate" || command === "signature" || command === "kernel";
    // Gradients of every path go into a file, which the job then needs.
    const out = written || text.includes("perPath") ? join(folder, "out.npz") : undefined;
    const refused = await refusal(command, file, { backend: "cpu", out });
    if (refused) return { counts: { tried: 1, refused: 1 }, faults: [...judge(refused), ...this.leftovers([])] };

    const job = affordable(command, JSON.parse(text) as Tree);
    if (!job || (await this.firesMuch(command, job)))
      return { counts: { tried: 1, accepted: 1, "too large to run": 1 }, faults: this.leftovers([]) };
    const [exact, exactFaults] = await this.runOn("cpu", command, job, out);
    const [device, deviceFaults] = await this.runOn("webgpu", command, job, out);
    const faults = [...exactFaults, ...deviceFaults.filter((f) => !exactFaults.some((e) => e.what === f.what))];
    const counts: Record<string, number> = { tried: 1, accepted: 1 };
    if (!("results" in exact) || !("results" in device)) {
      const failed = [exact, device].filter((r) => !("results" in r)).length;
      // No number at a single point that the solution touches, and one beside it: either answer is right.
      const atOnePoint = failed === 1 && !("results" in exact) && (await this.finiteBeside(command, job, out));
      counts[failed === 2 ? "failed on both backends" : atOnePoint ? "ill-posed" : "failed on one backend"] = 1;
      if (failed === 1 && !atOnePoint) faults.push(...oneSided(exact.outcome, device.outcome));
      return { counts, faults };
    }
    if (random.chance(0.1)) faults.push(...(await this.inWords(command, job, out)));
    let agreement = compare(exact.results!, device.results!, []);
    if (agreement.differences.length > 0) {
      const moved: Results[] = [];
      for (let i = 0; i < movedJobs; i++) {
        const [other] = await this.runOn("cpu", command, perturbed(random, job), out);
        if (other.results) moved.push(other.results);
      }
      // A job that a move of its last digits makes wrong stands at the edge of what is right.
      if (moved.length < movedJobs) return { counts: { ...counts, "ill-posed": 1 }, faults };
      agreement = compare(exact.results!, device.results!, moved);
    }
    counts.compared = 1;
    const uncertain =
      agreement.differences.length > 0 && job.network !== undefined
        ? uncertainPlaces(job as unknown as SolveJob)
        : undefined;
    if (uncertain) return { counts: { ...counts, [uncertain]: 1 }, faults };
    if (agreement.explained) counts["explained by conditioning"] = 1;
    if (agreement.illPosed) counts["ill-posed"] = 1;
    for (const what of agreement.differences.slice(0, 2)) faults.push({ kind: "backends disagree", what });
    return { counts, faults };
  }

  /** Whether a job whose states start and are reset a little beside is solved in float64. */
  private async finiteBeside(command: CommandName, job: Tree, out: string | undefined): Promise<boolean> {
    for (const by of [2 ** -20, -(2 ** -20)]) {
      const beside = nudged(job, by);
      if (beside && (await this.runOn("cpu", command, beside, out))[0].results) return true;
    }
    return false;
  }

  /** Runs a job that was accepted. */
  private async runOn(
    backend: "cpu" | "webgpu",
    command: CommandName,
    job: Tree,
    out: string | undefined,
  ): Promise<[{ outcome: Outcome; results?: Results }, Fault[]]> {
    if (out) rmSync(out, { force: true });
    writeFileSync(this.file, JSON.stringify(job));
    const outcome = await withEngines(this.device.create, () => runCommand(command, this.file, { backend, out }));
    const faults = judge(outcome);
    if (outcome.code !== 0) return [{ outcome }, [...faults, ...this.leftovers([])]];
    faults.push(...this.leftovers(["out.npz", "run.checkpoint.json", "out"]));
    if (faults.some((f) => f.kind === "output")) return [{ outcome }, faults];
    if (out && existsSync(out)) {
      for (const [name, { data }] of Object.entries(readNpzFile(out))) {
        if (!name.includes("standard_error") && !Array.from(data).every(Number.isFinite))
          faults.push({ kind: "not finite", what: `in array ${name} of --out` });
      }
    }
    if (faults.length > 0) return [{ outcome }, faults];
    return [{ outcome, results: resultsOf(command, job, outcome.out, out ?? "") }, faults];
  }

  /** Whether a loss would look at so many spikes that it takes long: some compare each with each. */
  private async firesMuch(command: CommandName, job: Tree): Promise<boolean> {
    if (command !== "gradient" && command !== "train") return false;
    const { network, input, time, method, paths, seed, maxSpikes } = job;
    writeFileSync(this.file, JSON.stringify({ network, input, time, method, paths, seed, maxSpikes }));
    const { code, out } = await runCommand("simulate", this.file, { backend: "cpu" });
    return code === 0 && (JSON.parse(out) as { meanSpikeCount: number }).meanSpikeCount > most.trained;
  }

  /** What a person reads in place of JSON. */
  private async inWords(command: CommandName, job: Tree, out: string | undefined): Promise<Fault[]> {
    writeFileSync(this.file, JSON.stringify(job));
    const { out: words } = await withEngines(this.device.create, () =>
      runCommand(command, this.file, { backend: "cpu", json: false, out }),
    );
    const found = /NaN|Infinity|undefined|\[object|null/.exec(words);
    return found
      ? [{ kind: "not finite", what: `${found[0]} in: ${words.split("\n").find((l) => l.includes(found[0]))}` }]
      : [];
  }

  /** Files that a command left and should not have. */
  private leftovers(expected: readonly string[]): Fault[] {
    return readdirSync(this.folder)
      .filter((name) => name !== "job.json" && !expected.includes(name))
      .map((name) => ({ kind: "output", what: `left behind: ${name}` }) as const);
  }
}

/**
 * Whether a result says itself that its spikes are not where they are, by more than the interval between them: states are
 * then so large that 32-bit floats do not hold what a jump adds, and the spikes without end that float64 refuses do not come.
 */
const saysFarOff = (out: string): boolean =>
  ((JSON.parse(out) as { discretisation?: { relative?: number } }).discretisation?.relative ?? 0) > 1;

/** One backend gives a result and the other refuses: right only where 32-bit floats do not hold what 64-bit ones do. */
function oneSided(exact: Outcome, device: Outcome): Fault[] {
  if (
    exact.code === 0 &&
    device.code === 1 &&
    /infinite or NaN|became NaN|32-bit|float32|on this adapter/.test(device.error)
  )
    return [];
  if (device.code === 0 && / fires more than \d+ times /.test(exact.error) && saysFarOff(device.out)) return [];
  if (exact.code === 0 && device.code !== 0)
    return [{ kind: "backends disagree", what: `only the device refuses: ${device.error.trim()}` }];
  if (device.code === 0 && exact.code !== 0)
    return [{ kind: "backends disagree", what: `only the cpu refuses: ${exact.error.trim()}` }];
  return [];
}
