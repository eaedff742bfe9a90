/** What `saltation train --confidence` says and refuses; the example of docs/confidence.md is in documented.test.ts. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { trainCommand } from "../../src/cli/train.js";

afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

const folder = mkdtempSync(join(tmpdir(), "saltation-confidence-"));
const file = join(folder, "job.json");
const job = {
  network: {
    cell: {
      name: "poisson",
      state: { s: "exp(b + c)" },
      event: "s",
      reset: { s: "log(u)" },
      start: { s: "log(u)" },
      parameters: { b: 0, c: 0 },
    },
  },
  time: { t1: 2, dt: 0.1 },
  paths: 1,
  observed: [[0.3, 0.9], [0.5], [0.1, 1.2, 1.9]],
  loss: { kind: "log-likelihood" },
  trainable: ["b"],
  optimiser: { kind: "sgd", learningRate: 0.1 },
  steps: 1,
};

async function trained(changed: object, confidence?: boolean): Promise<{ out: string; err: string }> {
  writeFileSync(file, JSON.stringify({ ...job, ...changed }));
  const [out, err] = [process.stdout, process.stderr].map((s) => vi.spyOn(s, "write").mockReturnValue(true));
  const flag = confidence === undefined ? {} : { confidence };
  await trainCommand(file, { backend: "cpu", history: "none", figure: join(folder, "job.svg"), ...flag });
  const text = (of: typeof out): string => of!.mock.calls.map(([t]) => t).join("");
  return { out: text(out), err: text(err) };
}

it("prints a table, and warns of a fit that is not at the maximum", async () => {
  const start = { ...job.network, cell: { ...job.network.cell, parameters: { b: 0.2, c: 0 } } };
  const { out, err } = await trained({ network: start }, true);
  expect(out).toMatch(/│ fitted │ value +│ standard error │ 95 % interval +│\n/);
  expect(out).toMatch(/log L -\S+ of 6 spikes in 3 trials; AIC \S+, BIC \S+\ntime rescaling of 6 intervals: D 0\./);
  expect(err).toMatch(/warning: no robust standard errors: they take 10 trials for 1 parameter, and there are 3/);
  expect(err).toMatch(/warning: the values are 0\.\d+ standard errors from the maximum of log L/);
  const refined = await trained({ confidence: { refine: true, level: 0.9 } });
  // 6 spikes in 6 units of time: b is 0, known to 1/√6.
  expect(refined.out).toMatch(/│ at the maximum │ standard error │ 90 % interval/);
  expect(refined.out).toMatch(/│ 0\.40824[89] +│ -0\.6715\d* to 0\.6715\d* │/);
});

it("keeps the fit where it is refused, with exit code 1", async () => {
  const { out, err } = await trained({ trainable: ["b", "c"] }, true);
  expect(err).toContain("no confidence: trainable: the data cannot tell b and c apart");
  expect(out).toMatch(/^b 0 → /m);
  expect(process.exitCode).toBe(1);
});

it("refuses before the training what it could not give", async () => {
  const counted = { loss: { kind: "spike-count" }, observed: undefined };
  await expect(trained(counted, true)).rejects.toThrow(
    /^confidence: is of fits by "log-likelihood", and the loss is "spike-count"/,
  );
  await expect(trained({ confidence: { profile: ["c"] } })).rejects.toThrow(
    /^confidence\.profile\[0\]: "c" was not fitted; known: b/,
  );
  await expect(trained({ confidence: { level: 95 } })).rejects.toThrow(/^confidence\.level: expected a probability/);
});
