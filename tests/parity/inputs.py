"""The inputs of the parity test: odd but legal and illegal HELO, MAIL, RCPT lines and header fields, the same ones for a seed.

sessions(seed, count) gives Session objects with COUNT inputs in all; inputs.py SEED COUNT prints a trap for each recipient. Each address holds a tag, a letter and six digits; each
field a token, q and six digits: so that each can be found again, whatever became of it.
"""
import random
import re
import sys
from dataclasses import dataclass, field


@dataclass
class Message:
    number: int
    mail: bytes
    rcpts: list
    fields: list

    def header(self, session):
        first = b"X-Parity: s%d-m%d" % (session, self.number)
        return b"\r\n".join([first, *self.fields, b"X-Last: q%06d" % (900000 + self.number)])


@dataclass
class Session:
    number: int
    helo: bytes
    messages: list = field(default_factory=list)

    @property
    def client(self):
        return "10.%d.%d.%d" % (self.number >> 16 & 255, self.number >> 8 & 255, self.number & 255)


LOCALS = [
    b"%s", b"%s", b"%s", b"%s", b'"%s"', b'"\\%s"', b"%s(x)", b"(x)%s", b"(a(b)c)%s", b"%s(\\))", b"%s(x", b"%s ", b" %s", b"\t%s", b"%s\t",
    b"%s+tag", b"%s.x", b"%s..x", b".%s", b"%s.", b"%s%%example.com", b"example.com!%s", b"%s\\@x", b'"%s@x"', b'"%s x"', b'"%s\\"x"',
    b'%s"x"', b"%s'x", b"%s\xc3\xbc", b"%s\xff", b"%s\x01", b"%s\x7f", b"%s*x", b"-%s", b"%s/x", b"%s|x", b'"%s', b'%s"', b"%s,x",
    b"%s;x", b"%s:x", b"x:%s", b"%s\\", b'""%s', b'"".%s', b"%s <x", b"(\xc3\xbc)%s", b'"%s\t"', b'"(%s)"', b'" %s"', b"%s x",
]
DOMAINS = [
    b"@example.com", b"@example.com", b"@example.com", b"@example.net", b"@Example.COM", b"@example.com.", b"@example.com..",
    b"@(x)example.com", b"@example.com(x)", b"@ example.com", b" @example.com", b" @ example.com", b"@example .com", b"@example. com",
    b"@[192.0.2.1]", b"@[IPv6:2001:db8::1]", b"@exa_mple.com", b"@b\xc3\xbccher.example", b"@xn--bcher-kva.example", b"", b"@", b"@example",
    b"@-x.example", b"@@example.com", b"@x@example.com", b"@example..com", b"@.example.com", b"@mail.example.com", b"@example.com,x",
    b"@virtual.example.com", b"@example.com;", b"@" + b"x" * 63 + b".example", b"@" + b"x." * 120 + b"example", b"@192.0.2.1", b"(@)@example.com",
    b"@example.com\\", b'@"example.com"', b"@example.com/x", b"@\texample.com",
]
WRAPPERS = [
    b"<%s>", b"<%s>", b"<%s>", b"<%s>", b"<%s>", b"%s", b"<<%s>>", b"<%s", b"%s>", b"Name <%s>", b'"x" <%s>', b"(c)<%s>", b"<%s>(c)",
    b"<%s> SIZE=100", b"<%s>SIZE=100", b"<%s> BODY=8BITMIME", b"<%s> (comment)", b"<grp:%s;>", b"grp:%s;", b"<@r1.example,@r2.example:%s>",
    b"<@r1.example:%s>", b" <%s>", b"\t<%s>", b"  <%s> ", b"< %s >", b"<%s> >", b"<(c)%s>", b"<%s(c)>", b"<@%s>", b"<:%s>", b"<,%s>", b"<;%s>",
]
PAIRS = [b"<%s>,<%s>", b"<%s>, <%s>", b"<%s,%s>", b"<%s><%s>", b"<%s> <%s>", b"<grp:%s,%s;>", b"<%s %s>", b"%s <%s>", b"(%s)<%s>", b'"%s"<%s>', b"<(%s)%s>"]
HELOS = [
    b"h%d.example.net", b"h%d.example.net", b"H%d.Example.NET", b"h%d", b"h%d.example.net.", b"h%d.example.net..", b".h%d.example.net",
    b"h%d..example.net", b"[h%d.example.net]", b"<h%d.example.net>", b'"h%d.example.net"', b"'h%d'", b"h%d.example.net x", b"h%d.example.net,x",
    b"h%d_x.example.net", b"-h%d.example.net", b"h%d-.example.net", b" h%d.example.net", b"h%d.example.net ", b"\th%d", b"h%d\t", b"h%d\xc3\xbc.example",
    b"h%d\xff", b"h%d\x01", b"h%d\x7f", b"(c)h%d", b"h%d(c)", b"h%d@example.net", b"h%d;x", b"h%d:25", b"h%d/x", b"h%d\\x", b"[192.0.2.%d]",
    b"192.0.2.%d", b"[IPv6:2001:db8::%d]", b"[2001:db8::%d]", b"IPv6:2001:db8::%d", b"2001:db8::%d", b"[192.0.2.%d", b"192.0.2.%d]", b"[]%d",
    b"h%d." + b"x" * 600, b"h%d." + b"x." * 200 + b"example", b"mail.example.com %d", b"=?utf-8?q?%d?=", b"h%d%%x", b"h%d#x", b"h%d+x", b"*%d", b"%d",
]
NAMES = [
    b"Subject", b"Subject", b"X-Odd", b"X-Odd", b"Comments", b"subject", b"SUBJECT", b"X-Gr\xc3\xb6\xc3\x9fe", b"X\xff", b"X\x7fY", b"X Y", b"",
    b"X\x01Y", b"X-Odd ", b"X-Odd  ", b"Subject\t", b"Subject\x0b", b"Subject\x0c", b"Subject\r\n ", b"X-Odd\r\n\t", b"X" * 300, b"From", b"From x",
    b"X;Y", b'X"Y"', b"X(c)", b"X\0Y", b"X\\Y", b"X@Y", b"X=Y", b"X\rY", b"X,Y", b"[X]", b"X<Y>", b">From", b"X\xa0", b" X", b"\tX",
]
SEPARATORS = [b": ", b": ", b": ", b":", b":\t", b":  ", b":\r\n ", b":\r\n\t", b": \r\n ", b"::", b" : ", b"\t:\t"]
VALUES = [
    b"%s", b"%s", b"%s and more", b"%s\r\n folded", b"%s\r\n\tfolded\r\n twice", b"%s\r\n ", b"%s\r\n \r\n after a blank fold", b"%s \xc3\xbc", b"%s \xff",
    b"%s \x01", b"%s \0 x", b"%s \r x", b"%s: colon", b"%s ", b"%s\t", b"before %s", b"(comment) %s", b'"%s"', b"%s " + b"long " * 400,
    b"%s\r\n " + b"y" * 900, b"=?utf-8?q?%s?=",
]
LINES = [b"no colon %s", b"nocolon%s", b" continued %s", b"\tcontinued %s", b"From %s Thu Jan  1 00:00:00 2004", b"%s", b"- %s -", b"--%s"]


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.tags = 0
        self.tokens = 0

    def odd(self, forms, oddness=0.4):
        """One of FORMS; the first, which is the usual one, more often than not."""
        return self.random.choice(forms) if self.random.random() < oddness else forms[0]

    def mailbox(self, tag):
        text = self.odd(LOCALS).replace(b"%s", tag).replace(b"%%", b"%") + self.odd(DOMAINS)
        if self.random.random() < 0.01:
            text = b"@" + b"r" * self.random.choice([900, 1900, 3900]) + b".example:" + text
        return text

    def path(self):
        self.tags += 1
        if self.random.random() < 0.08:
            first, second = (self.mailbox(b"%c%06d" % (letter, self.tags)) for letter in b"ab")
            return self.random.choice(PAIRS) % (first, second)
        return self.odd(WRAPPERS, 0.35) % self.mailbox(b"a%06d" % self.tags)

    def mail(self):
        if self.random.random() < 0.05:
            return b"MAIL FROM:" + self.random.choice([b"<>", b"<> SIZE=10", b" <>", b"< >", b"<()>", b'<"">', b"<@>", b"<MAILER-DAEMON>"])
        return self.odd([b"MAIL FROM:", b"mail from:", b"MAIL FROM: ", b"Mail From:\t", b"MAIL FROM :"], 0.2) + self.path()

    def rcpt(self):
        if self.random.random() < 0.02:
            return b"RCPT TO:" + self.random.choice([b"<>", b"<postmaster>", b"<Postmaster>", b"postmaster"])
        return self.odd([b"RCPT TO:", b"rcpt to:", b"RCPT TO: ", b"Rcpt To:\t", b"RCPT TO :"], 0.2) + self.path()

    def field(self):
        self.tokens += 1
        token = b"q%06d" % self.tokens
        if self.random.random() < 0.04:
            return self.random.choice(LINES) % token
        return self.odd(NAMES) + self.odd(SEPARATORS, 0.3) + self.odd(VALUES).replace(b"%s", token)

    def helo(self, number):
        verb = self.odd([b"EHLO ", b"HELO ", b"ehlo ", b"EHLO  ", b"EHLO\t"], 0.3)
        return verb + self.odd(HELOS, 0.8).replace(b"%d", b"%d" % (number % 250)).replace(b"%%", b"%")


def sessions(seed, count):
    generator = Generator(seed)
    number = done = 0
    while done < count:
        number += 1
        session = Session(number, generator.helo(number))
        for i in range(2):
            rcpts = [generator.rcpt() for _ in range(2)]
            fields = [generator.field() for _ in range(generator.random.randrange(1, 5))]
            session.messages.append(Message(i, generator.mail(), rcpts, fields))
            done += 1 + len(rcpts) + len(fields)
        done += 1
        yield session


def traps(seed, count):
    """Of each RCPT line the address that a reader might miss: the only one, or the second."""
    for session in sessions(seed, count):
        for message in session.messages:
            for line in message.rcpts:
                for tag in re.findall(rb"b\d{6}", line) or re.findall(rb"a\d{6}", line):
                    yield from ("to:%s%s@" % (tag.decode(), more) for more in ("", "x", ".x", "'x", "+tag"))


if __name__ == "__main__":
    print("\n".join(traps(int(sys.argv[1]), int(sys.argv[2]))))
