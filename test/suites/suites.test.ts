/** `saltation bench` on the twin, stopped, and compared; on WebGPU in suites.long.test.ts. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { compareReports } from "../../src/suites/report.js";
import type { FigureResult } from "../../src/suites/run.js";
import { bench, testsOf } from "./places.js";

const folder = mkdtempSync(join(tmpdir(), "saltation-bench-"));

testsOf("cpu");

/** Processes that run: id, parent, group, command line. */
const processes = (): { pid: number; parent: number; group: number; command: string }[] =>
  execFileSync("ps", ["-A", "-o", "pid=,ppid=,pgid=,stat=,args="], { encoding: "utf8" })
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((words) => words.length > 4 && !words[3]!.startsWith("Z"))
    .map(([pid, parent, group, , ...args]) => ({
      pid: Number(pid),
      parent: Number(parent),
      group: Number(group),
      command: args.join(" "),
    }));

describe("stopped in chrome", () => {
  beforeEach((test) => test.skip(process.platform !== "linux", "lists processes as Linux does"));

  it.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ] as const)("by %s ends with %i, and Chromium with it", async (signal, wanted) => {
    const child = spawn(process.execPath, ["bin/saltation.js", "bench", "--quick", "--in", "chrome", "--software"]);
    let error = "";
    child.stderr.on("data", (data) => {
      error += data;
    });
    const closed = once(child, "close");
    const browser = (): number | undefined => {
      const all = processes();
      const own = all.find((p) => p.parent === child.pid && p.group === p.pid);
      return all.some((p) => p.group === own?.pid && p.command.includes("--type=renderer")) ? own?.pid : undefined;
    };
    const group = await expect.poll(browser, { timeout: 60_000 }).toBeDefined().then(browser);
    child.kill(signal);
    expect([(await closed)[0], error]).toEqual([wanted, ""]);
    await expect.poll(() => processes().filter((p) => p.group === group), { timeout: 60_000 }).toEqual([]);
  });
});

describe("a comparison", () => {
  const figure = (name: string, low: number, median: number, high: number): FigureResult => ({
    suite: "forward",
    name,
    repeats: 5,
    seconds: { low, median, high },
    rate: { perSecond: 1 / median, unit: "paths" },
    floor: "noise",
    ratio: { low: 2 * low, median: 2 * median, high: 2 * high },
  });
  const report = (...figures: FigureResult[]) => ({ version: 1, figures, adapterName: "a", date: "2026" }) as never;
  const before = report(...["a", "b", "c", "e", "f"].map((name) => figure(name, 1, 2, 3)));
  const after = report(
    figure("a", 2, 2.5, 4),
    figure("b", 8, 9, 10),
    figure("c", 0.1, 0.2, 0.3),
    figure("d", 1, 2, 3),
    // Spreads that touch are not enough: each median must lie within the other's.
    figure("e", 2.5, 3.5, 4),
    figure("f", 2.1, 2.2, 2.3),
  );

  it("tells for each figure whether it changed within both spreads, the largest change outside them first", () => {
    const { changes, ...counts } = compareReports(before, after);
    expect(changes.map((c) => [c.name, c.ratio, c.within])).toEqual([
      ["c", 0.1, false],
      ["b", 4.5, false],
      ["e", 1.75, false],
      ["f", 1.1, false],
      ["a", 1.25, true],
    ]);
    expect(counts).toEqual({ within: 1, outside: 4, unmatched: 1 });
  });

  it("refuses a file that is no report", async () => {
    const old = join(folder, "old.json");
    writeFileSync(old, "{}");
    const bad = await bench("forward", "--in", "cpu", "--compare", old).catch((e) => e);
    expect(bad.code).toBe(1);
    expect(bad.stderr).toMatch(/--compare: .*old\.json is no report of saltation bench: version: /);
  });

  it("is of places and suites that there are", async () => {
    const place = await bench("--in", "firefox").catch((e) => e);
    expect([place.code, place.stderr]).toEqual([
      1,
      expect.stringMatching(/--in: expected one of dawn, simd, chrome, cpu/),
    ]);
    const suite = await bench("backward").catch((e) => e);
    expect([suite.code, suite.stderr]).toEqual([1, expect.stringMatching(/suite\[0\]: expected one of forward/)]);
  });
});
