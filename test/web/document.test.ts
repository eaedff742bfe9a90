/** Cells and their documents as the studio changes them: each change leaves a cell that can be read. */
import { expect, it } from "vitest";
import { inherited } from "../../src/checks.js";
import { type CellDefinition, defineCell } from "../../src/index.js";
import {
  addEvent,
  addPort,
  portNames,
  receivedAt,
  removeChannel,
  removeEvent,
  removeName,
  removePort,
  removeSpike,
  renameEvent,
  setAmplitude,
  setEvent,
  setJump,
  setRandom,
  setReceive,
  setShared,
} from "../../web/src/model/cell-edits.js";
import { experiments, ownCell } from "../../web/src/model/document.js";
import { newDocument } from "../../web/src/model/experiments.js";
import { fromHash, toHash } from "../../web/src/model/link.js";
import { cellFacts } from "../../web/src/worker/cell-facts.js";
import { Files } from "../../web/src/worker/files.js";
import { fieldOfDocument, planOf } from "../../web/src/worker/problem.js";
import { readDocument, readKept, readLink } from "../../web/src/worker/read-document.js";

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

const simple = (): CellDefinition => ({
  name: "simple",
  state: { v: "I - v", s: "exp(v)" },
  noise: { v: "0.1" },
  event: "s",
  reset: { v: "v - 1", s: "log(u)" },
  start: { s: "log(u)" },
  parameters: { c: 1 },
});

it("events are added, renamed in their place and removed, beside the short form or in its place", () => {
  const cell = simple();
  addEvent(cell, "floor_");
  addEvent(cell, "end");
  setEvent(cell, "floor_", { when: "-2 - v" });
  setJump(cell, "floor_", "v", "-v");
  setEvent(cell, "end", { when: "v - 3", terminal: true });
  expect(cell.events).toEqual({
    floor_: { when: "-2 - v", jump: { v: "-v" } },
    end: { when: "v - 3", terminal: true },
  });
  expect(defineCell(cell).events.map((e) => e.name)).toEqual(expect.arrayContaining(["spike", "floor_", "end"]));
  renameEvent(cell, "floor_", "bounce");
  expect(Object.keys(cell.events!)).toEqual(["bounce", "end"]);
  setJump(cell, "bounce", "v", " ");
  expect(cell.events!.bounce!.jump).toEqual({});
  removeSpike(cell);
  expect(() => defineCell(cell)).toThrow(/no event is a spike/);
  setEvent(cell, "bounce", { emits: true });
  expect(defineCell(cell).definition.reset).toBeUndefined();
  removeEvent(cell, "bounce");
  removeEvent(cell, "end");
  expect(cell.events).toBeUndefined();
  // The first is a spike, or nothing would be recorded.
  addEvent(cell, "first");
  expect(cell.events).toEqual({ first: { when: "-1", emits: true } });
});

it("a state's own noise becomes a channel beside others, and channels go with their last amplitude", () => {
  const cell = simple();
  setAmplitude(cell, "common", "v", "0.2");
  expect(cell.noise).toEqual({ v: { v: "0.1", common: "0.2" } });
  setAmplitude(cell, "common", "s", "0");
  setShared(cell, "common", true);
  expect(defineCell(cell).channels.map((c) => [c.name, c.shared])).toEqual([
    ["v", false],
    ["common", true],
  ]);
  setAmplitude(cell, "common", "v", "");
  expect(cell.noise).toEqual({ v: { v: "0.1" }, s: { common: "0" } });
  // The last one is being written.
  setAmplitude(cell, "common", "s", "");
  expect(cell.noise!.s).toEqual({ common: "" });
  removeChannel(cell, "common");
  expect([cell.noise, cell.shared]).toEqual([{ v: { v: "0.1" } }, undefined]);
  setAmplitude(cell, "common", "s", "0.1");
  setShared(cell, "common", true);
  removeName(cell, "s");
  expect([cell.noise, cell.shared]).toEqual([{ v: { v: "0.1" } }, undefined]);
});

it("what a target becomes is an equation or a field, and random numbers have kinds", () => {
  const cell = simple();
  setReceive(cell, "v", "v + w", false);
  setReceive(cell, "v", "w * (2 - v)", true);
  setRandom(cell, "z", "normal");
  cell.reset!.v = "v - 1 + 0.1 * z";
  expect([cell.receive, cell.random]).toEqual([{ v: { marcus: "w * (2 - v)" } }, { u: "uniform", z: "normal" }]);
  expect(cellFacts(defineCell(cell)).equations).toContainEqual({ of: "receive", name: "v", text: "along w * (2 - v)" });
  setReceive(cell, "v", "", true);
  setRandom(cell, "z", undefined);
  expect([cell.receive, cell.random]).toEqual([{}, { u: "uniform" }]);
});

it("ports are added, written and taken out, and the first one with a name takes what was said before", () => {
  const cell = { ...simple(), state: { v: "(I + g - v) / 2", g: "-g", s: "exp(v)" } };
  const ports = (): readonly string[] => defineCell(cell).ports;
  setReceive(cell, "g", "g + w", false);
  expect([portNames(cell), ports()]).toEqual([[], ["receive"]]);
  addPort(cell, "exc");
  expect([receivedAt(cell, "g", "exc"), ports()]).toEqual(["g + w", ["exc"]]);
  addPort(cell, "inh");
  setReceive(cell, "g", "g - w", false, "inh");
  setReceive(cell, "v", "w * (2 - v)", true, "inh");
  expect(cell.receive).toEqual({ exc: { g: "g + w" }, inh: { g: "g - w", v: { marcus: "w * (2 - v)" } } });
  expect([portNames(cell), ports()]).toEqual([
    ["exc", "inh"],
    ["exc", "inh"],
  ]);
  // Fields of several states are written one by one once one of them is changed.
  Object.assign(cell, { receive: { exc: { g: "g + w" }, both: { marcus: { v: "w", g: "-w" } } } });
  setReceive(cell, "v", "2 * w", true, "both");
  expect(cell.receive).toEqual({ exc: { g: "g + w" }, both: { v: { marcus: "2 * w" }, g: { marcus: "-w" } } });
  expect(ports()).toEqual(["exc", "both"]);
  removePort(cell, "exc");
  cell.state = { ...cell.state, v: "(I - v) / 2" };
  removeName(cell, "g");
  expect(cell.receive).toEqual({ both: { v: { marcus: "2 * w" } } });
  expect(ports()).toEqual(["both"]);
});

it("documents of every cell come back from links and storage, and are checked as jobs are", async () => {
  for (const name of experiments) {
    const document = newDocument(name);
    const cell = ownCell(document);
    if (cell && name === "equations") {
      addEvent(cell, "end");
      setEvent(cell, "end", { when: "a - 30", jump: { s: "-1" }, terminal: true });
      setReceive(cell, "a", "w * a", true);
      setRandom(cell, "z", "normal");
      setAmplitude(cell, "common", "a", "0");
      setShared(cell, "common", true);
      cell.calculus = "ito";
    }
    expect(readLink((await fromHash(await toHash(JSON.stringify(document))))!)).toEqual(document);
    const kept = { version: 1, document, standing: null, curves: null, edited: true, link: null };
    expect(readKept(structuredClone(kept)).document).toEqual(document);
    if (document.observed.kind === "simulated")
      expect(planOf(readDocument(document), new Files()).network).toBeDefined();
  }
  const wrong = newDocument("refractory");
  (ownCell(wrong)!.events!.firing as { emits: unknown }).emits = "yes";
  let field = "";
  try {
    readDocument(wrong);
  } catch (error) {
    field = (error as { field: string }).field;
  }
  expect(fieldOfDocument(field)).toBe("cell.events.firing.emits");
});

it("conditions that are located are said in the words of equations, and hidden states are not shown", () => {
  const facts = (v: string) => {
    const cell = { name: "a", state: { v }, event: "v - 9", reset: { v: "0" }, parameters: { a: 2, c: 1 } };
    return cellFacts(defineCell(cell));
  };
  const where = (v: string) => facts(v).located.map((l) => l.where);
  expect(where("v < c && t > 2 ? 1 : a")).toEqual(["t = 2"]);
  expect(facts("t > 2 ? 1 : a").states).toEqual(["v"]);
  expect(where("v * v - 1 < c / (2 * c) ? -1 : 1")).toEqual(["v * v - 1 = c / (2 * c)"]);
  expect(where("v - c * (c - a) < 1 ? 1 : 2")).toEqual(["v - c * (c - a) = 1"]);
  expect(where("max(v, c)")).toEqual([]);
  expect(cellFacts(defineCell(ownCell(newDocument("refractory"))!)).located).toEqual([
    { name: "condition 0", where: "t - last = tRef" },
  ]);
});
