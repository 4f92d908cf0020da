# shellcheck shell=bash
# The node of the local back end: its network namespace, its cgroup, its components; and how to get rid of all of it.

PODS=10.42.0.0/16 SERVICES=10.43.0.0/16 FIRST_SERVICE=10.43.0.1 NODE=10.44.0.1
PAUSE=localhost/claude-run/pause:2

ctrk() { ctr -a "$R/containerd.sock" -n k8s.io "$@"; }

make_network() {
  ip netns add "$NS"
  ip -n "$NS" link set lo up
  # a bridge, because not every kernel has dummy devices; service addresses need some route before kube-proxy rewrites them
  ip -n "$NS" link add node0 type bridge
  ip -n "$NS" addr add $NODE/32 dev node0
  ip -n "$NS" link set node0 up
  ip -n "$NS" route add default dev node0
}

# cgroup_dirs: our directory in each hierarchy of v1, or the one of v2.
cgroup_dirs() {
  local dir
  if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
    echo "/sys/fs/cgroup/$NS"
  else
    for dir in /sys/fs/cgroup/*/; do [ -L "${dir%/}" ] || echo "$dir$NS"; done
  fi
}
make_cgroups() {
  local dir file
  for dir in $(cgroup_dirs); do mkdir -p "$dir" 2>/dev/null || true; done
  # v1: a new cpuset is empty, and nothing may run in it
  if [ -f /sys/fs/cgroup/cpuset/cpuset.cpus ]; then
    for file in cpuset.cpus cpuset.mems; do
      cat "/sys/fs/cgroup/cpuset/$file" >"/sys/fs/cgroup/cpuset/$NS/$file"
    done
  fi
}
# kill_pods: everything in the cgroup, whoever started it; containerd need not be alive for that.
kill_pods() {
  local dir pids
  for _ in 1 2 3 4 5; do
    pids=$(for dir in $(cgroup_dirs); do
      # a directory may vanish while we look
      if [ -d "$dir" ]; then find "$dir" -name cgroup.procs -exec cat {} + 2>/dev/null || true; fi
    done | sort -u)
    [ -z "$pids" ] && return 0
    # shellcheck disable=SC2086
    kill -9 $pids 2>/dev/null || true
    sleep 0.1
  done
}
remove_cgroups() {
  local dir
  for dir in $(cgroup_dirs); do
    if [ -d "$dir" ]; then find "$dir" -depth -type d -exec rmdir {} + 2>/dev/null || true; fi
  done
}

controller_qps() {
  local qps=${CLUSTER_CONTROLLER_QPS:-500}
  [ "$qps" = default ] || echo "--kube-api-qps=$qps --kube-api-burst=$qps"
}
start_etcd() {
  start etcd "$BIN/etcd" --data-dir "$R/etcd" --unsafe-no-fsync --listen-client-urls http://127.0.0.1:2379 \
    --advertise-client-urls http://127.0.0.1:2379 --listen-peer-urls http://127.0.0.1:2380
}
# *_EXTRA are lists of flags: split on purpose.
# shellcheck disable=SC2046,SC2086
start_control_plane() {
  start kube-apiserver "$BIN/kube-apiserver" --etcd-servers=http://127.0.0.1:2379 --advertise-address=$NODE \
    --service-cluster-ip-range=$SERVICES --tls-cert-file="$R/pki/apiserver.crt" \
    --tls-private-key-file="$R/pki/apiserver.key" --client-ca-file="$R/pki/ca.crt" \
    --service-account-key-file="$R/pki/sa.pub" --service-account-signing-key-file="$R/pki/sa.key" \
    --service-account-issuer=https://kubernetes.default.svc --authorization-mode=Node,RBAC \
    --enable-admission-plugins=NodeRestriction --allow-privileged=true \
    --kubelet-client-certificate="$R/pki/admin.crt" --kubelet-client-key="$R/pki/admin.key" \
    --kubelet-preferred-address-types=InternalIP \
    --audit-policy-file="$R/audit.yaml" --audit-log-path="$R/log/audit.log" --audit-log-mode=batch \
    --audit-log-maxsize=100 --audit-log-maxbackup=1 ${APISERVER_EXTRA:-}
  until_ok 600 api_ready
  start kube-controller-manager "$BIN/kube-controller-manager" --kubeconfig="$R/kube-controller-manager.kubeconfig" \
    --leader-elect=false --service-account-private-key-file="$R/pki/sa.key" --root-ca-file="$R/pki/ca.crt" \
    --use-service-account-credentials=true --bind-address=127.0.0.1 --concurrent-job-syncs=20 \
    $(controller_qps) ${KCM_EXTRA:-}
  start kube-scheduler "$BIN/kube-scheduler" --kubeconfig="$R/kube-scheduler.kubeconfig" --leader-elect=false \
    --bind-address=127.0.0.1 $(controller_qps) ${SCHED_EXTRA:-}
}
start_node() {
  start kubelet "$BIN/kubelet" --config="$R/kubelet.yaml" --kubeconfig="$R/kubelet.kubeconfig" \
    --hostname-override=node0 --node-ip=$NODE --root-dir="$R/kubelet"
  start kube-proxy "$BIN/kube-proxy" --kubeconfig="$R/kube-proxy.kubeconfig" --cluster-cidr=$PODS \
    --hostname-override=node0 --conntrack-max-per-core=0
}
# A kept store still knows the containers of the last run: away with them, before the kubelet asks.
start_containerd() {
  start containerd containerd --config "$R/containerd.toml"
  until_ok 200 ctrk version
  local stale
  mapfile -t stale < <(ctrk container ls -q)
  if [ ${#stale[@]} -gt 0 ]; then
    ctrk container rm "${stale[@]}" >/dev/null 2>&1 || true
    end containerd
    launch containerd
    until_ok 200 ctrk version
  fi
}

kube() { KUBECONFIG=$R/admin.kubeconfig inside "$BIN/kubectl" --request-timeout=5s "$@"; }
api_ready() { kube get --raw /readyz 2>/dev/null | grep -q '^ok'; }
node_ready() {
  kube get node node0 -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}' 2>/dev/null | grep -q True
}
kubelet_healthy() { kube get --raw /api/v1/nodes/node0/proxy/healthz 2>/dev/null | grep -q '^ok'; }
healthy() {
  local name
  for name in "${COMPONENTS[@]}"; do [ "$(state_of "$name")" = running ] || return 1; done
  api_ready
}

# remove_all: ends and removes whatever there is of this cluster, however it came to an end.
remove_all() {
  local name pid mount socket
  for name in kubelet kube-controller-manager kube-scheduler kube-proxy; do # nobody may start pods again
    if pid=$(pid_of "$name"); then kill -9 "$pid" 2>/dev/null || true; fi
  done
  for pid in $(stragglers); do kill -9 "$pid" 2>/dev/null || true; done
  kill_pods
  until_ok 100 no_stragglers
  # a shim's socket lies outside of $R; its address file says where
  for socket in "$R"/containerd/io.containerd.runtime.v2.task/k8s.io/*/address; do
    if [ -f "$socket" ]; then rm -f "$(sed 's,^unix://,,' "$socket")"; fi
  done
  awk -v r="$R/" 'index($2, r) == 1 {print $2}' /proc/mounts | sort -r | while read -r mount; do umount -l "$mount"; done
  # what CNI keeps of each pod, its loopback too, names the pod's network namespace
  grep -lsF "\"$R/" /var/lib/cni/results/* 2>/dev/null | xargs -r rm -f || true
  if [ -d /var/log/containers ]; then find /var/log/containers -lname "$R/*" -delete; fi
  if [ -e "/run/netns/$NS" ]; then ip netns del "$NS"; fi
  remove_cgroups
  rm -rf "$R" "$D/backend"
}
no_stragglers() { [ -z "$(stragglers)" ]; }
