/** Numbers computed outside this code (test/oracles/README.md), for tests in Node and in the browser. */
import signatures from "../oracles/signature-oracle.json" with { type: "json" };
import spikes from "../oracles/spike-oracle.json" with { type: "json" };

// biome-ignore lint/suspicious/noExplicitAny: data files of many shapes
type Values = Record<string, any>;

/** Laws of spike times, by section. */
export const spikeOracle: Values = spikes;
/** Cases of signatures and their kernels. */
export const signatureOracle: Values = signatures.cases;
