/** Values that states can come to have, as verdicts on means know them. */
import { describe, expect, it } from "vitest";
import { type CellDefinition, defineCell } from "../../src/cell/cell.js";
import { range } from "../../src/cell/interval.js";
import { Invariants } from "../../src/cell/invariants.js";
import { withOwnGraph } from "../../src/cell/surface.js";
import { checkUnbiased } from "../../src/cell/unbiased.js";
import type { Circumstances } from "../../src/cell/use-of-cell.js";
import { birthDeath } from "../../src/cells/birth-death.js";
import { mm1Queue } from "../../src/cells/mm1-queue.js";

/** A cell at its defaults, with arrivals of these weights where there are some; differentiated by some parameters. */
function used(definition: CellDefinition, moved: readonly string[] = [], weights?: readonly [number, number]) {
  const { written, defaults } = defineCell(definition);
  const plain: Circumstances = {
    range: (name) => {
      if (name === "w") return range(...weights!);
      if (name.startsWith("p.")) return range(defaults[name.slice(2)]!, defaults[name.slice(2)]!);
      return /^y\./.test(name) || name === "I"
        ? range(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)
        : range(0, 1, false);
    },
    draw: (name, r) => (name.startsWith("p.") ? defaults[name.slice(2)]! : name.startsWith("y.") ? 14 * r - 7 : r),
    channels: written.channels.map((_, i) => i),
    arrivals: weights !== undefined,
    meetings: false,
    moved: (name) => moved.includes(name.replace(/^p\./, "")),
    whole: (name) => Number.isInteger(defaults[name.slice(2)]),
  };
  const values = new Invariants(withOwnGraph(written), plain);
  const of = (state: string): [number, number] => [values.range(`y.${state}`).least, values.range(`y.${state}`).most];
  return { of, draw: values.draw, mean: checkUnbiased(written, plain).map((c) => c.verdict) };
}

const all = ["holds", "holds", "holds"];
const queue = (more: Partial<CellDefinition>, parameters: Record<string, number> = {}): CellDefinition => ({
  ...mm1Queue,
  ...more,
  parameters: { ...mm1Queue.parameters, ...parameters },
});
const served = "mu * min(2 * n, 1)";

describe("counts", () => {
  it("are never below 0 where what takes from them has a rate of 0 there", () => {
    expect(used(mm1Queue, ["lambda"])).toMatchObject({ mean: all });
    expect(used(mm1Queue).of("n")).toEqual([0, Number.POSITIVE_INFINITY]);
    expect(used(birthDeath, ["mu"])).toMatchObject({ mean: all });
    expect(used(birthDeath).of("n")).toEqual([0, Number.POSITIVE_INFINITY]);
  });

  it("have room for what they are compared with", () => {
    const bounded = queue({ state: { n: "0", arriving: "n < room ? lambda : 0", serving: served } }, { room: 4 });
    expect(used(bounded).of("n")).toEqual([0, 4]);
    expect(used(bounded, ["lambda"]).mean).toEqual(all);
    expect(used({ ...bounded, parameters: { ...bounded.parameters, room: 3.5 } }).of("n")).toEqual([0, 4]);
  });

  it("are not differentiated by the room that they have, as they jump where it passes a whole number", () => {
    const bounded = (arriving: string, room: number): CellDefinition =>
      queue({ state: { n: "0", arriving, serving: served } }, { room });
    expect(used(bounded("n < room ? lambda : 0", 4), ["room"]).mean[2]).toBe("violated");
    // Between two whole numbers nothing depends on it, and branches of one value do not jump.
    expect(used(bounded("n < room ? lambda : 0", 3.5), ["room"]).mean[2]).toBe("holds");
    expect(used(bounded("n < room ? lambda * (room - n) : 0", 4), ["room"]).mean[2]).toBe("holds");
  });

  it("are drawn as whole numbers that they can be", () => {
    const { draw } = used(mm1Queue);
    for (let trial = 0; trial < 40; trial++) {
      const n = draw("y.n", trial / 40, trial);
      expect(Number.isInteger(n) && n >= 0).toBe(true);
    }
  });

  it("are not vouched for where they are no whole numbers, or a parameter moves them", () => {
    expect(used(queue({}, { n0: 2.5 })).of("n")[0]).toBeLessThan(0);
    expect(used(queue({}, { n0: 2.5 }), ["lambda"]).mean[0]).toBe("violated");
    expect(used(mm1Queue, ["n0"]).mean[0]).toBe("violated");
    const sized = { ...mm1Queue.events!, arrival: { when: "arriving", jump: { n: "n + size", arriving: "log(u)" } } };
    expect(used(queue({ events: sized }, { size: 2 }), ["lambda"]).mean).toEqual(all);
    expect(used(queue({ events: sized }, { size: 2 }), ["size"]).mean[0]).toBe("violated");
  });

  it("are not where another event takes them to where the rate is 0", () => {
    // Of two servers each stops at what the other did, with part of its hazard integrated.
    const two = queue({
      state: { n: "0", arriving: "lambda", serving: served, other: served },
      events: { ...mm1Queue.events!, other: { when: "other", jump: { n: "n - 1", other: "log(u)" } } },
      start: { ...mm1Queue.start!, other: "log(first)" },
    });
    expect(used(two).of("n")[0]).toBe(0);
    expect(used(two, ["lambda"]).mean[0]).toBe("unproven");
  });

  it("nor where the event's own jump or the start may leave it to happen at once", () => {
    // A departure that leaves serving above 0 is followed by another at once, also of an empty queue; a hazard of n is then below 0.
    const watched = (more: { departure?: string; start?: string }) =>
      queue({
        state: { ...mm1Queue.state, s: "0.6 + n" },
        events: {
          ...mm1Queue.events!,
          departure: { when: "serving", jump: { n: "n - 1", serving: more.departure ?? "log(u)" } },
          watch: { when: "s", jump: { s: "log(u)" }, emits: true },
        },
        start: { ...mm1Queue.start!, serving: more.start ?? "log(first)", s: "-1" },
      });
    expect(used(watched({}), ["lambda"]).mean).toEqual(all);
    for (const more of [{ departure: "log(u) + 0.5" }, { start: "log(first) + 0.5" }]) {
      expect(used(watched(more)).of("n")[0]).toBeLessThan(0);
      expect(used(watched(more), ["lambda"]).mean[0]).toBe("violated");
    }
  });

  it("nor where a jump and not the rate may set the event off", () => {
    const pushed = { ...mm1Queue.events!, arrival: { when: "arriving", jump: { n: "n + 1", arriving: "log(u)", serving: "serving + 0.1" } } }; // biome-ignore format: long
    expect(used(queue({ events: pushed })).of("n")[0]).toBeLessThan(0);
    expect(used(queue({ events: pushed }), ["lambda"]).mean[0]).toBe("violated");
  });
});

describe("states that flow", () => {
  const conductance: CellDefinition = {
    name: "conductance",
    state: { g: "-g / tau", s: "rate * (0.1 + g)" },
    event: "s",
    reset: { s: "log(u)" },
    receive: { g: "g + w" },
    start: { s: "log(u)" },
    parameters: { tau: 1, rate: 2 },
  };

  it("stay on a side that the drift does not point out of and no jump leaves", () => {
    expect(used(conductance, [], [0, 2]).of("g")).toEqual([0, Number.POSITIVE_INFINITY]);
    expect(used(conductance, ["rate"], [0, 2]).mean).toEqual(all);
    expect(used(conductance, ["rate"], [-1, 2]).mean[0]).toBe("violated");
    // Between the reversal potentials.
    const held = { ...conductance, state: { ...conductance.state, v: "g * (5 - v) - v" }, event: "s + 0 * v" };
    expect(used(held, [], [0, 2]).of("v")).toEqual([0, Number.POSITIVE_INFINITY]);
  });

  it("leave a side on which the drift is 0 and no Lipschitz function: −√x leads on from 0", () => {
    const drained = (g: string): CellDefinition => ({
      ...conductance,
      state: { ...conductance.state, g },
      start: { g: "1", s: "log(u)" },
    });
    expect(used(drained("-sqrt(abs(g)) / tau"), [], [0, 2]).of("g")[0]).toBeLessThan(0);
    expect(used(drained("-sqrt(abs(g)) / tau"), ["rate"], [0, 2]).mean[0]).toBe("violated");
    expect(used(drained("0.1 - sqrt(abs(g)) / tau"), [], [0, 2]).of("g")[0]).toBe(0);
  });

  it("are not vouched for where noise moves them", () => {
    const noisy = { ...conductance, noise: { g: "0.1" } };
    expect(used(noisy, [], [0, 2]).of("g")).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
    expect(used(noisy, ["rate"], [0, 2]).mean[0]).toBe("violated");
  });

  it("nor where they may start on the other side as a parameter moves", () => {
    const started = {
      ...conductance,
      start: { g: "g0", s: "log(u)" },
      parameters: { ...conductance.parameters, g0: 0 },
    };
    expect(used(started, ["rate"], [0, 2]).mean).toEqual(all);
    expect(used(started, ["g0"], [0, 2]).of("g")[0]).toBe(Number.NEGATIVE_INFINITY);
  });

  it.each(["-1", "r > 0 ? -1 : 0"])("a clock that counts down to 0 is a dead time after the spike: r' = %s", (r) => {
    const clock: CellDefinition = {
      name: "clock",
      state: { r, s: "r > 0 ? 0 : rate" },
      event: "s",
      reset: { r: "tref", s: "log(u)" },
      start: { s: "log(u)" },
      parameters: { rate: 100, tref: 0.005 },
    };
    for (const by of ["rate", "tref"]) expect(used(clock, [by]).mean).toEqual(all);
    // Set again by what arrives, it stops a hazard that was under way.
    expect(used({ ...clock, receive: { r: "r + w" } }, ["tref"], [1, 1]).mean[0]).toBe("unproven");
  });
});
