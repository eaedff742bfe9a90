/** Says at the end of a run how many tests were skipped and why. A test that skips without a reason fails the run. */
import type { Reporter, TestModule } from "vitest/node";

export default class SkipReporter implements Reporter {
  #selected = false;

  onInit(vitest: { getGlobalTestNamePattern(): RegExp | undefined }): void {
    // Tests that -t leaves out are not skipped.
    this.#selected = vitest.getGlobalTestNamePattern() !== undefined;
  }

  onTestRunEnd(modules: readonly TestModule[], _: unknown, reason: string): void {
    const counts = new Map<string, number>();
    let silent = 0;
    for (const module of modules) {
      for (const test of module.children.allTests("skipped")) {
        const result = test.result();
        const note = result.state === "skipped" ? result.note : undefined;
        if (note === undefined && this.#selected) continue;
        if (note === undefined) silent++;
        const why = note ?? "no reason is given";
        counts.set(why, (counts.get(why) ?? 0) + 1);
      }
    }
    const total = [...counts.values()].reduce((a, b) => a + b, 0);
    console.log(`Skipped: ${total} test${total === 1 ? "" : "s"}`);
    for (const [why, count] of counts) console.log(`  ${count}: ${why}`);
    // After a failed hook, tests are skipped by vitest itself.
    if (silent > 0 && reason === "passed") process.exitCode = 1;
  }
}
