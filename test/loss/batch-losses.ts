/** A network and losses whose standard errors come from batches of paths. */
import { expectedSignatureLoss } from "../../src/loss/expected-signature.js";
import { signatureMmdLoss } from "../../src/loss/signature-kernel.js";
import { firstSpikes } from "../../src/loss/spike-times.js";

export const definition = {
  neurons: 2,
  parameters: { mu1: [12, 9], sigma1: 0.3 },
  weights: {
    dense: [
      [0, 0.6],
      [0.4, 0],
    ],
  },
  current: [1.6, 1.3],
};
export const solve = { t1: 0.6, dt: 0.05, method: "euler" as const, with: ["current", "vReset"] };
const observed = Array.from({ length: 6 }, (_, i) => ({ times: [0.2 + 0.01 * i, 0.45], neurons: [0, i % 2] }));
export const losses = {
  "first spikes": firstSpikes([
    [0.3, 0.5],
    [0.3, 0.6],
  ]),
  "expected signature": expectedSignatureLoss(observed, { depth: 2 }),
  "signature MMD": signatureMmdLoss(observed, { solver: { kind: "truncated", depth: 2 } }),
};

export const errorsOf = (r: { standardError: number; gradientStandardError: Record<string, unknown> }): number[] =>
  [r.standardError, r.gradientStandardError.current, r.gradientStandardError.vReset].flat() as number[];
