/** Jobs of losses that compare paths, add up others, or are estimated by scores: in shards they take several rounds. */
const timed = { time: { t1: 0.4, dt: 0.1 }, input: { current: 1.5 }, seed: 3, discretisation: false };
// A neuron that fires by a hazard alone: what comes and goes at t1 is in its gradient, and it has a score.
const hazard = { cell: "slif", parameters: { mu1: 15, beta: 5, sigma1: 0.25, vReset: 1.4, alpha: 0 } };
const observed = [[0.1, 0.3], [0.2], [0.25, 0.35], [0.15]];
const one = { ...timed, paths: 300, network: hazard, observed, with: ["current", "vReset"] };
const two = {
  ...one,
  network: { ...hazard, neurons: 2 },
  observed: { times: observed, neurons: observed.map((trial, i) => trial.map((_, n) => (i + n) % 2)) },
};
const vanRossum = { kind: "van-rossum", tau: 0.1 };
const count = { kind: "spike-count" };

export const losses = {
  "the van Rossum distance": { ...one, loss: vanRossum },
  "a signature kernel's MMD, of two neurons": { ...two, loss: { kind: "signature-mmd" } },
  "a signature score": { ...one, loss: { kind: "signature-score" } },
  "expected signatures, of two neurons": { ...two, loss: { kind: "expected-signature", depth: 3 } },
  "matched signatures": { ...one, loss: { kind: "expected-signature", depth: 3, matching: true } },
  "a sum": {
    ...one,
    loss: {
      kind: "sum",
      of: [
        { loss: { kind: "first-spikes", spikes: 2 } },
        { loss: { kind: "spike-rate", target: 2 }, weight: 0.3 },
        { loss: vanRossum, weight: 0.5 },
      ],
    },
  },
  "a sum with a spike that never comes, which it warns of": {
    ...one,
    time: { t1: 0.5, dt: 0.125 },
    observed: undefined,
    loss: {
      kind: "sum",
      of: [{ loss: { kind: "spike-rate", target: 2 } }, { loss: { kind: "mean-spike-time", index: 40 }, weight: 0.1 }],
    },
  },
  "a sum of losses by path, every path's": {
    ...one,
    loss: {
      kind: "sum",
      of: [
        { loss: { kind: "expression", value: "t[0] * n[0]" } },
        { loss: { kind: "mean-spike-time", index: 0 }, weight: 2 },
      ],
    },
    observed: undefined,
    perPath: true,
  },
  "a Fano factor near its target, whose batches are larger": {
    ...one,
    observed: undefined,
    loss: { kind: "fano-factor", target: 0.3 },
  },
  "a histogram, by the score": { ...one, loss: { kind: "psth", bin: 0.1 }, estimator: "score" },
  "a count, by the score, every path's, antithetic": {
    ...one,
    paths: 520,
    antithetic: true,
    observed: undefined,
    loss: count,
    estimator: "score",
    perPath: true,
  },
  "a count, by a mix": { ...one, observed: undefined, loss: count, estimator: "mix" },
  "the van Rossum distance, by a mix": { ...one, loss: vanRossum, estimator: "mix" },
  "a time, by what samples have": {
    ...timed,
    network: { cell: "slif" },
    samples: { inputs: { I: Array.from({ length: 65 }, (_, s) => 1 + s / 100) }, trials: 8 },
    input: undefined,
    loss: { kind: "mean-spike-time", index: 0 },
    with: ["I", "vReset"],
  },
  "a log-likelihood, by trials": {
    ...one,
    paths: 1,
    network: { cell: "slif", parameters: { ...hazard.parameters, sigma1: 0 } },
    loss: { kind: "log-likelihood" },
    observed: Array.from({ length: 9 }, (_, i) => [0.1 + i / 50, 0.35]),
  },
} as const;
