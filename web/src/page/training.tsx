/** How it is trained: steps, optimiser, loss; time and noise. */
import type { StudioDocument } from "../model/document.js";
import { CheckRow, ChoiceRow, NumberRow } from "./rows.js";
import { Part } from "./setup.js";
import { loaded, studioDocument } from "./store.js";

type Loss = StudioDocument["job"]["loss"];
type LossKind = Loss["kind"];

const optimisers = [
  ["sgd", "SGD"],
  ["rmsprop", "RMSprop"],
  ["adam", "Adam"],
] as const;
const methods = [
  ["levy", "Lévy area"],
  ["wong-zakai", "Wong–Zakai"],
  ["euler", "Euler"],
] as const;
const losses: readonly (readonly [LossKind, string])[] = [
  ["first-spikes", "First spike times"],
  ["expected-signature", "Expected signature"],
  ["signature-mmd", "MMD² of signatures"],
  ["signature-score", "Score of signatures"],
  ["van-rossum", "Van Rossum distance"],
  ["log-likelihood", "Log-likelihood"],
];
const solvers = [
  ["truncated", "truncated"],
  ["difference", "untruncated"],
] as const;

function newLoss(kind: LossKind, { job }: StudioDocument): Loss {
  switch (kind) {
    case "first-spikes":
      return { kind, spikes: 3 };
    case "expected-signature":
      return { kind, depth: 3, matching: true };
    case "signature-mmd":
    case "signature-score":
      return { kind, solver: { kind: "truncated", depth: 3 } };
    case "van-rossum":
      return { kind, tau: (job.time.t1 - (job.time.t0 ?? 0)) / 10 };
    case "log-likelihood": {
      // Observed spikes have a likelihood where the hazard follows from them: without noise in the state.
      const parameters = Object.keys(loaded.value?.cell?.defaults ?? {});
      const silent = parameters.filter((p) => /^(sigma\d*|alpha)$/.test(p));
      return { kind, ...(silent.length > 0 ? { parameters: Object.fromEntries(silent.map((p) => [p, 0])) } : {}) };
    }
    default:
      return { kind: "mean-spike-time" };
  }
}

/** What can be set of a loss. */
function LossRows({ loss }: { loss: Loss }) {
  const set = (fields: Record<string, unknown>) => (d: StudioDocument) => {
    Object.assign(d.job.loss, fields);
  };
  switch (loss.kind) {
    case "first-spikes":
      return (
        <NumberRow
          label="Spikes compared"
          value={loss.spikes ?? 3}
          field="loss.spikes"
          set={(d, spikes) => set({ spikes })(d)}
        />
      );
    case "expected-signature":
      return (
        <>
          <NumberRow
            label="Depth of signatures"
            value={loss.depth}
            field="loss.depth"
            set={(d, depth) => set({ depth })(d)}
          />
          <CheckRow
            label="Match the counts of spikes"
            checked={loss.matching === true}
            set={(d, matching) => set({ matching })(d)}
          />
        </>
      );
    case "signature-mmd":
    case "signature-score": {
      const solver = loss.solver ?? { kind: "difference" };
      return (
        <>
          <ChoiceRow
            label="Signature kernel"
            value={solver.kind as "truncated"}
            options={solvers}
            set={(d, kind: string) => set({ solver: kind === "truncated" ? { kind, depth: 3 } : { kind } })(d)}
          />
          {"depth" in solver && (
            <NumberRow
              label="Depth of signatures"
              value={solver.depth as number}
              field="loss.solver.depth"
              set={(d, depth) => set({ solver: { kind: "truncated", depth } })(d)}
            />
          )}
        </>
      );
    }
    case "van-rossum":
      return (
        <NumberRow
          label="Time constant"
          unit={studioDocument.value.units.time}
          value={loss.tau}
          field="loss.tau"
          set={(d, tau) => set({ tau })(d)}
        />
      );
    default:
      return null;
  }
}

/** What a job holds that only the command line takes, in a line. */
function NotTaken() {
  const { test, metrics } = studioDocument.value.job;
  const names = [test && "test", metrics && "metrics"].filter(Boolean) as string[];
  if (names.length === 0) return null;
  return (
    <p class="hint" data-hint="not-taken">
      Not measured here: {names.join(" and ")} of this job. “Job (JSON)” keeps {names.length > 1 ? "them" : "it"} for{" "}
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
            label="Step"
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
