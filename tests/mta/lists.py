#!/usr/bin/env python3
"""DNS lists for tests, good ones and bad ones: lists.py LOG answers on 127.0.0.1:53 for the zones below *.test.

The zone says how it behaves; in all of them 203.0.113.9 and 2001:db8::9 are listed as 127.0.0.2, and nobody else.
Each question is a line of LOG: time, zone, name, source port and id.

good.test      answers                                brief.test     the same, to be kept for one second
many.test      two addresses for who is listed        alias.test     by way of a CNAME
late.test      answers after 300 ms                   slow.test      after 5 s
dead.test      says nothing                           revived.test   nothing, until the file LOG.alive is there
servfail.test, refused.test, notimp.test   that code  cut.test       a truncated answer, and no TCP
otherid.test, otherquestion.test, stranger.test       says "listed" for everybody, with the wrong id, to another
               question, or from another port; never the right answer
liar.test      all three lies at once, then the truth after 300 ms
code.test      127.255.255.254: why it does not say   parked.test    an address of the web for every name
garbage.test   noise behind the right id              empty.test     no error, and no answer
"""
import heapq
import os
import random
import select
import socket
import struct
import sys
import time

A, CNAME = 1, 5
NOERROR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = 0, 2, 3, 4, 5
LISTED = {"9.113.0.203", "9." + "0." * 23 + "8.b.d.0.1.0.0.2"}
LISTED = {name.rstrip(".") for name in LISTED}
CODES = {"servfail": SERVFAIL, "refused": REFUSED, "notimp": NOTIMP}


def question(packet):
    """The name asked for, and where the question ends."""
    labels, at = [], 12
    while packet[at]:
        labels.append(packet[at + 1 : at + 1 + packet[at]].decode("ascii", "replace"))
        at += 1 + packet[at]
    return ".".join(labels).lower(), at + 5


def encode(name):
    return b"".join(bytes([len(label)]) + label.encode("ascii") for label in name.split(".")) + b"\0"


def reply(packet, code=NOERROR, addresses=(), ttl=300, cut=False, name=None):
    _, end = question(packet)
    asked = packet[12:end] if name is None else encode(name) + packet[end - 4 : end]
    records = b"".join(
        struct.pack("!HHHIH", 0xC00C, A, 1, ttl, 4) + socket.inet_aton(address) for address in addresses
    )
    flags = 0x8580 | code | (0x0200 if cut else 0)
    return packet[:2] + struct.pack("!HHHHH", flags, 1, len(addresses), 0, 0) + asked + records


def by_alias(packet):
    _, end = question(packet)
    target = encode("elsewhere.test")
    header = packet[:2] + struct.pack("!HHHHH", 0x8580, 1, 2, 0, 0)
    alias = struct.pack("!HHHIH", 0xC00C, CNAME, 1, 300, len(target)) + target
    address = target + struct.pack("!HHIH", A, 1, 300, 4) + socket.inet_aton("127.0.0.2")
    return header + packet[12:end] + alias + address


class Server:
    def __init__(self, log):
        self.log_path = log
        self.log = open(log, "a", buffering=1, encoding="ascii")
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        self.stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.later = []
        self.order = 0

    def send(self, packet, client, delay=0.0, sender=None):
        self.order += 1
        heapq.heappush(self.later, (time.monotonic() + delay, self.order, packet, client, sender or self.socket))

    def lie(self, kind, packet, client):
        yes = ("127.0.0.2",)
        if kind in ("otherid", "liar"):
            other = struct.pack("!H", struct.unpack("!H", packet[:2])[0] ^ 0x5555)
            self.send(other + reply(packet, addresses=yes)[2:], client)
        if kind in ("otherquestion", "liar"):
            self.send(reply(packet, addresses=yes, name="9.113.0.203.other.test"), client)
        if kind in ("stranger", "liar"):
            self.send(reply(packet, addresses=yes), client, sender=self.stranger)

    def answer(self, packet, client):
        name, _ = question(packet)
        labels = name.split(".")
        zone, entry = labels[-2], ".".join(labels[:-2])
        ident = struct.unpack("!H", packet[:2])[0]
        self.log.write(f"{time.monotonic():.3f} {zone} {name} {client[1]} {ident}\n")
        listed = entry in LISTED
        truth = reply(packet, addresses=("127.0.0.2",)) if listed else reply(packet, NXDOMAIN)
        if zone in ("otherid", "otherquestion", "stranger", "liar"):
            self.lie(zone, packet, client)
            if zone == "liar":
                self.send(truth, client, 0.3)
        elif zone in CODES:
            self.send(reply(packet, CODES[zone]), client)
        elif zone == "dead" or (zone == "revived" and not os.path.exists(self.log_path + ".alive")):
            pass
        elif zone == "brief":
            self.send(reply(packet, addresses=("127.0.0.2",), ttl=1) if listed else truth, client)
        elif zone == "many" and listed:
            self.send(reply(packet, addresses=("127.0.0.4", "127.0.0.2")), client)
        elif zone == "alias" and listed:
            self.send(by_alias(packet), client)
        elif zone == "cut":
            self.send(reply(packet, cut=True), client)
        elif zone == "code":
            self.send(reply(packet, addresses=("127.255.255.254",)), client)
        elif zone == "parked":
            self.send(reply(packet, addresses=("192.0.2.80",)), client)
        elif zone == "garbage":
            self.send(truth[:12] + random.randbytes(40), client)
        elif zone == "empty":
            self.send(reply(packet), client)
        else:
            self.send(truth, client, {"late": 0.3, "slow": 5.0}.get(zone, 0.0))

    def run(self):
        while True:
            wait = max(0.0, self.later[0][0] - time.monotonic()) if self.later else None
            ready, _, _ = select.select([self.socket], [], [], wait)
            if ready:
                packet, client = self.socket.recvfrom(4096)
                try:
                    self.answer(packet, client)
                except (IndexError, struct.error) as error:
                    print(f"lists.py: {error}", file=sys.stderr)
            while self.later and self.later[0][0] <= time.monotonic():
                _, _, packet, client, sender = heapq.heappop(self.later)
                try:
                    sender.sendto(packet, client)
                except OSError:
                    pass  # who asked is gone


if len(sys.argv) != 2:
    sys.exit(__doc__)
Server(sys.argv[1]).run()
