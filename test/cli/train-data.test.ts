/** `saltation train` of jobs with data. */
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { latency } from "../../src/data/latency.js";
import { partOf } from "../../src/data/sample-values.js";
import { spikeData } from "../../src/data/spike-data.js";
import { writeSpikeFile } from "../../src/data/spike-file.js";
import { commandLine } from "../support/command-line.js";

const folder = mkdtempSync(join(tmpdir(), "saltation-data-"));
const example = JSON.parse(readFileSync("examples/yin-yang.json", "utf8"));
const points = (samples: number, seed: number) => ({ yinYang: { samples, seed, from: 2, to: 22, bias: 12 } });
let files = 0;

/** The example, small. */
const job = (changes: object): string => {
  const file = join(folder, `${files++}.json`);
  const { hidden, ...others } = example.network.populations;
  const network = { ...example.network, populations: { ...others, hidden: { ...hidden, neurons: 20 } } };
  const small = { data: points(80, 1), test: { data: points(40, 2) }, batch: 20, epochs: 2, time: { t1: 50, dt: 5 } };
  writeFileSync(file, JSON.stringify({ ...example, network, ...small, checkpoint: undefined, ...changes }));
  return file;
};
const train = (file: string, ...args: string[]) => commandLine(["train", file, "--json", "--backend", "simd", ...args]);

describe("saltation train with data", () => {
  it("says how it does on samples that no step saw, keeps the best, and goes on for more epochs", async () => {
    const checkpoint = `${files}.checkpoint.json`;
    const { code, out } = await train(job({ checkpoint }));
    expect(code).toBe(0);
    const { metrics, history, parameters, stepsPerEpoch } = JSON.parse(out);
    expect(stepsPerEpoch).toBe(4);
    expect(history.map((e: { epoch: number }) => e.epoch)).toEqual([1, 2]);
    expect(metrics.testAccuracy).toBe(history[1].test.accuracy);
    expect(metrics.confusion.flat().reduce((a: number, b: number) => a + b)).toBe(40);
    const best = Math.max(...history.map((e: { test: { accuracy: number } }) => e.test.accuracy));
    expect(metrics.best.accuracy).toBe(best);
    expect(parameters["in->hidden.weights"]).toHaveLength(100);
    const kept = JSON.parse(readFileSync(join(folder, `${checkpoint}.best`), "utf8"));
    expect(kept.step).toBe(4 * metrics.best.epoch);

    const more = await train(job({ checkpoint, epochs: 3 }), "--resume");
    const whole = await train(job({ epochs: 3 }));
    expect(JSON.parse(more.out).parameters).toEqual(JSON.parse(whole.out).parameters);
    expect(JSON.parse(more.out).metrics).toEqual(JSON.parse(whole.out).metrics);
    expect((await train(job({ checkpoint }), "--resume")).error).toContain(
      "epochs: is 2, but the checkpoint has 3 epochs already; ask for more",
    );
  });

  it("reads spikes and labels of a file", async () => {
    const spikes = {
      offsets: Uint32Array.from({ length: 41 }, (_, s) => 2 * s),
      times: Float64Array.from({ length: 80 }, (_, n) => 2 + (n % 7)),
      sources: Uint32Array.from({ length: 80 }, (_, n) => (n * 3) % 5),
      labels: Int32Array.from({ length: 40 }, (_, s) => s % 3),
    };
    const npz = join(folder, "train.npz");
    writeFileSync(npz, writeSpikeFile(spikeData({ ...spikes, sourceCount: 5 })));
    const { out, code } = await train(job({ data: { file: "train.npz", jitter: 0.5 }, test: undefined, epochs: 1 }));
    expect(code).toBe(0);
    expect(JSON.parse(out).metrics).toEqual({});
    expect(existsSync(npz)).toBe(true);
  });

  /** Forty images of 1 × 5 pixels, packed by gzip, and their labels. */
  const idx = (name: string, sizes: number[], values: number[]): string => {
    const bytes = new Uint8Array(4 + 4 * sizes.length + values.length);
    bytes.set([0, 0, 8, sizes.length]);
    sizes.forEach((size, d) => {
      new DataView(bytes.buffer).setUint32(4 + 4 * d, size);
    });
    bytes.set(values, 4 + 4 * sizes.length);
    writeFileSync(join(folder, name), gzipSync(bytes));
    return name;
  };
  const pixels = Array.from({ length: 200 }, (_, n) => (n * 37) % 256);
  const classes = Array.from({ length: 40 }, (_, s) => s % 3);
  const pictures = () => ({
    images: idx("images.gz", [40, 1, 5], pixels),
    labels: idx("labels.gz", [40], classes),
    latency: { from: 2, to: 22, threshold: 0.1 },
  });

  it("reads images, whose pixels spike the earlier the brighter they are", async () => {
    const data = { ...pictures(), from: 8, count: 32 };
    const { out, code } = await train(job({ data, test: undefined, epochs: 1, seed: 4 }));
    expect(code).toBe(0);
    const images = { values: Uint8Array.from(pixels), scale: 1 / 255, size: 5, shape: [1, 5], count: 40 };
    // In another folder, the files are named from there.
    const saved = join(folder, "elsewhere", "pixels.json");
    const brief = job({ data: { ...data, count: 20 }, test: undefined, epochs: 1 });
    expect((await train(brief, "--save", saved)).error).toBe("");
    const { images: there, labels } = JSON.parse(readFileSync(saved, "utf8")).data;
    expect([there, labels]).toEqual(["../images.gz", "../labels.gz"]);
    const part = partOf({ ...images, labels: Int32Array.from(classes) }, 8, 32);
    const npz = join(folder, "pixels.npz");
    writeFileSync(npz, writeSpikeFile(latency(part, { from: 2, to: 22, threshold: 0.1 })));
    const same = await train(job({ data: { file: "pixels.npz" }, test: undefined, epochs: 1, seed: 4 }));
    expect(JSON.parse(out).parameters).toEqual(JSON.parse(same.out).parameters);
  });

  it.each<[string, () => object, string]>([
    ["labels of other images", () => ({ labels: idx("few.gz", [2], [0, 1]) }), "data.labels: the file holds 2 labels"],
    ["labels for images", () => ({ images: "labels.gz" }), "data.images: the file has 1 dimensions [40]"],
    ["more images than there are", () => ({ count: 41 }), "data.count: "],
    ["times that go back", () => ({ latency: { from: 5, to: 2 } }), "data.latency.to: expected a time after from = 5"],
    ["images without times", () => ({ latency: undefined }), "data.latency: is missing"],
  ])("refuses %s", async (_, changes, line) => {
    const { code, error } = await train(job({ data: { ...pictures(), ...changes() } }));
    expect(code).toBe(1);
    expect(error).toContain(line);
  });

  it.each<[string, object, string]>([
    ["a batch beyond the data", { batch: 81 }, "batch: is 81, and the data has 80 samples; take at most that"],
    ["data of nothing", { data: points(0, 1) }, "data.yinYang.samples: expected a whole number from 1"],
    ["no such data", { data: { mnist: {} } }, "data.mnist: unknown field; known: file, "],
    ["no file", { data: { file: "none.npz" } }, "data.file: "],
    ["paths", { paths: 10 }, "paths: unknown field"],
    [
      "fewer outputs than classes",
      { loss: { kind: "cross-entropy", neurons: [20, 21] } },
      'loss "cross-entropy" has labels 0 to 1 here',
    ],
    [
      "no such population",
      { loss: { kind: "cross-entropy", neurons: "outs" } },
      'loss.neurons: no population of neurons is called "outs"',
    ],
    ["a loss of trains", { loss: { kind: "van-rossum", tau: 1 } }, 'loss.kind: "van-rossum" compares with observed'],
  ])("refuses %s in one line", async (_, changes, message) => {
    const { code, error } = await train(job(changes));
    expect(code).toBe(1);
    expect(error).toContain(message);
    expect(error.trim().split("\n")).toHaveLength(1);
  });

  it("saves a job that simulates the samples of its test with the fitted network", async () => {
    const saved = join(folder, "saved", "fitted.json");
    const projections = example.network.projections.map((p: { to: string }) =>
      p.to === "hidden"
        ? { ...p, tied: Array.from({ length: 100 }, (_, c) => Math.floor(c / 20)), weights: { allToAll: 2.5 } }
        : p,
    );
    const { populations } = JSON.parse(readFileSync(job({}), "utf8")).network;
    const file = job({ network: { populations, projections }, epochs: 1 });
    const run = await train(file, "--save", saved);
    expect([run.error, run.code]).toEqual(["", 0]);
    const { parameters } = JSON.parse(run.out);
    const written = JSON.parse(readFileSync(saved, "utf8"));
    expect(written.data).toEqual(points(40, 2));
    const { weights, tied } = written.network.projections[0];
    // One weight of each source, where all its connections stand together.
    expect(tied).toEqual(Array.from({ length: 100 }, (_, c) => Math.floor(c / 20)));
    expect(weights.weights).toEqual(tied.map((group: number) => parameters["in->hidden.weights"][group]));
    const simulated = await commandLine(["simulate", saved, "--json", "--backend", "simd"]);
    expect([simulated.error, simulated.code]).toEqual(["", 0]);
    const { paths, meanSpikeCount } = JSON.parse(simulated.out);
    expect(paths).toBe(40);
    expect(meanSpikeCount).toBeGreaterThan(1);
  });

  it("saves a job with populations and drawn projections that simulates", async () => {
    const file = join(folder, "populations.json");
    const saved = join(folder, "populations-fitted.json");
    const given = {
      network: {
        populations: { a: { neurons: 2, current: 1.5 }, b: { neurons: 3, parameters: { mu1: 5 } } },
        projections: [
          { from: "a", to: "b", weights: { random: { in: 1, normal: [0.8, 0.1], seed: 2 } }, delays: 0.02 },
          { from: "b", to: "b", weights: { allToAll: 0.1 }, tied: true },
        ],
      },
      time: { t1: 1, dt: 0.02 },
      paths: 16,
      seed: 3,
    };
    const training = {
      loss: { kind: "mean-spike-time", neuron: 3, index: 0 },
      trainable: ["a->b.weights", "b->b.weights", "b.mu1", "a.current", "a->b.delays"],
      optimiser: { kind: "sgd", learningRate: 0.05 },
      steps: 2,
    };
    writeFileSync(file, JSON.stringify({ ...given, ...training }));
    const run = await train(file, "--save", saved);
    expect(run.code).toBe(0);
    const { parameters } = JSON.parse(run.out);
    const { network } = JSON.parse(readFileSync(saved, "utf8"));
    expect(network.populations.b.parameters.mu1).toBe(parameters["b.mu1"]);
    expect(network.populations.a.current).toBe(parameters["a.current"]);
    expect(network.projections[0].delays).toBe(parameters["a->b.delays"]);
    expect(network.projections[1].weights).toEqual({ allToAll: parameters["b->b.weights"] });
    expect([...network.projections[0].weights.weights].sort()).toEqual([...parameters["a->b.weights"]].sort());
    const { code, error } = await commandLine(["simulate", saved, "--json", "--backend", "simd"]);
    expect([error, code]).toEqual(["", 0]);
  });

  it.each<[string, object, string[], string]>([
    ["--figure", {}, ["--figure", "x.svg"], "--figure: is not for jobs with data; leave it out"],
    ["--confidence", {}, ["--confidence"], "--confidence: is not for jobs with data; leave it out"],
    [
      "discretisation",
      { discretisation: true },
      [],
      "discretisation: is not measured in jobs with data; leave it out, and run gradient or simulate for it",
    ],
    [
      "jitter of the test set",
      { test: { data: { ...points(40, 2), jitter: 0.1 } } },
      [],
      "test.data.jitter: is for what is trained on; leave it out",
    ],
  ])("refuses what is for other trainings: %s", async (_, changes, args, message) => {
    const file = job(changes);
    const { code, out, error } = await train(file, ...args);
    expect([code, out]).toEqual([1, ""]);
    expect(error.trim().split("\n")).toHaveLength(1);
    expect(error).toContain(message);
  });
});
