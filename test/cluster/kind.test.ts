/** The kind back end and the choice between the two, against stubs of docker and kind that record how they are called. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const cluster = resolve("test/cluster/cluster");
let dir: string;

function stub(name: string, body: string): void {
  const file = join(dir, "bin", name);
  writeFileSync(file, `#!/bin/bash\necho "${name} $*" >>"${dir}/calls"\n${body}\n`);
  chmodSync(file, 0o755);
}
function run(args: string[], env: Record<string, string> = {}): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(cluster, args, {
    encoding: "utf8",
    timeout: 30_000,
    env: {
      PATH: `${dir}/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
      HOME: dir,
      CLUSTER_DIR: `${dir}/state`,
      CLUSTER_NS: "cr-test",
      ...env,
    },
  });
  return { code: status, out: stdout, err: stderr };
}
/** What was called since the last time, without the questions that change nothing. */
function calls(): string[] {
  const file = join(dir, "calls");
  const lines = readFileSync(file, "utf8").trim().split("\n");
  writeFileSync(file, "");
  return lines.filter((line) => line !== "" && !/^docker info|^kind get clusters|readyz$/.test(line));
}

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "cr-kind-"));
  mkdirSync(join(dir, "bin"));
  writeFileSync(join(dir, "calls"), "");
  stub("docker", `case "$*" in *readyz) echo ok ;; esac`);
  stub(
    "kind",
    `case "$1 $2" in
      "get clusters") cat "${dir}/clusters" 2>/dev/null ;;
      "create cluster") echo "$4" >>"${dir}/clusters"; echo "apiVersion: v1" >"$8" ;;
      "delete cluster") rm -f "${dir}/clusters" ;;
    esac`,
  );
  for (const name of ["kubectl", "helm", "npm"]) stub(name, "");
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

const create =
  "kind create cluster --name cr-test --config %/state/kind.yaml --kubeconfig %/state/kubeconfig --wait 180s";
const here = (line: string): string => line.replaceAll("%", dir);

test("where docker answers, up creates a kind cluster, once", () => {
  const first = run(["up"]);
  expect(first).toMatchObject({ code: 0 });
  expect(first.err).toContain("using the kind back end: docker answers");
  expect(calls()).toEqual([here(create)]);
  const config = readFileSync(join(dir, "state", "kind.yaml"), "utf8");
  expect(config).toContain('{name: kube-api-qps, value: "500"}');
  expect(config).toContain("audit-policy-file");

  expect(run(["up"])).toMatchObject({ code: 0 });
  expect(calls()).toEqual([]);
  expect(run(["status"])).toMatchObject({ code: 0 });
});

test("a cluster whose API server does not answer is made anew", () => {
  run(["up"]);
  calls();
  stub("docker", `case "$*" in *readyz) exit 1 ;; esac`);
  expect(run(["up"])).toMatchObject({ code: 0 });
  expect(calls()).toEqual([here("kind delete cluster --name cr-test --kubeconfig %/state/kubeconfig"), here(create)]);
});

test("an up that fails leaves no cluster and shows kind's words", () => {
  stub("kind", `[ "$1" = create ] && { echo "no space left on device" >&2; exit 1; }; exit 0`);
  const up = run(["up"]);
  expect(up.code).not.toBe(0);
  expect(up.err).toContain("no space left on device");
  expect(calls().at(-1)).toBe(here("kind delete cluster --name cr-test --kubeconfig %/state/kubeconfig"));
  expect(run(["run", "true"])).toMatchObject({ code: 1 });
});

test("images are built by docker and loaded by kind, and only when something changed", () => {
  run(["up"]);
  calls();
  expect(run(["images", "fake-api"])).toMatchObject({ code: 0 });
  const [npm, build, load] = calls();
  expect(npm).toMatch(/^npm ci --prefix \S+ --os=linux --cpu=(x64|arm64) --libc=glibc --ignore-scripts /);
  expect(build).toMatch(
    /^docker build --build-context npm=\S+\/node_modules -t localhost\/claude-run\/fake-api:dev -f \S+\/test\/fake-api\/Dockerfile \S+$/,
  );
  expect(load).toBe("kind load docker-image localhost/claude-run/fake-api:dev --name cr-test");

  expect(run(["images", "fake-api"])).toMatchObject({ code: 0 });
  expect(calls()).toEqual([]);
  run(["load", "busybox:1"]);
  expect(calls()).toEqual(["kind load docker-image busybox:1 --name cr-test"]);
});

test("run sets KUBECONFIG and keeps the exit code; components are reached inside the node; down removes it all", () => {
  run(["up"]);
  calls();
  expect(run(["run", "sh", "-c", 'echo "$KUBECONFIG"; exit 7'])).toEqual({
    code: 7,
    out: here("%/state/kubeconfig\n"),
    err: "",
  });
  run(["freeze", "kube-scheduler"]);
  run(["restart", "kubelet"]);
  run(["events"]);
  expect(calls()).toEqual([
    "docker exec cr-test-control-plane pkill -STOP -x -f (/usr/(local/)?s?bin/)?kube-scheduler( .*)?",
    "docker exec cr-test-control-plane systemctl restart kubelet",
    "docker exec cr-test-control-plane ctr -n k8s.io events",
  ]);
  expect(run(["down"])).toMatchObject({ code: 0 });
  expect(run(["status"])).toMatchObject({ code: 3 });
});

test("the back end is chosen with a reason", () => {
  stub("docker", `[ "$1" != info ]`);
  expect(run(["status"]).err).toContain("using the local back end: docker does not answer");
  expect(run(["status"], { CLUSTER_BACKEND: "kind" })).toMatchObject({ code: 1 });
  expect(run(["status"], { CLUSTER_BACKEND: "podman" }).err).toContain("it must be kind or local");
});

test("all that the local back end lacks is reported at once", () => {
  stub("id", "echo 1000");
  stub("go", 'case "$1" in env) echo go1.19.8 ;; *) echo go version go1.19.8 linux/amd64 ;; esac');
  stub("df", 'echo Filesystem; echo "disk 9 9 3145728 0% /"');
  const { code, err } = run(["up"], { CLUSTER_BACKEND: "local", CLUSTER_DIR: `${dir}/${"d".repeat(60)}` });
  expect(code).toBe(1);
  expect(err).toContain("not root");
  expect(err).toMatch(/too long for sockets .*: set CLUSTER_DIR/);
  expect(err).toContain("only 3 GB free");
  expect(err).toContain("Go 1.19.8 is too old: install Go 1.25 or newer (https://go.dev/dl");
});
