# shellcheck shell=bash
# Our images. An archive's name holds the hash of everything it was built from: a second run finds it and does nothing.

IMAGES=(agent fake-api operator)
reference() { echo "localhost/claude-run/$1:dev"; }
declare -A dockerfile=([agent]=Dockerfile.agent [fake-api]=test/fake-api/Dockerfile [operator]=Dockerfile)
# what each Dockerfile copies from the checkout
declare -A copied=([agent]='' [fake-api]=test/fake-api/fake-api.mjs [operator]='dist/operator.mjs dist/runner.mjs')

image_key() { # NAME
  local files
  read -ra files <<<"${copied[$1]}"
  (cd "$checkout" && cat "${dockerfile[$1]}" test/images/package-lock.json "${files[@]}"; uname -m) | sha256sum | cut -c1-12
}

# npm_packages: sets NPM to a node_modules with the binaries of node and claude, fetched once per lock file. The image
# builds themselves need nothing from npm: they take this as the build context named "npm".
npm_packages() {
  local dir
  dir=$CACHE/images/npm-$(sha256sum "$checkout/test/images/package-lock.json" | cut -c1-12)
  NPM=$dir/node_modules
  [ -d "$dir" ] && return 0
  check_npm
  report_problems
  rm -rf "$CACHE"/images/npm-*
  mkdir -p "$dir.tmp"
  cp "$checkout"/test/images/package*.json "$dir.tmp/"
  # for the image's platform, which is not this machine's where Docker runs in a virtual machine
  local cpu=x64
  case $(uname -m) in arm64 | aarch64) cpu=arm64 ;; esac
  progress "fetching node and claude from npm" \
    npm ci --prefix "$dir.tmp" --os=linux --cpu="$cpu" --libc=glibc --ignore-scripts --no-audit --no-fund --loglevel=error
  mv "$dir.tmp" "$dir"
}

images_up() {
  local name file key
  [ $# -gt 0 ] || set -- "${IMAGES[@]}"
  for name in "$@"; do
    [ -n "${dockerfile[$name]:-}" ] || die "unknown image '$name': ${IMAGES[*]}"
    for file in ${copied[$name]}; do
      [ -f "$checkout/$file" ] || die "image $name needs $file: build it with ./tools/setup"
    done
    key=$(image_key "$name")
    backend_has_image "$name" "$key" && continue
    (
      lock "$CACHE/images/lock" 8
      npm_packages
      backend_build_image "$name" "$key"
    )
    backend_load_image "$name" "$key"
  done
}
