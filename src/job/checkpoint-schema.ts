/** What a checkpoint holds, for programs that read one. */
import * as z from "zod";
import type { Checkpoint } from "../train/train.js";

const numbers = z.array(z.number());
const count = z.int().min(0);

export const checkpointSchema = z.object({
  version: z.literal(2, { error: "expected 2" }),
  step: count,
  seed: z.int(),
  trainable: z.array(z.string()),
  update: z.object({
    step: count,
    values: numbers,
    unconstrained: numbers,
    low: numbers,
    groups: z.array(z.object({ name: z.string(), slots: z.record(z.string(), numbers) })),
  }),
  room: z.int().min(1).optional(),
  data: z
    .object({
      lossSum: z.number(),
      test: z.string().optional(),
      best: z.object({ epoch: count, loss: z.number(), accuracy: z.number().optional() }).optional(),
    })
    .optional(),
}) satisfies z.ZodType<Checkpoint>;
