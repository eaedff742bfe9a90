/**
 * A path's gradient rows: read into accumulators, added to, written back. Where increments are carried, what rounding
 * left of each entry lies in a second table of the rows, after the first, whose row 0 is the value's.
 */
import { type Range, within } from "./pieces.js";

export interface GradientRows {
  /** A declaration to stand before the kernel. */
  readonly functions: string;
  /** A statement that adds to `rows[at]`. */
  add(at: string, text: string): string;
  /** One that adds an accumulator, and empties it. */
  flush(name: string, at: string): string;
  /** Those that read accumulators, and that write them. */
  loadAll(accumulators: readonly Accumulator[]): string;
  storeAll(accumulators: readonly Accumulator[]): string;
}

/** What a kernel gathers in a variable, and where in the rows it belongs. */
export interface Accumulator {
  readonly name: string;
  readonly at: string;
}

const each =
  (statement: (name: string, at: string) => string) =>
  (accumulators: readonly Accumulator[]): string =>
    accumulators.map(({ name, at }) => `  ${statement(name, at)}`).join("\n");

/** @param entries rows of the gradient in all. */
export function gradientRows(carried: boolean, entries: number): GradientRows {
  if (!carried) {
    return {
      functions: "",
      add: (at, text) => `rows[${at}] += ${text};`,
      flush: (name, at) => `rows[${at}] += ${name}; ${name} = 0.0f;`,
      loadAll: each((name, at) => `${name} = rows[${at}];`),
      storeAll: each((name, at) => `rows[${at}] = ${name};`),
    };
  }
  const low = (at: string): string => `rows[${at} + ${entries}u * run.paths]`;
  return {
    functions: /* wgsl */ `
fn add_to_row(at: u32, d: f32) {
  let j = add_carrying(rows[at], ${low("at")}, d);
  rows[at] = j.x;
  ${low("at")} = j.y;
}`,
    add: (at, text) => `add_to_row(${at}, ${text});`,
    flush: (name, at) => `add_to_row(${at}, ${name} + low_${name}); ${name} = 0.0f; low_${name} = 0.0f;`,
    loadAll: each((name, at) => `${name} = rows[${at}]; low_${name} = ${low(at)};`),
    storeAll: each((name, at) => `rows[${at}] = ${name}; ${low(at)} = low_${name};`),
  };
}

/** A parameter whose gradient is asked for: index in the cell, first gradient row, and whether each neuron has its own. */
export interface GradientRow {
  parameter: number;
  row: number;
  perNeuron: boolean;
}

/** Rows of a state that samples start from: one for each of some neurons. */
export interface InitialRow extends Range {
  readonly state: number;
  readonly row: number;
}

/** Rows of weights or delays: those whose places are from `first` to `end` have rows from `row` on. */
export interface PlacedRows extends Range {
  readonly row: number;
}

/** The rows of a path's gradient, of the parameters that are asked for. Row 0 of the table is the value's. */
export interface GradientTable {
  readonly gradientRows: readonly GradientRow[];
  /** Rows of populations. */
  readonly parts: readonly PartRow[];
  /** Gradient rows in all. */
  readonly entries: number;
  /** First row of the current where all neurons have rows, or -1. */
  readonly currentRow: number;
  /** Rows of weights and of delays, in the order of their places. */
  readonly weightRows: readonly PlacedRows[];
  readonly delayRows: readonly PlacedRows[];
  /** Rows of what samples start from. */
  readonly initialRows: readonly InitialRow[];
  /** Rows of the times at which some sources send, one for each entry of an agenda. */
  readonly timeRows: readonly PlacedRows[];
}

/** A statement that adds to the row of entry `entry` of a path's agenda, which `sender` sends. */
export const addTime = (
  rows: GradientRows,
  { timeRows }: Pick<GradientTable, "timeRows">,
  { sender, entry }: { sender: string; entry: string },
  text: string,
): string =>
  timeRows
    .map((own) => `if ${within(sender, own)} { ${rows.add(`(${own.row + 1}u + ${entry}) * run.paths + i`, text)} }`)
    .join(" ");

/**
 * A statement that adds to the row of a weight or delay, where it has one.
 * @param count how many of them there are.
 * @param place WGSL of which it is.
 */
export function addPlaced(
  rows: GradientRows,
  { placed, count }: { placed: readonly PlacedRows[]; count: number },
  place: string,
  text: string,
): string {
  const add = ({ row, first }: PlacedRows): string => {
    const from = first > 0 ? ` - ${first}u` : "";
    return rows.add(`(${row + 1}u + ${place}${from}) * run.paths + i`, text);
  };
  const [one] = placed;
  if (placed.length === 1 && one!.first === 0 && one!.end === count) return add(one!);
  return placed.map((p) => `if ${within(place, p)} { ${add(p)} }`).join(" ");
}

/** Rows of neurons that are some of all: of one parameter, or of the current. */
export interface PartRow extends Range {
  /** The accumulator that gathers what all neurons of it add. */
  readonly from: string;
  /** The first row. */
  readonly row: number;
  /** Whether each neuron has rows of its own. */
  readonly perNeuron: boolean;
  /** Of a current that is sampled: rows are [samples][neurons] or [samples]. */
  readonly samples?: { readonly count: number; readonly steps: number };
}

/** What neurons of a part share is gathered in a variable, to be kept and added up like what all share. */
const sharedParts = (parts: readonly PartRow[]): PartRow[] => parts.filter((p) => !p.perNeuron && !p.samples);
export const partAccumulators = (parts: readonly PartRow[]): { name: string; row: string }[] =>
  sharedParts(parts).map(({ row }) => ({ name: `part_${row}`, row: `${row + 1}u` }));

/** `gather_parts`, which is a part of `flush`: gives what neuron k has gathered to where its part has it. */
function gatherParts(rows: GradientRows, parts: readonly PartRow[], carried: boolean): string {
  const variables = partAccumulators(parts).flatMap(({ name }) => (carried ? [name, `low_${name}`] : [name]));
  const statement = ({ from, row, perNeuron, samples, ...range }: PartRow): string => {
    const width = perNeuron ? range.end - range.first : 1;
    const sample = samples ? ` + min(step / ${samples.steps}u, ${samples.count - 1}u) * ${width}u` : "";
    const at = `(${row + 1}u${sample}${perNeuron ? ` + k - ${range.first}u` : ""}) * run.paths + i`;
    const to = `part_${row}`;
    const shared = carried
      ? `let j = add_carrying(${to}, low_${to}, ${from} + low_${from}); ${to} = j.x; low_${to} = j.y;`
      : `${to} += ${from};`;
    return `  if ${within("k", range)} { ${perNeuron || samples ? rows.flush(from, at) : shared} }`;
  };
  const emptied = [...new Set(parts.map(({ from }) => from))].map(
    (from) => `  ${from} = 0.0f;${carried ? ` low_${from} = 0.0f;` : ""}`,
  );
  return /* wgsl */ `
${variables.map((name) => `var<private> ${name}: f32;`).join("\n")}
fn gather_parts(step: u32, k: u32, i: u32) {
${[...parts.map(statement), ...emptied].join("\n")}
}`;
}

/**
 * `flush`, which gives neuron k's own gradient rows what has gathered.
 *
 * @param parts rows of some neurons.
 * @param current WGSL of the row that the current's accumulator goes to; undefined where it is not flushed.
 */
export const flushFunction = (
  rows: GradientRows,
  own: readonly GradientRow[],
  { parts, carried }: { parts: readonly PartRow[]; carried: boolean },
  current?: string,
): string => /* wgsl */ `${parts.length > 0 ? gatherParts(rows, parts, carried) : ""}
fn flush(step: u32, k: u32, i: u32) {${parts.length > 0 ? "\n  gather_parts(step, k, i);" : ""}
${own.map((g) => `  ${rows.flush(`grad_${g.parameter}`, `(${g.row + 1}u + k) * run.paths + i`)}`).join("\n")}
${current === undefined ? "" : `  ${rows.flush("grad_current", `(${current}) * run.paths + i`)}`}
}`;
