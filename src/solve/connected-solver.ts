/** What solvers of networks have in common: a buffer of connections, which holds what samples send and so follows the plan. */
import type { SolvePlan } from "../plan/plan.js";
import type { ConnectionBuffer } from "./connections.js";
import { PlanSolver, type SolverParts } from "./plan-solver.js";

export abstract class ConnectedSolver<F, B> extends PlanSolver<F, B> {
  protected constructor(
    parts: SolverParts<F, B>,
    protected readonly connections: ConnectionBuffer,
  ) {
    super(parts);
  }

  override reseed(plan: SolvePlan): void {
    super.reseed(plan);
    this.connections.update(plan);
  }

  override dispose(): void {
    super.dispose();
    this.connections.dispose();
  }
}
