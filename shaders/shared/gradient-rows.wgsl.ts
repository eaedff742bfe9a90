/**
 * A path's gradient rows: read into accumulators, added to, written back. Where increments are carried, what rounding
 * left of each entry lies in a second table of the rows, after the first, whose row 0 is the value's.
 */
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

/**
 * `flush`, which gives neuron k's own gradient rows what has gathered.
 *
 * @param current WGSL of the row that the current's accumulator goes to; undefined where it is not flushed.
 */
export const flushFunction = (rows: GradientRows, own: readonly GradientRow[], current?: string): string => /* wgsl */ `
fn flush(step: u32, k: u32, i: u32) {
${own.map((g) => `  ${rows.flush(`grad_${g.parameter}`, `(${g.row + 1}u + k) * run.paths + i`)}`).join("\n")}
${current === undefined ? "" : `  ${rows.flush("grad_current", `(${current}) * run.paths + i`)}`}
}`;
