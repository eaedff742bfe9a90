/** Derivatives that are further off than the spike times are told of, with a step that would do. */
import { describe, expect, it } from "vitest";
import type { CellDefinition } from "../../src/cell/cell.js";
import { Engine } from "../../src/engine.js";
import { meanSpikeTime } from "../../src/loss/spike-times.js";

const cpuEngine = (): Promise<Engine> => Engine.create({ backend: "cpu" });

/** v = √I tan(√I t) meets 10 at T = atan(10/√I)/√I. */
const quadratic = { name: "quadratic", state: { v: "v^2 + I" }, event: "v - 10", reset: { v: "0" }, parameters: {} };
const crossing = (I: number): number => Math.atan(10 / Math.sqrt(I)) / Math.sqrt(I);

const derivative = async (dt: number) => {
  const engine = await cpuEngine();
  const network = engine.network({ cell: quadratic, current: 1 });
  const { gradient, warnings, discretisation } = await network.valueAndGradient(meanSpikeTime(), {
    t1: 4,
    dt,
    paths: 1,
    with: ["current"],
    discretisation: true,
  });
  return { current: gradient.current as number, warnings, discretisation };
};

it("warns where half the step gives another derivative, though the spike hardly moves", async () => {
  const exact = (crossing(1 + 1e-5) - crossing(1 - 1e-5)) / 2e-5;
  const coarse = await derivative(0.25);
  const { discretisation, warnings } = coarse;
  if (!discretisation?.measured) throw new Error("not measured");
  expect(discretisation.relative).toBeLessThan(0.01);
  expect(Math.abs(coarse.current / exact - 1)).toBeGreaterThan(0.05);
  expect(discretisation.derivatives).toMatchObject({ by: "current", paths: 1 });
  expect(warnings).toEqual([discretisation.warning]);
  expect(discretisation.warning).toMatch(
    /^time\.dt: 0\.25 is too large for derivatives: that of spike times by "current" differs by [\d.]+ % from that at half the step \(1 path\); take dt = [\d.]+ for less than 5 %$/,
  );
  // The step that it names keeps what it says.
  const better = await derivative(discretisation.derivatives!.suggestedDt!);
  expect(Math.abs(better.current / exact - 1)).toBeLessThan(0.05);
  expect(better.warnings ?? []).toEqual([]);
});

it("finds a condition that is narrower than a step", async () => {
  const cell = {
    name: "narrow",
    state: { v: "1 + 2 / (1 + exp(-(v - 0.5) / width))" },
    event: "v - 1",
    reset: { v: "0" },
    parameters: { width: 0.005 },
  };
  const engine = await cpuEngine();
  const of = (dt: number) =>
    engine
      .network({ cell })
      .valueAndGradient(meanSpikeTime(), { t1: 3, dt, paths: 1, with: ["width"], discretisation: true });
  expect((await of(0.02)).warnings?.join()).toContain('by "width"');
  expect((await of(0.002)).warnings ?? []).toEqual([]);
});

it("takes what paths spread by for no error", async () => {
  const engine = await cpuEngine();
  const { discretisation } = await engine.network({ cell: "slif", current: 1.5 }).valueAndGradient(meanSpikeTime(), {
    t1: 1,
    dt: 0.01,
    paths: 64,
    with: ["current", "mu1"],
    discretisation: true,
  });
  expect(discretisation).toMatchObject({ measured: true, derivatives: { paths: 8 }, warning: undefined });
});

describe("a kink within a step", () => {
  const start = { x: "x0" };
  const kinked = { state: { x: "k", v: "0.2 + max(0, x)" }, event: "v - 1", reset: { v: "-9" }, start };
  // The same with an event where x passes 0.
  const marked = {
    state: { x: "k", v: "0.2 + side * x", side: "0" },
    start: { ...start, v: "0", side: "0" },
    events: {
      up: { when: "x", jump: { side: "1" } },
      spike: { when: "v - 1", jump: { v: "-9" }, emits: true },
    },
  };
  const by = async (equations: Omit<CellDefinition, "name" | "parameters">, dt: number) => {
    const network = (await cpuEngine()).network({
      cell: { name: "kink", ...equations, parameters: { x0: -0.71, k: 1 } },
    });
    return network.valueAndGradient(meanSpikeTime(), {
      t1: 3,
      dt,
      paths: 1,
      with: ["x0"],
      discretisation: { tolerance: 1e-3 },
    });
  };

  it("is named, with the event that mends it", async () => {
    const { warnings, gradient } = await by(kinked, 0.1);
    expect(warnings?.join()).toMatch(/too large for derivatives.*the kink of max: an event that marks the side/);
    // v = 0.2 t + s²/2 from s = t + x0 = 0 on: dτ/dx0 = −s/(0.2 + s), with s² + 0.4 s = 1.716 of which s = 1.1251.
    const s = -0.2 + Math.sqrt(0.04 + 2 * (1 - 0.2 * 0.71));
    const right = -s / (0.2 + s);
    expect(Math.abs((gradient.x0 as number) / right - 1)).toBeGreaterThan(5e-3);
    const mended = await by(marked, 0.1);
    expect(mended.warnings).toBeUndefined();
    expect(Math.abs((mended.gradient.x0 as number) / right - 1)).toBeLessThan(1e-12);
  });
});

describe("a path that only touches a surface", () => {
  // x comes to x0 + a²/2 and turns back, where it would switch.
  const touching = (a: number, x0: number) => ({
    name: "touching",
    state: { x: "a - t", v: "x > c ? 3 : 1" },
    event: "v - 1.9",
    reset: { v: "0" },
    start: { x: "x0" },
    parameters: { a, x0, c: x0 + (a * a) / 2 },
  });
  const gradient = async (a: number, x0: number, c?: number) => {
    const network = (await cpuEngine()).network({ cell: touching(a, x0), ...(c ? { parameters: { c } } : {}) });
    const options = { t1: 3, dt: 0.1, paths: 1, with: ["c"], discretisation: true };
    return network.valueAndGradient(meanSpikeTime(), options);
  };

  it("has no derivative: that is refused, not 1 over what rounding leaves of 0", async () => {
    await expect(gradient(0.5, 0)).rejects.toThrow(/only touches the surface of an event or of a condition/);
  });

  it("is told where rounding has it stay below", async () => {
    // By 2 parts in 10^16 of what it needs.
    const { warnings, gradient: by } = await gradient(0.5, 0, 0.125 + 2 ** -53);
    expect(by.c).toBe(0);
    expect(warnings?.[0]).toMatch(/^with: a path only touches the surface/);
    // By one part in a thousand it is another matter, here and beyond.
    for (const c of [0.12512, 0.12488])
      expect((await gradient(0.5, 0, c)).warnings?.join() ?? "").not.toMatch(/touches/);
  });
});
