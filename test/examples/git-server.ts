/** The git server of the example with a private repository, as a pod of the stage's namespace. */
import { fileURLToPath } from "node:url";
import type { Stage } from "../e2e/stage.ts";
import { agentImage } from "../install.ts";

const script = fileURLToPath(new URL("git-server.mjs", import.meta.url));

/** Starts it; resolves with its address, user and password in it. */
export async function openGitServer(stage: Stage): Promise<string> {
  const account = "agent:git-token-of-the-test";
  await stage.kubectl("create", "configmap", "git-server", `--from-file=${script}`);
  const container = {
    name: "git",
    image: agentImage,
    imagePullPolicy: "IfNotPresent",
    command: ["node", "/script/git-server.mjs"],
    env: [
      { name: "USER_AND_PASSWORD", value: account },
      { name: "GIT_PROJECT_ROOT", value: "/repositories" },
    ],
    volumeMounts: [
      { name: "script", mountPath: "/script" },
      { name: "repositories", mountPath: "/repositories" },
    ],
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
  };
  const securityContext = {
    runAsNonRoot: true,
    runAsUser: 1000,
    fsGroup: 1000,
    seccompProfile: { type: "RuntimeDefault" },
  };
  const volumes = [
    { name: "script", configMap: { name: "git-server" } },
    { name: "repositories", emptyDir: {} },
  ];
  await stage.create({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "git-server", namespace: stage.namespace },
    spec: { containers: [container], volumes, securityContext, terminationGracePeriodSeconds: 1 },
  });
  await stage.kubectl("wait", "--for=condition=Ready", "pod/git-server", "--timeout=120s");
  return `http://${account}@${await stage.kubectl("get", "pod/git-server", "-o", "jsonpath={.status.podIP}")}:8080/`;
}
