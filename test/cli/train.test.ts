/** Training runs: stopped and killed as whole processes, and gone on with; and the files that they leave. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type CheckpointFile, readCheckpoint } from "../../src/cli/checkpoint.js";
import { sealed } from "../../src/files/seal.js";
import { commandLine } from "../support/command-line.js";

const folder = mkdtempSync(join(tmpdir(), "saltation-train-"));
let files = 0;
const newFile = (kind: string): string => join(folder, `${files++}.${kind}.json`);

/** Everything that has state: a schedule, constraints, two optimisers, clipping. */
const job = {
  network: { cell: "slif" },
  input: { current: 1.5 },
  time: { t1: 1, dt: 0.01 },
  paths: 64,
  seed: 1,
  observed: [
    [0.2, 0.5],
    [0.25, 0.45],
  ],
  loss: { kind: "first-spikes", spikes: 2 },
  trainable: ["current", { name: "mu1", transform: "softplus", group: "slow" }, { name: "vTh", bounds: [0, 2] }],
  optimiser: {
    kind: "rmsprop",
    learningRate: { kind: "cosine-decay", initValue: 0.01, decaySteps: 60 },
    momentum: 0.3,
    clip: { norm: 0.1 },
    groups: { slow: { kind: "adam", learningRate: 0.02 } },
  },
  steps: 30,
};

interface Outcome {
  readonly code: number | null;
  /** What ended a process that has no code. */
  readonly signal?: NodeJS.Signals | null;
  readonly out: string;
  readonly error: string;
}

function start(command: string[]): { child: ChildProcess; done: Promise<Outcome> } {
  const child = spawn("node", command);
  let out = "";
  let error = "";
  child.stdout.on("data", (data) => (out += data));
  child.stderr.on("data", (data) => (error += data));
  return {
    child,
    done: new Promise((resolve) => child.on("close", (code, signal) => resolve({ code, signal, out, error }))),
  };
}

/** A run that nothing befalls, within this process, on the adapter of those that something befalls. */
const train = (file: string, ...args: string[]): Promise<Outcome> =>
  commandLine(["train", file, "--json", "--backend", "webgpu", ...args]);

const stepOf = (file: string): number => {
  try {
    return (JSON.parse(readFileSync(file, "utf8")) as CheckpointFile).step;
  } catch {
    return 0;
  }
};

/** A run that ends itself by a signal once its checkpoint has so many steps, however busy the machine is. */
function interrupt(
  job: string,
  checkpoint: string,
  step: number,
  signal: NodeJS.Signals,
  ...args: string[]
): Promise<Outcome> {
  const script = withEngine(
    job,
    `const timer = setInterval(() => {
      const at = existsSync(${JSON.stringify(checkpoint)}) ? readFileSync(${JSON.stringify(checkpoint)}, "utf8") : "{}";
      if (!(JSON.parse(at).step >= ${step})) return;
      clearInterval(timer);
      process.kill(process.pid, "${signal}");
    }, 0);`,
    ...args,
  );
  return start([script]).done;
}

/** A script that is \`saltation train\` on a GPU, and does something to its engine once that is open. */
function withEngine(job: string, act: string, ...args: string[]): string {
  const file = join(folder, `${files++}.mjs`);
  const module = (name: string): string => JSON.stringify(join(process.cwd(), "dist/src", name));
  writeFileSync(
    file,
    `import { existsSync, readFileSync } from "node:fs";
    import { Engine } from ${module("index.js")};
    const create = Engine.create;
    Engine.create = async (options) => {
      const engine = await create.call(Engine, options);
      ${act}
      return engine;
    };
    const command = ["saltation", "train", ${JSON.stringify(job)}, "--backend", "webgpu"];
    process.argv = [process.argv[0], ...command, ...${JSON.stringify(args)}];
    await import(${module("cli/main.js")});`,
  );
  return file;
}

const finalOf = (outcome: Outcome, checkpoint: string) => {
  expect(outcome.error).toBe("");
  expect(outcome.code).toBe(0);
  const { parameters, loss, history } = JSON.parse(outcome.out);
  const { update } = JSON.parse(readFileSync(checkpoint, "utf8")) as CheckpointFile;
  return { parameters, loss, update, last: history.at(-1) };
};

describe("a training run", () => {
  it("has the same bits after Ctrl-C and a kill at random steps", async () => {
    const write = (checkpoint: string): string => {
      const file = newFile("job");
      writeFileSync(file, JSON.stringify({ ...job, checkpoint: { file: checkpoint, every: 0 } }));
      return file;
    };
    const wholeCheckpoint = newFile("checkpoint");
    const whole = finalOf(await train(write(wholeCheckpoint)), wholeCheckpoint);

    const checkpoint = newFile("checkpoint");
    const file = write(checkpoint);
    const [first, second] = [1 + Math.floor(8 * Math.random()), 14 + Math.floor(8 * Math.random())];
    const stopped = await interrupt(file, checkpoint, first, "SIGINT", "--json");
    expect(stopped.code, `steps ${first}, ${second}, ended by ${stopped.signal}`).toBe(130);
    expect(stopped.out).toBe("");
    const done = stepOf(checkpoint);
    expect(done).toBeGreaterThanOrEqual(first);
    expect(done).toBeLessThan(30);
    expect(stopped.error).toContain(
      `saltation: stopped after step ${done} of 30; the checkpoint is in ${checkpoint}; ` +
        `go on with: saltation train ${file} --backend webgpu --json --resume\n`,
    );
    const killed = await interrupt(file, checkpoint, second, "SIGKILL", "--json", "--resume");
    expect(killed).toMatchObject({ code: null, signal: "SIGKILL" });
    expect(stepOf(checkpoint)).toBeGreaterThanOrEqual(second);
    const rest = finalOf(await train(file, "--resume"), checkpoint);
    expect(rest, `steps ${first}, ${second}`).toEqual(whole);
  });

  it("without a checkpoint says that nothing was kept; SIGTERM is 143", async () => {
    const file = newFile("job");
    writeFileSync(file, JSON.stringify({ ...job, steps: 100_000, paths: 16 }));
    const script = withEngine(
      file,
      `const timer = setInterval(() => {
        if (process.listenerCount("SIGTERM") === 0) return;
        clearInterval(timer);
        process.kill(process.pid, "SIGTERM");
      }, 5);`,
    );
    const { code, out, error } = await start([script]).done;
    expect(error).toMatch(
      /saltation: stopped after step \d+ of 100000; nothing was kept, as the job names no "checkpoint"/,
    );
    expect(out).toBe("");
    expect(code).toBe(143);
  });

  it("is stopped in the middle of a step that never ends, with the checkpoint of the step before", async () => {
    const checkpoint = newFile("checkpoint");
    const file = newFile("job");
    writeFileSync(file, JSON.stringify({ ...job, checkpoint: { file: checkpoint, every: 1e6 } }));
    const stuck = (from: number): string =>
      withEngine(
        file,
        `const { network } = engine;
        engine.network = (definition) => Object.assign(network.call(engine, definition), {
          place: async () => ({
            async *run() {
              for (let step = 0; step < ${from}; step++) {
                const state = { values: [step, 1, 1], coordinates: [step, 1, 1], moments: [] };
                const result = { value: 1, standardError: 0, gradient: {}, means: [], saturatedPaths: 0 };
                yield { step, result, state: async () => state, evaluated: async () => result };
              }
              setInterval(() => {}, 1e6);
              setImmediate(() => process.kill(process.pid, "SIGTERM"));
              await new Promise(() => {});
            },
            dispose() {},
          }),
        });`,
      );
    const { code, out, error } = await start([stuck(3)]).done;
    expect(error).toContain(`saltation: stopped after step 3 of 30; the checkpoint is in ${checkpoint}; go on with: `);
    expect([stepOf(checkpoint), out, code]).toEqual([3, "", 143]);

    const none = newFile("checkpoint");
    writeFileSync(file, JSON.stringify({ ...job, checkpoint: { file: none, every: 1e6 } }));
    const early = await start([stuck(0)]).done;
    expect(early.error).toMatch(/saltation: stopped before a step was done\n$/);
    expect([existsSync(none), early.out, early.code]).toEqual([false, "", 143]);
  });

  it("that loses its device leaves a checkpoint and says so", async () => {
    const checkpoint = newFile("checkpoint");
    const file = newFile("job");
    writeFileSync(file, JSON.stringify({ ...job, steps: 100_000, checkpoint: { file: checkpoint, every: 0 } }));
    const script = withEngine(
      file,
      `const timer = setInterval(() => {
        if (!existsSync(${JSON.stringify(checkpoint)})) return;
        clearInterval(timer);
        engine.gpu.device.destroy();
      }, 5);`,
    );
    const { code, out, error } = await start([script]).done;
    expect(error.trim().split("\n")).toHaveLength(1);
    expect(error).toContain(
      `the checkpoint of step ${stepOf(checkpoint)} is in ${checkpoint}; go on with: saltation train`,
    );
    expect(out).toBe("");
    expect(code).toBe(2);
    const short = { ...job, steps: stepOf(checkpoint) + 1, checkpoint: { file: checkpoint, every: 0 } };
    writeFileSync(file, JSON.stringify(short));
    expect((await train(file, "--resume")).code).toBe(0);
  });

  it("stopped while its results are made goes on with them, as does one that is finished", async () => {
    const checkpoint = newFile("checkpoint");
    const file = newFile("job");
    const metrics = { kind: "spike-trains", t0: 0, t1: 1, window: 0.1 };
    const write = (change: object) =>
      writeFileSync(file, JSON.stringify({ ...job, steps: 5, checkpoint, metrics, ...change }));
    write({});
    const figure = ["--figure", join(folder, "results.svg")];
    // Only the metrics simulate.
    const script = withEngine(
      file,
      `const network = engine.network;
      engine.network = (definition) => Object.assign(network.call(engine, definition), {
        simulate: async () => {
          process.kill(process.pid, "SIGINT");
          await new Promise((resolve) => setTimeout(resolve, 20_000));
        },
      });`,
      ...figure,
    );
    const stopped = await start([script]).done;
    expect(stopped.error).toMatch(
      /^saltation: stopped after the last step, before its results; the checkpoint is in .*; go on with: saltation train/,
    );
    expect(stopped.out).toBe("");
    expect(stopped.code).toBe(130);

    const saved = newFile("saved");
    const resumed = await train(file, "--resume", ...figure, "--save", saved);
    expect(resumed.error).toBe("");
    const whole = await train(file, ...figure);
    const [rest, all] = [JSON.parse(resumed.out), JSON.parse(whole.out)];
    const kept = ({ loss, parameters, metrics, steps }: typeof all) => ({ loss, parameters, metrics, steps });
    expect(kept(rest)).toEqual(kept(all));
    expect([rest.firstStep, rest.history]).toEqual([5, []]);
    expect(JSON.parse(readFileSync(saved, "utf8")).network.parameters.mu1).toBe(all.parameters.mu1);

    write({ steps: 4 });
    const more = await train(file, "--resume", ...figure);
    expect(more.error).toMatch(/steps: is 4, but the checkpoint has 5 steps already; ask for as many or more/);
    expect(more.code).toBe(1);
  });

  it("tells as much of its steps as is asked for", async () => {
    const file = newFile("job");
    writeFileSync(file, JSON.stringify({ ...job, steps: 2 }));
    const told = async (history: string) => JSON.parse((await train(file, "--history", history)).out);
    const [loss, none] = [await told("loss"), await told("none")];
    expect(loss.history).toHaveLength(2);
    expect(Object.keys(loss.history[0])).toEqual(["loss", "standardError"]);
    expect(none.history).toBeUndefined();
    expect(none.loss).toBe(loss.history[1].loss);
    expect(none.parameters).toEqual(loss.parameters);
  });
});

describe("checkpoint files", () => {
  const update = {
    step: 3,
    values: [1],
    unconstrained: [1],
    low: [0],
    groups: [{ name: "default", slots: { trace: [0] } }],
  };
  const whole = {
    format: "saltation-checkpoint",
    version: 2,
    step: 3,
    seed: 0,
    trainable: ["current"],
    job: { paths: "aa", observed: "bb" },
    adapter: "x",
    update,
  };
  const text = JSON.stringify(sealed(whole));
  const read = (content: string) => {
    const file = newFile("checkpoint");
    writeFileSync(file, content);
    return () => readCheckpoint(file, whole.job);
  };
  const other = (job: object): string => JSON.stringify(sealed({ ...whole, job: { ...whole.job, ...job } }));

  it("are read as they were written", () => {
    expect(read(text)()).toEqual(whole);
  });

  it.each<[string, string, RegExp]>([
    ["empty", "", /is damaged: it is not JSON to its end \(0 characters\); start anew/],
    ["cut", text.slice(0, -30), /is damaged: it is not JSON to its end/],
    ["something else", "[1, 2]", /is no checkpoint, or damaged, at ""/],
    ["null", "null", /is no checkpoint, or damaged/],
    ["a number lost", text.replace('"low":[0]', '"low":[null]'), /is no checkpoint, or damaged, at "update\.low\.0"/],
    ["an older version", text.replace('"version":2', '"version":1'), /has version 1, but this program reads version 2/],
    ["another job", other({ paths: "cc" }), /belongs to another job: paths differs; resume that one/],
    [
      "another job with more fields",
      other({ paths: "cc", input: "dd" }),
      /belongs to another job: paths, input differ;/,
    ],
    ["a number changed", text.replace('"values":[1]', '"values":[1.5]'), /was edited: its checksum does not fit/],
    ["no checksum", JSON.stringify(whole), /at "checksum": is missing: the file was written by an earlier version/],
    ["one field twice", text.replace('"step":3', '"step":3,"step":4'), /has the key "step" twice/],
  ])("are refused in one line: %s", (_, content, message) => {
    let error: unknown;
    try {
      read(content)();
    } catch (e) {
      error = e;
    }
    expect(String(error)).toMatch(message);
    expect(String(error)).toMatch(/^SaltationError: checkpoint: [^\n]*$/);
  });
});
