/** Controls of a run, how far it is, and what stands against it. */
import { useId } from "preact/hooks";
import { cut } from "../../model/cut.js";
import { Action } from "../action.js";
import { NumberInput } from "../fields.js";
import { stop } from "../state/busy.js";
import { remedies } from "../state/device.js";
import { canTrain, objection } from "../state/objection.js";
import { pause, setPaths, stepOnce, train } from "../state/run.js";
import {
  engine,
  going,
  loaded,
  loading,
  opening,
  pausing,
  state,
  step,
  studioDocument,
  totalSteps,
  waiting,
} from "../state/signals.js";
import { reset } from "../state/work.js";

/** On narrow screens the numbers that move may lie far below the setup: brings them into view. */
function showReadout(): void {
  const readout = document.querySelector(".readout");
  if (readout && readout.getBoundingClientRect().top > innerHeight - 120) readout.scrollIntoView();
}

export function Transport() {
  const id = useId();
  const why = useId();
  const { job } = studioDocument.value;
  const against = objection.value;
  const running = going.value;
  const begun = step.value > 0;
  // The steps that are asked may be set below those done.
  const beyond = totalSteps.value > 0 && step.value > totalSteps.value;
  return (
    <section class="transport" aria-label="Training controls">
      <div class="buttons">
        <Action
          primary
          off={!running && !canTrain.value}
          describedBy={against && why}
          act={() => {
            void (running ? pause() : train());
            if (!running) showReadout();
          }}
        >
          {running ? "Pause" : begun && state.value !== "finished" ? "Resume" : "Train"}
        </Action>
        <Action off={running || !canTrain.value} act={() => void stepOnce()}>
          Step
        </Action>
        <Action off={!running && !begun && !loading.value && loaded.value?.ready !== false} act={() => void reset()}>
          Reset
        </Action>
      </div>
      <div class="paths">
        <label for={id}>Paths</label>
        <NumberInput
          id={id}
          value={job.paths}
          label="Paths"
          field="paths"
          errorId={why}
          late
          change={(paths) => void setPaths(paths)}
        />
      </div>
      <div class="progress">
        <progress
          max={Math.max(1, totalSteps.value)}
          value={totalSteps.value > 0 ? step.value : 0}
          aria-label="training steps done"
        />
        <span class="progress-text">
          step {step.value}
          {totalSteps.value > 0 && !beyond && ` of ${totalSteps.value}`}
          {running && pausing.value && ", pausing after this one"}
          {state.value === "finished" && (beyond ? `, finished: ${totalSteps.value} asked` : ", finished")}
          {state.value === "paused" && ", paused"}
        </span>
      </div>
      <Waiting />
      {against && (
        <p class={against.field ? "objection" : "objection waits"} id={why} role={against.field ? "alert" : undefined}>
          {against.field && <code>{cut(against.field, 80)}</code>} {cut(against.message, 600)}
        </p>
      )}
    </section>
  );
}

/** What is waited for, once that is long, and how to end it. */
function Waiting() {
  const wait = waiting.value;
  if (!wait) return null;
  const onGpu = engine.value?.backend === "webgpu" || opening.value;
  return (
    <div class="waiting">
      <p>{`${wait.text}, for ${wait.seconds}\u00a0s.`}</p>
      <button type="button" onClick={stop}>
        Stop
      </button>
      {onGpu && (
        <button type="button" class="quiet" onClick={remedies.onCpu}>
          Go on with the CPU
        </button>
      )}
    </div>
  );
}
