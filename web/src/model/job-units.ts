/** Units of a training job, which itself holds hardly any. */
import { experiments, type StudioDocument, type StudioJob } from "./document.js";
import { newDocument } from "./experiments.js";
import { slifUnits } from "./units.js";

/** Parameters of slif that say how fast it is. */
const speeds = ["mu1", "mu2", "tauS"];

/** The experiment with a job's built-in cell, as fast as there. */
export function experimentLike({ network }: StudioJob): StudioDocument | undefined {
  return experiments.map(newDocument).find(({ job }) => {
    const same = speeds.every((name) => network.parameters?.[name] === job.network.parameters?.[name]);
    return (network.cell ?? "slif") === job.network.cell && same;
  });
}

/** A job that says the units of a document, where it would not be opened with them without. */
export function withUnits<J extends StudioJob>(job: J, units: Record<string, string>): J {
  const sorted = (of: Record<string, string>): string => JSON.stringify(Object.entries(of).sort());
  return sorted(unitsOfJob(job)) === sorted(units) ? job : { ...job, units };
}

/**
 * Units that a job says; else as the experiments have them, where the unit of time is known: from the job's measures,
 * the cell, its speed.
 */
export function unitsOfJob(job: StudioJob): Record<string, string> {
  if (job.units) return job.units;
  const { cell = "slif" } = job.network;
  if (cell === "gif") return { time: "ms", current: "nA" };
  const time = job.metrics?.unit;
  if (cell === "slif" && time !== undefined) return slifUnits(time);
  return experimentLike(job)?.units ?? (time === undefined ? {} : { time });
}
