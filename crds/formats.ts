/** What strings may look like, each with the advice for those that do not. */
import { reservedMountPath, reservedVolumePrefix, runnerConfigVariable } from "./names.ts";
import { celString, matching, type Rule } from "./rules.ts";

export const dnsLabel = matching(
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
  "must be a DNS label: lower case letters, digits and '-', beginning and ending with a letter or digit",
);

export const dnsSubdomain = matching(
  /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/,
  "must be an object's name: lower case letters, digits, '-' and '.', beginning and ending with a letter or digit",
);

/** Key in the data of a Secret or a ConfigMap. */
export const dataKey = matching(
  /^[-._a-zA-Z0-9]+$/,
  "must be a key of a Secret or ConfigMap: letters, digits, '-', '_' and '.'",
);

export const environmentName = matching(
  /^[-._a-zA-Z][-._a-zA-Z0-9]*$/,
  "must be a variable's name: letters, digits, '_', '-' and '.', not beginning with a digit",
);

export const notRunnerConfig: Rule<string> = {
  rule: `self != ${celString(runnerConfigVariable)}`,
  message: `must not be ${runnerConfigVariable}, which the operator sets: choose another name`,
  holds: (name) => name !== runnerConfigVariable,
};

/** The empty value or a label's value. */
export const labelValue = matching(
  /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/,
  "must be a label's value: letters, digits, '-', '_' and '.', beginning and ending with a letter or digit",
);

export const dollars: Rule<string> = {
  rule: "self.matches('^[0-9]{1,6}([.][0-9]{1,6})?$') && self.matches('[1-9]')",
  message: 'must be an amount of dollars above zero as a decimal string, such as "2.50"',
  holds: (value) => /^[0-9]{1,6}([.][0-9]{1,6})?$/.test(value) && /[1-9]/.test(value),
};

/** What was spent; a hostile container can report anything, and totals are summed from it. */
export const spentDollars = matching(/^[0-9]{1,9}([.][0-9]{1,20})?$/, "must be dollars as a decimal string");

/** An amount that is not negative; Kubernetes' own quantities also know a sign. */
export const quantityFormat = matching(
  /^([0-9]+([.][0-9]*)?|[.][0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][-+]?[0-9]+)?$/,
  "must be a quantity that is not negative, such as 500m, 2 or 4Gi",
);

export const sessionId = matching(
  /^[A-Za-z0-9][-_A-Za-z0-9]*$/,
  "must be a session's id, as in status.session.id of an earlier run",
);

/** Text that goes to claude as the value of an option. */
export const notAnOption: Rule<string> = {
  rule: "!self.startsWith('-')",
  message: "must not begin with '-': claude would take it for an option",
  holds: (value) => !value.startsWith("-"),
};

export const printable = matching(/^[!-~]+$/, "must consist of printable ASCII characters without spaces");

export const ipAddress = matching(/^[0-9a-fA-F.:]+$/, "must be an IP address");

/** One part of a path: neither empty nor "." nor "..", and without ':', which Kubernetes refuses in mount paths. */
const PART = "([^/:.][^/:]*|[.][^/:.][^/:]*|[.][.][^/:]+)";

export const absolutePath = matching(
  new RegExp(`^(/${PART})+$`),
  "must be an absolute path, written out: without '.', '..', '//', ':' and a '/' at the end",
);

export const relativePath = matching(
  new RegExp(`^${PART}(/${PART})*$`),
  "must be a relative path, written out: without '.', '..', '//', ':' and a '/' at either end",
);

export const notReservedPath: Rule<string> = {
  rule: `!(self + '/').startsWith(${celString(`${reservedMountPath}/`)})`,
  message: `must not lie at or below ${reservedMountPath}, which the operator mounts: choose another path`,
  holds: (path) => !`${path}/`.startsWith(`${reservedMountPath}/`),
};

export const notReservedVolume: Rule<string> = {
  rule: `!self.startsWith(${celString(reservedVolumePrefix)})`,
  message: `must not begin with '${reservedVolumePrefix}', which names the operator's own volumes: choose another name`,
  holds: (name) => !name.startsWith(reservedVolumePrefix),
};

/** What the downward API can give a container as a variable. */
export const fieldPath = matching(
  /^(metadata[.](name|namespace|uid|(labels|annotations)\['[^']+'\])|spec[.](nodeName|serviceAccountName)|status[.](hostIPs?|podIPs?))$/,
  "must be a field of the pod that a variable can carry, such as metadata.name, metadata.labels['key'] or spec.nodeName",
);
