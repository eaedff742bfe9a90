/**
 * A method that is not offered, as a row of the table. What reads the table must be imported after. Files in Node share modules: those
 * of a file that imports this are its own. A page's are, and there this must be done before it waits for anything: what is imported
 * after it does not wait with it.
 */
import { afterAll, vi } from "vitest";
import { type Tableau, tableaux } from "../../shaders/substep/tableau.js";

const add = (table: object): void => {
  const heun: Tableau = { order: 2, nodes: [0, 1], weights: [1, 1], driver: "line" };
  Object.assign(table, { heun });
};

if (typeof document === "undefined") {
  vi.resetModules();
  afterAll(() => void vi.resetModules());
  await import("./deno.js"); // what it sets is set in the modules of before
  add((await import("../../shaders/substep/tableau.js")).tableaux);
} else add(tableaux);
