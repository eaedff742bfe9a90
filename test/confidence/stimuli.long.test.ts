/** A recording of twenty trials, each of another stimulus, in one likelihood: what was simulated is found again. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { confidence } from "../../src/confidence/confidence.js";
import { Engine } from "../../src/engine.js";
import { logLikelihood } from "../../src/loss/log-likelihood.js";
import type { NetworkDefinition } from "../../src/network/network.js";
import { pathsOf } from "../../src/spikes/table.js";
import { adam } from "../../src/train/optimisers.js";
import { train } from "../../src/train/train.js";
import type { Trainable } from "../../src/train/trainable.js";

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.create({ backend: "simd", threads: 1 });
});
afterAll(() => engine.dispose());

const truth: Record<string, number> = { tau: 15, gain: 80, vTh: 15, jEta: 1, jGamma: 2 };
const trials = 20;
const solve = { t1: 1000, dt: 1 };

/** Currents (nA) that fluctuate with 10 ms around levels from 0.22 to 0.34: x′ = −x/10 + noise, from a congruence. */
const currents = Array.from({ length: trials }, (_, s) => {
  let [state, x] = [1000 + 77 * s, 0];
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const level = 0.22 + (0.12 * s) / (trials - 1);
  return Array.from({ length: solve.t1 }, () => {
    const normal = Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
    x += -x / 10 + 0.06 * normal;
    return level + x;
  });
});
const samples = { inputs: { I: { dt: 1, samples: currents } } };
const shape = { current: { dt: 1, samples: currents[0]! } };

it("finds the parameters of a gif neuron within two standard errors from twenty trials of twenty currents", async () => {
  const of = (parameters: Record<string, number>): NetworkDefinition => ({ cell: "gif", parameters, ...shape });
  const simulated = await engine.network(of(truth)).simulate({ ...solve, samples, seed: 5 });
  const observed = pathsOf(await simulated.read());
  simulated.dispose();
  const trainable: Trainable[] = [
    { name: "tau", transform: "exp" },
    { name: "gain", transform: "exp" },
    ...["vTh", "jEta", "jGamma"].map((name) => ({ name, group: "voltages" })),
  ];
  const falling = (initValue: number) => adam({ learningRate: { kind: "cosine-decay", initValue, decaySteps: 80 } });
  const first = { tau: 10, gain: 60, vTh: 12, jEta: 0.3, jGamma: 0.5 };
  const fitted = engine.network(of(first));
  const options = { ...solve, samples, loss: logLikelihood(observed), trainable };
  const how = { optimiser: falling(0.1), groups: { voltages: falling(0.5) }, steps: 80 };
  let values: Record<string, unknown> = {};
  for await (const step of train(fitted, { ...options, ...how })) values = (await step.values()).updated;
  const found = await confidence(fitted, { ...options, values, refine: true });
  expect(found.trials).toBe(trials);
  for (const { parameter, value, standardError } of found.parameters)
    expect(Math.abs(value - truth[parameter]!) / standardError, `${parameter} is ${value}`).toBeLessThan(2);
  // A wrong model would be found out: of a true one it is below 0.05 in a twentieth of all recordings at most.
  expect(found.goodness.pValue).toBeGreaterThan(0.05);

  // It does matter which current a trial had: by the current of the trial after it, spikes are less probable by far.
  const shifted = { inputs: { I: { dt: 1, samples: currents.map((_, s) => currents[(s + 1) % trials]!) } } };
  const confused = await engine
    .network(of(found.values as Record<string, number>))
    .valueAndGradient(options.loss, { ...solve, samples: shifted, with: [] });
  expect(found.logLikelihood + trials * confused.value).toBeGreaterThan(100);
}, 600_000);
