/** Jobs of `saltation kernel` and `saltation signature`. */
import * as z from "zod";
import { solverLimits } from "../signature/definitions/solver.js";

const finite = z.number();
/** A number whose range is checked where it is used. */
export const whole = (least: number, most: number) =>
  z.number({ error: `expected a whole number from ${least} to ${most}` });
const points = z.array(z.array(z.array(finite)));
const spikes = z.strictObject({
  spikes: z.array(z.strictObject({ times: z.array(finite), neurons: z.array(finite) })),
});
const paths = z
  .union([points, spikes], {
    error: 'expected paths [batch][length][channel], or { "spikes": [{ times, neurons }, …] }',
  })
  .meta({ id: "paths" });

/** For spike trains: the interval on which they are lifted, and the number of neurons. */
const lift = { t0: finite.optional(), t1: finite.optional(), neurons: finite.optional() };

export const staticKernel = z.looseObject({ kind: z.string() }).meta({ id: "static-kernel" });
export const solver = z
  .discriminatedUnion(
    "kind",
    [
      z.strictObject({ kind: z.literal("difference"), dyadic: z.array(finite).optional() }),
      z.strictObject({ kind: z.literal("polynomial"), order: whole(2, solverLimits.order) }),
      z.strictObject({ kind: z.literal("truncated"), depth: whole(1, solverLimits.depth) }),
    ],
    { error: "expected difference, polynomial or truncated" },
  )
  .meta({ id: "solver" });

export const kernelSchema = z.strictObject({
  x: paths,
  y: paths.optional(),
  ...lift,
  static: staticKernel.optional(),
  solver: solver.optional(),
  normalised: z.boolean().optional(),
  statistic: z.enum(["gram", "mmd", "score"]).optional(),
  unbiased: z.boolean().optional(),
  gradient: z.boolean().optional(),
});

export const signatureSchema = z.strictObject({
  x: paths,
  ...lift,
  depth: whole(1, solverLimits.depth),
  log: z.enum(["expanded", "words", "brackets"]).optional(),
});

export type PathsJob = z.infer<typeof paths>;
export interface LiftJob {
  t0?: number | undefined;
  t1?: number | undefined;
  neurons?: number | undefined;
}
