/** The leaky read-out, which never fires: its state and derivatives against closed forms, and devices against the twin. */
import { expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { crossEntropy } from "../../src/loss/cross-entropy.js";
import { payoff } from "../../src/loss/payoff.js";
import { libraryCell, type NetworkDefinition } from "../../src/network/network.js";
import { sharedEngine } from "../support/engine.js";

const engine = sharedEngine();
const cpu = await Engine.create({ backend: "cpu" });
await libraryCell("leaky-readout");

it("has the sum of what arrivals leave, and the derivatives of that", async () => {
  const network = cpu.network({
    populations: {
      in: { sources: 2 },
      out: { cell: "leaky-readout", neurons: 1, parameters: { R: 1.5 }, current: 0.4 },
    },
    projections: [{ from: "in", to: "out", weights: { dense: [[2], [-0.7]] } }],
  });
  const spikes = [{ times: [3.3, 8.1, 20.9], sources: [0, 1, 0] }];
  const names = ["in->out.weights", "out.R", "out.tauM", "out.tauSyn", "out.current"];
  const { value, flat, unbiased } = await network.valueAndGradient(payoff({ value: "v" }), {
    samples: { spikes },
    t1: 30,
    dt: 0.1,
    with: names,
  });
  const v = ([w0, w1, R, tauM, tauSyn, I]: number[]): number => {
    const left = (t: number): number => (tauSyn! * (Math.exp(-t / tauM!) - Math.exp(-t / tauSyn!))) / (tauM! - tauSyn!);
    const constant = R! * I! * (1 - Math.exp(-30 / tauM!));
    return constant + R! * (w0! * (left(26.7) + left(9.1)) + w1! * left(21.9));
  };
  const at = [2, -0.7, 1.5, 20, 5, 0.4];
  // Order 4: (dt / tauSyn)⁵ / 120 a step of 300, of some 1.
  expect(Math.abs(value - v(at))).toBeLessThan(1e-8);
  at.forEach((x, p) => {
    const by = (h: number): number => v(at.with(p, x + h));
    expect(Math.abs(flat[p]! - (by(1e-5) - by(-1e-5)) / 2e-5)).toBeLessThan(1e-7);
  });
  expect(unbiased).toBe(true);
});

it("never fires, and may be alone", async () => {
  const spikes = await cpu.network({ cell: "leaky-readout", current: 1e6 }).simulate({ paths: 2, t1: 50, dt: 1 });
  expect(await spikes.meanCount()).toBe(0);
  const { exactness } = await libraryCell("leaky-readout");
  expect(exactness.conditions.map((c) => c.verdict)).toEqual(["holds", "holds", "holds"]);
});

it("classifies by its state on a device as in the twin, behind spiking neurons", async () => {
  const network: NetworkDefinition = {
    populations: {
      in: { poisson: [0.3, 0.1, 0.2] },
      hidden: { cell: "slif", neurons: 4, parameters: { mu1: 0.2, mu2: 0.3, tauS: 4, sigma1: 0.1 }, current: 0.7 },
      out: { cell: "leaky-readout", neurons: 2 },
    },
    projections: [
      { from: "in", to: "hidden", weights: { allToAll: { uniform: [0.3, 1.5], seed: 1 } } },
      { from: "hidden", to: "out", weights: { allToAll: { normal: [0, 0.5], seed: 2 } }, delays: 0.7 },
    ],
  };
  const loss = crossEntropy({ neurons: "out", states: { read: "max", times: { every: 5 } }, temperature: 0.5 });
  const options = {
    samples: { labels: Array.from({ length: 40 }, (_, s) => s % 2), trials: 2 },
    t1: 20,
    dt: 0.5,
    seed: 2,
    with: ["hidden->out.weights", "in->hidden.weights", "hidden.current", "out.tauM", "in.rate", "hidden->out.delays"],
  };
  const [a, b] = [
    await engine().network(network).valueAndGradient(loss, options),
    await cpu.network(network).valueAndGradient(loss, options),
  ];
  // As other losses of states (test/loss/state-losses.gpu.test.ts).
  expect(Math.abs(a.value - b.value)).toBeLessThan(1e-3 * Math.abs(b.value));
  const size = Math.max(...b.flat.map(Math.abs));
  b.flat.forEach((v, i) => {
    expect(Math.abs(a.flat[i]! - v)).toBeLessThan(2e-3 * size);
  });
  expect(Math.abs((b.gradient as Record<string, number>)["out.tauM"]!)).toBeGreaterThan(1e-4);
});
