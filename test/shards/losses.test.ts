/** Losses of all paths together in shards, of which the long test takes all there are. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { losses } from "./losses.js";
import { inShards, printed, sourceOf, whole } from "./support.js";

const names = {
  cpu: ["matched signatures", "a count, by a mix", "a time, by what samples have", "a log-likelihood, by trials"],
  simd: ["the van Rossum distance", "a sum"],
} as const;

describe.each(["cpu", "simd"] as const)("shards on %s", (backend) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.create({ backend });
  });
  afterAll(() => engine.dispose());

  it.each(names[backend])("gradient of %s: the bits of one run", async (name) => {
    const source = sourceOf(losses[name]);
    expect(printed(await inShards(engine, source, 2))).toBe(printed(await whole(engine, source)));
  });
});
