/** Values of parameters at the start. */
import { ownCell, type StudioDocument } from "../../model/document.js";
import { readable } from "../../model/units.js";
import { loaded } from "../state/signals.js";

/** The value of a parameter at the start, where it is one number. */
export function startOf(document: StudioDocument, name: string): number | string {
  const { job } = document;
  if (name === "current") {
    const current = job.input?.current ?? 0;
    if (typeof current === "number") return current;
    return Array.isArray(current) ? spread(current) : "recorded";
  }
  const input = job.input?.inputs?.[name];
  if (input !== undefined) {
    if (typeof input === "number") return input;
    return Array.isArray(input) ? spread(input) : "sampled";
  }
  if (name === "weights") {
    const { weights } = job.network;
    if (weights && "uniform" in weights) return `drawn from ${weights.uniform.join(" to ")}`;
    return weights ? spread([weights].flat().flatMap(numbers)) : "none";
  }
  // A cell of one's own holds its values also while its equations are no cell.
  const defaults = ownCell(document)?.parameters ?? loaded.value?.cell?.defaults;
  const value = job.network.parameters?.[name] ?? defaults?.[name];
  return typeof value === "number" ? value : Array.isArray(value) ? spread(value) : "";
}

type Block = Exclude<NonNullable<StudioDocument["job"]["network"]["weights"]>, unknown[]>;

function numbers(weights: Block): number[] {
  if ("uniform" in weights) return [...weights.uniform];
  if ("edges" in weights) return weights.edges.map((e) => e[2]);
  return "dense" in weights ? weights.dense.flat() : weights.layers.flat(2);
}

function spread(values: readonly number[]): string {
  const low = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return `${values.length} values, ${readable(low)} to ${readable(high)}`;
}

export function setStart(document: StudioDocument, name: string, value: number): void {
  if (name === "current") document.job.input = { ...document.job.input, current: value };
  else if (document.job.input?.inputs?.[name] !== undefined) document.job.input.inputs[name] = value;
  else document.job.network.parameters = { ...document.job.network.parameters, [name]: value };
}
