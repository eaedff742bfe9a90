/** Ports of `receive`, and connections that choose from them. */
import { describe, expect, it } from "vitest";
import { type CellDefinition, defineCell } from "../../src/cell/cell.js";
import { unbiasedConditions } from "../../src/cell/unbiased-conditions.js";
import { Engine } from "../../src/engine.js";
import { logLikelihood } from "../../src/loss/log-likelihood.js";
import { defineNetwork, type NetworkDefinition } from "../../src/network/network.js";
import { parameterLayout } from "../../src/plan/layout.js";
import { planSolve } from "../../src/plan/plan.js";
import { readMask } from "../../src/train/trainable.js";
import { parallel, ported } from "../support/ported.js";

const two = (definition: Omit<NetworkDefinition, "cell">) => defineNetwork({ cell: ported, neurons: 2, ...definition });
const cellOf = (receive: CellDefinition["receive"]) => ({ ...ported, receive: receive! });

describe("ports of a cell", () => {
  it("have names, and one without is the only one", () => {
    expect(defineCell(ported).ports).toEqual(["exc", "inh", "shot"]);
    expect(defineCell(cellOf({ v: "v + w" })).ports).toEqual(["receive"]);
    expect(defineCell(cellOf({ v: { marcus: "w" } })).ports).toEqual(["receive"]);
    // A port may be called as a state is, and have fields state by state.
    expect(defineCell(cellOf({ v: { v: { marcus: "w" } }, ge: { marcus: { ge: "w" } } })).ports).toEqual(["v", "ge"]);
  });

  it.each([
    [{ exc: { x: "w" } }, "cell.receive.exc.x: no such state variable"],
    [{ exc: { marcus: { x: "w" } } }, "cell.receive.exc.marcus.x: no such state variable"],
    [{ exc: { marcus: { v: "w" }, v: "v" } }, "cell.receive.exc.v: is unknown; known: marcus"],
    [{ exc: { v: "v + q" } }, "cell.receive.exc.v: "],
    [{ exc: { marcus: { v: "w * q" } } }, "cell.receive.exc.marcus.v: "],
    [
      { v: "v + w", exc: { v: "v" } },
      "cell.receive.v: stands beside ports; give it in one of them, as { exc: { v: … } }",
    ],
    [{ "1st": { v: "v" } }, "cell.receive.1st: a name is a letter followed"],
    [{ toString: { v: "v" } }, "cell.receive.toString: "],
    [{ exc: { v: ["v"] } }, "cell.receive.exc.v: "],
  ])("that do not fit are refused: %j", (receive, message) => {
    expect(() => defineCell(cellOf(receive as unknown as CellDefinition["receive"]))).toThrow(message);
  });

  it("may meet, also two different ones: then their order must not matter", () => {
    const commute = (receive: CellDefinition["receive"]): string =>
      unbiasedConditions(defineCell(cellOf(receive))).find((c) => c.name === "coincident jumps commute")!.verdict;
    // Each commutes with itself; an addition and a product do not.
    expect(commute({ a: { ge: "ge + w" }, b: { gi: "gi + w" } })).toBe("holds");
    expect(commute({ a: { ge: "ge + w" }, b: { ge: "ge * exp(w)" } })).toBe("violated");
  });
});

describe("connections by ports", () => {
  it("name one where there are several", () => {
    const dense = [
      [0, 1],
      [2, 3],
    ];
    expect([...two({ weights: { dense, port: "inh" } }).connections.ports]).toEqual([1, 1, 1, 1]);
    const message = 'network.weights.port: is missing; cell "ported" has several ports: give one of exc, inh, shot';
    expect(() => two({ weights: { dense } })).toThrow(message);
    expect(() => two({ weights: { dense, port: "v" } })).toThrow(
      'network.weights.port: cell "ported" has no port "v"; known: exc, inh, shot',
    );
    expect(() => two({ weights: [{ dense, port: "exc" }, { dense }] })).toThrow("network.weights[1].port: is missing");
    expect(() => defineNetwork({ neurons: 2, weights: { dense, port: "exc" } })).toThrow(
      'network.weights.port: cell "slif" has no port "exc"; known: receive',
    );
    const spikes = { times: [0.1, 0.2], neurons: [0, 1], weights: [1, 2] };
    expect(() => two({ inputSpikes: spikes })).toThrow("input.spikes.port: is missing");
    expect(() => two({ inputSpikes: { ...spikes, port: ["exc"] } })).toThrow(
      "input.spikes.port: has 1 entries for 2 times",
    );
    expect(() => two({ inputSpikes: { ...spikes, port: ["exc", "x"] } })).toThrow(
      'input.spikes.port[1]: cell "ported"',
    );
    expect(two({ inputSpikes: { ...spikes, port: "shot" } }).inputSpikes.ports).toEqual([2, 2]);
  });

  it("go back to the shapes of their blocks, and are masked in them", () => {
    const network = defineNetwork(parallel);
    const { connections } = network;
    expect(connections.parallel).toBe(true);
    const given = parallel.weights as { dense?: number[][]; edges?: number[][] }[];
    expect(connections.shape(connections.weights)).toEqual(given.map((b) => b.dense ?? b.edges));
    const plan = planSolve(network, { paths: 1, t1: 1, dt: 0.1 });
    const view = parameterLayout(plan).views.get("weights")!;
    const mask = [new Array(3).fill([false, false, false]), [true, false, false, false], [false, true]];
    const marked = readMask("trainable[0]", mask as never, view, connections.weights);
    expect(connections.numbers(marked.map(Number))).toEqual(
      JSON.parse(JSON.stringify(mask), (_, v) => (typeof v === "boolean" ? Number(v) : v)),
    );
  });
});

it("what arrives at a port is what its equations say, in a solve and in a likelihood", async () => {
  const cpu = await Engine.create({ backend: "cpu" });
  // A clock of rate 1 that two ports move: events at given times.
  const clock: CellDefinition = {
    name: "clock",
    state: { c: "1" },
    event: "c - 1",
    reset: { c: "c - 1" },
    receive: { on: { c: "c + w" }, by: { c: "c * w" } },
    parameters: {},
  };
  const inputSpikes = { times: [0.25, 0.5], neurons: [0, 0], weights: [0.1, 0.5], port: ["on", "by"] };
  const spikes = await cpu.network({ cell: clock, inputSpikes }).simulate({ paths: 1, t1: 2, dt: 0.1 });
  // 0.25 → 0.35, at 0.5: 0.6 → 0.3, so 1 at 1.2.
  expect([...(await spikes.spikeTimes())][0]).toBeCloseTo(1.2, 12);
  const hazard: CellDefinition = {
    name: "hazard",
    state: { r: "0", s: "r" },
    event: "s",
    reset: { s: "log(u)" },
    start: { r: "2", s: "log(u)" },
    receive: { up: { r: "r + w" }, times: { r: "r * w" } },
    parameters: {},
  };
  const network = cpu.network({ cell: hazard, inputSpikes: { ...inputSpikes, port: ["up", "times"] } });
  const options = { paths: 1, t1: 1, dt: 0.1, with: ["current"] };
  const { value } = await network.valueAndGradient(logLikelihood([{ times: [0.75] }]), options);
  // Rates 2, 2.1 and 1.05.
  expect(value).toBeCloseTo(-(Math.log(1.05) - (0.5 + 0.525 + 0.525)), 9);
});
