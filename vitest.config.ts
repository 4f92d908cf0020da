import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Stories that take minutes: part of `make test-long`, or with LONG=1. */
const longOnes = process.env["LONG"] === undefined ? ["**/*.long.*"] : [];

/** Files that do little but wait, the longest: last, they would leave the cores idle; first, others work meanwhile. */
const waiting = ["progress.cluster.test.ts"];

class WaitingFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const waits = ({ moduleId }: TestSpecification): boolean => waiting.some((name) => moduleId.endsWith(`/${name}`));
    return (await super.sort(files)).sort((a, b) => Number(waits(b)) - Number(waits(a)));
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: WaitingFirst },
    // Many of the tests wait for processes that they started.
    maxWorkers: 3,
    projects: [
      {
        test: {
          name: "unit",
          include: ["{crds,kube,client,runner,operator,adapter,cli,test,tools}/**/*.test.ts"],
          exclude: ["**/node_modules/**", "**/*.{cluster,faults}.test.ts", "test/cli/**", ...longOnes],
          globalSetup: ["test/temporary-directory.ts"],
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        // The built runner with the real CLI, two at a time: each takes a core while it starts.
        test: {
          name: "cli",
          include: ["test/cli/**/*.test.ts"],
          globalSetup: ["test/cli/setup.ts", "test/temporary-directory.ts"],
          fileParallelism: false,
          maxConcurrency: 2,
          testTimeout: 240_000,
        },
      },
      {
        // Against the real cluster (KUBECONFIG from test/cluster/cluster run), three files at a time: they share
        // the operator and leave it, the CRD and the node as they are. Most of their time is waiting for pods.
        test: {
          name: "cluster",
          include: ["{crds,kube,client,operator,adapter,test}/**/*.cluster.test.ts"],
          exclude: ["**/node_modules/**", "**/*.alone.*", ...longOnes],
          globalSetup: ["test/cluster/vitest-setup.ts", "test/temporary-directory.ts"],
          maxConcurrency: 12,
          sequence: { groupOrder: 1 },
          testTimeout: 400_000,
          hookTimeout: 300_000,
        },
      },
      {
        // The same for files that stop or configure the operator, or take the node away: one after the other.
        test: {
          name: "cluster-alone",
          include: ["{crds,operator,adapter,test}/**/*.alone.*cluster.test.ts"],
          exclude: ["**/node_modules/**", ...longOnes],
          globalSetup: ["test/cluster/vitest-setup.ts"],
          fileParallelism: false,
          sequence: { groupOrder: 2 },
          testTimeout: 400_000,
          hookTimeout: 300_000,
        },
      },
      {
        // Operators of its own with injected faults on the real cluster, side by side: the restarts of one file are felt in all.
        test: {
          name: "faults",
          include: ["test/faults/**/*.faults.test.ts"],
          globalSetup: ["test/faults/setup.ts"],
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
