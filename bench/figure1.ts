/**
 * `npm run bench -- figure1 [--seeds 8] [--steps 1500]`: figure 1 over several data seeds, against what sampling theory
 * allows: RMS and mean of c - 1.5 and the test error, each times √n.
 */
import { progressBar } from "../src/cli/output.js";
import { Engine } from "../src/engine.js";
import { figure1Setting, lastMean, runFigure1 } from "../src/experiments/figure1.js";
import { option, writeResult } from "./support.js";

/** What is asked for: bounds on RMS and mean error of the current and on the mean test error, times √n. */
const bounds = { rms: 0.2, mean: 0.1, testMae: 0.25 };

export async function run(args: string[]): Promise<void> {
  const seeds = Number(option(args, "--seeds", "8"));
  const steps = Number(option(args, "--steps", String(figure1Setting.steps)));
  const engine = await Engine.create();
  const rows: Record<string, number | string>[] = [];
  const average = (x: number[]): number => x.reduce((a, b) => a + b, 0) / x.length;
  const bar = progressBar("figure 1", figure1Setting.sigmas.length * figure1Setting.sampleSizes.length * seeds, "runs");
  let ran = 0;
  for (const sigma of figure1Setting.sigmas) {
    for (const sampleSize of figure1Setting.sampleSizes) {
      const errors: number[] = [];
      const maes: number[] = [];
      const seconds: number[] = [];
      for (let seed = 1; seed <= seeds; seed++) {
        bar.update(ran++, `sigma ${sigma}, n ${sampleSize}, seed ${seed} of ${seeds}`);
        const result = await runFigure1(engine, { sampleSize, sigma, seed, steps });
        errors.push(lastMean(result.current) - figure1Setting.trueCurrent);
        maes.push(lastMean(result.testMae));
        seconds.push(result.seconds);
      }
      const root = Math.sqrt(sampleSize);
      const [rms, mean, testMae] = [
        Math.sqrt(average(errors.map((e) => e * e))) * root,
        average(errors) * root,
        average(maes) * root,
      ];
      const held = rms <= bounds.rms && Math.abs(mean) <= bounds.mean && testMae <= bounds.testMae;
      rows.push({
        sigma,
        n: sampleSize,
        "RMS √n (≤ 0.2)": Number(rms.toFixed(3)),
        "mean √n (≤ 0.1)": Number(mean.toFixed(3)),
        "test MAE √n (≤ 0.25)": Number(testMae.toFixed(3)),
        "seconds a run": Number(average(seconds).toFixed(1)),
        bounds: held ? "held" : "exceeded",
      });
    }
  }
  bar.stop();
  console.log(`${engine.adapterName}; ${seeds} seeds, ${steps} steps`);
  console.table(rows);
  writeResult("figure1", { adapter: engine.adapterName, seeds, steps, rows });
  engine.dispose();
}
