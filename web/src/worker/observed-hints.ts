/** What is out of the ordinary in observed trials that the page was given. */
import { counted } from "../../../src/checks.js";
import { type FileContext, readTrials } from "../../../src/job/recording.js";
import type { Trial } from "../../../src/spikes/trials.js";
import type { StudioDocument } from "../model/document.js";
import { observedJob } from "./problem.js";

/**
 * Spikes outside the time that is simulated, and trials without a spike, each in a line with counts.
 * @param kept the trials as they are trained on: of those given, what lies from t0 to t1.
 */
export function observedHints(
  document: StudioDocument,
  kept: readonly Trial[],
  { t0, t1 }: { readonly t0: number; readonly t1: number },
  files: FileContext,
): string[] {
  const observed = observedJob(document, files);
  if (!observed) return [];
  const hints: string[] = [];
  const all = readTrials(observed, files, { t0: -Infinity, t1: Infinity });
  const spikes = (trials: readonly Trial[]): number => trials.reduce((n, t) => n + t.times.length, 0);
  const outside = spikes(all) - spikes(kept);
  const unit = document.units.time;
  const span = `from ${t0} to ${t1}${unit ? ` ${unit}` : ""}`;
  if (outside > 0) {
    hints.push(`${outside} of ${counted(spikes(all), "spike")} outside the time that is simulated, ${span}: left out.`);
  }
  const empty = kept.filter((t) => t.times.length === 0).length;
  if (empty > 0) hints.push(`${empty} of ${counted(kept.length, "trial")} without a spike ${span}.`);
  return hints;
}
