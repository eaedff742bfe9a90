/** Losses on the GPU against the float64 twin, and whatever the chunking. */
import { beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import type { Loss } from "../../src/train/loss.js";
import { sharedEngine } from "../support/engine.js";
import { lossCases, type Observed, observedTrains, one, recurrent } from "./support.js";

const engine = sharedEngine();
let cpu: Engine;
let observed: Observed;
beforeAll(async () => {
  cpu = await Engine.create({ backend: "cpu" });
  observed = await observedTrains(cpu, 50);
});

const cases = [
  ["one", one, ["current", "mu1", "vReset"]],
  ["recurrent", recurrent, ["weights", "current", "beta"]],
] as const;

const names = lossCases({
  one: [{ times: new Float64Array(), neurons: new Int32Array() }],
  recurrent: [{ times: new Float64Array(), neurons: new Int32Array() }],
}).map(([name]) => name);
const make = (name: string, network: "one" | "recurrent"): Loss =>
  lossCases(observed).find(([n]) => n === name)![1](network);

describe.each(names)("%s", (name) => {
  it.each(cases)("agrees with the twin: %s", async (network, definition, parameters) => {
    const options = { paths: 70, t1: 1, dt: 0.02, seed: 3, with: [...parameters] };
    const loss = make(name, network);
    const [g, c] = await Promise.all([engine(), cpu].map((e) => e.network(definition).valueAndGradient(loss, options)));
    // As for the solver: 1e-3 of the size of the gradient, or of its standard error where paths cancel.
    const errors = Object.values(c!.gradientStandardError).flat(3) as number[];
    const size = Math.max(...c!.flat.map(Math.abs), ...errors);
    for (let i = 0; i < c!.flat.length; i++) expect(Math.abs(g!.flat[i]! - c!.flat[i]!) / size).toBeLessThan(1e-3);
    expect(Math.abs(g!.value - c!.value)).toBeLessThan(1e-3 * Math.abs(c!.value));
    expect(Math.abs(g!.standardError / c!.standardError - 1)).toBeLessThan(1e-3);
  });
});

describe("chunks", () => {
  it.each([
    "first spikes, mse",
    "expected signature",
    "expected signature, matched",
  ])("change no bit of %s", async (name) => {
    const network = engine().network(recurrent);
    const plan = network.plan({ paths: 600, t1: 1, dt: 0.05, seed: 4 });
    const evaluator = await network.evaluator(plan, make(name, "recurrent"), ["current", "weights"]);
    const whole = await evaluator.evaluate(plan);
    const pieces = await evaluator.evaluate(plan, { chunkBytes: 1 });
    evaluator.dispose();
    expect(pieces.value).toBe(whole.value);
    expect([...pieces.flat]).toEqual([...whole.flat]);
    expect(pieces.standardError).toBe(whole.standardError);
  });
});
