/**
 * The horizon term forward (docs/mathematics.md, "What appears and vanishes at t1"): how fast the spikes that a uniform alone keeps from
 * coming before t1 come there along each direction, Σ ∂E.
 *
 * A thread takes one path, after the sensitivities of its last window, and goes through its neurons. Reads: parameters, directions,
 * record and counts, and of the work fields (sensitivity.wgsl.ts) states, uniforms taken and tangents at t1. Writes `horizon`
 * [neurons][directions][paths], which was cleared: a path that an event stopped has none.
 */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { elementary } from "../shared/elementary.wgsl.js";
import { random } from "../shared/random.wgsl.js";
import { recordFunctions } from "../shared/record.wgsl.js";
import { networkRunFields } from "../shared/run.js";
import { type SolverShape, solverFunctions } from "../substep/solver.wgsl.js";
import { type PendingShape, pendingFunctions } from "./horizon.wgsl.js";
import { directionFunctions, sensitivityFields } from "./sensitivity.wgsl.js";
import { pathField, storeFunctions } from "./store.wgsl.js";

export interface HorizonTangentShape extends SolverShape, Omit<PendingShape, "taken"> {
  states: number;
  workgroupSize: number;
  cellParameters: number;
  directions: number;
}

export function horizonTangent(shape: HorizonTangentShape, label: string) {
  const { states, directions, several, pending, recordWords: words } = shape;
  const f = sensitivityFields(states, directions);
  const along = ({ event }: (typeof pending)[number]): string => {
    const jvp = `cell_surface_jvp(y, load_state(tangent_field(d), k), ${event}u)`;
    return `        moved += select(0.0f, ${jvp}, pends_${event});`;
  };
  return declareKernel({
    label,
    workgroupSize: shape.workgroupSize,
    uniform: networkRunFields,
    bindings: {
      theta: read("array<f32>"),
      direction: read("array<vec4u>"),
      counts: read("array<u32>"),
      work: readWrite("array<f32>"),
      horizon: readWrite("array<f32>"),
      /** Where events besides those of the hazard may have come. */
      record: several ? read("array<u32>") : undefined,
    },
    body: wgsl`
const K = ${shape.neurons}u;
const D = ${directions}u;
var<private> own_path: u32;
${elementary}
${random}
${shape.cell}
${solverFunctions(shape)}
${several ? recordFunctions({ words, events: true }) : ""}
${storeFunctions({ states, array: "work", type: "f32", at: pathField })}
${directionFunctions(shape)}
${pendingFunctions({ ...shape, taken: `load_word(${f.fired}u, k)` })}

fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= run.paths) { return; }
  let path = run.first_path + i;
  own_path = i;
  let total = counts[i];
  if (stopped(i, total)) { return; }
  load_shared(i);
  for (var k = 0u; k < K; k += 1u) {
    load_parameters(k);
    let y = load_state(${f.state}u, k);
${pending.map(({ event }) => `    let pends_${event} = pending_${event}(y, path, i, k, total);`).join("\n")}
    if (${pending.map(({ event }) => `pends_${event}`).join(" || ")}) {
      for (var d = 0u; d < D; d += 1u) {
        point(d, k);
        var moved = 0.0f;
${pending.map(along).join("\n")}
        horizon[(k * D + d) * run.paths + i] = moved;
      }
    }
  }
}
`,
  });
}
