/** Noise channels by name, that drive several states. */
import { beforeAll, describe, expect, it } from "vitest";
import { type CellDefinition, defineCell } from "../../src/cell/cell.js";
import { emitCellWgsl } from "../../src/cell/emit-wgsl.js";
import { evaluate } from "../../src/cell/graph.js";
import { Engine } from "../../src/engine.js";
import { firstSpikes } from "../../src/loss/spike-times.js";
import { sharedEngine } from "../support/engine.js";

const engine = sharedEngine();
let cpu: Engine;
beforeAll(async () => {
  cpu = await Engine.create({ backend: "cpu" });
});

const cell = (changes: Partial<CellDefinition>): CellDefinition => ({
  name: "pair",
  state: { v: "1 - v", x: "-x", s: "4 * exp(v + x)" },
  noise: { v: { own: "a", common: "b" }, x: { common: "c" } },
  event: "s",
  reset: { v: "v - 0.3", s: "log(u)" },
  start: { s: "log(u)" },
  parameters: { a: 0.3, b: 0.4, c: 0.2 },
  ...changes,
});
const options = { paths: 32, t1: 1, dt: 0.01, seed: 5, maxSpikes: 200 };
const loss = firstSpikes([[0.05, 0.1, 0.15]]);
const names = ["a", "b", "c"];

describe("channels by name", () => {
  it.each(["levy", "wong-zakai", "euler"] as const)("add up where the states do: %s", async (method) => {
    // z = v + x has the channel "own", and b + c of "common".
    const sum = cell({
      state: { v: "1 - v", s: "4 * exp(v)" },
      noise: { v: { own: "a", common: "b + c" } },
    });
    for (const e of [cpu, engine()]) {
      const [two, one] = await Promise.all(
        [cell({}), sum].map(async (definition) => {
          const network = e.network({ cell: definition });
          const spikes = await (await network.simulate({ ...options, method })).read();
          const result = await network.valueAndGradient(loss, { ...options, method, with: names });
          return { spikes, gradient: names.map((n) => result.gradient[n] as number) };
        }),
      );
      expect([...two!.spikes.counts]).toEqual([...one!.spikes.counts]);
      // Equal but for rounding: of float32 through the exponential of a sum, some 1e-6.
      two!.spikes.times.forEach((t, n) => {
        expect(Math.abs(t - one!.spikes.times[n]!)).toBeLessThan(5e-6);
      });
      two!.gradient.forEach((d, i) => {
        expect(Math.abs(d - one!.gradient[i]!)).toBeLessThan(5e-6 + 1e-4 * Math.abs(d));
      });
    }
  });

  /** Amplitudes that depend on states, and a channel that moves two of them. */
  const multiplied = cell({
    noise: { v: { own: "a * (1 + 0.2 * v)", common: "b * x" }, x: { common: "c * (1 + v * x)" } },
    start: { v: "0.5", x: "0.7", s: "log(u)" },
    calculus: "ito",
  });
  /** Stages read the paths of the two in other places. */
  const mixed = cell({ noise: { v: { own: "a", common: "b * x" }, x: { common: "c * (1 + v * x)" } } });
  const both = [
    ["that depend on states", multiplied],
    ["of which one is additive", mixed],
  ] as const;

  it.each(both)("have the derivatives of finite differences: %s", async (_, definition) => {
    const of = (parameters: Record<string, number>) =>
      cpu.network({ cell: definition, parameters }).valueAndGradient(loss, {
        ...options,
        with: names,
        requireExact: false,
      });
    const base: Record<string, number> = definition.parameters;
    const { gradient } = await of(base);
    for (const n of names) {
      const h = 1e-5;
      const [up, down] = await Promise.all([h, -h].map(async (d) => (await of({ ...base, [n]: base[n]! + d })).value));
      const difference = (up! - down!) / (2 * h);
      expect(Math.abs((gradient[n] as number) - difference)).toBeLessThan(1e-7 + 1e-6 * Math.abs(difference));
    }
  });

  it.each(both)("have the twin's times and derivatives on a GPU: %s", async (_, definition) => {
    const given = { ...options, with: names, requireExact: false };
    const [twin, gpu] = await Promise.all(
      [cpu, engine()].map(async (e) => {
        const network = e.network({ cell: definition });
        const { gradient } = await network.valueAndGradient(loss, given);
        const forward = (await network.spikeTimeSensitivities(given)).derivatives;
        const { times } = await (await network.simulate(options)).read();
        return { times, gradient: names.map((n) => gradient[n] as number), forward };
      }),
    );
    twin!.times.forEach((t, n) => {
      expect(Math.abs(t - gpu!.times[n]!)).toBeLessThan(2e-5);
    });
    twin!.gradient.forEach((d, i) => {
      expect(Math.abs(d - gpu!.gradient[i]!)).toBeLessThan(5e-6 + 1e-3 * Math.abs(d));
    });
    // The first spikes of some paths.
    for (let n = 0; n < 30; n++) expect(gpu!.forward[n]).toBeCloseTo(twin!.forward[n]!, 3);
  });

  it("of one state alone are as before", () => {
    const texts = ["0.1 + v", { any: "0.1 + v" }].map((v) =>
      emitCellWgsl(defineCell(cell({ noise: { v } })), { channels: [0], derivatives: "reverse", gradients: [0] }),
    );
    expect(texts[0]).toBe(texts[1]);
  });

  it("correct the drift of Itô by all that they drive", () => {
    const noise = { v: { c: "v * x" }, x: { c: "x", d: "3" } };
    const [ito, plain] = (["ito", "stratonovich"] as const).map((calculus) => defineCell(cell({ noise, calculus })));
    const at = new Map(Object.entries({ "y.v": 0.3, "y.x": 1.7, "y.s": 0, I: 0 }));
    const [v, x, s] = ito!.drift.map((f, i) => {
      const [a, b] = [f, plain!.drift[i]!].map((node) => evaluate([node], at)[0]!) as [number, number];
      return a - b;
    }) as [number, number, number];
    expect(v).toBeCloseTo(-0.5 * (1.7 * 0.3 * 1.7 + 0.3 * 1.7), 14);
    expect(x).toBeCloseTo(-0.5 * 1.7, 14);
    expect(s).toBe(0);
  });

  it("are judged along their direction", () => {
    const event = "s + v - x";
    const verdict = (noise: CellDefinition["noise"]) =>
      defineCell(cell({ event, noise: noise! })).exactness.conditions[1]!;
    expect(verdict({ v: { c: "a" }, x: { c: "a" } }).verdict).toBe("holds");
    // Two channels on one state are told apart.
    expect(verdict({ v: { own: "a", c: "b" } }).detail).toMatch(
      /^the noise on "v" \(channel "own"\), "v" \(channel "c"\) moves/,
    );
    expect(verdict({ v: { c: "a" }, x: { c: "b" } }).detail).toMatch(/^the noise on "v" and "x" \(channel "c"\) moves/);
    expect(verdict({ v: "a", x: "a" }).detail).toMatch(/^the noise on "v", "x" moves/);
  });

  it.each([
    [{ v: { own: "q" } }, /^cell\.noise\.v\.own: unknown name "q"/],
    [{ v: { "a b": "1" } }, /^cell\.noise\.v\."a b": a name is a letter/],
    [{ z: { own: "1" } }, /^cell\.noise\.z: no such state variable/],
    [{ v: ["1"] }, /^cell\.noise\.v: expected an equation as text/],
    [{ v: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`c${i}`, "1"])) }, /^cell\.noise: 33 channels; at/],
  ] as [object, RegExp][])("refuse %j", (noise, message) => {
    expect(() => defineCell(cell({ noise: noise as never }))).toThrow(message);
  });
});
