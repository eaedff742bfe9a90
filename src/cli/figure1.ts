import { join } from "node:path";
import { fail } from "../checks.js";
import { Engine } from "../engine.js";
import { type Figure1Run, figure1Setting, lastMean, runFigure1 } from "../experiments/figure1.js";
import { canDraw } from "./can-draw.js";
import { engineOptions, wholeOption } from "./options.js";
import { type CommonOptions, print, printJson, progressBar } from "./output.js";
import { checkOutputs, writeOutput } from "./output-files.js";
import { newTable } from "./table.js";

export interface Figure1CommandOptions extends CommonOptions {
  /** A folder; "out" where none is named. */
  out?: string;
  /** Numbers as they were typed. */
  steps: string;
  seed: string;
}

/** `saltation figure1`: the first experiment of Holberg & Salvi (2024), with its figure. */
export async function figure1Command(options: Figure1CommandOptions): Promise<void> {
  const steps = wholeOption("--steps", options.steps, 1, 2 ** 31);
  const seed = wholeOption("--seed", options.seed, 0, 2 ** 32 - 1);
  if (options.out?.trim() === "") fail("--out", "is empty; name a folder");
  const file = canDraw(options.out && "--out") ? join(options.out ?? "out", "figure1.svg") : undefined;
  checkOutputs({ "--out": file }, []);
  const engine = await Engine.create(engineOptions(options));
  try {
    if (!options.json) {
      print(
        "One stochastic spiking neuron: its input current is recovered from the first three spike times of n trains",
      );
      print(
        `(Holberg & Salvi 2024, figure 1). True current ${figure1Setting.trueCurrent}, ${steps} steps each, on ${engine.adapterName}.`,
      );
    }
    const cases = figure1Setting.sigmas.flatMap((sigma) =>
      figure1Setting.sampleSizes.map((sampleSize) => ({ sigma, sampleSize })),
    );
    const bar = progressBar("figure 1", cases.length * steps, "steps");
    const runs: Figure1Run[] = [];
    try {
      for (const [c, setting] of cases.entries()) {
        const note = `| n = ${setting.sampleSize}, sigma = ${setting.sigma}`;
        runs.push(
          await runFigure1(engine, {
            ...setting,
            seed,
            steps,
            onStep: (step) => bar.update(c * steps + step + 1, note),
          }),
        );
      }
    } finally {
      bar.stop();
    }
    const rows = runs.map((r) => ({
      sigma: r.sigma,
      sampleSize: r.sampleSize,
      current: lastMean(r.current),
      testMae: lastMean(r.testMae),
      seconds: r.seconds,
    }));
    let written = false;
    if (file) {
      const { figure1Svg } = await import("../figures/figure1.js");
      written = writeOutput("--out", file, await figure1Svg(runs, { trueCurrent: figure1Setting.trueCurrent }));
    }
    if (options.json) {
      printJson({ adapter: engine.adapterName, runs: rows, ...(written ? { figure: file } : {}) });
      return;
    }
    const table = newTable(["sigma", "n", "current (true 1.5)", "test MAE", "seconds"]);
    for (const r of rows) {
      table.push([r.sigma, r.sampleSize, r.current.toFixed(4), r.testMae.toFixed(4), r.seconds.toFixed(1)]);
    }
    print(table.toString());
    print("current and test MAE are means over the last 200 steps");
    if (written) print(`figure in ${file}`);
  } finally {
    engine.dispose();
  }
}
