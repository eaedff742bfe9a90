/**
 * NIR's neurons as cells. A spike is a Dirac delta of area `area`, so that an input current I with
 * τ I′ = −I + w_in S jumps by w_in · area · w / τ, and an input that a Linear or Affine sends into v jumps v by R · area · w / τ. What an
 * Affine adds is a constant, `bias`. All in seconds.
 */
import type { CellDefinition } from "../cell/cell.js";

export interface NirUnit {
  readonly type: string;
  readonly cell: CellDefinition;
  /** NIR's name of each parameter, and the cell's. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Parameters that a file may leave out, by NIR's names, with their values then. */
  readonly optional: Readonly<Record<string, number>>;
  /** Whether it sends spikes; else its voltage is read at an Output. */
  readonly spikes: boolean;
}

const membrane = { r: "r", v_leak: "vLeak" };
const threshold = { v_threshold: "vTh", v_reset: "vReset" };
const synapse = { tau_syn: "tauSyn", tau_mem: "tauMem", w_in: "wIn" };

/** What all cells take beside NIR's parameters. */
const further = { bias: 0, area: 1 };

/** NIR has no initial states: a neuron begins as after a spike, which is always below its threshold. */
const spiking: Partial<CellDefinition> = { event: "v - vTh", reset: { v: "vReset" }, start: { v: "vReset" } };

const direct = {
  state: { v: "(vLeak - v + r * bias) / tau" },
  receive: { v: "v + r * area * w / tau" },
} satisfies Partial<CellDefinition>;

const synaptic = {
  state: { v: "(vLeak - v + r * i) / tauMem", i: "(wIn * bias - i) / tauSyn" },
  receive: { i: "i + wIn * area * w / tauSyn" },
} satisfies Partial<CellDefinition>;

/** An integrator without a leak. */
const integrating = {
  state: { v: "r * bias" },
  receive: { v: "v + r * area * w" },
} satisfies Partial<CellDefinition>;

const ones = { r: 1, vLeak: 0, vTh: 1, vReset: 0, tau: 0.01, tauSyn: 0.005, tauMem: 0.01, wIn: 1 };

function unit(
  type: string,
  equations: Pick<CellDefinition, "state"> & Partial<CellDefinition>,
  names: Readonly<Record<string, string>>,
): NirUnit {
  const spikes = "v_threshold" in names;
  const of = Object.values(names);
  const positive = [...of.filter((name) => name.startsWith("tau")), "area"];
  return {
    type,
    parameters: names,
    optional: { ...(spikes ? { v_reset: 0 } : {}), ...("w_in" in names ? { w_in: 1 } : {}) },
    spikes,
    cell: {
      name: `nir-${type.toLowerCase()}`,
      ...equations,
      // A cell that is only read has an event that never happens, and begins at rest.
      ...(spikes ? spiking : { event: "-1", ...("v_leak" in names ? { start: { v: "vLeak" } } : {}) }),
      parameters: { ...Object.fromEntries(of.map((name) => [name, ones[name as keyof typeof ones]])), ...further },
      positive,
    },
  };
}

const units = [
  unit("LIF", direct, { tau: "tau", ...membrane, ...threshold }),
  unit("LI", direct, { tau: "tau", ...membrane }),
  unit("CubaLIF", synaptic, { ...synapse, ...membrane, ...threshold }),
  unit("CubaLI", synaptic, { ...synapse, ...membrane }),
  unit("IF", integrating, { r: "r", ...threshold }),
  unit("I", integrating, { r: "r" }),
];

/** NIR's neurons by type. */
export const nirUnits: ReadonlyMap<string, NirUnit> = new Map(units.map((u) => [u.type, u]));

/** Those whose cell a definition is, if it is one of them. */
export const unitOfCell = (definition: CellDefinition): NirUnit | undefined =>
  units.find(({ cell }) => JSON.stringify(cell) === JSON.stringify(definition));
