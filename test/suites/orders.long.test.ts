/** Spike times keep the order of the method through resets, crossings and located switches, at a size that shows it. */
import { expect, it } from "vitest";
import { orderOf, orderStudies, orders } from "../../bench/orders.js";

/** Least orders of times, a little below those of the method: slopes over three or four steps, over so few paths. */
const least = { none: 3.9, additive: 1.4, multiplicative: 0.9 };

// AdEx is of order 2 (docs/cells.md).
const studies = orderStudies.filter(({ name }) => !name.startsWith("adex"));

it.each(studies)("$name", async (study) => {
  const rows = await orders(study, study.noise === "none" ? 16 : 60);
  expect(orderOf(rows, "timeError")).toBeGreaterThan(least[study.noise]);
});
