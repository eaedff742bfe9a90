/** Data as input spikes: encoders, data sets, and files of them. All that a user imports as `saltation/data`. */
export { type CochleaOptions, cochlea } from "./cochlea.js";
export type { DataFile } from "./data-file.js";
export { DataSet, type DataSetOptions, type Epoch, type SampleBatch } from "./data-set.js";
export { type DrawnPaths, type FractionalBrownianOptions, fractionalBrownian } from "./fractional-brownian.js";
export { digits8x8, fashionMnist, type IdxFiles, type LabelledImages, type PartOptions } from "./images.js";
export { type LatencyOptions, latency } from "./latency.js";
export { type PoissonOptions, poisson } from "./poisson.js";
export { type GivenValues, partOf, type SampleValues } from "./sample-values.js";
export {
  type GivenSpikeData,
  type SampleSpikes,
  type SpikeData,
  sampleSpikes,
  spikeData,
  spikeDataOf,
} from "./spike-data.js";
export { type SpikeFileOptions, spikeFile, writeSpikeFile } from "./spike-file.js";
export { type GivenSignal, type ThresholdOptions, thresholds } from "./thresholds.js";
export {
  type YinYangOptions,
  type YinYangPointsOptions,
  type YinYangTimes,
  yinYang,
  yinYangClass,
  yinYangClasses,
  yinYangPoints,
  yinYangSpikes,
} from "./yin-yang.js";
