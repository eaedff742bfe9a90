/** Standard errors of losses by signatures, over many seeds. */
import { describe, it } from "vitest";
import { expectSpread, losses } from "./batch-losses.js";

describe("standard errors from batches are how value and gradient spread over seeds", () => {
  it.each(["expected signature", "signature MMD"] as const)("%s", async (name) => {
    await expectSpread(losses[name]);
  });
});
