/** What `saltation train` shows of a job with "metrics": { "kind": "spike-trains" }. */
import type { Cell } from "../cell/cell.js";
import { fail } from "../checks.js";
import type { Engine } from "../engine.js";
import { fitted, type Values } from "../experiments/recovery.js";
import {
  type ComparisonOptions,
  checkComparison,
  compareSpikeTrains,
  type SpikeTrainComparison,
} from "../experiments/spike-trains.js";
import type { TrainJob, TrialsJob } from "../job/job.js";
import { type FileContext, readTrials } from "../job/recording.js";
import { rateUnit } from "../metrics/rate-unit.js";
import { defineNetwork, type NetworkDefinition } from "../network/network.js";
import type { SolveOptions } from "../plan/plan.js";
import type { Trial } from "../spikes/trials.js";
import { print, readable } from "./output.js";
import { writeOutput } from "./output-files.js";
import { newTable } from "./table.js";

/** The metrics of the JSON output. */
function spikeTrainMetrics({ stretch, match, statistics, psth, trains }: SpikeTrainComparison) {
  const { md, between, recorded, generated } = match;
  return {
    md,
    coincidences: { between, recorded, generated },
    psthCorrelation: psth.correlation,
    statistics,
    stretch,
    generatedTrains: trains.generated.length,
  };
}

/** Generated trains in a raster: as many as observed ones are compared by eye. */
const least = 5;

/** A job's comparison of spike trains, checked. */
export class SpikeTrainReport {
  private readonly unit: string;

  private constructor(
    private readonly options: ComparisonOptions & { unit?: string },
    private readonly observed: readonly Trial[],
    private readonly solve: SolveOptions,
  ) {
    this.unit = options.unit ?? "";
  }

  /** @throws SaltationError where the comparison could not be made. */
  static of(job: TrainJob, model: NetworkDefinition, solve: SolveOptions, context: FileContext) {
    if (!job.metrics) return undefined;
    if (!job.observed) fail("observed", "is missing, and metrics compare with recorded trains; name them");
    if (!Array.isArray(job.observed) && "simulate" in job.observed) {
      fail("metrics", 'compare with recorded trains; "observed" is simulated: use "test"');
    }
    const options = job.metrics as ComparisonOptions;
    checkComparison(defineNetwork(model), solve, options);
    return new SpikeTrainReport(options, readTrials(job.observed as TrialsJob, context, options), solve);
  }

  /** The files that `make` writes, by what they hold. @param drawn whether figures are among them. */
  static files(stem: string, drawn: boolean) {
    const figures = { raster: `${stem}-raster.svg`, psth: `${stem}-psth.svg` };
    return { ...(drawn ? figures : {}), parameters: `${stem}-parameters.json` };
  }

  /** Simulates the fitted network and writes fitted parameters, raster and PSTH to files that begin with `stem`. */
  async make(
    engine: Engine,
    model: NetworkDefinition,
    values: Values,
    stem: string,
    drawn: boolean,
  ): Promise<MadeReport> {
    const network = engine.network(fitted(model, values));
    const comparison = await compareSpikeTrains(network, this.observed, this.solve, this.options);
    const units = unitsOf(network.network.cell);
    const contents: Record<string, string> = {
      ...(drawn ? await drawFigures(comparison, this.unit) : {}),
      parameters: parametersText(values, units),
    };
    const written = Object.entries(SpikeTrainReport.files(stem, drawn)).filter(([what, file]) =>
      writeOutput("--figure", file, contents[what]!),
    );
    const files = Object.fromEntries(written);
    return { metrics: spikeTrainMetrics(comparison), files, print: () => printTable(comparison, files, this.unit) };
  }
}

export interface MadeReport {
  readonly metrics: ReturnType<typeof spikeTrainMetrics>;
  readonly files: Readonly<Record<string, string>>;
  print(): void;
}

export const unitsOf = (cell: Cell): Readonly<Record<string, string>> => cell.definition.units ?? {};

function parametersText(parameters: Values, units: Readonly<Record<string, string>>): string {
  const table = Object.entries(parameters).map(([name, value]) => [name, { value, unit: units[name] ?? "" }]);
  return `${JSON.stringify(Object.fromEntries(table), null, 2)}\n`;
}

async function drawFigures(
  { trains, psth, stretch }: SpikeTrainComparison,
  unit: string,
): Promise<Record<"raster" | "psth", string>> {
  const [{ psthSvg }, { rasterSvg }] = await Promise.all([
    import("../figures/psth.js"),
    import("../figures/raster.js"),
  ]);
  const generated = trains.generated.slice(0, Math.max(least, trains.observed.length));
  return {
    raster: await rasterSvg({ observed: trains.observed, generated, ...stretch, unit }),
    psth: await psthSvg({ observed: psth.observed, generated: psth.generated, unit }),
  };
}

/** Four digits after the point; a number that does not exist is told as such. */
const fixed = (value: number): string => (Number.isFinite(value) ? value.toFixed(4) : readable(value));

/** The table of a comparison, for people. */
function printTable(
  { stretch, match, statistics, psth, trains }: SpikeTrainComparison,
  files: Readonly<Record<string, string>>,
  unit: string,
): void {
  const table = newTable(["", "observed", "generated"]);
  const { observed, generated } = statistics;
  const { scale, unit: rate } = rateUnit(unit);
  const row = (name: string, of: (s: typeof observed) => number): void => {
    table.push([name, readable(of(observed)), readable(of(generated))]);
  };
  table.push(["trains", trains.observed.length, trains.generated.length]);
  row("spikes per train", (s) => s.meanCount);
  row(`rate (${rate})`, (s) => scale * s.rate);
  row("Fano factor", (s) => s.fano);
  row("CV of intervals", (s) => s.cv);
  table.push(["coincidences among", readable(match.recorded), readable(match.generated)]);
  print(table.toString());
  print(
    `from ${stretch.t0} to ${stretch.t1}${unit ? ` ${unit}` : ""}: Md* ${fixed(match.md)} ` +
      `(${readable(match.between)} coincidences between), PSTH correlation ${fixed(psth.correlation)}`,
  );
  for (const [what, path] of Object.entries(files)) print(`${what} in ${path}`);
}
