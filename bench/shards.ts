/**
 * What shards cost beside their work, on this machine with two workers of a queue: `node dist/bench/shards.js [out.json]`.
 * Needs redis-server and Linux. Processor time of a command is that of all processes that it keeps busy, so that the figures
 * hold on a machine with other work; times by the clock are taken in turns with what they are compared with.
 *
 * - Overhead of split, queue and merge: what a job costs in eight shards beyond what it costs in one run; by files two processes
 *   run four each. Measured with one step of time and the paths of shards of 10 s, as it depends on the number of blocks and not
 *   on their work.
 * - A training step over two workers of a thread each, beside one process of two threads.
 * - Time to the first result of a sweep of 1,000 points.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const bin = fileURLToPath(new URL("../../bin/saltation.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "saltation-bench-"));
const port = 20000 + (process.pid % 10000);
const redis = `redis://127.0.0.1:${port}`;
const ticks = Number(spawnSync("getconf", ["CLK_TCK"], { encoding: "utf8" }).stdout);

/** Processor seconds so far of this process and all below it, with those that ended. */
function processorSeconds(): number {
  const parents = new Map<number, number>();
  const used = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      // The name of the command stands in parentheses, and may have any in it.
      const fields = readFileSync(`/proc/${name}/stat`, "utf8").split(") ").at(-1)!.split(" ");
      parents.set(Number(name), Number(fields[1]));
      used.set(
        Number(name),
        fields.slice(11, 15).reduce((sum, t) => sum + Number(t), 0),
      );
    } catch {
      // It has ended meanwhile.
    }
  }
  const below = (pid: number | undefined): boolean => pid === process.pid || (!!pid && below(parents.get(pid)));
  return [...used].reduce((sum, [pid, t]) => sum + (below(pid) ? t : 0), 0) / ticks;
}

interface Cost {
  readonly processor: number;
  readonly clock: number;
  readonly out: string;
}

function command(...args: readonly string[]): Cost {
  const [began, before] = [performance.now(), processorSeconds()];
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { cwd: folder, encoding: "utf8" });
  if (status !== 0) throw new Error(`${args.join(" ")}: ${stderr}`);
  return { processor: processorSeconds() - before, clock: (performance.now() - began) / 1000, out: stdout };
}

const together = (...costs: readonly Cost[]): number => costs.reduce((sum, c) => sum + c.processor, 0);
const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;

const file = (name: string, value: object): string => {
  writeFileSync(join(folder, name), JSON.stringify(value));
  return name;
};

const solve = {
  network: { cell: "slif" },
  input: { current: 1.5 },
  time: { t1: 1, dt: 0.01 },
  seed: 1,
  discretisation: false,
};
const loss = { loss: { kind: "mean-spike-time", index: 1 }, with: ["current"] };
const turns = 3;
const shardSeconds = 10;

function overhead(): object {
  // What a block of paths takes: more blocks less fewer, so that the start of a process is in neither.
  const cost = (blocks: number): number =>
    command("gradient", file("block.json", { ...solve, paths: 256 * blocks, ...loss }), "--backend", "cpu").processor;
  const ofBlock = (cost(9) - cost(1)) / 8;
  const blocks = 8 * Math.round(shardSeconds / ofBlock);
  const shards = 8;
  const job = file("step.json", { ...solve, time: { t1: 0.01, dt: 0.01 }, paths: 256 * blocks, ...loss });
  const on = ["--backend", "cpu"];
  command("submit", job, "--shards", `${shards}`, ...on, "--redis", redis); // processes of workers have started then
  const [alone, queued, files]: [number[], number[], number[]] = [[], [], []];
  for (let turn = 0; turn < turns; turn++) {
    const seed = { seed: 2 + turn };
    const own = file("own.json", { ...JSON.parse(readFileSync(join(folder, job), "utf8")), ...seed });
    alone.push(together(command("gradient", own, ...on, "--json")));
    queued.push(together(command("submit", own, "--shards", `${shards}`, ...on, "--redis", redis, "--json")));
    const to = `cut-${turn}`;
    const split = command("split", own, "--shards", `${shards}`, ...on, "--out", to);
    const names = Array.from({ length: shards }, (_, n) => join(to, `shard-000${n + 1}.json`));
    const half = shards / 2;
    const runs = [names.slice(0, half), names.slice(half)].map((some) => command("run", ...some));
    files.push(together(split, ...runs, command("merge", to, "--json")));
  }
  const beyond = (of: readonly number[]): object => {
    const seconds = median(of) - median(alone);
    return { processorSeconds: seconds, partOfShards: seconds / (shards * shardSeconds) };
  };
  return { shardSeconds, shards, paths: 256 * blocks, queue: beyond(queued), files: beyond(files) };
}

function training(paths: number): object {
  const job = (steps: number): string =>
    file(`train-${steps}.json`, {
      ...solve,
      paths,
      loss: { kind: "first-spikes", spikes: 2 },
      observed: [
        [0.2, 0.5],
        [0.3, 0.6],
      ],
      trainable: ["current"],
      optimiser: { kind: "sgd", learningRate: 0.01 },
      steps,
    });
  const [few, many] = [job(2), job(12)];
  const steps = (...args: readonly string[]): { processor: number; clock: number } => {
    const of = (name: string): Cost => command("train", name, "--backend", "simd", "--history", "none", ...args);
    const [a, b] = [of(few), of(many)];
    return { processor: (b.processor - a.processor) / 10, clock: (b.clock - a.clock) / 10 };
  };
  command("train", few, "--backend", "simd", "--workers", redis); // kernels are compiled then
  const [alone, byTwo]: [ReturnType<typeof steps>[], ReturnType<typeof steps>[]] = [[], []];
  for (let turn = 0; turn < turns; turn++) {
    alone.push(steps("--threads", "2"));
    byTwo.push(steps("--workers", redis));
  }
  const of = (what: "processor" | "clock"): object => {
    const [one, two] = [median(alone.map((c) => c[what])), median(byTwo.map((c) => c[what]))];
    return { alone: one, byTwoWorkers: two, ratio: two / one };
  };
  return { paths, backend: "simd", processorSeconds: of("processor"), clockSeconds: of("clock") };
}

function sweep(): object {
  const grid = file("grid.json", { "input.current": { from: 1, to: 2, count: 1000 } });
  const point = file("point.json", { ...solve, paths: 256, ...loss });
  const split = command("split", point, "--grid", grid, "--shards", "1000", "--out", "sweep", "--backend", "cpu");
  const first = command("run", "sweep/shard-0001.json");
  const seconds = (what: "processor" | "clock"): object => ({
    split: split[what],
    firstResult: split[what] + first[what],
  });
  return { points: 1000, processorSeconds: seconds("processor"), clockSeconds: seconds("clock") };
}

const children: ChildProcess[] = [
  spawn("redis-server", ["--port", String(port), "--save", "", "--dir", folder], { stdio: "ignore" }),
];
try {
  await sleep(2000);
  for (let i = 0; i < 2; i++) {
    const worker = [bin, "worker", "--redis", redis, "--threads", "1"];
    children.push(spawn(process.execPath, worker, { stdio: "ignore" }));
  }
  await sleep(5000);
  const text = `${JSON.stringify({ overhead: overhead(), training: [16384, 131072].map(training), sweep: sweep() }, null, 2)}\n`;
  process.stdout.write(text);
  if (process.argv[2]) writeFileSync(process.argv[2], text);
} finally {
  for (const child of children.reverse()) child.kill();
  await sleep(1000);
  rmSync(folder, { recursive: true, force: true });
}
