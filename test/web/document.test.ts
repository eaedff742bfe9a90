/** A cell whose parameters and variables are taken out one by one in the studio stays one that can be read. */
import { expect, it } from "vitest";
import { inherited } from "../../src/checks.js";
import { defineCell } from "../../src/index.js";
import { removeName } from "../../web/src/model/cell-edits.js";

it("a name that is taken out of a cell leaves nothing behind that names it", () => {
  const cell = {
    name: "two",
    state: { v: "(I - v) / tau", s: "exp(v)" },
    noise: { v: "0.1" },
    event: "s",
    reset: { v: "v - 1", s: "log(u)" },
    receive: { v: "v + w" },
    start: { v: "0.2", s: "log(u)" },
    parameters: { tau: 1, spare: 2 },
    positive: ["tau", "spare"],
    units: { v: "mV", tau: "ms", spare: "ms" },
  };
  removeName(cell, "spare");
  expect(defineCell(cell).positive).toEqual(["tau"]);
  expect(cell.units).toEqual({ v: "mV", tau: "ms" });
  removeName(cell, "v");
  cell.state.s = "1 / tau";
  expect(defineCell(cell).states).toEqual(["s"]);
});

it("names that every object has are told", () => {
  expect(["tau", "v", "", "constructor", "__proto__"].map(inherited)).toEqual([
    undefined,
    undefined,
    undefined,
    '"constructor" is a property of every JavaScript object; choose another name',
    '"__proto__" is a property of every JavaScript object; choose another name',
  ]);
});
