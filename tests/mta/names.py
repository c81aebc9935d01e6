#!/usr/bin/env python3
"""The name server of the tests' namespace: names.py FILE answers on 127.0.0.1:53 from FILE's lines "ADDRESS NAME", both ways;
from "ADDRESS NAME forged" for the address only.

A real server verifies a client's name by asking the DNS, not the hosts file. FILE is read again when it changes; a name
or an address that is not in it does not exist.
"""
import ipaddress
import os
import socket
import struct
import sys

A, PTR, AAAA = 1, 12, 28
NXDOMAIN = 3


class Zone:
    def __init__(self, path):
        self.path = path
        self.stamp = None
        self.records = {}

    def refresh(self):
        status = os.stat(self.path)
        stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
        if stamp == self.stamp:
            return
        self.stamp = stamp
        self.records = {}
        with open(self.path, encoding="ascii", errors="ignore") as file:
            for line in file:
                words = line.split()
                if len(words) == 2 or words[2:] == ["forged"]:
                    self.add(ipaddress.ip_address(words[0]), words[1].lower(), len(words) == 2)

    def add(self, address, name, both_ways):
        forward = A if address.version == 4 else AAAA
        if both_ways:
            self.records.setdefault(name, []).append((forward, address.packed))
        self.records.setdefault(address.reverse_pointer, []).append((PTR, encode(name)))


def encode(name):
    labels = [label.encode("ascii") for label in name.rstrip(".").split(".")]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def question(packet):
    """The name asked for, its type, and where the question ends."""
    labels, at = [], 12
    while packet[at]:
        labels.append(packet[at + 1 : at + 1 + packet[at]].decode("ascii", "replace"))
        at += 1 + packet[at]
    return ".".join(labels).lower(), struct.unpack_from("!H", packet, at + 1)[0], at + 5


def answer(zone, packet):
    name, kind, end = question(packet)
    known = zone.records.get(name)
    data = [value for have, value in known or [] if have == kind]
    flags = 0x8580 | (0 if known else NXDOMAIN)
    header = packet[:2] + struct.pack("!HHHHH", flags, 1, len(data), 0, 0)
    records = b"".join(struct.pack("!HHHIH", 0xC00C, kind, 1, 60, len(value)) + value for value in data)
    return header + packet[12:end] + records


def serve(path):
    zone = Zone(path)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 53))
        while True:
            packet, client = server.recvfrom(4096)
            try:
                zone.refresh()
                server.sendto(answer(zone, packet), client)
            except (IndexError, ValueError, struct.error, OSError) as error:
                print(f"names.py: {error}", file=sys.stderr)


if len(sys.argv) != 2:
    sys.exit(__doc__)
serve(sys.argv[1])
