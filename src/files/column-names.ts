/** Names of the columns of tables of spikes (CSV, Parquet): which holds what, and in which unit. */
import { escaped } from "../quoted.js";
import { unitOf } from "./unit.js";

export interface SpikeColumns {
  readonly time: number;
  readonly neuron: number | undefined;
  readonly trial: number | undefined;
  /** Within which neurons are numbered: neuron 0 of another population is another neuron. */
  readonly population: number | undefined;
  /** The unit in the name of the column of times, such as "ms" of "time_ms". */
  readonly timeUnit: string | undefined;
}

const sorts = {
  time: /^(t|times?|timestamps?|spike_?times?)$/,
  neuron: /^(neurons?|neuron_?ids?|node_?ids?|units?|unit_?ids?|cells?|cell_?ids?|senders?|gids?|ids?)$/,
  trial: /^(trials?|trial_?ids?|sweeps?|repeats?|runs?|samples?)$/,
  population: /^populations?$/,
};

/** A name without the unit in it: "time_ms", "time (ms)" and "time [ms]" are times in ms. */
function parted(name: string): { name: string; unit: string | undefined } {
  const match = /^\s*(.*?)(?:\s*[([]\s*([^()[\]]+?)\s*[)\]]|_([A-Za-zµμ]+))?\s*$/.exec(name)!;
  const unit = match[2] ?? match[3];
  if (unit !== undefined && unitOf(unit)?.of === "s") return { name: match[1]!, unit };
  return { name: name.trim(), unit: undefined };
}

/**
 * Finds the columns by their names.
 * @throws Error that goes on from the file's name, where times are not found or a sort of column is there twice.
 */
export function spikeColumns(names: readonly string[]): SpikeColumns {
  const found: Partial<Record<keyof typeof sorts, number>> = {};
  let timeUnit: string | undefined;
  const shown = names
    .slice(0, 12)
    .map((n) => escaped(n.slice(0, 40)))
    .join(", ");
  names.forEach((whole, at) => {
    const { name, unit } = parted(whole);
    for (const sort of ["time", "neuron", "trial", "population"] as const) {
      if (!sorts[sort].test(name.toLowerCase()) || (sort !== "time" && unit)) continue;
      if (found[sort] !== undefined) throw new Error(`has two columns of ${sort}s among ${shown}; leave one out`);
      found[sort] = at;
      if (sort === "time") timeUnit = unit;
    }
  });
  if (found.time === undefined) {
    throw new Error(`has the columns ${shown || "(none)"}; call them time, neuron and, of several trials, trial`);
  }
  const { time, neuron, trial, population } = found;
  return { time, neuron, trial, population, timeUnit };
}
