/** All figures of a run. */
import { useId } from "preact/hooks";
import { setNeuron } from "../state/run.js";
import { engine, entries, loaded, loading, neuron, snapshot, studioDocument } from "../state/signals.js";
import { ConfidenceFigure } from "./confidence.js";
import { HistogramFigure } from "./histogram.js";
import { LossFigure } from "./loss.js";
import { MeanVerdict } from "./mean-verdict.js";
import { ParameterFigures } from "./parameters.js";
import { RasterFigure } from "./raster.js";
import { Estimate, StepWarnings } from "./step-facts.js";
import { StepWarning } from "./step-warning.js";
import { TraceFigures } from "./traces.js";

function NeuronChoice() {
  const id = useId();
  const count = loaded.value?.neurons ?? 1;
  if (count < 2) return null;
  return (
    <div class="neuron-choice">
      <label for={id}>Neuron</label>
      <select id={id} value={neuron.value} onChange={(event) => void setNeuron(Number(event.currentTarget.value))}>
        {Array.from({ length: Math.min(count, 1000) }, (_, k) => (
          <option key={k} value={k}>
            {k + 1} of {count}
          </option>
        ))}
      </select>
    </div>
  );
}

export function Figures() {
  return (
    <section class="figures" aria-label="Figures" aria-busy={loading.value}>
      {!snapshot.value && !loading.value && (
        <p class="nothing">
          {studioDocument.value.experiment === "recording" && engine.value
            ? "Spikes, traces and curves appear here once there is a recording."
            : "Spikes, traces and curves appear here once there is something to run."}
        </p>
      )}
      {snapshot.value && loaded.value?.ready === false && !loading.value && (
        <p class="hint before" role="status">
          These figures are of the experiment as it was before: as it stands it cannot run.
        </p>
      )}
      {entries.value.length > 0 && <AllFigures />}
    </section>
  );
}

function AllFigures() {
  return (
    <>
      <NeuronChoice />
      <RasterFigure />
      <HistogramFigure />
      <StepWarning />
      <MeanVerdict />
      <StepWarnings />
      <ParameterFigures />
      <LossFigure />
      <Estimate />
      <ConfidenceFigure />
      <TraceFigures />
    </>
  );
}
