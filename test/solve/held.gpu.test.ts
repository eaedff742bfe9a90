/** Jobs whose numbers 32-bit floats do not take apart: these are told, where float32 solves, and no others. */
import { describe, expect, it } from "vitest";
import { defineCell } from "../../src/cell/cell.js";
import { Engine } from "../../src/engine.js";
import type { NetworkDefinition } from "../../src/network/network.js";
import type { SolveOptions } from "../../src/plan/plan.js";
import { withHeld } from "../../src/solve/held.js";
import { sharedEngine } from "../support/engine.js";

const engine = sharedEngine();

const lif = defineCell({
  name: "lif",
  state: { v: "mu * (I - v)" },
  event: "v - vTh",
  reset: { v: "v - 1" },
  start: { v: "v0" },
  parameters: { mu: 15, vTh: 1, v0: 0 },
});
/** The same from an origin far away. */
const from = (origin: number): NetworkDefinition => ({
  cell: lif,
  current: origin + 1.5,
  parameters: { vTh: origin + 1, v0: origin },
});
/** Fires at k0, k0 + 1, … by a clock. */
const clock = defineCell({
  name: "clock",
  state: { k: "0" },
  event: "t - k",
  reset: { k: "k + 1" },
  start: { k: "k0" },
  parameters: { k0: 1.5 },
});
const ramp = defineCell({
  name: "ramp",
  state: { v: "1" },
  event: "v - 1",
  reset: { v: "v - 1" },
  start: { v: "v0" },
  parameters: { v0: 0 },
});
const options = { paths: 2, t1: 0.5, dt: 0.01 };

describe("numbers that 32-bit floats do not take apart", () => {
  it("says how far spikes are off, on a device and not in float64", async () => {
    const cpu = await Engine.create({ backend: "cpu" });
    const times = async (on: Engine): Promise<{ fired: number; warnings: readonly string[] | undefined }> => {
      const spikes = await on.network(from(1e7)).simulate(options);
      const { counts } = await spikes.read();
      spikes.dispose();
      return { fired: counts[0]!, warnings: spikes.warnings };
    };
    const [far, exact] = [await times(engine()), await times(cpu)];
    expect(exact.fired).toBe(6);
    expect(exact.warnings ?? []).toEqual([]);
    expect(far.fired).not.toBe(exact.fired);
    expect(far.warnings).toEqual([
      expect.stringMatching(
        /^32-bit floats do not hold .*: spike times are off by .* as they keep I = 10000000 to 1.19;/,
      ),
    ]);
  });

  const warned = async (definition: NetworkDefinition, more: Partial<SolveOptions> = {}): Promise<boolean> =>
    (
      await withHeld(
        engine()
          .network(definition)
          .plan({ ...options, ...more }),
      )
    ).warnings !== undefined;

  it.each<[boolean, string, NetworkDefinition, Partial<SolveOptions>]>([
    [true, "a threshold far from 0", from(1e6), {}],
    [false, "a threshold at 0", from(0), {}],
    [false, "millivolts", from(-70), {}],
    [true, "a start nearer to its event than rounding", { cell: ramp, parameters: { v0: 1 - 1e-10 } }, {}],
    [false, "one that is not", { cell: ramp, parameters: { v0: 1 - 1e-3 } }, {}],
    [true, "a late clock", { cell: clock, parameters: { k0: 1e8 + 1.5 } }, { t0: 1e8, t1: 1e8 + 5, dt: 0.25 }],
    [false, "an early clock", { cell: clock }, { t1: 5, dt: 0.25 }],
    [false, "a late start of what reads no time", { current: 1.5 }, { t0: 1e8, t1: 1e8 + 1 }],
    [false, "a start at rest", { current: 0 }, {}],
  ])("%s for %s", async (is, _, definition, more) => {
    expect(await warned(definition, more)).toBe(is);
  });
});
