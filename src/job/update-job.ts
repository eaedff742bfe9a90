/** What a train job says about its parameters and their optimiser. */
import * as z from "zod";
import { fail, show } from "../checks.js";
import { movedTo } from "../errors.js";
import { type Optimiser, type OptimiserSettings, optimiserOf } from "../train/optimisers.js";
import type { Trainable } from "../train/trainable.js";
import type { UpdateOptions } from "../train/update.js";

const finite = z.number();

const schedule = z.discriminatedUnion(
  "kind",
  [
    z.strictObject({
      kind: z.literal("piecewise-constant"),
      boundaries: z.array(finite),
      values: z.array(finite),
    }),
    z.strictObject({
      kind: z.literal("exponential-decay"),
      initValue: finite,
      transitionSteps: finite,
      decayRate: finite,
      transitionBegin: finite.optional(),
      staircase: z.boolean().optional(),
      endValue: finite.optional(),
    }),
    z.strictObject({
      kind: z.literal("cosine-decay"),
      initValue: finite,
      decaySteps: finite,
      alpha: finite.optional(),
      exponent: finite.optional(),
    }),
    z.strictObject({
      kind: z.literal("warmup-cosine-decay"),
      initValue: finite,
      peakValue: finite,
      warmupSteps: finite,
      decaySteps: finite,
      endValue: finite.optional(),
      exponent: finite.optional(),
    }),
  ],
  { error: "expected piecewise-constant, exponential-decay, cosine-decay or warmup-cosine-decay" },
);

const learningRate = z
  .union([finite, schedule], { error: "expected a number above 0, or a schedule { kind, … }" })
  .meta({ id: "learning-rate" });

const moments = { b1: finite.optional(), b2: finite.optional(), eps: finite.optional(), epsRoot: finite.optional() };

/** Settings of each kind of optimiser beside the learning rate. */
const settings = {
  sgd: { momentum: finite.optional(), nesterov: z.boolean().optional() },
  rmsprop: {
    decay: finite.optional(),
    eps: finite.optional(),
    momentum: finite.optional(),
    nesterov: z.boolean().optional(),
    centered: z.boolean().optional(),
    initialScale: finite.optional(),
  },
  adam: moments,
  adamw: { ...moments, weightDecay: finite.optional() },
};
type Kind = keyof typeof settings;

/** What a group says otherwise than the optimiser that it is part of; or an optimiser of another kind. */
const group = z
  .strictObject({
    kind: z.enum(["sgd", "rmsprop", "adam", "adamw"], { error: "expected sgd, rmsprop, adam or adamw" }).optional(),
    learningRate: learningRate.optional(),
    ...settings.sgd,
    ...settings.rmsprop,
    ...settings.adamw,
  })
  .meta({ id: "optimiser-group" });

const common = {
  learningRate,
  clip: z.strictObject({ value: finite.optional(), norm: finite.optional() }).optional(),
  groups: z.record(z.string(), group).optional(),
};

export const optimiserSchema = z
  .discriminatedUnion(
    "kind",
    [
      z.strictObject({ kind: z.literal("sgd"), ...common, ...settings.sgd }),
      z.strictObject({ kind: z.literal("rmsprop"), ...common, ...settings.rmsprop }),
      z.strictObject({ kind: z.literal("adam"), ...common, ...settings.adam }),
      z.strictObject({ kind: z.literal("adamw"), ...common, ...settings.adamw }),
    ],
    { error: "expected sgd, rmsprop, adam or adamw" },
  )
  .meta({ id: "optimiser" });
type OptimiserJob = z.infer<typeof optimiserSchema>;

// The mask's shape is the parameter's: it is followed where the network is known.
const mask = z.union([z.literal("nonzero"), z.boolean(), z.array(z.unknown())], {
  error: 'expected true and false in the parameter\'s shape, or "nonzero"',
});

const trainable = z.union(
  [
    z.string(),
    z.strictObject({
      name: z.string(),
      transform: z.enum(["none", "softplus", "exp", "sigmoid"]).optional(),
      bounds: z.tuple([finite, finite], { error: "expected [lower, upper]" }).optional(),
      mask: mask.optional(),
      group: z.string().optional(),
      learningRate: learningRate.optional(),
    }),
  ],
  { error: "expected a parameter's name, or { name, transform, bounds, mask, group, learningRate }" },
);
export const trainablesSchema = z.array(trainable).min(1).meta({ id: "trainables" });

/** The optimiser of a group: what it does not say is as in the optimiser around it, where that is of its kind. */
function groupOptimiser(name: string, job: z.infer<typeof group>, around: OptimiserSettings): Optimiser {
  const field = `optimiser.groups.${name}`;
  const kind: Kind = job.kind ?? around.kind;
  const known = ["kind", "learningRate", ...Object.keys(settings[kind])];
  for (const [key, value] of Object.entries(job)) {
    if (!known.includes(key)) fail(`${field}.${key}`, `is no setting of ${kind}, got ${show(value)}`);
  }
  const inherited = kind === around.kind ? around : { learningRate: around.learningRate };
  try {
    return optimiserOf({ ...inherited, ...job, kind } as OptimiserSettings);
  } catch (error) {
    throw movedTo(field, "optimiser", error);
  }
}

/** Trainable parameters, optimiser, groups and clipping of a job. */
export function updateOptionsOf(job: OptimiserJob, trainables: z.infer<typeof trainablesSchema>): UpdateOptions {
  const { groups = {}, clip, ...main } = job;
  const optimiser = optimiserOf(main as OptimiserSettings);
  const entries = Object.entries(groups).map(([name, g]) => [name, groupOptimiser(name, g, optimiser.settings)]);
  return {
    trainable: trainables as (string | Trainable)[],
    optimiser,
    groups: Object.fromEntries(entries) as Record<string, Optimiser>,
    ...(clip ? { clip: clip as { value?: number; norm?: number } } : {}),
  };
}
