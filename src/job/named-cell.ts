/** Cells that jobs name. */
import { libraryCell } from "../network/network.js";

interface Named {
  readonly cell?: unknown;
  readonly populations?: Readonly<Record<string, object>> | undefined;
}

/**
 * Loads the cells of a job's network that are of the library by name.
 * @throws SaltationError `invalid-input` where there is none of a name.
 */
export async function loadNamedCell({ network }: { network: Named }): Promise<void> {
  const populations: { readonly cell?: unknown }[] = Object.values(network.populations ?? {});
  for (const { cell } of [network, ...populations]) if (typeof cell === "string") await libraryCell(cell);
}
