/**
 * Gradients of paths whose derivatives are not the same on both sides: told where differences to either side are not the same, and only
 * there. Fields are constant or linear, so that differences over 10⁻⁵ are right to 10⁻⁴.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { CellDefinition } from "../../src/cell/cell.js";
import { Engine } from "../../src/engine.js";
import { meanSpikeTime } from "../../src/loss/spike-times.js";
import type { NetworkDefinition } from "../../src/network/network.js";

let cpu: Engine;
let simd: Engine;
beforeAll(async () => {
  cpu = await Engine.create({ backend: "cpu" });
  simd = await Engine.create({ backend: "simd", threads: 1 });
});
afterAll(() => simd.dispose());

const receiver = (drift: string, receive: CellDefinition["receive"], reset = "0"): CellDefinition => ({
  name: "receiver",
  state: { v: drift, g: "-g" },
  event: "v - vth",
  reset: { v: reset },
  receive: receive!,
  parameters: { vth: 0.75 },
});
const onto = (condition: string, more: Partial<CellDefinition> = {}): CellDefinition => ({
  name: "onto",
  state: { v: condition },
  event: "v - 1",
  reset: { v: "-9" },
  parameters: { c: 0.5, d: 0.5 },
  ...more,
});
const inputSpikes = { times: [0.5], neurons: [0], weights: [0.3] };
const g = { g: "g + w" };
/** Two events that happen at 0.5, by clocks. */
const clocks = (events: CellDefinition["events"], drift = "0"): CellDefinition => ({
  name: "clocks",
  state: { a: "1", b: "1", x: drift, on: "0" },
  start: { a: "0", b: "0", x: "0", on: "0" },
  events: { ...events },
  parameters: { c: 0.5, d: 0.5, k: 1 },
});
const out = { when: "x - 1", jump: { x: "-100" }, emits: true };
const on = { when: "a - c", jump: { on: "1", a: "-100" } };

interface Case {
  network: NetworkDefinition;
  by: string;
  told: RegExp | undefined;
  spike?: number;
}

const cases: Record<string, Case> = {
  "two conditions, of which both are needed": {
    network: { cell: onto("t > c && t > d ? 1 : 0") },
    by: "d",
    told: /the condition on (c|d) and t and the condition on (c|d) and t come at the same time, at t = 0.5,/,
  },
  "two conditions whose effects add up": {
    network: { cell: onto("(t > c ? 1 : 0) + (t > d ? 2 : 0)") },
    by: "d",
    told: undefined,
  },
  "two conditions, by what moves both": {
    network: { cell: onto("0.5 + (t > c && t > c - d ? 1 : 0)", { parameters: { c: 0.5, d: 0 } }) },
    by: "c",
    told: undefined,
  },
  "a dose by what is on at that time": {
    network: { cell: clocks({ on, dose: { when: "b - d", jump: { x: "x + on", b: "-100" } }, out }, "k / 2") },
    by: "d",
    told: /the event "on" and the event "dose" come at the same time/,
  },
  "the same, by what moves neither": {
    network: { cell: clocks({ on, dose: { when: "b - d", jump: { x: "x + on / 2", b: "-100" } }, out }, "k / 2") },
    by: "k",
    told: undefined,
  },
  "two spikes, of which the first is looked at": {
    network: {
      cell: clocks({
        one: { when: "a - c", jump: { a: "-100" }, emits: true },
        other: { when: "b - d", jump: { b: "-100" }, emits: true },
      }),
    },
    by: "d",
    told: /the event "one" and the event "other" come/,
  },
  "an arrival that moves how fast E rises": {
    network: { cell: receiver("1.5 + g", g), inputSpikes },
    by: "vth",
    told: /an arrival and the spike come at the same time, at t = 0.5,/,
  },
  "an arrival that moves E": {
    network: { cell: receiver("1.5", { v: "v + w" }, "v - 2 * vth"), inputSpikes },
    by: "vth",
    told: /an arrival and the spike come/,
  },
  "an arrival that moves neither": { network: { cell: receiver("1.5", g), inputSpikes }, by: "vth", told: undefined },
  "a start on the surface of a condition": {
    network: { cell: onto("v > c ? 2 : 1", { parameters: { c: 0 } }) },
    by: "c",
    told: /the start leads exactly onto the surface of the condition on v and c, at t = 0:/,
  },
  "a start on the surface of a condition that does not move": {
    network: { cell: onto("v > 0 ? k : 1", { parameters: { k: 1.7 } }) },
    by: "k",
    told: undefined,
  },
  "a dead time of 0": {
    network: {
      cell: {
        name: "countdown",
        state: { v: "r > 0 ? 0 : 3", r: "r > 0 ? -1 : 0" },
        event: "v - 1",
        reset: { v: "0", r: "c" },
        parameters: { c: 0 },
      },
    },
    by: "c",
    spike: 1,
    told: /the jump of the spike leads exactly onto the surface of the condition on r/,
  },
  "an arrival while a clock rests at 0": {
    network: {
      cell: {
        name: "refractory",
        state: { v: "r > 0 ? 0 : 1.5", r: "r > 0 ? -1 : 0" },
        event: "v - 1",
        reset: { v: "0", r: "c" },
        receive: { v: "v + w" },
        parameters: { c: 0.25 },
      },
      inputSpikes: { times: [0.3, 1.2], neurons: [0, 0], weights: [0.1, 0.1] },
    },
    by: "c",
    spike: 1,
    told: undefined,
  },
  "a thermostat, whose events leave theirs at 0": {
    network: {
      cell: {
        name: "thermostat",
        state: { x: "on > 0 ? 1 : -1", on: "0" },
        start: { x: "0", on: "1" },
        events: {
          off: { when: "x - c", jump: { on: "0" }, emits: true },
          on: { when: "0.2 - x", jump: { on: "1" }, emits: true },
        },
        parameters: { c: 0.7 },
      },
    },
    by: "c",
    spike: 2,
    told: undefined,
  },
  "a ball that bounces": {
    network: {
      cell: {
        name: "ball",
        state: { x: "y", y: "-2" },
        start: { x: "0.5", y: "0" },
        events: { bounce: { when: "-x", jump: { y: "-c * y" }, emits: true } },
        parameters: { c: 0.8 },
      },
    },
    by: "c",
    spike: 1,
    told: undefined,
  },
  "two neurons that fire together": {
    network: {
      cell: receiver("1.5 + g", g),
      neurons: 2,
      parameters: { vth: [0.75, 0.75] },
      weights: {
        edges: [
          [0, 1, 0.3],
          [1, 0, 0.3],
        ],
      },
    },
    by: "vth",
    told: /an arrival and the spike come at the same time, at t = 0.5 in neuron 1/,
  },
  "two neurons that fire together, by what moves both": {
    network: {
      cell: receiver("1.5 + g", g),
      neurons: 2,
      weights: {
        edges: [
          [0, 1, 0.3],
          [1, 0, 0.3],
        ],
      },
    },
    by: "vth",
    told: undefined,
  },
};

it.each(Object.entries(cases))("%s", async (_, { network, by, told, spike = 0 }) => {
  const last = (network.neurons ?? 1) - 1;
  const loss = meanSpikeTime(last, spike);
  const options = { t1: 3, dt: 0.1, paths: 1 };
  const { value } = await cpu.network(network).valueAndGradient(loss, { ...options, with: [] });
  const defaults = (network.cell as CellDefinition).parameters!;
  const h = 1e-5;
  const [up, down] = await Promise.all(
    [h, -h].map(async (d) => {
      const given = network.parameters?.[by];
      const moved = Array.isArray(given) ? given.map((v, k) => (k === last ? v + d : v)) : defaults[by]! + d;
      const definition = { ...network, parameters: { ...network.parameters, [by]: moved } };
      return ((await cpu.network(definition).valueAndGradient(loss, { ...options, with: [] })).value - value) / d;
    }),
  );
  const warnings = async (e: Engine) =>
    (await e.network(network).valueAndGradient(loss, { ...options, with: [by] })).warnings?.join("\n") ?? "";
  for (const e of [cpu, simd]) {
    if (told) expect(await warnings(e)).toMatch(told);
    else expect(await warnings(e)).not.toMatch(/same time|exactly onto/);
  }
  if (told) expect(Math.abs(up! - down!)).toBeGreaterThan(1e-2);
  else expect(Math.abs(up! - down!)).toBeLessThan(1e-3);
});

it("a touch is told in float32 where nobody asks for the error of the step", async () => {
  const cell: CellDefinition = {
    name: "touching",
    state: { x: "0.5 - t", v: "x > c ? 3 : 1" },
    event: "v - 1.9",
    reset: { v: "0" },
    parameters: { c: 0.125 },
  };
  const told = async (c: number) => {
    const options = { t1: 3, dt: 0.1, paths: 1, with: ["c"] };
    return (
      (await simd.network({ cell, parameters: { c } }).valueAndGradient(meanSpikeTime(), options)).warnings?.join() ??
      ""
    );
  };
  expect(await told(0.125)).toMatch(/only touches the surface/);
  // A thousandth of its height away it is another matter.
  for (const c of [0.12512, 0.12488]) expect(await told(c)).not.toMatch(/touches/);
});
