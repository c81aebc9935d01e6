#!/usr/bin/env python3
"""The syslog of a root: syslog.py SOCKET FILE writes what comes in at the datagram socket SOCKET to FILE, a line each, as it comes.

Postfix, Sendmail and gatepost-milter log nowhere else. The priority and the time in front are left out.
"""
import os
import re
import socket
import sys

FRONT = re.compile(rb"^<\d+>(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d )?")


def serve(path, log):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server, open(log, "ab", buffering=0) as file:
        server.bind(path)
        os.chmod(path, 0o666)
        while True:
            file.write(FRONT.sub(b"", server.recv(65536)).rstrip(b"\0\n") + b"\n")


if len(sys.argv) != 3:
    sys.exit(__doc__)
serve(sys.argv[1], sys.argv[2])
