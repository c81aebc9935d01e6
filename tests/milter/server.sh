#!/bin/sh
# server.sh postfix|sendmail: gatepost-milter in a real mail server. Plays tests/sessions through it, then the cases of cases.sh, which
# no dialogue can say. The server is started once; the filter anew for each dialogue and most cases, on the same socket.
#
# Prints one line per case and, last, "postfix: N passed, N failed" or the same for sendmail. Needs $BUILD/gatepost,
# $BUILD/gatepost.so and $BUILD/gatepost-milter.
set -eu

server=$1
cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
export BUILD
# Both change to users of their own, and an ordinary user has one user id only, also as root of a namespace.
if [ "$(id -u)" -ne 0 ] || awk '{ n += $3 } END { exit n > 1 }' /proc/self/uid_map; then
    . tests/run/counts.sh
    skip "the cases in a real $server" "needs root"
    finish "$server"
    exit
fi
if [ "${2-}" != --inside ]; then
    tests/mta/root.sh "$server" >/dev/null
    [ -z "${GATEPOST_RELEASE-}" ] || tests/mta/root.sh build >/dev/null
    exec tests/mta/netns.sh "$PWD/tests/milter/server.sh" "$server" --inside
fi
. tests/mta/place.sh
. tests/mta/dialogue.sh
. tests/mta/filter.sh
. tests/mta/frame.sh
# shellcheck source=/dev/null # the one or the other
. "tests/mta/$server.sh"
. tests/milter/cases.sh

gatepost=$BUILD/gatepost
work=$BUILD/mta/$server
adapters=$BUILD${GATEPOST_RELEASE:+/$GATEPOST_RELEASE}

stop_all() {
    filter_stop
    "${server}_stop"
    place_stop
}

# dialogue_holds FILE
dialogue_holds() {
    filter_play "$1" "$server" >"$work/replay.out" 2>&1 || missed "$(head -n 12 "$work/replay.out")"
}

rm -rf "$work"
mkdir -p "$work"
[ -z "${GATEPOST_RELEASE-}" ] || tests/mta/release.sh make -s DEPS=no CC=cc BUILD="$adapters" "$adapters/gatepost-milter" "$adapters/gatepost.so"
trap stop_all EXIT
trap 'exit 1' HUP INT TERM PIPE
write_messages
"${server}_setup" "$work/place"
filter_setup "$adapters/gatepost-milter" "$adapters/gatepost.so"
log=$place_folder/syslog
place_start
use start
"${server}_start"
"${server}_version"
for file in tests/sessions/*.smtp; do
    check "$server plays $file" dialogue_holds "$file"
done
run_cases
finish "$server"
