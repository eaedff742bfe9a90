/**
 * Tangents that go along with the forward solve of one neuron, in a few directions: those of its state and of the place at
 * which its sub-step starts. Of an event is written how its time moves. The gradient of a loss of spike times is then the
 * sum of its cotangents times these (tangent-rows.wgsl.ts), so that nothing is replayed, swept or taped.
 *
 * What is done here are the operations pushed forward (operations/push.wgsl.ts); the kernel says where. A sub-step is pushed
 * to the end of its step before it is known whether an event comes first.
 */
import { clearStart } from "../substep/initial.wgsl.js";
import type { SolverShape } from "../substep/solver.wgsl.js";
import { tangentFunction } from "../substep/tangent.wgsl.js";
import { eachNumber, stateOf } from "./numbers.wgsl.js";
import { doFunctions } from "./operations/do.wgsl.js";
import { pushFunctions } from "./operations/push.wgsl.js";

/** What a direction moves: a parameter of the cell, by index, or the current. */
export type Direction = number | "current";

/** The text of a kernel at the places where tangents are moved. */
export interface TangentText {
  readonly functions: string;
  readonly declared: string;
  readonly started: string;
  readonly loaded: string;
  readonly stored: string;
  /** With the state before a sub-step and what it would be at the end of its step. */
  readonly pushed: string;
  /** At event number `count`, which came to `landed` at the place that is `rho` by now, with its `jump`. */
  readonly fired: string;
  readonly finished: string;
}

/** @param word WGSL of the number of a word in the checkpoints, of those that tangents have the n-th. */
export function tangentText(
  shape: SolverShape,
  directions: readonly Direction[],
  word: (slot: string, n: number) => string,
): TangentText {
  const { states } = shape;
  const each = (text: (d: number, current: string) => string): string =>
    directions
      .map((by, d) =>
        by === "current" ? text(d, "1.0f") : `dpar_${by} = 1.0f;\n${text(d, "0.0f")}\ndpar_${by} = 0.0f;`,
      )
      .join("\n");
  const plainly = (text: (d: number) => string): string => directions.map((_, d) => text(d)).join("\n");
  const wordOf = (slot: string, d: number, n: number): string => word(slot, d * (states + 1) + n);
  return {
    functions: `${doFunctions(shape)}\n${tangentFunction(shape)}\n${pushFunctions(shape)}`,
    declared: plainly((d) => `var dy_${d}: State;\nvar moved_${d} = 0.0f;`),
    started: each((d) => `dy_${d} = ${clearStart(shape, "cell_start_jvp(event_uniform(path, 0u, 0u))", "0u")};`),
    loaded: plainly((d) => {
      const of = (n: number): string => `bitcast<f32>(checkpoints[${wordOf("run.checkpoint_begin", d, n)}])`;
      return `dy_${d} = ${stateOf(states, of)};\nmoved_${d} = ${of(states)};`;
    }),
    stored: plainly((d) => {
      const to = (n: number): string => `checkpoints[${wordOf("run.checkpoint_end", d, n)}]`;
      const number = (s: number): string => `${to(s)} = bitcast<u32>(dy_${d}.y${s});`;
      return `${eachNumber(states, number)}\n${to(states)} = bitcast<u32>(moved_${d});`;
    }),
    pushed: `let begin = Start(y, z, rho, current);
        ${each((d, current) => `let end_${d} = push_finish(Substep(begin, 1.0f, trial), dy_${d}, moved_${d}, ${current});`)}`,
    fired: `let before = Substep(begin, rho, landed);
          let cross = crossing(before, event);
          ${each(
            (d, current) => `let fired_${d} = push_fire(before, cross, jump, dy_${d}, moved_${d}, ${current});
          dy_${d} = fired_${d}.dy;
          moved_${d} = fired_${d}.moved;
          moves[(count * ${directions.length}u + ${d}u) * run.paths + i] = moved_${d};`,
          )}`,
    finished: plainly((d) => `dy_${d} = end_${d};\nmoved_${d} = 0.0f;`),
  };
}
