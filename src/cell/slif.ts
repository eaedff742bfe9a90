/**
 * The stochastic leaky integrate-and-fire cell with synaptic current and escape noise: Holberg & Salvi (2024),
 * example 3.1. The state `s` is the integrated hazard; a neuron fires when it has used up an Exp(1) budget.
 */
import { type CellDefinition, defineCell } from "./cell.js";

export const slifDefinition: CellDefinition = {
  name: "slif",
  state: { v: "mu1 * (i + I - v)", i: "-mu2 * i", s: "exp(min(beta * (v - vTh), 10 * beta)) / tauS" },
  noise: { v: "sigma1", i: "sigma2" },
  event: "s",
  reset: { v: "v - vReset", s: "log(u) - alpha" },
  receive: { i: "i + w" },
  start: { v: "v0", i: "i0", s: "log(u) - alpha" },
  parameters: {
    mu1: 15,
    mu2: 10,
    sigma1: 0.25,
    sigma2: 0,
    beta: 5,
    vTh: 1,
    tauS: 1,
    vReset: 1.4,
    alpha: 0.03,
    v0: 0,
    i0: 0,
  },
  positive: ["tauS"],
};

export const slif = defineCell(slifDefinition);
