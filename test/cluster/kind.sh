# shellcheck shell=bash
# The kind back end: the same verbs where Docker answers. One node, named after the checkout like the local one.

K8S_NODE=$NS-control-plane
KUBECONFIG_FILE=$D/kubeconfig

need_kind() {
  command -v docker >/dev/null 2>&1 || die "docker is missing: install Docker (https://docs.docker.com/engine/install), or set CLUSTER_BACKEND=local"
  timeout 5 docker info >/dev/null 2>&1 || die "docker does not answer: start it, or set CLUSTER_BACKEND=local"
  if command -v kind >/dev/null 2>&1; then KIND=kind; else
    build_tool kind
    KIND=$(tool_dir kind)/kind
  fi
}
need_tools() {
  command -v kubectl >/dev/null 2>&1 || build_tool kubernetes
  command -v helm >/dev/null 2>&1 || build_tool helm
}
exists() { "$KIND" get clusters 2>/dev/null | grep -qx "$NS"; }
in_node() { docker exec "$K8S_NODE" "$@"; }
api_ready() { in_node kubectl --kubeconfig /etc/kubernetes/admin.conf get --raw /readyz 2>/dev/null | grep -q '^ok'; }

write_config() {
  # the same flags as the local back end's: the default 20 requests a second are what a test would measure otherwise
  local qps=${CLUSTER_CONTROLLER_QPS:-500} limits=''
  [ "$qps" = default ] || limits="
        - {name: kube-api-qps, value: \"$qps\"}
        - {name: kube-api-burst, value: \"$qps\"}"
  cat >"$D/audit.yaml" <<EOF
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata}]
EOF
  # kind's own arguments are lists too, and a patch replaces a list whole: enable-hostpath-provisioner is one of kind's
  cat >"$D/kind.yaml" <<EOF
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
nodes:
  - role: control-plane
    extraMounts: [{hostPath: "$D/audit.yaml", containerPath: /etc/kubernetes/audit.yaml, readOnly: true}]
kubeadmConfigPatches:
  - |
    kind: ClusterConfiguration
    apiVersion: kubeadm.k8s.io/v1beta4
    apiServer:
      extraArgs:
        - {name: audit-policy-file, value: /etc/kubernetes/audit.yaml}
        - {name: audit-log-path, value: /var/log/kubernetes/audit.log}
        - {name: audit-log-maxsize, value: "100"}
        - {name: audit-log-maxbackup, value: "1"}
      extraVolumes:
        - {name: audit-policy, hostPath: /etc/kubernetes/audit.yaml, mountPath: /etc/kubernetes/audit.yaml, readOnly: true, pathType: File}
        - {name: audit-log, hostPath: /var/log/kubernetes, mountPath: /var/log/kubernetes, pathType: DirectoryOrCreate}
    controllerManager:
      extraArgs:
        - {name: enable-hostpath-provisioner, value: "true"}
        - {name: concurrent-job-syncs, value: "20"}$limits
    scheduler:
      extraArgs:
        - {name: leader-elect, value: "true"}$limits
EOF
}

backend_up() {
  need_kind
  if exists; then
    if [ -s "$KUBECONFIG_FILE" ] && [ -f "$D/ready" ] && api_ready; then say "is up already"; return 0; fi
    say "found a half-dead cluster: removing it"
    backend_down
  fi
  need_tools
  mkdir -p "$D"
  echo kind >"$D/backend"
  write_config
  # shellcheck disable=SC2016
  trap 'rc=$?; trap - EXIT; say "up did not succeed: cleaning up"; backend_down; exit $rc' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  local image=()
  [ -z "${CLUSTER_KIND_IMAGE:-}" ] || image=(--image "$CLUSTER_KIND_IMAGE")
  progress "kind creates the cluster $NS" "$KIND" create cluster --name "$NS" --config "$D/kind.yaml" \
    --kubeconfig "$KUBECONFIG_FILE" --wait 180s "${image[@]}"
  touch "$D/ready"
  trap - EXIT INT TERM HUP
  say "up; use it with: test/cluster/cluster run kubectl get nodes"
}
backend_down() {
  need_kind
  "$KIND" delete cluster --name "$NS" --kubeconfig "$KUBECONFIG_FILE"
  rm -f "$D/ready" "$D/backend" "$KUBECONFIG_FILE" "$D"/loaded-*
}
backend_status() {
  need_kind
  if ! exists; then echo "down (kind, $D)"; exit 3; fi
  in_node crictl ps --label tier=control-plane 2>/dev/null || true
  echo "cluster $NS, kubeconfig $KUBECONFIG_FILE"
  if [ -f "$D/ready" ] && api_ready; then echo "API server ready"; else echo "API server NOT ready"; exit 1; fi
}
backend_run() {
  [ -f "$D/ready" ] || die "the cluster is not up: run test/cluster/cluster up"
  local path
  path=$(tools_path)
  KUBECONFIG=$KUBECONFIG_FILE PATH=$path exec "$@"
}

# The kubelet restarts what ends in a static pod; containerd and the kubelet belong to the node's systemd.
COMPONENTS=(etcd kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubelet containerd)
component() {
  local name
  for name in "${COMPONENTS[@]}"; do [ "$name" = "$1" ] && return 0; done
  die "unknown component '$1': ${COMPONENTS[*]}"
}
signal() { # SIGNAL COMPONENT: inside the node only, which is the whole process table that pkill sees
  need_kind
  component "$2"
  in_node pkill "-$1" -x -f "(/usr/(local/)?s?bin/)?$2( .*)?"
}
backend_restart() {
  say "restarting $1"
  case $1 in
    kubelet | containerd) need_kind; in_node systemctl restart "$1" ;;
    *) signal TERM "$1" ;;
  esac
  until_ok 600 api_ready
}
backend_freeze() { signal STOP "$1"; }
backend_thaw() { signal CONT "$1"; }
backend_logs() {
  need_kind
  case $1 in
    audit) in_node cat /var/log/kubernetes/audit.log ;;
    kubelet | containerd) in_node journalctl --no-pager -u "$1" ;;
    *) component "$1"; in_node sh -c "cat /var/log/pods/kube-system_$1-*/*/*.log" ;;
  esac
}
backend_events() {
  need_kind
  in_node ctr -n k8s.io events | with_configs in_node
}

backend_has_image() { [ "$(cat "$D/loaded-$1" 2>/dev/null)" = "$2" ] && [ -f "$D/ready" ]; } # NAME KEY
backend_build_image() { # NAME KEY
  need_kind
  DOCKER_BUILDKIT=1 progress "building the $1 image" docker build --build-context "npm=$NPM" -t "$(reference "$1")" \
    -f "$checkout/${dockerfile[$1]}" "$checkout"
}
backend_load_image() { # NAME KEY
  if [ ! -f "$D/ready" ]; then say "the $1 image is built; the cluster is not up, so it was not loaded"; return 0; fi
  backend_load "$(reference "$1")"
  echo "$2" >"$D/loaded-$1"
}
backend_load() { # REFERENCE...
  need_kind
  local image
  for image in "$@"; do
    progress "loading $image" "$KIND" load docker-image "$image" --name "$NS"
  done
}
