/** Networks from NIR files and to them: all that a user imports as `saltation/nir`. */

import { checkOptions, fail, type Names, positiveNumber } from "../checks.js";
import { defineNetwork, type NetworkDefinition } from "../network/network.js";
import { type NirExportOptions, nirOfNetwork } from "./nir-export.js";
import { readNirFile, writeNirFile } from "./nir-file.js";
import { type NirImportOptions, type NirNetwork, networkOfNir } from "./nir-import.js";

export type { NirExportOptions } from "./nir-export.js";
export type { NirImportOptions, NirNetwork } from "./nir-import.js";

const importNames: Names<NirImportOptions> = { spikeArea: true };
const exportNames: Names<NirExportOptions> = { outputs: true };

/**
 * The network of a NIR file (neuroir.org; J. E. Pedersen et al., Nature Communications 15, 2024): LIF, CubaLIF, LI, CubaLI, IF and I as
 * populations, Input as sources, and Linear, Affine, Scale and Delay as projections and constants. Times are in seconds. Needs h5wasm.
 * @throws SaltationError `invalid-input` where the file is damaged, or holds what would come out as something else.
 */
export async function readNir(bytes: Uint8Array, options: NirImportOptions = {}): Promise<NirNetwork> {
  checkOptions("", options, importNames);
  if (options.spikeArea !== undefined) positiveNumber("spikeArea", options.spikeArea);
  try {
    return networkOfNir(await readNirFile(bytes), options);
  } catch (error) {
    return fail("file", `the file ${(error as Error).message}`);
  }
}

/**
 * The NIR file of a network whose populations have cells that {@link readNir} gives, or `slif`, as CubaLIF. What NIR does not say, such
 * as noise and hazards, is told in `warnings`. Needs h5wasm.
 * @throws SaltationError `invalid-input` where NIR would say something else: other cells, delays of single connections.
 */
export async function writeNir(
  definition: NetworkDefinition,
  options: NirExportOptions = {},
): Promise<{ readonly bytes: Uint8Array; readonly warnings: readonly string[] }> {
  checkOptions("", options, exportNames);
  const { graph, spikeArea, warnings } = nirOfNetwork(defineNetwork(definition), options);
  const bytes = await writeNirFile(graph, spikeArea === 1 ? {} : { spike_area: spikeArea });
  return { bytes, warnings };
}
