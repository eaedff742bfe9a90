/** All cells of the library but `slif` and `gif`, by name: one file to load when one of them is asked for. */
import type { CellDefinition } from "../cell/cell.js";
import { adex } from "./adex.js";
import { barrierOption } from "./barrier-option.js";
import { birthDeath } from "./birth-death.js";
import { bouncingBall } from "./bouncing-ball.js";
import { drug } from "./drug.js";
import { fitzHughNagumo } from "./fitzhugh-nagumo.js";
import { hodgkinHuxley, hodgkinHuxleyEscape } from "./hodgkin-huxley.js";
import { izhikevich } from "./izhikevich.js";
import { leakyReadout } from "./leaky-readout.js";
import { lif } from "./lif.js";
import { lifConductance } from "./lif-conductance.js";
import { mat } from "./mat.js";
import { mm1Queue } from "./mm1-queue.js";
import { poisson } from "./poisson.js";
import { qif } from "./qif.js";
import { thermostat } from "./thermostat.js";
import { theta } from "./theta.js";

export const definitions: readonly CellDefinition[] = [
  lif,
  lifConductance,
  adex,
  izhikevich,
  qif,
  theta,
  fitzHughNagumo,
  hodgkinHuxley,
  hodgkinHuxleyEscape,
  mat,
  leakyReadout,
  poisson,
  bouncingBall,
  thermostat,
  mm1Queue,
  birthDeath,
  drug,
  barrierOption,
];
