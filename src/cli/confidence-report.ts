/** What `saltation train` shows of a fit by likelihood with "confidence": standard errors, intervals, goodness of fit. */
import { fail } from "../checks.js";
import { type Confidence, confidence } from "../confidence/confidence.js";
import { type ConfidenceSettings, checkSettings } from "../confidence/options.js";
import { normalQuantile } from "../confidence/quantiles.js";
import type { Engine } from "../engine.js";
import { SaltationError } from "../errors.js";
import type { Values } from "../experiments/recovery.js";
import type { TrainJob } from "../job/job.js";
import type { TrainPlan } from "../job/train-plan.js";
import type { Loss } from "../loss/loss.js";
import { exitBadInput, none, print, readable, sayError, sayWarnings } from "./output.js";
import { writeOutput } from "./output-files.js";
import { newTable } from "./table.js";

/** What the JSON output has of it: rescaled intervals themselves are in the figure and in the library. */
function toldOf({ goodness: { uniform: _, ...goodness }, ...told }: Confidence, files: object) {
  return { ...told, goodness, files };
}

export interface MadeConfidence {
  readonly json: ReturnType<typeof toldOf> | { readonly refused: string };
  print(): void;
}

/** A job's confidence, checked. */
export class ConfidenceReport {
  private constructor(
    private readonly settings: ConfidenceSettings,
    private readonly planned: TrainPlan,
  ) {}

  /** @param flag of the command line. @throws SaltationError where none could be given. */
  static of(job: TrainJob, planned: TrainPlan, flag: boolean | undefined): ConfidenceReport | undefined {
    const asked = job.confidence === undefined || job.confidence === true ? flag || job.confidence : job.confidence;
    if (!asked) return undefined;
    if (job.loss.kind !== "log-likelihood")
      fail("confidence", `is of fits by "log-likelihood", and the loss is "${job.loss.kind}"; leave it out`);
    const settings = asked === true ? {} : (asked as ConfidenceSettings);
    const entries = planned.updatePlan.entries.map((e) => e.parameter);
    checkSettings(settings, entries, "confidence");
    return new ConfidenceReport(settings, planned);
  }

  /** The files that `make` writes. */
  files(stem: string, drawn: boolean): { ks?: string; profiles?: string } {
    if (!drawn) return {};
    const profiles = this.settings.profile?.length ? { profiles: `${stem}-profiles.svg` } : {};
    return { ks: `${stem}-ks.svg`, ...profiles };
  }

  /** Judges fitted values, and writes figures to files that begin with `stem`. What it refuses leaves the fit as it is. */
  async make(engine: Engine, values: Values, loss: Loss, stem: string, drawn: boolean): Promise<MadeConfidence> {
    const { trained, solve, update } = this.planned;
    let found: Confidence;
    try {
      const { trainable } = update;
      found = await confidence(engine.network(trained), { ...solve, ...this.settings, loss, trainable, values });
    } catch (error) {
      if (!(error instanceof SaltationError)) throw error;
      sayError(`no confidence: ${error.message}`);
      process.exitCode = exitBadInput;
      return { json: { refused: error.message }, print: () => {} };
    }
    sayWarnings(found.warnings);
    const { ks, profiles } = this.files(stem, drawn);
    const files: Record<string, string> = {};
    if (ks && found.goodness.uniform.length > 0) {
      const { timeRescalingSvg } = await import("../figures/time-rescaling.js");
      if (writeOutput("--figure", ks, await timeRescalingSvg(found))) files.ks = ks;
    }
    if (profiles) {
      const { profilesSvg } = await import("../figures/profiles.js");
      const threshold = normalQuantile(found.level) ** 2 / 2;
      if (writeOutput("--figure", profiles, await profilesSvg({ ...found, threshold }))) files.profiles = profiles;
    }
    return { json: toldOf(found, files), print: () => printConfidence(found, files) };
  }
}

const range = ([low, high]: readonly [number, number]): string =>
  Number.isNaN(low) ? none : `${readable(low)} to ${readable(high)}`;

function printConfidence(found: Confidence, files: Readonly<Record<string, string>>): void {
  const { level, parameters, profiles, goodness } = found;
  const robust = parameters.some((p) => !Number.isNaN(p.robustStandardError));
  const percent = `${readable(100 * level)} % interval`;
  const profiled = profiles.length > 0 ? ["by profile"] : [];
  const table = newTable([
    "fitted",
    found.refined ? "at the maximum" : "value",
    "standard error",
    ...(robust ? ["robust"] : []),
    percent,
    ...profiled,
  ]);
  for (const { parameter, value, standardError, robustStandardError, interval, atBound } of parameters) {
    const profile = profiles.find((p) => p.parameter === parameter);
    table.push([
      parameter,
      readable(value),
      atBound ? `at its ${atBound} bound` : readable(standardError),
      ...(robust ? [readable(robustStandardError)] : []),
      range(interval),
      ...(profiles.length > 0 ? [profile ? range(profile.interval) : none] : []),
    ]);
  }
  print(table.toString());
  const { logLikelihood, aic, bic, spikes, trials } = found;
  print(
    `log L ${readable(logLikelihood)} of ${spikes} spikes in ${trials} trials; AIC ${readable(aic)}, BIC ${readable(bic)}`,
  );
  const { statistic, band, pValue, serial, serialStandardError, uniform } = goodness;
  print(
    `time rescaling of ${uniform.length} intervals: D ${readable(statistic)} (of a true model below ${readable(band)}), ` +
      `p ${readable(pValue)}; serial correlation ${readable(serial)} ± ${readable(serialStandardError)}`,
  );
  for (const [what, path] of Object.entries(files)) print(`${what} in ${path}`);
}
