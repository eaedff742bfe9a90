import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { fitted, meanValues, RecoveryTest } from "../../src/experiments/recovery.js";
import type { NetworkDefinition } from "../../src/network/network.js";
import { commandLine } from "../support/command-line.js";

const folder = mkdtempSync(join(tmpdir(), "saltation-recovery-"));

function run(command: string, job: object, ...args: string[]) {
  const file = join(folder, "job.json");
  writeFileSync(file, JSON.stringify(job));
  return commandLine([command, file, ...args]);
}

const example = (name: string) => JSON.parse(readFileSync(`examples/${name}.json`, "utf8"));

describe("measures against a true network", () => {
  const model: NetworkDefinition = {
    layers: [1, 2],
    parameters: { sigma1: 0.2 },
    current: [1.5, 1, 1],
    weights: { uniform: [0, 1], seed: 1 },
  };
  const truth: NetworkDefinition = { ...model, weights: { layers: [[[0.5, 0.25]]] } };
  const solve = { paths: 8, t1: 1, dt: 0.02, seed: 1, method: "euler" as const };

  it("are those of the definitions", async () => {
    const engine = await Engine.create({ backend: "cpu" });
    const options = { paths: 16, spikes: 2, depth: 2, every: 3 };
    const drawn: number[] = [];
    const progress = (done: number): number => drawn.push(done);
    const test = await RecoveryTest.create(engine, model, { network: truth, options: { paths: 8 } }, solve, options, {
      progress,
    });
    expect(drawn.at(-1)).toBe(16);
    const found = await test.measure({ weights: [[[0.75, 0.25]]] }, 1);
    expect(found.weightError).toBeCloseTo(0.125, 12);
    expect(found.testMae).toBeGreaterThan(0);
    // The same network as the true one differs by sampling only, a network without connections by more.
    const same = await test.measure({ weights: [[[0.5, 0.25]]] }, 1);
    const other = await test.measure({ current: [0, 0, 0] }, 1);
    expect(same.weightError).toBe(0);
    expect(other.testLoss).toBeGreaterThan(3 * same.testLoss!);
    expect(other.testMae).toBeGreaterThan(3 * same.testMae!);
    expect([0, 1, 2, 3, 4, 5].map((s) => test.due(s))).toEqual([false, false, true, false, false, true]);
    engine.dispose();
  });

  it("take fitted values in the shapes in which parameters were given", () => {
    expect(fitted(model, { weights: [[[1, 2]]], sigma1: 0.1 })).toMatchObject({
      weights: { layers: [[[1, 2]]] },
      parameters: { sigma1: 0.1 },
    });
    const sampled = { ...model, current: { dt: 0.5, samples: [[1], [2]] } };
    expect(fitted(sampled, { current: [[3], [4]] }).current).toEqual({ dt: 0.5, samples: [[3], [4]] });
    expect(
      meanValues([
        { a: 1, b: [[1, 2]] },
        { a: 3, b: [[3, 6]] },
      ]),
    ).toEqual({ a: 2, b: [[2, 4]] });
  });
});

describe("experiments of the command line", () => {
  it("figure 1 with its signature loss: metrics, figure, and a job that simulates the fitted neuron", async () => {
    const job = example("figure1-signature");
    job.steps = 4;
    job.paths = 32;
    job.test = { ...job.test, paths: 32, every: 2, average: 3 };
    const saved = join(folder, "trained.json");
    const figure = join(folder, "out", "figure.svg");
    const { code, out, error } = await run("train", job, "--json", "--save", saved, "--figure", figure);
    expect(error).toBe("");
    expect(code).toBe(0);
    const { metrics, history } = JSON.parse(out);
    // From 0.5653 the first spikes come too late: the current goes up.
    expect(metrics.parameters.current).toBeGreaterThan(job.input.current);
    expect(metrics.before.testMae).toBeGreaterThan(1);
    expect(metrics.testMae).toBeGreaterThan(1);
    // Mean over the last three steps' values: those with which steps 3 and 4 began, and the last.
    const began = history.slice(2).map((h: { parameters: { current: number } }) => h.parameters.current);
    const last = 3 * metrics.parameters.current - began[0] - began[1];
    expect(last).toBeGreaterThan(began[1]);
    expect(readFileSync(figure, "utf8")).toMatch(/^<svg/);
    const trained = JSON.parse(readFileSync(saved, "utf8"));
    expect(trained.input.current).toBe(metrics.parameters.current);
    expect(Object.keys(trained).sort()).toEqual(["input", "maxSpikes", "method", "network", "paths", "seed", "time"]);
    trained.input.current = { dt: 1, samples: [1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 0] };
    trained.time.t1 = 8;
    expect(JSON.parse((await run("simulate", trained, "--json")).out).meanSpikeCount).toBe(3);
  });

  it("figure 2 by log-likelihood on the CPU: the weights move to the true ones", async () => {
    const job = example("figure2-best");
    job.network.layers = [2, 2];
    job.input.current = [1.5, 1.5, 0, 0];
    job.steps = 3;
    job.optimiser.learningRate = 0.05;
    job.loss.batch = 12;
    job.observed.simulate.paths = 16;
    job.test = { paths: 8, depth: 2 };
    const saved = join(folder, "trained2.json");
    const args = ["--json", "--backend", "cpu", "--save", saved, "--figure", join(folder, "f2.svg")];
    const { code, out } = await run("train", job, ...args);
    expect(code).toBe(0);
    const { metrics } = JSON.parse(out);
    expect(metrics.weightError).toBeLessThan(metrics.before.weightError);
    const trained = JSON.parse(readFileSync(saved, "utf8"));
    expect(trained.network.weights.layers[0]).toEqual(metrics.parameters.weights[0]);
    // The likelihood's own parameters are not the network's.
    expect(trained.network.parameters.sigma1).toBe(0.25);
  });

  const base = () => example("figure1-signature");
  it.each([
    ["a test without a truth", { observed: [[0.2]] }, /test: compares with a true network/],
    ["no paths", { observed: { simulate: { paths: 0 } } }, /: observed\.simulate\.paths: expected a whole number/],
    ["a word", { observed: { simulate: { paths: 2, noise: 1 } } }, /observed\.simulate\.noise: unknown field/],
    ["depth", { test: { paths: 2, depth: 0 } }, /test\.depth: expected a whole number from 1 to 8, got 0/],
    [
      "a step of a true network",
      { observed: { simulate: { paths: 2, dt: 0.7 } } },
      /: observed\.simulate\.dt: 0\.7 does not/,
    ],
    ["no step", { steps: 0 }, /: steps: expected a whole number from 1 to 2147483648, got 0/],
    [
      "one path",
      { paths: 1, loss: { kind: "van-rossum", tau: 1 } },
      /: paths: loss "van-rossum" needs at least 2, got 1/,
    ],
    ["a parameter", { observed: { simulate: { paths: 2, parameters: { tau: 1 } } } }, /parameters\.tau/],
  ])("refuses %s", async (_, changes, message) => {
    const { code, error } = await run("train", { ...base(), ...changes });
    expect(error).toMatch(message);
    expect(error.trim().split("\n")).toHaveLength(1);
    expect(code).toBe(1);
  });
});
