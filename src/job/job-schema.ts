/**
 * The JSON Schema of job files, made from what they are checked with: for editors, and for programs that write jobs. What has an id
 * there stands once in `$defs`.
 */
import * as z from "zod";
import { gradientSchema, simulateDataSchema, simulateSchema, trainDataSchema, trainSchema } from "./job.js";
import { kernelSchema, signatureSchema } from "./signature-job.js";

const commands = {
  simulate: simulateSchema,
  "simulate-data": simulateDataSchema,
  gradient: gradientSchema,
  train: trainSchema,
  "train-data": trainDataSchema,
  kernel: kernelSchema,
  signature: signatureSchema,
};

interface Made {
  readonly anyOf: readonly { readonly properties: object }[];
  readonly $defs: Record<string, object>;
}

/** A schema of all jobs; one command's alone is `#/$defs/<command>`. */
export function jobSchema(): object {
  const { anyOf, $defs } = z.toJSONSchema(z.union(Object.values(commands)), { io: "input" }) as unknown as Made;
  const jobs = Object.keys(commands).map((name, n) => {
    const title = `Job of saltation ${name.replace("-data", " on data")}`;
    const { properties, ...json } = anyOf[n]!;
    const $schema = { type: "string", description: "this schema, for editors" };
    return [name, { title, ...json, properties: { $schema, ...properties } }];
  });
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Job of Saltation",
    description:
      "What `saltation <command> job.json` reads. Sizes and names are checked against the network when it runs.",
    anyOf: Object.keys(commands).map((name) => ({ $ref: `#/$defs/${name}` })),
    $defs: { ...Object.fromEntries(jobs), ...$defs },
  };
}
