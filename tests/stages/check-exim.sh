#!/bin/sh
# check-exim.sh: the Exim module in real Exims. Plays tests/sessions into exim4-daemon-heavy, and into exim4-daemon-light with
# local_scan. Then it tests what a dialogue cannot: files that change, break and vanish under a running Exim, a missing or
# broken module, exim -bh and -be, Debian's own configuration, and what the module exports.
#
# GATEPOST_RELEASE names the release of Debian that Exim comes from, if it is not this machine's; the module is then built there
# (tests/mta/release.sh). Prints one line per case and, last, "check-exim: N passed, N failed". Needs $BUILD/gatepost and
# $BUILD/gatepost-exim.so.
set -eu

cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
export BUILD
if [ "${1-}" != --inside ]; then
    tests/mta/root.sh exim >/dev/null
    [ -z "${GATEPOST_RELEASE-}" ] || tests/mta/root.sh build >/dev/null
    exec tests/mta/netns.sh "$PWD/tests/stages/check-exim.sh" --inside
fi
. tests/mta/exim.sh
. tests/mta/dialogue.sh
. tests/mta/frame.sh
for cases in replies files module upgrade debian scan; do
    # shellcheck source=/dev/null # each of them
    . "tests/exim/$cases.sh"
done

gatepost=$BUILD/gatepost
adapters=$BUILD${GATEPOST_RELEASE:+/$GATEPOST_RELEASE}
module=$adapters/gatepost-exim.so
work=$BUILD/mta/check-exim

# ---- the frame ----

accepted='^250 OK id='

# check_as_root NAME FUNCTION: a case that an ordinary user cannot try, because Debian's scripts change owners.
check_as_root() {
    if [ -z "$exim_alone" ]; then
        check "$@"
    else
        skip "$1" "needs root"
    fi
}

no_panic() {
    [ ! -s "$exim_folder/log/paniclog" ] || missed "paniclog: $(tail -n 2 "$exim_folder/log/paniclog")"
}

# ---- rules ----

# use NAME: the next connections are judged by rules/NAME, which is a copy of the seeds' rules until the case changes it.
use() {
    rules=$exim_folder/rules/$1
    state=$exim_folder/state/$1
    mkdir -p "$rules" "$state"
    # It belongs to Exim's user, as after an installation.
    [ -n "$exim_alone" ] || chown "$exim_uid:$exim_gid" "$state"
    # shellcheck disable=SC2119 # the rules alone
    write_rules
    write_table traps.cdb "to:trap@example.com" "to:unknown-trap@example.com"
    write_table exempt.cdb "192.0.2.1 headers" ".listserv.example.net headers"
    exim_options "config=/etc/gatepost/$1/gatepost.conf state-dir=/var/lib/gatepost/$1${2+ $2}"
}

# damage FILE SEED: flips eight bytes of FILE in place, the same ones for the same SEED.
damage() {
    python3 - "$1" "$2" <<'END'
import random, sys
random.seed(int(sys.argv[2]))
with open(sys.argv[1], "r+b") as file:
    data = bytearray(file.read())
    for _ in range(8):
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    file.seek(0)
    file.write(data)
END
}

# ---- dialogues ----

# dialogue_holds FILE AS
dialogue_holds() {
    dialogue_play "$1" "$2" >"$work/replay.out" 2>&1 || missed "$(head -n 12 "$work/replay.out")"
}

play_all() {
    for file in tests/sessions/*.smtp; do
        [ -e "$file" ] || continue
        check "$1 plays $file" dialogue_holds "$file" "$1"
    done
}

# ---- the run ----

run_heavy() {
    exim_setup "$work/heavy" heavy "$module"
    log=$exim_folder/log/mainlog
    exim_start
    echo "Exim $(exim_run -bV | sed -n 's/^Exim version \([^ ]*\).*/\1/p')"
    play_all exim
    check "own name at EHLO is refused, and the session with it" own_name_is_refused_for_good
    check "a trap has its own reply whether or not the address exists" trap_answers_whether_or_not_it_exists
    check "who walked into a trap is refused at the next connection" trapped_client_is_blocked
    check "a listed client is seen by the command, and let in again at once" listed_client_is_seen_and_let_in_again
    check "a listed client comes back by itself, and stays longer the second time" listed_client_comes_back_and_stays_longer_then
    check "open relays are listed together" open_relays_are_listed_together
    check "a message without Message-ID is refused after the dot" message_without_id 553
    check "a message with a bad Message-ID is refused" message_with_bad_id 553
    check "an exempt client needs no Message-ID" exempt_client_needs_no_id
    check "a client of an exempt, verified domain needs none" exempt_domain_needs_no_id 553
    check "a header of 100 KB is read to its end" long_header_is_read_to_its_end 553
    check "Exim's own Received is not taken for the client's" own_received_is_not_the_clients 554
    check "a message in chunks is judged" message_in_chunks_is_judged 553
    check "an authenticated client is not judged" authenticated_client_is_not_judged
    check "a recipient that Exim refused does not count" recipient_refused_by_exim_does_not_count 553
    check "a 4xx reply defers, drop says something and closes" temporary_reply_defers
    check "a client over IPv6 is judged" ipv6_client_is_judged
    check "a replaced rule file changes the next session" replaced_rules_take_effect
    check "a replaced table changes the next session" replaced_table_takes_effect
    check "a broken rule file changes nothing but the log, once" broken_rules_change_nothing_but_the_log
    check "a broken table changes nothing but the log, once" broken_table_changes_nothing_but_the_log
    check "a deleted rule file stops no mail" deleted_rules_stop_no_mail
    check "no rule file at all stops no mail" never_any_rules_stop_no_mail
    check "on-error=tempfail answers 451 without rules" tempfail_answers_451_without_rules
    for victim in exempt.cdb traps.cdb; do
        check "a cut $victim stops no mail" cut_table_stops_no_mail "$victim"
        check "flipped bytes in $victim stop no mail" flipped_table_stops_no_mail "$victim"
    done
    check "flipped bytes in the state stop no mail" flipped_state_stops_no_mail
    check "a cut state stops no mail" cut_state_stops_no_mail
    check "a state folder of somebody else stops no mail" unwritable_state_stops_no_mail
    check "exim -bh changes no file" bh_changes_no_file
    check "exim -bh makes no file" bh_makes_no_file
    check "exim -be as root locks nobody out" be_as_root_locks_nobody_out
    check "an Exim that exports nothing is served" with_bare_module bare_exim_is_served
    check "there, a header cut by Exim refuses nobody" with_bare_module bare_exim_with_long_header_cannot_say
    check "an Exim that also has local_scan asks once" both_ways_in_judge_once
    check "a check from a plugin is asked, and what it cannot say is logged once" check_of_a_plugin_is_asked
    check "a local client is not judged" local_client_is_not_judged
    check_as_root "Debian's split configuration works with the drop-ins" debian_heavy_judges
    check "a missing module passes" missing_module_passes
    check "a session is judged whole or not at all, whatever happens to the module" session_is_judged_whole_or_not_at_all
    check "the include of 0.1.0 is served, and a greeting it missed is unknown" with_former_include former_include_is_served
    check "nothing panicked" no_panic
    check "a module that does not load defers" broken_module_defers
    exim_stop
}

run_light() {
    exim_setup "$work/light" light "$module"
    log=$exim_folder/log/mainlog
    exim_start
    play_all exim-scan
    check "local_scan: a message without Message-ID is refused" message_without_id 550
    check "local_scan: a bad Message-ID is refused" message_with_bad_id 550
    check "local_scan: an exempt client needs no Message-ID" exempt_client_needs_no_id
    check "local_scan: a client of an exempt, verified domain needs none" exempt_domain_needs_no_id 550
    check "local_scan: a header of 100 KB is read to its end" long_header_is_read_to_its_end 550
    check "local_scan: Exim's own Received is not taken for the client's" own_received_is_not_the_clients 550
    check "local_scan: a message in chunks is judged" message_in_chunks_is_judged 550
    check "local_scan: an authenticated client is not judged" authenticated_client_is_not_judged
    check "local_scan: a recipient that Exim refused does not count" recipient_refused_by_exim_does_not_count 550
    check "local_scan: a refused session stays refused" scan_refuses_the_session
    check "local_scan: one refused recipient refuses the message" scan_rejects_for_one_recipient
    check "local_scan: enhanced code and class of the reply are kept" scan_keeps_enhanced_code_and_class
    check_as_root "local_scan: Debian's split configuration works with the drop-in" debian_light_judges
    check "local_scan: nothing panicked" no_panic
    exim_stop
}

rm -rf "$work"
mkdir -p "$work"
[ -z "${GATEPOST_RELEASE-}" ] || tests/mta/release.sh make -s DEPS=no CC=cc BUILD="$adapters" "$module" checks
trap exim_stop EXIT
trap 'exit 1' HUP INT TERM PIPE
write_messages
check "the module exports only what Exim looks up" exports_only_what_exim_looks_up
check "the module needs libc alone" needs_only_libc
run_heavy
check "Exim's structures are as we describe them" abi_is_that_of_exim
run_light
finish check-exim
