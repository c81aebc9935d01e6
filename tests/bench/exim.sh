#!/bin/sh
# exim.sh: the cost of a connection to a real Exim: processor time of the daemon and its children per refused HELO and per
# accepted message, with the module, with the same checks as ACL lines, and without any. The three Exims take turns.
#
# Needs $BUILD/gatepost, $BUILD/gatepost-exim.so and $BUILD/bench/smtp_load.
set -eu

cd "$(dirname "$0")/../.."
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
export BUILD
if [ "${1-}" != --inside ]; then
    tests/mta/root.sh exim >/dev/null
    exec tests/mta/netns.sh "$PWD/tests/bench/exim.sh" --inside
fi
. tests/mta/exim.sh

rounds=7
count=200
work=$BUILD/mta/bench
kinds="adapter native none"
pids=""

stop() {
    for pid in $pids; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    pids=""
}

port_of() {
    case $1 in adapter) echo 2501 ;; native) echo 2502 ;; none) echo 2503 ;; esac
}

# start KIND: another Exim in the same root.
start() {
    port=$(port_of "$1")
    {
        echo "BENCH_$(echo "$1" | tr '[:lower:]' '[:upper:]') = yes"
        echo "BENCH_PORT = $port"
        cat tests/bench/exim.conf
    } >"$exim_folder/etc/$1.conf"
    (exim_become -C "/etc/exim4/$1.conf" -bdf) >"$exim_folder/$1.out" 2>&1 &
    eval "pid_$1=$!"
    pids="$pids $!"
    tries=0
    until "$mta/smtp.py" 127.0.0.1 127.0.0.1 "$port" QUIT >/dev/null 2>&1; do
        tries=$((tries + 1))
        if [ "$tries" -ge 100 ]; then
            echo "exim.sh: the Exim with $1 does not answer: $(cat "$exim_folder/$1.out" "$exim_folder/log/paniclog" 2>/dev/null)" >&2
            exit 1
        fi
        sleep 0.05
    done
}

# ticks PID: processor time of the process and of the children it has waited for, in hundredths of a second.
ticks() {
    sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 + $14 + $15 }'
}

# load KIND MODE CODE: prints microseconds per connection.
load() {
    eval "pid=\$pid_$1"
    before=$(ticks "$pid")
    "$BUILD/bench/smtp_load" 127.0.0.1 "$(port_of "$1")" "$2" "$count" "$3"
    sleep 0.2 # wait until the last children end
    echo "$1 $2 $((($(ticks "$pid") - before) * 1000000 / $(getconf CLK_TCK) / count))"
}

rm -rf "$work"
mkdir -p "$work"
trap stop EXIT
trap 'exit 1' HUP INT TERM PIPE
exim_setup "$work" heavy "$BUILD/gatepost-exim.so"
cp tests/bench/exim.rules "$exim_folder/rules/gatepost.conf"
echo '192.0.2.0/24 all' >"$work/exempt.txt"
"$BUILD/gatepost" table make "$work/exempt.txt" "$exim_folder/rules/exempt.cdb" >/dev/null 2>&1
chmod 644 "$exim_folder"/rules/*
for kind in $kinds; do
    start "$kind"
done
round=0
while [ "$round" -lt "$rounds" ]; do
    for kind in $kinds; do
        code=554
        [ "$kind" != none ] || code=250
        load "$kind" helo "$code"
        load "$kind" message 250
    done
    round=$((round + 1))
done >"$work/samples"
stop

echo "Exim $(exim_run -bV | sed -n 's/^Exim version \([^ ]*\).*/\1/p'): processor time of all its processes per connection, medians of $rounds rounds of $count"
echo
sort -k2,2 -k1,1 -k3,3n "$work/samples" | awk '
    { key = $2 " " $1; value[key, ++n[key]] = $3 }
    function median(key) { return n[key] % 2 ? value[key, (n[key] + 1) / 2] : (value[key, n[key] / 2] + value[key, n[key] / 2 + 1]) / 2 }
    function row(name, kind) {
        printf "  %-23s | %6d us  x%.2f |    %6d us  x%.2f\n", name, median("helo " kind), median("helo " kind) / median("helo none"),
            median("message " kind), median("message " kind) / median("message none")
    }
    END {
        print "                          |   refused HELO   |  message, discarded"
        row("gatepost-exim.so", "adapter")
        row("the same as ACL lines", "native")
        row("no checks (HELO passes)", "none")
    }'
