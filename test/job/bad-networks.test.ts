/** What is wrong in jobs with populations and data: one line that names the field, before there is a device. */
import { describe, expect, it } from "vitest";
import { spikeData } from "../../src/data/spike-data.js";
import { writeSpikeFile } from "../../src/data/spike-file.js";
import { checkJob } from "../../src/job/check-job.js";
import { planTrainDataJob } from "../../src/job/data-job.js";
import { planGradient } from "../../src/job/gradient-run.js";
import { trainDataSchema } from "../../src/job/job.js";
import type { FileContext } from "../../src/job/recording.js";
import { planSimulation } from "../../src/job/simulate-run.js";

/** Files by name: two samples each. */
const spikesAt = (times: number[], labels: number[], sources = [0, 1]): Uint8Array =>
  writeSpikeFile(
    spikeData({
      offsets: times.length === 2 ? [0, 1, 2] : [0],
      times,
      sources: sources.slice(0, times.length),
      labels,
      sourceCount: 2,
    }),
  );
const files: Record<string, Uint8Array> = {
  "good.npz": spikesAt([0.2, 0.5], [0, 1]),
  "late.npz": spikesAt([0.2, 1.5], [0, 1]),
  "labels.npz": spikesAt([0.2, 0.5], [0, 2]),
  "empty.npz": spikesAt([], []),
};
const context: FileContext = { open: (_, path) => ({ path, bytes: files[path]! }) };

const network = {
  populations: { in: { sources: 2 }, out: { neurons: 2, parameters: { alpha: 0 } } },
  projections: [{ from: "in", to: "out", weights: { allToAll: 1.5 } }],
};
const [projection] = network.projections;
const time = { t1: 1, dt: 0.1 };
const simulation = { network, time, data: { file: "good.npz" } };
const training = {
  ...simulation,
  batch: 1,
  epochs: 1,
  loss: { kind: "cross-entropy", neurons: "out" },
  trainable: ["in->out.weights"],
  optimiser: { kind: "sgd", learningRate: 0.1 },
};
const train = async (changes: object): Promise<unknown> =>
  planTrainDataJob(checkJob(trainDataSchema, { ...training, ...changes }), context);
const simulate = async (changes: object): Promise<unknown> => planSimulation({ ...simulation, ...changes }, context);

async function messageOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return (error as Error).message;
  }
  return "nothing is refused";
}

describe("jobs that are right", () => {
  it("are taken", async () => {
    expect([await messageOf(train({})), await messageOf(simulate({}))]).toEqual(Array(2).fill("nothing is refused"));
  });
});

const projected = (changes: object) => ({ network: { ...network, projections: [{ ...projection, ...changes }] } });
const states = (of: object) => ({ loss: { ...training.loss, states: of } });

it.each<[string, object, string]>([
  [
    "a projection from no population",
    projected({ from: "a" }),
    'network.projections[0].from: no population is called "a"',
  ],
  ["a projection to none", projected({ to: "a" }), 'network.projections[0].to: no population is called "a"'],
  ["no such port", projected({ port: "exc" }), 'network.projections[0].port: cell "slif" has no port "exc"'],
  [
    "a negative delay",
    projected({ delays: -1 }),
    "network.projections[0].delays: expected a number of at least 0, got -1",
  ],
  [
    "a label beyond the classes",
    { data: { file: "labels.npz" } },
    'data.labels[1]: labels[1] of "labels.npz" is 2; loss "cross-entropy" has labels 0',
  ],
  [
    "the same in the test",
    { test: { data: { file: "labels.npz" } } },
    'test.data.labels[1]: labels[1] of "labels.npz" is 2; loss "cross-entropy" has labels 0',
  ],
  ["no sample", { data: { file: "empty.npz" } }, "data.spikes: hold no sample"],
  ["spikes after the end", { data: { file: "late.npz" } }, "data.spikes.times[1]: 1.5 lies outside t0 = 0 to t1 = 1"],
  ["the same in the test", { test: { data: { file: "late.npz" } } }, "test.data.spikes.times[1]: 1.5 lies outside t0"],
  [
    "jitter in the test",
    { test: { data: { file: "good.npz", jitter: 1 } } },
    "test.data.jitter: is for what is trained on",
  ],
  ["a read-out at no time", states({ read: "mean" }), "loss.states.times: is missing"],
  ["at no grid point", states({ read: "max", times: [0.25] }), "loss.states.times[0]: 0.25 lies between grid points"],
  ["of no state", states({ state: "w" }), 'loss.states.of[0]: "w": cell "slif" has no such state; known: v, i, s'],
  [
    "both of spikes and states",
    { loss: { ...training.loss, of: "count", states: {} } },
    "loss.of: is of spikes; with loss.states",
  ],
  [
    "no such neuron",
    { loss: { kind: "cross-entropy", neurons: ["out[0]", "out[2]"] } },
    'loss.neurons[1]: "out[2]": population',
  ],
  [
    "a rate below 0",
    { network: { ...network, populations: { ...network.populations, in: { poisson: -2 } } } },
    "network.populations.in.poisson: expected a number of at least 0, got -2",
  ],
  [
    "a population with a slip in its name",
    { network: { ...network, populations: { ...network.populations, in: { poison: 2 } } } },
    "network.populations.in.poison: unknown field; perhaps poisson; known: sources, poisson, ",
  ],
  [
    "two kinds of population in one",
    { network: { ...network, populations: { ...network.populations, in: { poisson: 2, cell: "slif" } } } },
    "network.populations.in.cell: does not go with poisson; leave it out",
  ],
  ["no such data", { data: { poisson: 1 } }, "data.poisson: unknown field; known: file, "],
])("%s", async (_, changes, message) => {
  const said = await messageOf(train(changes));
  expect(said).toContain(message);
  expect(said.indexOf(message)).toBe(0);
  expect(said).not.toContain("\n");
  // A simulation says the same of what it has too.
  if (!("loss" in changes || "test" in changes || message.startsWith("data.labels")))
    expect(await messageOf(simulate(changes))).toBe(said);
});

it("names of neurons in a job of a gradient", async () => {
  const job = {
    network: { populations: { a: { neurons: 2, current: 1.5 } } },
    time,
    paths: 4,
    with: ["a.current"],
  };
  for (const neuron of ["a[1]", 1])
    expect(await messageOf(planGradient({ ...job, loss: { kind: "mean-spike-time", neuron } }, context))).toBe(
      "nothing is refused",
    );
  expect(await messageOf(planGradient({ ...job, loss: { kind: "mean-spike-time", neuron: "a[2]" } }, context))).toBe(
    'loss.neuron: "a[2]": population "a" has neurons 0 to 1',
  );
  expect(await messageOf(planGradient({ ...job, loss: { kind: "rate", most: 1, neuron: ["b"] } }, context))).toBe(
    'loss.neuron[0]: no population of neurons is called "b"; known: a',
  );
  expect(await messageOf(planGradient({ ...job, loss: { kind: "spike-count", neuron: true } }, context))).toBe(
    "loss.neuron: expected the number of a neuron, or a list of them, or names, got true",
  );
});
