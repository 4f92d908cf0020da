/** Detects texts that may contain a credential. They belong in a Secret: the role `view` can read ClaudeRuns. */

/** `https://token@host` and `scheme://user:password@host`. */
const userinfoInUrl = /:\/\/[^\s/?#"'\\<>@]{1,4096}@/;
/** URL parameters that contain a credential. */
const credentialParameter =
  /[?&#;](?:access_token|api_?key|auth|authorization|credential|id_token|key|password|passwd|private_token|pwd|refresh_token|secret|sig|signature|token|x-amz-(?:credential|security-token|signature)|x-goog-signature)=[^\s&#]/i;
/** Tokens with a known prefix. */
const knownToken =
  /\b(?:sk-[a-z]+-|gh[opsur]_|github_pat_|glpat-|xox[abeoprs]-|npm_|hf_|AKIA|ASIA|AIza|eyJ[\w-]{8,}\.eyJ)[\w-]{8}|\bBearer\s+[\w.~+/-]{8}|-----BEGIN [A-Z ]{0,20}PRIVATE KEY/;

/** Returns true if the text may contain a credential. Linear in its length; a false positive only costs a Secret. */
export function mayHoldCredential(text: string): boolean {
  return userinfoInUrl.test(text) || credentialParameter.test(text) || knownToken.test(text);
}
