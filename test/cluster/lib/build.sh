# shellcheck shell=bash
# The Go programs, built from their modules (tools/*/go.mod) into a cache that all checkouts share.

KUBERNETES=v1.35.4

find_go() {
  for GO in go /usr/local/go/bin/go; do command -v "$GO" >/dev/null 2>&1 && return; done
  return 1
}

# tool_dir TOOL: where its programs are or will be. The name holds all that the result depends on.
tool_dir() {
  local hash
  hash=$({ cat "$here/tools/$1"/go.*; declare -f compile "compile_$1" || true; echo "$KUBERNETES"; } | sha256sum | cut -c1-12)
  echo "$CACHE/bin/$1-$hash"
}
built() { [ -d "$(tool_dir "$1")" ]; }

compile() { # TOOL INTO
  local p=k8s.io/component-base/version flags='-s -w'
  [ "$1" = kubernetes ] && flags+=" -X $p.gitVersion=$KUBERNETES -X $p.gitMajor=1 -X $p.gitMinor=35"
  [ "$1" = helm ] && flags+=" -X helm.sh/helm/v3/internal/version.version=$(cd "$here/tools/helm" && "$GO" list -m -f '{{.Version}}' helm.sh/helm/v3)"
  # -v names each package as it is compiled: progress shows the last one
  (cd "$here/tools/$1" && CGO_ENABLED=0 "$GO" build -v -trimpath -o "$2/" -ldflags="$flags" tool)
  if [ "$1" = kubernetes ]; then mv "$2/server" "$2/etcd"; fi # go.etcd.io/etcd/server/v3
}

# helm judges a chart's kubeVersion by this one where no cluster tells it another
compile_helm() { # TOOL INTO
  local p=helm.sh/helm/v3 minor=${KUBERNETES#v1.} flags='-s -w' part
  for part in chartutil lint/rules; do
    flags+=" -X $p/pkg/$part.k8sVersionMajor=1 -X $p/pkg/$part.k8sVersionMinor=${minor%%.*}"
  done
  flags+=" -X $p/internal/version.version=$(cd "$here/tools/helm" && "$GO" list -m -f '{{.Version}}' helm.sh/helm/v3)"
  (cd "$here/tools/helm" && CGO_ENABLED=0 "$GO" build -v -trimpath -o "$2/" -ldflags="$flags" tool)
}

# kwok resumes every watch at version 0 (0.7.0 and 0.8.0): each that the API server cuts off sends all pods of the node once
# more. With hundreds of pods the next is cut off for that, and a burst measures little else. Here it goes on where it was.
compile_kwok() { # TOOL INTO
  local module=sigs.k8s.io/kwok file=pkg/utils/informer/informer.go source=$2/source dir
  (
    cd "$here/tools/kwok" || exit
    "$GO" mod download "$module"
    dir=$("$GO" list -m -f '{{.Dir}}' "$module")
    cp -R "$dir" "$source"
    chmod -R u+w "$source"
    awk 'inWatch && /opt.setup\(&opts\)/ { print "from := opts.ResourceVersion"; print; print "opts.ResourceVersion = from"; edits++; next }
      { inWatch = /WatchFunc: func\(opts metav1.ListOptions\)/; print } END { exit edits != 2 }' "$dir/$file" >"$source/$file" ||
      die "$module is not as compile_kwok knows it: see whether it still resumes watches at version 0"
    cp go.mod go.sum "$2/"
    "$GO" mod edit -replace "$module=$source" "$2/go.mod"
    CGO_ENABLED=0 "$GO" build -v -trimpath -modfile "$2/go.mod" -o "$2/" -ldflags="-s -w" tool
    rm -R "$source" "$2/go.mod" "$2/go.sum"
  )
}

# Vale's parsers of source code are C, which cgo compiles.
compile_vale() { # TOOL INTO
  local p=github.com/vale-cli/vale/v3 version
  version=$(cd "$here/tools/vale" && "$GO" list -m -f '{{.Version}}' "$p")
  (cd "$here/tools/vale" && CGO_ENABLED=1 "$GO" build -v -trimpath -o "$2/" -ldflags="-s -w -X main.version=$version" tool)
}

declare -A build_time=(
  [kubernetes]="6 minutes on two cores the first time, 80 s with a warm Go cache"
  [helm]="1 minute" [kwok]="3 minutes" [kind]="half a minute" [kube-score]="1 minute" [promtool]="6 minutes"
  [vale]="2 minutes"
)
# build_tool TOOL: under a lock, because another checkout may be at it; moved in place whole, so that a crash leaves nothing.
build_tool() {
  [ -f "$here/tools/$1/go.mod" ] || die "unknown tool '$1': kubernetes, helm, kwok, kind, kube-score, promtool or vale"
  built "$1" && return 0
  local dir
  dir=$(tool_dir "$1")
  if ! find_go; then check_go; report_problems; fi
  [ "$1" != vale ] || install_c_compiler
  (
    lock "$CACHE/bin/$1.lock" 8
    built "$1" && exit
    rm -rf "$CACHE/bin/$1"-*.tmp
    mkdir -p "$dir.tmp"
    progress "building $1 from its Go modules (${build_time[$1]})" "$(declare -F "compile_$1" || echo compile)" "$1" "$dir.tmp"
    mv "$dir.tmp" "$dir"
  )
}
build_tools() {
  local tool
  [ $# -gt 0 ] || set -- kubernetes helm
  for tool in "$@"; do build_tool "$tool"; done
}
# The PATH that `run` gives: our own tools first.
tools_path() {
  local tool path=''
  for tool in kubernetes helm kwok kind kube-score promtool; do built "$tool" && path+="$(tool_dir "$tool"):"; done
  echo "$path$PATH"
}
