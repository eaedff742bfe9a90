/** The page of the library's cells is what their definitions, docstrings and the bench of orders say. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { cellsPage } from "../../bench/cells.js";

it("docs/cells.md is current (npm run bench -- cells writes it)", () => {
  expect(readFileSync("docs/cells.md", "utf8")).toBe(cellsPage());
});
