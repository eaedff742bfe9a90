/**
 * From the gradient of the trained parameters to their new values: chain rule through the constraints' transforms,
 * clipping, and the optimiser of each group. In float64; `GpuUpdate` does the same on the GPU.
 *
 * Clipping and optimisers act on the unconstrained coordinates, as they would in JAX, where those are the parameters.
 */
import { checkOptions, fail, finiteNumber, list, type Names, positiveNumber, show, wholeNumber } from "../checks.js";
import { movedTo, SaltationError } from "../errors.js";
import type { Network } from "../network/network.js";
import type { View } from "../plan/layout.js";
import { quoted } from "../quoted.js";
import { type Optimiser, optimiserOf } from "./optimisers.js";
import { readMask, readTransform, type Trainable, trainableOf } from "./trainable.js";
import type { Transform } from "./transform.js";

/** Clipping of the gradient with optax's definitions: first each entry, then the norm over all trained entries. */
export interface Clip {
  /** optax.clip: each entry to [−value, value]. */
  readonly value?: number;
  /** optax.clip_by_global_norm: scaled down to this norm where it is larger. */
  readonly norm?: number;
}

const clipNames: Names<Clip> = { value: true, norm: true };

export interface UpdateOptions {
  readonly trainable: readonly (string | Trainable)[];
  readonly optimiser: Optimiser;
  /** Optimisers of the groups that `trainable` names. */
  readonly groups?: Readonly<Record<string, Optimiser>>;
  readonly clip?: Clip;
}

export const updateNames: Names<UpdateOptions> = {
  trainable: true,
  optimiser: true,
  groups: true,
  clip: true,
};

/** One number that is trained. */
export interface Entry {
  /** Its place in the gradient. */
  readonly gradient: number;
  /** Its place in the flat parameter vector. */
  readonly place: number;
  readonly transform: Transform;
  /** Whether it must be above 0. */
  readonly positive: boolean;
  /** What it is called in messages. */
  readonly parameter: string;
}

/** Entries that share an optimiser: those from `first` on. */
export interface Group {
  readonly name: string;
  readonly optimiser: Optimiser;
  readonly first: number;
  readonly count: number;
}

/** What is trained and how, checked against the network. Entries are ordered by group. */
export interface UpdatePlan {
  readonly entries: readonly Entry[];
  readonly groups: readonly Group[];
  readonly clip: Clip;
}

/** Everything that an update remembers: plain JSON. Lists are in the order of the entries. */
export interface UpdateState {
  /** Updates made. */
  readonly step: number;
  readonly values: readonly number[];
  /** The unconstrained coordinates; in float32, what their nearest float32 leaves out is in `low`. */
  readonly unconstrained: readonly number[];
  readonly low: readonly number[];
  readonly groups: readonly { readonly name: string; readonly slots: Readonly<Record<string, readonly number[]>> }[];
}

/** The group of parameters that name none. */
const mainGroup = "default";

/**
 * The entries of a parameter that are trained, with their places in its own gradient.
 * @param field what the parameter is called in messages.
 * @throws SaltationError `invalid-input` for constraints and masks that do not fit.
 */
export function entriesOf(
  field: string,
  trainable: Trainable,
  view: View,
  vector: Float64Array,
  network: Network,
): Entry[] {
  const transform = readTransform(field, trainable);
  const values = vector.subarray(view.offset, view.offset + view.length);
  const marked = readMask(field, trainable.mask, view, values);
  const positive = network.cell.positive.includes(view.segment) || view.segment === "delays";
  return marked.flatMap((trained, i): Entry[] => {
    if (!trained) return [];
    const parameter = view.length > 1 ? `${view.asked}[${i}]` : view.asked;
    return [{ gradient: i, place: view.offset + i, transform, positive, parameter }];
  });
}

/**
 * Checks what is to be trained.
 * @param views of the trainable parameters, in their order: the gradient's.
 * @param vector first values of all parameters.
 * @throws SaltationError `invalid-input` naming the field that does not fit.
 */
export function planUpdate(
  options: UpdateOptions,
  network: Network,
  views: readonly View[],
  vector: Float64Array,
): UpdatePlan {
  const optimisers = new Map<string, Optimiser>([[mainGroup, checkOptimiser("optimiser", options.optimiser)]]);
  const { groups: others = {} } = options;
  if (typeof others !== "object" || others === null)
    fail("optimiser.groups", `expected optimisers by the name of their group, got ${show(others)}`);
  for (const [name, optimiser] of Object.entries(others)) {
    if (name === mainGroup) fail(`optimiser.groups.${name}`, "is the group of parameters that name none; rename it");
    optimisers.set(name, checkOptimiser(`optimiser.groups.${name}`, optimiser));
  }
  const members = new Map<string, Entry[]>();
  let at = 0;
  options.trainable.forEach((given, t) => {
    const trainable = trainableOf(given);
    const field = `trainable[${t}]`;
    const view = views[t]!;
    const group = groupOf(field, trainable, options, optimisers);
    const list = members.get(group) ?? [];
    for (const entry of entriesOf(field, trainable, view, vector, network)) {
      const { transform, parameter, place, gradient } = entry;
      const value = vector[place]!;
      if (!(value > transform.lower && value < transform.upper)) {
        const range = transform.upper < Infinity ? `from ${transform.lower} to ${transform.upper}` : "positive";
        fail(field, `${parameter} is ${value} at first, but transform "${transform.name}" keeps it strictly ${range}`);
      }
      list.push({ ...entry, gradient: at + gradient });
    }
    members.set(group, list);
    at += view.length;
  });
  const entries: Entry[] = [];
  const groups: Group[] = [];
  for (const [name, optimiser] of optimisers) {
    const list = members.get(name);
    if (!list && name !== mainGroup && options.groups?.[name]) {
      fail(`optimiser.groups.${name}`, "moves no parameter; name it as the group of one in trainable, or leave it out");
    }
    if (!list || list.length === 0) continue;
    groups.push({ name, optimiser, first: entries.length, count: list.length });
    for (const entry of list) entries.push(entry);
  }
  if (entries.length === 0) fail("trainable", "masks leave nothing to train");
  return { entries, groups, clip: readClip(options.clip) };
}

function checkOptimiser(field: string, optimiser: Optimiser): Optimiser {
  if (typeof optimiser?.update === "function") return optimiser;
  return fail(field, `expected an optimiser, such as rmsprop({ learningRate }), got ${show(optimiser)}`);
}

function groupOf(
  field: string,
  { name, group, learningRate }: Trainable,
  options: UpdateOptions,
  optimisers: Map<string, Optimiser>,
): string {
  if (group !== undefined) {
    if (learningRate !== undefined)
      fail(`${field}.learningRate`, `is that of group ${quoted(group)}; leave one of them out`);
    if (!optimisers.has(group)) {
      const known = Object.keys(options.groups ?? {}).join(", ") || "none";
      fail(`${field}.group`, `${quoted(group)} is no group of the optimiser; known: ${known}`);
    }
    return group;
  }
  if (learningRate === undefined) return mainGroup;
  const own = `of ${name}`;
  try {
    optimisers.set(own, optimiserOf({ ...options.optimiser.settings, learningRate }));
  } catch (error) {
    throw movedTo(field, "optimiser", error);
  }
  return own;
}

function readClip(clip: Clip | undefined): Clip {
  if (clip === undefined) return {};
  checkOptions("optimiser.clip", clip, clipNames);
  if (clip.value !== undefined) positiveNumber("optimiser.clip.value", clip.value);
  if (clip.norm !== undefined) positiveNumber("optimiser.clip.norm", clip.norm);
  return clip;
}

/** Euclidean norm, whatever the size of the numbers. */
function norm(values: Float64Array): number {
  const largest = values.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  if (largest === 0) return 0;
  return largest * Math.sqrt(values.reduce((sum, v) => sum + (v / largest) ** 2, 0));
}

export function clipGradient(gradient: Float64Array, clip: Clip): Float64Array {
  const { value, norm: most } = clip;
  const clipped = value === undefined ? gradient : gradient.map((g) => Math.min(Math.max(g, -value), value));
  if (most === undefined) return clipped;
  const size = norm(clipped);
  return size < most ? clipped : clipped.map((g) => (g / size) * most);
}

/** The update on the host, in float64. */
export class Update {
  private readonly unconstrained: Float64Array;
  private readonly states: { step: number; slots: Record<string, number[]> }[];

  /** @param vector first values of all parameters. */
  constructor(
    readonly plan: UpdatePlan,
    vector: Float64Array,
  ) {
    this.unconstrained = Float64Array.from(plan.entries, (e) => e.transform.inverse(vector[e.place]!));
    this.states = plan.groups.map((g) => g.optimiser.init(g.count));
  }

  /**
   * One step.
   * @param gradient of the trainable parameters, in the order of their views.
   * @param vector all parameters; trained entries are replaced by their new values.
   * @throws SaltationError `not-finite` where a parameter leaves the finite numbers, `invalid-input` where one falls to 0
   *   or below that the cell wants above 0.
   */
  apply(gradient: ArrayLike<number>, vector: Float64Array): void {
    const { entries, groups, clip } = this.plan;
    const x = this.unconstrained;
    const slope = clipGradient(
      Float64Array.from(entries, (e, i) => gradient[e.gradient]! * e.transform.derivative(x[i]!)),
      clip,
    );
    groups.forEach((g, k) => {
      const own = (all: Float64Array): Float64Array => all.subarray(g.first, g.first + g.count);
      const change = g.optimiser.update(own(slope), this.states[k]!, own(x));
      for (let i = 0; i < g.count; i++) x[g.first + i]! += change[i]!;
    });
    entries.forEach((e, i) => {
      const value = e.transform.value(x[i]!);
      checkTrained(e, value);
      vector[e.place] = value;
    });
  }

  /** What is to be remembered, copied. */
  state(vector: Float64Array): UpdateState {
    const { entries, groups } = this.plan;
    return {
      step: this.states[0]!.step,
      values: entries.map((e) => vector[e.place]!),
      unconstrained: Array.from(this.unconstrained),
      low: new Array<number>(entries.length).fill(0),
      groups: groups.map((g, k) => ({ name: g.name, slots: structuredClone(this.states[k]!.slots) })),
    };
  }

  /**
   * Goes on from a state: from its own, with the same bits.
   * @throws SaltationError `invalid-input` where the state is another update's.
   */
  restore(state: UpdateState, vector: Float64Array): void {
    checkState(this.plan, state);
    const { entries } = this.plan;
    entries.forEach((e, i) => {
      vector[e.place] = state.values[i]!;
      this.unconstrained[i] = state.unconstrained[i]! + state.low[i]!;
    });
    this.states.forEach((s, k) => {
      s.step = state.step;
      s.slots = structuredClone(state.groups[k]!.slots) as Record<string, number[]>;
    });
  }
}

/**
 * Checks a value that training came to.
 * @throws SaltationError `not-finite`; or `invalid-input` where the cell wants it above 0.
 */
export function checkTrained({ parameter, positive }: Entry, value: number): void {
  const became = `parameter ${parameter} became ${value} in training`;
  if (!Number.isFinite(value)) {
    throw new SaltationError("not-finite", `${became}; take a smaller learning rate, or clip the gradient`);
  }
  if (positive && value <= 0)
    fail("trainable", `${became}, but must be above 0; give it transform "softplus", or a smaller learning rate`);
}

/**
 * What a remembered value is not, where it is not the transform of its coordinate, or the cell does not take it. What a
 * device computed in float32 is as near as that allows: a few last digits of 24 bits, of the value or of the bounds that
 * it lies between; these it has in float32 too.
 */
function misfit({ transform, parameter, positive }: Entry, value: number, x: number): string | undefined {
  const { lower, upper } = transform;
  const expected = transform.value(x);
  const size = Math.abs(expected) + (upper < Infinity ? Math.abs(lower) + Math.abs(upper) : 0);
  const near = Math.abs(value - expected) <= 1e-5 * size + 1e-37;
  const within = value >= Math.min(lower, Math.fround(lower)) && value <= Math.max(upper, Math.fround(upper));
  return near && within && !(positive && value <= 0)
    ? undefined
    : `gives ${parameter} as ${value}, but its coordinate says ${expected}`;
}

/** @throws SaltationError `invalid-input` where a state is not that of such an update. */
export function checkState(plan: UpdatePlan, state: UpdateState): void {
  const other = (what: string): never => fail("checkpoint", `${what}; it belongs to another run`);
  wholeNumber("checkpoint.update.step", state?.step, 0, 2 ** 31);
  const lists = (["values", "unconstrained", "low"] as const).map((name) =>
    list(`checkpoint.update.${name}`, state[name], "numbers"),
  );
  const size = plan.entries.length;
  if (lists.some((l) => l.length !== size)) {
    other(`holds ${state.values.length} trained values, but the run has ${size}`);
  }
  for (const v of lists.flat()) finiteNumber("checkpoint", v);
  plan.entries.forEach((e, i) => {
    const what = misfit(e, state.values[i]!, state.unconstrained[i]! + state.low[i]!);
    if (what) other(what);
  });
  const names = (groups: readonly { name: string }[]): string => groups.map((g) => g.name).join(", ");
  list("checkpoint.update.groups", state.groups, "groups");
  if (names(state.groups) !== names(plan.groups)) {
    other(`has groups ${names(state.groups)}, but the run has ${names(plan.groups)}`);
  }
  plan.groups.forEach((g, k) => {
    const { slots } = state.groups[k]!;
    const wanted = g.optimiser.init(0).slots;
    if (Object.keys(slots).join() !== Object.keys(wanted).join()) {
      other(`is not of the optimiser ${g.optimiser.settings.kind}`);
    }
    for (const slot of Object.values(slots)) {
      if (slot.length !== g.count) other(`holds ${slot.length} numbers of group "${g.name}", which has ${g.count}`);
      for (const v of slot) finiteNumber("checkpoint", v);
    }
  });
}
