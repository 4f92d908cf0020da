/**
 * Writes what tools/check.ts wants to know of a run of vitest into the file that CHECK_REPORT names. Vitest's own JSON
 * says nothing of an error outside any test, of a hook inside a describe, or of a process that did not end well.
 */
import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import type { Reporter, TestCase, TestModule, TestSuite } from "vitest/node";

export interface CheckReport {
  readonly passed: number;
  readonly failed: number;
  /** Where and why, in a few lines each; more than `failed` if something other than a test failed. */
  readonly failures: readonly string[];
}

/** The first lines of a failure, enough to know it again. */
const longestLines = 12;

function lines(where: string, errors: readonly { message?: string; stack?: string | undefined }[]): string {
  const said = errors.map(({ message = "", stack = "" }) => (stack.includes(message) ? stack : `${message}\n${stack}`));
  const ours = said
    .join("\n")
    .split("\n")
    .filter((line) => !line.includes("/node_modules/"));
  return `${where}: ${ours.slice(0, longestLines).join("\n    ")}`;
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
