/** `npm run bench -- figures`: draws what lies in bench/results for the docs. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { rangesSvg } from "../src/figures/ranges.js";
import { type Series, seriesSvg } from "../src/figures/series.js";
import type { BenchReport } from "../src/suites/report.js";
import type { ConvergenceRow } from "./convergence.js";
import type { GrowthRow } from "./sizes.js";
import { type WorkCurve, workPrecisionSvg } from "./work-precision.js";

const result = <T>(name: string): T => JSON.parse(readFileSync(`bench/results/${name}.json`, "utf8")) as T;

function convergence(): Promise<string> {
  const { rows } = result<{ rows: ConvergenceRow[] }>("convergence");
  const methods = [...new Set(rows.map((r) => r.method))];
  const series = (sigma: number, of: "timeError" | "gradientError"): Series[] =>
    methods.map((name) => {
      const mine = rows.filter((r) => r.sigma === sigma && r.method === name);
      return { name, x: mine.map((r) => r.dt), y: mine.map((r) => r[of]) };
    });
  const panel = (title: string, y: string, of: "timeError" | "gradientError") => {
    return { title, x: "step dt", y, series: series(0.25, of), logX: true, logY: true };
  };
  return seriesSvg({
    panels: [
      panel("Second spike time, σ = 0.25", "RMS error per path", "timeError"),
      panel("Its derivative by the current", "relative RMS error per path", "gradientError"),
    ],
  });
}

/** Figure 2 by signatures of matched counts, and of all spikes with the horizon term. */
function unmatched(): Promise<string> {
  const { every, runs } = result<{ every: number; runs: { job: string; curve: number[] }[] }>("figure2-unmatched");
  const names: Record<string, string> = { figure2: "matched counts", "figure2-unmatched": "all spikes" };
  const series = runs.map(({ job, curve }) => ({
    name: names[job]!,
    x: curve.map((_, i) => (i + 0.5) * every),
    y: curve,
  }));
  return seriesSvg({
    panels: [
      { title: "Figure 2 by expected signatures", x: "step", y: "loss, mean over 25 steps", series, logY: true },
    ],
  });
}

function accuracy(): Promise<string> {
  const { rows } = result<{ rows: { length: number; kernel: number; textbook: number }[] }>("signature-accuracy");
  const x = rows.map((r) => r.length);
  return seriesSvg({
    panels: [
      {
        title: "Signature kernel in float32",
        x: "length of the paths",
        y: "relative error",
        logX: true,
        logY: true,
        series: [
          { name: "textbook scheme", x, y: rows.map((r) => r.textbook) },
          { name: "carried difference", x, y: rows.map((r) => r.kernel) },
        ],
      },
    ],
  });
}

/** Ratios to the floors, in each place that has a report. */
function benches(): Promise<string> {
  const places = ["dawn", "chrome", "cpu"].filter((p) => existsSync(`bench/results/bench-${p}.json`));
  const rows = places.flatMap((place) =>
    result<BenchReport>(`bench-${place}`)
      .figures.filter((f) => f.suite !== "start")
      // Sizes differ between places.
      .map((f) => ({ group: place, label: `${f.suite}: ${f.name.replace(/[\d,]+ (?=paths)/, "n ")}`, ...f.ratio })),
  );
  return rangesSvg({ title: "Times over their floors (median, least to most)", value: "times the floor", rows });
}

/** A silent network that learns a count. */
function silence(): Promise<string> {
  const { silence: curves } = result<{ silence: Record<string, { step: number; counts: number[] }[]> }>("horizon");
  const series = Object.entries(curves).map(([name, steps]) => ({
    name,
    x: steps.map((s) => s.step),
    y: steps.map((s) => s.counts.reduce((a, b) => a + b, 0) / s.counts.length),
  }));
  const rule = { y: 5, label: "target" };
  const panel = { title: "A silent network learns to fire", x: "step", y: "mean count of an output", series, rule };
  return seriesSvg({ panels: [panel] });
}

/** How time grows with the size of a network, a neuron of a path per invocation. */
function sizes(): Promise<string> {
  const { rows } = result<{ rows: GrowthRow[] }>("sizes");
  const panel = (title: string, x: string, vary: GrowthRow["vary"]) => {
    const mine = rows.filter((r) => r.vary === vary);
    const series = [{ name: "simd", x: mine.map((r) => r.x), y: mine.map((r) => r.processorMs / 1000) }];
    return { title, x, y: "processor seconds", series, logX: true, logY: true };
  };
  return seriesSvg({
    title: "One simulated second of a sparse network in steps of 1 ms",
    panels: [
      panel("100 connections each", "neurons", "neurons"),
      panel("4,000 neurons", "connections of a neuron", "connections of a neuron"),
      panel("1,000 neurons", "paths", "paths"),
      panel("4,000 neurons, by their current", "spikes", "spikes"),
    ],
  });
}

const workPrecision = (): Promise<string> => workPrecisionSvg(result<{ curves: WorkCurve[] }>("work-precision").curves);

export async function run(): Promise<void> {
  for (const [name, draw] of Object.entries({
    convergence,
    "signature-accuracy": accuracy,
    bench: benches,
    silence,
    unmatched,
    sizes,
    "work-precision": workPrecision,
  })) {
    writeFileSync(`docs/${name}.svg`, await draw());
    console.log(`docs/${name}.svg`);
  }
}
