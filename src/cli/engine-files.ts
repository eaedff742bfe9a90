/** What engines that run commands need beside the shards: a script for Slurm, a Snakefile. */
import { fail } from "../checks.js";
import { inWords, type Round, rounds } from "../shards/rounds.js";
import type { Shard } from "../shards/split.js";

export const engines = ["slurm", "snakemake"] as const;
export type Engine = (typeof engines)[number];

export interface EngineFile {
  readonly name: string;
  readonly text: string;
  /** What to do with it. */
  readonly hint: string;
}

/** Tasks of an array that Slurm takes unless it is configured for more (MaxArraySize). */
const mostTasks = 1000;

/** From so many shards on tasks take several, which share the start of a process: with fewer, nodes would lie idle. */
const manyShards = 64;

/**
 * @param perTask shards that a task of Slurm runs in one process.
 * @throws SaltationError `invalid-input` where an engine does not take so many shards.
 */
export function engineFiles(engine: Engine, folder: string, shards: readonly Shard[], perTask?: number): EngineFile[] {
  const of = (kind: string): number => shards.filter((s) => s.name.startsWith(`${kind}-`)).length;
  const main = of("shard");
  const stages = [...rounds, "shard"].map((kind) => ({ kind, count: of(kind) })).filter(({ count }) => count > 0);
  if (engine === "snakemake") {
    return [
      { name: "Snakefile", text: snakefile(stages), hint: `snakemake -s ${folder}/Snakefile -d ${folder} -c all` },
    ];
  }
  const each = perTask ?? (main < manyShards ? 1 : 4);
  if (main > mostTasks * each) {
    const enough = Math.ceil(main / mostTasks);
    fail(
      "--shards",
      `is ${main} by ${each} a task, and Slurm takes arrays of ${mostTasks} tasks unless configured for more; ask for fewer, or --per-task ${enough}`,
    );
  }
  return [
    {
      name: "slurm.sh",
      text: slurmScript(stages, each),
      hint: `bash ${folder}/slurm.sh, with options of sbatch`,
    },
  ];
}

/** Shards of a round, or those proper, which come last. */
interface Stage {
  readonly kind: string;
  readonly count: number;
}

const needs = (kind: string): string =>
  `# ${inWords[kind as Round]}: what comes later needs that.\n`.replace(/^# t/, "# T");

const array = ({ kind, count }: Stage, perTask: number, after: string): string =>
  `${kind === "shard" ? "" : needs(kind)}${kind}=$(sbatch --parsable --job-name="saltation-${kind}" --array=1-${Math.ceil(count / perTask)} --requeue${after} \\
  --output="logs/${kind}-%a.log" "$@" --wrap="$(task ${kind} ${count})")`;

const slurmScript = (stages: readonly Stage[], perTask: number): string => `#!/usr/bin/env bash
# Sends the shards beside this script to Slurm as an array, and their merge after all of them: what the job itself would
# have printed comes to result.json here. Options are those of sbatch, for each of the tasks:
#   bash slurm.sh --partition=gpu --gres=gpu:1 --time=01:00:00
# Of a sweep, points that failed say so in result.json and leave the others there.
# SALTATION is the command, where that is not "saltation" on every node. A task runs ${perTask === 1 ? "a shard" : `${perTask} shards in one process`}. One that a signal
# or its device ended is tried three times, and goes on with the shards that have no result; for what is missing then,
# saltation merge prints the commands.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"
saltation=\${SALTATION:-saltation}
mkdir -p logs
# Exit code 1 is bad input, which is no better at the next try.
task() {
  cat <<END
last=\\$((SLURM_ARRAY_TASK_ID * ${perTask}))
shards=\\$(seq -f "$1-%04.0f.json" \\$((last - ${perTask - 1})) \\$((last < $2 ? last : $2)))
for try in 1 2 3; do
  code=0
  $saltation run --missing \\$shards || code=\\$?
  [ "\\$code" -le 1 ] && exit "\\$code"
done
exit "\\$code"
END
}
${stages
  .map((stage, n) => {
    // After the last of those before it, which came after theirs.
    const after = n > 0 ? ` --dependency="afterok:$${stages[n - 1]!.kind}"` : "";
    return array(stage, perTask, after);
  })
  .join("\n")}
merge=$(sbatch --parsable --job-name=saltation-merge --dependency="afterok:$shard" --kill-on-invalid-dep=yes \\
  --output=logs/merge.log \\
  --wrap="$saltation merge . --json > result.json.\\$SLURM_JOB_ID || [ -s result.json.\\$SLURM_JOB_ID ] && mv result.json.\\$SLURM_JOB_ID result.json")
echo "$merge"
`;

/** The list of the shards of a stage, in a Snakefile. */
const list = (kind: string): string => (kind === "shard" ? "SHARDS" : kind.toUpperCase());

const rule = ({ kind }: Stage, before: readonly Stage[]): string => `

${kind === "shard" ? "" : needs(kind)}rule ${kind === "shard" ? "run" : kind}:
    input:
        shard="${kind}-{n}.json",
        job="job.json",${before.map((b) => `\n        ${b.kind}=expand("result-${b.kind}-{n}.json", n=${list(b.kind)}),`).join("")}
    output:
        "result-${kind}-{n}.json",
    retries: 3
    shell:
        "{SALTATION} run {input.shard}"
`;

const snakefile = (
  stages: readonly Stage[],
): string => `# Runs the shards beside this file, and merges them to result.json: what the job itself would have printed.
#   snakemake -s Snakefile -d . -c all
# Another command than "saltation": --config saltation="npx saltation". What is there already is not run again.
# Of a sweep, points that failed say so in result.json and leave the others there.
SALTATION = config.get("saltation", "saltation")
${stages.map(({ kind, count }) => `${list(kind)} = [f"{n:04d}" for n in range(1, ${count + 1})]`).join("\n")}


rule merge:
    input:
${stages.map(({ kind }) => `        expand("result-${kind}-{n}.json", n=${list(kind)}),`).join("\n")}
    output:
        "result.json",
    shell:
        "{SALTATION} merge . --json > {output} || [ -s {output} ]"
${stages.map((stage, n) => rule(stage, stages.slice(0, n))).join("")}`;
