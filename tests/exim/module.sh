# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # check-exim.sh and what it sources give them
# module.sh: the module itself: missing, broken, replaced, tried by exim -bh and -be, and what it exports; sourced by check-exim.sh.

# What bh_session takes as configuration, where it is not the usual one.
bh_config=""

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
