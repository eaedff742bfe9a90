import { describe, expect, it } from "vitest";
import {
  liftSpikes,
  signatureBackend,
  signatureGram,
  signatureMMD,
  truncatedSignatures,
  twoSampleTest,
} from "../../src/signature/index.js";
import type { StaticKernel } from "../../src/signature/static-kernel.js";

const backend = signatureBackend(null);
const ok = [
  [
    [0, 0],
    [1, 2],
    [2, 1],
  ],
];

describe("bad input is refused in one line", () => {
  const gram = (x: unknown, y: unknown, options: unknown = {}) =>
    signatureGram(backend, x as never, y as never, options as never);
  const cases: [string, () => Promise<unknown>, RegExp][] = [
    ["channels that differ between batches", () => gram(ok, [[[0], [1]]]), /^y: has 1 channels, x has 2/],
    ["channels that differ within one", () => gram([[[0, 0], [1]]], null), /^x\[0\]\[1\]: has 1 channels/],
    ["a path of one point", () => gram([[[0, 0]]], null), /^x\[0\]: has 1 point; a path needs at least two/],
    ["no path", () => gram([], null), /^x: holds no path/],
    [
      "NaN",
      () =>
        gram(
          [
            [
              [0, 0],
              [1, Number.NaN],
            ],
          ],
          null,
        ),
      /^x\[0\]\[1\]\[1\]: is NaN; every coordinate must be finite/,
    ],
    ["text", () => gram("paths", null), /^x: expected paths/],
    [
      "a coordinate that is no number",
      () =>
        gram(
          [
            [
              [0, 0],
              [1, "2"],
            ],
          ],
          null,
        ),
      /^x\[0\]\[1\]\[1\]: expected a number/,
    ],
    [
      "a shape that does not fit",
      () => gram({ points: new Float32Array(5), shape: [1, 3, 2] }, null),
      /needs 6 numbers/,
    ],
    [
      "a length beyond the shape",
      () => gram({ points: new Float32Array(6), shape: [1, 3, 2], lengths: [4] }, null),
      /^x\.lengths\[0\]: expected a whole number/,
    ],
    [
      "an unknown solver",
      () => gram(ok, null, { solver: { kind: "magic" } }),
      /^solver\.kind: expected one of difference/,
    ],
    [
      "a dyadic order out of range",
      () => gram(ok, null, { solver: { kind: "difference", dyadic: [0, 99] } }),
      /^solver\.dyadic\[1\]/,
    ],
    ["an order out of range", () => gram(ok, null, { solver: { kind: "polynomial", order: 1 } }), /^solver\.order/],
    ["a depth out of range", () => gram(ok, null, { solver: { kind: "truncated", depth: 9 } }), /^solver\.depth/],
    [
      "a sigma of zero",
      () => gram(ok, null, { static: { kind: "rbf", sigma: 0 } }),
      /^static\.sigma: expected a number above 0/,
    ],
    [
      "an unknown static kernel",
      () => gram(ok, null, { static: { kind: "cosine" } }),
      /^static\.kind: expected one of linear/,
    ],
    [
      "a formula with unknown names",
      () => gram(ok, null, { static: { kind: "formula", formula: "exp(-z)" } as StaticKernel }),
      /^static\.formula: unknown name "z"/,
    ],
    ["an unbiased MMD of one path", () => signatureMMD(backend, ok, ok), /^x: holds 1 path; an unbiased statistic/],
    [
      "a depth of signatures out of range",
      () => truncatedSignatures(backend, ok, { depth: 0 }),
      /^depth: expected a whole/,
    ],
    [
      "signatures that fit no memory",
      () => truncatedSignatures(backend, [[Array(60).fill(0), Array(60).fill(1)]], { depth: 8 }),
      /GiB; take a smaller depth/,
    ],
    [
      "a level of 2",
      () => twoSampleTest(backend, [...ok, ...ok], [...ok, ...ok], { level: 2 }),
      /^level: expected a probability/,
    ],
  ];
  for (const [name, run, message] of cases) {
    it(name, async () => {
      await expect(run()).rejects.toThrow(message);
    });
  }

  it("spike trains", () => {
    const lift = (times: number[], neurons: number[]) => () =>
      liftSpikes([{ times, neurons }], { t0: 0, t1: 1, neurons: 2 });
    expect(lift([0.5, 0.4], [0, 0])).toThrow(/^spikes\[0\]\.times\[1\]: 0.4 comes before/);
    expect(lift([1.5], [0])).toThrow(/does not lie in \[t0, t1\]/);
    expect(lift([0.5], [2])).toThrow(/^spikes\[0\]\.neurons\[0\]: expected a whole number from 0 to 1/);
    expect(lift([0.5], [])).toThrow(/has 1 times but 0 neurons/);
  });
});
