/** Which events a hazard sets off, so that a uniform alone decides whether they still come before t1. */
import { expect, it } from "vitest";
import { type CellDefinition, defineCell } from "../../src/cell/cell.js";
import { hazardEvents } from "../../src/cell/crossing-law.js";
import { slif } from "../../src/cell/slif.js";
import { definitions } from "../../src/cells/library.js";

const of = (definition: CellDefinition): string[] => {
  const cell = defineCell(definition);
  const all = cell.channels.map((_, i) => i);
  return hazardEvents(cell, all).map(({ event, start, again }) => `${cell.events[event]!.name} ${start} ${again}`);
};

const hazard: CellDefinition = {
  name: "x",
  state: { v: "I - v", s: "exp(v)" },
  noise: { v: "0.3" },
  event: "s",
  reset: { v: "v - 1", s: "log(u) - alpha" },
  receive: { v: "v + w" },
  start: { s: "log(u) - alpha" },
  parameters: { alpha: 0.1 },
};

it("those of slif and of the library's cells with escape noise or competing hazards", () => {
  expect(hazardEvents(slif, [0, 1])).toEqual([{ event: 0, start: 0, again: 0 }]);
  const found = definitions.flatMap((d) => of(d).map((line) => `${d.name}: ${line}`));
  expect(found).toEqual([
    "hodgkin-huxley-escape: spike 0 0",
    "poisson: spike 0 0",
    "mm1-queue: arrival 0 0",
    "mm1-queue: departure 1 0",
    "birth-death: birth 0 0",
    "birth-death: death 1 0",
  ]);
});

it("those with a refractory period by a mode, and with what the jump adds to", () => {
  const mode = { ...hazard, state: { v: "I - v", r: "-1", s: "r > 0 ? 0 : exp(v)" }, reset: { r: "0.1", s: "log(u)" } };
  expect(of({ ...mode, start: { s: "log(u)" } })).toEqual(["spike 0 0"]);
  expect(of({ ...hazard, reset: { v: "v - 1", s: "s + log(u) - alpha" } })).toEqual(["spike 0 0"]);
  expect(of({ ...hazard, event: "3 * s", reset: { s: "log(u) / 3" }, start: { s: "log(u) / 3" } })).toEqual([
    "spike 0 0",
  ]);
});

it("none where the law is another, or something else hangs on the uniform", () => {
  expect(of(hazard)).toEqual(["spike 0 0"]);
  const others: Partial<CellDefinition>[] = [
    { event: "v - 1", reset: { v: "0" }, start: {} },
    { reset: { v: "v - 1", s: "2 * log(u)" } },
    { reset: { v: "v - u", s: "log(u)" } },
    { state: { v: "I - v + s", s: "exp(v)" } },
    { state: { v: "I - v", s: "v" } },
    { receive: { s: "s + w" } },
    { noise: { s: "0.1" } },
    { start: { s: "-1" } },
  ];
  for (const other of others) expect(of({ ...hazard, ...other }), JSON.stringify(other)).toEqual([]);
});
