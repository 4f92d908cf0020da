/** Formats of strings, each with the advice for values that do not match. */
import { reservedMountPath, reservedVolumePrefix, runnerConfigVariable } from "./names.ts";
import { celString, matching, type Rule } from "./rules.ts";

export const dnsLabel = matching(
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
  "must be a DNS label: lower case letters, digits and '-', beginning and ending with a letter or digit",
);

export const dnsSubdomain = matching(
  /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/,
  "must be an object name: lower case letters, digits, '-' and '.', beginning and ending with a letter or digit",
);

/** Key in the data of a Secret or a ConfigMap. */
export const dataKey = matching(
  /^[-._a-zA-Z0-9]+$/,
  "must be a key of a Secret or ConfigMap: letters, digits, '-', '_' and '.'",
);

export const environmentName = matching(
  /^[-._a-zA-Z][-._a-zA-Z0-9]*$/,
  "must be a variable name: letters, digits, '_', '-' and '.', not beginning with a digit",
);

export const notRunnerConfig: Rule<string> = {
  rule: `self != ${celString(runnerConfigVariable)}`,
  message: `must not be ${runnerConfigVariable}, which the operator sets: choose another name`,
  isValid: (name) => name !== runnerConfigVariable,
};

/** The empty value or a label's value. */
export const labelValue = matching(
  /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/,
  "must be a label value: letters, digits, '-', '_' and '.', beginning and ending with a letter or digit",
);

export const dollars: Rule<string> = {
  rule: "self.matches('^[0-9]{1,6}([.][0-9]{1,6})?$') && self.matches('[1-9]')",
  message: 'must be an amount of dollars above zero as a decimal string, such as "2.50"',
  isValid: (value) => /^[0-9]{1,6}([.][0-9]{1,6})?$/.test(value) && /[1-9]/.test(value),
};

/** An amount spent. The bound protects totals, because a hostile container can report anything. */
export const spentDollars = matching(/^[0-9]{1,9}([.][0-9]{1,20})?$/, "must be dollars as a decimal string");

/** A quantity without a sign; Kubernetes' own quantities may be negative. */
export const quantityFormat = matching(
  /^([0-9]+([.][0-9]*)?|[.][0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][-+]?[0-9]+)?$/,
  "must be a non-negative quantity, such as 500m, 2 or 4Gi",
);

export const sessionId = matching(
  /^[A-Za-z0-9][-_A-Za-z0-9]*$/,
  "must be a session id, as in status.session.id of an earlier run",
);

/** A value of one of claude's options. */
export const notAnOption: Rule<string> = {
  rule: "!self.startsWith('-')",
  message: "must not begin with '-': claude would take it for an option",
  isValid: (value) => !value.startsWith("-"),
};

export const printable = matching(/^[!-~]+$/, "must consist of printable ASCII characters without spaces");

export const ipAddress = matching(/^[0-9a-fA-F.:]+$/, "must be an IP address");

/** One part of a path: neither empty nor "." nor "..", and without ':', which Kubernetes rejects in mount paths. */
const PART = "([^/:.][^/:]*|[.][^/:.][^/:]*|[.][.][^/:]+)";

export const absolutePath = matching(
  new RegExp(`^(/${PART})+$`),
  "must be a normalized absolute path: without '.', '..', '//', ':' and a '/' at the end",
);

export const relativePath = matching(
  new RegExp(`^${PART}(/${PART})*$`),
  "must be a normalized relative path: without '.', '..', '//', ':' and a '/' at either end",
);

export const notReservedPath: Rule<string> = {
  rule: `!(self + '/').startsWith(${celString(`${reservedMountPath}/`)})`,
  message: `must not be ${reservedMountPath} or below it, which the operator mounts: choose another path`,
  isValid: (path) => !`${path}/`.startsWith(`${reservedMountPath}/`),
};

export const notReservedVolume: Rule<string> = {
  rule: `!self.startsWith(${celString(reservedVolumePrefix)})`,
  message: `must not begin with '${reservedVolumePrefix}', the prefix of the operator's volumes: choose another name`,
  isValid: (name) => !name.startsWith(reservedVolumePrefix),
};

/** Fields that the downward API can expose as a variable. */
export const fieldPath = matching(
  /^(metadata[.](name|namespace|uid|(labels|annotations)\['[^']+'\])|spec[.](nodeName|serviceAccountName)|status[.](hostIPs?|podIPs?))$/,
  "must be a pod field of the downward API, such as metadata.name, metadata.labels['key'] or spec.nodeName",
);
