# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # check-exim.sh and what it sources give them
# upgrade.sh: a module that comes and goes during a session, and the include of the former version; sourced by check-exim.sh.

# away, back: lines for smtp.py, which take the module away and put it back between two commands.
away() {
    echo "!mv '$exim_folder/lib/gatepost-exim.so' '$work/away.so'"
}

back() {
    echo "!mv '$work/away.so' '$exim_folder/lib/gatepost-exim.so'"
}

# not_listed ADDRESS
not_listed() {
    "$gatepost" blocks list --state-dir "$state" --address "$1" >"$work/listed" 2>&1 || true
    ! grep -Fq "$1" "$work/listed" || missed "$1 is listed"
}

# A session that began without the module goes on without it, and one that began with it goes on with it.
session_is_judged_whole_or_not_at_all() {
    use race && write_rules 'helo, not fqdn, refuse block, "554 No name"' && mv "$exim_folder/lib/gatepost-exim.so" "$work/away.so" &&
        say 198.51.100.60 "EHLO honest.example.net" "$(back)" "MAIL FROM:<a@example.net>" "RCPT TO:<user@example.com>" DATA "@$work/none" . QUIT &&
        heard_accepted && not_listed 198.51.100.60 &&
        say 198.51.100.61 "EHLO a.example.net" "$(away)" "MAIL FROM:<a@example.net>" "RCPT TO:<trap@example.com>" "$(back)" NOOP &&
        heard "554 $go_away"
}

# with_former_include FUNCTION: Exim by the include of 0.1.0, which asks in each phase whether the module is there.
with_former_include() {
    exim_stop
    cp tests/mta/exim-0.1.0.include "$exim_folder/etc/gatepost.include"
    exim_start
    status=0
    "$@" || status=1
    exim_stop
    cp exim/conf/gatepost.include "$exim_folder/etc/gatepost.include"
    exim_start
    return "$status"
}

# A greeting that Exim accepted while the module was not there is unknown; one that was never sent is empty.
former_include_is_served() {
    use former && write_rules 'helo, not fqdn, refuse block, "554 No name"' && mv "$exim_folder/lib/gatepost-exim.so" "$work/away.so" &&
        say 198.51.100.62 "EHLO honest.example.net" "$(back)" "MAIL FROM:<a@example.net>" "RCPT TO:<user@example.com>" DATA "@$work/none" . QUIT &&
        heard "553 $unidentified" && not_listed 198.51.100.62 &&
        say 198.51.100.63 "MAIL FROM:<a@example.net>" QUIT && heard "554 No name" &&
        say 198.51.100.64 "EHLO a.example.net" "MAIL FROM:<a@example.net>" "RCPT TO:<trap@example.com>" NOOP && heard "554 $go_away" &&
        own_name_is_refused_for_good && message_without_id 553
}
