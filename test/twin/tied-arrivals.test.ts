/** Spikes that delays alone bring together are told where their order matters, and not elsewhere. */
import { expect, it } from "vitest";
import { Engine } from "../../src/engine.js";

const cpu = await Engine.create({ backend: "cpu" });

async function told(receive: Record<string, unknown>, late: number, delays = [0.2, 0.1]): Promise<readonly string[]> {
  const cell = {
    name: "target",
    state: { v: "1.2 - v + 0.1 * i", i: "-i" },
    event: "v - 5",
    reset: { v: "0" },
    receive,
    parameters: {},
  };
  const at = (port: string) => ("scales" in receive ? { port } : {});
  const network = cpu.network({
    populations: { a: { sources: 1 }, b: { sources: 1 }, n: { cell: cell as never, neurons: 1 } },
    projections: [
      { from: "a", to: "n", weights: { allToAll: 0.5 }, delays: delays[0]!, ...at("adds") },
      { from: "b", to: "n", weights: { allToAll: 2 }, delays: delays[1]!, ...at("scales") },
    ],
  });
  // 0.1 + 0.2 is above 0.3 in float64, and 0.2 + 0.1 the same.
  const spikes = [
    { times: [], sources: [] },
    { times: [0.1, late], sources: [0, 1] },
  ];
  const { warnings } = await network.simulate({ t1: 1, dt: 0.05, samples: { spikes } });
  return (warnings ?? []).filter((line) => line.startsWith("samples.spikes"));
}

it("tells of spikes that delays bring together", async () => {
  const ordered = { adds: { i: "i + w" }, scales: { i: "i * w" } };
  expect(await told(ordered, 0.2)).toEqual([
    expect.stringMatching(
      /at 0\.1 and at 0\.2 \(sample 1\) delays bring to neuron 0 at one time, 0\.3: .* do not commute/,
    ),
  ]);
  expect(await told({ v: "v + w" }, 0.2)).toEqual([expect.stringContaining("the first may set off an event")]);
  // Jumps that commute; arrivals that do not meet; one time, of which the number of the source says the order.
  expect(await told({ i: "i + w" }, 0.2)).toEqual([]);
  expect(await told(ordered, 0.21)).toEqual([]);
  expect(await told(ordered, 0.1, [0.2, 0.2])).toEqual([]);
});
