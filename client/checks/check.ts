/** The result of a check of the cluster or of the settings. */

/** The result of one check. */
export interface Check {
  /** Stable identifier for programs, such as k8s_crd_missing. */
  readonly code: string;
  readonly level: "info" | "warn" | "error";
  /** One sentence for people. */
  readonly message: string;
  /** The next step; not set if nothing needs to be done. */
  readonly hint?: string;
}

/** Returns a check of level error: runs would fail. */
export function failed(code: string, message: string, hint: string): Check {
  return { code, level: "error", message, hint };
}

/** Returns a check of level warn: runs may succeed, but the user should know. */
export function warning(code: string, message: string, hint: string): Check {
  return { code, level: "warn", message, hint };
}
