/** Events that begin at exactly 0 and stay there are told. */
import { describe, expect, it } from "vitest";
import { type CellDefinition, libraryCell } from "../../src/index.js";
import { defineNetwork, type NetworkDefinition } from "../../src/network/network.js";
import { deadStart } from "../../src/plan/dead-start.js";
import { planSolve } from "../../src/plan/plan.js";

const told = (network: NetworkDefinition): string | undefined =>
  deadStart(planSolve(defineNetwork(network), { paths: 1, t1: 1, dt: 0.1 }));
const poisson: CellDefinition = {
  name: "counts",
  state: { s: "rate" },
  event: "s",
  reset: { s: "log(u)" },
  parameters: { rate: 3 },
};
/** A ball on the ground. */
const ball = (v: number): CellDefinition => ({
  name: "ball",
  state: { x: "v", v: "-9.8" },
  event: "-x",
  reset: { x: "0", v: "-0.8 * v" },
  start: { v: String(v) },
  parameters: {},
});

describe("an event that begins at exactly 0", () => {
  it("is told where it does not fall", () => {
    expect(told({ cell: poisson })).toMatch(
      /^network\.cell: the event "[^"]+" begins at exactly 0 in neuron 0 and does not fall/,
    );
    expect(told({ cell: { ...poisson, parameters: { rate: 0 } } })).toMatch(/begins at exactly 0/);
  });

  it("is not where it starts below, by chance or not, or falls", async () => {
    expect(told({ cell: { ...poisson, start: { s: "log(u)" } } })).toBeUndefined();
    expect(told({ cell: { ...poisson, start: { s: "-1" } } })).toBeUndefined();
    expect(told({ cell: ball(3) })).toBeUndefined();
    for (const cell of ["slif", "gif", "adex", "mm1-queue", "thermostat", "bouncing-ball", "barrier-option"])
      expect(told({ cell: await libraryCell(cell) }), cell).toBeUndefined();
  });

  it("is looked for in every population", () => {
    const populations = { a: { neurons: 2, cell: "slif" }, b: { neurons: 1, cell: poisson } };
    expect(told({ populations, projections: [] })).toMatch(/in neuron 2 /);
  });
});
