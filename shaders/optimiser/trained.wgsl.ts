/**
 * What the kernels of an update share: the trained entries, and the transforms of their constraints.
 *
 * State is [row][entry]: the unconstrained coordinate x in two float32 (what the nearest float32 of x leaves out is in
 * the low row: steps far below the last digit of x must add up over a run), three accumulators, the parameter's value.
 */
import { elementary } from "../shared/elementary.wgsl.js";

export const stateRows = { unconstrained: 0, low: 1, accumulators: 2, value: 5, count: 6 } as const;

/** Numbers of the transforms in an entry. */
export const transformCodes = { none: 0, softplus: 1, exp: 2, sigmoid: 3 } as const;

/** 32-bit words of an entry. */
export const entryWords = 6;

export const trained = /* wgsl */ `
${elementary}
struct Entry {
  gradient: u32, // place in the gradient
  theta: u32,    // place among all parameters
  transform: u32,
  lower: f32,
  upper: f32,
  positive: u32, // whether its cell wants it above 0
}

// 1 / (1 + e^-x), given e^-|x|.
fn logistic(x: f32, e: f32) -> f32 { return select(e, 1.0f, x >= 0.0f) / (1.0f + e); }

// e^-|hi + low|: low is far below 1.
fn decay(hi: f32, low: f32) -> f32 { return sal_exp(-abs(hi)) * (1.0f + select(low, -low, hi >= 0.0f)); }

// log(1 + e) for e in [0, 1], by 2 atanh(e / (2 + e)): keeps its digits where e is small; relative error 1e-7.
fn log_one_plus(e: f32) -> f32 {
  let s = e / (2.0f + e);
  let z = s * s;
  let p = 0.33333333f + z * (0.2f + z * (0.14285714f + z * (0.11111111f + z * (0.09090909f + z * 0.0851f))));
  return 2.0f * (s + s * z * p);
}

// The parameter at x = hi + low.
fn parameter_at(entry: Entry, hi: f32, low: f32) -> f32 {
  switch (entry.transform) {
    case 1u: { return max(hi, 0.0f) + (select(0.0f, low, hi >= 0.0f) + log_one_plus(decay(hi, low))); }
    case 2u: { return sal_exp(hi) * (1.0f + low); }
    case 3u: {
      let e = decay(hi, low);
      let part = (entry.upper - entry.lower) * e / (1.0f + e);
      return select(entry.lower + part, entry.upper - part, hi >= 0.0f);
    }
    default: { return hi; }
  }
}

// Its derivative.
fn parameter_slope(entry: Entry, hi: f32, low: f32) -> f32 {
  switch (entry.transform) {
    case 1u: { return logistic(hi, decay(hi, low)); }
    case 2u: { return sal_exp(hi) * (1.0f + low); }
    case 3u: {
      let e = decay(hi, low);
      return (entry.upper - entry.lower) * (e / (1.0f + e)) / (1.0f + e);
    }
    default: { return 1.0f; }
  }
}
`;
