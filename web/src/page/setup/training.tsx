/** How it is trained: steps, optimiser, loss; time and noise. */
import { ChoiceRow, NumberRow } from "../rows.js";
import { studioDocument } from "../state/signals.js";
import { LossRows, losses, newLoss } from "./loss.js";
import { Part } from "./part.js";

const optimisers = [
  ["sgd", "SGD"],
  ["rmsprop", "RMSprop"],
  ["adam", "Adam"],
  ["adamw", "AdamW"],
] as const;

const methods = [
  ["levy", "Lévy area"],
  ["wong-zakai", "Wong–Zakai"],
  ["euler", "Euler"],
] as const;

/** What a job holds that only the command line takes, in a line. */
function NotTaken() {
  const { test, metrics } = studioDocument.value.job;
  const asked = [test && "test", metrics && "metrics"];
  const names = asked.filter((name) => typeof name === "string");
  if (names.length === 0) return null;
  return (
    <p class="hint" data-hint="not-taken">
      Not measured here: {names.join(", ")} of this job. “Job (JSON)” keeps {names.length > 1 ? "them" : "it"} for{" "}
      <code>saltation train</code>.
    </p>
  );
}

export function Training() {
  const document = studioDocument.value;
  const { job, observed } = document;
  const { optimiser, loss, time } = job;
  const unit = document.units.time ?? "";
  const { learningRate } = optimiser;
  // A job may have a loss that is not offered.
  const offered = losses.some(([kind]) => kind === loss.kind) ? losses : [...losses, [loss.kind, loss.kind] as const];
  return (
    <>
      <Part title="Training" open>
        <div class="fields">
          <NumberRow
            label="Steps"
            value={job.steps}
            field="steps"
            keep
            set={(d, steps) => {
              d.job.steps = steps;
            }}
          />
          <ChoiceRow
            label="Optimiser"
            value={optimiser.kind}
            options={optimisers}
            set={(d, kind) => {
              d.job.optimiser = { kind, learningRate } as typeof optimiser;
            }}
          />
          {typeof learningRate === "number" ? (
            <NumberRow
              label="Learning rate"
              value={learningRate}
              field="optimiser.learningRate"
              keep
              set={(d, rate) => {
                d.job.optimiser.learningRate = rate;
              }}
            />
          ) : (
            <p class="hint">The learning rate follows the schedule of the job: {learningRate.kind}.</p>
          )}
          <ChoiceRow
            label="Loss"
            value={loss.kind}
            options={offered}
            set={(d, kind) => {
              d.job.loss = newLoss(kind, d);
            }}
          />
          <LossRows loss={loss} />
          {observed.kind === "simulated" && (
            <NumberRow
              label="Observed trials"
              value={observed.paths}
              field="observed.paths"
              set={(d, paths) => {
                if (d.observed.kind === "simulated") d.observed.paths = paths;
              }}
            />
          )}
          <NotTaken />
        </div>
      </Part>
      <Part title="Time and noise" open={false}>
        <div class="fields">
          <NumberRow
            label="End of a trial"
            unit={unit}
            value={time.t1}
            field="time.t1"
            set={(d, t1) => {
              d.job.time.t1 = t1;
            }}
          />
          <NumberRow
            label="Time step"
            unit={unit}
            value={time.dt}
            field="time.dt"
            set={(d, dt) => {
              d.job.time.dt = dt;
            }}
          />
          <ChoiceRow
            label="Method"
            value={(job.method ?? "levy") as "levy"}
            options={methods}
            set={(d, method) => {
              d.job.method = method;
            }}
          />
          <NumberRow
            label="Seed"
            value={job.seed ?? 0}
            field="seed"
            set={(d, seed) => {
              d.job.seed = seed;
            }}
          />
        </div>
      </Part>
    </>
  );
}
