/**
 * The generalised integrate-and-fire cell with escape noise, for fits to recorded neurons: spike-triggered current η and
 * moving threshold γ (Mensi et al., J. Neurophysiol. 2012; Pozzorini et al., PLOS Comput. Biol. 2015), and a threshold θ
 * that follows the voltage above a knee, as sodium channels inactivate (Mensi, Hagens, Gerstner & Pozzorini, PLOS Comput.
 * Biol. 2016):
 *
 *     τ dv/dt = gain I + offset − v − η        η, γ, θ decay with τ_η, τ_γ, τ_θ; at a spike η += j_η, γ += j_γ, v = v_reset
 *     λ = exp((v − v_th − γ − θ) / Δv) / τ_s   θ is drawn to k · slope · log(1 + exp((v − knee) / slope))
 *
 * Units: times in ms, currents I in nA, voltages (v, η, γ, θ) in mV from rest, gain in mV/nA = MΩ. From spikes alone the
 * unit of voltage cannot be told: Δv, about 1 mV in cortical cells, sets it and is not to be trained.
 */
import { type CellDefinition, defineCell } from "./cell.js";

/** log(1 + e^x) without overflow. */
const softplus = (x: string): string => `(max(${x}, 0) + log(1 + exp(-abs(${x}))))`;

export const gifDefinition: CellDefinition = {
  name: "gif",
  state: {
    v: "(gain * I + offset - v - eta) / tau",
    eta: "-eta / tauEta",
    gamma: "-gamma / tauGamma",
    theta: `(k * slope * ${softplus("((v - knee) / slope)")} - theta) / tauTheta`,
    s: "exp(min((v - vTh - gamma - theta) / deltaV, 10)) / tauS",
  },
  event: "s",
  reset: { v: "vReset", eta: "eta + jEta", gamma: "gamma + jGamma", s: "log(u) - alpha" },
  receive: { v: "v + w" },
  start: { s: "log(u) - alpha" },
  parameters: {
    tau: 15,
    gain: 80,
    offset: 0,
    vTh: 15,
    vReset: 0,
    deltaV: 1,
    tauS: 1,
    alpha: 0,
    jEta: 1,
    tauEta: 100,
    jGamma: 2,
    tauGamma: 100,
    k: 0.5,
    knee: 15,
    slope: 1.5,
    tauTheta: 5,
  },
  positive: ["tau", "deltaV", "tauS", "tauEta", "tauGamma", "slope", "tauTheta"],
  units: {
    v: "mV",
    tau: "ms",
    gain: "mV/nA",
    offset: "mV",
    vTh: "mV",
    vReset: "mV",
    deltaV: "mV",
    tauS: "ms",
    alpha: "1",
    jEta: "mV",
    tauEta: "ms",
    jGamma: "mV",
    tauGamma: "ms",
    k: "1",
    knee: "mV",
    slope: "mV",
    tauTheta: "ms",
  },
};

export const gif = defineCell(gifDefinition);
