#!/usr/bin/env python3
"""A steady load on the server at 127.0.0.1:25 whose every reply is known: load.py exim|milter SECONDS [THREADS].

Honest clients (10.0.0.0/9, each another one) send a message and must hear nothing but 2xx and 354; clients that greet with the
server's own name (10.128.0.0/9) must hear 554, at HELO from Exim, at MAIL from a server with a filter. "451" is counted apart: it
is what the server says while no filter is there. Prints each reply that the rules do not explain, and the counts; status 1 if
there was one.
"""
import collections
import itertools
import socket
import sys
import threading
import time

MESSAGE = "Message-ID: <good@example.net>\r\nSubject: good\r\n\r\nbody\r\n."
HONEST = ("EHLO honest.example.net", "MAIL FROM:<a@example.net>", "RCPT TO:<user@example.com>", "DATA", MESSAGE, "QUIT")
ZOMBIE = ("EHLO mail.example.com", "MAIL FROM:<a@example.net>", "QUIT")

numbers = itertools.count(1)
lock = threading.Lock()
counts = collections.Counter()
unexplained = []


def talk(client, lines):
    """The codes of the replies, the greeting's first; "closed" where the server ended it."""
    codes = []
    with socket.socket() as peer:
        peer.settimeout(60)
        peer.bind((client, 0))
        peer.connect(("127.0.0.1", 25))
        stream = peer.makefile("rb")

        def reply():
            line = b"250-"
            while line[3:4] == b"-":
                line = stream.readline()
            codes.append(line[:3].decode() or "closed")

        reply()
        for line in lines:
            if codes[-1] == "closed" or codes[-1].startswith("4"):
                break
            peer.sendall(line.encode() + b"\r\n")
            reply()
    return codes


def explained(server, honest, codes):
    if "451" in codes:
        counts["deferred"] += 1
        return server == "milter"
    if honest:
        return codes == ["220", "250", "250", "250", "354", "250", "221"]
    return codes[:3] == (["220", "554", "554"] if server == "exim" else ["220", "250", "554"])


def work(server, until):
    while time.monotonic() < until:
        number = next(numbers)
        honest = number % 4 != 0
        client = "10.%d.%d.%d" % ((0 if honest else 128) + (number >> 16 & 127), number >> 8 & 255, number & 255)
        try:
            codes = talk(client, HONEST if honest else ZOMBIE)
        except OSError as error:
            codes = [str(error)]
        with lock:
            counts["honest" if honest else "zombies"] += 1
            if not explained(server, honest, codes):
                unexplained.append("%s %s: %s" % ("honest" if honest else "zombie", client, " ".join(codes)))


def main(server, seconds, threads="12"):
    until = time.monotonic() + float(seconds)
    workers = [threading.Thread(target=work, args=(server, until)) for _ in range(int(threads))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for line in unexplained[:20]:
        print(line)
    print("honest %d, zombies %d, deferred %d, unexplained %d" % (
        counts["honest"], counts["zombies"], counts["deferred"], len(unexplained)))
    return 1 if unexplained else 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
