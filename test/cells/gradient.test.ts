/** Derivatives of the library's cells against finite differences, with events and switches in every path. */
import { expect, it } from "vitest";
import { definitions } from "../../src/cells/library.js";
import { libraryCell } from "../../src/network/network.js";
import { expectGradient } from "../support/gradient.js";
import { libraryNetworks } from "../support/library.js";

it("all cells of the library are tried", () => {
  expect(libraryNetworks.map(([name]) => name).sort()).toEqual(definitions.map((d) => d.name).sort());
});

it.each(libraryNetworks)("%s", async (name, network, solve) => {
  const cell = await libraryCell(name);
  const spikes = expectGradient({ ...network, cell }, "levy", solve, name === "adex" ? 1e-6 : undefined);
  // Of a path that ends at its first spike there is one.
  expect(spikes).toBeGreaterThanOrEqual(name === "barrier-option" ? 2 : 6);
});
