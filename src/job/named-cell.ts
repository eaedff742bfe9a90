/** Cells that jobs name. */
import { libraryCell } from "../network/network.js";

/** What a job says of its network, as far as cells go. */
interface NamedCells {
  readonly network: { readonly cell?: unknown; readonly populations?: Readonly<Record<string, unknown>> | undefined };
}

/**
 * Loads the cells of a job's network that are of the library by name.
 * @throws SaltationError `invalid-input` where there is none of a name.
 */
export async function loadNamedCell({ network }: NamedCells): Promise<void> {
  const populations = Object.values(network.populations ?? {}) as ({ readonly cell?: unknown } | null)[];
  for (const { cell } of [network, ...populations.map((population) => population ?? {})]) {
    if (typeof cell === "string") await libraryCell(cell);
  }
}
