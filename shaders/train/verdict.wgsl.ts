/**
 * Whether a solve came out: one thread reads the status words of a chunk (src/solve/chunk-solver.ts) and sets a bit of
 * `halted` for what did not: 1 a record or 2 a tape too small, 4 a state that is not finite. Bits stay until the host
 * clears them; while one is set no update is made.
 */
export const haltBits = { record: 1, tape: 2, state: 4, gradient: 8 } as const;

export const verdict = /* wgsl */ `
struct Verdict { tape: u32 }
@group(0) @binding(0) var<uniform> room: Verdict;
@group(0) @binding(1) var<storage, read> status: array<u32>;
@group(0) @binding(2) var<storage, read_write> halted: array<u32>;

@compute @workgroup_size(1)
fn main() {
  var bits = halted[0];
  if (status[1] > 0u) { bits |= ${haltBits.record}u; }
  if (status[6] > room.tape) { bits |= ${haltBits.tape}u; }
  if (status[3] > 0u) { bits |= ${haltBits.state}u; }
  halted[0] = bits;
}
`;
