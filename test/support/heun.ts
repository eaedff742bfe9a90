/**
 * A method that is not offered, as a row of the table. What reads the table must be imported after. Files in Node share modules: those
 * of a file that imports this are its own.
 */
import { afterAll, vi } from "vitest";
import type { Tableau } from "../../shaders/substep/tableau.js";

const shared = typeof document === "undefined";
if (shared) {
  vi.resetModules();
  afterAll(() => void vi.resetModules());
}
const { tableaux } = await import("../../shaders/substep/tableau.js");
(tableaux as Record<string, Tableau>).heun = { order: 2, nodes: [0, 1], weights: [1, 1], driver: "line" };
