# traffic.awk: writes the main log of an Exim with gatepost, of some days of made-up traffic, the same at each run:
#   awk -v days=30 -v clients=4000 -v lines=40000 -f traffic.awk
# Set `hostile` for clients that write markup and control characters where they can.
function pick(n) { seed = (seed * 1103515245 + 12345) % 2147483648; return int(seed / 65536) % n }
function stamp(t,   day, s) { day = int(t / 86400); s = t % 86400
    return sprintf("2026-10-%02d %02d:%02d:%02d", day + 1, int(s / 3600), int(s / 60) % 60, s % 60) }
function address(i) { return sprintf("%d.%d.%d.%d", 60 + i % 37, (i * 7) % 256, int(i / 11) % 256, 1 + i % 250) }
function line(text) { print stamp(t) " " text }
function own(action, phase, client, more, rule, reply, rest) {
    line("gatepost: " action " phase=" phase " client=" client " helo=\"" helo "\"" more " rule=" rule (reply == "" ? "" : " reply=\"" reply "\"") rest) }
BEGIN {
    seed = 4711; span = days * 86400; evil = "<script>document.title=1</script>\\x1b[2J"
    for (n = 0; n < lines; n++) {
        t = int(n * span / lines); hour = int(t / 3600) % 24; day = int(t / 86400)
        kind = pick(100); client = address(pick(clients))
        # A wave on three days, and quiet nights.
        if (day >= 11 && day < 14 && pick(3)) kind = 20 + pick(12)
        else if (hour < 6 && pick(2)) kind = 95
        helo = kind % 3 ? "host" pick(900) ".example.net" : "mail.example.com"
        if (hostile && kind % 5 == 0) helo = evil
        if (kind < 20) { helo = "mail.example.com"; own("refuse", "helo", client, "", "gatepost.conf:12", "554 Format of command not acceptable here", " blocked=" (kind % 2 ? "6h" : "24h")) }
        else if (kind < 34) own("close", "connect", client, "", "blocklist", "554 5.7.1 Connection refused because of short-term restriction", "")
        else if (kind < 44) own("fail", "data", client, " from=\"a" pick(50) "@example.net\" to=\"box" pick(30) "@example.com\"", "gatepost.conf:19", "553 Unidentified messages are not acceptable here", "")
        else if (kind < 50) own("close", "rcpt", client, " from=\"x@example.org\" to=\"" (pick(2) ? "sugar" : "honey") "@example.com\"", "gatepost.conf:15", "554 Spam is not welcome here - go away.", " blocked=24h")
        else if (kind < 55) own("would refuse", "helo", client, "", "gatepost.conf:21", "554 5.7.1 no", "")
        else if (kind < 57) own("would fail", "data", client, "", "gatepost.conf:22", "553 5.6.0 no", "")
        else if (kind < 58) own("log", "mail", client, "", "gatepost.conf:23", "", " text=\"laptop\"")
        else if (kind < 66) line("H=(" helo ") [" client "]:4101 F=<b" pick(90) "@example.net> rejected RCPT <nobody" pick(40) "@example.com>: Unknown user")
        else if (kind < 70) line("H=mx" pick(9) ".example.org (mx.example.org) [" client "]:4102 F=<5140ghxc@example.net> rejected RCPT <lennon@example.com>: relay not permitted")
        else if (kind < 73) line("H=(" helo ") [" client "]:4103 F=<c@example.net> temporarily rejected RCPT <box1@example.com>: greylisted")
        else { i = pick(300); name = "mx" i ".example" i % 7 ".net"
            line(sprintf("1q%04d-%06d-G%d <= user%d@example%d.net H=%s (%s) [%s] P=esmtps S=%d id=%d@example.net", n % 10000, n, n % 10, pick(40), i % 7, name, name, address(i * 13), 900 + pick(90000), n)) }
    }
}
