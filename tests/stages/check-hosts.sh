#!/bin/sh
# check-hosts.sh: gatepost.so as the authors of other servers see it. It tests what the library exports and needs; that its
# header has not changed for hosts that are compiled already; where `make install` puts files, and `make dist`; the example
# hosts in C and Python; tests/sessions over the example with threads, and a crowd of clients on it under the thread and
# address sanitizers.
#
# Prints one line per case and, last, "check-hosts: N passed, N failed".
set -eu

cd "$(dirname "$0")/../.."
. tests/run/stage.sh
. tests/run/cases.sh
. tests/hosts/installation.sh
case $BUILD in /*) full=$BUILD ;; *) full=$PWD/$BUILD ;; esac
work=$full/hosts

# build_with NAME FLAGS: engine and sink with a sanitizer, in the folder that check-san has for it.
build_with() {
    CC=clang CFLAGS="-O1 -g -fno-omit-frame-pointer $2" make -s BUILD="$BUILD/$1" "$BUILD/$1/gatepost.so" "$BUILD/$1/example-sink"
}

if [ "${1-}" != --inside ]; then
    make -s BUILD="$BUILD" all "$BUILD/example-host" "$BUILD/example-sink"
    build_with tsan "-fsanitize=thread"
    build_with asan "-fsanitize=address,undefined -fno-sanitize-recover=all"
    exec tests/mta/netns.sh "$PWD/tests/stages/check-hosts.sh" --inside
fi

library=$full/gatepost.so
sink_pid="" names_pid=""

# same FILE FILE
same() {
    cmp -s "$1" "$2" || missed "$(diff "$1" "$2")"
}

# ---- the library ----

exports_one_function() {
    nm -D --defined-only "$library" | awk '{ print $2, $3 }' | sort >"$work/exports"
    printf 'A GATEPOST_1\nT gatepost_api@@GATEPOST_1\n' >"$work/wanted"
    same "$work/wanted" "$work/exports"
}

needs_only_libc() {
    needed=$(readelf -d "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | tr '\n' ' ')
    [ "$needed" = "libc.so.6 " ] || missed "it needs $needed"
}

# ---- the header ----

# frozen HEADER-FOLDER COMPILER...: whether the table of tests/unit/lib/frozen.h matches core/gatepost.h below that folder.
frozen() {
    folder=$1
    shift
    case $1 in *++) language=c++ ;; *) language=c ;; esac
    # It includes no header of the system, so that a compiler for another machine needs none.
    "$@" -Wall -Wextra -Werror -ffreestanding -fsyntax-only "-I$folder" -include "$PWD/tests/unit/lib/frozen.h" -x "$language" /dev/null \
        >"$work/frozen.out" 2>&1 || missed "$(head -n 5 "$work/frozen.out")"
}

# breaks SED-EXPRESSION: a header with this change must fail the test.
breaks() {
    rm -rf "$work/changed"
    mkdir -p "$work/changed/core"
    sed -e "$1" core/gatepost.h >"$work/changed/core/gatepost.h"
    ! cmp -s core/gatepost.h "$work/changed/core/gatepost.h" || missed "the header is as it was" || return 1
    for width in -m64 -m32; do
        if frozen "$work/changed" gcc -std=c11 $width; then
            missed "nobody noticed with $width"
            return 1
        fi
        grep -Eq 'static assertion failed|has no member' "$work/frozen.out" || missed "$(head -n 3 "$work/frozen.out")" || return 1
    done
    why=""
}

c_name_in_cpp() {
    printf '#include "core/gatepost.h"\ngp_api_entry *entry = gatepost_api;\nbool has = GP_HAS(entry(GP_API_MAJOR), get_ext);\n' |
        clang++ -std=c++11 -Wall -Wextra -pedantic -Werror -ffreestanding -I. -c -o "$work/cpp.o" -x c++ - >"$work/cpp.out" 2>&1 ||
        missed "$(cat "$work/cpp.out")" || return 1
    nm "$work/cpp.o" | grep -q ' U gatepost_api$' || missed "$(nm "$work/cpp.o")"
}

check_header() {
    for width in -m64 -m32; do
        check "the header is frozen: gcc $width" frozen . gcc -std=c11 $width
        check "the header is frozen: clang $width" frozen . clang -std=c11 $width
        check "the header is frozen: clang++ $width" frozen . clang++ -std=c++11 $width
    done
    if command -v i686-w64-mingw32-gcc >/dev/null; then
        check "the header is frozen: 32-bit Windows" frozen . i686-w64-mingw32-gcc -std=c11
    fi
    check "its function has a C name in C++" c_name_in_cpp
    check "seen: members changed places" breaks '/^    uint32_t port;$/d; s/^    uint32_t local_port;$/&\n    uint32_t port;/'
    check "seen: a member more in the middle" breaks 's/^    const char \*name;$/    const char *nickname;\n&/'
    check "seen: a member more at the end" breaks 's/^    const char \*state_dir;/    const char *other_dir;\n&/'
    check "seen: a member less" breaks '/^    uint32_t block_seconds;/d'
    check "seen: another type of the same size" breaks 's/^    uint32_t action; /    int32_t action; /'
    check "seen: a function takes something else" breaks 's/const char \*bytes, size_t n);/const void *bytes, size_t n);/'
    check "seen: a function gives something else" breaks 's/^    int (\*data)(/    void (*data)(/'
    check "seen: another value" breaks 's/GP_NAME_VERIFIED = 2, GP_NAME_FORGED = 3/GP_NAME_VERIFIED = 3, GP_NAME_FORGED = 2/'
    check "seen: another flag" breaks 's/^#define GP_NO_STATE  *2u/#define GP_NO_STATE 8u/'
}

# ---- example hosts ----

cat_rules() {
    cat <<'END'
helo,    own-name,            refuse, "554 Format of command not acceptable here"
rcpt,    "*sugar@*",          close,  "554 Spam is not welcome here - go away."
headers, not has(Message-ID), fail,   "553 Unidentified messages are not acceptable here"
END
}

# conversation LIBRARY HOST LINE...: sends the client's lines; the replies are in $work/said.
conversation() {
    lib=$1
    host=$2
    shift 2
    printf '%s\r\n' "$@" | "$host" "$lib" "$work/gatepost.conf" 203.0.113.9 2>"$work/log" | tr -d '\r' >"$work/said"
}

# converse LIBRARY HOST: tries the three things that the rules check.
converse() {
    cat_rules >"$work/gatepost.conf"
    conversation "$1" "$2" "EHLO mx.example.com" "MAIL FROM:<a@b.example>" QUIT
    cat >"$work/wanted" <<'END'
220 mx.example.com ESMTP
554 Format of command not acceptable here
554 Format of command not acceptable here
221 Bye
END
    same "$work/wanted" "$work/said" || return 1
    echo 'gatepost: refuse phase=helo client=203.0.113.9 helo="mx.example.com" rule=gatepost.conf:1 reply="554 Format of command not acceptable here"' >"$work/wanted"
    same "$work/wanted" "$work/log" || return 1
    conversation "$1" "$2" "EHLO b.example" "MAIL FROM:<a@b.example>" "RCPT TO:<c@example.com>" DATA "Subject: x" "" "Message-ID: <a@b>" . \
        "MAIL FROM:<a@b.example>" "RCPT TO:<c@example.com>" DATA "Message-ID: <a@b>" "" ..x . "RCPT TO:<sugar@example.com>" QUIT
    cat >"$work/wanted" <<'END'
220 mx.example.com ESMTP
250 mx.example.com
250 Sender ok
250 Recipient ok
354 Go ahead
553 Unidentified messages are not acceptable here
250 Sender ok
250 Recipient ok
354 Go ahead
250 Message accepted
554 Spam is not welcome here - go away.
END
    same "$work/wanted" "$work/said"
}

# complains LIBRARY TEXT HOST ARGUMENT...: the host must not start with that library, and must print TEXT.
complains() {
    lib=$1
    text=$2
    shift 2
    host=$1
    shift
    status=0
    "$host" "$lib" "$work/gatepost.conf" "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
    case $status in 2 | 3) ;; *) missed "status $status" || return 1 ;; esac
    grep -qF -- "$text" "$work/err" || missed "it says $(cat "$work/err")"
}

check_examples() {
    echo 'const void *gatepost_api(unsigned major); const void *gatepost_api(unsigned major) { (void)major; return 0; }' >"$work/other.c"
    ${CC:-cc} -shared -fPIC -o "$work/other.so" "$work/other.c"
    echo 'int nothing; ' >"$work/foreign.c"
    ${CC:-cc} -shared -fPIC -o "$work/foreign.so" "$work/foreign.c"
    for host in "$full/example-host" tests/examples/host.py; do
        example=${host##*/}
        check "$example judges" converse "$library" "$host"
        check "$example without the library says so" complains "$work/none.so" "none.so" "$host" 203.0.113.9
        check "$example with a library that is another says so" complains "$work/foreign.so" "gatepost_api" "$host" 203.0.113.9
        check "$example with an engine of another version says so" complains "$work/other.so" "does not speak version 1" "$host" 203.0.113.9
    done
    check "the sink without the library says so" complains "$work/none.so" "none.so" "$full/example-sink" 2525
    check "the sink with an engine of another version says so" complains "$work/other.so" "does not speak version 1" "$full/example-sink" 2525
}

# ---- the sink ----

# The namespace has a name server of its own, which knows the clients of $work/names, and a name for the server itself.
names_start() {
    printf 'nameserver 127.0.0.1\noptions timeout:2 attempts:2\n' >"$work/resolv.conf"
    printf '127.0.0.1 localhost mail.example.com\n::1 localhost mail.example.com\n' >"$work/hosts"
    : >"$work/names"
    for file in hosts resolv.conf; do
        # A bare container has none to mount over.
        [ -e "/etc/$file" ] || : >"/etc/$file"
        mount --bind "$work/$file" "/etc/$file"
    done
    tests/mta/names.py "$work/names" 2>"$work/names.log" &
    names_pid=$!
    echo "192.0.2.25 ready.example" >"$work/names"
    tries=0
    until getent hosts ready.example >/dev/null; do
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] || missed "the name server does not answer" || return 1
        sleep 0.05
    done
}

# sink_start FOLDER CONF [OPTION...]: the sink of that build, with rules and state of its own.
sink_start() {
    sink_folder=$1
    sink_conf=$2
    shift 2
    rm -rf "$work/state"
    mkdir "$work/state"
    : >"$work/sink.out"
    # Without randomised addresses: the sanitizer of clang 14 finds no room on kernels that spread them far.
    setarch -R "$sink_folder/example-sink" "$@" -s "$work/state" "$sink_folder/gatepost.so" "$sink_conf" 25 465 587 >"$work/sink.out" 2>"$work/sink.log" &
    sink_pid=$!
    tries=0
    until grep -q listening "$work/sink.out"; do
        tries=$((tries + 1))
        if [ "$tries" -ge 500 ] || ! kill -0 "$sink_pid" 2>/dev/null; then
            missed "the sink does not start: $(tail -n 5 "$work/sink.log")"
            return 1
        fi
        sleep 0.02
    done
}

# sink_stop: it must end by itself, with status 0.
sink_stop() {
    status=0
    kill "$sink_pid" 2>/dev/null || true
    wait "$sink_pid" || status=$?
    sink_pid=""
    [ "$status" -eq 0 ] || missed "${why:+$why; }the sink ended with status $status: $(tail -n 30 "$work/sink.log")"
}

# sink_plays FILE: a dialogue under the rules it names. Its tables are in the same folder as text.
sink_plays() {
    conf=$(awk '$1 == "config" { sub(/\r$/, ""); print $2; exit }' "$1")
    rm -rf "$work/rules"
    cp -r "$(dirname "$1")" "$work/rules"
    for text in "$work/rules"/*.txt; do
        [ ! -e "$text" ] || "$full/gatepost" table make "$text" "${text%.txt}.cdb" >"$work/table.out" || missed "$(cat "$work/table.out")" || return 1
    done
    printf '\ntest-clock = %s\n' "$work/clock" >>"$work/rules/$conf"
    awk '{ sub(/\r$/, "") } $1 == "connect" && NF >= 3 && $3 != "unknown" { print $2, $3 }' "$1" | sort -u >"$work/names.new"
    mv "$work/names.new" "$work/names"
    sink_start "$full" "$work/rules/$conf" -t || return 1
    "$full/gatepost" replay --server mail.example.com:25 --test-clock "$work/clock" "$1" >"$work/replay.out" 2>&1 ||
        missed "$(head -n 12 "$work/replay.out")" || true
    sink_stop && [ -z "$why" ] && grep -q '[1-9][0-9]* passed, 0 failed' "$work/replay.out"
}

# raw [PORT]: sends standard input to the sink unchanged, all at once; the replies are in $work/said.
raw() {
    python3 -c '
import socket, sys
peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 20, ("203.0.113.9", 0))
peer.sendall(sys.stdin.buffer.read())
peer.shutdown(socket.SHUT_WR)
while part := peer.recv(65536):
    sys.stdout.buffer.write(part)
' "${1-25}" | tr -d '\r' >"$work/said" || missed "no conversation"
}

# codes CODE...: the replies, in order.
codes() {
    said=$(awk 'substr($0, 4, 1) != "-" { printf "%s%s", sep, substr($0, 1, 3); sep = " " }' "$work/said")
    [ "$said" = "$*" ] || missed "it said $said"
}

takes_commands_in_one_go() {
    printf 'EHLO x.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@example.com>\r\nDATA\r\nMessage-ID: <a@b>\r\n\r\n.\r\nRSET\r\nVRFY x\r\nwhat\r\nQUIT\r\n' | raw &&
        codes 220 250 250 250 354 250 250 252 500 221
}

# A lone LF does not end a line, so a second message cannot hide in the first.
takes_crlf_for_a_line_end_only() {
    printf 'EHLO x.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@example.com>\r\nDATA\r\nMessage-ID: <a@b>\r\n\r\n\n.\nMAIL FROM:<x@y.example>\r\n\n.\r\n.\r\nQUIT\r\n' | raw &&
        codes 220 250 250 250 354 250 221
}

takes_long_lines() {
    {
        printf 'NOOP %09000d\r\nEHLO x.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@example.com>\r\nDATA\r\n' 0
        printf 'X: %020000d\r\nMessage-ID: <a@b>\r\n\r\n%08190d.\r\n.\r\nQUIT\r\n' 0 0
    } | raw && codes 220 500 250 250 250 354 250 221
}

takes_a_hundred_recipients() {
    {
        printf 'EHLO x.example\r\nMAIL FROM:<a@b.example>\r\n'
        i=0
        while [ "$i" -lt 101 ]; do
            printf 'RCPT TO:<c%d@example.com>\r\n' "$i"
            i=$((i + 1))
        done
        printf 'QUIT\r\n'
    } | raw || return 1
    tail -n 3 "$work/said" >"$work/end"
    mv "$work/end" "$work/said"
    codes 250 452 221
}

takes_no_message_too_big() {
    {
        printf 'EHLO x.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@example.com>\r\nDATA\r\nMessage-ID: <a@b>\r\n\r\n'
        head -c 11000000 /dev/zero | tr '\0' x
        printf '\r\n.\r\nMAIL FROM:<a@b.example>\r\nQUIT\r\n'
    } | raw && codes 220 250 250 250 354 552 250 221
}

wants_the_right_password() {
    printf 'EHLO x.example\r\nAUTH PLAIN AHRlc3QAd3Jvbmc=\r\nAUTH PLAIN\r\nAHRlc3QAdGVzdA==\r\nAUTH PLAIN AHRlc3QAdGVzdA==\r\nQUIT\r\n' | raw &&
        codes 220 250 535 334 235 503 221
}

has_no_tls() {
    printf 'STARTTLS\r\nQUIT\r\n' | raw && codes 220 502 221
}

looks_at_changed_rules_when_told() {
    printf 'HELO own.example\r\nQUIT\r\n' | raw && codes 220 250 221 || return 1
    printf 'submission-ports = 587\nhelo, "*own.example", fail, "550 Not you"\n' >"$work/new.conf"
    mv "$work/new.conf" "$work/sink.conf"
    kill -HUP "$sink_pid"
    tries=0
    until [ "$(grep -c 'rules in force' "$work/sink.log")" -eq 2 ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 250 ] || missed "nothing changed: $(cat "$work/sink.log")" || return 1
        sleep 0.02
    done
    printf 'HELO own.example\r\nQUIT\r\n' | raw && codes 220 550 221
}

# On the submission port the verdict on a user's HELO waits until MAIL, and is dropped if he authenticates. The rules are
# those of the case before.
knows_its_ports() {
    printf 'EHLO own.example\r\nMAIL FROM:<a@b.example>\r\nQUIT\r\n' | raw 587 && codes 220 250 550 221 &&
        printf 'EHLO own.example\r\nAUTH PLAIN AHRlc3QAdGVzdA==\r\nMAIL FROM:<a@b.example>\r\nQUIT\r\n' | raw 587 && codes 220 250 235 250 221
}

# Waiting clients get a reply, and the sink ends.
says_goodbye() {
    python3 -c '
import os, signal, socket, sys
peer = socket.create_connection(("127.0.0.1", 25), 20, ("203.0.113.9", 0))
stream = peer.makefile("rb")
stream.readline()
os.kill(int(sys.argv[1]), signal.SIGTERM)
print(stream.read().decode())' "$sink_pid" >"$work/said" || missed "no conversation" || return 1
    grep -q '^421 4.3.2' "$work/said" || missed "it said $(cat "$work/said")" || return 1
    sink_stop
}

check_sink() {
    for file in tests/sessions/*.smtp; do
        check "the sink plays $file" sink_plays "$file"
    done
    echo 'headers, not has(Message-ID), fail, "553 No"' >"$work/sink.conf"
    check "the sink listens" sink_start "$full" "$work/sink.conf"
    check "it takes commands in one go" takes_commands_in_one_go
    check "it takes CRLF for a line end, and nothing else" takes_crlf_for_a_line_end_only
    check "it takes long lines of a message, not of a command" takes_long_lines
    check "it takes a hundred recipients" takes_a_hundred_recipients
    check "it takes no message of more than ten megabytes" takes_no_message_too_big
    check "it wants the right password" wants_the_right_password
    check "it has no TLS" has_no_tls
    check "it looks at changed rules when it is told to" looks_at_changed_rules_when_told
    check "it tells the engine its port" knows_its_ports
    check "it says goodbye" says_goodbye
}

# ---- the crowd ----

# The files that tests/mta/crowd.py expects. VARIANT makes one file differ from the other, and `broken` makes one that cannot
# be used.
crowd_rules() {
    cat >"$work/crowd/new.conf" <<END
# $1
own-names     = mail.example.com
exempt-table  = exempt.cdb
block-table   = block.cdb
trap-table    = traps.cdb
relay-pattern = envelope 3 clients 1h
relay-reply   = 554 5.7.1 Apparent open relay
connect, "*.pool.example.net *", close, "554 5.7.1 No mail from dial-up lines"
helo,    "*drop.example",        drop
helo,    own-name,               refuse, "554 Format of command not acceptable here"
rcpt,    trap,                   close block, "554 Spam is not welcome here - go away."
headers, not has(Message-ID),    fail, "553 Unidentified messages are not acceptable here"
header,  "X-Nothing: $1",        log
END
    [ "$1" != broken ] || echo 'helo, fqnd, refuse' >>"$work/crowd/new.conf"
    mv "$work/crowd/new.conf" "$work/crowd/gatepost.conf"
}

# crowd_table NAME LINE
crowd_table() {
    echo "$2" >"$work/crowd/$1.txt"
    "$full/gatepost" table make "$work/crowd/$1.txt" "$work/crowd/$1.cdb" >/dev/null
}

# Changes rules and tables under the running sink until the file `stop` exists, and each time waits until the sink has looked
# at them.
crowd_changes() {
    round=0
    while [ "$round" -lt 6 ] || [ ! -e "$work/crowd/stop" ]; do
        looks=$(crowd_looks)
        round=$((round + 1))
        crowd_table exempt "192.0.2.$((round % 250)) all"
        crowd_table block "192.0.2.$((round % 250)) 554 Go away"
        case $((round % 3)) in 0) crowd_rules broken ;; *) crowd_rules "round $round" ;; esac
        tries=0
        while [ "$(crowd_looks)" -le "$looks" ]; do
            tries=$((tries + 1))
            [ "$tries" -lt 200 ] && kill -HUP "$sink_pid" 2>/dev/null || return 1
            sleep 0.05
        done
    done
}

crowd_looks() {
    grep -Ec 'rules in force|unknown check' "$work/sink.log" || true
}

# bears FOLDER SESSIONS: forty clients at a time, while rules and tables change.
bears() {
    rm -rf "$work/crowd"
    mkdir "$work/crowd"
    crowd_rules first
    crowd_table exempt "192.0.2.1 all"
    crowd_table block "192.0.2.1 554 Go away"
    crowd_table traps "to:trap@example.com"
    python3 -c '
import ipaddress, sys
for number in range(7, int(sys.argv[1]), 8):
    print(ipaddress.ip_address("198.18.0.1") + number, f"line-{number}.pool.example.net")' "$2" >"$work/names.new"
    mv "$work/names.new" "$work/names"
    # The resolver of libc protects its shared data by locks that the sanitizer does not know.
    echo race:end_name >"$work/tsan.suppressions"
    TSAN_OPTIONS=exitcode=66:suppressions=$work/tsan.suppressions
    ASAN_OPTIONS=detect_leaks=1:exitcode=66
    export TSAN_OPTIONS ASAN_OPTIONS
    sink_start "$1" "$work/crowd/gatepost.conf" || return 1
    crowd_changes &
    changes_pid=$!
    tests/mta/crowd.py 127.0.0.1 25 40 "$2" >"$work/crowd.out" 2>&1 || missed "$(tail -n 8 "$work/crowd.out")" || true
    : >"$work/crowd/stop"
    wait "$changes_pid" || missed "${why:+$why; }the rules were not looked at" || true
    sink_stop || return 1
    unlisted=$(sed -n 's/.* wrong, \([0-9]*\) not listed$/\1/p' "$work/crowd.out")
    [ -z "$why" ] &&
        { grep -q 'gatepost.conf:14:7: unknown check' "$work/sink.log" || missed "no broken file was met"; } &&
        { [ "${unlisted:-999}" -le 100 ] || missed "$unlisted clients were not put on the blocklist"; } &&
        { [ "$unlisted" -eq 0 ] || grep -q 'a client could not be put on the blocklist' "$work/sink.log" || missed "nobody said that clients were not listed"; } &&
        { ! grep -q 'Sanitizer' "$work/sink.log" || missed "$(grep -A 20 'Sanitizer' "$work/sink.log")"; }
}

# ---- the run ----

stop_all() {
    for pid in $sink_pid $names_pid; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
}

rm -rf "$work"
mkdir -p "$work"
trap stop_all EXIT
trap 'exit 1' HUP INT TERM PIPE
check "the library exports one function" exports_one_function
check "the library needs libc alone" needs_only_libc
check_header
check_installation
check "a host made from what was installed judges" installed_host_works
check_dist
check_examples
check "the name server answers" names_start
check_sink
check "a crowd with changing rules: thread sanitizer" bears "$full/tsan" 1600
check "a crowd with changing rules: address sanitizer" bears "$full/asan" 1600
part "$work/rooms.log" tests/run/rooms_test.sh
finish check-hosts
