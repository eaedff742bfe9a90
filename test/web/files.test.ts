/** Files that the studio is given. */
import { expect, it } from "vitest";
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
const document = newDocument("figure1");
const exported = { saltation: "studio", step: 3, parameters: { current: 0.6 }, document, checkpoint };
const read = (object: object) =>
  new Files().read("exported.json", new TextEncoder().encode(JSON.stringify({ ...exported, ...object })));

it("exported parameters are where a run stood", () => {
  expect(read({}).standing).toEqual({ checkpoint, parameters: { current: 0.6 } });
  expect(read({ checkpoint: null }).standing).toBeNull();
});

it.each<[object, RegExp]>([
  [{ checkpoint: { step: 5 } }, /^checkpoint\.version: is missing; expected 2$/],
  [{ checkpoint: "x" }, /^checkpoint: expected an object, got "x"$/],
  [
    { checkpoint: { ...checkpoint, update: { ...checkpoint.update, low: [null] } } },
    /^checkpoint\.update\.low\[0\]: expected a finite number, got null$/,
  ],
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
});

it("trials of which one is no list are refused, naming it", () => {
  const bytes = new TextEncoder().encode(JSON.stringify({ trials: [[1], 2, [3]] }));
  expect(() => new Files().read("cell.json", bytes)).toThrow(
    /^cell\.json: trials\[1\] is 2, beside lists; make it one/,
  );
});
