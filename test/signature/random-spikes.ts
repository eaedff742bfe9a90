import { threefry2x32 } from "../../src/driver/threefry.js";
import type { Spikes } from "../../src/spikes/spikes.js";

/** A reproducible source of uniforms in [0, 1). */
export function uniforms(seed: number): () => number {
  let n = 0;
  return () => threefry2x32(seed, 0x7a1, n++, 0)[0]! / 2 ** 32;
}

/**
 * Trains of up to `most` spikes (the first has none), times in order on [t0, t1] and exact in the record's grid of 4096
 * steps, so that GPU and twin start from the same numbers; some spikes are simultaneous.
 */
export function randomSpikes(
  seed: number,
  paths: number,
  neurons: number,
  most: number,
  t0: number,
  t1: number,
): Spikes[] {
  const next = uniforms(seed);
  return Array.from({ length: paths }, (_, i) => {
    const count = i === 0 ? 0 : Math.floor(next() * (most + 1));
    const times = Array.from({ length: count }, () => t0 + ((t1 - t0) * Math.ceil(next() * 2 ** 20)) / 2 ** 20);
    if (count > 3 && next() < 0.5) times[2] = times[1]!;
    if (count > 5 && next() < 0.3) times[4] = times[1]!;
    times.sort((a, b) => a - b);
    return { times, neurons: Array.from({ length: count }, () => Math.floor(next() * neurons)) };
  });
}
