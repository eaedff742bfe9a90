/**
 * NIR: files as its own Python writes them become networks, and come back; spikes of imported networks where closed forms say; and
 * what would come out as something else is refused. The graphs of the paper (Pedersen et al. 2024, tasks 1 and 3) are rebuilt from
 * their description.
 */
import { describe, expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { readNir, writeNir } from "../../src/files/nir.js";
import type { NetworkDefinition } from "../../src/network/network.js";
import { chain, input, type NodeOf, nirFile, output } from "../support/nir.js";

const fill = (n: number, value: number): number[] => Array<number>(n).fill(value);
const lif = (n: number, change: Record<string, number[]> = {}): NodeOf => ({
  type: "LIF",
  tau: fill(n, 0.01),
  r: fill(n, 2),
  v_leak: fill(n, 0),
  v_threshold: fill(n, 1),
  v_reset: fill(n, 0),
  ...change,
});
const cuba = (n: number): NodeOf => ({
  type: "CubaLIF",
  tau_syn: fill(n, 0.005),
  tau_mem: fill(n, 0.02),
  r: fill(n, 3),
  v_leak: fill(n, 0),
  v_threshold: fill(n, 1),
  v_reset: fill(n, -0.5),
  w_in: fill(n, 0.5),
});
const linear = (weight: number[][]): NodeOf => ({ type: "Linear", weight });
const affine = (weight: number[][], bias: number[]): NodeOf => ({ type: "Affine", weight, bias });

/** Spike times and neurons of the float64 twin, whose source 0, if there is one, spikes at the times given. */
async function spikesOf(
  definition: NetworkDefinition,
  { t1, dt, input: given }: { t1: number; dt: number; input?: number[] },
): Promise<[number, number][]> {
  const engine = await Engine.create({ backend: "cpu" });
  const spikes = given && [{ times: given, sources: given.map(() => 0) }];
  try {
    const network = engine.network(definition);
    const simulated = await network.simulate({ t1, dt, ...(spikes ? { samples: { spikes } } : { paths: 1 }) });
    const { times, neurons, counts } = await simulated.read();
    return Array.from(times.slice(0, counts[0]), (t, i) => [t, neurons[i]!]);
  } finally {
    engine.dispose();
  }
}

describe("reading", () => {
  it("takes the single LIF of task 1, with what the file leaves open", async () => {
    const { v_reset: _, ...norse } = lif(1, { tau: [0.0025], r: [1], v_threshold: [0.1] });
    const bytes = await nirFile(
      { "0": affine([[1]], [0]), "1": norse as NodeOf, input: input(1), output: output(1) },
      chain("input", "0", "1", "output"),
    );
    const read = await readNir(bytes);
    expect(read.definition).toMatchObject({
      populations: {
        input: { sources: 1 },
        n1: { neurons: 1, parameters: { tau: 0.0025, r: 1, vLeak: 0, vTh: 0.1, vReset: 0 } },
      },
      projections: [{ from: "input", to: "n1", weights: { dense: [[1]] } }],
    });
    expect(read.nodes).toEqual({ input: "input", n1: "1" });
    expect(read.outputs).toEqual(["n1"]);
    expect(read.warnings).toEqual([
      expect.stringMatching(/^LIF "1" has no v_reset, which is 0 then/),
      expect.stringMatching(/^a spike is a Dirac delta of area 1 s/),
      expect.stringMatching(/^an Input is a population of sources/),
    ]);
    const trained = await readNir(bytes, { spikeArea: 1e-4 });
    expect(trained.definition.populations.n1).toMatchObject({ parameters: { area: 1e-4 } });
    expect(trained.warnings).toHaveLength(2);
  });

  it("takes the recurrent network of task 3, its graph within a graph too", async () => {
    const recurrent = [
      [0.5, -1],
      [0.25, 0],
    ];
    const into = [
      [1, 2, 3],
      [4, 5, 6],
    ];
    const nodes = {
      input: input(3),
      fc1: affine(into, [0.1, -0.2]),
      fc2: linear([[7, 8]]),
      lif2: cuba(1),
      output: output(1),
    };
    const flat = await nirFile({ ...nodes, "lif1.lif": cuba(2), "lif1.w_rec": affine(recurrent, [1, 1]) }, [
      ...chain("input", "fc1", "lif1.lif", "fc2", "lif2", "output"),
      ...chain("lif1.lif", "lif1.w_rec", "lif1.lif"),
    ]);
    const { definition } = await readNir(flat);
    expect(definition.projections).toEqual([
      // Rows are of senders here, of targets there.
      {
        from: "input",
        to: "lif1_lif",
        weights: {
          dense: [
            [1, 4],
            [2, 5],
            [3, 6],
          ],
        },
      },
      {
        from: "lif1_lif",
        to: "lif1_lif",
        weights: {
          dense: [
            [0.5, 0.25],
            [-1, 0],
          ],
        },
      },
      { from: "lif1_lif", to: "lif2", weights: { dense: [[7], [8]] } },
    ]);
    // What both Affines add.
    expect(definition.populations.lif1_lif).toMatchObject({
      neurons: 2,
      parameters: { bias: [1.1, 0.8], vReset: -0.5 },
    });
    const inner: NodeOf = {
      type: "NIRGraph",
      nodes: { input: input(2), lif: cuba(2), w_rec: affine(recurrent, [1, 1]), output: output(2) },
      edges: [...chain("input", "lif", "output"), ...chain("lif", "w_rec", "lif")],
    };
    const nested = await readNir(
      await nirFile({ ...nodes, lif1: inner }, chain("input", "fc1", "lif1", "fc2", "lif2", "output")),
    );
    expect(nested.definition).toEqual(definition);
    expect(nested.nodes).toEqual({ input: "input", lif1_lif: "lif1.lif", lif2: "lif2" });
  });

  it("adds up maps and delays along a chain", async () => {
    const { definition } = await readNir(
      await nirFile(
        {
          input: input(2),
          early: { type: "Delay", delay: [0.001, 0.002] },
          halved: { type: "Scale", scale: [0.5, 2] },
          mixed: affine(
            [
              [1, 2],
              [3, 4],
            ],
            [1, 0],
          ),
          more: linear([[1, 1]]),
          late: { type: "Delay", delay: [0.01] },
          lif: lif(1),
          direct: lif(1),
          output: output(1),
        },
        [
          ...chain("input", "early", "halved", "mixed", "more", "late", "lif", "output"),
          ...chain("lif", "direct", "output"),
        ],
      ),
    );
    const [fromInput, straight] = definition.projections;
    // [1, 1] · [[1, 2], [3, 4]] · diag(0.5, 2)
    expect(fromInput).toMatchObject({ weights: { dense: [[2], [12]] } });
    expect((fromInput!.delays as number[][]).flat()).toEqual([expect.closeTo(0.011, 15), expect.closeTo(0.012, 15)]);
    expect(straight).toEqual({ from: "lif", to: "direct", weights: { oneToOne: 1 } });
    expect(definition.populations.lif).toMatchObject({ parameters: { bias: 1 } });
  });

  const refusals: [string, Record<string, NodeOf>, [string, string][], string][] = [
    [
      "a node it does not know",
      { a: { type: "Conv2d" }, b: lif(1) },
      chain("a", "b"),
      'holds "a" of type "Conv2d", which is not read',
    ],
    [
      "an edge to nowhere",
      { a: input(1), b: lif(1) },
      chain("a", "c"),
      'holds an edge "a" → "c", and no node "c" in "node": "a", "b"',
    ],
    [
      "sizes that do not fit",
      { a: input(2), b: linear([[1]]), c: lif(1) },
      chain("a", "b", "c"),
      'holds Linear "b" of 1 values, to which 2 come',
    ],
    [
      "more than there are neurons",
      { a: input(2), b: lif(1) },
      chain("a", "b"),
      'holds edges that bring 2 values to the 1 neurons of "b"',
    ],
    [
      "a reset above the threshold",
      { a: lif(1, { v_reset: [1] }) },
      [],
      'holds LIF "a", whose v_reset[0] = 1 is not below v_threshold',
    ],
    ["no time constant", { a: lif(1, { tau: [0] }) }, [], 'holds LIF "a", whose tau[0] is 0, not above 0'],
    ["what is no number", { a: lif(1, { r: [Number.NaN] }) }, [], 'holds LIF "a", whose r[0] is NaN'],
    ["parameters of other neurons", { a: lif(2, { tau: [1] }) }, [], 'holds LIF "a" with 1 values of tau and 2 of r'],
    ["a missing parameter", { a: { type: "LI", r: [1], tau: [1] } }, [], 'holds LI "a" without v_leak'],
    [
      "voltages that are sent",
      { a: { type: "LI", r: [1], tau: [1], v_leak: [0] }, b: lif(1) },
      chain("a", "b"),
      'an edge "a" → "b": LI sends no spikes',
    ],
    [
      "maps in a circle",
      { a: linear([[1]]), b: linear([[1]]), c: lif(1) },
      [...chain("a", "b", "a"), ["a", "c"]],
      "holds a circle of maps without a neuron",
    ],
    [
      "maps before an Output",
      { a: lif(1), b: linear([[1]]), c: output(1) },
      chain("a", "b", "c"),
      'holds Linear "b" before the Output "c", where a neuron is wanted, such as LI',
    ],
    ["no neuron", { a: input(1), b: output(1) }, chain("a", "b"), "holds no neurons; known: LIF, LI, CubaLIF"],
    [
      "a delay below 0",
      { a: input(1), b: { type: "Delay", delay: [-1] }, c: lif(1) },
      chain("a", "b", "c"),
      'holds Delay "b", whose delay[0] is -1',
    ],
    [
      "delays between maps",
      { a: input(1), b: linear([[1], [1]]), c: { type: "Delay", delay: [1, 2] }, d: linear([[1, 1]]), e: lif(1) },
      chain("a", "b", "c", "d", "e"),
      'holds delays that differ between two maps, before "d"',
    ],
  ];
  it.each(refusals)("refuses %s", async (_, nodes, edges, message) => {
    await expect(readNir(await nirFile(nodes, edges))).rejects.toThrow(message);
  });

  it("refuses other files", async () => {
    await expect(readNir(new Uint8Array(100))).rejects.toThrow("file: the file is an HDF5 file that is damaged");
    const { makeNwb } = await import("../support/hdf5.js");
    await expect(readNir(await makeNwb())).rejects.toThrow(
      "file: the file is no NIR file: it has no node of type NIRGraph",
    );
  });
});

describe("an imported network", () => {
  it("of LIF spikes where its closed form says", async () => {
    const bytes = await nirFile(
      {
        input: input(1),
        drive: affine([[8]], [0.8]),
        lif: lif(1, { v_leak: [0.1], v_reset: [-0.3] }),
        output: output(1),
      },
      chain("input", "drive", "lif", "output"),
    );
    const { definition } = await readNir(bytes, { spikeArea: 1 });
    const spikes = await spikesOf(definition, { t1: 0.1, dt: 2.5e-4, input: [] });
    // v relaxes from v_reset to v_leak + R b = 1.7 and fires at 1.
    const interval = 0.01 * Math.log((1.7 + 0.3) / (1.7 - 1));
    expect(spikes).toHaveLength(Math.floor(0.1 / interval));
    // Runge-Kutta of order 4 with tau / dt = 40: (dt / tau)^4 / 120 of an interval each, added up.
    spikes.forEach(([t], n) => {
      expect(Math.abs(t / ((n + 1) * interval) - 1)).toBeLessThan(1e-8);
    });
    // A spike of weight w and area a lifts v by R a w / tau: here from below to above the threshold, at once.
    const jolted = await readNir(bytes, { spikeArea: 1e-3 });
    const [first] = await spikesOf(jolted.definition, { t1: 0.02, dt: 2.5e-4, input: [0.005] });
    const before = 1.7 - 2 * Math.exp(-0.5);
    expect(before).toBeLessThan(1);
    expect(before + (2 * 1e-3 * 8) / 0.01).toBeGreaterThan(1);
    expect(first![0]).toBeCloseTo(0.005, 12);
  });

  it("of CubaLIF spikes where its synapse says, and sends along a delay", async () => {
    const nodes = {
      input: input(1),
      into: { type: "Scale", scale: [3] },
      a: cuba(1),
      late: { type: "Delay", delay: [0.004] },
      strong: linear([[9]]),
      b: cuba(1),
      output: output(1),
    };
    const bytes = await nirFile(nodes, chain("input", "into", "a", "strong", "late", "b", "output"));
    const { definition } = await readNir(bytes, { spikeArea: 0.01 });
    const spikes = await spikesOf(definition, { t1: 0.015, dt: 1e-4, input: [0.002] });
    // I = j exp(-t / tau_syn) after an arrival, with j = w_in a w / tau_syn; v comes back from v_reset = -0.5 meanwhile.
    const crossing = (arrival: number, weight: number): number => {
      const [s, m, r] = [0.005, 0.02, 3];
      const j = (0.5 * 0.01 * weight) / s;
      const v = (t: number): number =>
        -0.5 * Math.exp(-(t + arrival) / m) + ((r * j * s) / (m - s)) * (Math.exp(-t / m) - Math.exp(-t / s));
      let [low, high] = [0, 0.007]; // v rises there
      expect(v(high)).toBeGreaterThan(1);
      for (let n = 0; n < 60; n++) {
        const middle = (low + high) / 2;
        if (v(middle) < 1) low = middle;
        else high = middle;
      }
      return arrival + low;
    };
    const first = crossing(0.002, 3);
    expect(spikes.map(([, neuron]) => neuron).slice(0, 2)).toEqual([0, 1]);
    // Order 4 with tau_syn / dt = 50.
    expect(Math.abs(spikes[0]![0] - first)).toBeLessThan(1e-10);
    expect(Math.abs(spikes[1]![0] - crossing(first + 0.004, 9))).toBeLessThan(1e-10);
  });
});

describe("writing", () => {
  const layered = async (): Promise<Uint8Array> =>
    nirFile(
      {
        in: input(2),
        w1: affine(
          [
            [1, 2],
            [3, 4],
            [5, 6],
          ],
          [0.5, 0, -0.5],
        ),
        hidden: cuba(3),
        rec: linear([
          [0, 1, 0],
          [0, 0, 1],
          [1, 0, 0],
        ]),
        w2: linear([[1, -1, 0.5]]),
        late: { type: "Delay", delay: [0.002] },
        last: cuba(1),
        out: output(1),
      },
      [...chain("in", "w1", "hidden", "w2", "late", "last", "out"), ...chain("hidden", "rec", "hidden")],
    );

  it("gives back what was read", async () => {
    const read = await readNir(await layered(), { spikeArea: 1e-3 });
    const { bytes, warnings } = await writeNir(read.definition);
    expect(warnings).toEqual([]);
    const again = await readNir(bytes, { spikeArea: 1e-3 });
    expect(again.definition).toEqual(read.definition);
    expect(again.outputs).toEqual(["last"]);
  });

  it("puts a constant where its equations have a place, and delays where channels have them", async () => {
    const { definition } = await readNir(await nirFile({ a: lif(2), b: lif(2) }, chain("a", "b")));
    const { a, b } = definition.populations as Record<string, { parameters: Record<string, unknown> }>;
    a!.parameters.bias = [0.25, 0.5];
    b!.parameters.bias = 1;
    const [projection] = definition.projections;
    projection!.delays = [0.001, 0.002];
    const again = await readNir((await writeNir(definition)).bytes);
    // R b moves to v_leak where nothing arrives; else an Affine has it.
    expect(again.definition.populations).toMatchObject({
      a: { parameters: { vLeak: [0.5, 1] } },
      b: { parameters: { vLeak: 0, bias: 1 } },
    });
    const { weights, delays } = again.definition.projections[0]!;
    expect(weights).toEqual({
      dense: [
        [1, 0],
        [0, 1],
      ],
    });
    expect(delays).toEqual([
      [0.001, 0.001],
      [0.002, 0.002],
    ]);
  });

  it("takes slif for CubaLIF, and tells what is lost", async () => {
    const { bytes, warnings } = await writeNir({
      layers: [2, 1],
      current: 1.5,
      parameters: { mu1: 10, mu2: [5, 5, 4], sigma1: 0.3, vTh: 1, vReset: 1.4 },
      weights: { layers: [[[0.5], [0.25]]] },
    });
    expect(warnings).toEqual([
      'the hazard of "neurons" (slif) becomes a threshold at vTh: beta, tauS and alpha are lost',
      'the noise of "neurons" (slif) is lost: sigma1, sigma2',
    ]);
    const { definition } = await readNir(bytes);
    expect(definition.populations.neurons).toMatchObject({
      neurons: 3,
      parameters: {
        tauMem: 0.1,
        tauSyn: [0.2, 0.2, 0.25],
        wIn: [0.2, 0.2, 0.25],
        vLeak: 1.5,
        vTh: 1,
        vReset: expect.closeTo(-0.4, 12),
      },
    });
    const cell = definition.populations as Record<string, object>;
    const single = { ...cell.neurons, neurons: 1, parameters: { tauMem: 0.1, vLeak: 1.5, vTh: 1, vReset: -0.4 } };
    const spikes = await spikesOf({ populations: { single } } as NetworkDefinition, { t1: 0.3, dt: 2.5e-3 });
    // From v_reset, where slif would begin at v0 = 0.
    expect(spikes[0]![0]).toBeCloseTo(0.1 * Math.log(1.9 / 0.5), 7);
  });

  it("refuses what NIR cannot say", async () => {
    const { definition } = await readNir(await nirFile({ a: lif(2), b: lif(2) }, chain("a", "b")));
    const refused = (change: Partial<NetworkDefinition>, message: string) =>
      expect(writeNir({ ...definition, ...change })).rejects.toThrow(message);
    await refused(
      {
        projections: [
          {
            from: "a",
            to: "b",
            weights: {
              dense: [
                [1, 2],
                [3, 4],
              ],
            },
            delays: [
              [1, 2],
              [3, 4],
            ],
          },
        ],
      },
      "network.projections: a → b has delays of its connections, and NIR delays channels",
    );
    await expect(writeNir(definition, { outputs: ["c"] })).rejects.toThrow(
      'outputs: no population of neurons is called "c"',
    );
    await expect(
      writeNir({ cell: { ...(definition.populations.a as { cell: object }).cell, name: "other" } as never }),
    ).rejects.toThrow('network.populations.neurons.cell: "other" is no neuron of NIR');
    const cubaAlone = (await readNir(await nirFile({ a: cuba(1) }, []))).definition;
    (cubaAlone.populations.a as { parameters: Record<string, number> }).parameters.bias = 1;
    await expect(writeNir(cubaAlone)).rejects.toThrow(
      "network.populations.a.parameters.bias: is a constant that NIR has in an Affine alone",
    );
  });
});
