#!/bin/sh
# check-upgrade.sh: `make install`, again and again, over what runs: beside a steady load on Exim, and on Postfix with gatepost-milter,
# no client hears what the rules do not explain, and nobody is listed who should not be (tests/upgrade/load.py). Then gatepost-milter
# is started anew under the load.
#
# Prints one line per case and, last, "check-upgrade: N passed, N failed". GATEPOST_UPGRADE is how many seconds the load goes on for
# each server (20). Needs everything that `make` builds.
set -eu

cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
export BUILD
seconds=${GATEPOST_UPGRADE:-20}
work=$BUILD/mta/upgrade
. tests/run/cases.sh
. tests/mta/beside.sh

if [ "${1-}" = --server ]; then
    exec tests/mta/netns.sh "$PWD/tests/stages/check-upgrade.sh" --inside "$2"
elif [ "${1-}" != --inside ]; then
    rm -rf "$work"
    mkdir -p "$work"
    for server in exim postfix; do
        if [ "$(id -u)" -ne 0 ] || awk '{ n += $3 } END { exit n > 1 }' /proc/self/uid_map; then
            skip "an upgrade beside $server" "needs root"
            continue
        fi
        beside_roots "$server"
        part "$work/$server.log" tests/stages/check-upgrade.sh --server "$server"
    done
    finish check-upgrade
    exit
fi
server=$2
work=$work/$server
installed=$work/installed
mkdir -p "$work"

put() {
    env -u MAKEFLAGS -u MAKELEVEL make -s install DEPS=no DESTDIR="$installed" >>"$work/install.log" 2>&1
}

# begin: the server, with gatepost as it was installed.
begin() {
    put
    beside_setup "$server" "$work/place"
    mkdir -p "$rules_of/upgrade"
    {
        echo 'own-names = mail.example.com'
        echo 'helo, own-name, refuse block, "554 Format of command not acceptable here"'
        echo 'headers, not has(Message-ID), fail block, "553 Unidentified messages are not acceptable here"'
    } >"$rules_of/upgrade/gatepost.conf"
    case $server in
    exim) exim_mount "$installed/usr/local/lib/gatepost" /usr/local/lib/gatepost ;;
    *)
        place_mount "$installed/usr/local" /usr/local
        filter_program=/usr/local/sbin/gatepost-milter
        ;;
    esac
    beside_use upgrade
    beside_start
}

# under_load COMMAND: COMMAND again and again while the load goes on.
under_load() {
    kind=milter
    [ "$server" != exim ] || kind=exim
    tests/upgrade/load.py "$kind" "$seconds" >"$work/load" 2>&1 &
    load=$!
    rounds=0
    while kill -0 "$load" 2>/dev/null; do
        "$1" || missed "$1: $(tail -n 3 "$work/install.log")" || return 1
        rounds=$((rounds + 1))
    done
    wait "$load" || missed "$(cat "$work/load")" || return 1
    echo "$rounds times; $(tail -n 1 "$work/load")"
}

only_zombies_are_listed() {
    "$BUILD/gatepost" blocks list --state-dir "$state_of/upgrade" >"$work/listed"
    grep -q '^10\.\(12[89]\|1[3-9]\)' "$work/listed" || missed "nobody is listed" || return 1
    ! grep '^10\.[0-9]\{1,2\}\.' "$work/listed" >"$work/honest" || missed "honest clients are listed: $(head -n 3 "$work/honest")"
}

installed_under_load() {
    under_load put && only_zombies_are_listed
}

# A second for the load between two starts.
restart() {
    beside_use upgrade && sleep 1
}

started_anew_under_load() {
    under_load restart && only_zombies_are_listed
}

trap beside_stop EXIT
trap 'exit 1' HUP INT TERM PIPE
begin
check "$server: make install in a loop under load" installed_under_load
[ "$server" = exim ] || check "$server: gatepost-milter is started anew in a loop under load" started_anew_under_load
finish check-upgrade
