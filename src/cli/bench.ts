import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import { fail, oneOf } from "../checks.js";
import { SaltationError } from "../errors.js";
import { textOf } from "../files/file-kind.js";
import { percent, rate, roundsText, three, withRange } from "../suites/format.js";
import { readReport } from "../suites/read-report.js";
import { type BenchReport, compareReports, comparisonCount } from "../suites/report.js";
import type { BenchOptions, Progress } from "../suites/run.js";
import { type SuiteName, suiteNames } from "../suites/suite-names.js";
import { benchInChrome, benchInNode } from "./bench-hosts.js";
import { colours } from "./colours.js";
import { wholeOption } from "./options.js";
import { print, printJson } from "./output.js";
import { checkOutputs, writeOutput } from "./output-files.js";
import { readGiven } from "./read-file.js";
import { compactTable } from "./table.js";

export interface BenchCommandOptions {
  in: string;
  out?: string;
  compare?: string;
  json?: boolean;
  quick?: boolean;
  software?: boolean;
  threads?: string;
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

function readReportFile(file: string): BenchReport {
  const bytes = readGiven("--compare", file);
  try {
    return readReport(textOf(bytes), file);
  } catch (error) {
    if (error instanceof SaltationError) throw error;
    return fail("--compare", `${file} ${(error as Error).message}`);
  }
}

function printReport(report: BenchReport): void {
  const head = ["suite", "figure", "ms (least–most)", "rate", "floor", "× floor (least–most)"];
  const table = compactTable(head, ["left", "left", "right", "right", "left", "right"]);
  for (const f of report.figures) {
    table.push([
      f.suite,
      f.name,
      withRange(f.seconds, 1000),
      rate(f.rate.perSecond, f.rate.unit),
      f.floor,
      withRange(f.ratio),
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
    `in ${report.in} on ${report.adapterName}${fallback}; ${versions.join(", ")}; ${roundsText(report)}, ${three(report.totalSeconds)} s in all`,
  );
}

function printChanges(before: BenchReport, after: BenchReport, file: string): void {
  const comparison = compareReports(before, after);
  print(
    `\n${colours.bold(`compared with ${file}`)} (in ${before.in} on ${before.adapterName}, ${before.date.slice(0, 10)}); within spread: each median lies within the other's spread`,
  );
  const head = ["suite", "figure", "× floor before", "now", "change", "of the time", ""];
  const table = compactTable(head, ["left", "left", "right", "right", "right", "right", "left"]);
  for (const c of comparison.changes) {
    const colour = c.within ? colours.dim : c.ratio < 1 ? colours.green : colours.red;
    table.push([
      c.suite,
      c.name,
      withRange(c.before.ratio),
      withRange(c.after.ratio),
      colour(percent(c.ratio)),
      percent(c.seconds),
      colour(c.within ? "within spread" : "outside"),
    ]);
  }
  if (comparison.changes.length > 0) print(table.toString());
  print(comparisonCount(comparison, file));
}

/** `saltation bench [suite…]`. */
export async function benchCommand(names: string[], options: BenchCommandOptions): Promise<void> {
  const place = oneOf("--in", options.in, ["dawn", "simd", "chrome", "cpu"]);
  const threads = options.threads === undefined ? undefined : wholeOption("--threads", options.threads, 1, 256);
  if (threads !== undefined && place !== "simd") fail("--threads", `goes with --in simd, but --in is ${place}`);
  names.forEach((name, i) => {
    oneOf(`suite[${i}]`, name, suiteNames);
  });
  const before = options.compare === undefined ? undefined : readReportFile(options.compare);
  checkOutputs({ "--out": options.out }, []);
  const bench: BenchOptions = {
    suites: names.length > 0 ? (names as SuiteName[]) : suiteNames,
    backend: place === "cpu" || place === "simd" ? place : "webgpu",
    quick: options.quick ?? false,
    software: options.software ?? false,
    threads,
  };
  const terminal = process.stderr.isTTY;
  const progress = ({ suite, figure, at, figures, round, rounds }: Progress): void => {
    if (terminal) process.stderr.write(`\r\x1b[Kround ${round} of ${rounds}, ${at} of ${figures}: ${suite}, ${figure}`);
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
  const written =
    options.out !== undefined && writeOutput("--out", options.out, `${JSON.stringify(report, null, 2)}\n`);
  if (options.json) {
    printJson(before ? { ...report, comparison: compareReports(before, report) } : report);
    return;
  }
  printReport(report);
  if (before) printChanges(before, report, options.compare!);
  if (written) print(`report in ${options.out}`);
}
