/** A profile likelihood as a curve. */
import type { Profile } from "./profile.js";

/** Points of a curve between two that were measured. */
const between = 12;

/** log L − max log L (nats) along a parameter: between points its signed root, which is almost a straight line, is one. */
export function curveOf({ points }: Profile): { x: number[]; y: number[] } {
  const best = points.reduce((least, p) => (p.loss < least.loss ? p : least)).value;
  const roots = points.map((p) => Math.sign(p.value - best) * Math.sqrt(2 * Math.max(0, p.loss)));
  const x: number[] = [];
  const y: number[] = [];
  points.forEach(({ value }, i) => {
    const next = points[i + 1];
    for (let k = 0; k < (next ? between : 1); k++) {
      const along = k / between;
      const root = next ? roots[i]! + along * (roots[i + 1]! - roots[i]!) : roots[i]!;
      x.push(next ? value + along * (next.value - value) : value);
      y.push((-root * root) / 2);
    }
  });
  return { x, y };
}
