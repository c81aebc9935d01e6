# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # check-exim.sh and what it sources give them
# files.sh: rules, tables and state that change, break and vanish under a running Exim; sourced by check-exim.sh.

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
