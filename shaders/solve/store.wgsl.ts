/**
 * Where a kernel keeps the numbers of its neurons while it solves: a field (a state takes several, one after another) of a
 * neuron is a place in an array, in storage or in workgroup memory. One neuron alone has them in registers: variables of
 * its kernel. Whatever the store, `load_state`, `load_number` and `load_word` read, and `store_…` write.
 */
import { noiseNames, type SolverShape } from "../shared/solver.wgsl.js";

/** WGSL of a state, of its numbers. */
export const stateOf = (states: number, number: (s: number) => string): string =>
  `State(${Array.from({ length: states }, (_, s) => number(s)).join(", ")})`;

/** A statement for each number of a state. */
export const eachNumber = (states: number, statement: (s: number) => string): string =>
  Array.from({ length: states }, (_, s) => `  ${statement(s)}`).join("\n");

/** WGSL of a neuron's driver path in a step, of its numbers. */
export const noiseOf = (noise: number, number: (w: number) => string): string =>
  `Noise(${Array.from({ length: noise }, (_, w) => number(w)).join(", ") || "0.0f"})`;

/** A statement for each number of a driver path, and its name. */
export const eachNoise = (
  shape: Pick<SolverShape, "channels" | "smooth" | "parabola">,
  statement: (w: number, name: string) => string,
): string =>
  noiseNames(shape)
    .map((name, w) => `  ${statement(w, name)}`)
    .join("\n");

export interface Store {
  /** Numbers of a state. */
  readonly states: number;
  readonly array: string;
  readonly type: "f32" | "u32";
  /** WGSL of the index of `field` of neuron `k`. */
  readonly at: string;
}

/** Fields of all neurons of a path, the path innermost: neighbouring lanes read neighbouring words. Needs `own_path`. */
export const pathField = "(field * K + k) * run.paths + own_path";

export function storeFunctions({ states, array, type, at }: Store): string {
  const other = type === "f32" ? "u32" : "f32";
  const name = { f32: "number", u32: "word" };
  return /* wgsl */ `
fn field_at(field: u32, k: u32) -> u32 { return ${at}; }

fn load_${name[type]}(field: u32, k: u32) -> ${type} { return ${array}[field_at(field, k)]; }
fn store_${name[type]}(field: u32, k: u32, value: ${type}) { ${array}[field_at(field, k)] = value; }
fn load_${name[other]}(field: u32, k: u32) -> ${other} { return bitcast<${other}>(${array}[field_at(field, k)]); }
fn store_${name[other]}(field: u32, k: u32, value: ${other}) { ${array}[field_at(field, k)] = bitcast<${type}>(value); }

fn load_state(field: u32, k: u32) -> State {
  return ${stateOf(states, (s) => `load_number(field + ${s}u, k)`)};
}

fn store_state(field: u32, k: u32, y: State) {
${eachNumber(states, (s) => `store_number(field + ${s}u, k, y.y${s});`)}
}`;
}

/** A neuron's driver path in the step at hand, kept among its fields from `field` on. */
export const noiseStore = (shape: SolverShape, field: number): string => /* wgsl */ `
fn load_noise(k: u32) -> Noise {
  return ${noiseOf(noiseNames(shape).length, (w) => `load_number(${field + w}u, k)`)};
}

fn store_noise(k: u32, z: Noise) {
${eachNoise(shape, (w, name) => `store_number(${field + w}u, k, z.${name});`)}
}`;

export interface Tape {
  /** Numbers of a state. */
  readonly states: number;
  /** Whether an entry has the place in its step at which the sub-step began, and the driver path of its step. */
  readonly place?: boolean;
  readonly noise?: Pick<SolverShape, "channels" | "smooth" | "parabola">;
  /** WGSL of the index of the first word of `entry`, and of the distance from a word to the next. */
  readonly at: string;
  readonly stride: string;
  /** Whether the kernel writes it. */
  readonly writes?: boolean;
}

/** Words of an entry of a tape. */
export const tapeEntryWords = ({ states, place, noise }: Pick<Tape, "states" | "place" | "noise">): number =>
  states + (place ? 1 : 0) + (noise ? noiseNames(noise).length : 0);

/** The tape of a backward kernel: what a sub-step went out from. `push` writes it, and `taped_…` read. */
export function tapeFunctions({ states, place, noise, at, stride, writes = true }: Tape): string {
  const word = (w: number): string => (w === 0 ? "tape[at]" : `tape[at + ${w}u * ${stride}]`);
  const afterPlace = states + (place ? 1 : 0);
  const given = `${place ? ", rho: f32" : ""}${noise ? ", z: Noise" : ""}`;
  const read = (name: string, type: string, value: string): string => /* wgsl */ `
fn taped_${name}(entry: u32) -> ${type} {
  let at = tape_entry(entry);
  return ${value};
}`;
  const push = /* wgsl */ `
fn push(entry: u32, y: State${given}) {
  let at = tape_entry(entry);
${eachNumber(states, (s) => `${word(s)} = y.y${s};`)}
${place ? `  ${word(states)} = rho;` : ""}
${noise ? eachNoise(noise, (w, name) => `${word(afterPlace + w)} = z.${name};`) : ""}
}`;
  return /* wgsl */ `
fn tape_entry(entry: u32) -> u32 { return ${at}; }
${read("state", "State", stateOf(states, word))}
${place ? read("place", "f32", word(states)) : ""}
${
  noise
    ? read(
        "noise",
        "Noise",
        noiseOf(noiseNames(noise).length, (w) => word(afterPlace + w)),
      )
    : ""
}
${writes ? push : ""}`;
}
