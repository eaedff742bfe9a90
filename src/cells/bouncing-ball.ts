/**
 * A ball that bounces: the textbook's hybrid system (Goebel, Sanfelice & Teel, IEEE Control Syst. Mag. 2009):
 *
 *     d height/dt = velocity,  d velocity/dt = −g         at the ground velocity = −e velocity
 *
 * Dropped from h, it bounces for the n-th time at √(2h/g) (1 + 2 (e + e² + … + eⁿ⁻¹)). Bounces pile up at
 * √(2h/g) (1 + e) / (1 − e): a run beyond stops with an error that says so, as the ball bounces without end.
 *
 * Units: m, s.
 */
import type { CellDefinition } from "../cell/cell.js";

export const bouncingBall: CellDefinition = {
  name: "bouncing-ball",
  state: { height: "velocity", velocity: "-g" },
  events: { bounce: { when: "-height", jump: { velocity: "-e * velocity" }, emits: true } },
  start: { height: "h" },
  parameters: { g: 9.81, e: 0.8, h: 1 },
  positive: ["g", "e", "h"],
  units: { height: "m", velocity: "m/s", g: "m/s²", e: "1", h: "m" },
};
