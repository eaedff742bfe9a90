/**
 * Branches of kernels. SwiftShader's compiler goes every way through the branches that follow each other in a loop, two to
 * the power of their number: there must not be more of them where a cell has more variables.
 */
import { describe, expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import type { Gpu } from "../../src/gpu/index.js";
import { parameterLayout, requestedViews } from "../../src/plan/layout.js";
import { NetworkSolver } from "../../src/solve/network-solver.js";
import { SingleSolver } from "../../src/solve/single.js";
import { WorkgroupSolver } from "../../src/solve/workgroup-solver.js";

const limits = { maxComputeWorkgroupStorageSize: 16384, maxComputeInvocationsPerWorkgroup: 256 };

/** Texts of a solver's kernels, of which none is compiled. */
async function texts(
  create: typeof NetworkSolver.create,
  neurons: number,
  states: number,
  conditions = 0,
): Promise<string[]> {
  const engine = await Engine.create({ backend: "cpu" });
  const all = Array.from({ length: states }, (_, i) => `x${i}`);
  const terms = Array.from({ length: conditions }, (_, i) => ` + (x0 > ${0.1 * (i + 1)} ? 0.1 : 0)`).join("");
  const network = engine.network({
    cell: {
      name: "wide",
      state: Object.fromEntries(all.map((x, i) => [x, i === 0 ? `a + I - x0${terms}` : `a * (x${i - 1} - ${x})`])),
      event: "x0 - 1",
      reset: { x0: "0" },
      receive: { x0: "x0 + w" },
      noise: Object.fromEntries(all.map((x) => [x, "s"])),
      start: Object.fromEntries(all.map((x) => [x, "0"])),
      parameters: { a: 1, s: 0.1 },
    },
    neurons,
    ...(neurons > 1 && { weights: { dense: Array.from({ length: neurons }, () => Array(neurons).fill(0.1)) } }),
  });
  const plan = network.plan({ paths: 2, t1: 1, dt: 0.1 });
  const views = requestedViews(plan.network, parameterLayout(plan), ["a"]);
  const seen: string[] = [];
  const compiling = new Error("is not compiled");
  const kernel = async ({ code }: { code: string }): Promise<never> => {
    seen.push(code);
    throw compiling;
  };
  const gpu = { kernel, device: { limits }, adapter: { fallback: true } } as unknown as Gpu;
  await expect(create(gpu, plan, views)).rejects.toBe(compiling);
  return seen;
}

const branches = (code: string): number =>
  code.replace(/\/\/.*/g, "").match(/&&|\|\||\b(else|if|for|case)\b/g)?.length ?? 0;

describe("branches do not become more with variables", () => {
  it.each([
    ["one neuron", SingleSolver.create, 1],
    ["a network", NetworkSolver.create, 2],
    ["a network, a path per workgroup", WorkgroupSolver.create, 2],
  ] as const)("%s", async (_, create, neurons) => {
    const [few, many] = [await texts(create as never, neurons, 2), await texts(create as never, neurons, 32)];
    expect(few).toHaveLength(2);
    expect(many.map(branches)).toEqual(few.map(branches));
    expect(branches(few[0]!)).toBeGreaterThan(0);
  });
});

it("nor with conditions, but for the jumps of each", async () => {
  const [few, many] = [await texts(NetworkSolver.create, 2, 2, 2), await texts(NetworkSolver.create, 2, 2, 8)];
  const inLoops = (code: string): number => branches(code.replace(/case \d+u: \{ return cell_(turn|reset)/g, ""));
  expect(inLoops(many[0]!)).toBe(inLoops(few[0]!));
});
