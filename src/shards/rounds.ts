/**
 * What all paths must give before any of them can go backward: shards of earlier rounds take it, those of later ones read it, joined in
 * the order of paths.
 */
import { type FiredPaths, joinFired, type TakenLoss } from "../loss/taken.js";
import { type BlockSums, joinSums } from "../reduce/statistics.js";
import { checked, type Failure, inOrder, type TaskResult, thrown } from "./results.js";

/** What a task needs of tasks of earlier rounds, by the kind of these. */
export interface Known {
  /** Sums of what a loss takes means of. */
  readonly means: BlockSums;
  /** What all paths fired. */
  readonly spikes: FiredPaths;
  /** The loss, taken of that. */
  readonly loss: TakenLoss;
}
export type Round = keyof Known;

/** In the order in which they are run, before the shards proper; as shards are named after them. */
export const rounds: readonly Round[] = ["means", "spikes", "loss"];

/** The round of a shard, by its name. */
export const roundOf = (name: string): Round | undefined => rounds.find((round) => name.startsWith(`${round}-`));

/** In words, for messages. */
export const inWords: Readonly<Record<Round, string>> = {
  means: "the means over all paths",
  spikes: "the spikes of all paths",
  loss: "the loss of all paths",
};

const joinedParts: { readonly [R in Round]: (parts: readonly TaskResult[]) => Known[R] } = {
  means: (parts) => joinSums(parts.map((r) => r.gradient!.looked!)),
  spikes: (parts) => joinFired(parts.map((r) => r.gradient!.fired!)),
  loss: (parts) => parts[0]!.taken!,
};

/** What a round came to, or why it did not: of a sweep, what is wrong with a point leaves the others to go on. */
export type Told<R extends Round = Round> = { readonly came: Known[R] } | { readonly failed: Failure };

/** What is told of a round to who goes on from it, where points may fail each by itself. */
export function toldRound<R extends Round>(round: R, results: readonly TaskResult[]): Told<R> {
  const failed = results.find((r) => r.failed)?.failed;
  return failed ? { failed } : { came: joinedRound(round, results) };
}

/** @throws SaltationError what the round failed by. */
export function knownFrom<R extends Round>(told: Told<R>): Known[R] {
  if ("failed" in told) throw thrown(told.failed);
  return told.came;
}

/** What the tasks of a round came to, of one point. @throws SaltationError what the first that failed met. */
export const joinedRound = <R extends Round>(round: R, results: readonly TaskResult[]): Known[R] =>
  joinedParts[round](checked(inOrder(results, round)));
