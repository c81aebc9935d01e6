#!/bin/bash
# check-plugins.sh: the checks that come as plugins, loaded from their files as in a server: regex with hostile texts, dnsbl
# with lists that answer, lie, and do not answer (tests/mta/lists.py), in a network of the test's own, and the example of
# gatepost_check(3).
#
# Prints one line per case that failed and, last, "check-plugins: N passed, N failed". Needs $BUILD/gatepost and what `make
# plugin-tests` makes. RUN is put before commands that run our code (setarch -R, for the thread sanitizer).
set -u

cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
export BUILD
[ "${1-}" = --inside ] || exec tests/mta/netns.sh "$PWD/tests/stages/check-plugins.sh" --inside

work=$BUILD/plugins
passed=0
failed=0
lists=""
read -r -a run <<<"${RUN-}"

# check WHAT TEST...: one case; its output is shown if it fails.
check() {
    what=$1
    shift
    if "$@" >"$work/last" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $what"
        sed 's/^/    /' "$work/last"
    fi
}

# rules LINE...: the rule file, beside a folder checks.
rules() {
    printf '%s\n' 'load "checks/regex"' 'load "checks/dnsbl"' "$@" >"$work/gatepost.conf"
}

# client ADDRESS LINE...: a conversation with a process of its own; its replies are in said, its log in log, its time in
# $took.
client() {
    address=$1
    shift
    began=$(date +%s%N)
    printf '%s\n' "$@" | "${run[@]}" "$BUILD/plugin-host" talk "$work/gatepost.conf" "$address" >"$work/said" 2>"$work/log"
    took=$((($(date +%s%N) - began) / 1000000))
}

says() {
    grep -qF -- "$1" "$work/said" || { echo "never said '$1':" && cat "$work/said" "$work/log" && return 1; }
}

logs() {
    grep -qF -- "$1" "$work/log" || { echo "'$1' is not logged:" && cat "$work/said" "$work/log" && return 1; }
}

# talked REPLY...: the replies must be these and no others.
talked() {
    [ "$(cat "$work/said")" = "$(printf '%s\n' "$@")" ] || { echo "it said:" && cat "$work/said" "$work/log" && return 1; }
}

logs_nothing_but_verdicts() {
    ! grep -v '^gatepost: close ' "$work/log"
}

logs_nothing() {
    [ ! -s "$work/log" ] || { echo "it is logged:" && cat "$work/log" && return 1; }
}

# The clock only shows whether a call waits for ever: a busy machine is slow, and instruments make it slower.
forever=15000

# after LEAST: milliseconds.
after() {
    { [ "$took" -ge "$1" ] && [ "$took" -lt "$forever" ]; } || { echo "it took $took ms, $1 were wanted" && return 1; }
}

# asked N [ZONE]: how many questions there were about the zone since the last forget.
asked() {
    count=$(grep -c " ${2-.*} .*\.test " "$work/questions" || true)
    [ "$count" -eq "$1" ] || { echo "$count questions, not $1:" && cat "$work/questions" && return 1; }
}

forget() {
    : >"$work/questions"
    rm -f "$work/questions.alive"
}

# ---- regex ----

# hostile PATTERN CHARACTER COUNT: a Subject of that many characters and a '!', with a rule that has the pattern.
hostile() {
    rules "subject, regex(\"$1\"), fail, \"554 found\"" "subject, not regex(\"$1\"), fail, \"554 not found\""
    subject=$(printf '%*s' "$3" '' | tr ' ' "$2")
    client 203.0.113.9 "EHLO a.example" "MAIL FROM:<a@b.example>" "RCPT TO:<c@example.com>" DATA "Subject: $subject!" "" .
    after 0 && talked "250 pass" "250 pass" "250 pass" "250 pass" "250 pass" "250 pass" &&
        logs "gatepost: check regex(\"$1\") of gatepost.conf:3 cannot say: the pattern needs " && logs "(said once an hour)"
}

honest_subject() {
    rules 'subject, regex("^(?i)free\b.*\d{3}"), fail, "554 found"'
    client 203.0.113.9 "EHLO a.example" "MAIL FROM:<a@b.example>" "RCPT TO:<c@example.com>" DATA "Subject: FREE for 100" "" .
    says "554 found"
}

broken_pattern() {
    rules 'helo, regex("a(b"), fail'
    "$BUILD/gatepost" check "$work/gatepost.conf" >"$work/said" 2>&1
    [ $? -eq 1 ] && says 'gatepost.conf:3:17: missing closing parenthesis' && says '                  ^'
}

# ---- dnsbl ----

# listed ADDRESS ZONE: refused; clean: not refused; both with no line in the log but that of the verdict.
listed() {
    rules "connect, dnsbl(\"$2\"), close, \"554 listed\""
    client "$1"
    talked "554 listed" && logs_nothing_but_verdicts
}

clean() {
    rules "connect, dnsbl(\"$2\"), close, \"554 listed\""
    client "$1"
    talked "250 pass" && logs_nothing
}

# no_answer ZONE REASON [LEAST]: neither the check nor its negation triggers, and the log says why.
no_answer() {
    rules "connect, dnsbl(\"$1.test\", 450ms), close" "connect, not dnsbl(\"$1.test\", 450ms), close"
    client 198.51.100.7
    talked "250 pass" && logs "gatepost: check dnsbl(\"$1.test\", 450ms) of gatepost.conf:3 cannot say: $1.test: $2" &&
        after "${3:-0}"
}

# c-ares 1.18 goes on to the next server and at last finds none; 1.34 tells what the server said.
server_fails() {
    no_answer servfail "" && grep -Eq 'servfail.test: (Could not contact DNS servers|DNS server returned general failure)' "$work/log"
}

liar_is_found_out() {
    clean 198.51.100.7 liar.test && after 250 && listed 203.0.113.9 liar.test
}

two_seconds_by_default() {
    rules 'connect, dnsbl("dead.test"), close'
    client 198.51.100.7
    talked "250 pass" && after 1900
}

# replayed SESSION...: sessions of one process, "ADDRESS" or "wait Ns" each; the verdicts are in said.
replayed() {
    printf 'config %s\n' "$work/gatepost.conf" >"$work/sessions.smtp"
    for session in "$@"; do
        case $session in
        wait*) printf '%s\n' "$session" ;;
        *) printf 'connect %s unknown\nC: QUIT\n' "$session" ;;
        esac
    done >>"$work/sessions.smtp"
    "${run[@]}" "$BUILD/gatepost" replay --verdicts "$work/sessions.smtp" >"$work/said" 2>"$work/log"
}

# verdicts ACTION...: of the sessions.
verdicts() {
    [ "$(cut -f 4 "$work/said" | tr '\n' ' ')" = "$* " ] || { cat "$work/said" "$work/log" && return 1; }
}

answers_are_kept() {
    rules 'connect, dnsbl("good.test"), close, "554 listed"'
    forget && replayed 203.0.113.9 198.51.100.7 203.0.113.9 198.51.100.7 203.0.113.9 &&
        verdicts close pass close pass close && asked 2 good
}

private_addresses_are_not_asked_about() {
    rules 'own-networks =' 'connect, dnsbl("good.test"), close' 'connect, not dnsbl("good.test"), log, "not listed"'
    forget && replayed 10.1.2.3 192.168.1.1 172.16.0.1 172.31.255.255 127.0.0.2 169.254.1.1 100.64.0.1 224.0.0.1 ::1 fe80::1 fd00::1 \
        ff02::1 && verdicts pass pass pass pass pass pass pass pass pass pass pass pass && asked 0
}

ids_and_ports_are_drawn_at_random() {
    rules 'connect, dnsbl("good.test"), close'
    sessions=()
    for n in $(seq 1 60); do sessions+=("198.51.100.$n"); done
    forget && replayed "${sessions[@]}" && asked 60 good || return 1
    ports=$(cut -d ' ' -f 4 "$work/questions" | sort -u | wc -l)
    ids=$(cut -d ' ' -f 5 "$work/questions" | sort -u | wc -l)
    { [ "$ports" -gt 50 ] && [ "$ids" -gt 50 ]; } || { echo "$ports ports, $ids ids" && return 1; }
}

# load ZONE THREADS SESSIONS: all at once; the result is in said.
load() {
    rules "connect, dnsbl(\"$1.test\", 450ms), close, \"554 listed\""
    forget
    "${run[@]}" "$BUILD/plugin-host" crowd "$work/gatepost.conf" "$2" "$3" >"$work/said" 2>"$work/log" ||
        { cat "$work/log" && return 1; }
}

many_threads_ask() {
    load good 16 100 && says "refused 800 passed 800 wrong 0" && logs_nothing_but_verdicts
}

# 40 sessions in each of 20 threads: those that ask before the list is given up wait 450 ms; no others wait.
dead_list_slows_nobody() {
    load dead 20 40 && says "refused 0 passed 800 wrong 0" || return 1
    questions=$(grep -c ' dead ' "$work/questions")
    slowest=$(sed -n 's/.* slowest //p' "$work/said")
    times=$(grep -c 'dnsbl dead.test failed 3 times' "$work/log")
    { [ "$questions" -le 120 ] && [ "$slowest" -lt "$forever" ] && [ "$times" -eq 1 ]; } ||
        { echo "$questions questions, slowest $slowest ms, logged $times times" && cat "$work/said" "$work/log" && return 1; }
}

# use_servers ADDRESS...: the name servers in /etc/resolv.conf, in this namespace only.
use_servers() {
    printf 'nameserver %s\n' "$@" >"$work/resolv.conf"
}

second_server_answers() {
    use_servers 127.0.0.9 127.0.0.1
    listed 203.0.113.9 good.test
    status=$?
    use_servers 127.0.0.1
    return "$status"
}

no_server_is_no_answer() {
    use_servers 127.0.0.9
    no_answer good ""
    status=$?
    use_servers 127.0.0.1
    return "$status"
}

broken_zone() {
    rules "connect, dnsbl($1), close"
    "$BUILD/gatepost" check "$work/gatepost.conf" >"$work/said" 2>&1
    [ $? -eq 1 ] && says "gatepost.conf:3:$2: $3"
}

not_at_helo() {
    rules 'helo, dnsbl("good.test"), fail'
    "$BUILD/gatepost" check "$work/gatepost.conf" >"$work/said" 2>&1
    [ $? -eq 1 ] && says "gatepost.conf:3:7: 'dnsbl' cannot be used at helo; it can be used at connect"
}

# ---- the example ----

example_judges() {
    cp "$BUILD/example-check.so" "$work/repeats.so"
    sed -n '/^load "checks/,/^subject/p' man/gatepost_check.3 | sed 's/checks.//' >"$work/gatepost.conf"
    client 203.0.113.9 "MAIL FROM:<a@b.example>" "Subject: free!!!!" "" . "MAIL FROM:<a@b.example>" "Subject: free!!!!!" "" .
    talked "250 pass" "250 pass" "250 pass" "250 pass" "554 Please do not shout"
}

example_says_what_is_wrong() {
    printf 'load "repeats"\nhelo, repeats(5x), log\n' >"$work/gatepost.conf"
    "$BUILD/gatepost" check "$work/gatepost.conf" >"$work/said" 2>&1
    [ $? -eq 1 ] && says "gatepost.conf:2:16: expected a number from 2 to 9999"
}

# ---- what is loaded ----

needs_libc_alone() {
    needed=$(readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | tr '\n' ' ')
    [ "$needed" = "libc.so.6 " ] || { echo "it needs $needed" && return 1; }
}

exports_one_function() {
    exports=$(nm -D --defined-only "$1" | awk '{ print $3 }' | tr '\n' ' ')
    [ "$exports" = "gatepost_checks " ] || { echo "it exports $exports" && return 1; }
}

# ---- the run ----

rm -rf "$work"
mkdir -p "$work" || exit 1
ln -s "$BUILD/checks" "$work/checks"
use_servers 127.0.0.1
mount --bind "$work/resolv.conf" /etc/resolv.conf || exit 1
forget
tests/mta/lists.py "$work/questions" 2>"$work/lists.log" &
lists=$!
trap 'kill "$lists"' EXIT
trap 'exit 1' HUP INT TERM PIPE
tries=0
until ss -lun 2>/dev/null | grep -q '127.0.0.1:53 ' || [ "$tries" -ge 50 ]; do
    sleep 0.1
    tries=$((tries + 1))
done

if [ -z "${RUN_SLOWLY-}" ]; then
    for plugin in regex dnsbl; do
        check "$plugin.so needs more than libc" needs_libc_alone "$BUILD/checks/$plugin.so"
        check "$plugin.so exports more than its one function" exports_one_function "$BUILD/checks/$plugin.so"
    done
fi
check "a subject is found" honest_subject
check "a mistake in a pattern is shown where it is" broken_pattern
check "(a+)+\$ ends within its limit and is logged" hostile '(a+)+$' a 60
check "and when it is interpreted" hostile '(*NO_JIT)(a+)+$' a 60
check "and on a long text" hostile '(a+)+$' a 900
check "a rule cannot lift the limits" hostile '(*LIMIT_MATCH=4000000000)(*LIMIT_DEPTH=4000000000)(a+)+$' a 60

check "the example check judges" example_judges
check "the example check says what is wrong" example_says_what_is_wrong

check "a listed client is turned away" listed 203.0.113.9 good.test
check "a listed client of IPv6 is turned away" listed 2001:db8::9 good.test
check "a listed client whose address is mapped is turned away" listed ::ffff:203.0.113.9 good.test
check "a zone with a dot at its end" listed 203.0.113.9 good.test.
check "others are not" clean 198.51.100.7 good.test
check "others of IPv6 are not" clean 2001:db8::7 good.test
check "two addresses" listed 203.0.113.9 many.test
check "an address by way of an alias" listed 203.0.113.9 alias.test
check "a list that needs a moment" listed 203.0.113.9 late.test
check "no error and no answer is not listed" clean 198.51.100.7 empty.test
check "three lies and then the truth" liar_is_found_out
check "a list that is slow" no_answer slow "no answer in time" 400
check "a list that is dead" no_answer dead "no answer in time" 400
check "an answer with another id" no_answer otherid "no answer in time" 400
check "an answer to another question" no_answer otherquestion "no answer in time" 400
check "an answer from somebody else" no_answer stranger "no answer in time" 400
check "a server that fails" server_fails
check "a server that refuses" no_answer refused ""
check "a server that does not implement it" no_answer notimp ""
check "an answer that is cut" no_answer cut "the answer was cut short"
check "noise" no_answer garbage ""
check "a list that says why it does not answer" no_answer code "it refuses to answer, with 127.255.255.254"
check "a zone that was sold" no_answer parked "it answers 192.0.2.80, which no list does"
check "two seconds are the most by default" two_seconds_by_default
check "answers are kept" answers_are_kept
check "private addresses are not asked about" private_addresses_are_not_asked_about
check "ids and ports are drawn at random" ids_and_ports_are_drawn_at_random
check "many threads ask at once" many_threads_ask
check "a dead list slows nobody" dead_list_slows_nobody
check "the second name server answers where the first is silent" second_server_answers
check "without a name server there is no answer" no_server_is_no_answer
check "a zone that is none" broken_zone '"a b"' 18 "a domain name cannot contain this"
check "a label that is empty" broken_zone '"a..b"' 19 "a label of a domain name has 1 to 63 characters"
check "no zone" broken_zone '' 10 "dnsbl takes a zone and optionally a time; it is written dnsbl("
check "a time that is none" broken_zone '"a.test", soon' 26 "expected a time, like 1500ms or 2s"
check "a time that is too long" broken_zone '"a.test", 5s' 26 "a client can wait from 50ms to 2000ms for a list"
check "dnsbl is asked at connect alone" not_at_helo

echo "check-plugins: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
