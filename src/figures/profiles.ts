/** Profile likelihoods side by side. */
import type { Profile } from "../confidence/profile.js";
import { curveOf } from "../confidence/profile-curve.js";
import { seriesSvg } from "./series.js";

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
