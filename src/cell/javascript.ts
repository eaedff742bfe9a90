/** JavaScript in float64 as a language of the emitter: operators, `Math`, and the `erf` of graph.ts. */
import { infix, type Language } from "./emitter.js";

export const javascript: Language = {
  readsFirst: true,
  literal: (value) => (value < 0 ? `(${value})` : String(value)),
  let: (name, value) => `const ${name} = ${value};`,
  operation: (op, a) => {
    if (infix[op]) return `${a[0]} ${infix[op]} ${a[1]}`;
    switch (op) {
      case "neg":
        return `-${a[0]}`;
      case "select":
        return `${a[0]} < ${a[1]} ? ${a[2]} : ${a[3]}`;
      case "softplus":
        return `Math.max(${a[0]}, 0) + Math.log1p(Math.exp(-Math.abs(${a[0]})))`;
      case "logsum":
        return `Math.max(${a.join(", ")}) + Math.log1p(Math.exp(-Math.abs(${a[0]} - ${a[1]})))`;
      case "erf":
        return `erf(${a[0]})`;
      case "gate":
        return `${a[0]} === 0 ? 0 : ${a[1]}`;
      default:
        return `Math.${op}(${a.join(", ")})`;
    }
  },
};
