/** Noise that neurons have in common. */
import { beforeAll, expect, it } from "vitest";
import type { CellDefinition } from "../../src/cell/cell.js";
import { defineCell } from "../../src/cell/cell.js";
import { Engine } from "../../src/engine.js";
import type { Distribution } from "../../src/plan/plan.js";
import { sharedEngine } from "../support/engine.js";

const engine = sharedEngine();
let cpu: Engine;
beforeAll(async () => {
  cpu = await Engine.create({ backend: "cpu" });
});

const cell = (shared: string[]): CellDefinition => ({
  name: "driven",
  state: { v: "I + q - v", q: "-q / 0.5" },
  noise: { q: { own: "a", common: "b" } },
  shared,
  event: "v - 0.6",
  reset: { v: "v - 0.6" },
  parameters: { a: 0, b: 0.4 },
});

const solve = { paths: 40, t1: 4, dt: 0.02, seed: 2 };

async function times(e: Engine, shared: string[], a: number, distribution?: Distribution) {
  const network = e.network({ cell: cell(shared), neurons: 3, parameters: { a }, current: 0.9 });
  const spikes = await network.simulate({ ...solve, ...(distribution && { distribution }) });
  const table = await spikes.read();
  spikes.dispose();
  return Array.from({ length: solve.paths }, (_, i) =>
    [0, 1, 2].map((k) =>
      Array.from({ length: table.counts[i]! }, (_, n) => i * table.slots + n)
        .filter((at) => table.neurons[at] === k)
        .map((at) => table.times[at]!),
    ),
  );
}

it("is one Brownian motion for all: neurons that have no other are the same", async () => {
  for (const [e, distribution] of [[cpu], [engine(), "invocation"], [engine(), "workgroup"]] as const) {
    for (const [a, b, c] of await times(e, ["common"], 0, distribution)) {
      expect(a!.length).toBeGreaterThan(0);
      expect(b).toEqual(a);
      expect(c).toEqual(a);
    }
    const apart = await times(e, [], 0, distribution);
    expect(apart.filter(([a, b]) => a![0] === b![0])).toEqual([]);
    const mixed = await times(e, ["common"], 0.2, distribution);
    expect(mixed.filter(([a, b]) => a![0] === b![0])).toEqual([]);
  }
});

it("is the same on both backends, whatever else a neuron has", async () => {
  const [a, b] = [await times(cpu, ["common"], 0.2), await times(engine(), ["common"], 0.2)];
  // Float32 against float64 at a threshold that paths may graze: one spike in a hundred may be another.
  const pairs = a.flatMap((path, i) => path.flatMap((train, k) => train.map((t, n) => [t, b[i]![k]![n]!] as const)));
  expect(pairs.filter(([x, y]) => !(Math.abs(x - y) < 1e-4)).length).toBeLessThan(pairs.length / 100);
});

it("is named in noise", () => {
  expect(() => defineCell(cell(["q"]))).toThrow('cell.shared[0]: no such noise channel: "q"; known: own, common');
});
