import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import { dirname } from "node:path";
import Table from "cli-table3";
import pc from "picocolors";
import type { Spread } from "../bench/measure.js";
import { type BenchReport, type Change, compareReports } from "../bench/report.js";
import type { BenchOptions } from "../bench/run.js";
import { type SuiteName, suiteNames } from "../bench/suites.js";
import { fail, oneOf } from "../checks.js";
import { benchInChrome, benchInNode } from "./bench-hosts.js";
import { print, printJson } from "./output.js";

export interface BenchCommandOptions {
  in: string;
  out?: string;
  compare?: string;
  json?: boolean;
  quick?: boolean;
  software?: boolean;
}

const require_ = createRequire(import.meta.url);

/** Version of an installed package, "none" where it is not there. */
function versionOf(name: string): string {
  for (const folder of require_.resolve.paths(name) ?? []) {
    try {
      return (JSON.parse(readFileSync(`${folder}/${name}/package.json`, "utf8")) as { version: string }).version;
    } catch {
      // The next folder.
    }
  }
  return "none";
}

function readReport(file: string): BenchReport {
  let report: BenchReport;
  try {
    report = JSON.parse(readFileSync(file, "utf8")) as BenchReport;
  } catch (error) {
    return fail("compare", `cannot read ${file}: ${(error as Error).message}`);
  }
  if (report.version !== 1 || !Array.isArray(report.figures))
    fail("compare", `${file} is no report of saltation bench`);
  return report;
}

const three = (value: number): string =>
  Number(value.toPrecision(3)).toLocaleString("en", { maximumFractionDigits: 6 });
const milliseconds = (s: Spread): string =>
  `${three(1000 * s.median)} (${three(1000 * s.low)}–${three(1000 * s.high)})`;
const plain = (s: Spread): string => `${three(s.median)} (${three(s.low)}–${three(s.high)})`;
const rate = (perSecond: number, unit: string): string => {
  const [scale, name] =
    perSecond >= 1e9 ? [1e9, "G "] : perSecond >= 1e6 ? [1e6, "M "] : perSecond >= 1e3 ? [1e3, "k "] : [1, ""];
  return `${three(perSecond / scale)} ${name}${unit}/s`;
};

/** A table without lines between its rows. */
const compactTable = (head: string[], colAligns: ("left" | "right")[]): Table.Table =>
  new Table({
    head,
    colAligns,
    style: { head: [], border: [] },
    chars: { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" },
  });

function printReport(report: BenchReport): void {
  const head = ["suite", "figure", "ms (least–most)", "rate", "floor", "× floor (least–most)"];
  const table = compactTable(head, ["left", "left", "right", "right", "left", "right"]);
  for (const f of report.figures) {
    table.push([
      f.suite,
      f.name,
      milliseconds(f.seconds),
      rate(f.rate.perSecond, f.rate.unit),
      f.floor,
      plain(f.ratio),
    ]);
  }
  print(table.toString());
  const floors = report.floors.map((f) =>
    f.kind === "start"
      ? `start ${three(1000 / f.perSecond.median)} ms`
      : `${f.kind} ${rate(f.perSecond.median, f.unit)}`,
  );
  print(`floors, timed in turn with the figures: ${floors.join(", ")}`);
  print(`bits: simulate ${report.bits.simulate}, gradient ${report.bits.gradient}`);
  const fallback = "fallback" in report.adapter && report.adapter.fallback ? ", a software adapter" : "";
  const versions = Object.entries(report.versions).map(([name, version]) => `${name} ${version}`);
  print(
    `in ${report.in} on ${report.adapterName}${fallback}; ${versions.join(", ")}; ${three(report.totalSeconds)} s in all`,
  );
}

const percent = (factor: number): string => `${factor >= 1 ? "+" : "−"}${three(Math.abs(100 * (factor - 1)))} %`;

function printChanges(before: BenchReport, after: BenchReport, file: string): void {
  const { changes, unchanged, unmatched } = compareReports(before, after);
  const others = `${unchanged} within their spread${unmatched > 0 ? `, ${unmatched} not in ${file}` : ""}`;
  print(
    `\n${pc.bold(`compared with ${file}`)} (${before.adapterName}, ${before.date.slice(0, 10)}): ${changes.length} changed, ${others}`,
  );
  if (changes.length === 0) return;
  const head = ["suite", "figure", "× floor before", "now", "change", "of the time"];
  const table = compactTable(head, ["left", "left", "right", "right", "right", "right"]);
  for (const c of changes as Change[]) {
    const change = c.ratio < 1 ? pc.green(percent(c.ratio)) : pc.red(percent(c.ratio));
    table.push([c.suite, c.name, plain(c.before.ratio), plain(c.after.ratio), change, percent(c.seconds)]);
  }
  print(table.toString());
}

/** `saltation bench [suite…]`. */
export async function benchCommand(names: string[], options: BenchCommandOptions): Promise<void> {
  const place = oneOf("--in", options.in, ["dawn", "chrome", "cpu"]);
  names.forEach((name, i) => {
    oneOf(`suite[${i}]`, name, suiteNames);
  });
  const before = options.compare === undefined ? undefined : readReport(options.compare);
  const bench: BenchOptions = {
    suites: names.length > 0 ? (names as SuiteName[]) : suiteNames,
    backend: place === "cpu" ? "cpu" : "webgpu",
    quick: options.quick ?? false,
    software: options.software ?? false,
  };
  const terminal = process.stderr.isTTY;
  const progress = (suite: string, figure: string): void => {
    if (terminal) process.stderr.write(`\r\x1b[K${suite}: ${figure}`);
  };
  const began = performance.now();
  const { result, versions } = await (place === "chrome"
    ? benchInChrome(bench, progress)
    : benchInNode(bench, progress));
  if (terminal) process.stderr.write("\r\x1b[K");
  const { version } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  const report: BenchReport = {
    version: 1,
    in: place,
    date: new Date().toISOString(),
    ...result,
    versions: {
      saltation: version,
      node: process.versions.node,
      ...(place === "dawn" ? { webgpu: versionOf("webgpu") } : {}),
      ...versions,
    },
    machine: {
      system: `${os.type()} ${os.release()} ${os.arch()}`,
      processor: os.cpus()[0]?.model ?? "unknown",
      cores: os.availableParallelism(),
    },
    totalSeconds: (performance.now() - began) / 1000,
  };
  if (options.out) {
    mkdirSync(dirname(options.out), { recursive: true });
    writeFileSync(options.out, `${JSON.stringify(report, null, 2)}\n`);
  }
  if (options.json) {
    printJson(before ? { ...report, comparison: compareReports(before, report) } : report);
    return;
  }
  printReport(report);
  if (before) printChanges(before, report, options.compare!);
  if (options.out) print(`report in ${options.out}`);
}
