/**
 * Threefry-2x32-20, a counter-based random number generator: Salmon, Moraes, Dror & Shaw, Parallel random numbers: as
 * easy as 1, 2, 3 (SC 2011). Adds, rotations and exclusive ors only: any path, step or retry can be drawn anywhere.
 */

const parity = 0x1bd11bda;

/** Encrypts the counter (c0, c1) under the key (k0, k1), all 32-bit; writes two 32-bit words to `out`. */
export function threefryInto(out: Uint32Array, k0: number, k1: number, c0: number, c1: number): void {
  let a = (c0 + k0) | 0;
  let b = (c1 + k1) | 0;
  // Keys take turns: the injection after each four rounds adds (k1, k2), (k2, k0), (k0, k1), …
  let now = k1 | 0;
  let next = parity ^ k0 ^ k1;
  let last = k0 | 0;
  for (let injection = 1; injection <= 5; injection++) {
    if (injection & 1) {
      a = (a + b) | 0;
      b = ((b << 13) | (b >>> 19)) ^ a;
      a = (a + b) | 0;
      b = ((b << 15) | (b >>> 17)) ^ a;
      a = (a + b) | 0;
      b = ((b << 26) | (b >>> 6)) ^ a;
      a = (a + b) | 0;
      b = ((b << 6) | (b >>> 26)) ^ a;
    } else {
      a = (a + b) | 0;
      b = ((b << 17) | (b >>> 15)) ^ a;
      a = (a + b) | 0;
      b = ((b << 29) | (b >>> 3)) ^ a;
      a = (a + b) | 0;
      b = ((b << 16) | (b >>> 16)) ^ a;
      a = (a + b) | 0;
      b = ((b << 24) | (b >>> 8)) ^ a;
    }
    a = (a + now) | 0;
    b = (b + next + injection) | 0;
    const first = now;
    now = next;
    next = last;
    last = first;
  }
  out[0] = a;
  out[1] = b;
}

/** Two random 32-bit words for a key and a counter. */
export function threefry2x32(k0: number, k1: number, c0: number, c1: number): [number, number] {
  const out = new Uint32Array(2);
  threefryInto(out, k0, k1, c0, c1);
  return [out[0]!, out[1]!];
}
