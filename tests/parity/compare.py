#!/usr/bin/env python3
"""Compares what gatepost took for HELO, sender, recipients and fields with what the server made of them:

    compare.py SERVER PLAYED FACTS TRUTH

SERVER is exim, exim-scan, postfix or sendmail; PLAYED is of play.py, FACTS of the check facts, TRUTH the spool or what the sink
took. Prints each difference, and a line "SERVER: messages N, inputs N, differences N, as its README says: KIND N, …". Status 1
if there are differences that no README explains.
"""
import collections
import pickle
import re
import sys

import truth

DIGITS = re.compile(rb"[arb](\d{6})")
TRAPS = re.compile(rb"[ab]\d{6}(?:|x|\.x|'x|\+tag)")
TOKEN = re.compile(rb"q(\d{6})")


class Message:
    def __init__(self, helo, sender, rcpts):
        self.helo, self.sender, self.rcpts, self.fields = helo, sender, list(rcpts), []
        self.own_sender = False


def read_facts(path):
    """{(session, message): Message} as the engine was told."""
    messages, state = {}, {}
    with open(path, "rb") as file:
        for line in file:
            client, word, subject, value, text = line.rstrip(b"\n").split(b"\t")
            subject, value, text = (bytes.fromhex(part.decode()) for part in (subject, value, text))
            now = state.setdefault(client, {"helo": b"", "sender": b"", "own": False, "rcpts": [], "message": None})
            if word == b"helo":
                now["helo"] = subject
            elif word == b"mail":
                now.update(sender=subject, own=False, rcpts=[], message=None)
            elif word == b"own-sender":
                now["own"] = True
            elif word in (b"rcpt", b"trapped"):
                now["rcpts"].append((word, subject, text))
            elif word == b"header":
                found = truth.MARK.match(subject + b": " + value)
                if found:
                    key = int(found.group(1)), int(found.group(2))
                    now["message"] = messages[key] = Message(now["helo"], now["sender"], now["rcpts"])
                    now["message"].own_sender = now["own"]
                if now["message"]:
                    now["message"].fields.append((subject, value))
    return messages


def plain(address):
    """An address for comparison: without quotes on its left side, letter case and dots at the end of the domain."""
    local, at, domain = address.rpartition(b"@")
    if not at:
        local, domain = address, b""
    local = re.sub(rb'\\(.)|"', lambda found: found.group(1) or b"", local, flags=re.S)
    return (local + at + domain.rstrip(b".")).lower()


def same_local(ours, theirs):
    """Sendmail writes a local user without the domain, and without quotes."""
    bare = [re.sub(rb'[\\"]', b"", text).lower() for text in (ours.rpartition(b"@")[0], theirs)]
    return bare[0] == bare[1] != b""


class Comparison:
    def __init__(self, server):
        self.server = server
        self.explained = collections.Counter()
        self.differences = []
        self.inputs = 0

    def difference(self, where, what, ours, theirs, kind=None):
        if kind:
            self.explained[kind] += 1
        else:
            self.differences.append("%s s%d-m%d %s: gatepost took %.300r, %s %.300r" % (self.server, *where, what, ours, self.server, theirs))

    # ---- HELO ----

    def helo(self, where, ours, theirs):
        self.inputs += 1
        if ours != theirs:
            self.difference(where, "HELO", ours, theirs, self.helo_kind(ours, theirs))

    def helo_kind(self, ours, theirs):
        if self.server == "postfix" and re.sub(rb'[ <>()\\";@]|[^ -~]', b"?", ours) == theirs:
            return "HELO written with '?' in Postfix's Received"
        return None

    # ---- addresses ----

    def sender(self, where, ours, theirs):
        self.inputs += 1
        if plain(ours.sender) == plain(theirs):
            return
        kind = None
        if self.server == "postfix" and plain(ours.sender).startswith(b"mailer-daemon@") and not theirs:
            kind = "<MAILER-DAEMON> is the null sender"
        elif self.server == "postfix" and theirs.endswith(b"@"):
            kind = "an empty domain"
        elif self.server == "sendmail":
            domain = plain(theirs).rpartition(b"@")[2]
            if same_local(ours.sender, theirs):
                kind = "a local user has no domain"
            elif domain.endswith((b"example.com", b"example.net")) and ours.own_sender:
                kind = "the second spelling is seen by own-sender"
            elif not domain.endswith((b"example.com", b"example.net")):
                kind = "a sender that is a second spelling"
            elif b";" in ours.sender or b":" in ours.sender:
                kind = "a group or a list as sender"
            elif b"\\" in ours.sender:
                kind = "a backslash outside of quotes"
            elif re.search(rb"a\d{6}", ours.sender) and re.search(rb"b\d{6}", theirs):
                kind = "the second of two senders, in an odd form"
        self.difference(where, "sender", ours.sender, theirs, kind)

    def rcpts(self, where, ours, theirs):
        """Each recipient of the server must be what was taken of one RCPT."""
        taken = collections.Counter(plain(subject) for word, subject, _ in ours if word == b"rcpt")
        for address in theirs:
            self.inputs += 1
            if taken[plain(address)] > 0:
                continue
            kind = None
            digits = DIGITS.search(address)
            mine = [entry for entry in ours if not digits or digits.group(1) in entry[2]]
            if self.server == "sendmail":
                address = address.lstrip(b"@")  # the user before a "+detail"
                if any(same_local(entry[1], address) for entry in mine if entry[0] == b"rcpt"):
                    kind = "a local user has no domain"
                elif any(plain(entry[1]).startswith(plain(address) + b"+") for entry in mine):
                    kind = "a local user's +detail"
                elif any(entry[0] == b"trapped" for entry in mine):
                    kind = "the second spelling meets the trap"
                elif not TRAPS.fullmatch(plain(address).partition(b"@")[0]):
                    kind = "an odd local part that no trap of this test names"
                elif any(b"\\" in entry[2] for entry in mine):
                    kind = "a backslash outside of quotes"
            self.difference(where, "recipient", [entry[1:] for entry in mine], address, kind)

    # ---- fields ----

    def fields(self, where, ours, theirs, sent):
        seen = {TOKEN.search(value).group(1): (name, value) for name, value in ours if TOKEN.search(value)}
        has = {TOKEN.search(value).group(1): (name, value) for name, value in theirs if TOKEN.search(value)}
        for token in sorted(set(TOKEN.findall(sent))):
            self.inputs += 1
            mine, its = seen.get(token), has.get(token)
            if mine != its:
                self.difference(where, "field", mine, its, self.field_kind(mine, its))

    def field_kind(self, ours, theirs):
        if ours is None and theirs and not re.fullmatch(rb"[!-9;-~]+", theirs[0]) and self.server.startswith("exim"):
            return "a field whose name is none to us is passed over"
        if self.server == "sendmail" and ours and theirs and ours[0] == theirs[0] == b"From":
            return "an address in From is rewritten"
        return None


def main(server, seed, count, played, facts, where):
    from inputs import sessions
    sent = {(s.number, m.number): m.header(s.number) for s in sessions(int(seed), int(count)) for m in s.messages}
    with open(played, "rb") as file:
        play = pickle.load(file)
    ours = read_facts(facts)
    theirs = truth.exim(where) if server.startswith("exim") else truth.sink(where)
    comparison = Comparison(server)
    messages = 0
    for number, done in sorted(play.items()):
        for message in done:
            key = number, message[0]
            if not message[3]:
                continue
            if key not in theirs or key not in ours:
                comparison.differences.append("%s s%d-m%d: accepted, but gatepost has %s, the server %s" % (
                    server, *key, key in ours, key in theirs))
                continue
            messages += 1
            comparison.helo(key, ours[key].helo, theirs[key].helo)
            comparison.sender(key, ours[key], theirs[key].sender)
            comparison.rcpts(key, ours[key].rcpts, theirs[key].rcpts)
            comparison.fields(key, ours[key].fields, theirs[key].fields, sent[key])
    for line in comparison.differences[:60]:
        print(line)
    said = ", ".join("%s %d" % pair for pair in sorted(comparison.explained.items())) or "none"
    print("%s: messages %d, compared %d, differences %d; as its README says: %s" % (
        server, messages, comparison.inputs, len(comparison.differences), said))
    return 1 if comparison.differences or messages == 0 else 0


if __name__ == "__main__":
    if len(sys.argv) != 7:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
