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

. tests/mta/beside.sh

# Runs the servers, each in a namespace of its own.
if [ "${1-}" != --inside ]; then
    . tests/run/cases.sh
    rm -rf "$work"
    mkdir -p "$work"

    # reads_as_the_server SERVER
    # shellcheck disable=SC2317 # check calls it
    reads_as_the_server() {
        tests/mta/netns.sh "$PWD/tests/stages/check-parity.sh" --inside "$1" >"$work/$1.out" 2>&1 || missed "$(cat "$work/$1.out")"
    }

    for server in ${GATEPOST_PARITY_SERVERS:-exim exim-scan postfix sendmail}; do
        if [ "${server%-scan}" != exim ] && { [ "$(id -u)" -ne 0 ] || awk '{ n += $3 } END { exit n > 1 }' /proc/self/uid_map; }; then
            skip "gatepost reads as $server does" "needs root"
            continue
        fi
        beside_roots "$server"
        check "gatepost reads as $server does, $count inputs" reads_as_the_server "$server"
        tail -n 1 "$work/$server.out"
    done
    finish check-parity
    exit
fi
server=$2
place=$work/$server

# write_rules FOLDER FACTS-FILE
write_rules() {
    mkdir -p "$1"
    tests/mta/release.sh "${CC:-cc}" -std=c11 -I. -fPIC -shared -fvisibility=hidden -o "$1/facts.so" tests/parity/facts.c
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

# await_deliveries: until the sink has had nothing new for three seconds.
await_deliveries() {
    quiet=0 before=-1
    while [ "$quiet" -lt 6 ]; do
        size=$(wc -c <"$1")
        if [ "$size" -eq "$before" ]; then quiet=$((quiet + 1)); else quiet=0; fi
        before=$size
        sleep 0.5
    done
}

stop_all() {
    beside_stop
    [ -z "$sink_pid" ] || kill "$sink_pid" 2>/dev/null || true
}

export PYTHONDONTWRITEBYTECODE=1
sink_pid=""
trap stop_all EXIT
beside_setup "$server" "$place"
write_rules "$rules_of/parity" "$run_path/facts"
case $server in
exim*) what=$place/spool ;;
*)
    what=$work/$server.sink
    : >"$what"
    tests/parity/sink.py 2500 "$what" &
    sink_pid=$!
    "${server}_to_sink" 2500
    ;;
esac
beside_use parity
beside_start
tests/parity/play.py "$seed" "$count" "$work/$server.played"
if [ -n "$sink_pid" ]; then
    await_deliveries "$what"
    "${server}_flush" >"$work/$server.flush" 2>&1 || true
    await_deliveries "$what"
fi
tests/parity/compare.py "$server" "$seed" "$count" "$work/$server.played" "$run_folder/facts" "$what"
