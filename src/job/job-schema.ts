/** The JSON Schema of job files, made from what they are checked with: for editors, and for programs that write jobs. */
import * as z from "zod";
import { gradientSchema, simulateSchema, trainDataSchema, trainSchema } from "./job.js";
import { kernelSchema, signatureSchema } from "./signature-job.js";

const commands = {
  simulate: simulateSchema,
  gradient: gradientSchema,
  train: trainSchema,
  "train-data": trainDataSchema,
  kernel: kernelSchema,
  signature: signatureSchema,
};

/** A schema of all jobs; one command's alone is `#/$defs/<command>`. */
export function jobSchema(): object {
  const $defs = Object.fromEntries(
    Object.entries(commands).map(([name, schema]) => {
      const { $schema: _, ...json } = z.toJSONSchema(schema, { io: "input" }) as Record<string, object>;
      return [
        name,
        {
          title: name === "train-data" ? "Job of saltation train on data" : `Job of saltation ${name}`,
          ...json,
          properties: { $schema: { type: "string", description: "this schema, for editors" }, ...json.properties },
        },
      ];
    }),
  );
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Job of Saltation",
    description:
      "What `saltation <command> job.json` reads. Sizes and names are checked against the network when it runs.",
    anyOf: Object.keys(commands).map((name) => ({ $ref: `#/$defs/${name}` })),
    $defs,
  };
}
