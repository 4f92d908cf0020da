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

# The pause container that every pod needs: it sleeps, waits for orphans and ends on TERM, as Kubernetes' own does.
load_pause() {
  local file=$CACHE/images/pause-${PAUSE##*:}.tar
  [ -n "$(ctrk image ls -q "name==$PAUSE")" ] && return 0
  if [ ! -f "$file" ]; then (lock "$CACHE/images/lock" 8 && build_pause "$file"); fi
  ctrk image import "$file" >/dev/null
}
build_pause() { # FILE
  local container
  container=$(buildah from scratch)
  buildah copy -q "$container" /bin/busybox /bin/busybox >/dev/null
  buildah config --entrypoint '["/bin/busybox","sh","-c","trap \"exit 0\" INT TERM; /bin/busybox sleep 2147483647 & wait"]' "$container"
  buildah commit -q --rm "$container" "$PAUSE" >/dev/null
  rm -f "$1.tmp"
  buildah push -q "$PAUSE" "docker-archive:$1.tmp:$PAUSE"
  mv "$1.tmp" "$1"
}
