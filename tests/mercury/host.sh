# shellcheck shell=sh
# shellcheck disable=SC2034 # what is set here and not used is for the caller
# host.sh: how a script of cases works with the test host (host.c); to be sourced from the top of the tree, with the script's own
# arguments, after
#
#   script=NAME          its work is in $BUILD/mta/mercury$WINE_BITS-NAME
#
# A script runs alone, or with --inside within a check-mercury.sh that has started a Wine already. WINE_BITS says for which Windows;
# without it for 32 bits where this machine's kernel runs such programs. At its end the script calls host_finish.
#
#   host_run             the host obeys the lines on standard input; what it prints is in $work/out
#   host_begin CONF, host_say LINE, host_end   a host that obeys from one line to the next; each line is done when host_say returns
#   heard, heard_not, heard_times, heard_counts   look at what it printed
#   lay_out, small       folders with rules
#   win ARGUMENT...      gatepost.exe
. tests/run/cases.sh

BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
export BUILD
. tests/mta/wine.sh
if [ "${1-}" != --inside ]; then
    tests/mta/wine_root.sh "$(wine_root_name)" >/dev/null
    exec tests/mta/netns.sh "$PWD/tests/mercury/${script:?}.sh" --inside
fi

top=$PWD
gatepost=$BUILD/gatepost
windows=$BUILD/mercury${WINE_BITS#32}
dll=$windows/gatepost.dll
exe=$windows/gatepost.exe
host=$windows/host.exe
work=$BUILD/mta/mercury$WINE_BITS-$script

# host_run: the test host obeys the lines on standard input; what it prints is in $work/out.
host_run() {
    { echo "load $dll" && cat; } >"$work/orders"
    wine_run "$host" <"$work/orders" >"$work/out" 2>&1 || missed "the host ended with status $?: $(tail -n 3 "$work/out")" || return 1
    ! grep -q '^FAILED' "$work/out" || missed "$(grep -m 3 '^FAILED' "$work/out" | tr '\n' '|')"
}

# heard TEXT, heard_not TEXT, heard_times N TEXT: what the host printed.
heard() {
    grep -qF -- "$1" "$work/out" || missed "never said '$1', but: $(tail -n 4 "$work/out" | tr '\n' '|')"
}

heard_not() {
    ! grep -qF -- "$1" "$work/out" || missed "said '$(grep -m 1 -F -- "$1" "$work/out")'"
}

heard_times() {
    times=$(grep -cF -- "$2" "$work/out" || true)
    [ "$times" -eq "$1" ] || missed "said '$2' $times times, not $1: $(tail -n 4 "$work/out" | tr '\n' '|')"
}

# heard_counts: every dialogue was played, and not a session of it failed.
heard_counts() {
    heard " passed, 0 failed" || return 1
    ! grep -q ' passed, [1-9][0-9]* failed' "$work/out" || missed "$(grep -v -e '^log' -e '^note' "$work/out" | grep -m 3 -e expected -e FAILED)"
}

# lay_out PLACE [LINE...]: a folder of that name with everything in tests/sessions, tables made, LINEs added to the rules.
lay_out() {
    place=$work/$1
    shift
    rm -rf "$place"
    mkdir -p "$place/state"
    cp "$top"/tests/sessions/* "$place"
    for text in "$place"/*.txt; do
        "$gatepost" table make "$text" "${text%.txt}.cdb" >"$work/tables.log" || return 1
    done
    for conf in "$place"/*.conf; do
        {
            echo
            printf '%s\n' "state-dir = state" "test-clock = clock" "$@"
        } >>"$conf"
    done
}

# play_orders PLACE DIALOGUE: the lines that play it there.
play_orders() {
    echo "clock $work/$1/clock"
    echo "start $work/$1/$(awk '$1 == "config" { sub(/\r$/, ""); print $2; exit }' "$work/$1/$2")"
    echo "play $work/$1/$2"
    echo stop
}

# small PLACE [LINE...]: a folder with the rules of these tests and LINEs, for what no dialogue says.
small() {
    place=$work/$1
    shift
    rm -rf "$place"
    mkdir -p "$place/state"
    {
        cat "$top/tests/mercury/soak.conf"
        [ $# -eq 0 ] || printf '%s\n' "$@"
    } >"$place/gatepost.conf"
    echo to:sugar@example.com | "$gatepost" table make - "$place/traps.cdb" >"$work/tables.log"
}

# host_begin CONF, host_say LINE, host_end: a host that obeys from one line to the next.
host_begin() {
    rm -f "$work/pipe"
    mkfifo "$work/pipe"
    wine_run "$host" <"$work/pipe" >"$work/out" 2>&1 &
    host_pid=$!
    exec 3>"$work/pipe"
    printf 'load %s\nstart %s\n' "$dll" "$1" >&3
}

# Waits until it is done.
host_say() {
    mark="done $(date +%s%N)"
    printf '%s\nsay %s\n' "$1" "$mark" >&3
    tries=0
    until grep -qF "$mark" "$work/out"; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || return 1
        sleep 0.05
    done
}

host_end() {
    echo stop >&3
    exec 3>&-
    wait "$host_pid" || missed "the host ended with status $?" || return 1
    ! grep -q '^FAILED' "$work/out" || missed "$(grep -m 3 '^FAILED' "$work/out" | tr '\n' '|')"
}

win() {
    wine_run "$exe" "$@" 2>&1 | tr -d '\r'
}

# windows_copy FOLDER FROM TO: with Windows' own copy.
windows_copy() {
    (cd "$1" && wine_run cmd.exe /c copy /y "$2" "$3") >"$work/last" 2>&1 || missed "copy: $(cat "$work/last")"
}

# ---- the name server of the namespace ----

names_pid=""

use_name_server() {
    printf 'nameserver 127.0.0.1\noptions timeout:2 attempts:1\n' >"$wine_folder/root/etc/resolv.conf"
}

names_start() {
    awk '{ sub(/\r$/, "") } $1 == "connect" && NF >= 3 && $3 != "unknown" { print $2, $3 }' tests/sessions/*.smtp | sort -u >"$work/names"
    tests/mta/names.py "$work/names" 2>"$work/names.log" &
    names_pid=$!
    use_name_server
}

# ---- begin and end ----

host_leave() {
    [ -z "$names_pid" ] || kill "$names_pid" 2>/dev/null || true
    wine_stop
}

host_finish() {
    if [ -n "$names_pid" ]; then
        kill "$names_pid"
        wait "$names_pid" 2>/dev/null || true
        names_pid=""
    fi
    finish "$script"
}

rm -rf "$work"
mkdir -p "$work"
trap host_leave EXIT
wine_setup "$BUILD/mta/mercury$WINE_BITS-wine"
