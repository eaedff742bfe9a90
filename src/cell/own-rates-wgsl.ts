/** Functions on states some of which go along rates of their own, in WGSL: φ of z, the rate times a length. */
import { phiFunctions, phiSlopeFunctions } from "../../shaders/shared/phi.wgsl.js";
import type { StateStruct } from "./state-struct.js";

/** @param own by state, whether it has a rate: others have the values at z = 0. */
export type OwnRateFunctions = (state: StateStruct, own: readonly boolean[], derivatives: boolean) => string[];

export const ownRateFunctions: OwnRateFunctions = (state, own, derivatives) => {
  const each = (text: (i: number) => string, still: string): string =>
    state.of(own.map((has, i) => (has ? text(i) : still)));
  /** Three states made of what a function gives for each number. */
  const three = (call: (i: number) => string, still: readonly [string, string, string]): string[] => [
    ...own.flatMap((has, i) => (has ? [`  let f${i} = ${call(i)};`] : [])),
    `  return Phis(${(["x", "y", "z"] as const).map((n, k) => each((i) => `f${i}.${n}`, still[k]!)).join(", ")});`,
  ];
  return [
    phiFunctions,
    `fn state_mul(a: State, b: State) -> State { return ${state.of(own.map((_, i) => `a.y${i} * b.y${i}`))}; }`,
    "struct Phis { p1: State, p2: State, p3: State }",
    "fn state_phis(z: State) -> Phis {",
    ...three((i) => `phis(z.y${i})`, ["1.0f", "0.5f", "0.16666667f"]),
    "}",
    ...(derivatives
      ? [
          phiSlopeFunctions,
          "// Derivatives of p, which is state_phis(z); none of what has no rate.",
          "fn state_phi_slopes(z: State, p: Phis) -> Phis {",
          ...three((i) => `phi_slopes(z.y${i}, vec3f(p.p1.y${i}, p.p2.y${i}, p.p3.y${i}))`, ["0.0f", "0.0f", "0.0f"]),
          "}",
        ]
      : []),
    "// Without what has no rate.",
    `fn state_own(y: State) -> State { return ${each((i) => `y.y${i}`, "0.0f")}; }`,
  ];
};
