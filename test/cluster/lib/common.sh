# shellcheck shell=bash
# Where things live, how we speak, and the lock that keeps two commands on one cluster apart.

: "${HOME:=$(getent passwd "$(id -u)" | cut -d: -f6)}"
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/claude-run
# One cluster per checkout, unless CLUSTER_DIR names another, and one more for each CLUSTER_INSTANCE.
checkout=$(cd "$here/../.." && pwd -P)
instance=${CLUSTER_INSTANCE:+-$CLUSTER_INSTANCE}
id=$(printf %s "${CLUSTER_DIR:-$checkout}" | sha256sum | cut -c1-8)$instance
D=${CLUSTER_DIR:+$CLUSTER_DIR$instance}
D=${D:-$CACHE/cluster-$id}
NS=${CLUSTER_NS:-cr-$id}
R=$D/run # all that dies with the cluster; the rest of $D is kept

say() { echo "cluster: $*" >&2; }
die() { say "$*"; exit 1; }

# progress WHAT CMD...: runs CMD with its output in a log, shows every few seconds that it goes on, and the log if it fails.
progress() {
  local what=$1 log rc=0 beat
  shift
  log=$(mktemp)
  say "$what …"
  (
    # ends with its parent even when that is killed outright; its last sleep must not hold our caller's pipes open
    seconds=0
    while sleep 5 2>/dev/null && kill -0 $$ 2>/dev/null; do
      seconds=$((seconds + 5))
      [ $seconds -lt 60 ] || [ $((seconds % 15)) = 0 ] || continue
      echo "cluster:   … ${seconds} s  $(tail -n 1 "$log" 2>/dev/null | tr -d '\r' | cut -c1-90)" >&2
    done
  ) </dev/null >/dev/null 8>&- 9>&- &
  beat=$!
  # not `"$@" || rc=$?`: that would switch off set -e inside a function
  set +e
  (set -e; "$@") >"$log" 2>&1
  rc=$?
  set -e
  kill "$beat" 2>/dev/null || true
  wait "$beat" 2>/dev/null || true
  if [ $rc -ne 0 ]; then
    tail -n 30 "$log" >&2
    rm -f "$log"
    say "failed (exit $rc): $what"
    return $rc
  fi
  rm -f "$log"
}

# lock FILE FD: waits for the lock and says so. Nothing we leave running may inherit FD (see start in process.sh).
lock() {
  mkdir -p "$(dirname "$1")"
  eval "exec $2>>\"\$1\""
  flock -n "$2" && return 0
  say "waiting for another command that holds $1"
  flock -w 1800 "$2" || die "gave up after 30 minutes: $1 is still locked"
}
with_lock() {
  lock "$D/lock" 9
  "$@"
}

# until_ok TENTHS CMD...: tries until CMD succeeds.
until_ok() {
  local n=$1 i
  shift
  for ((i = 0; i < n; i++)); do
    "$@" >/dev/null 2>&1 && return 0
    sleep 0.1
  done
  say "timed out after $((n / 10)) s: $*"
  return 1
}

# with_configs CMD...: passes containerd's events on, and after each /tasks/create, by CMD cat, the container's config.json
# in a line of its own: an event alone does not say of which pod it is.
with_configs() {
  local line bundle
  while IFS= read -r line; do
    printf '%s\n' "$line"
    case $line in *' /tasks/create '*)
      bundle=${line#*\"bundle\":\"}
      "$@" cat "${bundle%%\"*}/config.json" 2>/dev/null | tr -d '\n' || true
      echo
      ;;
    esac
  done
}
