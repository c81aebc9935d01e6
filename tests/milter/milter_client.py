"""The MTA's side of the milter protocol, as far as a test of a filter needs it.

A packet is a length of four bytes, a command of one, and data; the filter answers in the same form. `Session` is one
connection to the filter. It sends what it is told, in any order, so that it can also be an MTA that misbehaves.
"""
import socket
import struct

CURRENT_ACTIONS = 0x1FF
CURRENT_STEPS = 0x1FFFFF
OLD_STEPS = 0x7F  # of the protocol's version 2

NO_REPLY_CONNECT = 0x1000
NO_REPLY_HELO = 0x2000
NO_REPLY_HEADER = 0x80
NO_REPLY_EOH = 0x40000
NO_BODY = 0x10
NO_EOH = 0x40
NO_UNKNOWN = 0x100
REJECTED_RCPT = 0x800
LEADING_SPACE = 0x100000

TIMEOUT = 8


class Gone(Exception):
    """The filter closed the connection."""


def connected(where):
    """A socket connected to WHERE: a path, or (host, port)."""
    family = socket.AF_UNIX if isinstance(where, str) else socket.AF_INET
    peer = socket.socket(family, socket.SOCK_STREAM)
    peer.settimeout(TIMEOUT)
    try:
        peer.connect(where)
    except OSError:
        peer.close()
        raise
    return peer


def text(value):
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")


def strings(*values):
    return b"".join(text(value) + b"\0" for value in values)


class Session:
    def __init__(self, where, version=6, actions=CURRENT_ACTIONS, steps=CURRENT_STEPS):
        self.peer = connected(where)
        self.steps = 0
        self.asked_macros = {}
        self.negotiate(version, actions, steps)

    # ---- packets ----

    def send(self, command, data=b""):
        self.peer.sendall(struct.pack("!I", len(data) + 1) + text(command) + data)

    def receive_exactly(self, n):
        data = b""
        while len(data) < n:
            try:
                piece = self.peer.recv(n - len(data))
            except ConnectionError as error:
                raise Gone() from error
            if not piece:
                raise Gone()
            data += piece
        return data

    def receive(self):
        """One packet: ("c", b"") and the like."""
        size = struct.unpack("!I", self.receive_exactly(4))[0]
        packet = self.receive_exactly(size)
        return packet[:1].decode("latin-1"), packet[1:]

    def answer(self):
        """A verdict as a word: continue, accept, reject, tempfail, or the reply's text."""
        while True:
            command, data = self.receive()
            if command == "p":
                continue
            words = {"c": "continue", "a": "accept", "r": "reject", "t": "tempfail", "d": "discard"}
            if command == "y":
                return data.rstrip(b"\0").decode("utf-8", "surrogateescape")
            return words.get(command, command)

    def ask(self, command, data=b"", no_reply=0):
        self.send(command, data)
        return "no reply" if self.steps & no_reply else self.answer()

    # ---- phases ----

    def negotiate(self, version, actions, steps):
        self.send("O", struct.pack("!III", version, actions, steps))
        command, data = self.receive()
        assert command == "O", command
        self.version, self.actions, self.steps = struct.unpack("!III", data[:12])
        rest = data[12:]
        while rest:
            stage = struct.unpack("!I", rest[:4])[0]
            names, rest = rest[4:].split(b"\0", 1)
            self.asked_macros[stage] = names.decode()

    def macros(self, stage, **values):
        """MACROS of a stage; {client_port} is written client_port, j is j."""
        pairs = []
        for name, value in values.items():
            pairs += [name if len(name) == 1 else "{%s}" % name, value]
        self.send("D", text(stage) + strings(*pairs))

    def connect(self, name, address, port=40000, **macros):
        if macros:
            self.macros("C", **macros)
        if address is None:
            data = strings(name) + b"U"
        elif address.startswith("/"):
            data = strings(name) + b"L" + struct.pack("!H", 0) + strings(address)
        else:
            family = b"6" if ":" in address else b"4"
            data = strings(name) + family + struct.pack("!H", port) + strings(address)
        return self.ask("C", data, NO_REPLY_CONNECT)

    def helo(self, name):
        return self.ask("H", strings(name), NO_REPLY_HELO)

    def mail(self, *arguments, **macros):
        if macros:
            self.macros("M", **macros)
        return self.ask("M", strings(*arguments))

    def rcpt(self, *arguments, **macros):
        self.macros("R", **macros)
        return self.ask("R", strings(*arguments))

    def data(self):
        return self.ask("T")

    def header(self, name, value):
        return self.ask("L", strings(name, value), NO_REPLY_HEADER)

    def eoh(self):
        return "no reply" if self.steps & NO_EOH else self.ask("N", b"", NO_REPLY_EOH)

    def body(self, chunk):
        return "no reply" if self.steps & NO_BODY else self.ask("B", text(chunk))

    def eom(self):
        return self.ask("E")

    def abort(self):
        self.send("A")

    def quit(self):
        self.send("Q")
        self.close()

    def quit_new_connection(self):
        self.send("K")

    def close(self):
        self.peer.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def message(session, sender="<someone@example.net>", rcpt="<user@example.com>", fields=(), rejected=False):
    """MAIL to the final dot: the first answer that is not "continue", else that to the dot."""
    steps = [
        lambda: session.mail(sender),
        lambda: session.rcpt(rcpt, **({"rcpt_mailer": "error"} if rejected else {"rcpt_mailer": "local"})),
        session.data,
    ]
    for step in steps:
        answer = step()
        if answer != "continue":
            return answer
    for name, value in fields:
        session.header(name, value)
    session.eoh()
    session.body("body\r\n")
    return session.eom()
