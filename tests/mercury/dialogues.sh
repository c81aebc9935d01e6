#!/bin/sh
# dialogues.sh [--inside]: tests/sessions played to the daemon by the test host (host.sh), as it is installed and in other ways of Mercury.
set -eu

cd "$(dirname "$0")/../.."
script=dialogues
. tests/mercury/host.sh

# As it is installed, with the lines S@mercury.
dialogue_holds() {
    lay_out default || return 1
    play_orders default "$1" | host_run && heard_counts
}

# The other choice everywhere: -1 is a reply, at whatever command. Then every reply is that of the engine, but for commands out of
# sequence, which Mercury answers itself, and for the one with a text behind the code.
dialogue_holds_to_the_letter() {
    lay_out letter "mercury-fail-at = helo mail rcpt data message" || return 1
    sed -i -e '/^S@mercury: closed$/d' -e '/^S@mercury: 250$/d' -e '/^S@mercury: 503$/d' -e '/^S@mercury: 554$/d' -e 's/^S@exim: 503$/S@mercury: 503/' "$work/letter/$1"
    play_orders letter "$1" | host_run && heard_counts
}

# Returns that nobody has written down: by default none but -2 where something is to be kept out.
returns_what_is_known() {
    lay_out default || return 1
    for dialogue in "$work"/default/*.smtp; do
        play_orders default "${dialogue##*/}"
    done | host_run || return 1
    heard_not "what -1 means" && heard "what -2 means at DATA_BODY"
}

# with_manners RULE-LINE MANNERS...: Mercury is a little different; the dialogues hold all the same.
with_manners() {
    lay_out default "$1" || return 1
    shift
    {
        printf 'manners %s\n' "$@"
        for dialogue in actions zombies ids long-header; do
            play_orders default $dialogue.smtp
        done
    } | host_run && heard_counts
}

# Nobody who is blocked comes further than HELO, where it is documented that the connection can be closed.
blocked_is_refused_at_helo() {
    lay_out default || return 1
    cat >"$work/default/helo.smtp" <<'EOF'
connect 203.0.113.200 unknown
S: 220
C: EHLO mx.example.net
S: 550 5.7.1 Too much spam from your network
S: closed
EOF
    host_run <<EOF && heard_counts
manners connect2 off
start $work/default/zombies.conf
play $work/default/helo.smtp
stop
EOF
}

names_start
for dialogue in tests/sessions/*.smtp; do
    check "${dialogue##*/}" dialogue_holds "${dialogue##*/}"
    check "${dialogue##*/} with -1 for a reply everywhere" dialogue_holds_to_the_letter "${dialogue##*/}"
done
check "by default nothing is returned that could lose mail" returns_what_is_known
check "Mercury shows lines of the header with their line ends" with_manners "" "header-ends on"
check "words of an earlier version for the header" with_manners "mercury-header = list" usual
check "another daemon adds headers" with_manners "" "added X-GrayWall: passed"
check "another daemon adds a Message-ID" with_manners "" "added Message-ID: <added@example.com>"
check "the event of a connection has a version" with_manners "" "connect-version on"
check "the first event for the connection is taken" with_manners "mercury-connect = connect" usual
check "Mercury has the first event for the connection only" with_manners "mercury-connect = connect" "connect2 off"
check "the second event for the connection is waited for in vain" blocked_is_refused_at_helo
host_finish
