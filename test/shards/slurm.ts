/** Slurm on this machine: munge, controller and node of Debian's packages, with files and ports of their own. */
import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, hostname } from "node:os";
import { join } from "node:path";

const programs = ["/usr/sbin/munged", "/usr/sbin/slurmctld", "/usr/sbin/slurmd", "/usr/bin/sbatch"];

/** Why it cannot run here; undefined where it can. */
export function noSlurm(): string | undefined {
  const missing = programs.filter((p) => !existsSync(p));
  if (missing.length > 0) return `${missing.join(", ")} missing: apt-get install slurm-wlm munge`;
  return process.getuid?.() === 0 ? undefined : "Slurm's daemons are started by root here";
}

export interface Slurm {
  /** Of commands that talk to it. */
  readonly env: Record<string, string>;
  stop(): void;
}

/** @param folder for its files, which no one else may write to. */
export function startSlurm(folder: string): Slurm {
  for (const name of ["state", "spool"]) mkdirSync(join(folder, name), { recursive: true });
  chmodSync(folder, 0o755);
  const at = (name: string): string => join(folder, name);
  writeFileSync(at("munge.key"), randomBytes(1024), { mode: 0o600 });
  const host = hostname().split(".")[0]!;
  const port = 20000 + (process.pid % 20000);
  writeFileSync(
    at("slurm.conf"),
    `ClusterName=test
SlurmctldHost=${host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=${at("munge.socket")}
CredType=cred/munge
SlurmctldPort=${port}
SlurmdPort=${port + 1}
SlurmctldPidFile=${at("slurmctld.pid")}
SlurmdPidFile=${at("slurmd.pid")}
StateSaveLocation=${at("state")}
SlurmdSpoolDir=${at("spool")}
SlurmctldLogFile=${at("slurmctld.log")}
SlurmdLogFile=${at("slurmd.log")}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
NodeName=${host} NodeAddr=127.0.0.1 CPUs=${cpus().length} State=UNKNOWN
PartitionName=all Nodes=${host} Default=YES MaxTime=INFINITE State=UP
`,
  );
  // Without it the node looks for the cgroups of a system that was booted.
  writeFileSync(at("cgroup.conf"), `CgroupPlugin=cgroup/v1\nCgroupMountpoint=${folder}\nConstrainCores=no\n`);
  execFileSync("/usr/sbin/munged", [
    "--force",
    `--key-file=${at("munge.key")}`,
    `--socket=${at("munge.socket")}`,
    `--pid-file=${at("munged.pid")}`,
    `--log-file=${at("munged.log")}`,
    `--seed-file=${at("munge.seed")}`,
  ]);
  const env = { SLURM_CONF: at("slurm.conf") };
  const how = { env: { ...process.env, ...env }, stdio: "ignore" } as const;
  execFileSync("/usr/sbin/slurmctld", ["-f", at("slurm.conf")], how);
  execFileSync("/usr/sbin/slurmd", ["-f", at("slurm.conf"), "-N", host], how);
  return {
    env,
    stop() {
      spawnSync("scancel", ["--user=root"], how);
      for (const name of ["slurmd", "slurmctld", "munged"]) {
        try {
          process.kill(Number(readFileSync(at(`${name}.pid`), "utf8")));
        } catch {
          // It has ended.
        }
      }
    },
  };
}
