/** What the studio says of recordings that are out of the ordinary. */
import { expect, it } from "vitest";
import { readTrials } from "../../src/job/recording.js";
import { newDocument } from "../../web/src/model/experiments.js";
import { Files } from "../../web/src/worker/files.js";
import { observedHints } from "../../web/src/worker/observed-hints.js";
import { observedJob } from "../../web/src/worker/problem.js";

function hints(trials: number[][]): string[] {
  const files = new Files();
  files.read("cell.json", new TextEncoder().encode(JSON.stringify({ I: [0.2], trials })));
  const document = newDocument("recording");
  document.observed = { kind: "recording", name: "cell.json", key: "trials" };
  const span = { t0: 0, t1: 500 };
  return observedHints(document, readTrials(observedJob(document, files)!, files, span), span, files);
}

it("nothing of an ordinary one", () => {
  expect(hints([[10, 50], [30]])).toEqual([]);
  expect(observedHints(newDocument("figure1"), [], { t0: 0, t1: 5 }, new Files())).toEqual([]);
});

it("spikes outside the time, and trials without a spike", () => {
  expect(
    hints([
      [10, 50],
      [-1, 30, 500, 9999],
    ]),
  ).toEqual(["3 of 6 spikes outside the time that is simulated, from 0 to 500 ms: left out."]);
  expect(hints([[], [600], [20]])).toEqual([
    "1 of 2 spikes outside the time that is simulated, from 0 to 500 ms: left out.",
    "2 of 3 trials without a spike from 0 to 500 ms.",
  ]);
});
