/**
 * Writes vitest's results for tools/check.ts to the file CHECK_REPORT. Vitest's own JSON misses errors outside of
 * tests, in hooks inside a describe, and of processes that end badly.
 */
import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import type { Reporter, TestCase, TestModule, TestSuite } from "vitest/node";

export interface CheckReport {
  readonly passed: number;
  readonly failed: number;
  /** Place and error in a few lines each; more than `failed` if something other than a test failed. */
  readonly failures: readonly string[];
}

/** Reported lines of a failure. */
const maxLines = 12;

function lines(where: string, errors: readonly { message?: string; stack?: string | undefined }[]): string {
  const texts = errors.map(({ message = "", stack = "" }) =>
    stack.includes(message) ? stack : `${message}\n${stack}`,
  );
  const ownLines = texts
    .join("\n")
    .split("\n")
    .filter((line) => !line.includes("/node_modules/"));
  return `${where}: ${ownLines.slice(0, maxLines).join("\n    ")}`;
}

export default class CheckReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly { message: string; stack?: string }[]): void {
    const report = modules.map(reportOf);
    const sum = (what: "passed" | "failed"): number => report.reduce((total, each) => total + each[what], 0);
    const failures = [
      ...report.flatMap(({ failures }) => failures),
      ...unhandled.map((error) => lines("outside any test", [error])),
    ];
    const whole: CheckReport = { passed: sum("passed"), failed: sum("failed"), failures };
    writeFileSync(process.env["CHECK_REPORT"] ?? "", JSON.stringify(whole));
  }
}

function reportOf(module: TestModule): CheckReport {
  const file = relative(".", module.moduleId);
  const tests = [...module.children.allTests()];
  const failed = tests.filter((test) => test.result().state === "failed");
  const around: readonly (TestModule | TestSuite)[] = [module, ...module.children.allSuites()];
  return {
    passed: tests.filter((test) => test.result().state === "passed").length,
    failed: failed.length,
    failures: [
      ...around.filter((each) => each.errors().length > 0).map((each) => lines(nameOf(file, each), each.errors())),
      ...failed.map((test) => lines(nameOf(file, test), test.result().errors ?? [])),
    ],
  };
}

function nameOf(file: string, of: TestModule | TestSuite | TestCase): string {
  return of.type === "module" ? file : `${file} > ${of.fullName}`;
}
