/** States at grid points on the GPU, against the twin: values, and gradients of a loss of them and of spike times. */
import { describe, expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import type { Loss } from "../../src/loss/loss.js";
import { pathLoss } from "../../src/loss/path-loss.js";
import { libraryCell, type NetworkDefinition } from "../../src/network/network.js";
import type { StatesOptions } from "../../src/plan/observed.js";
import type { SolveOptions } from "../../src/plan/plan.js";
import { delayed } from "../support/delayed.js";
import { sharedEngine } from "../support/engine.js";
import { hybrids } from "../support/hybrid.js";
import { inputSpikes, one, recurrent } from "./gpu-twin.js";

const engine = sharedEngine();
const cpu = await Engine.create({ backend: "cpu" });
const barrier = { cell: await libraryCell("barrier-option"), parameters: { barrier: 105, strike: 50 } };

/** Half the squares of states with alternating signs, and the sum of spike times, in WGSL and in float64. */
const loss = (states: StatesOptions, entries: number): Loss =>
  pathLoss({
    kind: "squares",
    states,
    continuous: true,
    code: /* wgsl */ `
fn path_loss(path: u32, count: u32) -> f32 {
  var sum = 0.0f;
  for (var n = 0u; n < ${entries}u; n += 1u) {
    let weight = select(0.5f, 1.0f, n % 2u == 0u);
    sum += 0.5f * weight * state(n) * state(n);
    add_state_cotangent(n, weight * state(n));
  }
  for (var n = 0u; n < count; n += 1u) { sum += spike_time(n); add_cotangent(n, 1.0f); }
  return sum;
}`,
    evaluate: ({ times }, { t0 }, _, own) => {
      const weights = Array.from(own, (_, n) => (n % 2 === 0 ? 1 : 0.5));
      return {
        value:
          own.reduce((sum, y, n) => sum + (weights[n]! * y * y) / 2, 0) + times.reduce((sum, t) => sum + t - t0, 0),
        cotangents: times.map(() => 1),
        stateCotangents: own.map((y, n) => weights[n]! * y),
      };
    },
  });

const times = [0, 0.01, 0.5, 0.51, 0.99, 1];
const cases: [string, NetworkDefinition, Partial<SolveOptions> & { states: StatesOptions }][] = [
  ["one neuron whose increments are carried", one, { states: { times }, dt: 2e-4, paths: 8 }],
  ["one neuron, held after its second spike", one, { states: { times: { every: 0.1 } }, maxSpikes: 2 }],
  ["held where an event ends the path", barrier, { states: { of: ["payoff", "x"], times: { every: 0.1 } } }],
  [
    "one neuron with input spikes, held",
    { ...one, inputSpikes: { ...inputSpikes, neurons: inputSpikes.times.map(() => 0) } },
    { states: { times }, maxSpikes: 2 },
  ],
  [
    "one neuron by workgroups, held",
    { ...one, inputSpikes: { ...inputSpikes, neurons: inputSpikes.times.map(() => 0) } },
    { states: { times }, maxSpikes: 2, distribution: "workgroup" },
  ],
  ["a network", recurrent, { states: { of: ["i", "v"], neurons: [3, 0], times }, distribution: "invocation" }],
  [
    "a network by workgroups",
    { ...recurrent, inputSpikes },
    { states: { of: ["i", "v"], neurons: [3, 0, 4], times }, distribution: "workgroup" },
  ],
  ["delays", delayed, { states: { neurons: [1], times } }],
  ["a hybrid cell", hybrids[0]![1], { states: { times } }],
];

describe("states on the GPU", () => {
  it.each(cases)("are those of the twin, and gradients by them: %s", async (_, network, asked) => {
    const options: SolveOptions = { paths: 40, t1: 1, dt: 0.01, seed: 5, ...asked };
    const found = await engine().network(network).simulate(options);
    const wanted = await cpu.network(network).simulate(options);
    const [a, b] = [await found.states(), await wanted.states()];
    expect([...a.times]).toEqual([...b.times]);
    expect(a.states).toEqual(b.states);
    const size = Math.max(...b.values.map(Math.abs));
    // float32 against float64 over 100 steps; where a spike changes its step by rounding the state differs by a jump, in few.
    const off = b.values.filter((y, e) => Math.abs(y - a.values[e]!) > 1e-4 * size).length;
    expect(off).toBeLessThanOrEqual(0.005 * b.values.length);
    found.dispose();

    const entries = b.values.length / b.paths;
    const names = Object.keys(network.parameters ?? {});
    const common = {
      ...options,
      requireExact: false,
      with: [...names.slice(0, 2), ...(network.weights ? ["weights"] : [])],
    };
    const [g, h] = [
      await engine().network(network).valueAndGradient(loss(asked.states, entries), common),
      await cpu.network(network).valueAndGradient(loss(asked.states, entries), common),
    ];
    expect(Math.abs(g.value / h.value - 1)).toBeLessThan(1e-3);
    const scale = Math.max(...h.flat.map(Math.abs));
    // As of spike times: a path whose derivative is large carries rounding of its events.
    h.flat.forEach((v, i) => {
      expect(Math.abs(g.flat[i]! - v)).toBeLessThan(2e-3 * scale);
    });
  });

  it("have the same bits in chunks of any size", async () => {
    const states = { of: ["v"], times };
    const network = engine().network(one);
    const squares = loss(states, times.length);
    const plan = network.gradientPlan({ paths: 600, t1: 1, dt: 0.01, seed: 5 }, squares);
    const evaluator = await network.evaluator(plan, squares, ["mu1", "sigma1"]);
    const whole = await evaluator.evaluate(plan);
    expect(await evaluator.evaluate(plan, { chunkBytes: 1 })).toEqual(whole);
    evaluator.dispose();
  });
});
