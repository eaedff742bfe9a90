/** Errors name the input that is at fault: their field is the path with which the message begins. */
import { describe, expect, it } from "vitest";
import { fail, type Names } from "../../src/checks.js";
import { movedTo, SaltationError } from "../../src/errors.js";
import { defineCell, Engine, type SaltationError as Public, rmsprop, truncatedSignatures } from "../../src/index.js";
import { checkJob } from "../../src/job/check-job.js";
import { simulateSchema } from "../../src/job/job.js";
import { updateOptionsOf } from "../../src/job/update-job.js";
import { firesTooOften } from "../../src/plan/endless.js";
import { twinBackend } from "../../src/signature/host/backend.js";

/** What is thrown, or what a promise is rejected with. */
async function thrown(act: () => unknown): Promise<Public> {
  try {
    await act();
  } catch (error) {
    if (error instanceof SaltationError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

const time = { t1: 1, dt: 0.1 };
const cell = { name: "c", state: { v: "1 +" }, event: "v", parameters: {} };
const backend = twinBackend();

describe("the field of an error", () => {
  it.each<[string, () => unknown, string, string]>([
    ["a check", () => fail("a.b", "is wrong"), "a.b", "invalid-input"],
    ["a limit", () => fail("depth", "is too large", "limit"), "depth", "limit"],
    ["an equation", () => defineCell(cell), "cell.state.v", "invalid-input"],
    ["a job that is none", () => checkJob(simulateSchema, 3), "job", "invalid-input"],
    ["a missing field of a job", () => checkJob(simulateSchema, { time, paths: 1 }), "network", "invalid-input"],
    [
      "a wrong field of a job",
      () => checkJob(simulateSchema, { network: {}, time, paths: "1" }),
      "paths",
      "invalid-input",
    ],
    [
      "an unknown field of a job",
      () => checkJob(simulateSchema, { network: {}, time, paths: 1, netwrk: {} }),
      "netwrk",
      "invalid-input",
    ],
    [
      "signatures too large",
      () => truncatedSignatures(backend, [[Array(60).fill(0), Array(60).fill(1)]], { depth: 8 }),
      "depth",
      "limit",
    ],
    ["neurons that fire without end", () => Promise.reject(firesTooOften(1, 2, "why")), "network", "invalid-input"],
    ["a cell without hazard", noHazard, "loss", "invalid-input"],
    ["an optimiser", () => rmsprop({ learningRate: -1 }), "optimiser.learningRate", "invalid-input"],
    ["an optimiser of a group", groupAtFault, "optimiser.groups.slow.learningRate", "invalid-input"],
  ])("%s", async (_, act, field, code) => {
    const error = await thrown(act);
    expect(error).toMatchObject({ field, code });
    expect(error.message.startsWith(`${field}: `)).toBe(true);
  });

  it("is absent where no one input is at fault", async () => {
    const engine = await Engine.create({ backend: "cpu" });
    engine.dispose();
    expect(Object.keys(await thrown(() => engine.network({})))).not.toContain("field");
  });

  it("moves with the error", () => {
    const error = new SaltationError("limit", "optimiser.decay: is 2", { field: "optimiser.decay" });
    const moved = { code: "limit", field: "trainable[0].decay", message: "trainable[0].decay: is 2" };
    expect(movedTo("trainable[0]", "optimiser", error)).toMatchObject(moved);
    expect(movedTo("trainable[0]", "network", error)).toBe(error);
    const other = new RangeError("no");
    expect(movedTo("trainable[0]", "optimiser", other)).toBe(other);
  });
});

async function noHazard(): Promise<void> {
  const { checkHazard } = await import("../../src/cell/hazard.js");
  checkHazard(defineCell({ name: "c", state: { v: "1" }, event: "v - 1", reset: { v: "0" }, parameters: {} }), []);
}

const groupAtFault = () =>
  updateOptionsOf(
    { kind: "sgd", learningRate: 0.1, groups: { slow: { learningRate: -1 } } } as never,
    [{ name: "current", group: "slow" }] as never,
  );

describe("names of options", () => {
  it("are all, no others, and of the right kind, or do not compile", () => {
    interface Options {
      size: number;
      exact?: boolean;
      progress?: (done: number) => void;
    }
    const right: Names<Options> = { size: true, exact: "boolean", progress: "function" };
    // @ts-expect-error exact is missing
    const missing: Names<Options> = { size: true, progress: "function" };
    // @ts-expect-error no such option
    const unknown: Names<Options> = { ...right, sise: true };
    // @ts-expect-error progress is a function
    const kind: Names<Options> = { size: true, exact: "boolean", progress: true };
    expect([missing, unknown, kind]).toHaveLength(3);
  });
});
