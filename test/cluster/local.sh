# shellcheck shell=bash
# The local back end: Kubernetes and etcd built from their Go modules, containerd and runc from Debian, all of it in ONE
# network namespace: nothing listens outside of it, and no pod can reach anything outside of it.

for part in process node pki config; do
  # shellcheck source=/dev/null
  . "$here/lib/$part.sh"
done
BIN=$(tool_dir kubernetes)

backend_up() {
  local name began=$SECONDS
  if [ -d "$R" ]; then
    for name in "${COMPONENTS[@]}"; do [ "$(state_of "$name")" != frozen ] || backend_thaw "$name"; done
    # helm is not part of what runs: a newer one is built here too
    if [ -f "$R/ready" ] && healthy; then build_tools helm; say "is up already"; return 0; fi
    say "found a half-dead cluster: removing it"
  fi
  remove_all
  check_machine
  build_tools kubernetes helm
  trap 'failed_up $?' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  say "starting Kubernetes $KUBERNETES on one node ($D)"
  mkdir -p "$R"/{pki,log,cni,cmd,pid,etcd,kubelet,pods}
  echo local >"$D/backend"
  make_network
  make_cgroups
  start_etcd
  write_config
  start_containerd
  make_pki
  start_control_plane
  start_node
  load_own_images
  say "the API server is ready, waiting for the node"
  until_ok 600 node_ready
  until_ok 300 kube get serviceaccount default
  touch "$R/ready"
  trap - EXIT INT TERM HUP
  say "up after $((SECONDS - began)) s; use it with: test/cluster/cluster run kubectl get nodes"
}
# Ctrl-C or a failure half-way: leaves nothing running, and the logs for whoever wants to know.
failed_up() {
  trap - EXIT
  trap '' INT TERM HUP
  if [ -d "$R/log" ]; then
    rm -rf "$D/last-failure"
    cp -r "$R/log" "$D/last-failure"
    say "up did not succeed: cleaning up; logs are kept in $D/last-failure"
  fi
  remove_all
  exit "$1"
}
backend_down() {
  say "taking the cluster down"
  remove_all
}
backend_status() {
  local name bad=0
  if [ ! -d "$R" ]; then echo "down (local, $D)"; exit 3; fi
  for name in "${COMPONENTS[@]}"; do
    printf '%-24s %-8s pid %s\n' "$name" "$(state_of "$name")" "$(pid_of "$name" || echo -)"
  done
  if [ "$(state_of kube-apiserver)" = running ] && api_ready; then echo "API server ready"; else echo "API server NOT ready"; bad=1; fi
  if [ ! -f "$R/ready" ]; then echo "an up is under way, or was cut short"; bad=1; fi
  healthy || bad=1
  echo "namespace $NS, state $D, kubeconfig $R/admin.kubeconfig"
  exit $bad
}
backend_run() {
  [ -f "$R/ready" ] || die "the cluster is not up: run test/cluster/cluster up"
  local path
  path=$(tools_path)
  KUBECONFIG=$R/admin.kubeconfig PATH=$path exec nsenter --net="/run/netns/$NS" "$@"
}
backend_restart() {
  component "$1"
  [ -f "$R/cmd/$1" ] || die "the cluster is not up"
  say "restarting $1"
  end "$1" 20
  launch "$1"
  until_ok 50 running "$1"
  case $1 in
    etcd | kube-apiserver) until_ok 600 api_ready ;;
    containerd) until_ok 200 ctrk version ;;
    # a kubelet that does not find containerd while it starts gives up
    kubelet) until_ok 300 kubelet_healthy ;;
  esac
}
backend_freeze() {
  component "$1"
  kill -STOP "$(pid_of "$1" || die "$1 is not running")"
}
backend_thaw() {
  component "$1"
  kill -CONT "$(pid_of "$1" || die "$1 is not running")"
}
backend_logs() {
  [ "$1" = audit ] || component "$1"
  # the audit log's earlier part is in a file of its own
  find "$R/log" -name "$1-*.log" -exec cat {} +
  cat "$R/log/$1.log"
}
backend_events() {
  [ -f "$R/ready" ] || die "the cluster is not up: run test/cluster/cluster up"
  ctrk events | with_configs command
}

# Images: archives in the shared cache, imported into this cluster's containerd; the key that was imported is noted beside.
backend_has_image() { # NAME KEY
  [ "$(cat "$D/containerd/claude-run-$1" 2>/dev/null)" = "$2" ] || return 1
  # a cluster that is down keeps its image store
  [ ! -f "$R/ready" ] || [ -n "$(ctrk image ls -q "name==$(reference "$1")")" ]
}
backend_build_image() { # NAME KEY
  [ -f "$(archive "$1" "$2")" ] && return 0
  check_machine
  base_image
  progress "building the $1 image" build_archive "$1" "$2"
}
backend_load_image() { # NAME KEY
  if [ ! -f "$R/ready" ]; then say "the $1 image is built; the cluster is not up, so it was not loaded"; return 0; fi
  progress "loading the $1 image" ctrk image import "$(archive "$1" "$2")"
  echo "$2" >"$D/containerd/claude-run-$1"
}
backend_load() { # REFERENCE...
  local image file
  [ -f "$R/ready" ] || die "the cluster is not up: run test/cluster/cluster up"
  for image in "$@"; do
    file=$(mktemp -u "$D/load.XXXXXX")
    buildah inspect --type image "$image" >/dev/null 2>&1 || die "buildah has no image $image"
    progress "loading $image" buildah push -q "$image" "docker-archive:$file:$image"
    ctrk image import "$file" >/dev/null || { rm -f "$file"; die "containerd refused $image"; }
    rm -f "$file"
  done
}
