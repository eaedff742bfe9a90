/** The error of a kernel that is too long, of which an engine knows without the kernels. */
import { SaltationError } from "../errors.js";

/** A kernel that is too long for the adapter's compiler: what it computes is for the CPU. */
export class LongKernel extends SaltationError {
  constructor(label: string, operations: number, most: number) {
    const [has, takes] = [operations, most].map((n) => n.toLocaleString("en"));
    super("limit", `kernel "${label}" has ${has} operations with its calls written out; at most ${takes} are compiled`);
  }
}
