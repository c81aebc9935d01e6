#!/usr/bin/env python3
"""Many SMTP sessions at once: many.py SERVER-ADDRESS PORT COUNT COMMAND...

Opens COUNT sessions, each from a client address of its own (203.0.113.N), and brings every one of them as far as an accepted RCPT.
Then runs COMMAND (its words are one command and its arguments). Then each session hands in its message, the first half of them
with a Message-ID, the others without, and quits. Prints each reply to the final dot with how often it came, and likewise what came
of the sessions that ended otherwise. Exit 0 whatever the server said, 3 when a session could not be opened.
"""
import collections
import re
import socket
import subprocess
import sys

TIMEOUT = 20
ENHANCED = re.compile(r"^(\d{3}) \d\.\d\.\d ")


class Client:
    def __init__(self, server, port, number):
        self.peer = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.peer.settimeout(TIMEOUT)
        self.peer.bind((f"203.0.113.{number}", 0))
        self.peer.connect((server, port))
        self.stream = self.peer.makefile("rb")

    def reply(self):
        while True:
            line = self.stream.readline().decode("utf-8", "replace").rstrip("\r\n")
            if not line:
                return "closed"
            if line[3:4] != "-":
                return ENHANCED.sub(r"\1 ", line)

    def say(self, line):
        self.peer.sendall(line.encode() + b"\r\n")
        return self.reply()

    def begin(self):
        self.reply()
        for line in ("EHLO client.example.net", "MAIL FROM:<someone@example.net>", "RCPT TO:<user@example.com>"):
            heard = self.say(line)
            if not heard.startswith("250"):
                sys.exit(f"many.py: {line} was answered {heard}")

    def finish(self, field):
        """The reply to the final dot, or the first one that is no go-ahead."""
        heard = self.say("DATA")
        if heard.startswith("354"):
            heard = self.say(f"Subject: one of many\r\n{field}\r\nbody\r\n.")
        bye = self.say("QUIT")
        return heard if bye.startswith("221") else f"{heard}, then {bye}"


def main(server, port, count, command):
    clients = [Client(server, int(port), number + 1) for number in range(count)]
    for client in clients:
        client.begin()
    subprocess.run(command, check=False)
    counted = collections.Counter()
    for number, client in enumerate(clients):
        heard = client.finish(f"Message-ID: <{number}@example.net>\r\n" if number * 2 < count else "")
        counted[re.sub(r"^250 .*", "250", heard)] += 1
    for heard, times in sorted(counted.items()):
        print(times, heard)


if len(sys.argv) < 5:
    sys.exit(__doc__)
try:
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:])
except OSError as error:
    print(f"no conversation: {error}")
    sys.exit(3)
