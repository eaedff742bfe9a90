/**
 * What shards cost beside their work, on this machine with two workers of a queue: `node dist/bench/shards.js [out.json]`.
 * Needs redis-server. Overhead of split, queue and merge for shards of some seconds; a training step over two workers beside
 * one process; time to the first result of a sweep of 1,000 points.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const bin = fileURLToPath(new URL("../../bin/saltation.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "saltation-bench-"));
const port = 20000 + (process.pid % 10000);
const redis = `redis://127.0.0.1:${port}`;

function timed(args: readonly string[]): { seconds: number; out: string } {
  const began = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { cwd: folder, encoding: "utf8" });
  if (status !== 0) throw new Error(`${args.join(" ")}: ${stderr}`);
  return { seconds: (performance.now() - began) / 1000, out: stdout };
}

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

async function measure(): Promise<object> {
  // Shards of some 10 s: four, by two workers at a time.
  const loss = { loss: { kind: "mean-spike-time", index: 1 }, with: ["current"] };
  const big = file("big.json", { ...solve, paths: 256 * 480, ...loss });
  const queued = timed(["submit", big, "--shards", "4", "--backend", "cpu", "--redis", redis, "--json"]);
  const { seconds: work, adapter } = JSON.parse(queued.out) as { seconds: number; adapter: string };
  const shards = { adapter, shardSeconds: work / 4, wall: queued.seconds, overhead: (2 * queued.seconds) / work - 1 };

  const job = file("train.json", {
    ...solve,
    paths: 16384,
    loss: { kind: "first-spikes", spikes: 2 },
    observed: [
      [0.2, 0.5],
      [0.3, 0.6],
    ],
    trainable: ["current"],
    optimiser: { kind: "sgd", learningRate: 0.01 },
    steps: 12,
  });
  const stepSeconds = (args: readonly string[]): { seconds: number; adapter: string } => {
    const { out } = timed(["train", job, "--backend", "webgpu", "--json", "--history", "none", ...args]);
    const { seconds, steps, adapter: on } = JSON.parse(out) as { seconds: number; steps: number; adapter: string };
    return { seconds: seconds / steps, adapter: on };
  };
  stepSeconds(["--workers", redis]); // workers have compiled their kernels then
  const byTwo = stepSeconds(["--workers", redis]);
  const alone = stepSeconds([]);
  const training = { ...byTwo, alone: alone.seconds, ratio: byTwo.seconds / alone.seconds };

  const grid = file("grid.json", { "input.current": { from: 1, to: 2, count: 1000 } });
  const point = file("point.json", { ...solve, paths: 256, ...loss });
  const split = timed(["split", point, "--grid", grid, "--shards", "1000", "--out", "sweep", "--backend", "cpu"]);
  const first = timed(["run", "sweep/shard-0001.json"]);
  const sweep = { points: 1000, split: split.seconds, firstResult: split.seconds + first.seconds };
  return { shards, training, sweep };
}

const children: ChildProcess[] = [
  spawn("redis-server", ["--port", String(port), "--save", "", "--dir", folder], { stdio: "ignore" }),
];
try {
  await sleep(500);
  for (let i = 0; i < 2; i++) {
    children.push(spawn(process.execPath, [bin, "worker", "--redis", redis], { stdio: "ignore" }));
  }
  await sleep(3000);
  const text = `${JSON.stringify(await measure(), null, 2)}\n`;
  process.stdout.write(text);
  if (process.argv[2]) writeFileSync(process.argv[2], text);
} finally {
  for (const child of children.reverse()) child.kill();
  await sleep(1000);
  rmSync(folder, { recursive: true, force: true });
}
