/**
 * Shards by the engines that run them, for real on this machine, with processes killed at moments by chance: Slurm,
 * Snakemake and BullMQ on Redis give the bits of one run. What is not installed is skipped with the reason.
 * `SALTATION_CLUSTERS=all` runs every cut (`npm run test:clusters`).
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noSlurm, type Slurm, startSlurm } from "./slurm.js";

const bin = join(process.cwd(), "bin/saltation.js");
const folder = mkdtempSync(join(tmpdir(), "saltation-clusters-"));
const command = join(folder, "saltation");
const at = (name: string): string => join(folder, name);

const gradient = {
  network: { cell: "slif" },
  input: { current: 1.5 },
  time: { t1: 0.4, dt: 0.1 },
  paths: 65536,
  seed: 1,
  discretisation: false,
  loss: { kind: "mean-spike-time", index: 0 },
  with: ["current"],
};
/** A loss of all paths together, which takes three rounds. */
const together = {
  ...gradient,
  paths: 1024,
  loss: { kind: "van-rossum", tau: 0.1 },
  observed: [[0.1, 0.3], [0.2], [0.15]],
};
/** Of `someFail`, the second point fails. */
const burst = {
  name: "burst",
  state: { v: "a * v * v + I", s: "1" },
  event: "s - 1",
  start: { v: "1", s: "log(u)" },
  reset: { s: "log(u)" },
  parameters: { a: 0 },
};
const failing = { ...gradient, paths: 512, network: { cell: burst }, time: { t1: 2, dt: 0.1 } };
const someFail = { "network.parameters.a": [0, 1000] };
const oneFailed = [
  { parameters: { "network.parameters.a": 0 }, result: expect.objectContaining({ value: expect.any(Number) }) },
  { parameters: { "network.parameters.a": 1000 }, failed: expect.stringMatching(/^the state became infinite/) },
];
const training = {
  ...gradient,
  paths: 4096,
  time: { t1: 1, dt: 0.05 },
  loss: { kind: "first-spikes", spikes: 2 },
  with: undefined,
  observed: [
    [0.2, 0.5],
    [0.3, 0.6],
  ],
  trainable: ["current"],
  optimiser: { kind: "rmsprop", learningRate: 0.01 },
  steps: 6,
};

const installed = (program: string): boolean => spawnSync("which", [program]).status === 0;
const noSnakemake = installed("snakemake") ? undefined : "snakemake is missing: apt-get install snakemake";
const noRedis = installed("redis-server") ? undefined : "redis-server is missing: apt-get install redis-server";

const run = (args: readonly string[], env: Record<string, string> = {}) =>
  spawnSync(command, args, { encoding: "utf8", env: { ...process.env, ...env }, cwd: folder });

/** Splits the job for an engine. */
function splitFor(engine: string, shards: number, out: string, job = "job.json"): void {
  const split = `split ${job} --shards ${shards} --backend cpu --out ${out} --engine ${engine}`;
  expect(run(split.split(" ")).status).toBe(0);
}

/** What a command prints as JSON, but for times. */
function printed(text: string): string {
  return JSON.stringify(JSON.parse(text), (key, value) => (/seconds/i.test(key) ? undefined : value));
}

const dice = (n: number): number => Math.floor(Math.random() * n);

/** Processes that were started in this test's folder, or for it, and run shards. */
function working(what: RegExp): number[] {
  return readdirSync("/proc").flatMap((pid) => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      return /^\d+$/.test(pid) && what.test(line) && readlinkSync(`/proc/${pid}/cwd`).startsWith(folder)
        ? [Number(pid)]
        : [];
    } catch {
      return [];
    }
  });
}

/** Kills so many of them at moments by chance, until told to stop. */
function killer(what: RegExp, most: number): { count(): number; stop(): Promise<number> } {
  let [killed, over] = [0, false];
  const loop = (async () => {
    while (!over && killed < most) {
      await sleep(100 + dice(900));
      const pids = working(what);
      if (pids.length === 0 || over) continue;
      try {
        process.kill(pids[dice(pids.length)]!, "SIGKILL");
        killed++;
      } catch {
        // It has ended by itself.
      }
    }
  })();
  return {
    count: () => killed,
    async stop() {
      over = true;
      await loop;
      return killed;
    },
  };
}

/**
 * Does work again and again until so many processes were killed meanwhile: work that is done is then done a second time.
 * @param least how often it is done at least.
 */
async function underFire(
  what: RegExp,
  kills: number,
  once: (round: number) => Promise<void>,
  least = 1,
): Promise<void> {
  const fire = killer(what, kills);
  try {
    for (let round = 0; round < least || (fire.count() < kills && round < 20); round++) await once(round);
  } finally {
    expect(await fire.stop()).toBe(kills);
  }
}

/** All cuts take ten minutes: the long suite has one of each kind, and `npm run test:clusters` all of them. */
const all = process.env.SALTATION_CLUSTERS === "all";

const cuts: [shards: number, kills: number][] = [
  [1, 3],
  [7, 6],
  [64, 11],
];
/** Into how many shards, and how many processes are killed: of all, 20 with each engine. The queue, which is ours, has one always. */
const fires = all ? cuts : [];
const firesOfQueue = cuts.filter(([shards]) => all || shards === 7);

async function until(what: () => boolean, seconds: number): Promise<void> {
  for (let i = 0; i < 5 * seconds && !what(); i++) await sleep(200);
}

let whole = "";
let wholeTogether = "";
beforeAll(() => {
  // What is asked of it is the same as of an installed command.
  writeFileSync(command, `#!/bin/sh\nexec "${process.execPath}" "${bin}" "$@"\n`);
  chmodSync(command, 0o755);
  writeFileSync(at("job.json"), JSON.stringify(gradient));
  whole = printed(run(["gradient", "job.json", "--backend", "cpu", "--json"]).stdout);
  writeFileSync(at("together.json"), JSON.stringify(together));
  wholeTogether = printed(run(["gradient", "together.json", "--backend", "cpu", "--json"]).stdout);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("runs what merge says is missing, shuffled, twice and killed, to the bits of one run", {
  timeout: 300_000,
}, async () => {
  expect(run(["split", "job.json", "--shards", "64", "--backend", "cpu", "--out", "plain"]).status).toBe(0);
  const kills = killer(/saltation\.js run /, 20);
  let rounds = 0;
  let merged = run(["merge", "plain", "--json"]);
  for (; merged.status === 1 && rounds < 30; rounds++) {
    const missing = merged.stderr.split("\n").flatMap((line) => /^saltation run (\S+)$/.exec(line)?.[1] ?? []);
    expect(missing.length).toBeGreaterThan(0);
    const some = [...missing, ...missing.slice(0, 8)].sort(() => Math.random() - 0.5);
    const half = Math.ceil(some.length / 2);
    const runs = [some.slice(0, half), some.slice(half)].map((files) =>
      files.length > 0 ? spawn(command, ["run", ...files], { cwd: folder, stdio: "ignore" }) : undefined,
    );
    await Promise.all(runs.map((p) => p && new Promise((resolve) => p.once("exit", resolve))));
    if (rounds === 0) writeFileSync(at("plain/result-shard-0007.json"), '{"format": "saltation-shard-result", "ver');
    merged = run(["merge", "plain", "--json"]);
  }
  const killed = await kills.stop();
  expect(merged.stderr).toBe("");
  expect(printed(merged.stdout)).toBe(whole);
  expect(killed).toBeGreaterThan(0);
});

const noted = (why: string | undefined): string => (why ? `: ${why}` : "");

describe.skipIf(noSlurm() !== undefined)(`Slurm${noted(noSlurm())}`, () => {
  let slurm: Slurm;
  beforeAll(() => {
    slurm = startSlurm(at("slurm"));
  });
  afterAll(() => slurm?.stop());

  it.each(fires)(
    "gives the bits of one run in %d shards, each twice, %d tasks killed",
    {
      timeout: 900_000,
    },
    async (shards, kills) => {
      const out = `bySlurm-${shards}`;
      splitFor("slurm", shards, out);
      const env = { ...process.env, ...slurm.env, SALTATION: command };
      const waiting = (): string => spawnSync("squeue", ["-h", "-t", "all"], { encoding: "utf8", env }).stdout;
      await underFire(/saltation\.js run /, kills, async () => {
        for (const name of readdirSync(at(out))) if (/^result/.test(name)) rmSync(join(at(out), name));
        // A task that was killed three times is none that Slurm tries again; the same command takes up what is missing.
        for (let sent = 0; sent < 20 && !existsSync(join(at(out), "result.json")); sent++) {
          for (let twice = 0; twice < 2; twice++) {
            const { stderr } = spawnSync("bash", [join(at(out), "slurm.sh")], { encoding: "utf8", env });
            expect(stderr).toBe("");
          }
          await until(() => !/\b(PD|R|CG)\b/.test(waiting()), 300);
        }
        expect(printed(readFileSync(join(at(out), "result.json"), "utf8"))).toBe(whole);
      });
    },
  );

  it("runs the rounds of a loss of all paths one after the other", { timeout: 300_000 }, async () => {
    splitFor("slurm", 3, "bySlurm-together", "together.json");
    const env = { ...process.env, ...slurm.env, SALTATION: command };
    expect(spawnSync("bash", [at("bySlurm-together/slurm.sh")], { encoding: "utf8", env }).stderr).toBe("");
    await until(() => existsSync(at("bySlurm-together/result.json")), 240);
    expect(printed(readFileSync(at("bySlurm-together/result.json"), "utf8"))).toBe(wholeTogether);
  });
});

describe.skipIf(noSnakemake !== undefined)(`Snakemake${noted(noSnakemake)}`, () => {
  it.each(fires)(
    "gives the bits of one run in %d shards, each twice, %d tasks killed",
    {
      timeout: 900_000,
    },
    async (shards, kills) => {
      const out = at(`bySnake-${shards}`);
      splitFor("snakemake", shards, out);
      const args = ["-s", join(out, "Snakefile"), "-d", out, "-c", "2", "--config", `saltation=${command}`];
      // A workflow has one job of each output: it is run a second time for all.
      const once = async (round: number): Promise<void> => {
        let code: unknown = 1;
        // What was killed four times ends it; the same command goes on.
        for (let sent = 0; sent < 20 && code !== 0; sent++) {
          const again = round > 0 && sent === 0 ? ["--forceall"] : [];
          const snake = spawn("snakemake", [...args, ...again], { stdio: "ignore", cwd: folder });
          code = await new Promise((resolve) => snake.once("exit", resolve));
        }
        expect(code).toBe(0);
        expect(printed(readFileSync(join(out, "result.json"), "utf8"))).toBe(whole);
      };
      await underFire(/saltation\.js run /, kills, once, 2);
    },
  );

  it("runs the rounds of a loss of all paths one after the other", { timeout: 300_000 }, () => {
    const out = at("bySnake-together");
    splitFor("snakemake", 3, out, "together.json");
    const args = ["-s", join(out, "Snakefile"), "-d", out, "-c", "2", "--config", `saltation=${command}`];
    const { status, stderr } = spawnSync("snakemake", args, { encoding: "utf8", cwd: folder });
    expect(status, stderr).toBe(0);
    expect(printed(readFileSync(join(out, "result.json"), "utf8"))).toBe(wholeTogether);
  });

  it("keeps what a sweep came to in which a point failed", { timeout: 300_000 }, () => {
    writeFileSync(at("fails.json"), JSON.stringify(failing));
    writeFileSync(at("fails-grid.json"), JSON.stringify(someFail));
    const out = at("bySnake-fails");
    const how = [
      "--grid",
      "fails-grid.json",
      "--shards",
      "2",
      "--engine",
      "snakemake",
      "--backend",
      "cpu",
      "--out",
      out,
    ];
    run(["split", "fails.json", ...how]);
    const args = ["-s", join(out, "Snakefile"), "-d", out, "-c", "2", "--config", `saltation=${command}`];
    const { status, stderr } = spawnSync("snakemake", args, { encoding: "utf8", cwd: folder });
    expect(status, stderr).toBe(0);
    expect(JSON.parse(readFileSync(join(out, "result.json"), "utf8"))).toEqual(oneFailed);
  });
});

describe.skipIf(noRedis !== undefined)(`BullMQ on Redis${noRedis ? `: ${noRedis}` : ""}`, () => {
  const port = 10000 + (process.pid % 10000);
  const redis = `redis://127.0.0.1:${port}`;
  let server: ChildProcess;
  const workers = new Set<ChildProcess>();
  let over = false;

  const startRedis = (): ChildProcess =>
    spawn("redis-server", ["--port", String(port), "--save", "", "--appendonly", "yes", "--dir", folder], {
      stdio: "ignore",
    });
  /** A worker that is replaced when it dies. */
  const startWorker = (): void => {
    const worker = spawn(process.execPath, [bin, "worker", "--redis", redis, "--lock", "2", "--threads", "1"], {
      cwd: folder,
      stdio: "ignore",
    });
    workers.add(worker);
    worker.once("exit", () => {
      workers.delete(worker);
      if (!over) startWorker();
    });
  };
  /** The output of a command that goes on meanwhile. */
  const started = (args: readonly string[]): Promise<{ code: number | null; out: string; error: string }> =>
    new Promise((resolve) => {
      const child = spawn(command, args, { cwd: folder });
      const text = { out: "", error: "" };
      child.stdout.on("data", (d) => (text.out += d));
      child.stderr.on("data", (d) => (text.error += d));
      child.once("exit", (code) => resolve({ code, ...text }));
    });

  beforeAll(async () => {
    server = startRedis();
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
  });

  it.each(firesOfQueue)(
    "gives the bits of one run in %d shards, asked for twice, %d processes killed",
    {
      timeout: 900_000,
    },
    async (shards, kills) => {
      const submit = `submit job.json --shards ${shards} --backend cpu --redis ${redis} --tries 60 --json`.split(" ");
      await underFire(/saltation\.js worker|bullmq\/dist/, kills, async () => {
        for (const { out, error } of await Promise.all([started(submit), started(submit)])) {
          expect(error).toBe("");
          expect(printed(out)).toBe(whole);
        }
      });
    },
  );

  it("runs the rounds of a loss of all paths one after the other", { timeout: 300_000 }, async () => {
    const submit = `submit together.json --shards 3 --backend cpu --redis ${redis} --json`.split(" ");
    const { out, error } = await started(submit);
    expect(error).toBe("");
    expect(printed(out)).toBe(wholeTogether);
  });

  it("goes on when its Redis was away for 10 s", { timeout: 300_000 }, async () => {
    const going = started(["submit", "job.json", "--shards", "40", "--backend", "cpu", "--redis", redis, "--json"]);
    let ended = false;
    void going.then(() => (ended = true));
    // Once its shards are in the queue, however long it takes to begin.
    for (let there = 0; there === 0 && !ended; await sleep(200)) {
      const { waiting, delayed, active } = JSON.parse(run(["queue", "--redis", redis, "--json"]).stdout);
      there = waiting + delayed + active.length;
    }
    server.kill();
    await sleep(10_000);
    server = startRedis();
    const { out, error, code } = await going;
    expect(error).toMatch(/is away .*waiting for it[\s\S]*is back/);
    expect(code, error).toBe(0);
    expect(printed(out)).toBe(whole);
  });

  it("puts a poisoned job among the dead letters with its one line", { timeout: 120_000 }, async () => {
    const cell = { ...burst, state: { v: "1000 * v * v + I", s: "1" }, event: "s - 9", parameters: {} };
    const poison = { ...failing, network: { cell } };
    writeFileSync(at("poison.json"), JSON.stringify(poison));
    const alone = run(["gradient", "poison.json", "--backend", "cpu"]);
    const line = alone.stderr.trim().replace(/^saltation: /, "");
    const args = ["submit", "poison.json", "--shards", "2", "--backend", "cpu", "--redis", redis, "--json"];
    const { code, error } = await started(args);
    expect(code).toBe(1);
    expect(error.trim().split("\n")).toHaveLength(1);
    const { deadLetters } = JSON.parse(run(["queue", "--redis", redis, "--json"]).stdout);
    const reasons = deadLetters.map((l: { tries: number; reason: string }) => {
      expect(l.tries).toBe(1);
      return l.reason;
    });
    // Either of the two shards may have been the first.
    expect(reasons.map((r: string) => r.replace(/path \d+/, "path 0"))).toContain(line);
    expect(error).toMatch(/dead letters after 1 try: the state became infinite/);
    // Of a sweep, a point that fails in an early round leaves the others to go on.
    writeFileSync(at("some.json"), JSON.stringify({ ...failing, loss: { kind: "spike-count", target: 2 } }));
    writeFileSync(at("grid.json"), JSON.stringify(someFail));
    const swept = await started([...args.with(1, "some.json").with(3, "3"), "--grid", "grid.json"]);
    expect(swept.code, swept.error).toBe(1);
    expect(JSON.parse(swept.out)).toEqual(oneFailed);
  });

  // With as many pieces as workers both rounds of a piece are one job, else they are two.
  it.each(all ? [2, 3] : [2])("trains in %d pieces with workers that die, and resumes, to the bits of one machine", {
    timeout: 300_000,
  }, async (pieces) => {
    const file = `train-${pieces}.checkpoint.json`;
    writeFileSync(at(`train-${pieces}.json`), JSON.stringify({ ...training, checkpoint: { file, every: 0 } }));
    const args = ["train", `train-${pieces}.json`, "--backend", "cpu", "--json", "--history", "loss"];
    const resultOf = (text: string): unknown => {
      const { loss, parameters, adapter, unbiased } = JSON.parse(text);
      return { loss, parameters, adapter, unbiased };
    };
    const one = resultOf(run(args).stdout);
    rmSync(at(file));
    const byWorkers = [...args, "--workers", redis, "--pieces", `${pieces}`];
    const kills = killer(/saltation\.js worker/, 2);
    const child = spawn(command, byWorkers, { cwd: folder, stdio: "ignore" });
    await until(() => existsSync(at(file)), 60);
    child.kill("SIGTERM");
    await new Promise((resolve) => child.once("exit", resolve));
    const { out } = await started([...byWorkers, "--resume"]);
    await kills.stop();
    expect(resultOf(out)).toEqual(one);
  });
});
