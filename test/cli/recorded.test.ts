import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { commandLine, type Outcome } from "../support/command-line.js";
import { recordedCell } from "../support/data.js";
import { readNpz } from "../support/npz.js";

const folder = mkdtempSync(join(tmpdir(), "saltation-recorded-"));
const path = (name: string): string => join(folder, name);

const saltation = (command: string, job: string, ...args: string[]): Promise<Outcome> =>
  commandLine([command, path(job), ...args]);

const write = (name: string, value: unknown): void => writeFileSync(path(name), JSON.stringify(value));

// A noisy current of 800 ms in pA, and five trials that a cell with other parameters fires on it.
let seed = 1;
const random = (): number => {
  seed = (seed * 48271) % 2147483647;
  return seed / 2147483647;
};
let smooth = 0;
const current_pA = Array.from({ length: 800 }, () => {
  smooth += 0.1 * (2000 * (random() - 0.5) - smooth);
  return 250 + smooth;
});
const input = { current: { dt: 1, samples: { file: "@recording", key: "current_pA", scale: 0.001 } } };
const cell = JSON.parse(readFileSync("examples/cortical-cell.json", "utf8")).network.cell;
const truth = { mu1: 0.08, gain: 45, vTh: 8, vReset: -3 };
const job = {
  network: { cell },
  input,
  observed: { file: "trials.npz" },
  time: { t1: 500, dt: 1 },
  paths: 100,
  seed: 3,
  loss: { kind: "log-likelihood" },
  trainable: [
    { name: "gain", transform: "exp" },
    { name: "vTh", learningRate: 0.3 },
  ],
  optimiser: { kind: "adam", learningRate: 0.05 },
  steps: 60,
  metrics: { kind: "spike-trains", t0: 500, t1: 800, window: 4, bin: 1, smooth: 5, unit: "ms" },
};

describe("training on a recording by log-likelihood", () => {
  it("reports metrics of a later stretch, draws figures, and saves a job that simulates on", async () => {
    mkdirSync(path("data"));
    write("data/recording.json", { current_pA });
    const recording = ["--recording", path("data/recording.json")];
    write("truth.json", { network: { cell, parameters: truth }, input, time: { t1: 800, dt: 1 }, paths: 5, seed: 9 });
    expect((await saltation("simulate", "truth.json", ...recording, "--out", path("trials.npz"))).error).toBe("");

    write("job.json", { ...job, network: { cell, parameters: { ...truth, gain: 40, vTh: 9 } } });
    const figure = path("figures/job.svg");
    const save = path("data/trained.json");
    const run = await saltation("train", "job.json", ...recording, "--json", "--save", save, "--figure", figure);
    expect(run.error).toBe("");
    const result = JSON.parse(run.out);
    // Trains of the right cell: alike the observed ones but for the spread of five trials.
    expect(result.metrics.md).toBeGreaterThan(0.8);
    expect(result.metrics.md).toBeLessThan(1.2);
    expect(result.metrics.generatedTrains).toBe(100);
    expect(result.metrics.psthCorrelation).toBeGreaterThan(0.5);
    expect(result.metrics.statistics.observed.meanCount).toBeGreaterThan(1);
    expect(result.loss).toBeLessThan(result.history[0].loss);
    expect(Object.keys(result.files)).toEqual(["raster", "psth", "parameters"]);
    for (const file of Object.values(result.files) as string[]) expect(existsSync(file)).toBe(true);
    expect(JSON.parse(readFileSync(result.files.parameters, "utf8")).gain).toEqual({
      value: result.parameters.gain,
      unit: "mV/nA",
    });

    // The saved job lies in another folder, and takes a longer current than the training's.
    const saved = JSON.parse(readFileSync(save, "utf8"));
    expect(saved.network.parameters.gain).toBe(result.parameters.gain);
    expect(saved.network.parameters.vReset).toBe(-3);
    write("data/longer.json", { ...saved, time: { t1: 800, dt: 1 } });
    const out = path("longer.npz");
    expect((await saltation("simulate", "data/longer.json", ...recording, "--out", out)).code).toBe(0);
    const times = readNpz(readFileSync(out)).spike_times!;
    expect(times.shape[0]).toBe(100);
    expect(Array.from(times.data).some((t) => t > 500 && t < 800)).toBe(true);
  });

  it("prints a table for people", async () => {
    write("few.json", { ...job, steps: 1 });
    const recording = ["--recording", path("data/recording.json")];
    const { out, code } = await saltation("train", "few.json", ...recording, "--figure", path("figures/few.svg"));
    expect(code).toBe(0);
    expect(out).toMatch(/gain 40 → 4[\d.]+ mV\/nA|gain 40 → 3[\d.]+ mV\/nA/);
    expect(out).toMatch(/spikes per train/);
    expect(out).toMatch(/from 500 to 800 ms: Md\* \d\.\d{4}/);
    expect(out).toMatch(/raster in .*few-raster\.svg/);
  });

  it("fits five parameters to the first six spikes of a recorded cell", async (test) => {
    const shared = recordedCell(test);
    const example = JSON.parse(readFileSync("examples/cortical-cell-spikes.json", "utf8"));
    write("spikes.json", { ...example, steps: 40, paths: 256 });
    const figure = path("figures/spikes.svg");
    const run = await saltation("train", "spikes.json", "--recording", shared, "--json", "--figure", figure);
    expect(run.error).toBe("");
    const { history, parameters, metrics, files } = JSON.parse(run.out);
    expect(Object.keys(parameters)).toEqual(["mu1", "gain", "offset", "vReset", "beta"]);
    // ms²: from 50 ms off to 5 ms, most of which is the sixth spike, whose time is spread over two peaks.
    const last = history.slice(-10).reduce((sum: number, step: { loss: number }) => sum + step.loss / 10, 0);
    expect(history[0].loss).toBeGreaterThan(1000);
    expect(last).toBeLessThan(40);
    expect(metrics.statistics.observed.meanCount).toBe(6);
    for (const file of Object.values(files) as string[]) expect(existsSync(file)).toBe(true);
  });

  const cases: [string, object, RegExp][] = [
    [
      "a stretch that ends before it begins",
      { metrics: { ...job.metrics, t0: 900 } },
      /metrics\.t1: expected a time after/,
    ],
    [
      "a bin that does not divide it",
      { metrics: { ...job.metrics, bin: 7 } },
      /^saltation: metrics\.bin: 7 does not divide the stretch/,
    ],
    [
      "a stretch beyond the current",
      { metrics: { ...job.metrics, t1: 900 } },
      /samples end at time 800, before t1 = 900/,
    ],
    ["one path", { paths: 1 }, /paths: is 1; "metrics" compare pairs/],
    ["another kind", { metrics: { kind: "x" } }, /metrics\.kind: expected spike-trains/],
  ];
  it.each(cases)("refuses before training %s", async (_, change, message) => {
    write("bad.json", { ...job, ...change });
    const { code, error } = await commandLine(["train", path("bad.json"), "--recording", path("data/recording.json")]);
    expect(error.trim()).toMatch(message);
    expect(code).toBe(1);
  });
});
