/**
 * Where a kernel keeps the numbers of its neurons while it solves: a field (a state takes several, one after another) of a
 * neuron is a place in an array, in storage or in workgroup memory. One neuron alone has them in registers: variables of
 * its kernel. Whatever the store, `load_state`, `load_number` and `load_word` read, and `store_…` write.
 */
import { atGrid } from "../substep/grid-states.wgsl.js";
import { noiseNames, type SolverShape } from "../substep/solver.wgsl.js";
import { eachNoise, noiseOf } from "./noise.wgsl.js";
import { eachNumber, stateOf } from "./numbers.wgsl.js";

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

/** Where a forward kernel keeps the driver path of the step at hand, and the place in the step that a neuron is at. */
export interface StartFields {
  readonly noise: number;
  readonly place: number;
}

/** `take`, which takes a neuron from a forward kernel's fields; needs operations/do.wgsl.ts. */
export const startFunctions = (shape: SolverShape, fields: StartFields): string => /* wgsl */ `
fn load_noise(k: u32) -> Noise {
  return ${noiseOf(noiseNames(shape).length, (w) => `load_number(${fields.noise + w}u, k)`)};
}

fn store_noise(k: u32, z: Noise) {
${eachNoise(shape, (w, name) => `store_number(${fields.noise + w}u, k, z.${name});`)}
}

// Takes neuron k, with its parameters, to its next sub-step; its state lies in bank.
fn take(bank: u32, step: u32, k: u32) -> Start {
  load_parameters(k);
  let rho = load_number(${fields.place}u, k);
  return Start(${atGrid(shape, "load_state(bank, k)", "rho", "step", "k")}, load_noise(k), rho, current_at(step, k));
}`;

/** Where a backward kernel keeps the adjoint of a neuron's state, and the cotangent of the place that it is at. */
export interface UndoneFields {
  readonly adjoint: number;
  readonly placeBar: number;
}

/** Keeps what an operation undone gives (operations/undo.wgsl.ts), and the neuron's own gradients (`flush`). */
export const undoneFunction = ({ adjoint, placeBar }: UndoneFields): string => /* wgsl */ `
fn store_undone(c: Undone, step: u32, k: u32, i: u32) {
  store_state(${adjoint}u, k, c.y);
  store_number(${placeBar}u, k, c.start);
  flush(step, k, i);
}`;
