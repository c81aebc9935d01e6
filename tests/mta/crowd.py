#!/usr/bin/env python3
"""Many SMTP clients at once: crowd.py ADDRESS PORT THREADS SESSIONS. Every session comes from an address of its own,
198.18.0.1 and up, and is one of the kinds below, in turn. The server's rules must be those of tests/stages/check-hosts.sh.

Prints what was not answered as it should be, then "N sessions, N wrong, N not listed"; exit 1 if anything was wrong. Not listed are
clients that walked into the trap and were served again: the engine waits 20 ms for its turn to write, then logs that it gave up.
"""
import ipaddress
import socket
import sys
import threading

TIMEOUT = 60
FIRST = int(ipaddress.ip_address("198.18.0.1"))
HELLO = ("EHLO client.example.net", "250")
FROM = ("MAIL FROM:<a@example.net>", "250")
TO = ("RCPT TO:<b@example.com>", "250")
DATA = ("DATA", "354")
QUIT = ("QUIT", "221")
CLOSED = "closed"
NOT_LISTED = "not listed"

# What is said and the code that must come back. The first is the greeting; no code means that the client leaves there.
KINDS = [
    [(None, "220"), HELLO, FROM, TO, DATA, ("Message-ID: <a@b>\r\nSubject: x\r\n\r\n..body\r\n.", "250"), QUIT],
    [(None, "220"), HELLO, FROM, TO, DATA, ("Subject: x\r\n\r\nMessage-ID: <a@b>\r\n.", "553"), FROM, TO, QUIT],
    [(None, "220"), ("EHLO mail.example.com", "554"), FROM[:1] + ("554",), ("RSET", "250"), ("HELO x.example", "554"), QUIT],
    [(None, "220"), HELLO, FROM, ("RCPT TO:<trap@example.com>", "554"), ("NOOP", CLOSED)],
    [(None, "220"), ("HELO drop.example", CLOSED)],
    [(None, "220"), HELLO, FROM, TO, DATA, ("Subject: cut in the middle", None)],
    [(None, "220"), HELLO, ("AUTH PLAIN AHRlc3QAdGVzdA==", "235"), FROM, ("RCPT TO:<trap@example.com>", "250"), QUIT],
    [(None, "554"), ("NOOP", CLOSED)],  # by its name: every eighth address is a dial-up line
]


def reply(stream):
    while True:
        try:
            line = stream.readline()
        except ConnectionError:
            return CLOSED
        if not line:
            return CLOSED
        if line[3:4] != b"-":
            return line[:3].decode("ascii", "replace")


def converse(server, client, script):
    """Returns None, or what was wrong."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as peer:
        peer.settimeout(TIMEOUT)
        peer.bind((client, 0))
        peer.connect(server)
        stream = peer.makefile("rb")
        for line, wanted in script:
            try:
                if line is not None:
                    peer.sendall(line.encode() + b"\r\n")
            except ConnectionError:
                pass  # what was said before is still to be read
            if wanted is None:
                return None
            got = reply(stream)
            if got != wanted:
                return f"{client}: {line!r} got {got}, not {wanted}"
    return None


def play(server, number):
    client = str(ipaddress.ip_address(FIRST + number))
    kind = number % len(KINDS)
    wrong = converse(server, client, KINDS[kind])
    return wrong or (kind == 3 and converse(server, client, [(None, "554"), ("NOOP", CLOSED)]) and NOT_LISTED)


def main(address, port, threads, sessions):
    numbers = iter(range(sessions))
    lock = threading.Lock()
    wrongs = []

    def work():
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            try:
                wrong = play((address, port), number)
            except OSError as error:
                wrong = f"session {number}: {error}"
            if wrong:
                with lock:
                    wrongs.append(wrong)

    crowd = [threading.Thread(target=work) for _ in range(threads)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    others = [wrong for wrong in wrongs if wrong != NOT_LISTED]
    for wrong in others[:20]:
        print(wrong)
    print(f"{sessions} sessions, {len(others)} wrong, {len(wrongs) - len(others)} not listed")
    return 1 if others else 0


if len(sys.argv) != 5:
    sys.exit(__doc__)
sys.exit(main(sys.argv[1], *map(int, sys.argv[2:])))
