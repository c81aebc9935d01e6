#!/bin/sh
# milter.sh: the cost of gatepost-milter to a real Postfix: messages per second, with one session and ten sessions at a time,
# with gatepost-milter on a local socket and over TCP, with null_milter in both its modes, and without a filter; and the
# processor time of each filter per session. One Postfix serves all of them, each on its own port, and they take turns.
#
# Needs $BUILD/gatepost, $BUILD/gatepost.so, $BUILD/gatepost-milter and $BUILD/bench/null_milter.
set -eu

cd "$(dirname "$0")/../.."
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
export BUILD
if [ "$(id -u)" -ne 0 ] || awk '{ n += $3 } END { exit n > 1 }' /proc/self/uid_map; then
    echo "Postfix with gatepost-milter: skipped, needs root"
    exit 0
fi
if [ "${1-}" != --inside ]; then
    tests/mta/root.sh postfix >/dev/null
    exec tests/mta/netns.sh "$PWD/tests/bench/milter.sh" --inside
fi
. tests/mta/place.sh
. tests/mta/filter.sh
. tests/mta/postfix.sh

rounds=${ROUNDS:-31}
count=${COUNT:-200}
work=$BUILD/mta/bench-milter
filters="gatepost tcp ordinary lean"
kinds="$filters none"
pids=""

stop_all() {
    filter_stop
    postfix_stop
    for pid in $pids; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    pids=""
}

port_of() {
    case $1 in
    gatepost) echo 2701 ;;
    tcp) echo 2702 ;;
    ordinary) echo 2703 ;;
    lean) echo 2704 ;;
    none) echo 2705 ;;
    esac
}

# serve KIND MILTERS: adds a port to Postfix. It looks up no names, because that would time the name server too.
serve() {
    echo "$(port_of "$1") inet n - n - - smtpd -o smtpd_milters=$2 -o smtpd_peername_lookup=no" >>"$place_folder/etc/master.cf"
}

# null_start WAY
null_start() {
    (umask 0 && place_become /usr/local/lib/gatepost/null_milter "unix:/run/gatepost/$1.sock" "$1") >"$work/$1.out" 2>&1 &
    eval "pid_$1=$!"
    pids="$pids $!"
    tries=0
    until [ -S "$place_folder/run/$1.sock" ] || [ "$tries" -ge 100 ]; do
        tries=$((tries + 1))
        sleep 0.05
    done
}

# ticks PID: its processor time, in hundredths of a second.
ticks() {
    sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'
}

# drained: waits until Postfix has discarded the accepted messages, so that the next filter does not pay for them.
drained() {
    while [ -n "$(find "$place_folder/root/var/spool/postfix/incoming" "$place_folder/root/var/spool/postfix/active" -type f | head -n 1)" ]; do
        sleep 0.05
    done
}

# load KIND: prints microseconds for all messages. The client's address is local but not in own-networks, which are not
# judged.
load() {
    began=$(date +%s%N)
    place_run /usr/sbin/smtp-source -s 10 -m "$count" -l 4000 -M mx.example.net -f letter@example.net -t user@example.com \
        "198.51.100.1:$(port_of "$1")"
    echo "$1 $((($(date +%s%N) - began) / 1000))"
    drained
}

# answers KIND CODE: whether a message without a Message-ID gets CODE there, which shows whether the filter judges it.
answers() {
    "$mta/smtp.py" 198.51.100.2 198.51.100.1 "$(port_of "$1")" "EHLO mx.example.net" "MAIL FROM:<letter@example.net>" \
        "RCPT TO:<user@example.com>" DATA "Subject: none" "" . QUIT >"$work/said" 2>&1
    grep -q "^$2 [25]\.[06]\.0 " "$work/said" || {
        echo "milter.sh: Postfix with $1 does not say $2: $(cat "$work/said")" >&2
        exit 1
    }
}

rm -rf "$work"
mkdir -p "$work"
trap stop_all EXIT
trap 'exit 1' HUP INT TERM PIPE
postfix_setup "$work/place"
filter_setup "$BUILD/gatepost-milter" "$BUILD/gatepost.so"
cp "$BUILD/bench/null_milter" "$place_folder/lib"
mkdir -p "$place_folder/rules/bench"
cp tests/bench/exim.rules "$place_folder/rules/bench/gatepost.conf"
echo '192.0.2.0/24 all' >"$work/exempt.txt"
"$BUILD/gatepost" table make "$work/exempt.txt" "$place_folder/rules/bench/exempt.cdb" >/dev/null 2>&1
chmod 644 "$place_folder"/rules/bench/*
serve gatepost unix:/run/gatepost/milter.sock
serve tcp inet:127.0.0.1:8890
serve ordinary unix:/run/gatepost/ordinary.sock
serve lean unix:/run/gatepost/lean.sock
serve none ""
filter_start bench gatepost.conf
pid_gatepost=$filter_pid
filter_start bench gatepost.conf --socket inet:8890@127.0.0.1
# shellcheck disable=SC2034 # read by name below
pid_tcp=$filter_pid
pids=$pid_gatepost
null_start ordinary
null_start lean
postfix_start
answers gatepost 553
answers tcp 553
answers ordinary 250
answers lean 250
answers none 250
for kind in $kinds; do
    load "$kind" # warm up: processes start, caches fill
done >/dev/null
for kind in $filters; do
    eval "pid=\$pid_$kind"
    eval "ticks_$kind=$(ticks "$pid")"
done
round=0
while [ "$round" -lt "$rounds" ]; do
    for kind in $kinds; do
        load "$kind"
    done
    kinds="${kinds#* } ${kinds%% *}" # rotate the order
    round=$((round + 1))
done >"$work/samples"
for kind in $filters; do
    before=0
    eval "pid=\$pid_$kind before=\$ticks_$kind"
    echo "$kind $((($(ticks "$pid") - before) * 1000000 / $(getconf CLK_TCK) / rounds / count))"
done >"$work/spent"
stop_all

echo "Postfix $(place_run postconf -h mail_version), one message a session, ten sessions at a time; medians of $rounds rounds of $count;"
echo "x: median over the rounds of the throughput beside that with a filter that does nothing, in the same round"
echo
awk -v count="$count" -v spent="$work/spent" '
    BEGIN { while ((getline line <spent) > 0) { split(line, word); cost[word[1]] = sprintf("%7d us", word[2]) } }
    { value[$1, ++n[$1]] = $2 }
    function sorted(list, size,  i, j, kept) {
        for (i = 2; i <= size; i++) {
            kept = list[i]
            for (j = i - 1; j > 0 && list[j] > kept; j--)
                list[j + 1] = list[j]
            list[j + 1] = kept
        }
        return size % 2 ? list[(size + 1) / 2] : (list[size / 2] + list[size / 2 + 1]) / 2
    }
    function row(name, kind,  i, times, ratios) {
        for (i = 1; i <= n[kind]; i++) {
            times[i] = value[kind, i]
            ratios[i] = value["ordinary", i] / value[kind, i]
        }
        printf "  %-37s | %6d/s  x%.2f | %s\n", name, count * 1000000 / sorted(times, n[kind]), sorted(ratios, n[kind]), cost[kind]
    }
    END {
        print "                                        |    messages     | filter, a session"
        row("gatepost-milter", "gatepost")
        row("gatepost-milter over TCP", "tcp")
        row("a filter that does nothing", "ordinary")
        row("one that asks for as little as ours", "lean")
        row("no filter", "none")
    }' "$work/samples"
