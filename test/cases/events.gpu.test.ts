/**
 * Cells whose flow changes at a surface, that cross without a reset, peak within a step or end at an event: right values in
 * closed form, on both backends, in reverse and forward mode.
 */
import { beforeAll, describe, expect, it } from "vitest";
import type { CellDefinition } from "../../src/cell/cell.js";
import { Engine } from "../../src/engine.js";
import { meanSpikeTime } from "../../src/loss/spike-times.js";
import type { NetworkDefinition } from "../../src/network/network.js";
import type { SolveOptions } from "../../src/plan/plan.js";
import { sharedEngine } from "../support/engine.js";
import { needsLongLoops } from "../support/gpu.js";

const engine = sharedEngine();
let cpu: Engine;
beforeAll(async () => {
  cpu = await Engine.create({ backend: "cpu" });
});

type Run = Partial<SolveOptions> & { t1: number; dt: number; index?: number };

/**
 * Time of a spike and its derivatives by some parameters: in reverse and forward mode, on either backend.
 * @param ofNeuron its number among those of neuron 0.
 */
async function derivatives(
  network: NetworkDefinition,
  { index = 0, ...run }: Run,
  by: readonly string[],
  ofNeuron: number,
) {
  const options = { paths: 1, seed: 4, ...run, with: [...by] };
  const all: { time: number; reverse: number[]; forward: number[] }[] = [];
  for (const e of [cpu, engine()]) {
    const { value, gradient } = await e.network(network).valueAndGradient(meanSpikeTime(0, ofNeuron), options);
    const { derivatives } = await e.network(network).spikeTimeSensitivities(options);
    all.push({
      time: value,
      reverse: by.map((n) => gradient[n] as number),
      forward: [...derivatives.subarray(index * by.length, (index + 1) * by.length)],
    });
  }
  return all;
}

/**
 * Float64 is exact but for rounding, as fields are constant or linear. In float32 a state of size 1 is known to 1e-7 a
 * step, and a place in a step to 6e-8 of it.
 */
async function expectExact(
  network: NetworkDefinition,
  run: Run,
  time: number,
  slopes: Readonly<Record<string, number>>,
  tolerance = 1e-9,
  ofNeuron = run.index ?? 0,
) {
  const names = Object.keys(slopes);
  const results = await derivatives(network, run, names, ofNeuron);
  results.forEach((r, backend) => {
    const [bound, rounding] = backend === 0 ? [tolerance, 0] : [tolerance, 2e-5];
    expect(Math.abs(r.time - time)).toBeLessThan((bound + rounding) * Math.max(1, Math.abs(time)));
    names.forEach((n, i) => {
      const [right, allowed] = [slopes[n]!, (bound + 5 * rounding) * Math.max(1e-2, Math.abs(slopes[n]!))];
      expect(Math.abs(r.reverse[i]! - right), `${n}, reverse, ${["cpu", "webgpu"][backend]}`).toBeLessThan(allowed);
      expect(Math.abs(r.forward[i]! - right), `${n}, forward, ${["cpu", "webgpu"][backend]}`).toBeLessThan(allowed);
    });
  });
}

const bend = (condition: string): CellDefinition => ({
  name: "bend",
  state: { v: condition },
  event: "v - 1",
  reset: { v: "-10" },
  parameters: { c: 0.503, a: 2 },
});

describe("conditions are located switches", () => {
  // v rises at 1 up to c, then at a: t = c + (1 − c) / a.
  it.each([
    "v < c ? 1 : a",
    "v >= c ? a : 1",
    "!(v >= c) ? 1 : a",
    "c > v && a > 0 ? 1 : a",
  ])("%s", async (condition) => {
    for (const [c, a] of [
      [0.503, 2],
      [0.31, 0.7],
    ] as const) {
      const network = { cell: bend(condition), parameters: { c, a } };
      const slopes = { c: 1 - 1 / a, a: -(1 - c) / a ** 2 };
      await expectExact(network, { t1: 2, dt: 0.01 }, c + (1 - c) / a, slopes);
    }
  });

  it("a dead time: t₂ = (E₁ + E₂) / rate + tref", async () => {
    const cell: CellDefinition = {
      name: "dead time",
      state: { s: "r < tref ? 0 : rate", r: "1" },
      event: "s",
      reset: { s: "log(u)", r: "0" },
      start: { s: "log(u)", r: "1" },
      parameters: { rate: 100, tref: 0.005 },
    };
    for (const tref of [0.005, 0.0117]) {
      const run = { t1: 0.4, dt: 0.001, index: 1, maxSpikes: 2 };
      const spikes = await cpu
        .network({ cell, parameters: { tref } })
        .simulate({ paths: 1, seed: 4, t1: 0.4, dt: 0.001, maxSpikes: 2 });
      const time = (await spikes.spikeTimes())[1]!;
      await expectExact({ cell, parameters: { tref } }, run, time, { rate: -(time - tref) / 100, tref: 1 });
    }
  });

  // The clock rests on its surface between spikes: v rises at `rate` from there on, so t₂ = 2 / rate + tref.
  it.each(["levy", "euler"] as const)("a clock that runs down to 0 and rests there: %s", async (method) => {
    const cell: CellDefinition = {
      name: "countdown",
      state: { v: "r > 0 ? 0 : rate", r: "r > 0 ? -1 : 0" },
      event: "v - 1",
      reset: { v: "0", r: "tref" },
      parameters: { rate: 3.1, tref: 0.17 },
    };
    const slopes = { rate: -2 / 3.1 ** 2, tref: 1 };
    // 0.25 is a whole number of steps, at the end of which the clock is at 0 to the bit.
    for (const tref of [0.17, 0.25]) {
      const run = { t1: 2, dt: 0.0625, method };
      await expectExact({ cell, parameters: { tref } }, { ...run, index: 1 }, 2 / 3.1 + tref, slopes);
      // Of two neurons, which are solved by other kernels, the fourth spike is the second of one.
      await expectExact(
        { cell, neurons: 2, parameters: { tref } },
        { ...run, index: 3 },
        2 / 3.1 + tref,
        slopes,
        1e-9,
        1,
      );
    }
  });

  it("a hazard that is switched on: t = vth + 0.1 / rate", async () => {
    const cell: CellDefinition = {
      name: "step hazard",
      state: { v: "1", s: "v > vth ? rate : 0" },
      event: "s",
      reset: { s: "-1000" },
      start: { s: "-0.1" },
      parameters: { vth: 0.3037, rate: 5 },
    };
    await expectExact({ cell }, { t1: 1, dt: 0.01 }, 0.3037 + 0.02, { vth: 1, rate: -0.004 });
    await expectExact({ cell }, { t1: 1, dt: 0.25 }, 0.3037 + 0.02, { vth: 1, rate: -0.004 });
  });

  it("a leaky neuron whose potential is held at the reset by a clock", async () => {
    const cell: CellDefinition = {
      name: "held",
      state: { v: "c < 0 ? 0 : (I - v) / tau", c: "1" },
      event: "v - 1",
      reset: { v: "0", c: "-tref" },
      start: { c: "1" },
      parameters: { tau: 10, tref: 3.03 },
      positive: ["tau"],
    };
    // Each interval but the first is tref + τ log(I / (I − 1)).
    const [tau, tref, I, n] = [10, 3.03, 1.5, 4];
    const time = n * tau * Math.log(I / (I - 1)) + (n - 1) * tref;
    const slopes = { tau: n * Math.log(I / (I - 1)), tref: n - 1, current: -(n * tau) / (I * (I - 1)) };
    expect(time).toBeCloseTo(53.034, 3);
    // RK4 leaves (h/τ)⁵/120 a step: 2e-8 at dt 0.5, seven steps a time constant.
    for (const dt of [0.5, 0.1, 0.01]) {
      await expectExact({ cell, current: I }, { t1: 60, dt, index: 3 }, time, slopes, 1e-6);
    }
  });

  it("a pulse in time, whose ends are located", async () => {
    // v rises while from < t < from + width, and leaves v = width.
    const cell: CellDefinition = {
      name: "pulse",
      state: { v: "t > from && t < from + width ? 1 : 0", s: "v" },
      event: "s - 1",
      parameters: { from: 0.305, width: 0.502 },
    };
    // s = width²/2 at the end of the pulse, then grows at width: t = from + 1/width + width/2.
    const [from, width] = [0.305, 0.502];
    const slopes = { from: 1, width: -1 / width ** 2 + 1 / 2 };
    await expectExact({ cell }, { t1: 4, dt: 0.02 }, from + 1 / width + width / 2, slopes);
  });

  it("a surface that is reached at a grid point, to rounding", async () => {
    for (const dt of [0.05, 0.0625, 0.1]) {
      for (const c of [0.5, 0.3, 0.1]) {
        const network = { cell: bend("v < c ? 1 : a"), parameters: { c } };
        await expectExact(network, { t1: 2, dt }, c + (1 - c) / 2, { c: 0.5, a: -(1 - c) / 4 });
        // Twice in one step: there and back.
        const pulse: CellDefinition = {
          name: "gate",
          state: { v: "t > from && t < from + 0.1 * width ? 10 : 0.1" },
          event: "v - 0.9",
          parameters: { from: 0.1, width: 0.8 },
        };
        const [from, width] = [c, 0.8];
        // 0.1 t until the gate, 1 − 0.01 more in each of its tenths: v = 0.9 within it or after.
        const inside = from + (0.9 - 0.1 * from) / 10;
        const after = (0.9 - 9.9 * 0.1 * width) / 0.1;
        const time = inside < from + 0.1 * width ? inside : after;
        const slopes: Record<string, number> = inside < from + 0.1 * width ? { from: 0.99 } : { width: -9.9 };
        await expectExact({ cell: pulse, parameters: { from, width } }, { t1: 2, dt }, time, slopes);
      }
    }
  });

  it("branches that meet need no location, and cells without others have no hidden state", () => {
    const states = (drift: string): readonly string[] =>
      cpu.network({ cell: { ...bend(drift), parameters: { c: 0.5, a: 2, k: 1.5 } } }).network.cell.states;
    for (const meets of [
      "v < c ? v : c",
      "max(v - c, 0)",
      "abs(v - c) + 1",
      "v > c ? k * (v - c)^1.5 : 0",
      "c < a ? 1 : 2",
    ])
      expect(states(meets), meets).toEqual(["v"]);
    for (const parts of ["v < c ? 1 : a", "v < c ? v : a", "v * v < c ? 1 : v * v"])
      expect(states(parts), parts).toHaveLength(2);
  });

  it("a path that slides along a surface is told so", async (context) => {
    const cell = { ...bend("v < c ? 1 : -1"), event: "v - 1" };
    for (const e of [cpu, engine()]) {
      // A hundred thousand turns of a step go by before it is.
      if (e.gpu) await needsLongLoops(e.gpu, context);
      await expect(e.network({ cell }).simulate({ paths: 1, t1: 1, dt: 0.1 })).rejects.toThrow(
        /it slides along the surface of a condition, whose branches both lead back to it/,
      );
    }
  });
});

describe("an event happens when its function crosses 0 upwards", () => {
  const detector: CellDefinition = {
    name: "detector",
    state: { x: "omega * y", y: "-(omega * x)" },
    event: "x - level",
    start: { x: "1" },
    parameters: { omega: 1, level: 0.5 },
  };

  it("without a reset, from a start above, again and again", async () => {
    // x = cos ωt crosses the level upwards at (2πn − acos level) / ω.
    for (const [omega, level] of [
      [1, 0.5],
      [1.7, -0.3],
    ] as const) {
      for (const index of [0, 2]) {
        const time = (2 * Math.PI * (index + 1) - Math.acos(level)) / omega;
        const slopes = { omega: -time / omega, level: 1 / Math.sqrt(1 - level ** 2) / omega };
        await expectExact(
          { cell: detector, parameters: { omega, level } },
          { t1: 20, dt: 0.01, index },
          time,
          slopes,
          1e-7,
        );
      }
    }
  });

  it("a ball that bounces keeps e of its speed each time", async () => {
    const cell: CellDefinition = {
      name: "ball",
      state: { x: "y", y: "-g" },
      events: { bounce: { when: "-x", jump: { y: "-e * y" }, emits: true } },
      start: { x: "h" },
      parameters: { g: 2, e: 0.8, h: 0.5 },
    };
    // √(2h/g) (1 + 2 Σ eⁿ).
    const [g, e, h] = [2, 0.8, 0.5];
    const fall = Math.sqrt((2 * h) / g);
    const time = fall * (1 + 2 * (e + e * e));
    const slopes = { g: -time / (2 * g), h: time / (2 * h), e: fall * (2 + 4 * e) };
    for (const dt of [0.01, 0.3]) await expectExact({ cell }, { t1: 3, dt, index: 2 }, time, slopes);
  });

  it("a peak inside a step is found", async () => {
    const cell: CellDefinition = {
      name: "throw",
      state: { x: "v", v: "-g" },
      event: "x - top",
      reset: { x: "-100" },
      start: { x: "0", v: "v0" },
      parameters: { g: 1, top: 0.49, v0: 1 },
    };
    // At its highest, 0.5, after 1: it passes 0.49 at 1 − √0.02, and is below again at the end of a step of 2.
    const rest = Math.sqrt(0.02);
    const slopes = { top: 1 / rest, v0: -(1 - rest) / rest };
    await expectExact({ cell }, { t1: 4, dt: 2 }, 1 - rest, slopes, 1e-9);
    for (const e of [cpu, engine()]) {
      const missed = await e.network({ cell, parameters: { top: 0.51 } }).simulate({ paths: 1, t1: 4, dt: 2 });
      expect(await missed.meanCount()).toBe(0);
      const network = e.network({
        cell: {
          name: "lif",
          state: { v: "(I + i - v) / tau", i: "-i / taus" },
          event: "v - vth",
          reset: { v: "0" },
          receive: { i: "i + w" },
          parameters: { tau: 0.02, taus: 0.005, vth: 1 },
        },
        inputSpikes: { times: [0.015], neurons: [0], weights: [6.7] },
      });
      const spikes = await network.simulate({ paths: 1, t1: 0.1, dt: 0.01 });
      const [time] = await spikes.spikeTimes();
      expect(await spikes.meanCount()).toBe(1);
      // At dt = 2 taus a step of RK4 is 3e-4 off here; the right time is 0.02138.
      expect(Math.abs(time! - 0.02138)).toBeLessThan(5e-4);
      spikes.dispose();
    }
  });

  it("an arrival that takes it across makes it happen at once, though it falls again before the step ends", async () => {
    const cell: CellDefinition = {
      name: "leaky",
      state: { v: "-v / tau" },
      event: "v - 1",
      reset: { v: "0" },
      receive: { v: "v + w" },
      parameters: { tau: 0.02 },
    };
    const inputSpikes = { times: [0.011, 0.052], neurons: [0, 0], weights: [1.1, 0.9] };
    for (const method of ["levy", "euler"] as const) {
      for (const e of [cpu, engine()]) {
        const spikes = await e.network({ cell, inputSpikes }).simulate({ paths: 1, t1: 0.1, dt: 0.01, method });
        expect(await spikes.meanCount()).toBe(1);
        expect((await spikes.spikeTimes())[0]).toBeCloseTo(0.011, 8);
        spikes.dispose();
      }
    }
  });

  // An arrival goes before what comes at its time. Where it does not move E, that is above 0 by rounding then, or at 0: no jump took it there.
  it("an arrival at the very time of an event leaves it a time of its own", async () => {
    const cell: CellDefinition = {
      name: "receiver",
      state: { v: "I - k * v", g: "-g" },
      event: "v - vth",
      reset: { v: "0" },
      receive: { g: "g + w" },
      parameters: { k: 0.4, vth: 1 },
    };
    const [k, I] = [0.4, 1.5];
    for (let m = 1; m < 20; m++) {
      const time = m / 20;
      const vth = (I / k) * (1 - Math.exp(-k * time));
      const inputSpikes = { times: [time], neurons: [0], weights: [0.3] };
      const rate = I - k * vth;
      const slopes = { vth: 1 / rate, current: -vth / I / rate };
      // RK4 leaves (k dt)⁵/120 a step.
      for (const neurons of [1, 2]) {
        const network = { cell, neurons, current: I, parameters: { vth }, inputSpikes };
        await expectExact(network, { t1: 1, dt: 0.1 }, time, slopes, 1e-6);
      }
    }
  });

  it("a terminal event ends the path, with all that it has recorded", async () => {
    const cell: CellDefinition = {
      name: "race",
      state: { x: "1", y: "rate" },
      events: {
        tick: { when: "x - 1", jump: { x: "0" }, emits: true },
        end: { when: "y - 1", terminal: true, emits: true },
      },
      parameters: { rate: 0.4 },
    };
    for (const e of [cpu, engine()]) {
      const spikes = await e.network({ cell }).simulate({ paths: 3, t1: 10, dt: 0.25 });
      const table = await spikes.read();
      expect([...table.counts]).toEqual([3, 3, 3]);
      for (const [n, time] of [1, 2, 2.5].entries()) expect(table.times[n]).toBeCloseTo(time, 5);
      expect(spikes.saturatedPaths).toBe(0);
      spikes.dispose();
    }
  });
});

it("a cell whose only event has a name of its own fires as with the short form, and ends its path where it is terminal", async () => {
  const spike = { when: "s", jump: { s: "log(u) - 0.1" }, emits: true };
  const cell = (events: Pick<CellDefinition, "event" | "reset" | "events">): CellDefinition => ({
    name: "poisson",
    state: { s: "rate" },
    start: { s: "log(u)" },
    parameters: { rate: 9 },
    ...events,
  });
  const counts = async (e: Engine, events: Parameters<typeof cell>[0], neurons: number) => {
    const spikes = await e.network({ cell: cell(events), neurons }).simulate({ paths: 8, t1: 1, dt: 0.25 });
    const table = await spikes.read();
    spikes.dispose();
    return [[...table.counts], [...table.times]];
  };
  for (const e of [cpu, engine()]) {
    for (const neurons of [1, 2]) {
      const short = await counts(e, { event: "s", reset: spike.jump }, neurons);
      expect(await counts(e, { events: { spike } }, neurons)).toEqual(short);
      const [ended, times] = await counts(e, { events: { spike: { ...spike, terminal: true } } }, neurons);
      expect(ended).toEqual(short[0]!.map((n) => Math.min(1, n)));
      expect(Math.min(...times!)).toBeCloseTo(Math.min(...short[1]!), 5);
    }
  }
});

describe("a jump in the sense of Marcus", () => {
  it("moves along a field: v ↦ v e^{kw}, where an equation would give v (1 + kw)", async () => {
    const cell = (receive: CellDefinition["receive"]): CellDefinition => ({
      name: "multiplied",
      state: { v: "1" },
      event: "v - 3",
      reset: { v: "0" },
      receive: receive!,
      parameters: { k: 0.7 },
    });
    const inputSpikes = { times: [1], neurons: [0], weights: [0.9] };
    const network = { cell: cell({ v: { marcus: "k * w * v" } }), inputSpikes };
    const factor = Math.exp(0.63);
    // t = 1 + 3 − e^{kw}, to the 1e-7 of twelve steps.
    await expectExact(network, { t1: 4, dt: 0.1 }, 4 - factor, { k: -0.9 * factor }, 1e-6);
    await expectExact({ cell: cell({ v: "v + k * w * v" }), inputSpikes }, { t1: 4, dt: 0.1 }, 4 - 1.63, { k: -0.9 });
  });
});
