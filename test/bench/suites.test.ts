/** `saltation bench` in each of its places, at its smallest: what it reports, not how fast anything is. */
import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readReport } from "../../src/bench/read-report.js";
import { type BenchReport, compareReports } from "../../src/bench/report.js";
import type { FigureResult } from "../../src/bench/run.js";
import { suiteNames } from "../../src/bench/suite-names.js";

const folder = mkdtempSync(join(tmpdir(), "saltation-bench-"));
const cli = (...args: string[]) => promisify(execFile)(process.execPath, ["bin/saltation.js", "bench", ...args]);

describe.each(["dawn", "chrome", "cpu"] as const)("in %s", (place) => {
  const file = join(folder, `${place}.json`);
  let report: BenchReport;
  beforeAll(async () => {
    await cli("--in", place, "--quick", "--software", "--out", file);
    report = readReport(readFileSync(file, "utf8"), file);
  }, 300_000);

  it("every suite has figures above their floors' units, with spread", () => {
    expect(new Set(report.figures.map((f) => f.suite))).toEqual(new Set(suiteNames));
    for (const f of report.figures) {
      expect(f.seconds.low).toBeGreaterThan(0);
      expect(f.seconds.median).toBeGreaterThanOrEqual(f.seconds.low);
      expect(f.seconds.high).toBeGreaterThanOrEqual(f.seconds.median);
      expect(f.ratio.median).toBeGreaterThan(0);
      expect(f.rate.perSecond * f.seconds.median).toBeGreaterThan(0);
      expect(report.floors.map((floor) => floor.kind)).toContain(f.floor);
    }
  });

  it("says what it ran on", () => {
    expect(report.in).toBe(place);
    expect(report.versions.node).toBe(process.versions.node);
    if (place === "cpu") expect(report.adapter.backend).toBe("cpu");
    else expect(report.adapter).toMatchObject({ fallback: true, backend: place === "dawn" ? "dawn" : "browser" });
    if (place === "dawn") expect(report.versions.webgpu).toMatch(/^\d/);
    if (place === "chrome") expect(report.versions.chrome).toMatch(/\d+\.\d+/);
  });
});

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
    const bench = spawn(process.execPath, ["bin/saltation.js", "bench", "--quick", "--in", "chrome", "--software"]);
    let error = "";
    bench.stderr.on("data", (data) => {
      error += data;
    });
    const closed = once(bench, "close");
    const browser = (): number | undefined => {
      const all = processes();
      const own = all.find((p) => p.parent === bench.pid && p.group === p.pid);
      return all.some((p) => p.group === own?.pid && p.command.includes("--type=renderer")) ? own?.pid : undefined;
    };
    const group = await expect.poll(browser, { timeout: 60_000 }).toBeDefined().then(browser);
    bench.kill(signal);
    expect([(await closed)[0], error]).toEqual([wanted, ""]);
    await expect.poll(() => processes().filter((p) => p.group === group), { timeout: 60_000 }).toEqual([]);
  });
});

describe("bits", () => {
  const bits = (place: string) => (JSON.parse(readFileSync(join(folder, `${place}.json`), "utf8")) as BenchReport).bits;
  it("of simulate and gradient are the same in Dawn and Chrome", () => {
    expect(bits("dawn")).toEqual(bits("chrome"));
    // And tell results apart: the twin computes in float64.
    expect(bits("cpu").simulate).not.toBe(bits("dawn").simulate);
    expect(bits("cpu").gradient).not.toBe(bits("dawn").gradient);
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

  it("is printed by --compare, and a file that is no report is refused", async () => {
    const old = join(folder, "old.json");
    const { figures, ...rest } = JSON.parse(readFileSync(join(folder, "cpu.json"), "utf8")) as BenchReport;
    const slower = figures.map((f) => ({
      ...f,
      ratio: { low: f.ratio.low * 1e6, median: f.ratio.median * 1e6, high: f.ratio.high * 1e6 },
    }));
    writeFileSync(old, JSON.stringify({ ...rest, figures: slower }));
    const { stdout } = await cli("forward", "--in", "cpu", "--quick", "--compare", old);
    expect(stdout).toMatch(/forward .* −\d.* % .* outside/);
    expect(stdout).toMatch(/\n0 within spread, 4 outside\n/);
    writeFileSync(old, "{}");
    const bad = await cli("forward", "--in", "cpu", "--compare", old).catch((e) => e);
    expect(bad.code).toBe(1);
    expect(bad.stderr).toMatch(/--compare: .*old\.json is no report of saltation bench: version: /);
    const place = await cli("--in", "firefox").catch((e) => e);
    expect([place.code, place.stderr]).toEqual([1, expect.stringMatching(/--in: expected one of dawn, chrome, cpu/)]);
    const suite = await cli("backward").catch((e) => e);
    expect([suite.code, suite.stderr]).toEqual([1, expect.stringMatching(/suite\[0\]: expected one of forward/)]);
  });
});
