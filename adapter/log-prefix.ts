/**
 * The prefix of the adapter's own lines. States of a run go to stdout, between Claude's whole lines, because the host's
 * page shows stderr as an error. Problems go to stderr.
 */
export const logPrefix = "[clauderun] ";
