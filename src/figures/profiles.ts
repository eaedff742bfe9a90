/** Profile likelihoods side by side. */
import type { Profile } from "../confidence/profile.js";
import { seriesSvg } from "./series.js";

/** What log L loses along each parameter, with the threshold of the interval's level. */
export function profilesSvg(figure: {
  profiles: readonly Profile[];
  threshold: number;
  level: number;
}): Promise<string> {
  const { profiles, threshold, level } = figure;
  return seriesSvg({
    panels: profiles.map(({ parameter, points }) => ({
      title: `Profile of ${parameter}`,
      x: parameter,
      y: "log L − max log L (nats)",
      series: [{ name: parameter, x: points.map((p) => p.value), y: points.map((p) => -p.loss) }],
      rule: { y: -threshold, label: `${100 * level} %` },
    })),
  });
}
