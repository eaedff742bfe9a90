/** Spike times keep the order of the method through resets, crossings and located switches, at a size that shows it. */
import { expect, it } from "vitest";
import { isRandom, orderOf, orderStudies, orders } from "../../bench/orders.js";
import { gifDefinition } from "../../src/cell/gif.js";
import { slifDefinition } from "../../src/cell/slif.js";
import { definitions } from "../../src/cells/library.js";

/** Least orders of times, a little below those of the method: slopes over three or four steps, over so few paths. */
const least = { none: 3.85, additive: 1.4, multiplicative: 0.9 };

it("every cell of the library is studied", () => {
  const studied = new Set(orderStudies.map(({ name }) => name.split(":")[0]!));
  const names = [slifDefinition, gifDefinition, ...definitions].map((d) => d.name);
  expect(names.filter((name) => !studied.has(name))).toEqual([]);
});

it.each(orderStudies)("$name", async (study) => {
  const rows = await orders(study, isRandom(study) ? 60 : 16);
  if (study.noise === "exact") {
    // Rounding, over some 10 units of time; parameters are float32 numbers, and rates of some 10⁻² divide it.
    for (const r of rows) expect(Math.max(r.timeError, r.gradientError)).toBeLessThan(1e-11);
    return;
  }
  const order = orderOf(rows, "timeError");
  // What hits is late by some √dt: no better, and no worse.
  if (study.noise === "crossing") {
    expect(order).toBeGreaterThan(0.3);
    expect(order).toBeLessThan(0.7);
  } else expect(order).toBeGreaterThan(least[study.noise]);
});
