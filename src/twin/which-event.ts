/** Which of a cell's events happens. */
import type { CompiledCell } from "../cell/emit-js.js";

/** The event whose surface is highest at a state. */
export function whichEvent({ happenings }: CompiledCell, y: Float64Array, p: Float64Array): number {
  let which = 0;
  for (let e = 1; e < happenings.length; e++) {
    if (happenings[e]!.surface(y, p) > happenings[which]!.surface(y, p)) which = e;
  }
  return which;
}
