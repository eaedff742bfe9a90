/** That the mean of the gradients that a run trains by is not known to be the derivative of the mean, and why. */
import { cut } from "../../model/cut.js";
import { loaded } from "../state/signals.js";

export function MeanVerdict() {
  const because = loaded.value?.because ?? [];
  if (because.length === 0) return null;
  return (
    <section class="mean-verdict" role="status">
      <p>
        <strong>Mean gradients may be biased.</strong> That the mean of the gradients by which this run trains is the
        derivative of the mean loss is refuted or not known:
      </p>
      <ul>
        {because.map((line) => (
          <li key={line}>{cut(line, 600)}</li>
        ))}
      </ul>
    </section>
  );
}
