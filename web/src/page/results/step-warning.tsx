/** That the step dt is too large for the spike times that are shown, and what to do about it. */
import { cut } from "../../model/cut.js";
import { discretisation } from "../state/signals.js";

export function StepWarning() {
  const warning = discretisation.value?.warning;
  return warning ? (
    <section class="mean-verdict" data-warning="step" role="status">
      <p>
        <strong>The time step</strong> {cut(warning.replace(/^time\.dt: /, ""), 600)}.
      </p>
    </section>
  ) : null;
}
