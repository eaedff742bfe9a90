/** Profile likelihoods side by side. */
import type { Profile } from "../confidence/profile.js";
import { seriesSvg } from "./series.js";

/** Points of a curve between two that were measured. */
const between = 12;

/** The curve of a profile: between points its signed root, which is almost a straight line, is one. */
function curveOf({ points }: Profile): { x: number[]; y: number[] } {
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

/** What log L loses along each parameter, with the threshold of the interval's level. */
export function profilesSvg(figure: {
  profiles: readonly Profile[];
  threshold: number;
  level: number;
}): Promise<string> {
  const { profiles, threshold, level } = figure;
  return seriesSvg({
    panels: profiles.map((profile) => ({
      title: `Profile of ${profile.parameter}`,
      x: profile.parameter,
      y: "log L − max log L (nats)",
      series: [{ name: profile.parameter, ...curveOf(profile) }],
      rule: { y: -threshold, label: `${100 * level} %` },
    })),
  });
}
