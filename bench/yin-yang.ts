/** `npm run bench -- yin-yang`: draws points of Yin-Yang and the spikes of one for docs/data.md. */
import { writeFileSync } from "node:fs";
import { sampleSpikes } from "../src/data/spike-data.js";
import { yinYang, yinYangClasses, yinYangPoints } from "../src/data/yin-yang.js";
import { categories, ruleColor, toSvg } from "../src/figures/draw.js";

const options = { samples: 500, seed: 1 };
const shown = 5;

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
    ],
  });
  writeFileSync("docs/yin-yang.svg", svg);
  console.log("docs/yin-yang.svg");
}
