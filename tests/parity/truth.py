"""What a server itself made of the messages of the parity test: {(session, message): Truth}.

exim(folder) reads Exim's spool, where each message lies as Exim understood it; sink(file) what Postfix and Sendmail delivered.
"""
import glob
import os
import pickle
import re
from dataclasses import dataclass, field

MARK = re.compile(rb"^X-Parity: s(\d+)-m(\d+)")


@dataclass
class Truth:
    helo: bytes = b""
    sender: bytes = b""
    rcpts: list = field(default_factory=list)
    fields: list = field(default_factory=list)  # (name, value)


def unfold(value):
    return value.replace(b"\r\n", b"").replace(b"\n", b"")


def split(text):
    name, _, value = text.partition(b":")
    return name.rstrip(b" \t\r\n\x0b\x0c"), unfold(value).strip(b" \t\r\n")


def mark(truth):
    for name, value in truth.fields:
        found = MARK.match(name + b": " + value)
        if found:
            return int(found.group(1)), int(found.group(2))
    return None


VARIABLE = re.compile(rb"--?acl[cm] \S+ (\d+)$")


def exim_message(data):
    """A -H file: Debian's exim4 package describes it in spec.txt, "Format of the -H file"."""
    truth = Truth()
    lines = iter(data.split(b"\n"))
    next(lines), next(lines)
    truth.sender = next(lines)[1:-1]
    next(lines)
    # Two dashes where the value came from outside.
    for line in lines:
        if not line.startswith(b"-"):
            break
        if line.lstrip(b"-").startswith(b"helo_name "):
            truth.helo = line.split(b" ", 1)[1]
        found = VARIABLE.match(line)
        if found:
            left = int(found.group(1)) + 1
            while left > 0:
                left -= len(next(lines)) + 1
    # LINE was the tree of those who have been delivered to; it is empty: XX.
    truth.rcpts = [next(lines) for _ in range(int(next(lines)))]
    next(lines)
    rest = b"\n".join(lines)
    while rest:
        size, kind, at = re.match(rb"(\d+)(.) ", rest, re.S).groups() + (len(re.match(rb"\d+. ", rest, re.S).group()),)
        text, rest = rest[at : at + int(size)], rest[at + int(size) :]
        if kind != b"*":
            truth.fields.append(split(text))
    return truth


def exim(folder):
    found = {}
    for path in glob.glob(os.path.join(folder, "input", "*-H")):
        with open(path, "rb") as file:
            truth = exim_message(file.read())
        if mark(truth):
            found[mark(truth)] = truth
    return found


RECEIVED = re.compile(rb"^from (.*?) \((?:\S+ )?\[10\.", re.S)


def delivered(sender, rcpts, data):
    """A delivered message: the header ends at the empty line."""
    truth = Truth(sender=sender, rcpts=list(rcpts))
    head = data.split(b"\r\n\r\n", 1)[0] if not data.startswith(b"\r\n") else b""
    for text in re.split(rb"\r\n(?![ \t])", head):
        truth.fields.append(split(text))
    for name, value in truth.fields:
        received = RECEIVED.match(value) if name == b"Received" else None
        if received:
            truth.helo = received.group(1)
            break
    return truth


def sink(path):
    found = {}
    with open(path, "rb") as file:
        while True:
            try:
                truth = delivered(*pickle.load(file))
            except EOFError:
                return found
            key = mark(truth)
            if key in found:  # one delivery per domain or mailer
                found[key].rcpts += truth.rcpts
            elif key:
                found[key] = truth
