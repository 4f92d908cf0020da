/** What claude is doing at the moment, in a few words for `status.progress.activity`. */
import { asObject, listAt, numberAt, objectAt, stringAt, type JsonObject } from "./event.ts";

/** The activity after this event, or undefined if the event says nothing about it. */
export function activityAfter(event: JsonObject): string | undefined {
  switch (stringAt(event, "type") ?? "") {
    case "system":
      return activityAfterSystem(event);
    case "assistant":
      return toolName(event) ?? "thinking";
    case "user":
    case "stream_event":
      return "thinking";
    case "result":
      return "finishing";
    default:
      return undefined;
  }
}

function activityAfterSystem(event: JsonObject): string | undefined {
  const subtype = stringAt(event, "subtype");
  if (subtype === "init") return "thinking";
  if (subtype !== "api_retry") return undefined;
  return `waiting for the API (retry ${numberAt(event, "attempt") ?? 0} of ${numberAt(event, "max_retries") ?? 0})`;
}

function toolName(event: JsonObject): string | undefined {
  const blocks = listAt(objectAt(event, "message"), "content") ?? [];
  const tool = blocks.map(asObject).findLast((block) => stringAt(block, "type") === "tool_use");
  return stringAt(tool, "name");
}
