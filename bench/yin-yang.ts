/**
 * `npm run bench -- yin-yang`: draws points of Yin-Yang, the spikes of one, and how networks in noise learn them, of which
 * bench/results/yin-yang.json is on record, for docs/data.md.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { sampleSpikes } from "../src/data/spike-data.js";
import { yinYang, yinYangClasses, yinYangPoints } from "../src/data/yin-yang.js";
import { categories, ruleColor, toSvg } from "../src/figures/draw.js";

const options = { samples: 500, seed: 1 };
const shown = 5;

interface Recorded {
  readonly runs: readonly {
    readonly seeds: { readonly job: number };
    readonly history: readonly { readonly epoch: number; readonly accuracy?: number }[];
  }[];
}

/** Accuracy on samples that no step saw, by epoch, of each start. */
function learnt(): { start: string; epoch: number; error: number }[] {
  const { runs } = JSON.parse(readFileSync("bench/results/yin-yang.json", "utf8")) as Recorded;
  return runs.flatMap(({ history }, n) =>
    history.flatMap(({ epoch, accuracy }) =>
      accuracy === undefined ? [] : [{ start: String(n + 1), epoch, error: Number((100 * (1 - accuracy)).toFixed(2)) }],
    ),
  );
}

export async function run(): Promise<void> {
  const { values, labels, count } = yinYangPoints(options);
  const points = Array.from({ length: count }, (_, s) => ({
    // To a thousandth of the square: a pixel is a three-hundredth.
    x: Number(values[2 * s]!.toFixed(3)),
    y: Number(values[2 * s + 1]!.toFixed(3)),
    class: yinYangClasses[labels[s] as 0 | 1 | 2],
  }));
  const names = ["x", "y", "1 − x", "1 − y", "bias"];
  const { times, sources } = sampleSpikes(yinYang(options), shown);
  const spikes = Array.from(times, (time, n) => ({ time, source: names[sources[n]!]! }));
  const place = (field: string): object => ({ field, type: "quantitative", scale: { domain: [0, 1] } });
  const at = { x: place("x"), y: place("y") };
  const svg = await toSvg({
    spacing: 40,
    hconcat: [
      {
        title: `${count} points of Yin-Yang`,
        width: 300,
        height: 300,
        layer: [
          {
            data: { values: points },
            mark: { type: "circle", size: 14, opacity: 0.8 },
            encoding: {
              ...at,
              color: {
                field: "class",
                type: "nominal",
                scale: { domain: yinYangClasses, range: categories.slice(0, 3) },
                legend: { orient: "bottom", title: null },
              },
            },
          },
          {
            data: { values: [points[shown]!] },
            mark: { type: "point", size: 160, color: ruleColor, strokeWidth: 2.5, opacity: 1 },
            encoding: at,
          },
        ],
      },
      {
        title: `Spikes of the marked point (${points[shown]!.class})`,
        width: 300,
        height: 300,
        data: { values: spikes },
        mark: { type: "tick", thickness: 2.5, size: 36, color: categories[6]!, opacity: 1 },
        encoding: {
          x: {
            field: "time",
            type: "quantitative",
            title: "time (τ of the synapse)",
            scale: { domain: [0, 2.2], nice: false },
          },
          y: { field: "source", type: "ordinal", title: "source", scale: { domain: names } },
        },
      },
      {
        title: "Networks in noise learn it",
        width: 300,
        height: 300,
        data: { values: learnt() },
        mark: { type: "line", point: { size: 18 } },
        encoding: {
          x: { field: "epoch", type: "quantitative", title: "epoch", scale: { nice: false } },
          y: { field: "error", type: "quantitative", title: "test error (%)", scale: { type: "log", nice: false } },
          color: { field: "start", type: "nominal", title: "start", scale: { range: categories.slice(3, 6) } },
        },
      },
    ],
  });
  writeFileSync("docs/yin-yang.svg", svg);
  console.log("docs/yin-yang.svg");
}
