#!/usr/bin/env python3
"""One raw SMTP conversation: smtp.py CLIENT-ADDRESS SERVER-ADDRESS PORT LINE...

Sends each LINE as it is, with CRLF, and prints every line of the server; after DATA was answered 354 the lines up to "."
are sent without waiting. A LINE that begins with "@" is a file whose lines are sent. A LINE that begins with "!" is a command
for the shell, which is run at that point. A LINE with line feeds in it is several
commands sent at once, whose replies come one after the other. Ends with "closed" if the server closed
before the last line was sent. Exit 0 whatever the server said, 3 when there was no conversation.
"""
import re
import socket
import subprocess
import sys

TIMEOUT = 20


def lines_of(arguments):
    for argument in arguments:
        if argument.startswith("!"):
            subprocess.run(argument[1:], shell=True, check=True)
        elif argument.startswith("@"):
            with open(argument[1:], "rb") as file:
                for line in file:
                    yield line.rstrip(b"\r\n")
        else:
            yield argument.encode("utf-8", "surrogateescape")


def reply(stream):
    """Prints one reply; returns its code, or None when the connection is closed."""
    while True:
        try:
            line = stream.readline()
        except ConnectionError:
            return None
        if not line:
            return None
        text = line.rstrip(b"\r\n").decode("utf-8", "replace")
        print(text)
        if text[3:4] != "-":
            return text[:3]


def talk(client, server, port, lines):
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as peer:
        peer.settimeout(TIMEOUT)
        peer.bind((client, 0))
        peer.connect((server, int(port)))
        stream = peer.makefile("rb")
        code = reply(stream)
        in_data = False
        for line in lines:
            if code is None:
                print("closed")
                return
            commands = re.split(rb"(?<!\r)\n", line)
            try:
                peer.sendall(b"\r\n".join(commands) + b"\r\n")
            except OSError:
                print("closed")
                return
            if in_data and line != b".":
                continue
            for _ in commands:
                code = reply(stream)
            in_data = commands[-1].upper() == b"DATA" and code == "354"
        if code is None:
            print("closed")


if len(sys.argv) < 4:
    sys.exit(__doc__)
try:
    talk(sys.argv[1], sys.argv[2], sys.argv[3], lines_of(sys.argv[4:]))
except OSError as error:
    print(f"no conversation: {error}")
    sys.exit(3)
