// The architecture is kept by lint rules: who may import what stands here, beside the rules against forgotten promises.
import tseslint from "typescript-eslint";

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
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
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
    // Deciding is pure: neither clock nor client nor chance.
    files: ["operator/decide/**/*.ts"],
    ignores: ["**/*.test.ts"],
    rules: {
      ...only({
        regex: "^(?!\\./|\\.\\./(domain|config|settings)|\\.\\./\\.\\./crds/|zod$)",
        message:
          "decide imports its own folder, the domain's types and crds only: no clock, no client, no node modules.",
      }),
      "no-restricted-globals": ["error", "process", "setTimeout", "fetch", "performance"],
      "no-restricted-properties": [
        "error",
        { object: "Date", property: "now", message: "The time is in Observed.now." },
        { object: "Math", property: "random", message: "Deciding is deterministic." },
      ],
      "no-restricted-syntax": [
        "error",
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: "The time is in Observed.now." },
      ],
    },
  },
  {
    // Every write the operator makes is on the lines of act.ts.
    files: ["operator/**/*.ts"],
    ignores: ["operator/act.ts", "operator/decide/**", "operator/kubernetes/**", "**/*.test.ts"],
    rules: {
      "no-restricted-syntax": [
        "error",
        {
          selector:
            "CallExpression[callee.object.name='cluster'][callee.property.name=/^(make|record|change|remove|markLogsGone|announce)$/]",
          message: "Only act.ts writes: return a decision instead.",
        },
        {
          selector:
            "CallExpression[callee.object.property.name='cluster'][callee.property.name=/^(make|record|change|remove|markLogsGone|announce)$/]",
          message: "Only act.ts writes: return a decision instead.",
        },
      ],
    },
  },
  {
    files: ["operator/kubernetes/**/*.ts", "operator/main.ts", "adapter/**/*.ts", "bench/**/*.ts", "test/**/*.ts"],
    rules: { "@typescript-eslint/no-restricted-imports": ["error", { paths: [dotI], patterns: [cli] }] },
  },
  {
    files: ["operator/shell.ts"],
    rules: { "@typescript-eslint/no-restricted-imports": "off" },
  },
  {
    // The runner sits beside the user's money and work: no dependencies at all, and of crds only what needs no zod.
    files: ["runner/**/*.ts"],
    ignores: ["**/*.test.ts"],
    rules: {
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              regex: "^(?!\\./|node:|\\.\\./crds/reasons\\.ts$)",
              message: "The runner is one file without dependencies: node:, its own folder and crds/reasons.ts only.",
            },
          ],
        },
      ],
    },
  },
  {
    // The adapter is a package of its own: the API, the runner's words (types only), and what its package.json names.
    files: ["adapter/**/*.ts"],
    ignores: ["**/*.test.ts"],
    rules: {
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          patterns: [
            cli,
            {
              regex: "(^|/)(operator|test|bench|tools)/",
              message: "The adapter knows nothing of the operator: crds only.",
            },
            {
              regex: "/runner/(?!contract\\.ts$)",
              message: "Of the runner only the types of its contract: runner/contract.ts.",
            },
            {
              regex: "^(?!\\.|node:|@kubernetes/client-node$|@paperclipai/adapter-utils(/|$)|zod$)",
              message: "The published package has no other dependency: see adapter/package.json.",
            },
          ],
        },
      ],
    },
  },
  {
    // Who talks to the API server is in one folder.
    files: ["adapter/**/*.ts"],
    ignores: ["**/*.test.ts", "adapter/kubernetes/**"],
    rules: {
      "no-restricted-syntax": [
        "error",
        {
          selector: "ImportDeclaration[source.value='@kubernetes/client-node']",
          message: "Kubernetes is spoken in adapter/kubernetes/ only.",
        },
      ],
    },
  },
  {
    // kubectl claude takes what the adapter knows of clusters, logs and claude's stream; the operator it sees through the API.
    files: ["cli/**/*.ts"],
    ignores: ["**/*.test.ts", "cli/testing/**"],
    rules: {
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              regex: "(^|/)(operator|test|bench|tools)/",
              message: "kubectl claude knows nothing of the operator: crds, runner and parts of the adapter only.",
            },
            {
              regex: "/adapter/(?!(kubernetes|log|environment|ui)/|(attempt-logs|progress|result/transcript)\\.ts$)",
              message: "Of the adapter only what is not Paperclip's: kubernetes, log, environment, ui.",
            },
            {
              regex: "/runner/(?!(inspect|contract)[a-z-]*\\.ts$)",
              message: "Of the runner only inspect and the types of its contract.",
            },
            {
              regex: "^(?!\\.|node:|commander$|js-yaml$)",
              message: "It is one file that everybody installs: no other dependency.",
            },
          ],
        },
      ],
    },
  },
  {
    files: ["crds/**/*.ts"],
    ignores: ["**/*.test.ts"],
    rules: {
      "@typescript-eslint/no-restricted-imports": [
        "error",
        { patterns: [{ regex: "^\\.\\./(operator|runner|adapter|cli)", message: "crds is the root of the imports." }] },
      ],
    },
  },
  { files: ["**/*.js"], ...tseslint.configs.disableTypeChecked },
);
