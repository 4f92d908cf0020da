/** Describes claude's current activity for `status.progress.activity`. */
import { asObject, listField, numberField, objectField, stringField, type JsonObject } from "./event.ts";

/** Returns the activity after an event; undefined if the event does not change it. */
export function activityAfter(event: JsonObject): string | undefined {
  switch (stringField(event, "type") ?? "") {
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
  const subtype = stringField(event, "subtype");
  if (subtype === "init") return "thinking";
  if (subtype !== "api_retry") return undefined;
  return `waiting for the API (retry ${numberField(event, "attempt") ?? 0} of ${numberField(event, "max_retries") ?? 0})`;
}

function toolName(event: JsonObject): string | undefined {
  const blocks = listField(objectField(event, "message"), "content") ?? [];
  const tool = blocks.map(asObject).findLast((block) => stringField(block, "type") === "tool_use");
  return stringField(tool, "name");
}
