# shellcheck shell=bash
# What the machine must have. Everything that is missing is reported at once, each with what to do about it.

GO_MINIMUM=1.25
problems=()
problem() { problems+=("$1"); }
report_problems() {
  [ ${#problems[@]} -eq 0 ] && return 0
  say "${#problems[@]} thing(s) missing on this machine:"
  printf '  - %s\n' "${problems[@]}" >&2
  exit 1
}

# What we call, and the Debian package that has it.
declare -A package_of=(
  [containerd]=containerd [ctr]=containerd [runc]=runc [/usr/lib/cni/bridge]=containernetworking-plugins
  [iptables]=iptables [ip]=iproute2 [conntrack]=conntrack [ipset]=ipset [buildah]=buildah [debootstrap]=debootstrap
  [/bin/busybox]=busybox-static [openssl]=openssl [nsenter]=util-linux [flock]=util-linux [tmux]=tmux
)
have() { case $1 in /*) [ -e "$1" ] ;; *) command -v "$1" >/dev/null 2>&1 ;; esac; }
lacking() {
  local name
  for name in "${!package_of[@]}"; do have "$name" || echo "${package_of[$name]}"; done | sort -u
}

install_packages() {
  local missing
  mapfile -t missing < <(lacking)
  [ ${#missing[@]} -eq 0 ] && return 0
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    problem "packages ${missing[*]}: install them (apt-get would do it by itself, as root on Debian)"
    return 0
  fi
  progress "apt-get update" apt-get update -qq
  # policy-rc.d is not ours to write: a containerd service that Debian starts by itself does no harm
  DEBIAN_FRONTEND=noninteractive progress "installing ${missing[*]}" \
    apt-get install -y -qq --no-install-recommends "${missing[@]}"
  mapfile -t missing < <(lacking)
  [ ${#missing[@]} -eq 0 ] || problem "packages ${missing[*]}: apt-get installed them, but their programs are not on PATH"
}

check_root() {
  [ "$(id -u)" = 0 ] || problem "not root: the local back end makes network namespaces and cgroups; run it with sudo"
}
check_cgroups() {
  local root=/sys/fs/cgroup probe controller
  if [ -f $root/cgroup.controllers ]; then
    probe=$root/$NS
    for controller in cpu cpuset memory pids hugetlb; do
      if ! grep -qw $controller $root/cgroup.controllers; then
        # the kubelet wants of these whatever the kernel has; only hugetlb may be missing
        [ $controller = hugetlb ] || problem "cgroup v2: the kernel gives no controller '$controller' in $root/cgroup.controllers: enable it at boot"
      elif ! grep -qw $controller $root/cgroup.subtree_control; then
        echo "+$controller" 2>/dev/null >$root/cgroup.subtree_control ||
          problem "cgroup v2: controller '$controller' cannot be enabled in $root/cgroup.subtree_control: run on the host or in a container with --privileged --cgroupns=host"
      fi
    done
  else
    probe=$root/memory/$NS
    for controller in cpu cpuset memory pids; do
      [ -d "$root/$controller" ] || problem "cgroup v1: controller '$controller' is not mounted at $root/$controller: mount it"
    done
  fi
  [ -d "$probe" ] && return 0
  if mkdir "$probe" 2>/dev/null; then
    rmdir "$probe"
  else
    problem "cgroups cannot be made ($probe): mount $root writable, or run in a container with --privileged"
  fi
}
check_namespaces() {
  [ "$(id -u)" = 0 ] || return 0
  have unshare && ! unshare --net true 2>/dev/null &&
    problem "network namespaces cannot be made: run on the host or in a container with --privileged"
  return 0
}
check_disk() { # GIGABYTES
  local place=$CACHE free
  while [ ! -d "$place" ]; do place=$(dirname "$place"); done
  free=$(df -Pk "$place" | awk 'NR == 2 {print int($4 / 1048576)}')
  [ "$free" -ge "$1" ] || problem "only $free GB free on the disk of $place, $1 GB needed: make room or set XDG_CACHE_HOME"
}
check_path_length() {
  # a unix socket's path has 107 bytes, and the kubelet's is the longest below $D
  [ ${#D} -le 62 ] || problem "the state directory's path is too long for sockets ($D): set CLUSTER_DIR to a shorter one"
}
check_go() {
  local version
  if ! find_go; then
    problem "Go is missing: install Go $GO_MINIMUM or newer (https://go.dev/dl, unpack to /usr/local; Debian's golang-go is too old)"
    return 0
  fi
  # in a module, because Go >= 1.21 fetches the newer toolchain that go.mod asks for
  version=$(cd "$here/tools/kubernetes" && "$GO" env GOVERSION 2>/dev/null) || version=$("$GO" version | awk '{print $3}')
  version=${version#go}
  if [ "$(printf '%s\n' "$GO_MINIMUM" "$version" | sort -V | head -n 1)" != "$GO_MINIMUM" ]; then
    problem "Go $version is too old: install Go $GO_MINIMUM or newer (https://go.dev/dl, unpack to /usr/local)"
  fi
}
install_c_compiler() {
  # install_packages takes its list from here
  local -A package_of=(["$("$GO" env CC)"]=build-essential)
  install_packages
  report_problems
}
check_npm() {
  command -v npm >/dev/null 2>&1 || problem "npm is missing: install Node.js 20 or newer with npm (Debian: apt-get install nodejs npm)"
}

# Everything `up` needs. Go and npm only where something is left to build.
check_machine() {
  check_root
  check_namespaces
  [ "$(id -u)" != 0 ] || check_cgroups
  check_path_length
  if built kubernetes && built helm; then check_disk 2; else
    check_disk 6
    check_go
  fi
  check_npm
  # only once nothing else is in the way: installing takes half a minute
  if [ ${#problems[@]} -gt 0 ]; then problem_packages; else install_packages; fi
  report_problems
}
problem_packages() {
  local missing
  mapfile -t missing < <(lacking)
  [ ${#missing[@]} -eq 0 ] || problem "packages ${missing[*]}: apt-get will install them as soon as the rest is in place"
}
