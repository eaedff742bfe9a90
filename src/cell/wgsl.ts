/** WGSL as a language of the emitter; `sal_…` functions are those of shaders/shared/elementary and special. */
import { fail } from "../checks.js";
import { infix, type Language } from "./emitter.js";
import { inputNames, type Node, reachable } from "./graph.js";
import { isUniform } from "./random.js";

/** A float32 literal. @throws SaltationError for a number beyond float32. */
function float32Literal(value: number): string {
  const f = Math.fround(value);
  if (!Number.isFinite(f)) {
    fail("cell", `the number ${value} in its equations does not fit a 32-bit float; rescale it`);
  }
  const text = String(f);
  return `${/[.e]/.test(text) ? text : `${text}.0`}f`;
}

/** A power; as little of it as base and exponent ask for, as it is long. */
function power([base, exponent]: readonly [Node, Node], a: string, b: string): string {
  if (base.op === "constant" && base.value > 0) return `sal_exp(${b} * sal_log(${a}))`;
  if (exponent.op !== "constant") return `sal_pow(${a}, ${b})`;
  if (!Number.isInteger(exponent.value)) return `sal_exp(${b} * sal_log_of(${a}))`;
  const size = `sal_exp(${b} * sal_log_of(abs(${a})))`;
  return exponent.value % 2 === 0 ? size : `sign(${a}) * ${size}`;
}

/** Whether an expression may be no number where its inputs are: by a root, a logarithm, a power or a quotient. */
const mayBeNaN = (root: Node): boolean =>
  reachable([root]).some(
    ({ op, args }) =>
      op === "log" ||
      op === "sqrt" ||
      op === "pow" ||
      (op === "div" && [...inputNames([args[1]!])].some((name) => !name.startsWith("p."))),
  );

export const wgsl: Language = {
  readsFirst: false,
  literal: float32Literal,
  let: (name, value) => `  let ${name} = ${value};`,
  operation: (op, a, args) => {
    if (infix[op]) return `${a[0]} ${infix[op]} ${a[1]}`;
    switch (op) {
      case "neg":
        return `-(${a[0]})`;
      case "log":
        // A uniform u is above 0.
        return isUniform(args[0]!.name) ? `sal_log(${a[0]})` : `sal_log_of(${a[0]})`;
      case "pow":
        return power(args as [Node, Node], a[0]!, a[1]!);
      case "select":
        return `select(${a[3]}, ${a[2]}, ${a[0]} < ${a[1]})`;
      case "gate":
        return `select(${a[1]}, 0.0f, ${a[0]} == 0.0f)`;
      case "min":
      case "max":
        return `${args.some(mayBeNaN) ? "sal_" : ""}${op}(${a.join(", ")})`;
      case "abs":
      case "floor":
        return `${op}(${a[0]})`;
      default:
        return `sal_${op}(${a.join(", ")})`;
    }
  },
};
