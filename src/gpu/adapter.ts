/** Which adapter to use, what it can do, and what to do where there is none. */
import { SaltationError } from "../errors.js";
import { destroyAtExit } from "./exit.js";

export interface AdapterSummary {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  /** Through what it is used: `navigator.gpu`, of a browser or of Deno; Dawn in Node; a device that the caller made; or our own, on the processor. */
  readonly backend: "browser" | "dawn" | "caller" | "simd";
  /** Whether this is a software adapter. */
  readonly fallback: boolean;
  readonly features: string[];
  readonly limits: Record<string, number>;
  /** Fewest and most invocations of a subgroup, where the adapter says. */
  readonly subgroupSizes?: readonly [number, number];
}

export interface AdapterOptions {
  powerPreference?: GPUPowerPreference;
  /** Use the software adapter even where there is a GPU. */
  software?: boolean;
}

/** What is looked for. */
export interface AdapterSearch extends AdapterOptions {
  /** Take a GPU or nothing. */
  hardware?: boolean;
}

/** What was found, or why nothing was. */
export interface AdapterReport {
  readonly adapter: AdapterSummary | undefined;
  /** What was tried and did not work, one line each. */
  readonly problems: readonly string[];
  /** What to do; empty where a GPU was found. */
  readonly advice: string;
}

export interface FoundAdapter {
  adapter: GPUAdapter;
  backend: "browser" | "dawn" | "simd";
}

/** Limits asked for beyond the defaults, where the adapter has more. Everything also works at the defaults. */
const wantedLimits = [
  "maxStorageBufferBindingSize", // larger chunks of paths: fewer dispatches and read-backs
  "maxBufferSize", // the same
  "maxStorageBuffersPerShaderStage", // kept at the adapter's so that callers' pipelines on the device are not held back
  "maxComputeWorkgroupStorageSize", // longer wavefronts in one workgroup
  "maxComputeInvocationsPerWorkgroup", // the same
  "maxComputeWorkgroupSizeX", // the same
] as const;

/** Looks for an adapter: the browser's, or in Node a GPU through Dawn and after it the software adapter. */
async function search(options: AdapterSearch): Promise<{ found?: FoundAdapter; problems: string[] }> {
  const request: GPURequestAdapterOptions = { powerPreference: options.powerPreference ?? "high-performance" };
  const browser = typeof navigator !== "undefined" ? navigator.gpu : undefined;
  if (browser) {
    const adapter = await browser.requestAdapter({ ...request, forceFallbackAdapter: options.software ?? false });
    if (adapter && options.hardware && isSoftware(adapter.info)) {
      return { problems: ["navigator.gpu gave a software adapter only"] };
    }
    return adapter
      ? { found: { adapter, backend: "browser" }, problems: [] }
      : { problems: [`navigator.gpu gave no ${options.software ? "software " : ""}adapter`] };
  }
  const { requestNodeAdapter } = await import("./node-adapter.js");
  const { adapter, problems } = await requestNodeAdapter(request, options);
  if (adapter && options.hardware && isSoftware(adapter.info)) return { problems: ["no GPU with a driver"] };
  return adapter ? { found: { adapter, backend: "dawn" }, problems } : { problems };
}

/** Finds an adapter, or undefined. */
export async function findAdapter(options: AdapterSearch = {}): Promise<FoundAdapter | undefined> {
  return (await search(options)).found;
}

/** A device with the limits and features that are of use here. @throws SaltationError `no-adapter` with what to do. */
export async function requestDevice(options: AdapterSearch): Promise<FoundAdapter & { device: GPUDevice }> {
  const { found, problems } = await search(options);
  if (!found) {
    const tried = problems.length > 0 ? ` (${problems.join("; ")})` : "";
    // Who takes a GPU or nothing goes on without one, and needs no advice.
    if (options.hardware) throw new SaltationError("no-adapter", `no GPU was found${tried}`);
    const { adapterAdvice } = await import("./advice.js");
    throw new SaltationError("no-adapter", `no WebGPU adapter was found${tried}: ${adapterAdvice()}`);
  }
  return deviceOf(found);
}

/** A device of an adapter. @throws SaltationError `no-adapter` where it gives none. */
export async function deviceOf(found: FoundAdapter): Promise<FoundAdapter & { device: GPUDevice }> {
  const { adapter } = found;
  const requiredLimits: Record<string, number> = {};
  for (const name of wantedLimits) requiredLimits[name] = adapter.limits[name];
  // Times passes on the GPU.
  const requiredFeatures: GPUFeatureName[] = adapter.features.has("timestamp-query") ? ["timestamp-query"] : [];
  try {
    const device = await adapter.requestDevice({ requiredLimits, requiredFeatures });
    if (found.backend === "dawn") destroyAtExit(device);
    return { ...found, device };
  } catch (error) {
    const { adapterAdvice } = await import("./advice.js");
    const text = `the adapter ${adapter.info.vendor} ${adapter.info.architecture} gave no device`;
    throw new SaltationError("no-adapter", `${text} (${(error as Error).message}): ${adapterAdvice()}`, {
      cause: error,
    });
  }
}

/** SwiftShader through Vulkan does not call itself a fallback. */
const isSoftware = (info: GPUAdapterInfo): boolean => info.isFallbackAdapter || info.architecture === "swiftshader";

export function summarise(
  info: GPUAdapterInfo,
  features: GPUSupportedFeatures,
  limits: GPUSupportedLimits,
  backend: AdapterSummary["backend"],
): AdapterSummary {
  const numbers: Record<string, number> = {};
  for (const key in limits) {
    const value = (limits as unknown as Record<string, unknown>)[key];
    if (typeof value === "number") numbers[key] = value;
  }
  const { subgroupMinSize: fewest = 0, subgroupMaxSize: most = 0 } = info;
  return {
    vendor: info.vendor,
    architecture: info.architecture,
    device: info.device,
    description: info.description,
    backend,
    fallback: isSoftware(info),
    features: [...features].sort(),
    limits: numbers,
    ...(fewest > 0 && most > 0 ? { subgroupSizes: [fewest, most] as const } : {}),
  };
}

/** What the program would run on here, with its limits and features, or what to do where there is nothing. */
export async function describeAdapter(options: AdapterOptions = {}): Promise<AdapterReport> {
  const { found, problems } = await search(options);
  const { adapterAdvice, softwareAdvice } = await import("./advice.js");
  if (!found) return { adapter: undefined, problems, advice: adapterAdvice() };
  const { adapter, backend } = found;
  const summary = summarise(adapter.info, adapter.features, adapter.limits, backend);
  return { adapter: summary, problems, advice: summary.fallback ? softwareAdvice() : "" };
}
