/** Before the tests with the real CLI: it is installed, and the runner is built. */
import { buildRunner } from "../../runner/testing/process.ts";
import { installClaude } from "./claude.ts";

export default async function setup(): Promise<void> {
  buildRunner();
  await installClaude((line) => console.error(line));
}
