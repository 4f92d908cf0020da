# shellcheck shell=bash
# The processes of the local back end. They outlive the shell that started them, so each one's pid is recorded, and no
# pid is believed before /proc says that it still is that process.

# oldest first; ended in the opposite order
COMPONENTS=(etcd containerd kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy)

inside() { nsenter --net="/run/netns/$NS" "$@"; } # `ip netns exec` would hide the cgroup mounts from the kubelet

# start NAME CMD...: records the command line too, for restart.
start() {
  local name=$1
  shift
  printf '%s\0' "$@" >"$R/cmd/$name"
  launch "$name"
}
launch() {
  local argv fd
  mapfile -d '' argv <"$R/cmd/$1"
  (
    # ignores the Ctrl-C and the hang-up of whoever called us, and holds none of their pipes or our locks
    exec >>"$R/log/$1.log" 2>&1 </dev/null
    for fd in /proc/self/fd/*; do
      fd=${fd##*/}
      [ "$fd" -gt 2 ] && eval "exec $fd>&-"
    done
    cd /
    ulimit -n "$(ulimit -Hn)"
    echo "$BASHPID" >"$R/pid/$1"
    exec setsid nsenter --net="/run/netns/$NS" "${argv[@]}"
  ) &
}

# belongs PID: is it one of this cluster's processes? All of them name $R on their command line.
belongs() { tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline" | grep -qF -- "$R/"; }
pid_of() { # NAME
  local pid
  pid=$(cat "$R/pid/$1" 2>/dev/null) && [ -n "$pid" ] && belongs "$pid" && echo "$pid"
}
state_of() { # NAME: running, frozen, dead
  local pid
  pid=$(pid_of "$1") || { echo dead; return 0; }
  case $(awk '/^State:/ {print $2}' "/proc/$pid/status" 2>/dev/null) in
    T | t) echo frozen ;;
    Z | X | '') echo dead ;;
    *) echo running ;;
  esac
}

running() { [ "$(state_of "$1")" = running ]; }
# A zombie has no command line; it is gone, unless other threads of it still end: they hold its sockets until they have.
gone() {
  local tasks
  belongs "$1" && return 1
  [ -n "$(tr -d '\0' 2>/dev/null <"/proc/$1/cmdline")" ] && return 0 # somebody else's by now
  tasks=("/proc/$1/task/"*)
  [ ${#tasks[@]} -le 1 ]
}
# end NAME [TENTHS]: TERM, then KILL for what does not go.
end() {
  local pid
  pid=$(pid_of "$1") || return 0
  kill "$pid" 2>/dev/null || true
  kill -CONT "$pid" 2>/dev/null || true # a frozen one would never hear it
  until_ok "${2:-50}" gone "$pid" 2>/dev/null || { kill -9 "$pid" 2>/dev/null || true; }
  until_ok 50 gone "$pid"
  rm -f "$R/pid/$1"
}

# stragglers: pids of every program of ours that names this cluster's run directory: shims, and what a crash left unrecorded.
stragglers() {
  local dir exe
  for dir in /proc/[0-9]*; do
    exe=$(readlink "$dir/exe" 2>/dev/null) || continue
    exe=${exe% (deleted)} # after a rebuild
    case ${exe##*/} in
      etcd | kubelet | kube-[acps]* | containerd | containerd-shim*) if belongs "${dir#/proc/}"; then echo "${dir#/proc/}"; fi ;;
    esac
  done
}

component() { # NAME: known?
  local name
  for name in "${COMPONENTS[@]}"; do [ "$name" = "$1" ] && return; done
  die "unknown component '$1': ${COMPONENTS[*]}"
}
