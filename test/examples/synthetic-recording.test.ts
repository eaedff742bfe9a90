/** The recording that ships is what its script writes. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { syntheticRecording } from "../../scripts/synthetic-recording.js";

it("is written by its script", async () => {
  expect(await syntheticRecording()).toBe(readFileSync("examples/data/synthetic-recording.json", "utf8"));
});
