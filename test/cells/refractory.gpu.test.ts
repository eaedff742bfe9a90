/**
 * A leaky neuron whose potential is held for a refractory period by a condition, and AdEx with the parameters of its
 * paper, on both backends.
 */
import { describe, expect, it } from "vitest";
import type { CellDefinition } from "../../src/cell/cell.js";
import { Engine } from "../../src/engine.js";
import { libraryCell } from "../../src/network/network.js";
import { sharedEngine } from "../support/engine.js";
import { needsLongLoops } from "../support/gpu.js";
import { plainAdex } from "../support/hybrid.js";

const gpu = sharedEngine();

const held: CellDefinition = {
  name: "held",
  state: { v: "c < 0 ? 0 : (I - v) / tau", c: "1" },
  event: "v - 1",
  reset: { v: "0", c: "-tref" },
  start: { c: "1" },
  parameters: { tau: 10, tref: 3.03 },
};

describe.each(["cpu", "webgpu"] as const)("on %s", (backend) => {
  const open = async (): Promise<Engine> => (backend === "cpu" ? Engine.create({ backend }) : gpu());
  /** Of the fourth spike, relative: float32 keeps 1e-7 of a state, and adds some hundred steps of it up. */
  const rounding = backend === "cpu" ? 0 : 1e-5;

  it.each([0.5, 0.1, 0.01])("the fourth spike of a leaky neuron and its derivatives, dt %f", async (dt) => {
    const network = (await open()).network({ cell: held, current: 1.5 });
    const by = ["current", "tau", "tref"];
    const { table, derivatives } = await network.spikeTimeSensitivities({ paths: 1, t1: 60, dt, with: by });
    // 4 τ log(I / (I − 1)) + 3 t_ref; the method leaves out (dt / τ)⁴ / 120 or so.
    const exact = [53.0344915, -53.3333333, 4.39444915, 3];
    [table.times[3]!, ...derivatives.subarray(3 * by.length, 4 * by.length)].forEach((value, i) => {
      expect(Math.abs(value / exact[i]! - 1)).toBeLessThanOrEqual(Math.max(1e-6 * (dt / 0.5) ** 4, 1e-8, rounding));
    });
  });

  it.each([0.1, 0.05])("AdEx runs at dt %f, with the derivative of its fourth spike", async (dt) => {
    const cell = await libraryCell("adex");
    const network = (await open()).network({ cell, current: 1000 });
    const { table, derivatives } = await network.spikeTimeSensitivities({ paths: 1, t1: 65, dt, with: ["current"] });
    // SciPy: DOP853 at 1e-12 in v to the peak, central differences.
    expect(Math.abs(table.times[3]! - 59.77566331)).toBeLessThan(2e-5);
    expect(Math.abs(derivatives[3]! / -0.12966102 - 1)).toBeLessThan(2e-5);
  });

  it.for([
    0.1, 0.02,
  ])("so does AdEx in its own variables, at dt %f: its upstroke is cut at levels", async (dt, test) => {
    const engine = await open();
    // 3,250 steps, each of some 20 turns.
    if (engine.gpu && dt < 0.1) await needsLongLoops(engine.gpu, test);
    const network = engine.network({ cell: plainAdex, current: 1000 });
    const { table, derivatives } = await network.spikeTimeSensitivities({ paths: 1, t1: 65, dt, with: ["current"] });
    expect(Math.abs(table.times[3]! - 59.77566331)).toBeLessThan(1e-3);
    expect(Math.abs(derivatives[3]! / -0.12966102 - 1)).toBeLessThan(5e-3);
  });

  it("an upstroke that overflows where no level cuts it is found", async () => {
    const plain: CellDefinition = {
      name: "quartic",
      state: { v: "(I + v * v * v * v) / tau" },
      event: "v - 1000",
      reset: { v: "-1" },
      parameters: { tau: 10 },
    };
    const network = (await open()).network({ cell: plain, current: 1 });
    const simulated = await network.simulate({ paths: 1, t1: 50, dt: 0.5 });
    const { times, counts } = await simulated.read();
    simulated.dispose();
    // SciPy, DOP853 at 1e-12. The last step before the blow-up is no better than a part of itself.
    expect(counts[0]).toBe(2);
    [11.10720731, 30.88398].forEach((time, n) => {
      expect(Math.abs(times[n]! - time)).toBeLessThan(0.3 * 0.5 * (n + 1));
    });
  });
});
