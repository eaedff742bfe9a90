/** The loss: its choice, and what can be set of each. */
import type { StudioDocument } from "../../model/document.js";
import { CheckRow, ChoiceRow, NumberRow } from "../rows.js";
import { loaded, studioDocument } from "../state/signals.js";

type Loss = StudioDocument["job"]["loss"];

type LossKind = Loss["kind"];

export const losses: readonly (readonly [LossKind, string])[] = [
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

export function newLoss(kind: LossKind, { job }: StudioDocument): Loss {
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
export function LossRows({ loss }: { loss: Loss }) {
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
