// The architecture is kept by lint rules: who may import what stands here, beside the rules against forgotten promises.
import tseslint from "typescript-eslint";
import { vocabulary } from "./tools/vocabulary.ts";

const clientNode = {
  name: "@kubernetes/client-node",
  message: "Kubernetes is spoken in operator/kubernetes/ only: go through the Cluster interface (operator/cluster.ts).",
  allowTypeImports: true,
};
const dotI = {
  name: "@dot-i/k8s-operator",
  message: "The base class is used in operator/shell.ts only (docs/decisions.md, 'The base class').",
};
const cli = {
  regex: "(^|/)cli/",
  message: "Nothing imports kubectl claude: move what is shared to where both may reach it.",
};
const only = (...patterns) => ({
  "@typescript-eslint/no-restricted-imports": ["error", { paths: [clientNode, dotI], patterns: [cli, ...patterns] }],
});

export default tseslint.config(
  { ignores: ["**/node_modules", "**/dist", "test/{fake-api,examples}/*.mjs"] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ["*.js"] } } },
    // No comment makes an exception: a rule that is wrong for a file is changed here.
    linterOptions: { noInlineConfig: true },
    plugins: { ours: { rules: { vocabulary } } },
    rules: {
      "ours/vocabulary": "error",
      ...only(),
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      // void in arrow shorthand is how an event handler is written
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      // client-node's models are classes in name only: everybody, the client included, passes plain objects.
      "@typescript-eslint/no-unsafe-class-instance-assignment": "off",
    },
  },
  {
    // Three as a rule (CONTRIBUTING.md). Columns of a test table arrive as parameters.
    files: ["{crds,kube,client,runner,operator,adapter,cli}/**/*.ts"],
    ignores: ["**/*.test.ts"],
    rules: { "max-params": ["error", 4] },
  },
  {
    // process.exit belongs to main alone: anything else that ends the process would lose work in flight.
    files: ["**/*.ts"],
    ignores: ["**/main.ts", "tools/**", "crds/generate.ts", "test/**", "bench/**"],
    rules: {
      "no-restricted-properties": [
        "error",
        {
          object: "process",
          property: "exit",
          message: "Only main.ts ends the process: throw, or set process.exitCode.",
        },
      ],
    },
  },
  {
    // The core rule, because the one of TypeScript has other values per folder.
    files: ["{crds,kube,client,runner,operator,adapter,cli}/**/*.ts"],
    ignores: ["**/*.test.ts", "**/testing/**"],
    rules: {
      "no-restricted-imports": [
        "error",
        { patterns: [{ regex: "(^|/)testing/", message: "Only tests import testing/: product code never runs it." }] },
      ],
    },
  },
  {
    // Deciding is pure: neither clock nor client nor chance.
    files: ["operator/decide/**/*.ts"],
    ignores: ["**/*.test.ts"],
    rules: {
      ...only({
        regex: "^(?!\\./|\\.\\./domain\\.ts$|\\.\\./\\.\\./crds/|zod$)",
        message:
          "decide imports its own folder, the domain's types and crds only: no clock, no client, no node modules.",
      }),
      "no-restricted-globals": ["error", "process", "setTimeout", "fetch", "performance"],
      "no-restricted-properties": [
        "error",
        { object: "Date", property: "now", message: "The time is in Observed.nowMs." },
        { object: "Math", property: "random", message: "Deciding is deterministic." },
      ],
      "no-restricted-syntax": [
        "error",
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: "The time is in Observed.nowMs.",
        },
      ],
    },
  },
  {
    // act.ts carries decisions out; status-writer.ts and explain.ts write for it.
    files: ["operator/**/*.ts"],
    ignores: [
      "operator/{act,status-writer,explain}.ts",
      "operator/decide/**",
      "operator/kubernetes/**",
      "**/*.test.ts",
    ],
    rules: {
      "no-restricted-syntax": [
        "error",
        {
          selector:
            "CallExpression[callee.object.name='cluster'][callee.property.name=/^(createJob|ungate|removeFinalizer|endSidecars|stop|delete|updateStatus|markLogsUnavailable|recordEvent|prepareConfigMaps|ensureConfigMap|restoreLabels|restoreAdmittedPod)$/]",
          message: "Only act.ts, status-writer.ts and explain.ts write: return a decision instead.",
        },
        {
          selector:
            "CallExpression[callee.object.property.name='cluster'][callee.property.name=/^(createJob|ungate|removeFinalizer|endSidecars|stop|delete|updateStatus|markLogsUnavailable|recordEvent|prepareConfigMaps|ensureConfigMap|restoreLabels|restoreAdmittedPod)$/]",
          message: "Only act.ts, status-writer.ts and explain.ts write: return a decision instead.",
        },
      ],
    },
  },
  {
    files: ["operator/kubernetes/**/*.ts", "operator/main.ts", "{adapter,client}/**/*.ts", "{bench,test}/**/*.ts"],
    rules: { "@typescript-eslint/no-restricted-imports": ["error", { paths: [dotI], patterns: [cli] }] },
  },
  {
    files: ["operator/shell.ts"],
    rules: { "@typescript-eslint/no-restricted-imports": "off" },
  },
  {
    // The runner sits beside the user's money and work: no dependencies at all, and of crds only what needs no zod.
    files: ["runner/**/*.ts"],
    ignores: ["**/*.test.ts", "runner/testing/**"],
    rules: {
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              regex: "^(?!\\./|node:|\\.\\./crds/(reasons|json)\\.ts$)",
              message:
                "The runner is one file without dependencies: node:, its own folder, crds/reasons.ts and json.ts only.",
            },
          ],
        },
      ],
    },
  },
  {
    // What every client of ClaudeRuns needs, and nothing of any one of them.
    files: ["client/**/*.ts"],
    ignores: ["**/*.test.ts", "client/testing/**"],
    rules: {
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              regex: "(^|/)(adapter|cli|operator|test|bench|tools)/",
              message: "The client stands on crds and kube: adapter and kubectl claude stand on it.",
            },
            {
              regex: "/runner/(?!contract\\.ts$)",
              message: "Of the runner only the types of its contract: runner/contract.ts.",
            },
            {
              regex: "^(?!\\.|node:|zod$)",
              message: "The published package has no other dependency: see client/package.json.",
            },
          ],
        },
      ],
    },
  },
  {
    // The adapter is a package of its own: the client, the API, and what its package.json names.
    files: ["adapter/**/*.ts"],
    ignores: ["**/*.test.ts", "adapter/testing/**"],
    rules: {
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          patterns: [
            cli,
            {
              regex: "(^|/)(operator|test|bench|tools)/",
              message: "The adapter knows nothing of the operator: client, kube and crds only.",
            },
            {
              regex: "/runner/(?!contract\\.ts$)",
              message: "Of the runner only the types of its contract: runner/contract.ts.",
            },
            {
              regex: "^(?!\\.|node:|@paperclipai/adapter-utils(/|$)|zod$)",
              message: "The published package has no other dependency: see adapter/package.json.",
            },
          ],
        },
      ],
    },
  },
  {
    // kubectl claude stands on the client; the operator it sees through the API.
    files: ["cli/**/*.ts"],
    ignores: ["**/*.test.ts", "cli/testing/**"],
    rules: {
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              regex: "(^|/)(operator|adapter|test|bench|tools)/",
              message:
                "kubectl claude knows neither operator nor adapter: client, kube, crds and parts of the runner only.",
            },
            {
              regex: "/runner/(?!(inspect|contract)[a-z-]*\\.ts$)",
              message: "Of the runner only inspect and the types of its contract.",
            },
            {
              regex: "^(?!\\.|node:|commander$|js-yaml$)",
              message: "It is one file that everybody installs: no other dependency.",
            },
            {
              regex: "^node:(process|console|tty)$",
              message: "Only cli/terminal/terminal.ts prints: it takes hidden characters out.",
            },
          ],
        },
      ],
    },
  },
  {
    // What an agent wrote is data: all output passes the one writer that takes hidden characters out.
    files: ["cli/**/*.ts"],
    ignores: ["**/*.test.ts", "cli/testing/**", "cli/terminal/terminal.ts"],
    rules: {
      "no-console": "error",
      "no-restricted-syntax": [
        "error",
        {
          selector: "MemberExpression[object.name='process'][property.name=/^(stdout|stderr)$/]",
          message: "Only cli/terminal/terminal.ts prints: it takes hidden characters out.",
        },
        {
          selector: "MemberExpression[object.name='process'][computed=true]",
          message: "Only cli/terminal/terminal.ts prints: it takes hidden characters out.",
        },
      ],
    },
  },
  {
    files: ["crds/**/*.ts"],
    ignores: ["**/*.test.ts", "crds/testing/**"],
    rules: {
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          patterns: [
            { regex: "^\\.\\./(operator|runner|adapter|client|cli)", message: "crds is the root of the imports." },
          ],
        },
      ],
    },
  },
  {
    // How a cluster is reached is below everything that reaches one: operator, adapter and kubectl claude share it.
    files: ["kube/**/*.ts"],
    ignores: ["**/*.test.ts", "kube/testing/**"],
    rules: {
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              regex: "^\\.\\./(?!crds/)|^(?!\\.|node:|js-yaml$)",
              message: "kube imports nothing of ours but crds, and of packages js-yaml only.",
            },
          ],
        },
      ],
    },
  },
  { files: ["**/*.js"], ...tseslint.configs.disableTypeChecked },
);
