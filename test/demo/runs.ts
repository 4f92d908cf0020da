/** The three ClaudeRuns of the demo, for two agents: the reviewer has two, so that the second must wait. */
import type { ClaudeRunInput } from "../../crds/claude-run.ts";
import { apiVersion, kind } from "../../crds/names.ts";

export const namespace = "claude-run-demo";
/** The Secret with the API key, in the same namespace. */
export const secretName = "anthropic";

/** A step of the fake API's script: one model turn. See test/fake-api/fake-api.mjs. */
interface Step {
  readonly says?: string;
  /** A shell command that really runs in the agent's pod. */
  readonly runs?: string;
  readonly tokensOut: number;
}

interface Scene {
  readonly name: string;
  readonly agent: string;
  readonly prompt: string;
  /** What the fake API makes the agent do; the real one decides for itself. */
  readonly steps: readonly Step[];
}

const scenes: readonly Scene[] = [
  {
    name: "review-1",
    agent: "reviewer",
    prompt:
      "Write cart.js with a function total(items) that adds up item.price by reduce, without an initial value. " +
      "Try it with node on the prices 2 and 3, then say in two sentences what is wrong with it.",
    steps: [
      {
        says: "I will write the file and then try it.",
        runs: "echo 'export const total = (items) => items.reduce((sum, item) => sum + item.price);' | tee cart.js",
        tokensOut: 118,
      },
      {
        runs: `node --input-type=module -e "import { total } from './cart.js'; console.log(total([{ price: 2 }, { price: 3 }]))"`,
        tokensOut: 96,
      },
      {
        says:
          "total() answers '[object Object]3' instead of 5: without an initial value, reduce starts with the first " +
          "item itself and not with a number. Pass 0 as the second argument of reduce, which also makes total([]) 0.",
        tokensOut: 74,
      },
    ],
  },
  {
    name: "review-2",
    agent: "reviewer",
    prompt:
      "Write cart.js with a function total(items) that adds up item.price by reduce and begins at 0. " +
      "Try it with node on no items and on the prices 2 and 3, then say in one sentence if it is right.",
    steps: [
      {
        says: "First the file, then the two cases.",
        runs: "echo 'export const total = (items) => items.reduce((sum, item) => sum + item.price, 0);' | tee cart.js",
        tokensOut: 121,
      },
      {
        runs: `node --input-type=module -e "import { total } from './cart.js'; console.log(total([]), total([{ price: 2 }, { price: 3 }]))"`,
        tokensOut: 103,
      },
      { says: "It is right: no items cost 0, and the prices 2 and 3 add up to 5.", tokensOut: 31 },
    ],
  },
  {
    name: "write-1",
    agent: "writer",
    prompt:
      "Find out which versions of git and node are here, write them as a list into TOOLS.md, " +
      "count its lines, and say in one sentence what you wrote.",
    steps: [
      { says: "I look at what is installed.", runs: "git --version && node --version", tokensOut: 64 },
      {
        runs: 'printf \'# Tools\\n- %s\\n- node %s\\n\' "$(git --version)" "$(node --version)" > TOOLS.md && cat TOOLS.md',
        tokensOut: 92,
      },
      { runs: "wc -l TOOLS.md", tokensOut: 41 },
      { says: "TOOLS.md lists the versions of git and node in three lines, heading included.", tokensOut: 29 },
    ],
  },
];

/** The runs as they are applied; with the address of the fake API their prompts carry its script. */
export function demoRuns(fakeApi: string | undefined): ClaudeRunInput[] {
  return scenes.map(({ name, agent, prompt, steps }) => ({
    apiVersion,
    kind,
    metadata: { name, namespace },
    spec: {
      agent,
      prompt: fakeApi === undefined ? prompt : `${prompt} @fake ${script(steps)}`,
      claude: { model: "haiku", maxTurns: 10, allowedTools: ["Bash"] },
      credentialsSecretName: secretName,
      budget: { maxCostUSD: "0.25" },
      activeDeadlineSeconds: 150,
      ...(fakeApi === undefined ? {} : { pod: { env: fakeEnvironment(fakeApi) } }),
    },
  }));
}

/** What was asked, as a person wrote it. */
export function promptOf(name: string): string {
  return scenes.find((scene) => scene.name === name)?.prompt ?? "";
}

function fakeEnvironment(address: string): { name: string; value: string }[] {
  return [
    { name: "ANTHROPIC_BASE_URL", value: address },
    { name: "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", value: "1" },
  ];
}

/** With pauses between the turns, as a model has them: what happens can be followed by eye. */
function script(steps: readonly Step[]): string {
  const turns = steps.map(({ says, runs, tokensOut }, turn) => {
    const text = says === undefined ? [] : [{ type: "text", text: says }];
    const tool =
      runs === undefined
        ? []
        : [{ type: "tool_use", id: `toolu_demo_${turn}`, name: "Bash", input: { command: runs } }];
    return {
      blocks: [...text, ...tool],
      delayMs: 900,
      chunk: 24,
      chunkDelayMs: 20,
      usage: { input_tokens: 2400 + 350 * turn },
      outputTokens: tokensOut,
    };
  });
  return JSON.stringify(turns);
}
