/** The CRD as this checkout has it. */
import { fileURLToPath } from "node:url";
import { crdName, kind } from "../../crds/names.ts";
import { kubectl } from "./kubectl.ts";

const file = fileURLToPath(new URL("../../crds/clauderuns.yaml", import.meta.url));

/** Resolves once the API server takes ClaudeRuns. */
export async function applyCrd(): Promise<void> {
  await kubectl(["apply", "--server-side", "--force-conflicts", "-f", file]);
  await becomes(`jsonpath={.status.acceptedNames.kind}=${kind}`);
  // In this order, as conditions come with the names: where there are none, kubectl does not wait for one but fails.
  await becomes("condition=Established");
}

async function becomes(what: string): Promise<void> {
  await kubectl(["wait", `--for=${what}`, `crd/${crdName}`, "--timeout=30s"]);
}
