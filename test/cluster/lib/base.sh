# shellcheck shell=bash
# Image building for the local back end: buildah, and a Debian base of our own where no registry can be reached.

BASE=docker.io/library/debian:bookworm-slim

# base_image: the public image if it can be had; else the same made by debootstrap under the same name, so that the
# Dockerfiles keep their canonical FROM.
base_image() {
  buildah inspect --type image "$BASE" >/dev/null 2>&1 && return 0
  say "pulling $BASE"
  timeout 60 buildah pull -q "$BASE" >/dev/null 2>&1 && return 0
  say "no registry can be reached: making the base image from Debian packages"
  local root=$CACHE/images/base.tmp
  rm -rf "$root"
  mkdir -p "$root"
  progress "debootstrap (about a minute, once)" debootstrap --variant=minbase bookworm "$root"
  progress "slimming and storing the base image" store_base "$root"
  rm -rf "$root"
}
store_base() { # ROOT
  local container
  # what the official -slim leaves out as well
  rm -rf "$1"/usr/share/{doc,man,info,locale,lintian}/* "$1"/var/lib/apt/lists/* "$1"/var/cache/{apt,debconf}/* "$1"/var/log/*
  container=$(buildah from scratch)
  buildah add -q "$container" "$1" / >/dev/null
  buildah config --cmd bash "$container"
  buildah commit -q --rm "$container" "$BASE" >/dev/null
}

archive() { echo "$CACHE/images/$1-$2.tar"; } # NAME KEY

build_archive() { # NAME KEY: builds the image and stores it whole under its archive's name
  local file iid apt=$CACHE/images/apt-proxy.conf options=()
  file=$(archive "$1" "$2")
  iid=$(mktemp)
  # a proxy that this machine's apt uses: for the RUN steps only, never in the image
  if apt-config dump | grep -i '^Acquire::https\?::proxy' >"$apt"; then options+=(-v "$apt:/etc/apt/apt.conf.d/99proxy:ro"); fi
  buildah bud -q --layers --pull-never --isolation chroot --network host "${options[@]}" --iidfile "$iid" \
    --build-context "npm=$NPM" -t "$(reference "$1")" -f "$checkout/${dockerfile[$1]}" "$checkout"
  rm -f "$file.tmp"
  buildah push -q "$(cat "$iid")" "docker-archive:$file.tmp:$(reference "$1")"
  rm -f "$iid"
  mv "$file.tmp" "$file"
  # the last two of each name stay: the other checkout's, or the one before
  find "$CACHE/images" -maxdepth 1 -name "$1-*.tar" -printf '%T@ %p\n' | sort -rn | tail -n +3 | cut -d' ' -f2- | xargs -r rm -f
}

# Images that no registry can give a node here: the pause container that every pod needs, and kubectl under its public name.
KUBECTL=registry.k8s.io/kubectl:$KUBERNETES
load_own_images() {
  load_own "$PAUSE" build_pause
  load_own "$KUBECTL" build_kubectl
}
load_own() { # REFERENCE BUILD: unless the image store has it; the archive is made once for all checkouts
  local file name=${1##*/}
  file=$CACHE/images/${name/:/-}.tar
  [ -n "$(ctrk image ls -q "name==$1")" ] && return 0
  if [ ! -f "$file" ]; then (lock "$CACHE/images/lock" 8 && "$2" "$1" "$file"); fi
  ctrk image import "$file" >/dev/null
}
# It sleeps, waits for orphans and ends on TERM, as Kubernetes' own does.
build_pause() { # REFERENCE FILE
  build_own "$1" "$2" /bin/busybox \
    '["/bin/busybox","sh","-c","trap \"exit 0\" INT TERM; /bin/busybox sleep 2147483647 & wait"]'
}
build_kubectl() { build_own "$1" "$2" "$BIN/kubectl" '["/bin/kubectl"]'; } # REFERENCE FILE
build_own() { # REFERENCE FILE PROGRAM ENTRYPOINT: an image that holds one static program, in /bin
  local container
  container=$(buildah from scratch)
  buildah copy -q "$container" "$3" "/bin/${3##*/}" >/dev/null
  buildah config --env PATH=/bin --entrypoint "$4" "$container"
  buildah commit -q --rm "$container" "$1" >/dev/null
  rm -f "$2.tmp"
  buildah push -q "$1" "docker-archive:$2.tmp:$1"
  mv "$2.tmp" "$2"
}
