/** What training steps say beside their numbers: what is doubtful, how gradients are estimated, and how they spread. */
import { cut } from "../../model/cut.js";
import { numbersIn } from "../../model/numbers-in.js";
import { readable } from "../../model/units.js";
import type { Estimated } from "../../worker/protocol.js";
import { facts } from "../state/signals.js";

/** Warnings, parameters and numbers of one that are shown. */
const [mostWarnings, mostParameters, mostNumbers] = [8, 8, 4];

/** What is doubtful in the training, as the command line warns of it. */
export function StepWarnings() {
  const warnings = facts.value?.warnings ?? [];
  if (warnings.length === 0) return null;
  return (
    <section class="mean-verdict" data-warning="training" role="status">
      <p>
        <strong>A training step warns:</strong>
      </p>
      <ul>
        {warnings.slice(0, mostWarnings).map((line) => (
          <li key={line}>{cut(line, 600)}</li>
        ))}
      </ul>
    </section>
  );
}

/** How the gradient of the last step was estimated. */
export function Estimate() {
  const estimated = facts.value?.estimated;
  if (!estimated) return null;
  const { estimator, terms, spread } = estimated;
  return (
    <section class="estimate" data-estimator={estimator}>
      <p>
        Gradient by estimator <strong>{estimator}</strong>: {terms.join(", ")}.
      </p>
      {spread ? (
        <Spread spread={spread} />
      ) : (
        <p>How what paths give spreads is not told of such a loss, in which paths depend on each other.</p>
      )}
    </section>
  );
}

/** Standard deviation of what one path gives, a line for each parameter, by each estimator that went into it. */
function Spread({ spread }: { spread: NonNullable<Estimated["spread"]> }) {
  const [first = {}] = Object.values(spread);
  return (
    <ul>
      {Object.keys(first)
        .slice(0, mostParameters)
        .map((name) => (
          <li key={name}>
            The derivative by {cut(name, 40)} spreads from path to path by{" "}
            {Object.entries(spread)
              .map(([by, of]) => `${inShort(numbersIn(of[name]))} (${by})`)
              .join(", ")}
            .
          </li>
        ))}
    </ul>
  );
}

function inShort(values: readonly number[]): string {
  const shown = values.slice(0, mostNumbers).map((v) => readable(Number(v.toPrecision(3))));
  const text = values.length > mostNumbers ? `${shown.join(", ")}, … ${values.length} in all` : shown.join(", ");
  return values.length > 1 ? `[${text}]` : text;
}
