/** A process that runs items of one kind as they are asked for, and answers with verdicts. */
import { type KindName, kinds, type Runner } from "./kinds.js";

export interface Ask {
  readonly seed: number;
  readonly item: number;
}

const [name, folder] = process.argv.slice(2) as [KindName, string];
process.chdir(folder);
const opening: Promise<Runner> = kinds[name].open(folder);

process.on("message", async ({ seed, item }: Ask) => {
  const runner = await opening;
  const verdict = await runner.run(seed, item);
  process.send!({ item, verdict, adapter: runner.adapterName });
});
process.on("disconnect", async () => {
  await (await opening).close?.();
  process.exit(0);
});
