/** Links that hold an experiment. */
import { expect, it } from "vitest";
import { fromHash, toHash } from "../../web/src/model/link.js";

it("a text comes back", async () => {
  const text = JSON.stringify({ current: 1.5, name: "μ" });
  expect(await fromHash(await toHash(text))).toBe(text);
});

it("no link is made that would not open: too long a text, or one that does not pack", async () => {
  await expect(toHash(" ".repeat(4_000_001))).rejects.toThrow(
    /^The experiment has 4\.0 million characters; .*Job \(JSON\)/,
  );
  // Digits without order pack to under half of themselves, then grow by a third in base64.
  let state = 1;
  const digits = Array.from({ length: 3_000_000 }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * 10);
  }).join("");
  await expect(toHash(digits)).rejects.toThrow(/^The link would have 1\.\d million characters; /);
});
