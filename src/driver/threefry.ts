/**
 * Threefry-2x32-20, a counter-based random number generator: Salmon, Moraes, Dror & Shaw, Parallel random numbers: as
 * easy as 1, 2, 3 (SC 2011). Adds, rotations and exclusive ors only: any path, step or retry can be drawn anywhere.
 */

const rotations = [13, 15, 26, 6, 17, 29, 16, 24] as const;
const parity = 0x1bd11bda;

/** Encrypts the counter (c0, c1) under the key (k0, k1), all 32-bit; writes two 32-bit words to `out`. */
export function threefryInto(out: Uint32Array, k0: number, k1: number, c0: number, c1: number): void {
  const k2 = parity ^ k0 ^ k1;
  const keys = [k0, k1, k2];
  let x0 = (c0 + k0) | 0;
  let x1 = (c1 + k1) | 0;
  for (let round = 0; round < 20; round++) {
    const r = rotations[round & 7]!;
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << r) | (x1 >>> (32 - r))) ^ x0;
    if ((round & 3) === 3) {
      const injection = (round >> 2) + 1;
      x0 = (x0 + keys[injection % 3]!) | 0;
      x1 = (x1 + keys[(injection + 1) % 3]! + injection) | 0;
    }
  }
  out[0] = x0;
  out[1] = x1;
}

/** Two random 32-bit words for a key and a counter. */
export function threefry2x32(k0: number, k1: number, c0: number, c1: number): [number, number] {
  const out = new Uint32Array(2);
  threefryInto(out, k0, k1, c0, c1);
  return [out[0]!, out[1]!];
}
