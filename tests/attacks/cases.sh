# shellcheck shell=sh
# shellcheck disable=SC2154 # check-attacks.sh and what it sources give them
# cases.sh: what an attacker tries against gatepost, and what honest clients must not suffer from it; sourced by check-attacks.sh.
#
# A case sets `outcome`, what came of the attack in words, and fails if that is not as it should be.

spam="554 Spam is not welcome here - go away."

rules_in_force=""

# rules NAME LINE...: the next connections are judged by these rules, with a table of traps.
rules() {
    rules=$rules_of/$1
    state=$state_of/$1
    name_of_rules=$1
    shift
    mkdir -p "$rules"
    printf 'trap-table = traps.cdb\nown-names = mail.example.com\n' >"$rules/new.conf"
    printf '%s\n' "$@" >>"$rules/new.conf"
    [ -e "$rules/traps.cdb" ] || write_table traps.cdb "to:trap@example.com" "to:trap@" || return 1
    log_mark
    if [ "$name_of_rules" = "$rules_in_force" ] && cmp -s "$rules/new.conf" "$rules/gatepost.conf"; then
        return
    fi
    "$gatepost" check "$rules/new.conf" >"$work/check.out" 2>&1 || missed "$(cat "$work/check.out")" || return 1
    mv "$rules/new.conf" "$rules/gatepost.conf"
    rules_in_force=$name_of_rules
    beside_use "$name_of_rules"
}

# client: another one each time.
clients=0
client() {
    clients=$((clients + 1))
    client="198.18.$((clients / 250)).$((clients % 250 + 1))"
}

# message [ADDRESS] HELO MAIL RCPT [FILE]: one message.
message() {
    case $1 in
    *' '*) client && from=$client ;;
    *) from=$1 && shift ;;
    esac
    say "$from" "$1" "$2" "$3" DATA "@${4:-$work/good}" . QUIT
}

# answered TEXT: TEXT is in a reply. The server may put its own code before it.
answered() {
    if grep -Fq -- "$1" "$work/said"; then
        outcome="refused: $1"
    else
        outcome="passes"
        missed "it was never answered '$1', but: $(tail -n 4 "$work/said" | tr '\n' '|')"
    fi
}

passed_on() {
    if grep -q -- "$accepted" "$work/said"; then
        outcome="accepted"
    else
        outcome="refused"
        missed "it was not accepted: $(tail -n 4 "$work/said" | tr '\n' '|')"
    fi
}

# what the server itself turns away needs no rule.
answered_or_malformed() {
    if grep -q '^50[0-9]\|^421.*too long\|^55[0-9] [^ ]* *\(Syntax\|syntax\|Malformed\|malformed\|Invalid\)' "$work/said" && ! grep -q -- "$accepted" "$work/said"; then
        outcome="the server itself refuses it"
    else
        answered "$1"
    fi
}

# listed ADDRESS, not_listed ADDRESS
listed() {
    "$gatepost" blocks list --state-dir "$state" --address "$1" 2>/dev/null | grep -Fq "$1"
}

not_listed() {
    if listed "$1"; then
        outcome="$1 is listed"
        missed "$outcome"
    else
        outcome="${2:-nobody is listed}"
    fi
}

# ---- one reading ----

trap_behind() {
    rules traps "rcpt, trap, close, \"$spam\"" && message "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:$1" || return 1
    case $beside$1 in
    sendmail'<grp:'*)
        passed_on
        outcome="it is another address, grp:trap, for the server"
        ;;
    exim*'<trap @'*)
        passed_on
        outcome="it is another address, trap=, for the server"
        ;;
    *) answered_or_malformed "${spam#* }" ;;
    esac
}

own_sender_behind() {
    rules own 'mail, own-sender, fail, "554 You are not one of us"' &&
        message "EHLO a.example.net" "MAIL FROM:$1" "RCPT TO:<user@example.com>" && answered_or_malformed "You are not one of us"
}

honest_field_above_the_message_id() {
    rules fields 'headers, not has(Message-ID), fail, "553 Unidentified messages are not acceptable here"' &&
        printf 'X-Gr\303\266\303\237e: 5\nMessage-ID: <good@example.net>\n\nbody\n' >"$work/umlaut" &&
        message "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<user@example.com>" "$work/umlaut" || return 1
    case $beside in
    exim*) passed_on ;;
    # The header ends there, for the server too.
    *) answered "Unidentified messages are not acceptable here" ;;
    esac
}

subject_below_an_odd_field() {
    rules fields 'subject, "*pills*", fail, "554 No pills"' &&
        printf 'X-Gr\303\266\303\237e: 5\nSubject: cheap pills\n\nbody\n' >"$work/hidden" &&
        message "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<user@example.com>" "$work/hidden" || return 1
    case $beside in
    exim*) answered "No pills" ;;
    *)
        passed_on
        outcome="it is body, for the server too"
        ;;
    esac
}

subject_before_a_form_feed() {
    rules fields 'subject, "*pills*", fail, "554 No pills"' && printf 'Subject\f: cheap pills\n\nbody\n' >"$work/hidden" &&
        message "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<user@example.com>" "$work/hidden" || return 1
    case $beside in
    exim*) answered "No pills" ;;
    *)
        passed_on
        outcome="it is body, for the server too"
        ;;
    esac
}

own_name_as() {
    rules helo 'helo, own-name, refuse, "554 That is our name"' &&
        message "EHLO $1" "MAIL FROM:<a@example.net>" "RCPT TO:<user@example.com>" || return 1
    if sed -n 2p "$work/said" | grep -q '^501'; then
        outcome="the server itself refuses it"
    else
        answered "That is our name"
    fi
}

trap_behind_a_route() {
    route=$(printf '%04000d' 0 | tr 0 r)
    trap_behind "<@$route.example:trap@example.com>"
}

trap_with_a_plus_tag() {
    rules plus "recipient-delimiter = +" "rcpt, trap, close, \"$spam\"" &&
        message "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<trap+x@example.com>" && answered "${spam#* }"
}

# ---- nobody is listed by a trick ----

bounce_to_a_trap() {
    rules bounce "rcpt, trap, close block, \"$spam\"" && client && message "$client" "EHLO a.example.net" "MAIL FROM:<>" "RCPT TO:<trap@example.com>" &&
        answered "${spam#* }" && not_listed "$client" "refused, and the bounce's sender is not listed" &&
        client && message "$client" "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<trap@example.com>" &&
        { listed "$client" || missed "who wrote to a trap is not listed"; }
}

forwarders_with_one_spam() {
    mkdir -p "$rules_of/forwarders" && rules=$rules_of/forwarders &&
        write_table exempt.cdb "198.51.100.1 mail" "198.51.100.2 blocklist" "198.51.100.3 rcpt" &&
        rules forwarders "exempt-table = exempt.cdb" 'relay-pattern = envelope 3 clients 1h' \
            'headers, not has(Message-ID), fail, "553 Unidentified"' || return 1
    for each in 1 2 3 4 5; do
        message "198.51.100.$each" "EHLO a.example.net" "MAIL FROM:<spammer@example.net>" "RCPT TO:<user@example.com>" "$work/none" || return 1
    done
    for each in 1 2 3; do
        not_listed "198.51.100.$each" "exempt forwarders are not listed" || return 1
    done
}

nat64_is_the_address_inside() {
    rules nat64 "rcpt, trap, close block, \"$spam\"" &&
        message 198.51.100.77 "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<trap@example.com>" && answered "${spam#* }" || return 1
    tests/mta/smtp.py 64:ff9b::198.51.100.77 ::1 25 "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<user@example.com>" DATA \
        "@$work/good" . QUIT >"$work/said" 2>&1 || true
    answered "Connection refused because of short-term restriction"
}

# set_clock SECONDS
set_clock() {
    printf '%s\n' "$1" >"$run_folder/clock.new"
    chmod 644 "$run_folder/clock.new"
    mv "$run_folder/clock.new" "$run_folder/clock"
}

clock_that_goes_back() {
    set_clock 1700000000 && rules clock "test-clock = $run_path/clock" 'block-time = 2s' "rcpt, trap, close block, \"$spam\"" && client &&
        message "$client" "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<trap@example.com>" && answered "${spam#* }" &&
        set_clock 1000000000 && sleep 1.1 && message "$client" "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<user@example.com>" && passed_on
}

clock_that_was_ahead() {
    set_clock 4000000000 && rules ahead "test-clock = $run_path/clock" 'block-time = 2s' "rcpt, trap, close block, \"$spam\"" && client &&
        message "$client" "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<trap@example.com>" && answered "${spam#* }" &&
        set_clock 1700000000 && sleep 1.1 && message "$client" "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<user@example.com>" && passed_on
}

# ---- nothing unbounded ----

# log_lines TEXT MOST
log_lines() {
    times=$(log_since | grep -Fc -- "$1" || true)
    outcome="$times log lines"
    [ "$times" -le "$2" ] || missed "$times lines say '$1'"
}

fields_that_fill_the_log() {
    rules flood 'header, "X-Filler*", log, "a filler"' && message "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<user@example.com>" \
        "$work/long-good" && passed_on && log_lines "a filler" 20
}

recipients_that_fill_the_log() {
    rules flood 'rcpt, "*user*", log, "a recipient"' && client || return 1
    set -- "EHLO a.example.net" "MAIL FROM:<a@example.net>"
    while [ $# -lt 92 ]; do
        set -- "$@" "RCPT TO:<user$#@example.com>"
    done
    say "$client" "$@" DATA "@$work/good" . QUIT && passed_on && log_lines "a recipient" 20
}

escapes_in_the_log() {
    rules escapes 'mail, "*evil*", log, "evil"' && client &&
        say "$client" "EHLO a.example.net" "$(printf 'MAIL FROM:<"evil\033[2Jx\177"@example.net>')" QUIT || return 1
    if log_since | grep -q "$(printf 'gatepost:.*\033')"; then
        outcome="the log has the escape sequence"
        missed "$outcome"
    else
        outcome="the log has no control character"
    fi
}
