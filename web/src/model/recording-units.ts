/** Units of recordings: what files say, what is taken where they say nothing, and whether that can be. */
import type { RecordingFacts } from "../worker/protocol.js";
import type { StudioDocument } from "./document.js";
import { readable } from "./units.js";

/** Milliseconds in a unit of time. */
export const timeUnits = { s: 1000, ms: 1, µs: 0.001 } as const;
/** Nanoamperes in a unit of current. */
export const currentUnits = { A: 1e9, mA: 1e6, µA: 1e3, nA: 1, pA: 1e-3 } as const;

export type TimeUnit = keyof typeof timeUnits;
export type CurrentUnit = keyof typeof currentUnits;

/** Units of a recording's spike times, of its time between samples, and of its current. */
export interface RecordingUnits {
  time: TimeUnit;
  /** Undefined where it is that of the spike times. */
  step: TimeUnit | undefined;
  current: CurrentUnit;
}

export const unitNames: Record<TimeUnit | CurrentUnit, string> = {
  s: "seconds",
  ms: "milliseconds",
  µs: "microseconds",
  A: "amperes",
  mA: "milliamperes",
  µA: "microamperes",
  nA: "nanoamperes",
  pA: "picoamperes",
};

/** The unit that a text names: its symbol, its name, or one of these behind a name: `dt_ms`, `current (pA)`. */
function unitIn<U extends TimeUnit | CurrentUnit>(text: string | undefined, units: Record<U, number>): U | undefined {
  if (text === undefined) return undefined;
  const last = /([\p{L}µ]+)[\s)\]]*$/u.exec(text.trim())?.[1]?.replace(/^[uμ](?=[sA]$)/, "µ");
  const whole = last === text.trim().replace(/^[uμ](?=[sA]$)/, "µ");
  // A lone letter at the end of a word is none: it stands behind a mark.
  if (last === undefined || !(whole || /[_\s([.-][\p{L}µ]+[\s)\]]*$/u.test(text.trim()))) return undefined;
  return (Object.keys(units) as U[]).find(
    (u) => u === last || unitNames[u] === last.toLowerCase() || unitNames[u].slice(0, -1) === last.toLowerCase(),
  );
}

/** What a file says of its units in a field, by name. */
function said(facts: RecordingFacts, what: "time" | "current"): string | undefined {
  const names = [`${what}_unit`, `${what}_units`, `unit_of_${what}`, `units.${what}`, `${what}Unit`];
  return names.map((name) => facts.texts[name]).find((text) => text !== undefined);
}

/** The number that is the time between samples, by its name. */
export const stepKey = (facts: RecordingFacts): string | undefined =>
  Object.keys(facts.numbers).find((key) => /^dt/i.test(key));

/** Units that a file says, in fields or behind the names of its lists; else milliseconds and nanoamperes. */
export function unitsOf(facts: RecordingFacts, trials?: string, current?: string): RecordingUnits {
  const time = unitIn(said(facts, "time"), timeUnits) ?? unitIn(trials, timeUnits);
  const step = unitIn(stepKey(facts), timeUnits);
  return {
    time: time ?? (trials === undefined ? step : undefined) ?? "ms",
    step,
    current: unitIn(said(facts, "current"), currentUnits) ?? unitIn(current, currentUnits) ?? "nA",
  };
}

/** The unit with this scale. */
export const unitOfScale = <U extends string>(scale: number, units: Record<U, number>): U | undefined =>
  (Object.keys(units) as U[]).find((u) => Math.abs(units[u] / scale - 1) < 1e-9);

/** A unit that is taken, and another one that would make sense. */
export interface Doubt {
  about: "time" | "current";
  text: string;
  taken: TimeUnit | CurrentUnit;
  instead: TimeUnit | CurrentUnit;
}

/** Spikes per second of a trial that a neuron can fire, and nanoamperes that are injected into one. */
const rates = [0.02, 1000] as const;
const currents = [1e-3, 100] as const;

const within = (x: number, [low, high]: readonly [number, number]): boolean => x >= low && x <= high;

/** The unit nearest to the one that is taken, in which a size makes sense. */
function better<U extends string>(taken: U, units: Record<U, number>, sensible: (unit: U) => boolean): U | undefined {
  const away = (u: U): number => Math.abs(Math.log(units[u] / units[taken]));
  return (Object.keys(units) as U[]).filter((u) => u !== taken && sensible(u)).sort((a, b) => away(a) - away(b))[0];
}

/** A rate, roughly: 300,000. */
const rough = (x: number): string => (x < 1000 ? readable(x) : Number(x.toPrecision(2)).toLocaleString("en-US"));

/** What cannot be in the units that a recording is read in. */
export function doubts({ observed, job }: StudioDocument, facts: RecordingFacts): Doubt[] {
  const found: Doubt[] = [];
  if (observed.kind !== "recording") return found;
  const trials = facts.lists.find((l) => l.key === (observed.key ?? "spike_times"));
  const time = unitOfScale(observed.scale ?? 1, timeUnits);
  if (trials?.nested && trials.numbers > 0 && time) {
    const perUnit = trials.numbers / trials.length / trials.largest;
    const rate = (unit: TimeUnit): number => perUnit / (timeUnits[unit] / 1000);
    const instead = better(time, timeUnits, (u) => within(rate(u), rates));
    if (instead && !within(rate(time), rates)) {
      const text = `Read as ${unitNames[time]}, its spikes come at ${rough(rate(time))} per second and trial`;
      found.push({ about: "time", text: `${text}: are these ${unitNames[instead]}?`, taken: time, instead });
    }
  }
  const given = job.input?.current;
  const samples = typeof given === "object" && !Array.isArray(given) ? given.samples : undefined;
  if (!samples || Array.isArray(samples)) return found;
  const list = facts.lists.find((l) => l.key === samples.key);
  const unit = unitOfScale(samples.scale ?? 1, currentUnits);
  if (list && list.largest > 0 && unit) {
    const size = (u: CurrentUnit): number => list.largest * currentUnits[u];
    const instead = better(unit, currentUnits, (u) => within(size(u), currents));
    if (instead && !within(size(unit), currents)) {
      const text = `Read as ${unitNames[unit]}, its current reaches ${readable(list.largest)} ${unit}`;
      found.push({ about: "current", text: `${text}: are these ${unitNames[instead]}?`, taken: unit, instead });
    }
  }
  return found;
}
