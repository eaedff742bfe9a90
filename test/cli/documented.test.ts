/** Jobs in the documentation are jobs, and examples in --help print what they say. */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type CheckCommandOptions, checkCommand } from "../../src/cli/check.js";
import { gradientCommand } from "../../src/cli/gradient.js";
import { checkHelp, gradientHelp, kernelHelp, signatureHelp, simulateHelp, trainHelp } from "../../src/cli/help.js";
import { kernelCommand, signatureCommand } from "../../src/cli/kernel.js";
import type { CommonOptions } from "../../src/cli/output.js";
import { simulateCommand } from "../../src/cli/simulate.js";
import { trainCommand } from "../../src/cli/train.js";
import { Engine } from "../../src/engine.js";
import * as library from "../../src/index.js";
import { checkJob } from "../../src/job/check-job.js";
import { oneLossKinds, trainDataSchema, trainSchema } from "../../src/job/job.js";
import type { Loss } from "../../src/loss/loss.js";

afterEach(() => vi.restoreAllMocks());

const file = join(mkdtempSync(join(tmpdir(), "saltation-docs-")), "job.json");

const snippets = (page: string): string[] =>
  [...readFileSync(page, "utf8").matchAll(/```json\n(.*?)```/gs)].map((m) => m[1]!);

/** What a command prints about a job, on the CPU unless told otherwise. */
async function printed<O extends CommonOptions>(
  command: (file: string, options: O) => Promise<void>,
  job: string,
  options: Partial<O> = {},
): Promise<string> {
  writeFileSync(file, job);
  const out = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  try {
    await command(file, { backend: "cpu", ...options } as O);
    return out.mock.calls.map(([text]) => text).join("");
  } finally {
    out.mockRestore();
  }
}

it("docs/training.md", async () => {
  const text = readFileSync("docs/training.md", "utf8");
  const jobs = snippets("docs/training.md");
  // What is not a whole job is a field of one.
  const whole = jobs.filter((text) => text.startsWith("{"));
  const fields = jobs.filter((text) => !text.startsWith("{"));
  expect(whole).toHaveLength(1);
  for (const field of fields) checkJob(trainSchema, { ...JSON.parse(whole[0]!), ...JSON.parse(`{${field}}`) });
  // Fewer trains to measure against: the parameters are the same.
  const { test, ...job } = JSON.parse(whole[0]!);
  const { parameters } = JSON.parse(
    await printed(trainCommand, JSON.stringify({ ...job, test: { ...test, paths: 50 } }), {
      backend: "auto",
      json: true,
      history: "none",
      figure: join(dirname(file), "job.svg"),
    }),
  );
  const [[, ...weights], fitted] = [parameters.weights.flat(), /^\| fitted \| (.*) \|$/m.exec(text)![1]!];
  // To the digits that the page gives, by which adapters may differ in the last.
  const [first, second, mu1, there, back] = fitted.split(/[ ,|]+/).map(Number);
  expect(Math.abs(parameters.current[0] - first!)).toBeLessThan(0.01);
  expect(Math.abs(parameters.current[1] - second!)).toBeLessThan(0.01);
  expect(Math.abs(parameters.mu1 - mu1!)).toBeLessThan(0.1);
  expect(Math.abs(weights[0] - there!)).toBeLessThan(0.01);
  expect(Math.abs(weights[1] - back!)).toBeLessThan(0.01);
});

it("what --help says of training on data", () => {
  const fields = /^ {2}"data": .*?(?=^\S)/ms.exec(trainHelp)![0];
  const example = JSON.parse(readFileSync("examples/yin-yang.json", "utf8"));
  const job = checkJob(trainDataSchema, { ...example, ...JSON.parse(`{${fields}}`) });
  expect(job).toMatchObject({ data: example.data, test: example.test, batch: 50, epochs: 60 });
});

it("docs/confidence.md", async () => {
  const [job] = snippets("docs/confidence.md");
  const figure = join(dirname(file), "job.svg");
  const told = await printed(trainCommand, job!, { backend: "auto", json: true, history: "none", figure });
  const { confidence } = JSON.parse(told);
  const text = readFileSync("docs/confidence.md", "utf8");
  for (const p of confidence.parameters) {
    // To the digits by which adapters agree on the trains: times in float32, and values that are refined to 1e-4 standard errors.
    const [value, error, robust, interval] = new RegExp(`│ ${p.parameter} +│ ([^\n]*)`).exec(text)![1]!.split(/ +│ /);
    expect(Math.abs(p.value - Number(value))).toBeLessThan(2e-3 * Number(error));
    expect(p.standardError / Number(error)).toBeCloseTo(1, 3);
    expect(p.robustStandardError / Number(robust)).toBeCloseTo(1, 3);
    expect(p.interval[1] / Number(interval!.split(" to ")[1])).toBeCloseTo(1, 3);
  }
  expect(text).toContain(`of ${confidence.spikes} spikes in ${confidence.trials} trials`);
  expect(confidence.profiles).toHaveLength(1);
  expect(confidence.correlation[0]).toHaveLength(3);
  for (const drawn of Object.values<string>(confidence.files)) expect(readFileSync(drawn, "utf8")).toMatch(/^<svg/);
  expect(Object.keys(confidence.files)).toEqual(["ks", "profiles"]);
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
    // What the page says of outcomes: at fewer paths within their spread.
    if (job.loss?.kind === "first-spikes") expect(result.gradient.current).toBeLessThan(0);
    if (job.statistic === "mmd") expect(result.value).toBeCloseTo(0.87, 2);
  }
  // Cross-entropy needs labels, which jobs with data have (docs/training.md).
  const losses = [...oneLossKinds, "sum"].filter((kind) => kind !== "cross-entropy");
  expect([...kinds]).toEqual(expect.arrayContaining(losses));
});

it("docs/states.md", async () => {
  const [job] = snippets("docs/states.md");
  const { states } = JSON.parse(await printed(simulateCommand, job!, { json: true }));
  expect([states.of, states.neurons, states.mean.length]).toEqual([["v", "i"], [1], 5]);
  const example = readFileSync("examples/voltage-fit.json", "utf8");
  const fitted = JSON.parse(await printed(trainCommand, example, { json: true, history: "none" })).parameters;
  // The trace is rounded to 0.001 mV of some 10: a part of 1e-4.
  expect(fitted.tau / 20).toBeCloseTo(1, 4);
  expect(fitted.R / 50).toBeCloseTo(1, 4);
  expect(fitted.rest / -70).toBeCloseTo(1, 4);
  const code = [...readFileSync("docs/states.md", "utf8").matchAll(/```js\n(.*?)```/gs)].map((m) => m[1]!);
  const engine = await Engine.create({ backend: "cpu" });
  const { combinedLoss, libraryCell, pathLoss, payoff, silenceRegulariser, voltageFit } = library;
  const given = { engine, combinedLoss, libraryCell, pathLoss, payoff, silenceRegulariser, voltageFit };
  const run = (text: string, wanted: string): Promise<unknown> =>
    new Function(...Object.keys(given), `return (async () => { ${text}; return ${wanted}; })()`)(
      ...Object.values(given),
    );
  expect(code).toHaveLength(4);
  // The path goes straight up from x = log(100), by r a year: it is at the barrier at log(1.3)/0.3 < 1, where it is held.
  const [value, slope] = (await run(code[0]!, "[value, gradient.price]")) as [number, number];
  const at = Math.log(1.3) / 0.3;
  expect(value).toBeCloseTo(Math.exp(-0.3 * at) * (130 - 90), 4);
  // d/dprice of exp(-r τ) (barrier - strike), with τ = log(barrier/price)/r: exp(-r τ)/price of 40.
  expect(slope).toBeCloseTo((Math.exp(-0.3 * at) * 40) / 100, 4);
  const solve = { paths: 4, t1: 1, dt: 0.01, with: ["mu1"] };
  const pair = engine.network({ neurons: 2, current: 1.5 });
  for (const [n, name] of [
    [1, "loss"],
    [2, "atEnd"],
  ] as const) {
    const loss = (await run(code[n]!, name)) as Loss;
    expect(Number.isFinite((await pair.valueAndGradient(loss, solve)).value)).toBe(true);
  }
  const all = (await run(code[3]!, "{ gradient, unbiased }")) as { gradient: object; unbiased: boolean };
  expect(all.unbiased).toBe(true);
});

describe("--help", () => {
  it.each([
    ["simulate", simulateCommand, simulateHelp],
    ["gradient", gradientCommand, gradientHelp],
    ["check", checkCommand, checkHelp],
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
    const options: Partial<CheckCommandOptions> = name === "check" ? { entries: "8" } : {};
    expect(timeless(await printed(command as typeof gradientCommand, job!, options as CommonOptions))).toBe(
      timeless(prints!),
    );
  });
});
