/** Writes the JSON Schema of job files, which the package publishes. */
import { mkdirSync, writeFileSync } from "node:fs";
import { jobSchema } from "../src/job/job-schema.js";

mkdirSync("schema", { recursive: true });
writeFileSync("schema/job.schema.json", `${JSON.stringify(jobSchema(), null, 2)}\n`);
