/** A small classifier of Yin-Yang: five sources, leaky neurons, and three outputs that fire by a current of their own at the latest. */
import { DataSet } from "../../src/data/data-set.js";
import { yinYang } from "../../src/data/yin-yang.js";
import type { Network } from "../../src/network/network.js";
import { withSources } from "./fed.js";

export const wave = (k: number): number => Math.sin(12.9898 * k + 1) * 1.4;

/** Hidden neurons 0 to `hidden` - 1, then outputs. Times in units of 5 ms. */
export function classifier(hidden: number, drawn: (k: number) => number = wave): Network {
  return withSources(
    {
      cell: {
        name: "leaky",
        state: { v: "(I + i - v) / tauM", i: "-i / tauS" },
        event: "v - 1",
        reset: { v: "0" },
        receive: { i: "i + w" },
        parameters: { tauM: 4, tauS: 1 },
        positive: ["tauM", "tauS"],
      },
      neurons: hidden + 3,
      current: Array.from({ length: hidden + 3 }, (_, k) => (k < hidden ? 0 : 1.2)),
      weights: {
        edges: Array.from({ length: 3 * hidden }, (_, e) => [
          Math.floor(e / 3),
          hidden + (e % 3),
          (120 / hidden) * (0.2 + 0.3 * drawn(e + 0.5)),
        ]),
      },
    },
    5,
    Array.from({ length: 5 * hidden }, (_, e) => ({
      source: Math.floor(e / hidden),
      to: e % hidden,
      weight: 1.5 + 1.2 * drawn(e),
    })),
  );
}

export const points = (samples: number, seed: number, jitter = 0): DataSet =>
  new DataSet({
    spikes: yinYang({ samples, seed, from: 0.4, to: 4.4, bias: 2.4 }),
    ...(jitter > 0 ? { jitter, within: [0, 10] } : {}),
  });
