/** Derivatives of spike times by when sources send, from the order of agendas to that in which the spikes of sources were given. */
import { directionsOf, type View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import { sampleOfPath } from "../plan/sample-of-path.js";
import { tiedSources } from "../plan/tied-sources.js";
import type { Sensitivities } from "./sensitivities.js";

/**
 * @param solved as a backend gives it: by times of sources along entries of agendas (`directionsOf`).
 * @returns with a direction for each spike of the sources that a sample has at most: in a path the n-th is that of its own sample's n-th,
 * and 0 where that has fewer.
 */
export function inGivenOrder(plan: SolvePlan, views: readonly View[], solved: Sensitivities): Sensitivities {
  if (!views.some((view) => view.entriesOf)) return solved;
  const count = plan.samples!.count;
  /** Of each sample, the direction of the solve that each of the result is. */
  const from = Array.from({ length: count }, (): (number | undefined)[] => []);
  let offset = 0;
  for (const view of views) {
    const parts = directionsOf(view, count);
    const { entriesOf } = view;
    if (entriesOf) {
      const place = new Map(parts.map(({ first }, n) => [first, offset + n]));
      const lists = from.map((_, s) => entriesOf(s).map((x) => (x === undefined ? undefined : place.get(x))));
      const most = Math.max(...lists.map((list) => list.length));
      from.forEach((own, s) => {
        for (let n = 0; n < most; n++) own.push(lists[s]![n]);
      });
    } else for (const own of from) own.push(...parts.map((_, n) => offset + n));
    offset += parts.length;
  }
  const directions = from[0]!.length;
  const ordered = (rows: Float64Array): Float64Array => {
    const perPath = rows.length / solved.directions / plan.paths;
    const out = new Float64Array(plan.paths * perPath * directions);
    for (let row = 0; row < plan.paths * perPath; row++) {
      const own = from[sampleOfPath(plan.samples!, Math.floor(row / perPath))]!;
      own.forEach((column, d) => {
        if (column !== undefined) out[row * directions + d] = rows[row * solved.directions + column]!;
      });
    }
    return out;
  };
  const { derivatives, horizon } = solved;
  const warnings = [...(solved.warnings ?? []), ...tiedSources(plan, views)];
  return {
    ...solved,
    directions,
    derivatives: ordered(derivatives),
    horizon: horizon && ordered(horizon),
    warnings: warnings.length > 0 ? warnings : undefined,
  };
}
