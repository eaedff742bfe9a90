/** Cells that jobs name. */
import { libraryCell } from "../network/network.js";

/**
 * Loads the cell of a job's network, where it is one of the library by name.
 * @throws SaltationError `invalid-input` where there is none of this name.
 */
export async function loadNamedCell({ network }: { network: { cell?: unknown } }): Promise<void> {
  if (typeof network.cell === "string") await libraryCell(network.cell);
}
