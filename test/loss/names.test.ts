/** Losses that call neurons by the names of populations are those that call them by number. */
import { describe, expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { combinedLoss } from "../../src/loss/combined-loss.js";
import { crossEntropy } from "../../src/loss/cross-entropy.js";
import { expressionLoss } from "../../src/loss/expression-loss.js";
import { type Loss, leftOut } from "../../src/loss/loss.js";
import { checkLoss, planForLoss } from "../../src/loss/loss-plan.js";
import { payoff } from "../../src/loss/payoff.js";
import { psthLoss } from "../../src/loss/psth.js";
import { rateRegulariser, silenceRegulariser } from "../../src/loss/regularisers.js";
import { firstPassage, spikeCount, spikeRate } from "../../src/loss/spike-count.js";
import { meanSpikeTime } from "../../src/loss/spike-times.js";
import { targetTimes } from "../../src/loss/target-times.js";
import { voltageFit } from "../../src/loss/voltage-fit.js";
import type { NetworkDefinition } from "../../src/network/network.js";
import { parameterLayout, requestedViews } from "../../src/plan/layout.js";
import { evaluateCpu } from "../../src/twin/evaluate.js";

const engine = await Engine.create({ backend: "cpu" });
const definition: NetworkDefinition = {
  populations: {
    hidden: { neurons: 2, parameters: { alpha: 0 }, current: [1.6, 1.2] },
    out: { neurons: 3, parameters: { alpha: 0 }, current: [1.4, 1.1, 0.9] },
  },
  projections: [{ from: "hidden", to: "out", weights: { allToAll: { uniform: [0.2, 0.9], seed: 1 } } }],
};
const network = engine.network(definition);
const samples = { labels: [0, 1, 2, 0], trials: 2 };
const plan = network.plan({ samples, t1: 1, dt: 0.05, seed: 4 });
const observed = [{ times: [0.2, 0.7], neurons: [2, 4] }];
const trace = {
  times: [0.5, 1],
  values: [
    [0.1, 0.2],
    [0.3, 0.4],
  ],
};

/** A loss by numbers, and the same by names. */
const pairs: [string, Loss, Loss][] = [
  ["mean spike time", meanSpikeTime(3, 1), meanSpikeTime("out[1]", 1)],
  ["count of one", spikeCount({ neuron: 4 }), spikeCount({ neuron: "out[2]" })],
  ["count of a population", spikeCount({ neuron: [2, 3, 4], target: 7 }), spikeCount({ neuron: "out", target: 7 })],
  [
    "counts with targets of each",
    spikeCount({ neuron: [4, 0, 1], target: [1, 2, 3], error: "mae" }),
    spikeCount({ neuron: ["out[2]", "hidden"], target: [1, 2, 3], error: "mae" }),
  ],
  ["rate", spikeRate({ neuron: [2, 3, 4] }), spikeRate({ neuron: "out" })],
  ["first passage", firstPassage({ neuron: [0, 4], count: 8 }), firstPassage({ neuron: [0, "out[2]"], count: 8 })],
  ["psth", psthLoss(observed, { bin: 0.25, neuron: [2, 4] }), psthLoss(observed, { bin: 0.25, neuron: ["out[0]", 4] })],
  ["rate regulariser", rateRegulariser({ most: 1, neuron: [2, 3, 4] }), rateRegulariser({ most: 1, neuron: "out" })],
  ["silence", silenceRegulariser({ least: 9, neuron: [3] }), silenceRegulariser({ least: 9, neuron: ["out[1]"] })],
  ["cross-entropy", crossEntropy({ neurons: [2, 0, 1] }), crossEntropy({ neurons: ["out[0]", "hidden"] })],
  ["target times", targetTimes({ times: [[0.5]], neurons: [3] }), targetTimes({ times: [[0.5]], neurons: ["out[1]"] })],
  [
    "expression",
    expressionLoss({ value: "t[0] + n[1]", neurons: [3, 1] }),
    expressionLoss({ value: "t[0] + n[1]", neurons: ["out[1]", 1] }),
  ],
  ["voltage fit", voltageFit({ neurons: [4, 2], ...trace }), voltageFit({ neurons: ["out[2]", "out[0]"], ...trace })],
  [
    "voltage fit of a population",
    voltageFit({ neurons: [0, 1], ...trace }),
    voltageFit({ neurons: "hidden", ...trace }),
  ],
  ["payoff", payoff({ value: "v[3] * i[4] + v" }), payoff({ value: "v[out[1]] * i[out[2]] + v[hidden[0]]" })],
  [
    "a sum",
    combinedLoss([{ loss: meanSpikeTime(2) }, { loss: spikeCount({ neuron: [0, 1] }), weight: 2 }]),
    combinedLoss([{ loss: meanSpikeTime("out[0]") }, { loss: spikeCount({ neuron: "hidden" }), weight: 2 }]),
  ],
];

it.each(pairs)("%s: value, gradient and what it asks of a plan are the same", async (_, byNumber, byName) => {
  const taken = async (loss: Loss) => {
    checkLoss(network.network, loss);
    const own = planForLoss(plan, loss);
    // No gradient of a histogram is taken by derivatives of paths.
    const views =
      loss.kind === "psth"
        ? []
        : requestedViews(own.network, parameterLayout(own), ["hidden→out.weights", "out.current", "hidden.current"]);
    loss.checkPlan?.(own, []);
    const { value, flat, standardError, means } = await evaluateCpu(own, loss, views);
    const { kind, horizon, pathwise, spikesNeeded } = loss;
    const leavesOut = leftOut(loss, own);
    const said = [loss.jumpsInside?.(own), loss.warnings?.(own, means)];
    return { value, flat, standardError, means, kind, horizon, pathwise, spikesNeeded, leavesOut, said };
  };
  const [a, b] = [await taken(byNumber), await taken(byName)];
  expect(b).toEqual(a);
  if (byNumber.kind !== "psth") expect(Math.max(...a.flat.map(Math.abs))).toBeGreaterThan(0);
});

describe("names that are not known", () => {
  it.each<[Loss, string]>([
    [meanSpikeTime("outs[0]"), 'loss.neuron: no population of neurons is called "outs"; known: hidden, out'],
    [meanSpikeTime("out[3]"), 'loss.neuron: "out[3]": population "out" has neurons 0 to 2'],
    [meanSpikeTime("out"), 'loss.neuron: names 3 neurons; this loss takes one, as in "out[0]"'],
    [spikeCount({ neuron: ["out", "out[1]"] }), 'loss.neuron[1]: "out[1]" names neuron 3, which stands there twice'],
    [spikeCount({ neuron: "out", target: [1, 2] }), "loss.target: has 2 numbers for 3 neurons; give one for each"],
    [firstPassage({ neuron: "out[x]" }), 'loss.neuron: no population of neurons is called "out[x]"'],
    [psthLoss(observed, { bin: 0.25, neuron: ["a"] }), 'loss.neuron[0]: no population of neurons is called "a"'],
    [rateRegulariser({ most: 1, neuron: "a" }), 'loss.neuron: no population of neurons is called "a"'],
    [crossEntropy({ neurons: ["out[0]", "out[7]"] }), 'loss.neurons[1]: "out[7]": population "out" has neurons 0 to 2'],
  ])("%#", (loss, message) => {
    expect(() => checkLoss(network.network, loss)).toThrow(message);
  });

  it.each<[Loss, string]>([
    [payoff({ value: "v[out[5]]" }), '"out[5]": population "out" has neurons 0 to 2'],
    [
      voltageFit({ neurons: "out", ...trace }),
      "loss.neurons: are 3, and loss.values have 2 at each time; give one for",
    ],
  ])("of states: %#", (loss, message) => {
    expect(() => {
      const own = planForLoss(plan, loss);
      loss.checkPlan?.(own, []);
    }).toThrow(message);
  });

  it.each<[() => Loss, string]>([
    // Its number is that of no name.
    [() => payoff({ value: "v[out[0]] + v[65536] + v[16777216]" }), "loss.value: reads neuron 16777216; networks have"],
    [() => voltageFit({ neurons: null as never, ...trace }), "loss.neurons: expected a list of neurons, got null"],
  ])("numbers that cannot be: %#", (make, message) => {
    expect(make).toThrow(message);
  });

  it("in a network that names none", () => {
    const bare = engine.network({ neurons: 3, current: 1 });
    expect(() => checkLoss(bare.network, meanSpikeTime("out[0]"))).toThrow(/the network names none$/);
  });
});
