/** Names of the columns of tables of spikes (CSV, Parquet): which holds what, and in which unit. */
import { escaped } from "../quoted.js";
import { unitOf } from "./unit.js";

export interface SpikeColumns {
  readonly time: number;
  readonly neuron: number | undefined;
  readonly trial: number | undefined;
  /**
   * Whose value is to be one in all rows of a trial, and of populations in all there are: neuron 0 of another population, or in another
   * session, is another train. With what each is.
   */
  readonly groups: readonly { readonly at: number; readonly what: string }[];
  /** The unit in the name of the column of times, such as "ms" of "time_ms". */
  readonly timeUnit: string | undefined;
}

const sorts = {
  time: /^(t|times?|timestamps?|spike_?times?)$/,
  neuron: /^(neurons?|neuron_?ids?|node_?ids?|units?|unit_?ids?|cells?|cell_?ids?|senders?|gids?|ids?)$/,
  trial: /^(trials?|trial_?ids?|sweeps?|repeats?|runs?|samples?)$/,
};
/** What tables of several recordings, or of several networks, tell these apart by. */
const groups =
  /^(population|session|segment|epoch|block|condition|stimulus|recording|subject|animal|probe|shank)(s|_?id)?$/;

/** A name in lower case, with the spaces in it as underscores. */
const canonical = (name: string): string => name.toLowerCase().replace(/\s+/g, "_");

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
  const apart: { at: number; what: string }[] = [];
  let timeUnit: string | undefined;
  const shown = names
    .slice(0, 12)
    .map((n) => escaped(n.slice(0, 40)))
    .join(", ");
  names.forEach((whole, at) => {
    const { name, unit } = parted(whole);
    const group = groups.exec(canonical(name));
    if (group && !unit) apart.push({ at, what: group[1]! });
    for (const sort of ["time", "neuron", "trial"] as const) {
      if (!sorts[sort].test(canonical(name)) || (sort !== "time" && unit)) continue;
      if (found[sort] !== undefined) throw new Error(`has two columns of ${sort}s among ${shown}; leave one out`);
      found[sort] = at;
      if (sort === "time") timeUnit = unit;
    }
  });
  if (found.time === undefined) {
    throw new Error(`has the columns ${shown || "(none)"}; call them time, neuron and, of several trials, trial`);
  }
  const { time, neuron, trial } = found;
  return { time, neuron, trial, groups: apart, timeUnit };
}

/**
 * A column of another name may be that of neurons, whose trains would be taken as one.
 * @throws Error that goes on from the file's name, where there is one and none of neurons.
 */
export function checkNeurons({ neuron, trial, groups }: SpikeColumns, columns: number): void {
  const known = 1 + (trial === undefined ? 0 : 1) + groups.length;
  if (neuron !== undefined || columns === known) return;
  throw new Error('has no column of neurons, and others beside times; call it "neuron", or leave the others out');
}
