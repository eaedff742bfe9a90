/**
 * A static kernel in WGSL: static_value(a) and static_slope(a) with a = ⟨x, y⟩ or |x − y|², and the argument itself at two
 * points of the kernel's x and y buffers. Needs `elementary` and the pass.
 */
import { specialFunctions } from "../shared/special.wgsl.js";

/** A static kernel as kernels over pairs take it. */
export interface StaticKernelCode {
  /** Whether its argument a is |x − y|² or ⟨x, y⟩. */
  readonly argument: "distance" | "inner";
  /** Whether it is scale · ⟨x, y⟩, of which increments are products of differences; the scale is parameter x. */
  readonly linear: boolean;
  /** Bodies of the functions of `a` that give the kernel and its derivative, with parameters in `run.parameters`. */
  readonly value: string;
  readonly slope: string;
}

export function staticKernel(kernel: StaticKernelCode, channels: number): string {
  const text = staticFunctions(kernel, channels);
  return specialFunctions(text) + text;
}

const staticFunctions = ({ argument, value, slope }: StaticKernelCode, channels: number): string => /* wgsl */ `
fn static_value(a: f32) -> f32 {
${value}
}

fn static_slope(a: f32) -> f32 {
${slope}
}

fn static_argument(xv: u32, yv: u32) -> f32 {
  var sum = 0.0f;
  for (var c = 0u; c < ${channels}u; c++) {
    ${
      argument === "inner"
        ? `sum += x[xv * ${channels}u + c] * y[yv * ${channels}u + c];`
        : `let d = x[xv * ${channels}u + c] - y[yv * ${channels}u + c];
    sum += d * d;`
    }
  }
  return sum;
}
`;
