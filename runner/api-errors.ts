/**
 * Classifies API errors by their text. Anthropic's API, Bedrock, Vertex and gateways use different status codes and
 * texts for the same error, so the status alone is not enough. Only the beginning of a text is matched, and no
 * expression nests repetitions, so that the work is bounded for any text.
 */

/** Length of the matched beginning of a text. */
const matchedCharacters = 4096;

/** Returns the part of a text that `matchesAny` matches. */
export function matchedPart(text: string): string {
  return text.slice(0, matchedCharacters);
}

/** True if the text matches one of the phrases. */
export function matchesAny(text: string, phrases: readonly RegExp[]): boolean {
  const part = matchedPart(text);
  return phrases.some((phrase) => phrase.test(part));
}

/** The workspace has no such session, or claude cannot use it. */
export const noSession: readonly RegExp[] = [
  /No conversation found with session ID/iu,
  /requires a valid session ID/iu,
  /(?:session|conversation|transcript)[^.\n]{0,80}(?:could not be|cannot be|can't be|failed to be) (?:found|loaded|read|parsed|resumed)/iu,
  /(?:failed|unable) to (?:load|read|parse|resume)[^.\n]{0,40} (?:session|conversation|transcript)/iu,
];

/** The answer was repeatedly cut at the output maximum. */
export const outputTooLong: readonly RegExp[] = [/exceeded the \d{1,3}(?:,?\d{1,3}){0,3} output token maximum/iu];

/** The conversation does not fit into the model's context. */
export const contextFull: readonly RegExp[] = [
  /(?:prompt|input|conversation|request|context|messages?) (?:is|are|was) too (?:long|large)/iu,
  /request[_ ]too[_ ]large|request entity too large|payload too large/iu,
  /exceed\w{0,3} (?:the )?(?:model'?s? )?(?:maximum |max )?(?:allowed )?(?:context|prompt|input|token) ?(?:length|limit|size|window|tokens)/iu,
  /maximum context (?:length|size|window)/iu,
  /context[_ -]?(?:length|window|size)[_ -]?exceeded/iu,
  /(?:prompt|input)(?: token count| tokens| length)?[^.\n]{0,60} exceeds? the (?:model|maximum|limit|context)/iu,
  /reduce the (?:length|size) of (?:the |your )?(?:messages|prompt|input|conversation)/iu,
  /too many (?:input|prompt) tokens|greater than the (?:model'?s? )?(?:maximum )?context/iu,
];

/** The API rejects an image or a document in the history. */
const unsendableAttachments: readonly RegExp[] = [
  /(?:image|images|pdf|pdfs|document)\b[^.\n]{0,60} (?:exceeds?|(?:is|was|are|were) too (?:large|big|long|many))/iu,
  /\b(?:image|pdf|document) too large/iu,
  /many-image requests|too many images/iu,
  /could not process (?:image|pdf|document)|unable to (?:process|resize) (?:the )?(?:image|pdf)/iu,
  /maximum of \d{1,6} pdf pages/iu,
  /pdf specified (?:was not valid|is password protected)|pdf is password[- ]protected/iu,
  /image[^.\n]{0,80} (?:appears to be an? image|does not (?:match|represent)|media type)|image media type/iu,
];

/** The history violates a rule of the API; every request of the session sends it again. */
export const historyRejected: readonly RegExp[] = [
  ...unsendableAttachments,
  /tool[_ ]?use[^\n]{0,120}tool[_ ]?result/iu,
  /tool[_ ]?result[^\n]{0,120}tool[_ ]?use/iu,
  /tool use concurrency issues|orphaned tool_result|duplicate tool_use/iu,
  /`?tool_use`? ids must be unique/iu,
  /'?tool_calls?'? must be followed by|tool_call_ids? did not have|response to a prece\w+ message with '?tool_calls/iu,
  /function (?:call|response)[^\n]{0,60} (?:turn|parts)/iu,
  /no tool (?:call|output) found for (?:function|tool) call|must have a text parameter|empty text parameter/iu,
  /signature[^\n]{0,60}thinking|thinking[^\n]{0,80}(?:signature|cannot be modified|must start with|must contain|but found)/iu,
  /expected `?(?:redacted_)?thinking`?/iu,
  /roles? must alternate|must alternate between|must start with a user message|must use the "?user"? role|first message must/iu,
  /must end with a user message|assistant message prefill|final assistant (?:message|content)/iu,
  /text content blocks must (?:be non-empty|contain)|must have non-empty content|for empty text blocks/iu,
  /no low surrogate|(?:lone|unpaired|invalid) (?:high |low )?surrogate/iu,
  // The API's path to the rejected part; the first message is the prompt, not the history.
  /\bmessages[.[][1-9]\d{0,5}\b(?![^\n]{0,200}(?:extra inputs|not permitted|not supported))/iu,
];

/** The model does not exist or is not available to this account. */
export const modelUnknown: readonly RegExp[] = [
  /issue with the selected model/iu,
  /\bmodels?\b[^.\n]{0,160}(?:not found|does not exist|doesn't exist|not exist|may not exist|is not available|not enabled|not servable|end of (?:its )?life|retired|deprecated)/iu,
  /(?:unknown|invalid|unsupported|unrecognized) model\b/iu,
  /model (?:identifier|id|name) is (?:invalid|unknown|not valid)|is not a valid model/iu,
  /could not resolve the foundation model/iu,
  /on-demand throughput (?:is not|isn.t) supported/iu,
  /(?:access|permission)s? (?:denied )?to (?:the |this )?(?:requested )?models?\b|not (?:allowed|authorized|permitted) to (?:access|use|invoke) (?:the |this )?models?\b/iu,
  /\bmodel[_ ](?:is )?not[_ ]supported\b(?! (?:for|in|with)\b)|model access is denied|not allowed to use publisher model/iu,
  /no endpoints found|no (?:healthy )?deployments? (?:available )?for (?:this |selected )?model|DeploymentNotFound/iu,
  /use case details have not been submitted/iu,
];

/** A spending cap or a plan's limit is reached; it resets later. */
export const limitReached: readonly RegExp[] = [
  /usage limit reached|(?:reached|hit|exceeded) (?:your|its) (?:(?!rate )[\w'-]{1,30} ){0,4}(?:limit|cap)s?\b/iu,
  /out of (?:extra usage|usage credits)|usage credits ran out/iu,
  /regain access on/iu,
  /(?:spend|spending|monthly|weekly|daily|usage|budget|key) (?:limit|cap)s?(?: of [^\s]{1,20})? (?:is |was |has been )?(?:reached|exceeded|hit)/iu,
  /budget has been exceeded|over budget|ExceededBudget|budget_exceeded/iu,
];

/** No credit is left, or the plan does not include the request. */
export const creditsGone: readonly RegExp[] = [
  /credit balance/iu,
  /insufficient (?:credits?|funds|balance|quota)|insufficient_quota|(?:requires|not enough|doesn't have enough|out of) (?:more )?credits?\b/iu,
  /exceeded your current quota[^\n]{0,60}billing/iu,
  /INVALID_PAYMENT_INSTRUMENT|payment (?:instrument|method)s?\b[^.\n]{0,40}(?:invalid|declined|missing|expired|required|failed)/iu,
  /(?:usage credits|extra usage)(?: (?:is|are))? required|payment required|requires usage credits/iu,
];

/** The account, organization or key is rejected. */
export const accountRejected: readonly RegExp[] = [
  /(?:organi[sz]ation|account|workspace|subscription|user|(?:api )?key|token|credential)s?\b[^.\n]{0,60} (?:disabled|suspended|deactivated|revoked|expired|on hold|banned|blocked|inactive)/iu,
  /(?:disabled|suspended|deactivated|blocked) (?:organi[sz]ation|account|api key)/iu,
  /(?:organi[sz]ation|account|workspace|project|api key) (?:was |is )?(?:not found|does not exist|unknown)/iu,
  /invalid (?:x-)?api[- _]?key|invalid bearer token|authentication[_ ](?:error|failed)|failed to authenticate|unauthenticated/iu,
  /not logged in|please run \/login|could not load (?:\w{1,20} )?(?:default )?credentials/iu,
  /api key authentication is disabled|security token included in the request|UnrecognizedClient|ExpiredToken/iu,
];

/** The CLI's names for account errors of any status. */
export const accountErrors: ReadonlySet<string> = new Set([
  "authentication_failed",
  "oauth_org_not_allowed",
  "account_on_hold",
  "verification_required",
  "cloud_credential_error",
  "org_disabled_credential",
  "api_key_auth_disabled",
  "invalid_credential_header",
  "provider_credentials",
  "stored_login_refused",
  "named_profile_unusable",
  "gateway_signin_required",
  "gateway_session_expired",
]);
