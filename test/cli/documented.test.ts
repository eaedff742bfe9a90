/** Jobs in the documentation are jobs. */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { trainCommand } from "../../src/cli/train.js";
import { Engine } from "../../src/engine.js";
import { checkJob } from "../../src/io/check-job.js";
import { trainSchema } from "../../src/io/job.js";

it("docs/training.md", async () => {
  const jobs = [...readFileSync("docs/training.md", "utf8").matchAll(/```json\n(.*?)```/gs)].map((m) => m[1]!);
  // What is not a whole job is a field of one.
  const whole = jobs.filter((text) => text.startsWith("{"));
  const fields = jobs.filter((text) => !text.startsWith("{"));
  expect(whole).toHaveLength(1);
  for (const field of fields) checkJob(trainSchema, { ...JSON.parse(whole[0]!), ...JSON.parse(`{${field}}`) });
  vi.spyOn(Engine, "create").mockRejectedValue(new Error("accepted"));
  const file = join(mkdtempSync(join(tmpdir(), "saltation-docs-")), "job.json");
  for (const job of whole) {
    writeFileSync(file, job);
    await expect(trainCommand(file, { backend: "auto", history: "full" })).rejects.toThrow("accepted");
  }
});
