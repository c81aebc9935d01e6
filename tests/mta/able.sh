#!/bin/sh
# able.sh: whether netns.sh can do its work here. Prints nothing if so; otherwise one line that says what prevents it and what
# to do, and ends with status 1. Nothing changes on this machine, and no package but util-linux is needed.
set -eu

refuse() {
    echo "no mail server can be run here: $*" >&2
    exit 1
}

[ -e /proc/self/uid_map ] || refuse "/proc is not mounted; as root: mount -t proc proc /proc"
user=""
[ "$(id -u)" -eq 0 ] || user="--map-root-user"
folder=$(mktemp -d)
trap 'rmdir "$folder"' EXIT
trap 'exit 1' HUP INT TERM PIPE

# What netns.sh needs, and the two kinds of mounts that are made inside.
# shellcheck disable=SC2016,SC2086 # the inner shell expands it; empty is no argument
said=$(unshare $user --net --mount --propagation private -- sh -c 'mount -t tmpfs tmpfs "$1" && mkdir "$1/there" && mount --bind "$1/there" "$1/there"' \
    sh "$folder" 2>&1) && exit 0
said=$(echo "$said" | head -n 1)

case $said in
*"cannot change root filesystem propagation"*)
    refuse "/ is no mount point, as in a plain chroot. Leave it, and enter it by: unshare --mount sh -c 'mount --rbind ROOT ROOT && exec chroot ROOT'"
    ;;
esac
[ -z "$user" ] || refuse "an ordinary user may make no namespaces ($said). Run it as root, or as root allow it:" \
    "sysctl kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0"
refuse "namespaces and mounts are not allowed, as in many containers ($said). Start the container with --privileged, or run it outside"
