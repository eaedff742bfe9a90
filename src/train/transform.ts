/**
 * Constraints of parameters as named transforms: the optimiser moves an unconstrained coordinate x, and the parameter is
 * a smooth, growing function of it. Gradients follow by the chain rule.
 */

export type TransformName = "none" | "softplus" | "exp" | "sigmoid";

export interface Transform {
  readonly name: TransformName;
  /** The values that the parameter can come close to: −∞ to ∞, 0 to ∞, or the bounds. */
  readonly lower: number;
  readonly upper: number;
  /** x → parameter. */
  value(x: number): number;
  /** Derivative of `value`. */
  derivative(x: number): number;
  /** Parameter, strictly between lower and upper → x. */
  inverse(value: number): number;
}

const identity: Transform = {
  name: "none",
  lower: -Infinity,
  upper: Infinity,
  value: (x) => x,
  derivative: () => 1,
  inverse: (value) => value,
};

/** log(1 + eˣ): positive, and for large values near the identity. */
const softplus: Transform = {
  name: "softplus",
  lower: 0,
  upper: Infinity,
  value: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  derivative: (x) => 1 / (1 + Math.exp(-x)),
  inverse: (value) => value + Math.log(-Math.expm1(-value)),
};

/** eˣ: positive; steps are relative to the parameter's size. */
const exponential: Transform = {
  name: "exp",
  lower: 0,
  upper: Infinity,
  value: Math.exp,
  derivative: Math.exp,
  inverse: Math.log,
};

/** lower + (upper − lower) / (1 + e⁻ˣ), from the nearer bound so that no digits cancel. */
function sigmoid(lower: number, upper: number): Transform {
  const width = upper - lower;
  return {
    name: "sigmoid",
    lower,
    upper,
    value(x) {
      const e = Math.exp(-Math.abs(x));
      const part = (width * e) / (1 + e);
      return x < 0 ? lower + part : upper - part;
    },
    derivative(x) {
      const e = Math.exp(-Math.abs(x));
      return (width * e) / (1 + e) ** 2;
    },
    inverse: (value) => Math.log((value - lower) / (upper - value)),
  };
}

/** @param bounds of a sigmoid. */
export function transformOf(name: TransformName, bounds?: readonly [number, number]): Transform {
  switch (name) {
    case "none":
      return identity;
    case "softplus":
      return softplus;
    case "exp":
      return exponential;
    case "sigmoid":
      return sigmoid(bounds![0], bounds![1]);
  }
}
