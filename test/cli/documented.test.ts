/** Jobs in the documentation are jobs, and examples in --help print what they say. */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { gradientCommand } from "../../src/cli/gradient.js";
import { gradientHelp, kernelHelp, signatureHelp, simulateHelp } from "../../src/cli/help.js";
import { kernelCommand, signatureCommand } from "../../src/cli/kernel.js";
import { simulateCommand } from "../../src/cli/simulate.js";
import { trainCommand } from "../../src/cli/train.js";
import { Engine } from "../../src/engine.js";
import { checkJob } from "../../src/io/check-job.js";
import { trainSchema } from "../../src/io/job.js";

afterEach(() => vi.restoreAllMocks());

const file = join(mkdtempSync(join(tmpdir(), "saltation-docs-")), "job.json");

const snippets = (page: string): string[] =>
  [...readFileSync(page, "utf8").matchAll(/```json\n(.*?)```/gs)].map((m) => m[1]!);

/** What a command prints about a job, on the CPU. */
async function printed(
  command: (file: string, options: { backend: string; json?: boolean }) => Promise<void>,
  job: string,
  options: { json?: boolean } = {},
): Promise<string> {
  writeFileSync(file, job);
  const out = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  try {
    await command(file, { backend: "cpu", ...options });
    return out.mock.calls.map(([text]) => text).join("");
  } finally {
    out.mockRestore();
  }
}

it("docs/training.md", async () => {
  const jobs = snippets("docs/training.md");
  // What is not a whole job is a field of one.
  const whole = jobs.filter((text) => text.startsWith("{"));
  const fields = jobs.filter((text) => !text.startsWith("{"));
  expect(whole).toHaveLength(1);
  for (const field of fields) checkJob(trainSchema, { ...JSON.parse(whole[0]!), ...JSON.parse(`{${field}}`) });
  vi.spyOn(Engine, "create").mockRejectedValue(new Error("accepted"));
  for (const job of whole) {
    writeFileSync(file, job);
    await expect(trainCommand(file, { backend: "auto", history: "full" })).rejects.toThrow("accepted");
  }
});

it("docs/jobs.md", async () => {
  let before: Record<string, unknown> = {};
  const kinds = new Set<unknown>();
  for (const text of snippets("docs/jobs.md")) {
    const whole = text.startsWith("{");
    const given = JSON.parse(whole ? text : `{${text}}`);
    // The part of a training job that names a recording.
    if (text.includes("cell.json")) continue;
    // Fields stand in the place of those of the job before.
    const job = whole ? given : { ...before, ...given };
    if (whole) before = given;
    kinds.add(job.loss?.kind);
    const command = "with" in job ? gradientCommand : "depth" in job ? signatureCommand : kernelCommand;
    const small = "paths" in job ? { ...job, paths: Math.min(job.paths, 64) } : job;
    const result = JSON.parse(await printed(command, JSON.stringify(small), { json: true }));
    expect(Number.isFinite(result.value ?? result.size), text).toBe(true);
  }
  const losses = trainSchema.shape.loss.options.map((o) => o.shape.kind.value);
  expect([...kinds]).toEqual(expect.arrayContaining(losses));
});

describe("--help", () => {
  it.each([
    ["simulate", simulateCommand, simulateHelp],
    ["gradient", gradientCommand, gradientHelp],
    ["kernel", kernelCommand, kernelHelp],
    ["signature", signatureCommand, signatureHelp],
  ] as const)("%s", async (name, command, help) => {
    const [, job, prints] = help.match(/:\n( {2}\{.*?)\n\n {2}\$ saltation \w+ job\.json --backend cpu\n(.*?)\n\n/s)!;
    const timeless = (text: string): string =>
      text
        .replace(/in [\d.e-]+ s$/m, "in … s")
        .replace(/^ +/gm, "")
        .trim();
    expect(help).toContain(`$ saltation ${name} job.json`);
    expect(timeless(await printed(command, job!))).toBe(timeless(prints!));
  });
});
