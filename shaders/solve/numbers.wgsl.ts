/** WGSL of a state, of its numbers. */
export const stateOf = (states: number, number: (s: number) => string): string =>
  `State(${Array.from({ length: states }, (_, s) => number(s)).join(", ")})`;

/** A statement for each number of a state. */
export const eachNumber = (states: number, statement: (s: number) => string): string =>
  Array.from({ length: states }, (_, s) => `  ${statement(s)}`).join("\n");
