/** The tape of a backward kernel: what each sub-step went out from, to be undone from its end. */
import { noiseNames, type SolverShape } from "../substep/solver.wgsl.js";
import { eachNoise, noiseOf } from "./noise.wgsl.js";
import { eachNumber, stateOf } from "./numbers.wgsl.js";

export interface Tape {
  /** Numbers of a state. */
  readonly states: number;
  /** Whether an entry has the place in its step at which the sub-step began, and the driver path of its step. */
  readonly place?: boolean;
  /** Whether it has, beside its place, a number that says what ended the sub-step. */
  readonly ends?: boolean;
  readonly noise?: Pick<SolverShape, "channels" | "tableau">;
  /** WGSL of the index of the first word of `entry`, and of the distance from a word to the next. */
  readonly at: string;
  readonly stride: string;
  /** Whether the kernel writes it. */
  readonly writes?: boolean;
}

/** The tape of a backward kernel: what a sub-step went out from. `push` writes it, and `taped_…` read. */
export function tapeFunctions({ states, place, ends, noise, at, stride, writes = true }: Tape): string {
  const word = (w: number): string => (w === 0 ? "tape[at]" : `tape[at + ${w}u * ${stride}]`);
  const afterPlace = states + (place ? 1 : 0) + (ends ? 1 : 0);
  const given = `${place ? ", rho: f32" : ""}${ends ? ", ends: f32" : ""}${noise ? ", z: Noise" : ""}`;
  const read = (name: string, type: string, value: string): string => /* wgsl */ `
fn taped_${name}(entry: u32) -> ${type} {
  let at = tape_entry(entry);
  return ${value};
}`;
  const push = /* wgsl */ `
fn push(entry: u32, y: State${given}) {
  let at = tape_entry(entry);
${eachNumber(states, (s) => `${word(s)} = y.y${s};`)}
${place ? `  ${word(states)} = rho;` : ""}${ends ? `\n  ${word(states + 1)} = ends;` : ""}
${noise ? eachNoise(noise, (w, name) => `${word(afterPlace + w)} = z.${name};`) : ""}
}`;
  return /* wgsl */ `
fn tape_entry(entry: u32) -> u32 { return ${at}; }
${read("state", "State", stateOf(states, word))}
${place ? read("place", "f32", word(states)) : ""}${ends ? read("ends", "f32", word(states + 1)) : ""}
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
