/** A Python that has what a test needs: the first on the path, or Debian's. */
import { spawnSync } from "node:child_process";

/** @param modules what it has to import. @returns undefined where there is none. */
export const pythonWith = (...modules: readonly string[]): string | undefined =>
  ["python3", "/usr/bin/python3"].find(
    (python) => spawnSync(python, ["-c", modules.map((m) => `import ${m}`).join("\n")]).status === 0,
  );
