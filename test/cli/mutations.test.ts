/** Every field of a job, set to what it should not be: one line that begins with a field, or the job is accepted. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { gradientCommand } from "../../src/cli/gradient.js";
import { simulateCommand } from "../../src/cli/simulate.js";
import { trainCommand } from "../../src/cli/train.js";
import { Engine } from "../../src/engine.js";
import { SaltationError } from "../../src/errors.js";

const folder = mkdtempSync(join(tmpdir(), "saltation-jobs-"));
const file = join(folder, "job.json");

const dense = {
  network: {
    cell: "slif",
    neurons: 2,
    parameters: { mu1: 15, vTh: [1, 1] },
    weights: {
      dense: [
        [0, 1],
        [0.5, 0],
      ],
    },
  },
  input: { current: [1.5, 1], spikes: { times: [0.1], neurons: [0], weights: [1] } },
  time: { t0: 0, t1: 1, dt: 0.01 },
  method: "levy",
  paths: 8,
  seed: 1,
  maxSpikes: 4,
};
const one = { network: {}, time: { t1: 1, dt: 0.01 }, paths: 8 };
const sampled = { ...one, input: { current: { dt: 0.5, samples: [[1], [2]] } } };
const edges = { ...one, network: { layers: [1, 1], weights: { edges: [[0, 1, 1]] } } };
const layers = { ...one, network: { layers: [1, 1], weights: { layers: [[[1]]] } } };
const observed = { times: [[0.1, 0.2]], neurons: [[0, 0]] };
const gradient = {
  ...one,
  observed,
  loss: { kind: "first-spikes", spikes: 2, error: "mse" },
  with: ["current", "mu1"],
  perPath: false,
  requireExact: true,
};
const train = {
  ...one,
  observed,
  loss: { kind: "first-spikes", spikes: 2 },
  trainable: [
    "current",
    { name: "vTh", transform: "sigmoid", bounds: [0, 2], mask: true, group: "a" },
    { name: "mu1", learningRate: { kind: "piecewise-constant", values: [1, 2], boundaries: [3] } },
  ],
  optimiser: {
    kind: "rmsprop",
    learningRate: { kind: "cosine-decay", initValue: 1, decaySteps: 5, alpha: 0, exponent: 1 },
    decay: 0.9,
    centered: false,
    clip: { value: 1, norm: 1 },
    groups: { a: { kind: "adam", learningRate: 0.1, b1: 0.9, eps: 1e-8 } },
  },
  steps: 3,
  commonNoise: false,
  checkpoint: { file: "run.checkpoint.json", every: 1 },
};

type Path = (string | number)[];

function* places(value: unknown, path: Path = []): Generator<Path> {
  if (path.length > 0) yield path;
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    yield* places(inner, [...path, Array.isArray(value) ? Number(key) : key]);
  }
}

/** The job's text with one value replaced by other text. */
function mutate(job: unknown, path: Path, text: string): string {
  const copy = structuredClone(job) as Record<string | number, unknown>;
  let at = copy;
  for (const key of path.slice(0, -1)) at = at[key] as typeof at;
  at[path[path.length - 1]!] = "@here";
  return JSON.stringify(copy).replace('"@here"', text);
}

/** 1e999 is read as Infinity: numbers that are not finite can come from a file that way. */
const bad = ["null", '"x"', "1e999", "-1", "1.5", "[]", '{"x":1}', "[[1e999]]"];

afterEach(() => vi.restoreAllMocks());

describe("a job with one bad field", () => {
  it.each([
    ["dense", dense, simulateCommand],
    ["sampled current", sampled, simulateCommand],
    ["edges", edges, simulateCommand],
    ["layers", layers, simulateCommand],
    ["gradient", gradient, gradientCommand],
    ["train", train, trainCommand],
  ])("is refused in one line, before a device is opened: %s", async (_, job, command) => {
    vi.spyOn(Engine, "create").mockRejectedValue(new Error("accepted"));
    let refused = 0;
    for (const path of places(job)) {
      for (const text of bad) {
        writeFileSync(file, mutate(job, path, text));
        const error: unknown = await command(file, { backend: "auto", history: "full" }).catch((e: unknown) => e);
        if ((error as Error).message === "accepted") continue;
        refused++;
        const what = `${path.join(".")} = ${text}: ${String(error)}`;
        expect(error, what).toBeInstanceOf(SaltationError);
        expect((error as SaltationError).code, what).toBe("invalid-input");
        expect((error as Error).message, what).toMatch(/^[a-z][\w.[\]]*: [^\n]+$/i);
        // It names a field on the way to the value, or what the value must fit.
        if (text === '"x"' || text === "1e999") {
          const [first] = path;
          const fits = (error as Error).message.startsWith(String(first)) || path.length === 1;
          expect(fits, what).toBe(true);
        }
      }
    }
    expect(refused).toBeGreaterThan(30);
  });
});
