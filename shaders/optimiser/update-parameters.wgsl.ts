/**
 * One step of an optimiser on the entries of a group, with optax's definitions (src/train/optimisers.ts).
 *
 * A thread takes one entry: the gradient by its unconstrained coordinate, clipped; the accumulators; the change, added to
 * the coordinate in two parts; the parameter's new value, to `state` and in its place in `theta`. Where `halted[0]` is not
 * 0 nothing is written: a step that failed leaves everything as it was. `halted[1]` becomes 1 where a value is not finite,
 * or not above 0 though its cell wants that: the host then ends the run, and no value need be read to know that all is well.
 *
 * Averages move by their distance to what is averaged: kept · old + (1 - kept) · new, with the factors in float32, would
 * settle at a value whose relative error is that of 1 - kept, a thousand roundings for Adam's 0.999.
 */
import { declareKernel, read, readWrite } from "../shared/declare.js";
import { stateRows, trained } from "./trained.wgsl.js";

export type UpdateRule =
  | { kind: "sgd"; nesterov: boolean }
  | { kind: "rmsprop"; nesterov: boolean; centered: boolean; momentum: boolean }
  | { kind: "adam" | "adamw" };

/** The accumulators' slot k of this entry. */
const slot = (k: number): string => `state[${stateRows.accumulators + k}u * run.size + i]`;

/** WGSL that sets \`change\` from the gradient \`g\`. Settings: see \`updateSettings\` in src/train/gpu-update.ts. */
function rule(r: UpdateRule): string {
  const lead = (update: string, nesterov: boolean): string => (nesterov ? `${update} + momentum * traced` : "traced");
  switch (r.kind) {
    case "sgd":
      return `
    let momentum = run.settings[0].x;
    let traced = g + momentum * ${slot(0)};
    ${slot(0)} = traced;
    let change = -run.rate * (${lead("g", r.nesterov)});`;
    case "rmsprop":
      return `
    let new_part = run.settings[0].x;
    let nu = ${slot(0)} + new_part * (g * g - ${slot(0)});
    ${slot(0)} = nu;
    ${
      r.centered
        ? `let mu = ${slot(1)} + new_part * (g - ${slot(1)});
    ${slot(1)} = mu;
    let spread = nu - mu * mu;`
        : "let spread = nu;"
    }
    let scaled = -run.rate * g / sqrt(spread + run.settings[0].y);
    ${
      r.momentum
        ? `let momentum = run.settings[0].z;
    let traced = scaled + momentum * ${slot(2)};
    ${slot(2)} = traced;
    let change = ${lead("scaled", r.nesterov)};`
        : "let change = scaled;"
    }`;
    case "adam":
    case "adamw":
      return `
    let m = ${slot(0)} + run.settings[0].x * (g - ${slot(0)});
    ${slot(0)} = m;
    let v = ${slot(1)} + run.settings[0].y * (g * g - ${slot(1)});
    ${slot(1)} = v;
    // Bias corrections 1 / (1 - b^t) come from the host.
    let root = sqrt(v * run.settings[1].y + run.settings[0].w) + run.settings[0].z;
    ${
      r.kind === "adam"
        ? "let change = -run.rate * (m * run.settings[1].x) / root;"
        : "let change = -run.rate * ((m * run.settings[1].x) / root + run.settings[1].z * x.x);"
    }`;
  }
}

/** @param clipNorm whether `norm` holds the gradient's norm, to be scaled down to `clipNorm`. */
export const updateParameters = (r: UpdateRule, clipNorm: boolean) =>
  declareKernel({
    label: `update ${r.kind}`,
    workgroupSize: 64,
    uniform: {
      /** Of the group's entries. */
      first: "u32",
      count: "u32",
      /** Entries of all groups. */
      size: "u32",
      /** 0, which no compiler knows. */
      zero: "u32",
      clipValue: "f32",
      clipNorm: "f32",
      rate: "f32",
      /** Of the optimiser, by its kernel. */
      settings: "array<vec4f, 2>",
    },
    bindings: {
      entries: read("array<Entry>"),
      gradient: read("array<f32>"),
      halted: readWrite("array<atomic<u32>>"),
      state: readWrite("array<f32>"),
      theta: readWrite("array<f32>"),
      norm: clipNorm ? read("array<f32>") : undefined,
    },
    body: /* wgsl */ `
${trained}
// A number by way of its bits and a zero that no compiler knows: it cannot cancel what is added before and taken away
// after.
fn rounded(x: f32) -> f32 { return bitcast<f32>(bitcast<u32>(x) ^ run.zero); }

// x + change, exactly, in two parts (Knuth's two-sum, and once more for what is left).
fn add(x: vec2f, change: f32) -> vec2f {
  let sum = rounded(x.x + change);
  let taken = rounded(sum - x.x);
  let low = x.y + ((x.x - rounded(sum - taken)) + (change - taken));
  let hi = rounded(sum + low);
  return vec2f(hi, low - rounded(hi - sum));
}

fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= run.count || atomicLoad(&halted[0]) != 0u) { return; }
  let i = run.first + id.x;
  let entry = entries[i];
  let x = vec2f(state[i], state[run.size + i]);
  var g = gradient[entry.gradient] * parameter_slope(entry, x.x, x.y);
  g = clamp(g, -run.clip_value, run.clip_value);
  ${clipNorm ? "if (norm[0] >= run.clip_norm) { g = (g / norm[0]) * run.clip_norm; }" : ""}
  ${rule(r)}
  let moved = add(x, change);
  let value = parameter_at(entry, moved.x, moved.y);
  state[i] = moved.x;
  state[run.size + i] = moved.y;
  state[${stateRows.value}u * run.size + i] = value;
  theta[entry.theta] = value;
  // By its bits: compilers may assume that there are no others than finite numbers.
  let lost = (bitcast<u32>(value) & 0x7f800000u) == 0x7f800000u;
  if (lost || (entry.positive != 0u && value <= 0.0f)) { atomicOr(&halted[1], 1u); }
}
`,
  });
