import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // Many of the tests wait for processes that they started.
    maxWorkers: 3,
    projects: [
      {
        test: {
          name: "unit",
          include: ["{crds,runner,operator,test}/**/*.test.ts"],
          exclude: ["**/node_modules/**", "**/*.cluster.test.ts", "test/cli/**"],
          testTimeout: 60_000,
        },
      },
      {
        // The built runner with the real CLI, two at a time: each takes a core while it starts.
        test: {
          name: "cli",
          include: ["test/cli/**/*.test.ts"],
          globalSetup: ["test/cli/setup.ts"],
          fileParallelism: false,
          maxConcurrency: 2,
          testTimeout: 60_000,
        },
      },
      {
        // Against the real cluster (KUBECONFIG from test/cluster/cluster run): one file after the other, one cluster.
        test: {
          name: "cluster",
          include: ["{crds,operator,test}/**/*.cluster.test.ts"],
          exclude: ["**/node_modules/**"],
          globalSetup: ["test/cluster/vitest-setup.ts"],
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
