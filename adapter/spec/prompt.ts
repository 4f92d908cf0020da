/** Builds the prompt of the sections that Paperclip's own adapter for the CLI sends, in its order. */
import {
  DEFAULT_PAPERCLIP_AGENT_PROMPT_TEMPLATE,
  DEFAULT_PAPERCLIP_CONVERSATION_PROMPT_TEMPLATE,
  isPaperclipRecoveryWakePayload,
  joinPromptSections,
  renderPaperclipWakePrompt,
  renderTemplate,
  selectPaperclipTaskMarkdown,
} from "@paperclipai/adapter-utils/server-utils";
import type { AdapterExecutionContext } from "@paperclipai/adapter-utils";
import type { Settings } from "./settings.ts";

/** The prompt, and the lengths of its sections in characters. */
export interface Prompt {
  readonly text: string;
  readonly metrics: Readonly<Record<string, number>>;
}

/** Returns the prompt. A resumed session gets no bootstrap template, because it has it already. */
export function buildPrompt(ctx: AdapterExecutionContext, settings: Settings, isResumed: boolean): Prompt {
  const { agent, context, runId } = ctx;
  const isConversation = context["conversationMode"] === true;
  const data = {
    agentId: agent.id,
    companyId: agent.companyId,
    runId,
    company: { id: agent.companyId },
    agent,
    run: { id: runId, source: "on_demand" },
    context,
  };
  const bootstrap =
    isResumed || settings.bootstrapPromptTemplate === undefined
      ? ""
      : renderTemplate(settings.bootstrapPromptTemplate, data).trim();
  const task = selectPaperclipTaskMarkdown(context, { resumedSession: isResumed });
  const wake = renderPaperclipWakePrompt(context["paperclipWake"], {
    resumedSession: isResumed,
    conversationMode: isConversation,
    suppressIssueDescription: task.length > 0,
  });
  const handoff =
    typeof context["paperclipSessionHandoffMarkdown"] === "string"
      ? context["paperclipSessionHandoffMarkdown"].trim()
      : "";
  const template =
    settings.promptTemplate ??
    (isConversation ? DEFAULT_PAPERCLIP_CONVERSATION_PROMPT_TEMPLATE : DEFAULT_PAPERCLIP_AGENT_PROMPT_TEMPLATE);
  const isDelta = (isResumed && wake.length > 0) || isPaperclipRecoveryWakePayload(context["paperclipWake"]);
  const heartbeat = isDelta ? "" : renderTemplate(template, data);
  const text = joinPromptSections([bootstrap, wake, handoff, task, heartbeat]);
  return {
    text,
    metrics: {
      promptChars: text.length,
      bootstrapPromptChars: bootstrap.length,
      wakePromptChars: wake.length,
      sessionHandoffChars: handoff.length,
      taskContextChars: task.length,
      heartbeatPromptChars: heartbeat.length,
    },
  };
}
