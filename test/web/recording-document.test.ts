/** What the studio makes of a recording, and which recordings a document takes. */
import { expect, it } from "vitest";
import { writeNpz } from "../../src/files/npz.js";
import { newDocument } from "../../web/src/model/experiments.js";
import { recordingDocument, withRecording } from "../../web/src/model/recording-document.js";
import { Files } from "../../web/src/worker/files.js";
import { planOf } from "../../web/src/worker/problem.js";

const bytes = (object: object) => new TextEncoder().encode(JSON.stringify(object));
const cell = bytes({ dt: 0.5, current: Array(40).fill(0.2), spikes: [[3, 11.2], [7]] });

it("lists and times of a recording are guessed by their names", () => {
  const files = new Files();
  const document = recordingDocument(files.read("cell.json", cell).recording!);
  expect(document.observed).toEqual({ kind: "recording", name: "cell.json", key: "spikes" });
  expect(document.job.time).toEqual({ t1: 20, dt: 0.5 });
  expect(planOf(document, files).plan.steps).toBe(40);
  const { recording } = files.read("trials.json", bytes({ dt: 0.5, spikes: [[3, 11.2], [7]] }));
  expect(recordingDocument(recording!).job.time).toEqual({ t1: 11.5, dt: 0.5 });
});

it("counts of spikes beside trains are no current, and trains last to their last spike", () => {
  const files = new Files();
  const shape = [2, 2];
  const { recording } = files.read(
    "trains.npz",
    writeNpz({
      spike_times: { data: Float64Array.of(1.5, 6.25, 3, 7), shape },
      spike_neurons: { data: Int32Array.of(0, 0, 0, -1), shape },
      spike_counts: { data: Uint32Array.of(2, 1), shape: [2] },
    }),
  );
  const document = recordingDocument(recording!);
  expect(document.observed).toEqual({ kind: "recording", name: "trains.npz" });
  expect(document.job.input).toEqual({ current: 0 });
  expect(document.job.time).toEqual({ t1: 7, dt: 1 });
  expect(() => planOf(document, files)).not.toThrow();
});

it("a document takes the recording that it names, or any with its list where it names none, and no other", () => {
  const files = new Files();
  const { recording } = files.read("a.json", cell);
  const document = recordingDocument(recording!);
  expect(withRecording(document, recording!)).toEqual(document);
  const anyOne = { ...document, observed: { ...document.observed, name: "" } };
  expect(withRecording(anyOne, recording!)).toEqual(document);
  expect(withRecording(newDocument("recording"), recording!)).toBeUndefined();
  expect(withRecording(newDocument("figure1"), recording!)).toBeUndefined();
  const other = files.read("b.json", cell).recording!;
  expect(withRecording(document, other)).toBeUndefined();
  expect(() => planOf(document, files)).toThrow(/^observed: needs the recording a\.json; drop its file on the page$/);
  expect(() => planOf(anyOne, files)).toThrow(/^observed: needs a recording; drop its file on the page$/);
});

it("a job whose recording is to be given waits for any", () => {
  const { job } = newDocument("recording");
  const given = { ...job, observed: { file: "@recording", key: "spikes" } };
  const { document } = new Files().read("job.json", bytes(given));
  expect(document!.observed).toEqual({ kind: "recording", name: "", key: "spikes" });
});
