/** Work on experiments: kept in storage that may be full, forbidden or forged, and what Undo goes back to. */
import { expect, it } from "vitest";
import { newDocument } from "../../web/src/model/experiments.js";
import { Keep, type LastMoment, type Store } from "../../web/src/model/keep.js";
import { asKept, inWords, markOf, type OpenWork, Undo, worthKeeping } from "../../web/src/model/work.js";
import { readKept } from "../../web/src/worker/read-document.js";

const numbers = { values: [0.6], unconstrained: [0.6], low: [0] };
const checkpoint = {
  version: 2 as const,
  step: 3,
  seed: 1,
  trainable: ["current"],
  update: { step: 3, ...numbers, groups: [{ name: "default", slots: { nu: [0.1], mu: [0], trace: [0.1] } }] },
};
const work = (change: Partial<OpenWork> = {}): OpenWork => ({
  document: newDocument("figure1"),
  standing: { checkpoint, parameters: { current: 0.6 } },
  curves: {
    entries: [{ parameter: "current", index: -1, truth: 1.5, start: 0.5 }],
    steps: [0, 1, 2],
    loss: [3, 2, 1],
    values: [[0.5, 0.55, 0.6]],
  },
  edited: true,
  link: null,
  ...change,
});

function storage(limit = Number.POSITIVE_INFINITY) {
  const kept = new Map<string, string>();
  const troubles: string[] = [];
  const store: Store = {
    get: async (key) => (kept.has(key) ? JSON.parse(kept.get(key)!) : undefined),
    async set(key, value) {
      const text = JSON.stringify(value);
      if (text.length > limit) throw new Error("quota exceeded");
      kept.set(key, text);
    },
    del: async (key) => void kept.delete(key),
    clear: async () => kept.clear(),
  };
  let last: string | null = null;
  const haste: LastMoment = {
    read: () => last,
    write: (text) => {
      last = text;
    },
  };
  return { keep: new Keep(store, haste, (why) => troubles.push(why)), kept, troubles };
}

it("work comes back as it was, with its run and its curves", async () => {
  const { keep, troubles } = storage();
  await keep.write("figure1", work());
  expect(readKept(await keep.raw("figure1"))).toEqual({ version: 1, ...work() });
  expect(await keep.last(["figure1", "figure2"])).toBe("figure1");
  expect(await keep.last(["figure2"])).toBeUndefined();
  expect(inWords(work())).toBe("changed, 3 of 1500 steps");
  expect(troubles).toEqual([]);
});

it("of work in which there is nothing, nothing is kept", async () => {
  const { keep } = storage();
  await keep.write("figure1", work());
  const nothing = work({ standing: null, edited: false });
  expect(worthKeeping(nothing)).toBe(false);
  await keep.write("figure1", nothing);
  expect(await keep.raw("figure1")).toBeUndefined();
});

it("storage that is forbidden breaks nothing, and is told once", async () => {
  const forbidden = (): Promise<never> => Promise.reject(new Error("The operation is insecure."));
  const troubles: string[] = [];
  const keep = new Keep(
    { get: forbidden, set: forbidden, del: forbidden, clear: forbidden },
    {
      read() {
        throw new Error("insecure");
      },
      write() {
        throw new Error("insecure");
      },
    },
    (why) => troubles.push(why),
  );
  expect(await keep.last(["figure1"])).toBeUndefined();
  expect(await keep.raw("figure1")).toBeUndefined();
  expect(await keep.recording()).toBeUndefined();
  await keep.write("figure1", work());
  await keep.writeRecording({ name: "cell.json", bytes: new Uint8Array(3) });
  keep.writeInHaste("figure1", [work()]);
  expect(keep.takeHasty()).toEqual({ shown: undefined, works: [] });
  expect(await keep.forget()).toBe(false);
  expect(keep.works).toBe(false);
  expect(troubles).toEqual(["The operation is insecure."]);
});

it("where storage is nearly full the curves are left out, before anything else is", async () => {
  const bare = JSON.stringify(asKept(work({ curves: null }))).length;
  const { keep, troubles } = storage(bare + 10);
  await keep.write("figure1", work());
  expect(readKept(await keep.raw("figure1"))).toEqual({ version: 1, ...work({ curves: null }) });
  expect(troubles).toEqual([]);
  const full = storage(10);
  await full.keep.write("figure1", work());
  expect(full.troubles).toEqual(["quota exceeded"]);
});

it("what is not kept yet when the page goes is written at once, and taken once", () => {
  const { keep } = storage();
  keep.writeInHaste("figure2", [work(), work({ standing: null, edited: false })]);
  const { shown, works } = keep.takeHasty();
  expect([shown, works.map(readKept)]).toEqual(["figure2", [{ version: 1, ...work() }]]);
  expect(keep.takeHasty()).toEqual({ shown: undefined, works: [] });
});

it("curves of too many numbers are not kept", () => {
  const long = new Array(100_001).fill(1);
  const curves = { entries: work().curves!.entries, steps: long, loss: long, values: [long] };
  expect(asKept(work({ curves })).curves).toBeNull();
});

it.each<[string, unknown, RegExp]>([
  ["nothing of the kind", "text", /expected a JSON object, got "text"/],
  ["another version", { ...asKept(work()), version: 2 }, /^version: expected 1, got 2/],
  ["a forged document", { ...asKept(work()), document: { version: 1 } }, /^experiment: is missing|^observed|^job/],
  [
    "a forged checkpoint",
    { ...asKept(work()), standing: { checkpoint: { ...checkpoint, step: -1 }, parameters: {} } },
    /^checkpoint\.step/,
  ],
  ["more than is known", { ...asKept(work()), script: "alert(1)" }, /script/],
])("kept work that is %s is refused", (_, forged, message) => {
  expect(() => readKept(forged)).toThrow(message);
});

it("curves that do not fit together are left out", () => {
  const curves = { ...work().curves!, loss: [1] };
  expect(readKept({ ...asKept(work()), curves })).toMatchObject({ curves: null, edited: true });
});

it("a mark tells links apart", () => {
  const hashes = ["#job=AAAA", "#job=AAAB", "#job=AABA", "#job=AAAAA", ""];
  expect(new Set(hashes.map(markOf)).size).toBe(hashes.length);
  expect(markOf("#job=AAAA")).toBe(markOf("#job=AAAA"));
});

it("Undo goes back and forth, and a change ends what could be redone", () => {
  const undo = new Undo<string>(3);
  expect([undo.canUndo, undo.canRedo, undo.undo("a")]).toEqual([false, false, undefined]);
  undo.leave("a");
  undo.leave("b");
  expect(undo.undo("c")).toBe("b");
  expect(undo.undo("b")).toBe("a");
  expect(undo.redo("a")).toBe("b");
  undo.leave("b");
  expect([undo.canUndo, undo.canRedo]).toEqual([true, false]);
  for (const state of ["d", "e", "f"]) undo.leave(state);
  expect([undo.undo("g"), undo.undo("f"), undo.undo("e"), undo.undo("d")]).toEqual(["f", "e", "d", undefined]);
});
