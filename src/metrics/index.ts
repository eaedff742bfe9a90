export { coincidences, type SpikeTrainMatch, spikeTrainMatch } from "./coincidence.js";
export { type Psth, type PsthOptions, psth, psthCorrelation } from "./psth.js";
export { cutTrains, neuronTrains, type SpikeTimes, type Stretch } from "./spike-times.js";
export { intervals, type TrainStatistics, trainStatistics } from "./statistics.js";
