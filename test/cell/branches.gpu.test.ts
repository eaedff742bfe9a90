/** Derivatives where a branch that is not taken, or an argument that a bound holds, has none that is finite. */
import { beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { meanSpikeTime } from "../../src/loss/spike-times.js";
import type { NetworkDefinition } from "../../src/network/network.js";
import { sharedEngine } from "../support/engine.js";

const engine = sharedEngine();
let cpu: Engine;
beforeAll(async () => {
  cpu = await Engine.create({ backend: "cpu" });
});

/** v grows by a a second from v0; a spike comes where the integral of `rate` reaches 0.001. */
const ramp = (rate: string, parameters: { [name: string]: number }): NetworkDefinition => ({
  cell: {
    name: "ramp",
    state: { v: "a", s: rate },
    event: "s",
    reset: { s: "-1" },
    start: { v: "v0", s: "-0.001" },
    parameters: { a: 1, v0: 0, ...parameters },
  },
});

/** Derivatives of the first spike's time, in reverse and forward mode. */
async function slopes(
  network: NetworkDefinition,
  time: { t1: number; dt: number },
  by: string[],
  backends = [cpu, engine()],
): Promise<number[][]> {
  const all: number[][] = [];
  for (const e of backends) {
    const options = { ...time, paths: 1, with: by, requireExact: false };
    const { gradient } = await e.network(network).valueAndGradient(meanSpikeTime(), options);
    const forward = (await e.network(network).spikeTimeSensitivities(options)).derivatives;
    all.push(
      by.map((n) => gradient[n] as number),
      [...forward.subarray(0, by.length)],
    );
  }
  return all;
}

describe("a branch that is not taken", () => {
  it.each([
    ["a power behind a condition", "v > vth ? k*(v - vth)^1.5 : 0"],
    ["within sums and products", "2*((v > vth ? k*(v - vth)^1.5/vth : 0) + 0*v)*0.5*vth"],
    ["within a condition", "v > vth ? (v < 10 ? k*(v - vth)^1.5 : log(v - 10)) : 0"],
    ["the other way round", "v <= vth ? 0 : k*exp(1.5*log(v - vth))"],
    ["a product with a root", "v > vth ? k*(v - vth)*sqrt(v - vth) : 0"],
    ["a quotient", "v > vth ? k*(v - vth)^2/sqrt(v - vth) : 0"],
    ["an exponential that overflows", "v > 10 ? exp(1e6*v*vth) : k*max(v - vth, 0)^1.5"],
    ["the greater of two", "k*max(v - vth, 0)^1.5"],
    ["a difference that a bound makes 0", "k*(max(v, vth) - vth)^1.5"],
    ["a size", "k*(0.5*(v - vth + abs(v - vth)))^1.5"],
    ["a root of a product with a bound", "max(v - vth, 0)*sqrt(k*k*max(v - vth, 0))"],
    ["the lesser of two", "k*(0 - min(vth - v, 0))^1.5"],
  ])("%s", async (what, rate) => {
    // Kernels hold the same expressions: two of them are enough.
    const both = what === "a power behind a condition" || what === "a difference that a bound makes 0";
    // The integral is k (2/5) (v - vth)^(5/2): t = vth + (0.0025 / k)^(2/5).
    const network = ramp(rate, { vth: 0.0203, k: 2.5 });
    for (const [vth, k] of await slopes(
      network,
      { t1: 0.15, dt: 0.001 },
      ["vth", "k"],
      both ? [cpu, engine()] : [cpu],
    )) {
      // The kink of the rate at vth lies within a step.
      expect(vth).toBeCloseTo(1, 3);
      expect(k).toBeCloseTo((-0.4 * 0.001 ** 0.4) / 2.5, 5);
    }
  });

  it("the root of what a bound holds at 0", async () => {
    const network = ramp("k*sqrt(max(v, 0))", { v0: -0.0042, k: 1 });
    // Central differences of the spike's time at the same steps.
    for (const [a] of await slopes(network, { t1: 0.1, dt: 0.01 }, ["a"])) expect(a).toBeCloseTo(-0.0105491, 6);
    // Here the spike falls into the step in which v passes 0.
    for (const [a] of await slopes(network, { t1: 0.1, dt: 0.02 }, ["a"], [cpu])) expect(a).toBeCloseTo(-0.0078633, 6);
  });
});

describe("a sigmoid far below its middle", () => {
  it.each(["sigmoid((v - vth)/d)", "1/(1 + exp(-(v - vth)/d))"])("%s has a derivative", async (sigmoid) => {
    // Its argument starts at -1000: an exponential of it overflows in float64 too.
    const network: NetworkDefinition = {
      cell: {
        name: "soft",
        state: { v: "(I - v)/tau", s: `lam*${sigmoid}` },
        event: "s",
        reset: { v: "v - 1", s: "log(u)" },
        start: { s: "log(u)" },
        parameters: { tau: 0.02, lam: 100, vth: 1, d: 0.001 },
      },
      current: 1.5,
    };
    for (const e of [cpu, engine()]) {
      const options = { paths: 64, seed: 1, t1: 1, dt: 0.001, with: ["vth", "d"] };
      const { gradient } = await e.network(network).valueAndGradient(meanSpikeTime(), options);
      // Central differences of the same paths; float32 keeps four digits of slopes this steep.
      expect(gradient.vth).toBeCloseTo(0.0718082, e === cpu ? 6 : 4);
      expect(gradient.d).toBeCloseTo(0.0503905, e === cpu ? 6 : 4);
    }
  });
});
