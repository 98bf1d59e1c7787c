/**
 * Reads vitest's JSON report and prints the closing line of `.ci/run`. A step that failed without a
 * failed test to its name (fmt, lint, types, a file that does not load) counts as one failure.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- prints the result

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numFailedTestSuites: number;
}

const [path, failedSteps] = [Deno.args[0]!, Number(Deno.args[1])];
const report = read(path);
const failed = Math.max(report?.numFailedTests ?? 0, failedSteps, report === null ? 1 : 0);
const skipped = report?.numPendingTests ?? 0;
const tail = skipped > 0 ? `, ${skipped} skipped` : "";
console.log(`${report?.numPassedTests ?? 0} passed, ${failed} failed${tail}`);
Deno.exit(failed > 0 ? 1 : 0);

function read(file: string): Report | null {
  try {
    return JSON.parse(Deno.readTextFileSync(file));
  } catch {
    return null;
  }
}
