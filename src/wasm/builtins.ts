/** Functions of WGSL that no instruction does, in WGSL: by the kernels' own polynomials. */
import { elementary } from "../../shaders/shared/elementary.wgsl.js";

export const builtinFunctions = /* wgsl */ `${elementary}
fn builtin_exp(x: f32) -> f32 { return sal_exp(x); }
fn builtin_exp2(x: f32) -> f32 { return sal_exp(x * 0.6931471806f); }
fn builtin_log(x: f32) -> f32 { return sal_log_of(x); }
fn builtin_log2(x: f32) -> f32 { return sal_log_of(x) * 1.4426950409f; }
fn builtin_sin(x: f32) -> f32 { return sal_sin(x); }
fn builtin_cos(x: f32) -> f32 { return sal_cos(x); }
fn builtin_tan(x: f32) -> f32 { return sal_sin(x) / sal_cos(x); }
fn builtin_tanh(x: f32) -> f32 { return sal_tanh(x); }
fn builtin_pow(x: f32, y: f32) -> f32 { return sal_pow(x, y); }
fn builtin_inverseSqrt(x: f32) -> f32 { return 1.0f / sqrt(x); }
fn ldexp(x: f32, e: i32) -> f32 {
  let k = clamp(e, -252, 252);
  let half = k >> 1u;
  return x * bitcast<f32>(u32(half + 127) << 23u) * bitcast<f32>(u32(k - half + 127) << 23u);
}
`;
