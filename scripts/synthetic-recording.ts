/**
 * Writes examples/data/synthetic-recording.json: spikes of a cell whose parameters are known, driven by a noisy current.
 * The float64 twin draws them, and times are rounded to 0.01 ms, so that every machine writes the same file.
 * `node dist/scripts/synthetic-recording.js`, in the project's folder.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { normalPair } from "../src/driver/normal.js";
import { threefry2x32 } from "../src/driver/threefry.js";
import { Engine } from "../src/index.js";
import { pathsOf } from "../src/spikes/table.js";

/** Parameters of the built-in cell `gif` in ms, mV and mV/nA; those that are not named have their defaults. */
const parameters = { tau: 12, gain: 60, vTh: 8, vReset: -2, jEta: 3, tauEta: 60, jGamma: 0, k: 0 };
const milliseconds = 6000;
const trials = 20;

/** An Ornstein-Uhlenbeck process in whole pA, a sample a millisecond. */
function noisyCurrent(mean: number, deviation: number, correlationTime: number): number[] {
  const keep = Math.exp(-1 / correlationTime);
  const fresh = deviation * Math.sqrt(1 - keep * keep);
  const pair = new Float64Array(2);
  let noise = 0;
  return Array.from({ length: milliseconds }, (_, n) => {
    normalPair(...threefry2x32(1, 0, n, 0), pair);
    noise = keep * noise + fresh * pair[0]!;
    return Math.round(mean + noise);
  });
}

export async function syntheticRecording(): Promise<string> {
  const current = noisyCurrent(150, 120, 8);
  const engine = await Engine.create({ backend: "cpu" });
  const network = engine.network({
    cell: "gif",
    parameters,
    current: { dt: 1, samples: current.map((pA) => pA / 1000) },
  });
  const spikes = await network.simulate({ paths: trials, t1: milliseconds, dt: 0.5, seed: 1 });
  const table = await spikes.read();
  engine.dispose();
  const lists = pathsOf(table).map(({ times }) => Array.from(times, (t) => Number(t.toFixed(2))));
  const description =
    "Not a recorded cell: the cell gif of Saltation with the parameters below (the others are its defaults), driven " +
    `${trials} times by the same noisy current and firing at random. Written by scripts/synthetic-recording.ts.`;
  const fields: [string, unknown][] = [
    ["description", description],
    ["true_parameters", parameters],
    [
      "units",
      {
        tau: "ms",
        gain: "mV/nA",
        vTh: "mV",
        vReset: "mV",
        jEta: "mV",
        tauEta: "ms",
        jGamma: "mV",
        tauGamma: "ms",
        k: "1",
      },
    ],
    ["dt_ms", 1],
    ["duration_ms", milliseconds],
    ["current_pA", current],
    ["trials_spike_times_ms", lists],
  ];
  const lines = fields.map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  return `{\n${lines.join(",\n")}\n}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync("examples/data/synthetic-recording.json", await syntheticRecording());
}
