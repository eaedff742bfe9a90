/** Samples in jobs: arrays of npz and lists become what a solve takes, and what does not fit is refused in one line. */
import { describe, expect, it } from "vitest";
import { fractionalBrownian, spikeData, writeSpikeFile } from "../../src/data/index.js";
import { writeNpz } from "../../src/files/npz.js";
import { checkJob } from "../../src/job/check-job.js";
import { planTrainDataJob } from "../../src/job/data-job.js";
import { planGradient } from "../../src/job/gradient-run.js";
import { trainDataSchema, trainSchema } from "../../src/job/job.js";
import { readFiles } from "../../src/job/read-files.js";
import type { FileContext } from "../../src/job/recording.js";
import { planSimulation } from "../../src/job/simulate-run.js";
import { planTrainJob } from "../../src/job/train-plan.js";
import { trainedJobText } from "../../src/job/trained-job.js";
import { defineNetwork } from "../../src/network/network.js";
import { planSolve } from "../../src/plan/plan.js";
import { signalled, threeSignals } from "../support/populations.js";

/** Numbers in rows as an array of npz. */
function array(rows: readonly unknown[]): { data: Float64Array; shape: number[] } {
  const shape: number[] = [];
  for (let at: unknown = rows; Array.isArray(at); at = at[0]) shape.push(at.length);
  return { data: Float64Array.from(rows.flat(2) as number[]), shape };
}

const { inputs, parameters, initial } = threeSignals;
const rough = fractionalBrownian({ hurst: 0.3, samples: 3, steps: 50, dt: 0.02, seed: 7 });
const files: Record<string, Uint8Array> = {
  "trials.npz": writeNpz({
    rate: array(inputs["noise.rate"].samples),
    eI: array(inputs["e.I"]),
    iI: array(inputs["i.I"].samples),
    g: array(inputs["i.g"].samples),
    mu1: array(parameters["e.mu1"]),
    v: array(initial["e.v"]),
    labels: array([0, 1, 1]),
    odd: array([1, Number.NaN, 1]),
    deep: { data: new Float64Array(16), shape: [2, 2, 2, 2] },
  }),
  "spikes.npz": writeSpikeFile(
    spikeData({ offsets: [0, 1, 2, 3], times: [0.1, 0.2, 0.3], sources: [0, 1, 0], sourceCount: 2, labels: [0, 1, 1] }),
  ),
  "trials.json": new TextEncoder().encode(JSON.stringify({ mu: [11, 12, 13] })),
};
const context: FileContext = { open: (_, path) => ({ path, bytes: files[path]! }) };
const of = (key: string, file = "trials.npz") => ({ file, key });
const { populations, projections } = signalled;
const job = {
  network: { populations, projections },
  time: { t1: 1, dt: 0.02 },
  seed: 2,
  samples: {
    inputs: {
      "noise.rate": { dt: 0.2, samples: of("rate") },
      "e.I": of("eI"),
      "i.I": { dt: 0.1, samples: of("iI") },
      "i.g": { dt: 0.13, samples: of("g"), interpolation: "linear" },
    },
    parameters: { "e.mu1": of("mu1"), "i.mu": of("mu", "trials.json") },
    initial: { "e.v": of("v"), "i.v": initial["i.v"] },
    drivers: { v: { hurst: 0.3, seed: 7 } },
    trials: 2,
  },
};

async function messageOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
  } catch (error) {
    return (error as Error).message;
  }
  return "nothing is refused";
}

describe("samples of a job", () => {
  it("are those of the library, each named from a file, listed or drawn", async () => {
    const { plan, job: read } = await planSimulation(job, context);
    expect(read.paths).toBe(6);
    const samples = { ...threeSignals, drivers: { v: rough }, trials: 2 };
    const own = planSolve(defineNetwork(signalled), { ...job.time, seed: 2, samples });
    expect(plan.samples).toEqual(own.samples);
    expect(plan.samples!.values!.data.length).toBeGreaterThan(3 * 100);
  });

  it("of a gradient, with spikes of sources and labels", async () => {
    const network = {
      populations: { in: { sources: 2 }, out: { neurons: 2 } },
      projections: [{ from: "in", to: "out", weights: { allToAll: 1.5 } }],
    };
    const { plan, job: read } = await planGradient(
      {
        network,
        time: job.time,
        samples: { spikes: { file: "spikes.npz" }, labels: of("labels") },
        loss: { kind: "cross-entropy", neurons: "out" },
        with: ["in->out.weights"],
      },
      context,
    );
    expect([read.paths, plan.paths, [...plan.samples!.labels!]]).toEqual([3, 3, [0, 1, 1]]);
  });

  it("of trials in a fit by likelihood, and in the job that simulates what was fitted", async () => {
    const fit = {
      network: { parameters: { alpha: 0, sigma1: 0 } },
      input: { current: 1 },
      time: job.time,
      samples: { inputs: { I: of("mu", "trials.json") } },
      observed: [[0.2, 0.5], [0.3], [0.1, 0.9]],
      loss: { kind: "log-likelihood" },
      trainable: ["mu1"],
      optimiser: { kind: "sgd", learningRate: 0.1 },
      steps: 3,
    };
    const checked = await readFiles(checkJob(trainSchema, fit), context);
    const { plan, trained } = planTrainJob(checked, context);
    expect([plan.paths, [...plan.samples!.values!.data]]).toEqual([3, [11, 12, 13]]);
    const saved = JSON.parse(trainedJobText("/a/fitted.json", checked, "/b/fit.json", trained, { mu1: 14 }));
    expect(saved.samples).toEqual({ inputs: { I: { file: "../b/trials.json", key: "mu" } } });
    expect(saved.paths).toBeUndefined();
    for (const beside of [{ test: { paths: 3 } }, { observed: { simulate: { paths: 3 } } }]) {
      const wrong = await readFiles(checkJob(trainSchema, { ...fit, ...beside }), context);
      expect(() => planTrainJob(wrong, context)).toThrow("simulates paths that are no samples");
    }
  });

  it("of data that a training takes batches of, without spikes", async () => {
    const { options } = await planTrainDataJob(
      checkJob(trainDataSchema, {
        network: { neurons: 2 },
        input: { current: [1, 1] },
        time: job.time,
        data: {
          inputs: {
            I: [
              [1, 2],
              [2, 3],
              [3, 1],
            ],
          },
          parameters: { mu1: of("mu", "trials.json") },
          initial: { v: [0, 0.1, 0.2] },
          drivers: { v: { hurst: 0.3, seed: 7 } },
          labels: of("labels"),
        },
        batch: 2,
        epochs: 1,
        loss: { kind: "cross-entropy" },
        trainable: ["beta"],
        optimiser: { kind: "sgd", learningRate: 0.1 },
      }),
      context,
    );
    const { drivers, ...rest } = options.data.batch(Uint32Array.of(2, 0));
    expect(rest).toEqual({
      inputs: {
        I: [
          [3, 1],
          [1, 2],
        ],
      },
      parameters: { mu1: [13, 11] },
      initial: { v: [0.2, 0] },
      labels: Int32Array.of(1, 0),
    });
    expect(drivers!.v!.samples[0]).toEqual(rough.samples[2]);
  });

  it.each<[string, object, string]>([
    [
      "an array that there is not",
      { inputs: { "e.I": of("none") } },
      'samples.inputs.e.I.key: trials.npz has no numbers "none"; it has rate',
    ],
    [
      "an array that is no number everywhere",
      { parameters: { "e.mu1": of("odd") } },
      "samples.parameters.e.mu1.key: odd[1] is NaN",
    ],
    [
      "too many dimensions",
      { inputs: { "i.I": { dt: 0.1, samples: of("deep") } } },
      'samples.inputs.i.I.samples.key: "deep" has 4 dimensions [2, 2, 2, 2]; two or three',
    ],
    [
      "samples by time without time",
      { inputs: { "i.I": { dt: 0.1, samples: of("mu1") } } },
      'samples.inputs.i.I.samples.key: "mu1" has 1',
    ],
    ["unequal numbers", { inputs: { "e.I": [1, 2], "i.I": [1, 2, 3] } }, "samples.inputs.i.I: has 3 samples"],
    [
      "a path of nothing",
      { drivers: { v: { hurst: 0.3, seed: 1 } } },
      "samples.drivers.v: is drawn, and nothing says of how many",
    ],
    [
      "no such H",
      { parameters: { "e.mu1": [8] }, drivers: { v: { hurst: 0.1, seed: 1 } } },
      "samples.drivers.v: hurst: ",
    ],
    ["nothing", {}, "samples: say nothing of samples"],
    ["an unknown field", { input: {} }, "samples.input: unknown field; perhaps inputs; known: spikes, inputs, "],
    ["a label", { labels: [0, -1] }, "samples.labels[1]: expected a whole number of at least 0, got -1"],
    ["half a trial", { labels: [0], trials: 0.5 }, "samples.trials: expected a whole number from 1"],
  ])("refuses %s", async (_, samples, message) => {
    const said = await messageOf(() => planSimulation({ ...job, samples }, context));
    expect(said.slice(0, message.length)).toBe(message);
    expect(said).not.toContain("\n");
  });

  it("begin where they say, as signals of all do", async () => {
    const planned = (fields: object, time: object) => {
      const samples = { inputs: { "i.I": { dt: 0.1, samples: of("iI"), ...fields } } };
      // The population's own signal says it too.
      const network = structuredClone(job.network);
      const { i } = network.populations as Record<string, { inputs?: { g: object } }>;
      Object.assign(i!.inputs!.g, { t0: 0 });
      return planSimulation({ ...job, network, samples, time: { ...job.time, ...time } }, context);
    };
    const { samples } = (await planned({ t0: 0 }, { t0: 0.5, t1: 1 })).solve.samples!.inputs!["i.I"] as {
      samples: readonly (readonly ArrayLike<number>[])[];
    };
    expect(samples.map((s) => s.map((v) => Array.from(v)))).toEqual(inputs["i.I"].samples.map((s) => s.slice(5)));
    const message = "samples.inputs.i.I.t0: is missing: taken from the job's t0 = 0.5 on, ";
    expect((await messageOf(() => planned({}, { t0: 0.5, t1: 1 }))).slice(0, message.length)).toBe(message);
  });

  it("stand in place of paths", async () => {
    expect(await messageOf(() => planSimulation({ ...job, paths: 6 }, context))).toBe(
      "paths: is said by samples and their trials; leave it out",
    );
    const { samples: _, ...without } = job;
    expect(await messageOf(() => planSimulation(without, context))).toBe("paths: is missing; expected a finite number");
  });
});
