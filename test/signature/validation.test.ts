import { describe, expect, it } from "vitest";
import type { StaticKernel } from "../../src/signature/definitions/static-kernel.js";
import {
  basePoint,
  leadLag,
  liftSpikes,
  signatureBackend,
  signatureGram,
  signatureKernel,
  signatureMMD,
  signatureScore,
  spikeSignatures,
  timeAugment,
  truncatedSignatureGradient,
  truncatedSignatures,
  twoSampleTest,
} from "../../src/signature/index.js";
import type { Spikes } from "../../src/spikes/spikes.js";

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
    ["channels that differ between batches", () => gram(ok, [[[0], [1]]]), /^y: has 1 channel, x has 2/],
    ["transforms of paths of one point", async () => timeAugment([[[0, 0]]]), /^paths\[0\]: has 1 point; a path needs/],
    ["transforms of NaN", async () => leadLag([[[0], [Number.NaN]]]), /^paths\[0\]/],
    ["transforms of no paths", async () => basePoint([]), /^paths: holds no path/],
    ["time that is not finite", async () => timeAugment(ok, 0, Number.POSITIVE_INFINITY), /^t1: /],
    ["channels that differ within one", () => gram([[[0, 0], [1]]], null), /^x\[0\]\[1\]: has 1 channel/],
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
    ...[-1, 0, 1, 2.5, Number.NaN, "3"].map((length): (typeof cases)[number] => [
      `a length of ${length}`,
      () => gram({ points: new Float32Array(12), shape: [2, 3, 2], lengths: [3, length] }, null),
      /^x\.lengths\[1\]: expected a whole number from 2 to 3, got /,
    ]),
    [
      "fewer lengths than paths",
      () => gram({ points: new Float32Array(12), shape: [2, 3, 2], lengths: [3] }, null),
      /^x\.lengths: expected one length per path \(2\), got 1/,
    ],
    [
      "a batch that counts more paths than it holds",
      () => gram({ count: 3, channels: 2, points: new Float64Array(4), offsets: Uint32Array.of(0, 2) }, null),
      /^x\.offsets: expected the first vertex of each of 3 paths and their end, got 2/,
    ],
    [
      "a batch whose vertices go back",
      () => gram({ count: 2, channels: 1, points: new Float64Array(2), offsets: Uint32Array.of(0, 4, 2) }, null),
      /^x\.offsets\[2\]: expected a whole number from 4/,
    ],
    [
      "a batch of fewer points than vertices",
      () => gram({ count: 1, channels: 2, points: new Float64Array(4), offsets: Uint32Array.of(0, 3) }, null),
      /^x\.points: holds 4 numbers; 3 vertices of 2 channels need 6/,
    ],
    [
      "pairs of batches that differ in size",
      () => signatureKernel(backend, ok, [...ok, ...ok]),
      /^y: holds 2 paths, x holds 1; pairs need as many/,
    ],
    [
      "a cotangent of a kernel that is not finite",
      () => signatureKernel(backend, ok, ok, { cotangent: [Number.NaN] }),
      /^cotangent\[0\]: expected a finite number, got NaN/,
    ],
    [
      "a cotangent of a signature that is not finite",
      () => truncatedSignatureGradient(backend, ok, [0, Number.POSITIVE_INFINITY, 0], { depth: 1 }),
      /^cotangent\[1\]: expected a finite number, got Infinity/,
    ],
    [
      "too few cotangents",
      () => truncatedSignatureGradient(backend, ok, [0, 1], { depth: 1 }),
      /^cotangent: holds 2 numbers; 1 signatures of 3 need 3/,
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
    ...(
      [
        ["1 / 0", /^static\.formula: "1 \/ 0" divides by 0/],
        ["log(c)", /^static\.formula: "log\(c\)" is -Infinity at c = 0, of x\[0\]\[0\] and y\[0\]\[0\]/],
        ["max(log(c - 1), 0)", /^static\.formula: .* is NaN at c = 0, of x\[0\]\[0\] and y\[0\]\[0\]/],
        ["exp(1000 * c)", /^static\.formula: .* is Infinity at c = 5, of x\[0\]\[1\] and y\[0\]\[1\]/],
      ] as const
    ).map(([formula, message]): (typeof cases)[number] => [
      `a formula that is not finite: ${formula}`,
      () => signatureKernel(backend, ok, ok, { static: { kind: "formula", formula } }),
      message,
    ]),
    [
      "a formula that is not finite at few points of long paths",
      () => {
        const line = [Array.from({ length: 600 }, (_, i) => [i === 577 ? 2 : 1])];
        return gram(line, null, { static: { kind: "formula", formula: "sqrt(2 - c)" } });
      },
      /^static\.formula: "sqrt\(2 - c\)" is NaN at c = 4, of x\[0\]\[577\] and y\[0\]\[577\]/,
    ],
    [
      "a formula whose slope is not finite, where gradients are wanted",
      () => signatureKernel(backend, ok, ok, { static: { kind: "formula", formula: "sqrt(q)" }, cotangent: [1] }),
      /^static\.formula: "sqrt\(q\)" has the derivative Infinity at q = 0, of x\[0\]\[0\] and y\[0\]\[0\]; gradients need/,
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

  const window = { t0: 0, t1: 1, neurons: 2 };
  for (const [name, take] of [
    ["lifted", (spikes: Spikes[], o = window) => liftSpikes(spikes, o)],
    ["signatures of", (spikes: Spikes[], o = window) => spikeSignatures(spikes, o, { depth: 2 })],
  ] as const) {
    it(`spike trains, ${name}`, () => {
      const of = (times: number[], neurons: number[]) => () => take([{ times, neurons }]);
      expect(of([0.5, 0.4], [0, 0])).toThrow(/^spikes\[0\]\.times\[1\]: 0.4 comes before/);
      expect(of([1.5], [0])).toThrow(/^spikes\[0\]\.times\[0\]: 1.5 does not lie in \[t0, t1\]/);
      expect(of([Number.NaN], [0])).toThrow(/^spikes\[0\]\.times\[0\]: NaN does not lie in \[t0, t1\]/);
      expect(of([0.5], [2])).toThrow(/^spikes\[0\]\.neurons\[0\]: expected a whole number from 0 to 1/);
      expect(of([0.5], [-1])).toThrow(/^spikes\[0\]\.neurons\[0\]: expected a whole number from 0 to 1/);
      expect(of([0.5], [])).toThrow(/has 1 time but 0 neurons/);
      expect(() => take([], { ...window, t1: Number.POSITIVE_INFINITY })).toThrow(/^t1: expected a finite number/);
      expect(() => take([], { ...window, t0: 2 })).toThrow(/^t1: expected a time after t0 = 2, got 1/);
      expect(() => take([], { ...window, neurons: 0 })).toThrow(/^neurons: expected a whole number from 1/);
      expect(() => take(null as never)).toThrow(/^spikes: expected a list of trains, got null/);
    });
  }

  it("signatures of spike trains that fit no memory", () => {
    expect(() => spikeSignatures([], { ...window, neurons: 60 }, { depth: 8 })).not.toThrow();
    const spikes = [{ times: [], neurons: [] }];
    expect(() => spikeSignatures(spikes, { ...window, neurons: 60 }, { depth: 8 })).toThrow(
      /GiB; take a smaller depth/,
    );
  });

  it("kernels, gradients and signatures beyond float64, by the float64 backend", async () => {
    const [long, solver] = [[[[0], [1e100]]], { kind: "truncated", depth: 2 } as const];
    const said = "the signature kernel of x[0] (2 points) and y[0] (2 points) exceeds float64: scale the paths down";
    await expect(signatureKernel(backend, long, long, { solver })).rejects.toThrow(said);
    await expect(gram(long, null, { solver })).rejects.toThrow(said);
    await expect(signatureScore(backend, [...long, ...long], long, { solver })).rejects.toThrow(
      /^the signature kernel of x\[0\] .* exceeds float64/,
    );
    // The value is 1 + 1e300, its gradient another 1e150 times as large.
    const steep = [
      [[0], [1e-150]],
      [[0], [1e300]],
    ].map((path) => [path]);
    const slope = signatureKernel(backend, steep[0]!, steep[1]!, { solver, cotangent: [1e10] });
    await expect(slope).rejects.toThrow("the gradient of a signature kernel exceeds float64: scale the paths down");
    await expect(truncatedSignatures(backend, long, { depth: 4 })).rejects.toThrow(
      "the signature of path 0 exceeds float64: scale the paths down",
    );
  });
});
