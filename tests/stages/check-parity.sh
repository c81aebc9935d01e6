#!/bin/sh
# check-parity.sh: whether gatepost reads what the server beside it reads. Odd HELO, MAIL and RCPT lines and header fields,
# legal and illegal, are played into each real server. The facts that gatepost has read (the check facts) are compared with
# what the server has made of them: Exim's spool, and what Postfix and Sendmail deliver. tests/parity/inputs.py makes the
# inputs.
#
# Prints one line per server and, last, "check-parity: N passed, N failed". GATEPOST_PARITY is the number of inputs for each
# server (2000), GATEPOST_PARITY_SEED the seed. Needs $BUILD/gatepost, gatepost.so, gatepost-milter and gatepost-exim.so.
set -eu

cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
export BUILD
count=${GATEPOST_PARITY:-2000}
seed=${GATEPOST_PARITY_SEED:-11}
work=$BUILD/mta/parity

# Runs the servers, each in a namespace of its own.
if [ "${1-}" != --inside ]; then
    . tests/run/cases.sh
    rm -rf "$work"
    mkdir -p "$work"
    "${CC:-cc}" -std=c11 -I. -fPIC -shared -fvisibility=hidden -o "$work/facts.so" tests/parity/facts.c
    for server in exim exim-scan postfix sendmail; do
        root=${server%-scan}
        tests/mta/root.sh "$root" >/dev/null
        # shellcheck disable=SC2329 # check calls it
        reads_as_the_server() {
            tests/mta/netns.sh "$PWD/tests/stages/check-parity.sh" --inside "$server" >"$work/$server.out" 2>&1 || missed "$(cat "$work/$server.out")"
        }
        if [ "$root" != exim ] && { [ "$(id -u)" -ne 0 ] || awk '{ n += $3 } END { exit n > 1 }' /proc/self/uid_map; }; then
            echo "skipped, needs root - gatepost reads as $server does"
            continue
        fi
        check "gatepost reads as $server does, $count inputs" reads_as_the_server
        tail -n 2 "$work/$server.out"
    done
    echo "check-parity: $passed passed, $failed failed"
    [ "$failed" -eq 0 ]
    exit
fi
server=$2
place=$work/$server

# rules FOLDER FACTS-FILE
rules() {
    mkdir -p "$1"
    cp "$work/facts.so" "$1/facts.so"
    PYTHONDONTWRITEBYTECODE=1 python3 tests/parity/inputs.py "$seed" "$count" >"$work/traps.txt"
    "$BUILD/gatepost" table make "$work/traps.txt" "$1/traps.cdb" >"$work/tables.log"
    {
        echo 'load "facts"'
        echo 'own-names = .example.com .example.net'
        echo 'trap-table = traps.cdb'
        for operation in helo mail rcpt header; do
            echo "$operation, facts(\"$2\", \"$operation\"), log, \"facts\""
        done
        # These rules also see a second spelling.
        printf '%s\n' 'mail, not own-sender, skip' "mail, facts(\"$2\", \"own-sender\"), log, \"facts\"" \
            'rcpt, not trap, skip' "rcpt, facts(\"$2\", \"trapped\"), log, \"facts\""
    } >"$1/gatepost.conf"
}

play() {
    PYTHONDONTWRITEBYTECODE=1 tests/parity/play.py "$seed" "$count" "$work/$server.played"
}

compare() {
    PYTHONDONTWRITEBYTECODE=1 tests/parity/compare.py "$server" "$seed" "$count" "$work/$server.played" "$@"
}

parity_exim() {
    . tests/mta/exim.sh
    trap exim_stop EXIT
    exim_setup "$place" "$1" "$BUILD/gatepost-exim.so"
    rules "$place/rules/parity" /run/facts
    mkdir "$place/state/parity"
    [ -n "$exim_alone" ] || chown "$exim_uid:$exim_gid" "$place/state/parity"
    exim_options "config=/etc/gatepost/parity/gatepost.conf state-dir=/var/lib/gatepost/parity"
    exim_start
    play
    compare "$place/run/facts" "$place/spool"
}

# The server delivers to a sink of this test.
parity_milter() {
    . tests/mta/place.sh
    . tests/mta/dialogue.sh
    . tests/mta/filter.sh
    # shellcheck source=/dev/null # the one or the other
    . "tests/mta/$server.sh"
    stop_all() {
        filter_stop
        "${server}_stop"
        place_stop
        kill "$sink_pid" 2>/dev/null || true
    }
    : >"$work/$server.sink"
    tests/parity/sink.py 2500 "$work/$server.sink" &
    sink_pid=$!
    trap stop_all EXIT
    "${server}_setup" "$place"
    "${server}_to_sink" 2500
    filter_setup "$BUILD/gatepost-milter" "$BUILD/gatepost.so"
    rules "$place/rules/parity" /run/gatepost/facts
    place_start
    filter_start parity gatepost.conf
    "${server}_start"
    play
    # Deliveries take a while.
    tries=0 last=-1
    while size=$(wc -c <"$work/$server.sink") && { [ "$size" -ne "$last" ] || [ "$tries" -lt 3 ]; } && [ "$tries" -lt 600 ]; do
        [ "$size" -eq "$last" ] && tries=$((tries + 1)) || tries=0
        last=$size
        sleep 0.5
    done
    compare "$place/run/facts" "$work/$server.sink"
}

case $server in
exim) parity_exim heavy ;;
exim-scan) parity_exim light ;;
*) parity_milter ;;
esac
