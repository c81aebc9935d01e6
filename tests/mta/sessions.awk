# sessions.awk: of a dialogue, the sessions that local_scan can be tried with, with the replies that it gives.
#
# It is heard only after the final dot, and its code is 550 or 451. So a session stays if it reaches the dot without a refusal
# before it; there the code is changed and the text kept. What stands between sessions (config, time, wait, comments) stays.
# A reply that is given for exim-scan by name is left to the player.

function finish() {
    if (dot && !refused)
        printf "%s", held
    held = ""
    in_session = dot = refused = 0
}

{ sub(/\r$/, "") }

$1 == "time" || $1 == "wait" || $1 == "config" || $1 == "label" { finish() }

$1 == "connect" {
    if (in_session)
        finish()
    in_session = 1
}

!in_session && $1 != "label" { print; next }

/^C: ?\.$/ { dot = 1 }

/^S: ?[45]/ {
    if (!dot)
        refused = 1
    else if (!sub(/5[0-9][0-9]/, "550"))
        sub(/4[0-9][0-9]/, "451")
}

/^S: ?closed/ { refused = 1 }

{ held = held $0 "\n" }

END { finish() }
