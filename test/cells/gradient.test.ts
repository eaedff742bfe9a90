/** Derivatives of the library's cells against finite differences, with events and switches in every path. */
import { expect, it } from "vitest";
import { definitions } from "../../src/cells/library.js";
import { libraryCell } from "../../src/network/network.js";
import { expectGradient } from "../support/gradient.js";
import { plainAdex } from "../support/hybrid.js";
import { libraryNetworks, silentCells } from "../support/library.js";

it("all cells of the library are tried", () => {
  const tried = libraryNetworks.map(([name]) => name).concat(silentCells);
  expect(tried.sort()).toEqual(definitions.map((d) => d.name).sort());
});

it("an upstroke that is cut at levels, and one that turns back", () => {
  // At 11.2 ms the potential is on its way up, some 1.5 e-folds above the first level.
  const inputSpikes = { times: [11.2], neurons: [0], weights: [-9] };
  for (const given of [{}, { inputSpikes }]) {
    const network = { cell: plainAdex, current: 1000, ...given };
    expect(expectGradient(network, "levy", { t1: 45, dt: 0.1 }).spikes).toBeGreaterThan(6);
  }
});

it.each(libraryNetworks)("%s", async (name, network, solve) => {
  const cell = await libraryCell(name);
  const { spikes } = expectGradient({ ...network, cell }, "levy", solve, name === "adex" ? 1e-6 : undefined);
  // Of a path that ends at its first spike there is one.
  expect(spikes).toBeGreaterThanOrEqual(name === "barrier-option" ? 2 : 6);
});
