/** The loss by training step. */
import { readable } from "../../model/units.js";
import { Chart } from "../../plots/chart.js";
import { history, step, totalSteps } from "../state/signals.js";
import { noData, thinned } from "./curve.js";
import { Figure } from "./figure.js";

export function LossFigure() {
  const { data } = history.value;
  const at = thinned(data.loss.length);
  const log = data.loss.every((v) => v > 0);
  const last = data.loss.at(-1);
  const empty = last === undefined;
  return (
    <Figure name="loss" title="Loss" aside={empty && <span class="key-item">no step yet</span>}>
      <Chart
        name="loss"
        height={190}
        spec={{
          title: "Loss by training step",
          x: "training step",
          wholeX: true,
          y: "loss",
          log: log && !empty,
          ...(empty ? { plainY: true, xRange: [0, Math.max(1, totalSteps.value)] } : {}),
          series: [{ label: "loss", color: "generated" }],
        }}
        data={
          empty
            ? noData(0, Math.max(1, totalSteps.value))
            : [at.map((n) => data.steps[n]! + 1), at.map((n) => data.loss[n]!)]
        }
        summary={
          empty
            ? "Loss by training step: no step was made yet."
            : `Loss by training step: ${readable(data.loss[0]!)} at first, ${readable(last)} after ${step.value} steps.`
        }
      />
    </Figure>
  );
}
