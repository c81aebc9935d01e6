#!/bin/sh
# netns.sh COMMAND…: runs COMMAND in a network and mount namespace of its own, where every address of the world is this
# machine: a client can bind any address, a server can listen on any port, and nothing leaves the machine. So roots must be
# made before, by tests/mta/root.sh. For an ordinary user it also makes a user namespace with that user as root.
set -eu

case ${1-} in
'')
    echo "usage: netns.sh COMMAND..." >&2
    exit 2
    ;;
--inside) shift ;;
*)
    user=""
    [ "$(id -u)" -eq 0 ] || user="--map-root-user"
    # shellcheck disable=SC2086 # empty is no argument
    exec unshare $user --net --mount --propagation private -- "$0" --inside "$@"
    ;;
esac

# set_sysctl NAME VALUE; a container may mount /proc/sys read-only.
set_sysctl() {
    echo "$2" 2>/dev/null >"/proc/sys/$1" || echo "netns.sh: cannot set $1" >&2
}

ip link set lo up
ip route add local 0.0.0.0/0 dev lo
set_sysctl net/ipv4/ip_nonlocal_bind 1
set_sysctl net/ipv4/ip_unprivileged_port_start 0
if [ -d /proc/sys/net/ipv6 ]; then
    set_sysctl net/ipv6/ip_nonlocal_bind 1
    ip -6 route add local ::/0 dev lo
fi
exec "$@"
