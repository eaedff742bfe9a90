/** Cells with long equations: their kernels stay short enough to compile, and compute what others compute. */
import { describe, expect, it } from "vitest";
import { forwardSingle } from "../../shaders/solve/forward-single.wgsl.js";
import { type CellDefinition, defineCell } from "../../src/cell/cell.js";
import { slifDefinition } from "../../src/cell/slif.js";
import { Engine } from "../../src/engine.js";
import { expandedOperations } from "../../src/gpu/expanded.js";
import { meanSpikeTime } from "../../src/loss/spike-times.js";
import { defineNetwork } from "../../src/network/network.js";
import { planSolve } from "../../src/plan/plan.js";
import { solverShape } from "../../src/solve/shape.js";
import { rmsprop } from "../../src/train/optimisers.js";
import { train } from "../../src/train/train.js";
import { sharedEngine } from "../support/engine.js";

/** Four equations of `terms` sines each. */
function sines(terms: number): CellDefinition {
  const sum = (k: number): string =>
    Array.from({ length: terms }, (_, j) => `sin(v${j % 4} * ${(terms * k + j + 1) / 100})`).join(" + ");
  return {
    name: "long",
    state: { ...Object.fromEntries([0, 1, 2, 3].map((k) => [`v${k}`, sum(k)])), s: "1 + 0 * v0" },
    event: "s",
    reset: { s: "-1" },
    start: { s: "-0.5" },
    parameters: {},
  };
}

describe("the kernels of a long flow", () => {
  const forward = async (definition: CellDefinition, rolled?: boolean): Promise<string> => {
    const plan = planSolve(defineNetwork({ cell: defineCell(definition) }), { paths: 1, t1: 1, dt: 0.1 });
    const shape = await solverShape(plan, "none");
    const sizes = { rolled: rolled ?? shape.rolled, affineEvent: true, workgroupSize: 64, burst: 16 };
    return forwardSingle({ ...shape, ...sizes }, "forward").code;
  };

  it("call it once for the four stages of a sub-step", async () => {
    const [long, unrolled] = [await forward(sines(35)), await forward(sines(35), false)];
    const calls = (code: string): number => code.match(/\bcell_flow\(/g)!.length;
    expect(calls(unrolled) - calls(long)).toBe(3);
    // Eleven calls of the flow written out, then five.
    expect(expandedOperations(long) / expandedOperations(unrolled)).toBeCloseTo(5 / 11, 1);
    expect(expandedOperations(long)).toBeLessThan(30_000);
  });

  it("leave those of short ones as they are fastest", async () => {
    expect(await forward(sines(35))).toMatch(/\bstage\b/);
    expect(await forward(slifDefinition)).not.toMatch(/\bstage\b/);
  });
});

describe("a long flow", () => {
  const engine = sharedEngine();
  /** A cell as it is, and with twenty-six sines that come to nothing: the same numbers from the long form of kernels. */
  const padded = Array.from({ length: 26 }, (_, i) => `sin(v * ${i + 2})`).join(" + ");
  const cells = (noise: CellDefinition["noise"]) =>
    ["", ` + none * (${padded})`].map((more) =>
      defineCell({
        name: "short",
        state: { v: `mu * (I - v)${more}`, s: "exp(v)" },
        noise: noise!,
        event: "s",
        reset: { v: "v - 1", s: "log(u)" },
        start: { s: "log(u)" },
        parameters: { mu: 10, sigma: 0.3, none: 0 },
      }),
    );

  it.each([
    ["additive noise", { v: "sigma" }],
    // The other as the reset leaves it.
    ["noise of both kinds", { v: { additive: "sigma", other: "sigma * sin(2 * pi * v)" } }],
  ])("has the bits of a short one that comes to the same: %s", async (_, noise) => {
    const results: unknown[] = [];
    for (const cell of cells(noise)) {
      const network = engine().network({ cell, current: 0.5 });
      const solve = { paths: 8, t1: 2, dt: 0.05, seed: 5, with: ["mu", "current"] };
      // By four numbers, so that both go back: tangents of short equations alone go along (src/solve/tangents.ts).
      const four = { ...solve, with: ["mu", "current", "sigma", "none"] };
      const { value, gradient } = await network.valueAndGradient(meanSpikeTime(), four);
      const { none, ...others } = gradient as Record<string, unknown>;
      expect(none).toBeDefined();
      const { derivatives } = await network.spikeTimeSensitivities({ ...solve, maxSpikes: 2 });
      results.push([value, others, Array.from(derivatives)]);
      expect(derivatives.some((d) => d !== 0)).toBe(true);
    }
    expect(results[1]).toEqual(results[0]);
  });

  it("goes to the CPU with a word where the backend is left open, and is refused where it is not", async () => {
    const lines: string[] = [];
    const cell = sines(120);
    const solve = { paths: 2, t1: 0.8, dt: 0.2, seed: 1 };
    const open = await Engine.create({ software: true, log: (line) => lines.push(line) });
    const twin = await Engine.create({ backend: "cpu" });
    const asked = await Engine.create({ backend: "webgpu", software: true });
    try {
      const network = open.network({ cell });
      const times = await (await network.simulate(solve)).spikeTimes();
      expect(times).toEqual(await (await twin.network({ cell }).simulate(solve)).spikeTimes());
      expect([open.backend, open.adapterName]).toEqual(["cpu", "float64 twin on the CPU"]);
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(
        /^network\.cell: the equations of "long" are too long for .*: kernel "forward long levy" has .* at most 60,000 are compiled; this engine computes on the CPU from here on$/,
      );
      const steps = train(network, {
        ...solve,
        steps: 1,
        loss: meanSpikeTime(),
        trainable: ["current"],
        optimiser: rmsprop({ learningRate: 1e-3 }),
      });
      for await (const step of steps) expect(step.value).toBeCloseTo(0.5, 12);
      expect(lines).toHaveLength(1);

      const refused = asked.network({ cell });
      const message =
        /^network\.cell: the equations of "long" are too long for .*; simplify them, or take backend cpu$/;
      await expect(refused.simulate(solve)).rejects.toMatchObject({
        code: "limit",
        message: expect.stringMatching(message),
      });
      await expect(refused.valueAndGradient(meanSpikeTime(), { ...solve, with: ["current"] })).rejects.toThrow(message);
      expect(asked.backend).toBe("webgpu");
    } finally {
      for (const e of [open, twin, asked]) e.dispose();
    }
  });
});
