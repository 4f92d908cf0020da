# shellcheck shell=bash
# Which of the two back ends: CLUSTER_BACKEND, else the one this cluster was started with, else kind if Docker answers.

choose_backend() {
  local why
  if [ -n "${CLUSTER_BACKEND:-}" ]; then
    BACKEND=$CLUSTER_BACKEND why="CLUSTER_BACKEND says so"
  elif [ -s "$D/backend" ]; then
    BACKEND=$(cat "$D/backend") why=''
  elif ! command -v docker >/dev/null 2>&1; then
    BACKEND=local why="there is no docker"
  elif ! timeout 5 docker info >/dev/null 2>&1; then
    BACKEND=local why="docker does not answer"
  elif command -v kind >/dev/null 2>&1 || command -v go >/dev/null 2>&1; then
    BACKEND=kind why="docker answers"
  else
    BACKEND=local why="docker answers, but there is neither kind nor Go to build it"
  fi
  case $BACKEND in
    local | kind) ;;
    *) die "CLUSTER_BACKEND is '$BACKEND': it must be kind or local" ;;
  esac
  # `run` stays silent: what it prints belongs to its command
  if [ -n "$why" ] && [ "$verb" != run ]; then say "using the $BACKEND back end: $why"; fi
}
