/**
 * Whether a solve came out: one thread reads the status words of a chunk (src/solve/chunk-solver.ts) and sets a bit of
 * `halted` for what did not: 1 a record or 2 a tape too small, 4 a state that is not finite. Bits stay until the host
 * clears them; while one is set no update is made.
 */
import { declareKernel, read, readWrite } from "../shared/declare.js";

export const haltBits = { record: 1, tape: 2, state: 4, gradient: 8 } as const;

export const verdict = declareKernel({
  label: "verdict",
  workgroupSize: 1,
  uniform: {
    /** Entries that a path has room for. */
    tape: "u32",
  },
  bindings: { status: read("array<u32>"), halted: readWrite("array<u32>") },
  body: /* wgsl */ `
fn main() {
  var bits = halted[0];
  if (status[1] > 0u) { bits |= ${haltBits.record}u; }
  if (status[6] > run.tape) { bits |= ${haltBits.tape}u; }
  if (status[3] > 0u) { bits |= ${haltBits.state}u; }
  halted[0] = bits;
}
`,
});
