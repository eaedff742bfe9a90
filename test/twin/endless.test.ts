/** A neuron that fires without end: the cause that is named is the one there is. */
import { describe, expect, it } from "vitest";
import { type CellDefinition, defineCell } from "../../src/cell/cell.js";
import { slif } from "../../src/cell/slif.js";
import type { NetworkDefinition } from "../../src/network/network.js";
import { defineNetwork } from "../../src/network/network.js";
import { planSolve } from "../../src/plan/plan.js";
import { simulateCpu } from "../../src/twin/evaluate.js";

const messageOf = async (definition: NetworkDefinition): Promise<string> => {
  const plan = planSolve(defineNetwork(definition), { paths: 1, t1: 1, dt: 0.01, seed: 1 });
  try {
    await simulateCpu(plan);
  } catch (error) {
    return (error as Error).message;
  }
  return "";
};
const ramp = (changes: Partial<CellDefinition>) =>
  defineCell({ name: "ramp", state: { v: "I" }, event: "v - 1", receive: { v: "v + w" }, parameters: {}, ...changes });

describe("a neuron that fires without end", () => {
  it("for weights of 1e30: its rate is named, not its reset", async () => {
    const message = await messageOf({
      cell: slif,
      neurons: 2,
      weights: { dense: [[0, 1e30], [1e30, 0]] }, // biome-ignore format: a matrix
      current: 1.5,
    });
    // e^50: the hazard at its cap.
    expect(message).toMatch(
      /^network: neuron [01] fires more than 10000 times in step \d+: its event function rises at a rate of 5\.18e\+21, too fast for dt = 0\.01; take a smaller dt, or check weights \(1e\+30 at most\), currents \(1\.5 here\) and parameters \(mu1 = 15 the largest\)$/,
    );
  });

  it("for a parameter: that one is named", async () => {
    const message = await messageOf({ cell: slif, current: 1.5, parameters: { vReset: -1e30 } });
    expect(message).toMatch(
      /rises at a rate of 5\.18e\+21, .*, or check currents \(1\.5 here\) and parameters \(vReset = -1e\+30/,
    );
  });

  it("for a reset that falls short: where it leaves the event function", async () => {
    expect(await messageOf({ cell: slif, current: 1.5, parameters: { alpha: -50 } })).toMatch(
      /: its reset leaves the event function at [45]\d\.?\d*, not below 0; make the reset larger$/,
    );
    const cell = ramp({ reset: { v: "after" }, parameters: { after: 0 } });
    expect(await messageOf({ cell, current: 5, parameters: { after: 3 } })).toMatch(
      /: its reset leaves the event function at 2, not below 0/,
    );
    // Of a definition whose reset never takes it below 0, the event has to fall there before it happens again.
    expect(await messageOf({ cell: ramp({ reset: { v: "3" } }), current: 5 })).toBe("");
  });

  it("for spikes that come back at once: where they leave it", async () => {
    const cell = ramp({ reset: { v: "0" } });
    const weights = { edges: [[0, 0, 3]] as [number, number, number][] };
    expect(await messageOf({ cell, current: 5, weights })).toMatch(
      /: arriving spikes leave its event function at 2, not below 0; check the weights, of 3 at most$/,
    );
  });
});
