/**
 * Training steps by workers of a queue on Redis, for real on this machine: losses of all paths together, sums, estimators and data in
 * batches of samples, with a worker killed meanwhile, come to the bits of one machine. Without Redis it is skipped with the reason.
 * `SALTATION_CLUSTERS=all` runs every kind of job (`npm run test:clusters`).
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { losses } from "./losses.js";

const all = process.env.SALTATION_CLUSTERS === "all";
const bin = join(process.cwd(), "bin/saltation.js");
const folder = mkdtempSync(join(tmpdir(), "saltation-training-"));
const noRedis = spawnSync("which", ["redis-server"]).status === 0 ? undefined : "apt-get install redis-server";
const port = 20000 + (process.pid % 10000);
const redis = `redis://127.0.0.1:${port}`;

const optimiser = { kind: "rmsprop", learningRate: 0.01 };
const trained = (name: keyof typeof losses): object => {
  const { with: _, ...job } = { ...losses[name], perPath: undefined, discretisation: undefined };
  return { ...job, trainable: ["current", "vReset"], optimiser, steps: 3 };
};
const classes = {
  network: {
    populations: { in: { sources: 5 }, hidden: { cell: "slif", neurons: 4 }, out: { cell: "slif", neurons: 3 } },
    projections: [
      { from: "in", to: "hidden", weights: { allToAll: { normal: [1, 0.5], seed: 1 } } },
      { from: "hidden", to: "out", weights: { allToAll: { normal: [1, 0.5], seed: 2 } } },
    ],
  },
  data: { yinYang: { samples: 40, seed: 1, from: 0.1, to: 0.9, bias: 0.5 } },
  batch: 20,
  epochs: 2,
  trials: 2,
  time: { t1: 1, dt: 0.1 },
  trainable: ["in→hidden.weights", "hidden→out.weights"],
  optimiser,
  test: { data: { yinYang: { samples: 20, seed: 2, from: 0.1, to: 0.9, bias: 0.5 } } },
};
const ofClasses = { kind: "cross-entropy", neurons: "out" };
const jobs: Record<string, object> = {
  "van Rossum": trained("the van Rossum distance"),
  "signature MMD": trained("a signature kernel's MMD, of two neurons"),
  "expected signatures": trained("expected signatures, of two neurons"),
  sum: trained("a sum"),
  score: trained("a count, by the score, every path's, antithetic"),
  mix: trained("a count, by a mix"),
  likelihood: trained("a log-likelihood, by trials"),
  data: { ...classes, loss: ofClasses },
  "data, of a sum": {
    ...classes,
    loss: { kind: "sum", of: [{ loss: ofClasses }, { loss: { kind: "rate", most: 2 }, weight: 0.1 }] },
  },
};

const workers = new Set<ChildProcess>();
let server: ChildProcess | undefined;
let over = false;
/** A worker that is replaced when it dies. */
function startWorker(): void {
  const worker = spawn(process.execPath, [bin, "worker", "--redis", redis, "--lock", "2", "--threads", "1"], {
    cwd: folder,
    stdio: "ignore",
  });
  workers.add(worker);
  worker.once("exit", () => {
    workers.delete(worker);
    if (!over) startWorker();
  });
}

const train = (name: string, backend: string, ...args: string[]): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const words = [bin, "train", name, "--backend", backend, "--json", "--history", "loss", ...args];
    const child = spawn(process.execPath, words, { cwd: folder });
    let [out, error] = ["", ""];
    child.stdout.on("data", (d) => (out += d));
    child.stderr.on("data", (d) => (error += d));
    child.once("exit", (code) => {
      if (code !== 0) return reject(new Error(error));
      const { loss, parameters, unbiased, metrics, history } = JSON.parse(out);
      resolve({ loss, parameters, unbiased, metrics, history });
    });
  });

describe.skipIf(noRedis !== undefined)(`training by workers${noRedis ? `: ${noRedis}` : ""}`, () => {
  beforeAll(async () => {
    server = spawn("redis-server", ["--port", String(port), "--save", ""], { cwd: folder, stdio: "ignore" });
    await sleep(500);
    startWorker();
    startWorker();
  });
  afterAll(async () => {
    over = true;
    const ended = [...workers].map((w) => new Promise((resolve) => w.once("exit", resolve)));
    for (const w of workers) w.kill("SIGTERM");
    await Promise.all(ended);
    server?.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(
    all ? Object.keys(jobs) : ["van Rossum", "mix", "data, of a sum"],
  )("of %s: the bits of one machine, in 1, 2 and 3 pieces", {
    timeout: 300_000,
  }, async (name) => {
    writeFileSync(join(folder, "job.json"), JSON.stringify(jobs[name]));
    const one = await train("job.json", "cpu");
    for (const pieces of ["1", "2", "3"]) {
      const going = train("job.json", "cpu", "--workers", redis, "--pieces", pieces);
      if (pieces === "3") {
        await sleep(1500);
        [...workers][0]?.kill("SIGKILL");
      }
      expect(await going).toEqual(one);
    }
  });

  // There a run without workers stays within the device, in float32.
  it.each(
    all ? ["van Rossum", "sum", "mix", "data", "data, of a sum"] : ["van Rossum", "data"],
  )("of %s on simd: the same bits in any pieces", {
    timeout: 300_000,
  }, async (name) => {
    writeFileSync(join(folder, "job.json"), JSON.stringify(jobs[name]));
    const [one, ...others] = ["1", "2", "3"].map(
      (pieces) => () => train("job.json", "simd", "--workers", redis, "--pieces", pieces),
    );
    const first = await one!();
    for (const other of others) expect(await other()).toEqual(first);
  });
});
