/** How well the data determine a fit by likelihood, and whether its model stands for them: asked for once the run rests. */
import { lazily } from "../lazily.js";
import { askConfidence } from "../state/confidence.js";
import { confidence, going, step, studioDocument } from "../state/signals.js";

const Found = lazily(() => import("./confidence-found.js").then((part) => part.ConfidenceFound));

export function ConfidenceFigure() {
  const found = confidence.value;
  if (studioDocument.value.job.loss.kind !== "log-likelihood" || step.value === 0 || going.value) return null;
  if (typeof found === "object" && !("refused" in found)) return <Found found={found} />;
  return (
    <section class="confidence" role="status">
      {typeof found === "object" && (
        <p>
          <strong>No confidence:</strong> {found.refused}
        </p>
      )}
      <button type="button" disabled={found === "asked"} onClick={() => void askConfidence()}>
        {found === "asked" ? "The fit is being judged …" : "How well do the data determine it?"}
      </button>
    </section>
  );
}
