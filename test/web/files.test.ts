/** Files that the studio is given. */
import { expect, it } from "vitest";
import { checksumOf } from "../../src/files/seal.js";
import { newDocument } from "../../web/src/model/experiments.js";
import { Files } from "../../web/src/worker/files.js";
import { checkCheckpoint, planOf } from "../../web/src/worker/problem.js";

const numbers = { values: [0.6], unconstrained: [0.6], low: [0] };
const checkpoint = {
  version: 2,
  step: 3,
  seed: 1,
  trainable: ["current"],
  update: { step: 3, ...numbers, groups: [{ name: "default", slots: { nu: [0.1], mu: [0], trace: [0.1] } }] },
};
const text = (object: object) => new TextEncoder().encode(JSON.stringify(object));
const document = newDocument("figure1");
const exported = { saltation: "studio", step: 3, parameters: { current: 0.6 }, document, checkpoint };
const read = (object: object) => new Files().read("exported.json", text({ ...exported, ...object }));

it("exported parameters are where a run stood", () => {
  expect(read({}).standing).toEqual({ checkpoint, parameters: { current: 0.6 } });
  expect(read({ checkpoint: null }).standing).toBeNull();
  const checksum = checksumOf({ parameters: exported.parameters, checkpoint });
  expect(read({ checksum, document: { ...document, units: {} } }).standing?.checkpoint).toEqual(checkpoint);
  expect(() => read({ checksum, checkpoint: { ...checkpoint, step: 4 } })).toThrow(
    /^checkpoint: was damaged or edited/,
  );
});

it("jobs are in the units of their experiments, where the unit of time is known", () => {
  const { job, units } = document;
  const opened = (change: object, network: object = {}) =>
    new Files().read(
      "job.json",
      text({ ...job, observed: [[0.3]], ...change, network: { ...job.network, ...network } }),
    ).document!;
  expect(opened({ steps: 7 }).units).toEqual(units);
  expect(opened({}, { parameters: { ...job.network.parameters, sigma1: 0.5 } }).units).toEqual(units);
  expect(opened(newDocument("figure2").job, newDocument("figure2").job.network)).toMatchObject({
    experiment: "figure2",
    units,
  });
  // As fast as no experiment, and a cell of its own.
  expect(opened({}, { parameters: { mu1: 0.1 } }).units).toEqual({});
  const { cell } = newDocument("equations").job.network;
  expect(opened({}, { cell }).units).toEqual({});
  const metrics = { kind: "spike-trains", t0: 0, t1: 5, window: 1, unit: "ms" };
  expect(opened({ metrics }, { parameters: { mu1: 0.1 } }).units).toMatchObject({
    time: "ms",
    mu1: "1/ms",
    tauS: "ms",
  });
  expect(opened({ metrics }, { cell, parameters: {} }).units).toEqual({ time: "ms" });
  expect(opened({}, { cell: "gif", parameters: {} }).units).toEqual({ time: "ms", current: "nA" });
});

it.each<[object, RegExp]>([
  [{ checkpoint: { step: 5 } }, /^checkpoint\.version: is missing; expected 2$/],
  [{ checkpoint: "x" }, /^checkpoint: expected an object, got "x"$/],
  [
    { checkpoint: { ...checkpoint, update: { ...checkpoint.update, low: [null] } } },
    /^checkpoint\.update\.low\[0\]: expected a finite number, got null$/,
  ],
  [{ checksum: "00000000" }, /^checkpoint: was damaged or edited: its checksum does not fit; export it again$/],
  [{ parameters: {} }, /^parameters\.current: expected its trained values, got undefined; export it again$/],
  [{ parameters: { current: "1" } }, /^parameters\.current: expected its trained values, got "1"/],
])("exported parameters are refused where they are broken: %j", (broken, message) => {
  expect(() => read(broken)).toThrow(message);
});

it("a checkpoint of another run is refused before a step is taken", () => {
  const plan = planOf(document, new Files());
  const check = (change: object) => checkCheckpoint(plan, { ...checkpoint, version: 2, ...change });
  expect(() => check({})).not.toThrow();
  expect(() => check({ seed: 7 })).toThrow(/^checkpoint: seed is 7, but the job says 1; it belongs to another run$/);
  const update = { ...checkpoint.update, values: [1, 2] };
  expect(() => check({ update })).toThrow(/^checkpoint: holds 2 trained values, but the run has 1/);
  const edited = { ...checkpoint.update, values: [0.7] };
  expect(() => check({ update: edited })).toThrow(/^checkpoint: gives current as 0\.7, but its coordinate says 0\.6/);
});

it("trials of which one is no list are refused, naming it", () => {
  const bytes = new TextEncoder().encode(JSON.stringify({ trials: [[1], 2, [3]] }));
  expect(() => new Files().read("cell.json", bytes)).toThrow(
    /^cell\.json: trials\[1\] is 2, beside lists; make it one/,
  );
});
