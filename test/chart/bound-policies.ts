/** The chart's admission policies on the real API server, bound to one namespace under names of their own. */
import { kubectl } from "../cluster/kubectl.ts";
import { eventually } from "../eventually.ts";
import { operatorNamespace, release } from "../install.ts";
import { render, type Rendered, type Values } from "./render.ts";
import { images } from "./value-sets.ts";

/** What the API server has against a request; empty: nothing. */
export function objection(answer: Promise<string>): Promise<string> {
  return answer.then(
    () => "",
    (error: unknown) => (error as { stderr?: string }).stderr ?? String(error),
  );
}

/** Creates the policies for `namespace` and returns their names. The installed operator is the one that they let through. */
export async function bindPolicies(namespace: string, admissionPolicy: Values): Promise<readonly string[]> {
  const values = { ...images, watchNamespaces: [namespace], admissionPolicy: { enabled: true, ...admissionPolicy } };
  const objects = await render(values, { release, namespace: operatorNamespace });
  const policies = objects.filter(({ apiVersion }) => apiVersion.startsWith("admissionregistration.k8s.io/"));
  // Two test files at once must not change each other's policies.
  const items = policies.map((policy) => renamed(policy, namespace));
  await kubectl(["apply", "-f", "-"], { apiVersion: "v1", kind: "List", items });
  return [...new Set(items.map(({ metadata }) => metadata.name))];
}

/** What the API server's type checker warns of in these policies, once it has looked at all of them. */
export async function expressionWarnings(names: readonly string[]): Promise<readonly string[]> {
  let warnings: readonly string[] = [];
  await eventually(
    "the policies are type checked",
    async () => {
      const shown = await kubectl(["get", "validatingadmissionpolicies", "-o", "json"]);
      const all = JSON.parse(shown) as { items: Checked[] };
      const items = all.items.filter(({ metadata }) => names.includes(metadata.name));
      warnings = items.flatMap(({ status }) =>
        (status?.typeChecking?.expressionWarnings ?? []).map(({ fieldRef, warning }) => `${fieldRef}: ${warning}`),
      );
      return items.every(({ status }) => status?.observedGeneration !== undefined);
    },
    60_000,
  );
  return warnings;
}

interface Checked {
  readonly metadata: { readonly name: string };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly typeChecking?: {
      readonly expressionWarnings?: readonly { readonly fieldRef: string; readonly warning: string }[];
    };
  };
}

export async function removePolicies(names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const kinds = "validatingadmissionpolicybindings,validatingadmissionpolicies";
  await kubectl(["delete", "--ignore-not-found", kinds, ...names]);
}

function renamed(policy: Rendered, suffix: string): Rendered {
  const name = `${policy.metadata.name}.${suffix}`;
  const spec = policy["spec"] as { policyName?: string };
  const bound = spec.policyName === undefined ? {} : { policyName: `${spec.policyName}.${suffix}` };
  return { ...policy, metadata: { ...policy.metadata, name }, spec: { ...spec, ...bound } };
}
