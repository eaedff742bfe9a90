/** What a dispatch of a solver's kernel is told, as fields of its uniform: here what several of them share. */

/** Of all: functions of the solver (solver.wgsl.ts) read them too. */
export const runFields = {
  /** Paths of this chunk, and row length of every per-path table. */
  paths: "u32",
  /** The path whose random numbers the first has. */
  firstPath: "u32",
  /** Number of the first among all paths of the plan. */
  firstOfAll: "u32",
  /** Of the time grid. */
  steps: "u32",
  seed: "u32",
  /** Grid steps of a sample of the input current. */
  stepsPerSample: "u32",
  dt: "f32",
  invDt: "f32",
  invSqrtDt: "f32",
} as const;

/** Of those whose dispatch is a window of grid steps. */
export const windowFields = { ...runFields, stepBegin: "u32", stepEnd: "u32" } as const;

/** Of those of networks. */
export const networkRunFields = {
  ...windowFields,
  /** Input spike at or after the window's begin. */
  firstArrival: "u32",
  /** A path stops at this event; 0: never. */
  maxSpikes: "u32",
} as const;
