import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { readable, readableNumber, sayWarnings } from "../../src/cli/output.js";
import { commandLine, type Outcome } from "../support/command-line.js";
import { readNpz } from "../support/npz.js";

const folder = mkdtempSync(join(tmpdir(), "saltation-cli-"));

function jobFile(job: unknown): string {
  const file = join(folder, "job.json");
  writeFileSync(file, typeof job === "string" ? job : JSON.stringify(job));
  return file;
}

const run = (command: string, job: unknown, ...args: string[]): Promise<Outcome> =>
  commandLine([command, jobFile(job), ...args]);

const base = {
  network: { cell: "slif" },
  input: { current: 1.5 },
  time: { t1: 1, dt: 0.01 },
  paths: 64,
  seed: 1,
};
const gradient = { ...base, loss: { kind: "mean-spike-time", neuron: 0, index: 0 }, with: ["current"] };
const training = {
  ...base,
  observed: [
    [0.2, 0.5],
    [0.25, 0.45],
  ],
  loss: { kind: "first-spikes", spikes: 2 },
  trainable: ["current"],
  optimiser: { kind: "rmsprop", learningRate: 0.001 },
  steps: 3,
};

describe("bad input", () => {
  const network = (changes: object): object => ({ ...base, network: { cell: "slif", ...changes } });
  const cases: [string, string, unknown, RegExp][] = [
    ["unknown field", "simulate", { ...base, foo: 1 }, /foo: unknown field; known: network, input/],
    [
      "another command's field",
      "simulate",
      { ...base, loss: { kind: "mean-spike-time" } },
      /loss: unknown field, which belongs to "gradient" and "train"; known: network/,
    ],
    [
      "unknown inner field",
      "simulate",
      { ...base, time: { t1: 1, dt: 0.1, t2: 3 } },
      /time\.t2: unknown field; perhaps t0; known: t0, t1, dt/,
    ],
    [
      "a state off the grid",
      "simulate",
      { ...base, states: { of: ["v"], times: [0.125] } },
      /^saltation: states\.times\[0\]: 0\.125 lies between grid points of dt = 0\.01; the nearest is 0\.13\n$/,
    ],
    ["missing field", "simulate", { ...base, paths: undefined }, /paths: is missing; expected a finite number/],
    ["wrong type", "simulate", { ...base, paths: "many" }, /paths: expected a finite number, got "many"/],
    ["zero paths", "simulate", { ...base, paths: 0 }, /paths: expected a whole number from 1 .*got 0/],
    [
      "negative dt",
      "simulate",
      { ...base, time: { t1: 1, dt: -0.01 } },
      /time\.dt: expected a number above 0, got -0\.01/,
    ],
    [
      "dt that does not fit",
      "simulate",
      { ...base, time: { t1: 1, dt: 0.03 } },
      /time\.dt: 0\.03 does not divide t1 - t0 = 1; 33 steps/,
    ],
    [
      "t1 before t0",
      "simulate",
      { ...base, time: { t0: 2, t1: 1, dt: 0.1 } },
      /time\.t1: expected a time after t0 = 2, got 1/,
    ],
    [
      "infinity",
      "simulate",
      '{"network":{},"time":{"t1":1e999,"dt":0.1},"paths":1}',
      /time\.t1: expected a finite number, got Infinity/,
    ],
    ["NaN", "simulate", '{"network":{},"time":{"t1":NaN,"dt":0.1},"paths":1}', /is not JSON/],
    [
      "method",
      "simulate",
      { ...base, method: "milstein" },
      /method: expected one of euler, wong-zakai, levy, got "milstein"/,
    ],
    ["seed", "simulate", { ...base, seed: 1.5 }, /seed: expected a whole number/],
    [
      "cell name",
      "simulate",
      network({ cell: "lef" }),
      /network\.cell: no built-in cell is called "lef"; known: slif, gif, lif/,
    ],
    [
      "cell name for a terminal",
      "simulate",
      network({ cell: "\u001b]0;theirs\u0007\u009b31my" }),
      /network\.cell: no built-in cell is called "\\u001b\]0;theirs\\u0007\\u009b31my"; known: slif/,
    ],
    [
      "equation",
      "simulate",
      network({ cell: { name: "x", state: { v: "-q" }, event: "v", parameters: {} } }),
      /cell\.state\.v: unknown name "q"/,
    ],
    ["parameter name", "simulate", network({ parameters: { mu: 1 } }), /network\.parameters\.mu: .*known: mu1/],
    [
      "parameter type",
      "simulate",
      network({ parameters: { mu1: "1" } }),
      /network\.parameters\.mu1: expected a finite number, or a list/,
    ],
    [
      "parameter length",
      "simulate",
      network({ neurons: 3, parameters: { mu1: [1, 2] } }),
      /network\.parameters\.mu1: expected one number, or 3 .*got 2/,
    ],
    [
      "weights' shape",
      "simulate",
      network({ neurons: 2, weights: { dense: [[0, 1]] } }),
      /network\.weights\.dense: expected 2 rows .*got 1/,
    ],
    [
      "edge out of range",
      "simulate",
      network({ neurons: 2, weights: { edges: [[0, 2, 1]] } }),
      /network\.weights\.edges\[0\]: to is 2; neurons are numbered 0 to 1/,
    ],
    [
      "current's length",
      "simulate",
      { ...base, input: { current: [1, 2] } },
      /input\.current: expected one number, or 1 .*got 2/,
    ],
    [
      "current's dt",
      "simulate",
      { ...base, input: { current: { dt: 0.015, samples: [[1]] } } },
      /input\.current\.dt: 0\.015 is not a whole number of time\.dt = 0\.01/,
    ],
    [
      "short current",
      "simulate",
      { ...base, input: { current: { dt: 0.1, samples: [1, 2] } } },
      /input\.current\.samples: 2 samples end at time 0\.2, before t1 = 1; 10 are needed/,
    ],
    [
      "neuron out of range",
      "gradient",
      { ...gradient, loss: { kind: "mean-spike-time", neuron: 4 } },
      /loss\.neuron: is 4; the network has neurons 0 to 0/,
    ],
    [
      "loss kind",
      "gradient",
      { ...gradient, loss: { kind: "mse" } },
      /loss\.kind: expected mean-spike-time, .*first-spikes, .*, got "mse"/,
    ],
    [
      "with",
      "gradient",
      { ...gradient, with: ["gain"] },
      /with\[0\]: "gain": cell "slif" has no such parameter; known: mu1/,
    ],
    [
      "weights of nothing",
      "gradient",
      { ...gradient, with: ["weights"] },
      /with\[0\]: "weights": the network has no connections/,
    ],
    ["perPath without --out", "gradient", { ...gradient, perPath: true }, /perPath: is true, but no --out/],
    ["trials", "train", { ...training, observed: [0.1] }, /observed\[0\]: expected a list, got 0\.1/],
    [
      "optimiser",
      "train",
      { ...training, optimiser: { kind: "lbfgs" } },
      /optimiser\.kind: expected sgd, rmsprop, adam or adamw, got "lbfgs"/,
    ],
    [
      "learning rate",
      "train",
      { ...training, optimiser: { kind: "sgd", learningRate: 0 } },
      /optimiser\.learningRate: expected a number above 0, got 0/,
    ],
    [
      "missing file",
      "train",
      { ...training, observed: { file: "none.json", key: "x" } },
      /observed: cannot read .*none\.json/,
    ],
  ];
  it.each(cases)("%s", async (_, command, job, message) => {
    const { code, out, error } = await commandLine([command, jobFile(job)]);
    expect(error).toMatch(message);
    expect(error.trim().split("\n")).toHaveLength(1);
    expect(out).toBe("");
    expect(code).toBe(1);
  });

  it("names a job file that is not there, and an unknown command", async () => {
    const missing = await commandLine(["simulate", "nowhere.json"]);
    expect(missing.error).toMatch(/job file: cannot read nowhere\.json/);
    expect(missing.code).toBe(1);
    expect((await commandLine(["fly"])).code).toBe(1);
  });
});

describe("commands", () => {
  it("simulate writes spike trains and prints one JSON object", async () => {
    const file = join(folder, "spikes.npz");
    const { code, out, error } = await run("simulate", { ...base, maxSpikes: 3 }, "--json", "--out", file);
    expect(error).toBe("");
    expect(code).toBe(0);
    const result = JSON.parse(out);
    const keys = ["adapter", "paths", "meanSpikeCount", "saturatedPaths", "discretisation", "seconds"];
    expect(Object.keys(result)).toEqual(keys);
    const { spike_times, spike_neurons, spike_counts } = readNpz(readFileSync(file));
    expect(spike_times!.shape).toEqual([64, 3]);
    expect(spike_counts!.shape).toEqual([64]);
    for (let i = 0; i < 64; i++) {
      const count = spike_counts!.data[i]!;
      for (let n = 0; n < 3; n++) {
        expect(spike_neurons!.data[3 * i + n]).toBe(n < count ? 0 : -1);
        if (n >= count) expect(spike_times!.data[3 * i + n]).toBe(1);
        if (n > 0) expect(spike_times!.data[3 * i + n]).toBeGreaterThanOrEqual(spike_times!.data[3 * i + n - 1]!);
      }
    }
  });

  it("simulate writes states at times, and prints their means", async () => {
    const file = join(folder, "states.npz");
    const states = { of: ["i", "v"], times: { every: 0.5 } };
    const result = JSON.parse((await run("simulate", { ...base, states }, "--json", "--out", file)).out).states;
    expect([result.of, result.neurons, result.times]).toEqual([["i", "v"], [0], [0, 0.5, 1]]);
    const { state_v, observed_times, observed_neurons } = readNpz(readFileSync(file));
    expect([state_v!.shape, [...observed_times!.data], [...observed_neurons!.data]]).toEqual([
      [64, 3, 1],
      [0, 0.5, 1],
      [0],
    ]);
    const last = Array.from({ length: 64 }, (_, i) => state_v!.data[3 * i + 2]!);
    expect(last.reduce((sum, v) => sum + v, 0) / 64).toBeCloseTo(result.mean[2][0][1], 12);
  });

  it("gradient agrees between backends and writes every path's gradient", async () => {
    const job = { ...gradient, perPath: true, with: ["current", "mu1"] };
    const file = join(folder, "paths.npz");
    const gpu = JSON.parse((await run("gradient", job, "--json", "--out", file)).out);
    const cpu = JSON.parse(
      (await run("gradient", job, "--json", "--out", join(folder, "cpu.npz"), "--backend", "cpu")).out,
    );
    expect(gpu.value).toBeCloseTo(cpu.value, 5);
    expect(gpu.gradient.current / cpu.gradient.current).toBeCloseTo(1, 4);
    expect(cpu.adapter).toMatch(/CPU/);
    const { gradient_current, value } = readNpz(readFileSync(file));
    expect(gradient_current!.shape).toEqual([64]);
    const mean = (gradient_current!.data as Float64Array).reduce((a, b) => a + b, 0) / 64;
    expect(mean).toBeCloseTo(gpu.gradient.current, 6);
    expect((value!.data as Float64Array).reduce((a, b) => a + b, 0) / 64).toBeCloseTo(gpu.value, 6);
  });

  it("gives gradients in the shapes of the parameters", async () => {
    const job = {
      ...gradient,
      network: {
        neurons: 2,
        parameters: { mu1: [15, 14] },
        weights: {
          edges: [
            [1, 0, 0.4],
            [0, 1, 0.5],
          ],
        },
      },
      with: ["weights", "mu1", "beta", "current"],
    };
    const result = JSON.parse((await run("gradient", job, "--json")).out).gradient;
    expect(result.weights).toHaveLength(2);
    expect(result.weights[0].slice(0, 2)).toEqual([1, 0]);
    expect(result.mu1).toHaveLength(2);
    expect(typeof result.beta).toBe("number");
    expect(typeof result.current).toBe("number");
    // A trace comes back as a trace: of numbers, or of a list for each sample.
    const dt = base.time.t1 / 4;
    for (const samples of [
      [1, 2, 1, 2],
      [[1], [2], [1], [2]],
    ]) {
      const sampled = { ...gradient, input: { current: { dt, samples } }, with: ["current"] };
      const { current } = JSON.parse((await run("gradient", sampled, "--json", "--backend", "cpu")).out).gradient;
      expect(current.map((s: unknown) => Array.isArray(s))).toEqual(samples.map((s) => Array.isArray(s)));
    }
  });

  it("tells the error of the step, unless it is told not to", async () => {
    const measured = JSON.parse((await run("simulate", base, "--json", "--backend", "cpu")).out).discretisation;
    expect(measured).toMatchObject({ measured: true, of: "spike times", paths: 8, unmatched: 0 });
    expect(measured.relative).toBeLessThan(0.01);
    const line =
      /^discretisation error of spike times [\d.e-]+, [\d.e-]+ % of the interval between spikes \(8 paths\)$/m;
    expect((await run("simulate", base, "--backend", "cpu")).out).toMatch(line);
    for (const [command, job] of [
      ["gradient", gradient],
      ["train", training],
    ] as const) {
      const strict = { ...job, discretisation: { tolerance: 1e-7 } };
      const { out, error } = await run(command, strict, "--json", "--backend", "cpu");
      const { discretisation } = JSON.parse(out);
      expect(discretisation).toMatchObject({ measured: true, tolerance: 1e-7 });
      expect(discretisation.warning).toMatch(/^time\.dt: 0\.01 is too large: .* take dt = /);
      expect(error).toMatch(/^warning: time\.dt: 0\.01 is too large: .* take dt = /);
      expect(
        JSON.parse((await run(command, strict, "--json", "--backend", "cpu", "--no-discretisation")).out),
      ).not.toHaveProperty("discretisation");
    }
    expect(JSON.parse((await run("simulate", { ...base, discretisation: false }, "--json")).out)).not.toHaveProperty(
      "discretisation",
    );
    for (const [discretisation, said] of [
      [{ tolerance: 0 }, "discretisation.tolerance: expected a number above 0, got 0"],
      ["yes", 'discretisation: expected true, false or { "tolerance": … }'],
    ] as const) {
      const refused = await run("gradient", { ...gradient, discretisation }, "--json");
      expect(refused.error).toContain(said);
      expect(refused.code).toBe(1);
    }
  });

  it("train reads what simulate wrote", async () => {
    const file = join(folder, "observed.npz");
    await run("simulate", { ...base, paths: 32, maxSpikes: 3 }, "--out", file);
    const { code, out } = await run("train", { ...training, observed: { file } }, "--json");
    expect(code).toBe(0);
    const result = JSON.parse(out);
    expect(result.history).toHaveLength(3);
    expect(result.parameters.current).not.toBe(1.5);
  });

  it("train goes on from a checkpoint with the same bits", async () => {
    const job = { ...training, steps: 6, optimiser: { kind: "adam", learningRate: 0.01 } };
    const whole = JSON.parse((await run("train", job, "--json")).out);
    const checkpoint = "checkpoint.json";
    await run("train", { ...job, steps: 2, checkpoint }, "--json");
    const rest = JSON.parse((await run("train", { ...job, checkpoint }, "--json", "--resume")).out);
    expect(rest.history).toEqual(whole.history.slice(2));
    expect(rest.parameters).toEqual(whole.parameters);
    const other = await run("train", { ...job, steps: 9, checkpoint, seed: 2 }, "--resume");
    expect(other.error).toMatch(/checkpoint: .*checkpoint\.json belongs to another job: seed differs; resume that one/);
    expect(other.code).toBe(1);
  });

  it("kernel and signature agree between backends, and lift spike trains", async () => {
    const x = [
      [
        [0, 0],
        [0.3, 0.5],
        [0.1, 0.9],
      ],
      [
        [0, 0],
        [0.2, -0.4],
      ],
    ];
    const job = { x, y: x, static: { kind: "rbf", sigma: 0.7 }, solver: { kind: "difference", dyadic: [1, 1] } };
    const gpu = JSON.parse((await run("kernel", job, "--json")).out).gram;
    const cpu = JSON.parse((await run("kernel", job, "--json", "--backend", "cpu")).out).gram;
    expect(gpu).toHaveLength(2);
    for (let i = 0; i < 2; i++) for (let j = 0; j < 2; j++) expect(gpu[i][j]).toBeCloseTo(cpu[i][j], 5);
    const spikes = (shift: number) => ({
      spikes: [
        { times: [0.1 + shift, 0.5], neurons: [0, 1] },
        { times: [0.3], neurons: [1] },
      ],
    });
    const mmd = { x: spikes(0), y: spikes(0.1), t1: 1, statistic: "mmd", gradient: true };
    const result = JSON.parse((await run("kernel", mmd, "--json")).out);
    expect(result.gradientX).toHaveLength(2);
    expect(result.gradientX[0]).toHaveLength(2);
    const file = join(folder, "signatures.npz");
    await run("signature", { x, depth: 3 }, "--out", file);
    expect(readNpz(readFileSync(file)).signatures!.shape).toEqual([2, 15]);
    const train = (time: number, neuron: number) => ({ spikes: [{ times: [0.5, time], neurons: [0, neuron] }] });
    for (const [wrong, said] of [
      [{ x: [[[0, 0]]], statistic: "gram" }, /^saltation: x\[0\]: has 1 point; a path needs at least two/],
      [{ x: train(0.4, 0), t1: 1 }, /^saltation: x\.spikes\[0\]\.times\[1\]: 0\.4 comes before the time before it/],
      [{ x, y: train(2, 0), t1: 1 }, /^saltation: y\.spikes\[0\]\.times\[1\]: 2 does not lie in \[t0, t1\]/],
      [{ x: train(0.6, 0.5), t1: 1 }, /^saltation: x\.spikes\[0\]\.neurons\[1\]: expected a whole number from 0/],
      [
        { x, static: { kind: "formula", formula: "log(c)" } },
        /^saltation: static\.formula: "log\(c\)" is -Infinity at c = 0/,
      ],
    ] as const) {
      const bad = await commandLine(["kernel", jobFile(wrong)]);
      expect(bad.error.trim()).toMatch(said);
      expect(bad.error.trim()).not.toContain("\n");
      expect(bad.code).toBe(1);
    }
  });

  it("info prints the adapter", async () => {
    const { stdout, status } = spawnSync("node", ["bin/saltation.js", "info"], { encoding: "utf8" });
    expect(status).toBe(0);
    expect(stdout).toMatch(/maxStorageBufferBindingSize \d+/);
    expect(stdout).toMatch(/features/);
    expect(stdout).toMatch(/arithmetic\n {2}(keeps|takes) numbers in two float32 parts/);
  });
});

describe("one path", () => {
  it("has no standard error, and says so", async () => {
    const job = { ...gradient, paths: 1 };
    const text = await run("gradient", job, "--backend", "cpu");
    expect(text.out).toMatch(/^value [\d.]+ \(no standard error: that takes two paths\)\nd\/d current -[\d.]+$/m);
    const { standardError, gradientStandardError } = JSON.parse(
      (await run("gradient", job, "--backend", "cpu", "--json")).out,
    );
    expect([standardError, gradientStandardError]).toEqual([null, { current: null }]);
  });

  it("leaves out what is not a number wherever numbers are printed, and tells warnings on stderr", async () => {
    expect([readable(Number.NaN), readableNumber(2, Number.NaN), readableNumber(2, 0.5)]).toEqual([
      "–",
      "2",
      "2 ± 0.5",
    ]);
    const written = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    sayWarnings(undefined);
    sayWarnings(["doubtful"]);
    expect(written.mock.calls).toEqual([["warning: doubtful\n"]]);
    written.mockRestore();
  });
});
