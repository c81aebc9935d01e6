#!/bin/sh
# check-attacks.sh: what an attacker tries, against each real server with gatepost beside it (tests/attacks/cases.sh). Prints one line
# per case, then the table "attack | server | outcome", and, last, "check-attacks: N passed, N failed".
#
# GATEPOST_RELEASE names the release of Debian that the servers come from. Needs $BUILD/gatepost, gatepost.so, gatepost-milter, gatepost-exim.so.
set -eu

cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
export BUILD
work=$BUILD/mta/attacks
. tests/run/cases.sh
. tests/mta/beside.sh

if [ "${1-}" = --server ]; then
    exec tests/mta/netns.sh "$PWD/tests/stages/check-attacks.sh" --inside "$2"
elif [ "${1-}" != --inside ]; then
    rm -rf "$work"
    mkdir -p "$work"
    for server in ${GATEPOST_ATTACKS_SERVERS:-exim exim-scan postfix sendmail}; do
        if [ "${server%-scan}" != exim ] && { [ "$(id -u)" -ne 0 ] || awk '{ n += $3 } END { exit n > 1 }' /proc/self/uid_map; }; then
            skip "attacks on $server" "needs root"
            continue
        fi
        beside_roots "$server"
        part "$work/$server.log" tests/stages/check-attacks.sh --server "$server"
    done
    echo "attack | server | outcome"
    sort -s -t '|' -k 1,1 "$work"/*/outcomes
    finish check-attacks
    exit
fi

. tests/mta/frame.sh
. tests/attacks/cases.sh
gatepost=$BUILD/gatepost
work=$work/$2
outcomes=$work/outcomes

# attack NAME FUNCTION ARGUMENT...
attack() {
    outcome=""
    title=$1
    shift
    check "$beside: $title" "$@"
    [ -z "$outcome" ] || printf '%s | %s | %s\n' "$title" "$beside" "$outcome" >>"$outcomes"
}

mkdir -p "$work"
trap beside_stop EXIT
trap 'exit 1' HUP INT TERM PIPE
write_messages
beside_setup "$2" "$work/place"
rules start
beside_start
for form in '<trap(x)@example.com>' '<(x)trap@example.com>' '<trap@example.com(x)>' '<trap @example.com>' '<trap@ example.com>' \
    '<"trap"@example.com>' '<"\trap"@example.com>' '<grp:trap@example.com;>' '<example.com!trap>' '<@route.example:trap@example.com>' \
    '<x@y.example>,<trap@example.com>' '<TRAP@Example.COM.>' ' <trap@example.com>' '<<trap@example.com>>' 'trap@example.com' '<trap>'; do
    attack "a trap written as $form" trap_behind "$form"
done
attack "a trap after a source route of 4,000 bytes" trap_behind_a_route
attack "a trap with a plus tag" trap_with_a_plus_tag
for form in '<a(x)@mail.example.com>' '<a@mail.example.com(x)>' '<a@ mail.example.com>' '<a@MAIL.example.com.>' '<@route.example:a@mail.example.com>' \
    '<mail.example.com!a>' '<a>'; do
    attack "our own sender as $form" own_sender_behind "$form"
done
for form in 'mail.example.com' 'mail.example.com x' 'mail.example.com.' 'mail.example.com..' '[mail.example.com]' '<mail.example.com>' '"mail.example.com"' \
    'mail.example.com,x' 'MAIL.example.com'; do
    attack "our own name as $form" own_name_as "$form"
done
attack "an honest X-Größe above the Message-ID" honest_field_above_the_message_id
attack "a Subject below X-Größe" subject_below_an_odd_field
attack "a Subject with a form feed before the colon" subject_before_a_form_feed
[ "$beside" = exim-scan ] || attack "a bounce to a trap" bounce_to_a_trap
attack "three forwarders bring one spam" forwarders_with_one_spam
attack "a listed client comes through NAT64" nat64_is_the_address_inside
attack "the clock goes back by years" clock_that_goes_back
attack "the clock was ahead by years" clock_that_was_ahead
attack "1,100 fields for a log rule" fields_that_fill_the_log
attack "90 recipients for a log rule" recipients_that_fill_the_log
attack "an escape sequence in an address" escapes_in_the_log
echo "$(basename "$0" .sh): $passed passed, $failed failed"
[ "$failed" -eq 0 ]
