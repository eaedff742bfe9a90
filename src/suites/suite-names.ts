/** The suites by name, for those who must not load the engine to list them. */
export const suiteNames = ["forward", "gradient", "signature", "train", "start"] as const;
export type SuiteName = (typeof suiteNames)[number];
