/**
 * The same job with its numbers moved by a few units of a 32-bit float: how far the float64 results move then is how well
 * the job determines them, and so how far a device with 32-bit floats may be from them.
 */
import { gifDefinition } from "../../src/cell/gif.js";
import { slifDefinition } from "../../src/cell/slif.js";
import { places } from "./mutate.js";
import type { Random } from "./random.js";

/** 16 units in the last place: what a hundred rounded steps add up to at random, and a few operations within each. */
const relative = 2 ** -20;

type Tree = Record<string, unknown>;

const moved = (random: Random, value: number): number => value * (1 + relative * random.between(-1, 1));

function moveAll(random: Random, holder: Tree | undefined, keys: readonly string[]): void {
  for (const key of keys) {
    const value = holder?.[key];
    if (typeof value === "number") holder![key] = moved(random, value);
    else
      for (const inner of places(value)) {
        const number = inner.holder[inner.key];
        if (typeof number === "number") inner.holder[inner.key] = moved(random, number);
      }
  }
}

/** Numbers in an equation, but for small whole ones, which are exponents or exact. */
const literal = /(?<![\w.^])\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w.])/gi;

/** Moves what is rounded on the way, beside the numbers that are given: each drift, and each state that a spike leaves. */
const rounded = new Set(["state", "reset", "start"]);

function moveEquations(random: Random, cell: Tree): void {
  for (const [section, equations] of Object.entries(cell)) {
    const holder = section === "event" ? cell : equations;
    if (!["state", "noise", "event", "reset", "receive", "start"].includes(section)) continue;
    for (const key of section === "event" ? ["event"] : Object.keys(holder as Tree)) {
      const text = String((holder as Tree)[key]).replace(literal, (found) => {
        const value = Number(found);
        return Number.isInteger(value) && value < 4 ? found : String(moved(random, value));
      });
      (holder as Tree)[key] = rounded.has(section) ? `${moved(random, 1)} * (${text})` : text;
    }
  }
}

export function perturbed(random: Random, original: Tree): Tree {
  const job = structuredClone(original);
  const network = job.network as Tree | undefined;
  if (network) {
    const { cell = "slif" } = network;
    const built = cell === "gif" ? gifDefinition : cell === "slif" ? slifDefinition : undefined;
    if (built) network.cell = structuredClone(built);
    moveAll(random, network.cell as Tree, ["parameters"]);
    moveEquations(random, network.cell as Tree);
    moveAll(random, network, ["parameters"]);
    const weights = network.weights as Tree | undefined;
    if (weights && "edges" in weights) {
      const edges = weights.edges as [number, number, number][];
      weights.edges = edges.map(([from, to, w]) => [from, to, moved(random, w)]);
    } else if (weights) moveAll(random, weights, ["dense", "layers"]);
  }
  const input = job.input as Tree | undefined;
  const current = input?.current as Tree | number | number[] | undefined;
  if (typeof current === "object" && !Array.isArray(current)) moveAll(random, current, ["samples"]);
  else if (input) moveAll(random, input, ["current"]);
  if (input?.spikes) moveAll(random, input.spikes as Tree, ["weights"]);
  const loss = job.loss as Tree | undefined;
  if (loss) {
    moveAll(random, loss, ["tau", "levelWeights", "parameters"]);
    if (loss.static) moveAll(random, loss.static as Tree, ["scale", "sigma"]);
  }
  if (job.static) moveAll(random, job.static as Tree, ["scale", "sigma"]);
  for (const part of ["x", "y"]) if (Array.isArray(job[part])) moveAll(random, job, [part]);
  return job;
}

/**
 * The job with every state of its own cell moved by `by` where it starts and where it is reset: what is no number at one
 * point that a solution touches is one beside it.
 */
export function nudged(job: Record<string, unknown>, by: number): Record<string, unknown> | undefined {
  const copy = structuredClone(job) as { network?: { cell?: unknown } };
  const cell = copy.network?.cell;
  if (typeof cell !== "object" || cell === null) return undefined;
  const {
    state,
    start = {},
    reset = {},
  } = cell as Record<"state" | "start" | "reset", Record<string, string | number>>;
  const moved = (text: string | number): string => `(${text}) + ${by}`;
  const all = (given: Record<string, string | number>, names: readonly string[]): Record<string, string> =>
    Object.fromEntries(names.map((name) => [name, moved(given[name] ?? 0)]));
  Object.assign(cell, { start: all(start, Object.keys(state)), reset: all(reset, Object.keys(reset)) });
  return copy as Record<string, unknown>;
}
