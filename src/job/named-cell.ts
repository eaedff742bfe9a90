/** Cells that jobs name. */
import { libraryCell } from "../network/network.js";

/**
 * Loads the cells of a job's network that are of the library by name: its own, and those of its populations.
 * @throws SaltationError `invalid-input` where there is none of a name.
 */
export async function loadNamedCell({
  network,
}: {
  network: { cell?: unknown; populations?: object | undefined };
}): Promise<void> {
  const populations: { cell?: unknown }[] = Object.values(network.populations ?? {});
  for (const { cell } of [network, ...populations]) if (typeof cell === "string") await libraryCell(cell);
}
