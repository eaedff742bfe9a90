/**
 * Prints `N passed, N failed, N skipped`, alone on a line, and exits by it: over the JSON reports of test runs, each
 * followed by the exit status of its run, and a number of other failures.
 */
import { readFileSync } from "node:fs";

const [failures, ...runs] = process.argv.slice(2);
let [passed, failed, skipped] = [0, Number(failures), 0];
for (let i = 0; i < runs.length; i += 2) {
  const [file, status] = [runs[i], runs[i + 1]];
  let own = 0;
  try {
    const report = JSON.parse(readFileSync(file, "utf8"));
    passed += report.numPassedTests;
    skipped += report.numPendingTests + report.numTodoTests;
    own = report.numFailedTests;
    // A file that fails before its first test is one failure.
    for (const { status, assertionResults } of report.testResults) {
      if (status === "failed" && assertionResults.every((a) => a.status !== "failed")) own++;
    }
  } catch (error) {
    console.log(`no results of tests: ${error.message}`);
    own = 1;
  }
  // And so is a run that fails outside of every test.
  failed += own === 0 && status !== "0" ? 1 : own;
}
if (passed === 0 && failed === 0) failed = 1;
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed > 0 ? 1 : 0;
