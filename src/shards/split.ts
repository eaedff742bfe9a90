/** Cutting the work of a job, or of a sweep, into shards. */
import { fail } from "../checks.js";
import type { Cuts } from "./points.js";

/** A piece of the work of a point. */
export type Task =
  /** All of it, as the job itself would do it. */
  | { readonly kind: "whole"; readonly point: number }
  /** Paths, or pairs of Gram matrices, from `first` up to `end`. */
  | {
      readonly kind: Cuts["unit"] | "means" | "spikes";
      readonly point: number;
      readonly first: number;
      readonly end: number;
    }
  /** The loss, of what all paths of a point fired. */
  | { readonly kind: "loss"; readonly point: number }
  /** One of the batches of other paths from which standard errors come. */
  | { readonly kind: "batch"; readonly point: number; readonly batch: number };

/** What one run does; its name is that of its file. */
export interface Shard {
  readonly name: string;
  readonly tasks: readonly Task[];
}

const named = (kind: string, n: number): string => `${kind}-${String(n + 1).padStart(4, "0")}`;

/** `count` things in `parts` neighbouring shares, as even as can be: where the n-th begins. */
const shareOf = (count: number, parts: number, n: number): number => Math.floor((count * n) / parts);

/**
 * Cuts points into shards: whole points where there are as many as shards, else ranges of paths at blocks of the sums.
 * @param points how each may be cut.
 * @returns the shards; before them, in the order of their rounds, those that take what all paths must give first (`rounds`).
 * @throws SaltationError `invalid-input` where there are not so many pieces.
 */
export function cutShards(points: readonly Cuts[], shards: number): Shard[] {
  if (points.length >= shards && points.length > 1) {
    return Array.from({ length: shards }, (_, n) => {
      const [from, to] = [shareOf(points.length, shards, n), shareOf(points.length, shards, n + 1)];
      const tasks = Array.from({ length: to - from }, (_, i): Task => ({ kind: "whole", point: from + i }));
      return { name: named("shard", n), tasks };
    });
  }
  const pieces = points.map((c) => Math.ceil(c.count / c.align));
  const all = pieces.reduce((a, b) => a + b, 0);
  if (all < shards) {
    const { unit, align } = points[0]!;
    const what = {
      pairs: "pairs of paths",
      trials: "trials",
      paths: align === 1 ? "paths" : `blocks of ${align} paths, at which sums are cut`,
    }[unit];
    fail("--shards", `is ${shards}, but the job has ${all} ${what}; ask for at most ${all}`);
  }
  const rangesOf = (kindOf: (c: Cuts) => Cuts["unit"] | "means" | "spikes" | undefined, name: string): Shard[] =>
    Array.from({ length: shards }, (_, n) => {
      const [from, to] = [shareOf(all, shards, n), shareOf(all, shards, n + 1)];
      let before = 0;
      const tasks = points.flatMap((c, point): Task[] => {
        const [first, end] = [Math.max(0, from - before), Math.min(pieces[point]!, to - before)];
        before += pieces[point]!;
        const kind = kindOf(c);
        if (first >= end || !kind) return [];
        return [{ kind, point, first: first * c.align, end: Math.min(c.count, end * c.align) }];
      });
      return { name: named(name, n), tasks };
    }).filter((s) => s.tasks.length > 0);
  const main = rangesOf((c) => c.unit, "shard");
  const batches = points.flatMap((c, point) =>
    Array.from({ length: c.batches }, (_, batch): Task => ({ kind: "batch", point, batch })),
  );
  const spread = main.map((s, n) => ({
    ...s,
    tasks: [...s.tasks, ...batches.filter((_, b) => b % main.length === n)],
  }));
  const before = (["means", "spikes"] as const).flatMap((round) =>
    rangesOf((c) => (c.first === round ? round : undefined), round),
  );
  const losses = points.flatMap((c, point): Task[] => (c.first === "spikes" ? [{ kind: "loss", point }] : []));
  return [...before, ...losses.map((task, n) => ({ name: named("loss", n), tasks: [task] })), ...spread];
}
