import { describe, expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { spikesOf } from "../../src/spikes/table.js";

describe("state traces", () => {
  it("follow the paths of a simulation: voltage in closed form, jumps at the spikes", async () => {
    const engine = await Engine.create({ backend: "cpu" });
    const [mu1, current, vReset, beta] = [15, 1.5, 1.4, 5];
    // Without noise and input decay v(t) is known between spikes.
    const parameters = { mu1, mu2: 0, sigma1: 0, vReset, beta };
    const network = engine.network({ parameters, current });
    const options = { paths: 3, t1: 1, dt: 0.01, seed: 5 };
    const table = await (await network.simulate(options)).read();
    const traces = await network.stateTraces(options);
    expect(traces.map((t) => [t.path, t.neuron])).toEqual([
      [0, 0],
      [1, 0],
      [2, 0],
    ]);
    for (const trace of traces) {
      const count = table.counts[trace.path]!;
      expect(count).toBeGreaterThan(0);
      expect(trace.spikes).toEqual([...spikesOf(table, trace.path).times]);
      const { v, s } = trace.states as { v: Float64Array; s: Float64Array };
      expect(trace.times.every((t, n) => n === 0 || t >= trace.times[n - 1]!)).toBe(true);
      expect(trace.times.at(-1)).toBeCloseTo(1, 12);
      for (const [n, t] of trace.times.entries()) {
        // A jump has two points at one time: the first is before it.
        const before = trace.times[n + 1] === t;
        const resets = trace.spikes.filter((x) => x < t - 1e-12 || (!before && x <= t + 1e-12));
        const exact =
          current * (1 - Math.exp(-mu1 * t)) - resets.reduce((sum, x) => sum + vReset * Math.exp(-mu1 * (t - x)), 0);
        // Runge-Kutta 4 with mu1 dt = 0.15.
        expect(Math.abs(v[n]! - exact)).toBeLessThan(1e-4);
        expect(trace.eventRate[n]).toBeCloseTo(Math.exp(beta * (v[n]! - 1)), 10);
      }
      for (const x of trace.spikes) {
        const n = trace.times.findIndex((t) => Math.abs(t - x) < 1e-12);
        expect(Math.abs(s[n]!)).toBeLessThan(1e-9);
        expect(s[n + 1]).toBeLessThan(-0.03);
      }
    }
    engine.dispose();
  });

  it("show what arrives, and end where a path stops", async () => {
    const engine = await Engine.create({ backend: "cpu" });
    const network = engine.network({
      neurons: 2,
      current: [3, 0],
      weights: { edges: [[0, 1, 0.5]] },
      parameters: { sigma1: 0.1 },
    });
    const options = { paths: 1, t1: 1, dt: 0.01, seed: 2, maxSpikes: 4 };
    const [from, to] = await network.stateTraces(options);
    const only = await network.stateTraces({ ...options, neurons: [1] });
    expect(only).toEqual([to]);
    expect(from!.spikes.length + to!.spikes.length).toBe(4);
    expect(Math.max(from!.times.at(-1)!, to!.times.at(-1)!)).toBeCloseTo(Math.max(...from!.spikes, ...to!.spikes), 12);
    const i = to!.states.i!;
    const n = to!.times.findIndex((t) => Math.abs(t - from!.spikes[0]!) < 1e-12);
    const jump = i.findIndex((value, m) => m > n && value > i[m - 1]! + 0.4);
    expect(jump - n).toBeLessThanOrEqual(2);
    expect(i[jump]! - i[jump - 1]!).toBeCloseTo(0.5, 12);
    await expect(network.stateTraces({ ...options, neurons: [2] })).rejects.toThrow(/neurons\[0\].*0 to 1/);
    engine.dispose();
  });

  it("are refused where a state is no number", async () => {
    const engine = await Engine.create({ backend: "cpu" });
    const cell = {
      name: "falling",
      state: { v: "sqrt(v) - 2" },
      event: "v - 1",
      reset: { v: "0" },
      start: { v: "0.1" },
      parameters: {},
    };
    const network = engine.network({ cell });
    await expect(network.stateTraces({ paths: 1, t1: 1, dt: 0.1 })).rejects.toThrow(
      /infinite or NaN in path 0.*smaller dt/,
    );
  });
});
