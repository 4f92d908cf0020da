/** spec.claude: the options of the Claude Code CLI, named as the CLI names them. */
import * as z from "zod";
import { beginsWithOption, longOptionsOnly, notReservedOption } from "./extra-args.ts";
import { integer, keySource, list, object, text } from "./fields.ts";
import { notAnOption, printable } from "./formats.ts";
import { notBoth, withRules, type Rule } from "./rules.ts";

/** Linux limits one process argument to 128 KiB; half of it is left for multi-byte characters and the option itself. */
const ARGUMENT_BYTES = 65_536;

const atMostArgumentBytes: Rule<string> = {
  rule: `size(bytes(self)) <= ${ARGUMENT_BYTES}`,
  message: "must be at most 64 KiB of UTF-8: put longer texts into a file in the workspace",
  isValid: (value) => Buffer.byteLength(value) <= ARGUMENT_BYTES,
};

const onePermissionField: Rule<{ permissionMode?: unknown; dangerouslySkipPermissions?: boolean }> = {
  rule: "!(has(self.permissionMode) && has(self.dangerouslySkipPermissions) && self.dangerouslySkipPermissions)",
  message: "must not set both permissionMode and dangerouslySkipPermissions: keep one of them",
  isValid: (claude) => claude.permissionMode === undefined || claude.dangerouslySkipPermissions !== true,
};

const tools = (description: string) =>
  list(text({ max: 1024 }, notAnOption), 128)
    .describe(description)
    .exactOptional();

export const claudeSchema = withRules(
  object({
    model: text({ max: 256 }, printable, notAnOption)
      .describe("Alias or full name of the model (--model). Default: the CLI's own choice.")
      .exactOptional(),
    effort: z
      .enum(["low", "medium", "high", "xhigh", "max"])
      .describe("How hard the model thinks (--effort). Default: the CLI's own choice.")
      .exactOptional(),
    maxTurns: integer(0, 1_000_000)
      .describe("Model calls after which claude stops with reason MaxTurns (--max-turns). 0 or absent: unlimited.")
      .exactOptional(),
    permissionMode: z
      .enum(["acceptEdits", "auto", "bypassPermissions", "default", "dontAsk", "manual", "plan"])
      .describe(
        "Permission mode (--permission-mode): the tools that claude may use without asking. A run cannot answer such questions.",
      )
      .exactOptional(),
    dangerouslySkipPermissions: z
      .boolean()
      .describe("Bypass all permission checks (--dangerously-skip-permissions). Not together with permissionMode.")
      .exactOptional(),
    allowedTools: tools("Tools that need no permission, such as Read or Bash(git *) (--allowedTools)."),
    disallowedTools: tools("Tools that are denied (--disallowedTools)."),
    addDirs: list(text({ max: 1024 }, notAnOption), 32)
      .describe("Additional directories in the container that claude may use (--add-dir).")
      .exactOptional(),
    systemPrompt: text({ max: ARGUMENT_BYTES }, atMostArgumentBytes)
      .describe("Replaces the system prompt (--system-prompt). At most 64 KiB of UTF-8.")
      .exactOptional(),
    appendSystemPrompt: text({ max: ARGUMENT_BYTES }, atMostArgumentBytes)
      .describe("Added to the end of the system prompt (--append-system-prompt). At most 64 KiB of UTF-8.")
      .exactOptional(),
    appendSystemPromptFile: text({ max: 1024 }, notAnOption)
      .describe("Path in the container, absolute or from the working directory, of a file to add to the system prompt.")
      .exactOptional(),
    mcpConfigFrom: keySource()
      .describe("MCP servers: a JSON file in a Secret or ConfigMap, mounted and passed as --mcp-config.")
      .exactOptional(),
    settingsFrom: keySource()
      .describe("Settings: a JSON file in a Secret or ConfigMap, mounted and passed as --settings.")
      .exactOptional(),
    includePartialMessages: z
      .boolean()
      .describe("Write message fragments to the log as they arrive (--include-partial-messages). Default: false.")
      .exactOptional(),
    extraArgs: withRules(list(text({ min: 0, max: 8192 }, notReservedOption, longOptionsOnly), 64), beginsWithOption)
      .describe(
        "Additional arguments, passed to claude unchanged and never through a shell. Options that have a field here, and " +
          "options that would change output, session or lifetime, are rejected.",
      )
      .exactOptional(),
  }),
  onePermissionField,
  notBoth("appendSystemPrompt", "appendSystemPromptFile"),
);
