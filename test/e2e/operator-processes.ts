/** The operator's processes on the node that this machine is: signals that no grace period softens. */
import { readdirSync, readFileSync } from "node:fs";
import { kubectl } from "../cluster/kubectl.ts";
import { operatorNamespace } from "../install.ts";

/** Sends a signal to the process of an operator's pod from outside. */
export async function signal(pod: string, name: "SIGKILL" | "SIGSTOP"): Promise<void> {
  const sent = signalProcesses(await uidsOf(["pod", pod]), name);
  if (sent === 0) throw new Error(`pod ${pod} has no process on this machine`);
}

/** Kills all replicas without a TERM, so that none can finish anything, and has new pods made: no container waits to be restarted. */
export async function killOperators(): Promise<void> {
  const pods = ["pods", "-l", "app.kubernetes.io/component=operator"];
  signalProcesses(await uidsOf(pods), "SIGKILL");
  await kubectl(["-n", operatorNamespace, "delete", ...pods, "--force", "--grace-period=0", "--wait=false"]);
}

async function uidsOf(pods: readonly string[]): Promise<string[]> {
  const list = await kubectl(["-n", operatorNamespace, "get", ...pods, "-o", "jsonpath={..metadata.uid}"]);
  return list.split(" ");
}

/** To how many it was sent: none where containers are only being made, or have ended. */
function signalProcesses(podUids: readonly string[], name: NodeJS.Signals): number {
  const ids = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry) && podUids.some((uid) => isOf(entry, uid)));
  for (const id of ids) process.kill(Number(id), name);
  return ids.length;
}

function isOf(id: string, podUid: string): boolean {
  try {
    const ours = readFileSync(`/proc/${id}/cgroup`, "utf8").replaceAll("_", "-").includes(podUid);
    return ours && readFileSync(`/proc/${id}/cmdline`, "utf8").includes("operator.mjs");
  } catch {
    return false; // it has ended meanwhile
  }
}
