/** What commands say of the mean of gradients, and `saltation check`. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { commandLine } from "../support/command-line.js";

const folder = mkdtempSync(join(tmpdir(), "saltation-verdicts-"));
const job = (name: string, content: object): string => {
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify(content));
  return file;
};
const graze = {
  network: {
    cell: {
      name: "graze",
      state: { v: "q + I - v", q: "-q / 0.5" },
      noise: { q: "0.7" },
      event: "v - 1",
      reset: { v: "0" },
      parameters: { idle: 1 },
    },
  },
  input: { current: 0.9 },
  time: { t1: 4, dt: 0.05 },
  paths: 32,
  seed: 1,
  loss: { kind: "mean-spike-time" },
  with: ["current"],
};
const slif = { ...graze, network: { cell: "slif" }, input: { current: 1.5 } };
const cpu = ["--backend", "cpu"];

describe("gradient", () => {
  it("says beside its numbers whether their mean is that of the derivative", async () => {
    const biased = await commandLine(["gradient", job("graze", graze), ...cpu]);
    expect(biased.out).toMatch(/^d\/d current .*\nnot unbiased: no grazing is violated: .*; to mend it, let spikes/m);
    const json = JSON.parse((await commandLine(["gradient", job("graze", graze), "--json", ...cpu])).out);
    expect(json).toMatchObject({ unbiased: false, because: [expect.stringMatching(/^no grazing is violated/)] });
    const right = await commandLine(["gradient", job("slif", slif), ...cpu]);
    expect(right.out).not.toMatch(/unbiased/);
    const told = JSON.parse((await commandLine(["gradient", job("slif", slif), "--json", ...cpu])).out);
    expect(told).toMatchObject({ unbiased: true, because: [] });
  });

  it("refuses a job that requires it, before a device is opened", async () => {
    const file = job("required", { ...graze, requireUnbiased: true });
    const { code, error, out } = await commandLine(["gradient", file, "--backend", "webgpu"]);
    expect([code, out]).toEqual([1, ""]);
    expect(error).toMatch(
      /^saltation: requireUnbiased: the mean of the gradient is not known .*no grazing is violated/,
    );
    const wrong = await commandLine(["gradient", job("wrong", { ...graze, requireUnbiased: "yes" }), ...cpu]);
    expect(wrong.error).toMatch(/requireUnbiased: /);
  });

  it("warns where no path had the spike, and where a parameter is not read", async () => {
    const file = job("late", { ...graze, loss: { kind: "mean-spike-time", index: 500 }, with: ["idle"] });
    const { error } = await commandLine(["gradient", file, ...cpu]);
    expect(error).toMatch(/warning: loss: none of 32 paths had spike 500 of neuron 0 before t1 = 4/);
    expect(error).toMatch(/warning: the gradient by idle is exactly 0: /);
    // Paths that were stopped before it are refused, as they always were.
    const stopped = job("stopped", { ...graze, maxSpikes: 1, loss: { kind: "mean-spike-time", index: 2 } });
    expect((await commandLine(["gradient", stopped, ...cpu])).error).toMatch(/^saltation: maxSpikes: is 1/);
  });
});

it("train keeps the verdict with its result", async () => {
  const training = (more: object) => ({
    ...graze,
    observed: [[0.5, 2], [1]],
    loss: { kind: "first-spikes", spikes: 1 },
    trainable: ["current"],
    optimiser: { kind: "sgd", learningRate: 0.01 },
    steps: 2,
    with: undefined,
    ...more,
  });
  const file = job("train", training({ checkpoint: join(folder, "run.checkpoint.json") }));
  const { out } = await commandLine(["train", file, "--json", ...cpu]);
  expect(JSON.parse(out)).toMatchObject({ unbiased: false, because: [expect.stringMatching(/^no grazing/)] });
  expect((await commandLine(["train", job("train2", training({})), ...cpu])).out).toMatch(/\nnot unbiased: no grazing/);
  // A run that was done already is judged as well; and to require it belongs to no other run.
  const done = await commandLine(["train", file, "--json", "--resume", ...cpu]);
  expect(JSON.parse(done.out)).toMatchObject({ unbiased: false, firstStep: 2 });
  const required = job("train", training({ requireUnbiased: true, checkpoint: join(folder, "run.checkpoint.json") }));
  const refused = await commandLine(["train", required, "--resume", ...cpu]);
  expect([refused.code, refused.error]).toEqual([1, expect.stringMatching(/^saltation: requireUnbiased: /)]);
});

describe("check", () => {
  it("prints a line for each entry, and all steps as JSON", async () => {
    const file = job("check", { ...slif, paths: 200, with: ["current", "mu1"] });
    const { out, code } = await commandLine(["check", file, ...cpu]);
    expect(code).toBe(0);
    expect(out).toMatch(/^200 paths on float64 twin/);
    expect(out).toMatch(/│ current +│ -[\d.]+ ± [\d.]+ +│ -[\d.]+ +│ [\d.]+ +│ agrees to within/);
    const { entries, unbiased, because } = JSON.parse((await commandLine(["check", file, "--json", ...cpu])).out);
    expect([unbiased, because]).toEqual([true, []]);
    expect(entries.map((e: { parameter: string }) => e.parameter)).toEqual(["current", "mu1"]);
    expect(entries[0].steps).toHaveLength(4);
    expect(entries[0]).toMatchObject({ index: -1, value: 1.5, verdict: "agrees", by: { step: expect.any(Number) } });
  });

  it("measures gradients that are refused, and ends with 0 whatever it finds", async () => {
    const forced = { ...graze, paths: 200, requireUnbiased: true };
    const { out, code } = await commandLine(["check", job("forced", forced), ...cpu]);
    expect(code).toBe(0);
    expect(out).toMatch(/not unbiased: no grazing is violated/);
    const noisy = { ...graze.network.cell, noise: { v: "0.3" } };
    expect((await commandLine(["check", job("noisy", { ...graze, network: { cell: noisy } }), ...cpu])).code).toBe(0);
  });

  it("names what is wrong in a job, and says how many entries of many it checked", async () => {
    const weights = {
      dense: [
        [0, 0.1, 0.2],
        [0.1, 0, 0.3],
        [0, 0.2, 0.1],
      ],
    };
    const file = job("many", {
      ...slif,
      network: { neurons: 3, weights },
      time: { t1: 0.4, dt: 0.05 },
      with: ["weights"],
    });
    const { out } = await commandLine(["check", file, "--entries", "2", ...cpu]);
    expect(out).toMatch(/│ weights\[0\] .*\n.*│ weights\[4\] /);
    expect(out).toMatch(/weights: 2 of its 9 entries; --entries checks more/);
    const bad = await commandLine(["check", file, "--entries", "none", ...cpu]);
    expect([bad.code, bad.error]).toEqual([1, expect.stringMatching(/^saltation: --entries: expected/)]);
    const unknown = await commandLine(["check", job("unknown", { ...slif, with: ["nothing"] }), ...cpu]);
    expect([unknown.code, unknown.error]).toEqual([
      1,
      expect.stringMatching(/with\[0\]: "nothing": cell "slif" has no/),
    ]);
  });
});
