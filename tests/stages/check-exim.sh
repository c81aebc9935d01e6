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

gatepost=$BUILD/gatepost
adapters=$BUILD${GATEPOST_RELEASE:+/$GATEPOST_RELEASE}
module=$adapters/gatepost-exim.so
work=$BUILD/mta/check-exim
bh_config=""

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

# ---- cases: replies ----

own_name_is_refused_for_good() {
    use own-name &&
        say 198.51.100.1 "EHLO mail.example.com" "MAIL FROM:<a@example.net>" RSET "HELO honest.example.net" "MAIL FROM:<b@example.net>" &&
        heard_times 4 "554 $not_acceptable" && heard "250 Reset OK"
}

trap_answers_whether_or_not_it_exists() {
    use trap &&
        say 198.51.100.2 "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<unknown-person@example.com>" &&
        heard "550 no such person here" &&
        say 198.51.100.3 "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<trap@example.com>" NOOP &&
        heard "554 $go_away" && heard closed &&
        say 198.51.100.4 "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<unknown-trap@example.com>" NOOP &&
        heard "554 $go_away" && heard closed
}

trapped_client_is_blocked() {
    use trap &&
        say 198.51.100.3 "EHLO a.example.net" && heard closed && heard_like '^5'
}

# The command shows and changes the list while Exim runs.
listed_client_is_seen_and_let_in_again() {
    use trap &&
        say 198.51.100.5 "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<trap@example.com>" NOOP && heard closed &&
        say 198.51.100.5 QUIT && heard "554 5.7.1 Connection refused because of short-term restriction" &&
        say 198.51.100.6 "EHLO b.example.net" QUIT && heard_like '^221' &&
        "$gatepost" blocks list --state-dir "$state" --address 198.51.100.5 >"$work/said" && heard_like '^198.51.100.5 .*gatepost.conf:4' &&
        "$gatepost" blocks remove --state-dir "$state" 198.51.100.5 >"$work/said" &&
        say 198.51.100.5 "EHLO a.example.net" QUIT && heard_like '^221'
}

# set_clock SECONDS: the time in `test-clock`.
set_clock() {
    printf '%s\n' "$1" >"$exim_folder/run/clock.new"
    chmod 644 "$exim_folder/run/clock.new"
    mv "$exim_folder/run/clock.new" "$exim_folder/run/clock"
}

listed_client_comes_back_and_stays_longer_then() {
    use steps && write_rules "block-time = 2s 6s" "test-clock = /run/clock" && set_clock 1180000000 &&
        say 198.51.100.7 "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<trap@example.com>" NOOP && heard closed &&
        set_clock 1180000001 && say 198.51.100.7 QUIT && heard_like '^554 5.7.1' && set_clock 1180000003 &&
        say 198.51.100.7 "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<trap@example.com>" NOOP && heard "554 $go_away" &&
        set_clock 1180000006 && say 198.51.100.7 QUIT && heard_like '^554 5.7.1' && set_clock 1180000010 &&
        say 198.51.100.7 "EHLO a.example.net" QUIT && heard_like '^221'
}

# relay ADDRESS: one attempt without a Message-ID, always with the same envelope.
relay() {
    say "$1" "EHLO a.example.net" "MAIL FROM:<5140ghxc@aci.net>" "RCPT TO:<user@example.com>" DATA "@$work/none" . QUIT
}

open_relays_are_listed_together() {
    use relays && write_rules "relay-pattern = envelope 3 clients 1h" &&
        relay 203.0.113.71 && relay 203.0.113.72 && relay 192.0.2.1 && relay 203.0.113.73 &&
        for each in 71 72 73; do
            say "203.0.113.$each" QUIT && heard "550 5.7.1 Apparent open relay" || return 1
        done &&
        relay 203.0.113.74 && say 203.0.113.74 QUIT && heard "550 5.7.1 Apparent open relay" &&
        say 192.0.2.1 "EHLO a.example.net" QUIT && heard_like '^221' &&
        "$gatepost" blocks list --state-dir "$state" --cause "Apparent open relay" >"$work/said" &&
        [ "$(grep -c '^203.0.113.7[1-4] ' "$work/said")" -eq 4 ]
}

# message_without_id CODE: judges local_scan by the same case.
message_without_id() {
    use message-id && send 198.51.100.5 "$work/none" && heard "$1 $unidentified" &&
        send 198.51.100.5 "$work/good" && heard_accepted
}

message_with_bad_id() {
    use message-id && send 198.51.100.5 "$work/bad" && heard "$1 $malformed"
}

exempt_client_needs_no_id() {
    use message-id && send 192.0.2.1 "$work/none" && heard_accepted
}

exempt_domain_needs_no_id() {
    printf 'connect 203.0.113.8 a.listserv.example.net\nconnect 203.0.113.9 b.elsewhere.example.net\n' >"$work/names.smtp"
    exim_names "$work/names.smtp"
    use message-id && send 203.0.113.8 "$work/none" && heard_accepted &&
        send 203.0.113.9 "$work/none" && heard "$1 $unidentified"
}

long_header_is_read_to_its_end() {
    use message-id && send 198.51.100.5 "$work/long-good" && heard_accepted &&
        send 198.51.100.5 "$work/long-none" && heard "$1 $unidentified"
}

# RFC 3030: there is no DATA command, and Exim has no ACL for BDAT.
message_in_chunks_is_judged() {
    use chunks && say 198.51.100.5 "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<user@example.com>" \
        "$(printf 'BDAT 18 LAST\r\nSubject: x\r\n\r\nhi')" QUIT && heard "$1 $unidentified"
}

own_received_is_not_the_clients() {
    use received && write_rules 'headers, has(Received), fail, "554 somebody relayed this"' &&
        send 198.51.100.5 "$work/good" && heard_accepted &&
        { echo "Received: from elsewhere by here; Thu, 1 Jan 2004 00:00:00 +0000" && cat "$work/good"; } >"$work/relayed" &&
        send 198.51.100.5 "$work/relayed" && heard "$1 somebody relayed this"
}

authenticated_client_is_not_judged() {
    use auth &&
        say 198.51.100.5 "EHLO a.example.net" "AUTH PLAIN AHRlc3QAdGVzdA==" "MAIL FROM:<a@example.net>" \
            "RCPT TO:<user@example.com>" DATA "@$work/none" . QUIT && heard_accepted
}

# The postmaster's mail is exempt if he is the only recipient; a recipient that Exim itself rejected does not count.
recipient_refused_by_exim_does_not_count() {
    use recipients && write_table exempt.cdb "to:postmaster@ headers" &&
        say 198.51.100.5 "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<postmaster@example.com>" \
            "RCPT TO:<unknown-person@example.com>" DATA "@$work/none" . \
            "MAIL FROM:<a@example.net>" "RCPT TO:<postmaster@example.com>" "RCPT TO:<user@example.com>" DATA "@$work/none" . QUIT &&
        heard_accepted && heard "$1 $unidentified"
}

temporary_reply_defers() {
    use temporary && write_rules 'mail, "*later@*", fail, "451 4.7.1 Come back later"' 'rcpt, "*drop@*", drop' &&
        say 198.51.100.6 "EHLO a.example.net" "MAIL FROM:<later@example.net>" "MAIL FROM:<a@example.net>" \
            "RCPT TO:<drop@example.com>" NOOP &&
        heard "451 4.7.1 Come back later" && heard "250 OK" && heard "554 5.7.1 Transaction refused" && heard closed
}

ipv6_client_is_judged() {
    use ipv6 && tests/mta/smtp.py 2001:db8::25 ::1 25 "EHLO mail.example.com" >"$work/said" && heard "554 $not_acceptable"
}

# ---- cases: files that change under a running Exim ----

replaced_rules_take_effect() {
    use replaced && send 198.51.100.5 "$work/none" && heard "553 $unidentified" || return 1
    sed 's/553 Unidentified.*here/553 Who are you/' "$rules/gatepost.conf" >"$rules/new.conf"
    mv "$rules/new.conf" "$rules/gatepost.conf"
    send 198.51.100.5 "$work/none" && heard "553 Who are you"
}

replaced_table_takes_effect() {
    use replaced-table && send 198.51.100.5 "$work/none" && heard "553 $unidentified" &&
        write_table exempt.cdb "198.51.100.5 headers" &&
        send 198.51.100.5 "$work/none" && heard_accepted &&
        send 192.0.2.1 "$work/none" && heard "553 $unidentified"
}

broken_rules_change_nothing_but_the_log() {
    use broken-rules && send 198.51.100.5 "$work/none" && heard "553 $unidentified" || return 1
    write_rules 'helo, fqdm, refuse, "554 no"'
    log_mark
    for round in 1 2 3; do
        send 198.51.100.5 "$work/none" && heard "553 $unidentified" || missed "round $round: $why" || return 1
    done
    logged_times 1 "unknown check 'fqdm'"
}

broken_table_changes_nothing_but_the_log() {
    use broken-table && send 192.0.2.1 "$work/none" && heard_accepted || return 1
    echo "this is no table" >"$rules/new.cdb"
    mv "$rules/new.cdb" "$rules/exempt.cdb"
    log_mark
    for round in 1 2 3; do
        send 198.51.100.5 "$work/good" && heard_accepted || missed "round $round: $why" || return 1
    done
    logged_times 1 "exempt.cdb"
}

deleted_rules_stop_no_mail() {
    use deleted && send 198.51.100.5 "$work/good" && heard_accepted || return 1
    rm "$rules/gatepost.conf"
    log_mark
    send 198.51.100.5 "$work/good" && heard_accepted && logged "gatepost.conf" && no_panic
}

never_any_rules_stop_no_mail() {
    use never && rm "$rules/gatepost.conf" && log_mark && send 198.51.100.5 "$work/none" && heard_accepted && logged "gatepost.conf"
}

tempfail_answers_451_without_rules() {
    use tempfail on-error=tempfail && rm "$rules/gatepost.conf" &&
        say 198.51.100.5 "EHLO a.example.net" "MAIL FROM:<a@example.net>" && heard_like '^451'
}

# A file may end anywhere. It is put there by renaming, because the manual forbids cutting a table in place under a running
# look-up.
cut_table_stops_no_mail() {
    use "cut-$1" && log_mark && size=$(wc -c <"$rules/$1") || return 1
    for part in 0 1 100 $((size / 4)) $((size / 2)) $((size - 1)); do
        head -c "$part" "$rules/$1" >"$rules/cut"
        cp "$rules/$1" "$work/whole"
        mv "$rules/cut" "$rules/$1"
        send 198.51.100.5 "$work/good" && heard_accepted && no_panic || missed "cut to $part bytes: $why" || return 1
        cp "$work/whole" "$rules/new.cdb"
        mv "$rules/new.cdb" "$rules/$1"
    done
    logged "$1"
}

flipped_table_stops_no_mail() {
    use "flipped-$1" && log_mark && cp "$rules/$1" "$work/whole" || return 1
    for seed in 1 2 3 4 5 6 7 8 9 10; do
        cp "$work/whole" "$rules/new.cdb"
        damage "$rules/new.cdb" "$seed"
        mv "$rules/new.cdb" "$rules/$1"
        send 198.51.100.5 "$work/good" && heard_accepted && no_panic || missed "seed $seed: $why" || return 1
    done
    logged "$1"
}

# Every file that the engine writes for itself: the rule image, the blocklist, the statistics.
flipped_state_stops_no_mail() {
    use flipped-state &&
        say 198.51.100.9 "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<trap@example.com>" || return 1
    for seed in 1 2 3 4 5 6; do
        for file in "$state"/*; do
            [ ! -s "$file" ] || damage "$file" "$seed"
        done
        send 198.51.100.5 "$work/good" && heard_accepted && no_panic || missed "seed $seed: $why" || return 1
    done
}

cut_state_stops_no_mail() {
    use cut-state &&
        say 198.51.100.9 "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<trap@example.com>" || return 1
    for size in 4096 100 1 0; do
        for file in "$state"/*; do
            truncate -s "<$size" "$file"
        done
        send 198.51.100.5 "$work/good" && heard_accepted && no_panic || missed "cut to $size: $why" || return 1
    done
}

unwritable_state_stops_no_mail() {
    use unwritable && chown 0:0 "$state" && chmod 755 "$state" && send 198.51.100.5 "$work/none" && heard "553 $unidentified" &&
        send 198.51.100.5 "$work/good" && heard_accepted
}

# ---- cases: the module itself ----

# With a process per connection, the first reads the rules, the next gets them from the image, and none remembers what was
# logged.
check_of_a_plugin_is_asked() {
    use plugin && mkdir -p "$exim_folder/lib/checks" && cp "$adapters/checks/regex.so" "$exim_folder/lib/checks/" &&
        write_rules 'load "checks/regex"' 'mail, regex("<zombie\d+@"), fail, "554 By a plugin"' \
            'mail, regex("(x+)+[!?]"), fail, "554 In a million years"' && log_mark || return 1
    for _ in 1 2 3; do
        say 198.51.100.20 "EHLO a.example.net" "MAIL FROM:<zombie17@example.net>" \
            "MAIL FROM:<$(printf '%060d' 0 | tr 0 x)@example.net>" QUIT && heard "554 By a plugin" && heard "250 OK" || return 1
    done
    logged_times 1 'cannot say: the pattern needs too many steps'
}

missing_module_passes() {
    use missing && send 198.51.100.5 "$work/none" && heard "553 $unidentified" || return 1
    mv "$exim_folder/lib/gatepost-exim.so" "$work/away.so"
    send 198.51.100.5 "$work/none"
    mv "$work/away.so" "$exim_folder/lib/gatepost-exim.so"
    heard_accepted
}

broken_module_defers() {
    use broken-module && mv "$exim_folder/lib/gatepost-exim.so" "$work/away.so"
    echo "this is no module" >"$exim_folder/lib/gatepost-exim.so"
    say 198.51.100.5 QUIT
    mv "$work/away.so" "$exim_folder/lib/gatepost-exim.so"
    heard_like '^451'
}

# listing FOLDER: what shows from outside that a file has changed.
listing() {
    find "$1" -printf '%P %s %i %m %U %T@ %C@\n' | sort
    find "$1" -type f -exec cksum {} +
}

# bh_session ADDRESS LINE...: a trial by exim -bh; log lines are among the replies.
bh_session() {
    client=$1
    shift
    printf '%s\r\n' "$@" | exim_run ${bh_config:+-C "$bh_config"} -bh "$client" >"$work/said" 2>&1 || true
    sed -i 's/\r$//' "$work/said"
}

bh_changes_no_file() {
    use "bh" && say 198.51.100.9 "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<trap@example.com>" && sleep 0.1 || return 1
    listing "$state" >"$work/before"
    bh_session 198.51.100.10 "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<trap@example.com>" QUIT &&
        heard "554 $go_away" || return 1
    listing "$state" >"$work/after"
    cmp -s "$work/before" "$work/after" || missed "$(diff "$work/before" "$work/after")"
}

bh_makes_no_file() {
    use bh-first && bh_session 198.51.100.10 "EHLO mail.example.com" QUIT && heard "554 $not_acceptable" || return 1
    [ -z "$(ls -A "$state")" ] || missed "it made $(ls -A "$state")"
}

# Root tests an expansion before the first connection has come.
be_as_root_locks_nobody_out() {
    use "be" || return 1
    call="\${dlfunc{/usr/local/lib/gatepost/gatepost-exim.so}{gatepost}"
    session="{config=/etc/gatepost/be/gatepost.conf state-dir=/var/lib/gatepost/be}"
    session="$session{198.51.100.11}{127.0.0.1}{25}{mail.example.com}{}"
    printf '%s\n' "${call}{connect}$session{}}" "${call}{mail}$session{MAIL FROM:<a@example.net>}}" \
        "${call}{rcpt}$session{RCPT TO:<trap@example.com>}}" | exim_run -be >"$work/said" 2>&1 || true
    sed -i 's/^\(> \)*//' "$work/said"
    heard "drop 554 $go_away" || return 1
    foreign=$(find "$state" ! -uid "$(stat -c %u "$state")" -o -type f ! -perm -u+w)
    [ -z "$foreign" ] || missed "Exim's user cannot write $foreign" || return 1
    say 198.51.100.12 "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<trap@example.com>" && heard "554 $go_away" &&
        say 198.51.100.12 QUIT && heard closed
}

local_client_is_not_judged() {
    use local || return 1
    printf 'EHLO mail.example.com\r\nQUIT\r\n' | exim_run -bs >"$work/said" 2>&1 || true
    heard_like '^250-mail.example.com Hello'
}

# An Exim that exports no symbols, as one without -export-dynamic: the same source, looking for names that no Exim has.
bare_module() {
    renamed=""
    for symbol in $(nm -D --undefined-only "$module" | awk '$1 == "w" && $2 !~ /^_/ { print $2 }'); do
        renamed="$renamed -D$symbol=no_exim_exports_$symbol"
    done
    # shellcheck disable=SC2016,SC2086 # the inner shell expands it; words
    tests/mta/release.sh sh -c '"$@" "$(tests/run/libcdb.sh)"' sh \
        cc -std=c11 -O1 -fPIC -fvisibility=hidden -I. -D_FILE_OFFSET_BITS=64 -DLOCAL_SCAN_ABI=6.0 $renamed -shared -o "$work/bare.so" \
        exim/*.c "$adapters/libgatepost-core.a" -Wl,--version-script=exim/exports.map -Wl,--as-needed \
        >"$work/bare.out" 2>&1 || missed "$(cat "$work/bare.out")"
}

bare_exim_is_served() {
    use bare && send 198.51.100.5 "$work/none" && heard "553 $unidentified" && send 198.51.100.5 "$work/bad" && heard "553 $malformed" &&
        send 192.0.2.1 "$work/none" && heard_accepted && own_received_is_not_the_clients 554
}

# $message_headers_raw ends after 65,536 bytes, and then nobody can say whether a field is missing.
bare_exim_with_long_header_cannot_say() {
    use bare && send 198.51.100.5 "$work/long-good" && heard_accepted && send 198.51.100.5 "$work/long-none" && heard_accepted
}

with_bare_module() {
    bare_module || return 1
    cp "$work/bare.so" "$exim_folder/lib/new.so"
    mv "$exim_folder/lib/gatepost-exim.so" "$work/away.so"
    mv "$exim_folder/lib/new.so" "$exim_folder/lib/gatepost-exim.so"
    status=0
    "$@" || status=1
    mv "$work/away.so" "$exim_folder/lib/gatepost-exim.so"
    return "$status"
}

exports_only_what_exim_looks_up() {
    nm -D --defined-only "$module" | awk '{ print $3 }' | sort | tr '\n' ' ' >"$work/exports"
    [ "$(cat "$work/exports")" = "gatepost local_scan local_scan_version_major local_scan_version_minor " ] ||
        missed "$(cat "$work/exports")"
}

needs_only_libc() {
    needed=$(readelf -d "$module" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | tr '\n' ' ')
    [ "$needed" = "libc.so.6 " ] || missed "it needs $needed"
}

abi_is_that_of_exim() {
    ${CC:-cc} -I. -o "$work/abi-ours" tests/mta/abi.c &&
        ${CC:-cc} -w -DTHEIRS "-I$exim_root/usr/include/exim4" -o "$work/abi-theirs" tests/mta/abi.c || missed "abi.c" || return 1
    "$work/abi-ours" >"$work/abi-ours.out"
    "$work/abi-theirs" >"$work/abi-theirs.out"
    cmp -s "$work/abi-ours.out" "$work/abi-theirs.out" || missed "$(diff "$work/abi-ours.out" "$work/abi-theirs.out")"
}

# ---- cases: Debian's configuration, made from the packages and our drop-ins ----

# debian_config heavy|light: /run/debian.conf
debian_config() {
    cp -r "$exim_root/etc/exim4/." "$exim_folder/run/debian"
    cp exim/conf/gatepost.include "$exim_folder/etc/gatepost.include"
    if [ "$1" = heavy ]; then
        cp exim/conf/conf.d/main/00_gatepost "$exim_folder/run/debian/conf.d/main/"
        cp exim/conf/conf.d/acl/00_gatepost "$exim_folder/run/debian/conf.d/acl/"
    else
        cp exim/conf/conf.d/main/00_gatepost_local_scan "$exim_folder/run/debian/conf.d/main/"
    fi
    cat >"$exim_folder/run/debian/update-exim4.conf.conf" <<'END'
dc_eximconfig_configtype='internet'
dc_other_hostnames='example.com'
dc_local_interfaces=''
dc_use_split_config='true'
dc_localdelivery='mail_spool'
END
    echo "MAIN_HARDCODE_PRIMARY_HOSTNAME = mail.example.com" >"$exim_folder/run/debian/conf.d/main/000_localmacros"
    chroot "$exim_folder/root" /usr/sbin/update-exim4.conf -d /run/debian -o /run/debian.conf >"$work/debian.out" 2>&1 ||
        missed "update-exim4.conf: $(cat "$work/debian.out")"
}

# debian_session LINE...: by -bh, as from outside.
debian_session() {
    bh_config=/run/debian.conf
    bh_session 198.51.100.13 "$@"
    bh_config=""
}

default_rules() {
    use default && cp -r "$rules/." "$exim_folder/rules/"
}

debian_heavy_judges() {
    debian_config heavy && default_rules &&
        debian_session "EHLO mail.example.com" "MAIL FROM:<a@example.net>" QUIT && heard_times 2 "554 $not_acceptable" &&
        debian_session "EHLO a.example.net" "MAIL FROM:<>" "RCPT TO:<trap@example.com>" && heard "554 $go_away" &&
        debian_session "EHLO a.example.net" "MAIL FROM:<>" "RCPT TO:<user@elsewhere.example>" &&
        heard "550 relay not permitted" &&
        debian_session "EHLO a.example.net" "MAIL FROM:<>" "RCPT TO:<postmaster@example.com>" DATA "Subject: x" "" . QUIT &&
        heard "553 $unidentified"
}

debian_light_judges() {
    debian_config light && default_rules &&
        debian_session "EHLO a.example.net" "MAIL FROM:<>" "RCPT TO:<postmaster@example.com>" DATA "Subject: x" "" . QUIT &&
        heard "550 $unidentified"
}

# ---- cases: local_scan ----

# An Exim that has both calls the engine once.
both_ways_in_judge_once() {
    use both && write_rules 'headers, not has(X-Nothing), log, "seen here"' || return 1
    { echo "local_scan_path = /usr/local/lib/gatepost/gatepost-exim.so" && cat "$exim_folder/etc/exim4.conf"; } \
        >"$exim_folder/run/both.conf"
    bh_config=/run/both.conf
    bh_session 198.51.100.5 "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<user@example.com>" DATA \
        "Message-ID: <good@example.net>" "" . QUIT
    bh_config=""
    heard_like '^250 OK id=' && times=$(grep -c 'seen here' "$work/said" || true) &&
        { [ "$times" -eq 1 ] || missed "judged $times times"; }
}

scan_refuses_the_session() {
    use scan &&
        say 198.51.100.14 "EHLO mail.example.com" "MAIL FROM:<a@example.net>" "RCPT TO:<user@example.com>" DATA "@$work/good" . \
            "EHLO honest.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<user@example.com>" DATA "@$work/good" . QUIT &&
        heard_times 2 "550 $not_acceptable"
}

scan_rejects_for_one_recipient() {
    use scan &&
        say 198.51.100.15 "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<user@example.com>" "RCPT TO:<trap@example.com>" \
            DATA "@$work/good" . QUIT && heard "550 $go_away"
}

scan_keeps_enhanced_code_and_class() {
    use scan-codes && write_rules 'mail, "*later@*", fail, "451 4.7.1 Come back later"' 'mail, "*never@*", fail, "554 5.7.1 Never"' &&
        say 198.51.100.16 "EHLO a.example.net" "MAIL FROM:<later@example.net>" "RCPT TO:<user@example.com>" DATA "@$work/good" . \
            "MAIL FROM:<never@example.net>" "RCPT TO:<user@example.com>" DATA "@$work/good" . \
            "MAIL FROM:<now@example.net>" "RCPT TO:<user@example.com>" DATA "@$work/good" . QUIT &&
        heard "451 4.7.1 Come back later" && heard "550 5.7.1 Never" && heard_accepted
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
