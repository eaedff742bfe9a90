/** Saltation: exact gradients of stochastic spiking neural networks with WebGPU. All that a user imports. */
export { type Cell, type CellDefinition, defineCell, type EventDefinition } from "./cell/cell.js";
export type { Exactness, ExactnessCondition, Verdict } from "./cell/exactness.js";
export type { UnbiasedCondition } from "./cell/findings.js";
export { gif } from "./cell/gif.js";
export type { InputKind } from "./cell/inputs.js";
export type { MarcusJump, PortDefinition } from "./cell/ports.js";
export type { RandomKind } from "./cell/random.js";
export { slif } from "./cell/slif.js";
export { unbiasedConditions } from "./cell/unbiased-conditions.js";

export type { Numbers } from "./checks.js";
export {
  type Confidence,
  type ConfidenceOptions,
  confidence,
  type ParameterConfidence,
} from "./confidence/confidence.js";
export type { Profile } from "./confidence/profile.js";
export type { RescaledNeuron, TimeRescaling } from "./confidence/time-rescaling.js";
export type {
  Current,
  CurrentPart,
  CurrentSamples,
  Interpolation,
  PlannedCurrent,
  SampledCurrent,
} from "./driver/current.js";
export {
  type Backend,
  Engine,
  EngineNetwork,
  type EngineOptions,
  type GradientOptions,
  type PrepareOptions,
  type Progress,
  type TraceOptions,
} from "./engine.js";
export { type ErrorCode, SaltationError } from "./errors.js";
export type {
  Access,
  AdapterOptions,
  AdapterSummary,
  Batch,
  Bindable,
  Dispatched,
  Extent,
  Gpu,
  GpuOptions,
  Kernel,
  KernelSpec,
  Storage,
} from "./gpu/index.js";
export type { EncodedGradient, EncodedSolve, PreparedGradient, PreparedGradientOptions } from "./gradient/prepared.js";
export { accuracy, confusion, noClass, predictedClasses } from "./loss/classification.js";
export { combinedLoss, type LossPart } from "./loss/combined-loss.js";
export { type CrossEntropyOptions, crossEntropy, type ReadoutStates } from "./loss/cross-entropy.js";
export type { AskedEstimator, Estimator } from "./loss/estimator.js";
export {
  type ExpectedSignatureOptions,
  expectedSignatureLoss,
} from "./loss/expected-signature.js";
export { type ExpressionLossOptions, expressionLoss } from "./loss/expression-loss.js";
export type { Likelihood } from "./loss/likelihood.js";
export { type LogLikelihoodOptions, logLikelihood } from "./loss/log-likelihood.js";
export type {
  Evaluator,
  EvaluatorOptions,
  GpuLoss,
  Kept,
  Loss,
  LossOfMeans,
  LossValue,
  SomePaths,
  TakenOfMeans,
  WrittenCotangents,
} from "./loss/loss.js";
export type { OutsideOptions } from "./loss/observed.js";
export { type PathLossOptions, pathLoss } from "./loss/path-loss.js";
export { type PayoffOptions, payoff } from "./loss/payoff.js";
export { type PsthLossOptions, psthLoss } from "./loss/psth.js";
export { type RegulariserOptions, rateRegulariser, silenceRegulariser } from "./loss/regularisers.js";
export type { Evaluated, GradientTerm, MeanVerdict, ValueAndGradient, Valued } from "./loss/result.js";
export type { LookedNeurons, SampleLoss } from "./loss/sample-loss.js";
export {
  type SignatureKernelOptions,
  type SignatureMmdOptions,
  signatureMmdLoss,
  signatureScoreLoss,
} from "./loss/signature-kernel.js";
export {
  type CountError,
  type CountedSpikes,
  type FirstPassageOptions,
  firstPassage,
  type SpikeCountOptions,
  spikeCount,
  spikeRate,
} from "./loss/spike-count.js";
export { type FanoFactorOptions, fanoFactor, type IntervalOptions, interval } from "./loss/spike-statistics.js";
export { firstSpikes, meanSpikeTime } from "./loss/spike-times.js";
export { type TargetTimesOptions, targetTimes } from "./loss/target-times.js";
export { type VanRossumOptions, vanRossum } from "./loss/van-rossum.js";
export { type VoltageFitOptions, voltageFit } from "./loss/voltage-fit.js";
export * from "./metrics/index.js";
export type {
  Connections,
  Delays,
  ProjectionPlace,
  ValuesPlace,
  WeightBlock,
  WeightForm,
  Weights,
} from "./network/connections.js";
export type { DrawnWeights } from "./network/drawn-weights.js";
export {
  type InputSpikes,
  libraryCell,
  type Network,
  type NetworkDefinition,
  type Parameter,
  type ParameterPart,
} from "./network/network.js";
export type {
  CellPopulation,
  NeuronName,
  NeuronNames,
  PoissonPopulation,
  PopulationDefinition,
  PopulationPlace,
  SourcePopulation,
} from "./network/populations.js";
export type { ProjectionDefinition, ProjectionWeights } from "./network/projections.js";
export type { Law, RandomPairs } from "./network/random-connections.js";
export type { Arrivals, SampledArrivals, SourceSpikes } from "./plan/arrivals.js";
export type { Chunk, PathRange } from "./plan/chunks.js";
export type {
  DerivativesDiscretisation,
  Discretisation,
  DiscretisationOptions,
  MeasuredDiscretisation,
  UnmeasuredDiscretisation,
} from "./plan/discretisation.js";
export type { PlannedInput } from "./plan/inputs.js";
export type { ParameterPlace, View, ViewPart } from "./plan/layout.js";
export type { ObservedStates, StatesOptions } from "./plan/observed.js";
export type { Distribution, Method, SolveOptions, SolvePlan } from "./plan/plan.js";
export type {
  SampledDriver,
  SampledPart,
  SampledSeries,
  SampledValues,
  SignalBySample,
  ValuesBySample,
} from "./plan/sampled-values.js";
export { type PlannedSamples, type SampleOptions, type SpikesBySample, withSamples } from "./plan/samples.js";
export type { Rate } from "./plan/stability.js";
export type { Estimate } from "./reduce/statistics.js";
export * from "./signature/index.js";
export type { EncodedSimulation, PreparedSimulation } from "./solve/prepared.js";
export { type DeviceSpikes, spikeWindow } from "./spikes/device-spikes.js";
export type { Sensitivities } from "./spikes/sensitivities.js";
export type { SimulatedSpikes } from "./spikes/simulated.js";
export type { ObservedSpikes, SpikeBounds, Spikes, TypedSpikes } from "./spikes/spikes.js";
export type { StateTable } from "./spikes/state-table.js";
export { type SpikeTable, spikesOf } from "./spikes/table.js";
export { type UploadedSpikes, uploadSpikes } from "./spikes/upload.js";
export type { DataState, EpochResult, TestOptions, TestResult, TrainingData } from "./train/data.js";
export {
  type AdamOptions,
  type AdamwOptions,
  adam,
  adamw,
  type Optimiser,
  type OptimiserSettings,
  type OptimiserState,
  type RmspropOptions,
  rmsprop,
  type SgdOptions,
  sgd,
} from "./train/optimisers.js";
export type {
  CosineDecay,
  ExponentialDecay,
  LearningRate,
  PiecewiseConstant,
  Schedule,
  WarmupCosineDecay,
} from "./train/schedule.js";
export {
  type Checkpoint,
  type StepValues,
  type TrainedNetwork,
  type TrainOptions,
  type TrainStep,
  train,
} from "./train/train.js";
export type { Mask, MaskShape, Trainable } from "./train/trainable.js";
export type { TransformName } from "./train/transform.js";
export type { Clip, UpdateOptions, UpdateState } from "./train/update.js";
export type { StateTrace } from "./twin/trace.js";
