/** The campaign's own logic: what it takes for a fault, and that items are made again. */
import { describe, expect, it } from "vitest";
import { compare, type Results } from "../../bench/campaign/compare.js";
import { judge } from "../../bench/campaign/faults.js";
import { affordable, fuzzedJob } from "../../bench/campaign/jobs.js";
import { figures, withFigures } from "../../bench/campaign/report.js";

const kinds = (code: number, out: string, error: string): string[] => judge({ code, out, error }).map((f) => f.kind);

describe("how a command ended", () => {
  it("is no fault with a result, or one line that names a field", () => {
    expect(kinds(0, '{"value":1,"standardError":null}\n', "")).toEqual([]);
    expect(kinds(1, "", "saltation: time.dt: expected a number above 0, got -1\n")).toEqual([]);
    expect(kinds(1, "", "saltation: --out: cannot write a: no space left\n")).toEqual([]);
    // Training warns before its first step.
    expect(kinds(1, "", "warning: time.dt: is large\nsaltation: network: neuron 0 fires too often\n")).toEqual([]);
  });

  it.each([
    ["stack trace", 2, "", "saltation: internal error: TypeError\n    at f (file:///a.js:1:2)\n"],
    ["not finite", 0, '{"value":null}\n', ""],
    ["output", 0, '{"value":1', ""],
    ["output", 1, "half", "saltation: time: is missing\n"],
    ["exit code", 2, "", "saltation: time: the GPU reported: what\n"],
    ["message", 1, "", "saltation: time: one\nand two\n"],
    ["message", 1, "", "saltation: \u001b[31m: unknown field\n"],
    ["message", 1, "", `saltation: network.cell: ${"x".repeat(2000)}\n`],
    ["message", 1, "", "saltation: something is wrong\n"],
    ["message", 1, "", "warning: time.dt: is large\n"],
    ["message", 1, "", "warning: time.dt: is large\nand so on\nsaltation: time: is missing\n"],
    ["message", 1, "", "warning: \u001b[31m\nsaltation: time: is missing\n"],
    ["message", 1, "", ""],
  ])("is a fault of kind %s", (kind, code, out, error) => {
    expect(kinds(code, out, error)).toContain(kind);
  });
});

it("backends disagree where no move of the job's last digits explains it", () => {
  const spikes = (time: number): Results => ({
    spikes: [[[time, 0]]],
    numbers: new Map(),
    tolerance: 1e-5,
    locating: 0,
  });
  expect(compare(spikes(0.5), spikes(0.500001), []).differences).toEqual([]);
  expect(compare(spikes(0.5), spikes(0.51), []).differences).toHaveLength(1);
  expect(compare(spikes(0.5), spikes(0.51), [spikes(0.50001)]).differences).toHaveLength(1);
  expect(compare(spikes(0.5), spikes(0.51), [spikes(0.505)])).toMatchObject({ differences: [], explained: true });
  const empty: Results = { spikes: [[]], numbers: new Map(), tolerance: 1e-5, locating: 0 };
  expect(compare(spikes(0.5), empty, [spikes(0.5)]).differences).toHaveLength(1);
  expect(compare(spikes(0.5), empty, [empty]).differences).toEqual([]);
});

it("an item is the same job each time, and small where it is run", () => {
  const jobs = Array.from({ length: 50 }, (_, i) => fuzzedJob(3, i).text);
  expect(Array.from({ length: 50 }, (_, i) => fuzzedJob(3, i).text)).toEqual(jobs);
  expect(new Set(jobs).size).toBeGreaterThan(40);
  const job = { network: {}, time: { t1: 1, dt: 0.1 }, paths: 1e6 };
  expect(affordable("simulate", job)).toMatchObject({ paths: 8 });
  expect(affordable("simulate", { ...job, time: { t1: 1, dt: 1e-6 } })).toBeUndefined();
});

it("the page takes the figures between its marks", () => {
  const kind = {
    what: "mutated jobs",
    seconds: 1,
    counts: { tried: 3, accepted: 2, refused: 1 },
    faults: { crash: 1 },
  };
  const result = { date: "d", commit: "c", node: "n", adapter: "a", seed: 1, size: "ci", kinds: { jobs: kind } };
  expect(figures(result)).toContain("| `jobs` | mutated jobs | 3 | 2 accepted, 1 refused | 1 |");
  const page = "a\n<!-- figures of the campaign -->\nold\n<!-- end of the figures -->\nb";
  expect(withFigures(withFigures(page, result), result)).toBe(
    `a\n<!-- figures of the campaign -->\n${figures(result)}\n<!-- end of the figures -->\nb`,
  );
});
