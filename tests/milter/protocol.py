"""gatepost-milter in its own protocol: verdicts of every phase, and what no mail server sends when it is asked to."""
import os
import random
import socket
import struct
import subprocess

from frame import BUILD, GO_AWAY, GOOD, NOT_ACCEPTABLE, RULES, UNIDENTIFIED, Filter, case, finish, holds, same, until
from milter_client import (CURRENT_ACTIONS, CURRENT_STEPS, LEADING_SPACE, NO_BODY, NO_REPLY_CONNECT,
                           NO_REPLY_EOH, NO_REPLY_HEADER, NO_UNKNOWN, OLD_STEPS, REJECTED_RCPT, Session, connected, message,
                           strings)

CLIENT = "203.0.113.7"


def session(filter, name="unknown", address=CLIENT, helo="client.example.net", **macros):
    s = Session(filter.where)
    same(s.connect(name, address, **macros), "no reply")
    if helo is not None:
        same(s.helo(helo), "continue")
    return s


def table(filter, name, *lines):
    """A table beside the rules of FILTER, which does not run yet."""
    text = os.path.join(filter.folder, "text")
    with open(text, "w", encoding="ascii") as file:
        file.write("".join(line + "\n" for line in lines))
    command = os.environ.get("GATEPOST_COMMAND", os.path.join(BUILD, "gatepost"))
    subprocess.run([command, "table", "make", text, os.path.join(filter.folder, name)], check=True,
                   stdout=subprocess.DEVNULL)


# ---- verdicts ----


@case("a message passes, and one without Message-ID gets the rule's reply after the dot")
def _():
    with Filter() as filter, session(filter) as s:
        same(message(s, fields=GOOD), "continue")
        same(message(s, fields=[("Subject", " none")]), UNIDENTIFIED)
        same(message(s, fields=GOOD), "continue")


@case("a refused HELO is answered at every MAIL, and a new HELO does not lift it")
def _():
    with Filter() as filter, session(filter, helo="mail.example.com") as s:
        same(s.mail("<a@example.net>"), NOT_ACCEPTABLE)
        same(s.mail("<b@example.net>"), NOT_ACCEPTABLE)
        same(s.helo("other.example.net"), "continue")
        same(s.mail("<c@example.net>"), NOT_ACCEPTABLE)
        same(filter.log().count("gatepost: refuse"), 1)


@case("a HELO that fails is answered at MAIL, until another HELO passes")
def _():
    rules = 'helo, "EHLO bad*", fail, "550 5.7.1 Not by that name"\n'
    with Filter(rules) as filter, session(filter, helo="bad.example.net") as s:
        same(s.mail("<a@example.net>"), "550 5.7.1 Not by that name")
        same(s.mail("<a@example.net>"), "550 5.7.1 Not by that name")
        same(s.helo("worse.example.net"), "continue")
        same(message(s), "continue")
        same(s.helo("bad.example.net"), "continue")
        same(s.mail("<a@example.net>"), "550 5.7.1 Not by that name")


@case("a HELO that failed does not matter after AUTH, but where the authenticated are judged")
def _():
    rules = 'helo, "EHLO bad*", fail, "550 Not by that name"\n'
    with Filter(rules) as filter, session(filter, helo="bad.example.net") as s:
        same(s.mail("<a@example.net>", auth_authen="user", auth_type="PLAIN"), "continue")
    with Filter("judge-authenticated = yes\n" + rules) as filter, session(filter, helo="bad.example.net") as s:
        same(s.mail("<a@example.net>", auth_authen="user", auth_type="PLAIN"), "550 Not by that name")


@case("HELO is judged again after STARTTLS")
def _():
    rules = 'helo-deferred, not fqdn, refuse, "554 HELO unacceptable"\n'
    with Filter(rules) as filter, session(filter, helo="pc") as s:
        same(s.helo("client.example.net"), "continue")
        same(message(s), "continue")
        same(s.helo("pc"), "continue")
        same(s.mail("<a@example.net>"), "554 HELO unacceptable")


@case("close: the reply, then the same to later commands, with its own code")
def _():
    with Filter() as filter, session(filter) as s:
        same(s.mail("<a@example.net>"), "continue")
        same(s.rcpt("<good@example.com>"), "continue")
        same(s.rcpt("<trap@example.com>"), GO_AWAY)
        same(s.rcpt("<good@example.com>"), GO_AWAY)
        same(s.data(), GO_AWAY)
        s.abort()
        same(s.mail("<a@example.net>"), GO_AWAY)


@case("Postfix: the address is that of {rcpt_addr} and {mail_addr}, whatever the line says")
def _():
    rules = """own-names = mail.example.com
trap-table = traps.cdb
rcpt, trap, fail, "554 Spam is not welcome here"
mail, own-sender, fail, "554 You are not one of us"
"""
    with Filter(rules, start=False) as filter:
        table(filter, "traps.cdb", "to:trap@example.com")
        filter.start()
        with session(filter, v="Postfix 3.7.11") as s:
            same(s.mail("<a(x)@mail.example.com>", mail_addr="a@mail.example.com"), "554 You are not one of us")
            same(s.mail("<a@mail.example.com>", mail_addr="a@example.net"), "continue")
            same(s.rcpt("<example.com!trap>", rcpt_addr="trap@example.com", rcpt_mailer="smtp"), "554 Spam is not welcome here")
            same(s.rcpt("<trap@example.com>", rcpt_addr="other@example.com", rcpt_mailer="smtp"), "continue")
            # With mailer `error` it is a reply.
            same(s.rcpt("<other@example.com>", rcpt_addr="trap@example.com", rcpt_mailer="error"), "continue")
            same(s.rcpt("<trap@example.com>", rcpt_addr="no such person", rcpt_mailer="error"), "continue")
            same(filter.log().count("Spam is not welcome"), 2, "how often a trap was met")


@case("Sendmail: {rcpt_addr} and {mail_addr} are a second spelling")
def _():
    rules = """own-names = mail.example.com
trap-table = traps.cdb
rcpt, trap, fail, "554 Spam is not welcome here"
mail, own-sender, fail, "554 You are not one of us"
"""
    with Filter(rules, start=False) as filter:
        table(filter, "traps.cdb", "to:trap@")
        filter.start()
        with session(filter, v="8.17.1.9", j="mail.example.com") as s:
            same(s.mail("<grp:a@mail.example.com;>", mail_addr="a@mail.example.com"), "554 You are not one of us")
            same(s.mail("<a@mail.example.com>", mail_addr="a@example.net"), "554 You are not one of us")
            # A local user without a domain, and what Sendmail calls the null sender, say nothing.
            same(s.mail("<a@virtual.example.com>", mail_addr="user"), "continue")
            same(s.mail("<>", mail_addr="MAILER-DAEMON@mail.example.com"), "continue")
            same(s.rcpt("<x@y>,<trap@example.com>", rcpt_addr="trap", rcpt_mailer="local"), "554 Spam is not welcome here")
            same(s.rcpt("<trap@example.com>", rcpt_addr="other", rcpt_mailer="local"), "554 Spam is not welcome here")
            same(s.rcpt("<x@example.com>", rcpt_addr="x", rcpt_mailer="local"), "continue")


@case("a line is judged whole: 60,000 bytes of a source route hide nothing")
def _():
    route = "@" + "r" * 60000 + ".example:"
    with Filter('rcpt, "*trap@example.com>", fail, "554 Spam is not welcome here"\n') as filter, session(filter) as s:
        same(s.mail("<%sa@example.net>" % route), "continue")
        same(s.rcpt("<%strap@example.com>" % route), "554 Spam is not welcome here")
        same(s.rcpt("<%sother@example.com>" % route), "continue")


@case("a long HELO that failed is asked again after AUTH as it was")
def _():
    name = "x" * 600 + ".bad.example.net"
    rules = 'judge-authenticated = yes\nhelo, "*.bad.example.net", fail, "550 Not by that name"\n'
    with Filter(rules) as filter, session(filter, helo=name) as s:
        same(s.mail("<a@example.net>", auth_authen="user", auth_type="PLAIN"), "550 Not by that name")


@case("a field whose name is none does not hide those after it")
def _():
    for steps in (CURRENT_STEPS, CURRENT_STEPS & ~LEADING_SPACE):
        with Filter() as filter:
            s = Session(filter.where, steps=steps)
            same(s.connect("unknown", CLIENT), "no reply")
            same(s.helo("client.example.net"), "continue")
            same(message(s, fields=[("X-Gr\u00f6\u00dfe", " 5"), ("X Y", " 5")] + list(GOOD)), "continue")
            same(message(s, fields=[("X-Gr\u00f6\u00dfe", " 5")]), UNIDENTIFIED)
            s.quit()


@case("a refusal at connect is answered at MAIL")
def _():
    rules = 'connect, "unknown 203.0.113.7", refuse, "554 5.7.1 Not from there"\n'
    with Filter(rules) as filter, session(filter) as s:
        same(s.mail("<a@example.net>"), "554 5.7.1 Not from there")
    with Filter(rules) as filter, session(filter, address="203.0.113.8") as s:
        same(message(s), "continue")


@case("drop answers 421 at once: at HELO, MAIL, RCPT and after the dot")
def _():
    dropped = "421 4.7.0 Connection closed"
    with Filter('connect, "*203.0.113.7", drop\n') as filter, session(filter, helo=None) as s:
        same(s.helo("client.example.net"), dropped)
        same(s.mail("<a@example.net>"), dropped)
    with Filter('helo, "EHLO bad*", drop\nmail, "*bad@*", drop\nrcpt, "*bad@*", drop\nheader, "X-Bad: *", drop\n') as filter:
        with session(filter, helo=None) as s:
            same(s.helo("bad.example.net"), dropped)
        with session(filter) as s:
            same(s.mail("<bad@example.net>"), dropped)
        with session(filter) as s:
            same(message(s, rcpt="<bad@example.net>"), dropped)
        with session(filter) as s:
            same(message(s, fields=[("X-Bad", " yes")]), dropped)


@case("a temporary reply is temporary, a rule that says 421 closes")
def _():
    rules = 'mail, "*later@*", fail, "451 4.7.1 Come again"\nmail, "*closed@*", close, "421 4.7.0 Enough"\n'
    with Filter(rules) as filter, session(filter) as s:
        same(s.mail("<later@example.net>"), "451 4.7.1 Come again")
        same(s.mail("<now@example.net>"), "continue")
        same(s.mail("<closed@example.net>"), "421 4.7.0 Enough")


@case("replies arrive as written: percent signs doubled for the MTA, 8 bit, 500 bytes, codes of two classes")
def _():
    long = "554 " + "x" * 490
    rules = '''mail, "*eight@*", fail, "554 5.7.1 Gr\u00fc\u00dfe"
mail, "*long@*", fail, "%s"
mail, "*mixed@*", fail, "554 4.7.1 Which?"
mail, "*none@*", fail
''' % long
    with Filter(rules) as filter, session(filter) as s:
        same(s.mail("<eight@example.net>"), "554 5.7.1 Gr\u00fc\u00dfe")
        same(s.mail("<long@example.net>"), long)
        same(s.mail("<none@example.net>"), "554 5.7.1 Transaction refused")
        holds("Which?" in s.mail("<mixed@example.net>"), "the text is there")
    with Filter('mail, "*percent@*", fail, "554 100% %s %n refused"\n') as filter, session(filter) as s:
        same(s.mail("<percent@example.net>"), "554 100%% %%s %%n refused")


@case("a client that sends MAIL without HELO is judged as one with an empty name")
def _():
    with Filter('helo, not fqdn, refuse, "554 HELO first"\n') as filter, session(filter, helo=None) as s:
        same(s.mail("<a@example.net>"), "554 HELO first")


# ---- what is known of the client, of us, of the envelope ----


@case("only a verified host name is believed")
def _():
    rules = 'connect, "*mx.example.net*", close, "554 by name"\nconnect, "unknown *", close, "554 nameless"\n'
    told = [
        (("mx.example.net", {}), "554 by name"),
        (("mx.example.net", {"client_resolve": "OK"}), "554 by name"),
        (("mx.example.net", {"client_resolve": "FORGED", "client_ptr": "mx.example.net"}), "554 nameless"),
        (("unknown", {"client_ptr": "mx.example.net", "client_name": "unknown"}), "554 nameless"),
        (("[203.0.113.7]", {"client_resolve": "FAIL"}), "554 nameless"),
        (("[203.0.113.7]", {"client_resolve": "TEMP"}), "554 nameless"),
    ]
    with Filter(rules) as filter:
        for (name, macros), answer in told:
            with session(filter, name=name, **macros) as s:
                same(s.mail("<a@example.net>"), answer, "%s %s" % (name, macros))


@case("IPv6 clients, and IPv4 ones in IPv6")
def _():
    rules = 'connect, "* 2001:db8::7", close, "554 six"\nconnect, "* 203.0.113.7", close, "554 four"\n'
    with Filter(rules) as filter:
        for address, answer in (("2001:db8::7", "554 six"), ("2001:DB8:0:0::7", "554 six"), ("203.0.113.7", "554 four"),
                                ("::ffff:203.0.113.7", "554 four"), ("2001:db8::8", "continue")):
            with session(filter, address=address) as s:
                same(s.mail("<a@example.net>"), answer, address)


@case("a client that did not come over the network is not judged")
def _():
    with Filter('helo, "*", refuse, "554 Nobody"\nheaders, not has(Message-ID), fail, "553 no"\n') as filter:
        for address in (None, "/run/local.sock"):
            with session(filter, name="localhost", address=address) as s:
                same(message(s), "continue", str(address))
        with session(filter) as s:
            same(s.mail("<a@example.net>"), "554 Nobody")


@case("the address and the name that the client connected to are our own")
def _():
    rules = 'helo, own-name, refuse, "554 That is me"\n'
    ours = [
        ("[192.0.2.25]", {"if_addr": "192.0.2.25"}),
        ("192.0.2.25", {"daemon_addr": "192.0.2.25"}),
        ("[192.0.2.25]", {"if_addr": "192.0.2.25", "daemon_addr": "0.0.0.0"}),
        ("[IPv6:2001:db8::25]", {"if_addr": "IPv6:2001:db8::25"}),
        ("mx.example.org", {"j": "mx.example.org"}),
    ]
    with Filter(rules) as filter:
        for helo, macros in ours:
            with session(filter, helo=helo, **macros) as s:
                same(s.mail("<a@example.net>"), "554 That is me", helo)
        with session(filter, helo="[192.0.2.26]", if_addr="192.0.2.25", j="mx.example.org") as s:
            same(s.mail("<a@example.net>"), "continue")


@case("AUTH exempts; on a submission port HELO waits for it")
def _():
    rules = 'helo, not fqdn, refuse, "554 HELO unacceptable"\nheaders, not has(Message-ID), fail, "553 no"\n'
    with Filter(rules) as filter:
        with session(filter, helo="pc", daemon_port="587") as s:
            same(message(s, fields=[]) if s.mail("<a@example.net>", auth_type="PLAIN", auth_authen="u") == "continue"
                 else "refused", "continue")
        with session(filter, helo="pc", daemon_port="587") as s:
            same(s.mail("<a@example.net>"), "554 HELO unacceptable")
        with session(filter, helo="pc", daemon_port="25") as s:
            same(s.mail("<a@example.net>", auth_authen="u"), "554 HELO unacceptable")


@case("MAIL and RCPT are judged with their parameters")
def _():
    rules = 'mail, "MAIL FROM:<a@example.net> SIZE=1762 BODY=8BITMIME", fail, "554 mail"\n' \
            'rcpt, "RCPT TO:<b@example.com> NOTIFY=NEVER", fail, "554 rcpt"\n'
    with Filter(rules) as filter, session(filter) as s:
        same(s.mail("<a@example.net>", "SIZE=1762", "BODY=8BITMIME"), "554 mail")
        same(s.mail("<a@example.net>", "SIZE=1762"), "continue")
        same(s.rcpt("<b@example.com>", "NOTIFY=NEVER"), "554 rcpt")
        same(s.rcpt("<b@example.com>"), "continue")
        s.abort()
        same(s.mail("<>"), "continue")
        s.abort()
        same(s.mail("a@example.net", "SIZE=1762", "BODY=8BITMIME"), "554 mail")
        same(s.mail("<%s@example.net>" % ("x" * 60000)), "continue")


@case("a trap that the MTA does not know lists the client, and what else it refused is no recipient")
def _():
    rules = RULES.replace("close,", "close block,")
    with Filter(rules) as filter:
        with session(filter) as s:
            same(s.mail("<a@example.net>"), "continue")
            same(s.rcpt("<nobody@example.com>", rcpt_mailer="error", rcpt_host="5.1.1"), "continue")
            same(s.rcpt("<user@example.com>", rcpt_mailer="local"), "continue")
            same(s.data(), "continue")
            s.eoh()
            same(s.eom(), UNIDENTIFIED)
            holds('to="user@example.com"' in filter.log(), "the first recipient is the one that was accepted")
        with session(filter) as s:
            same(s.mail("<a@example.net>"), "continue")
            same(s.rcpt("<trap@example.com>", rcpt_mailer="error", rcpt_host="5.1.1"), "continue")
            same(s.rcpt("<user@example.com>", rcpt_mailer="local"), GO_AWAY)
        with session(filter) as s:
            holds("short-term" in s.mail("<a@example.net>"), "the client is on the blocklist")


# ---- headers ----


@case("fields are judged as sent: blanks, folding, 8 bit")
def _():
    rules = 'header, "X-One: one", fail, "554 one blank"\nheader, "X-One:  two", fail, "554 two blanks"\n' \
            'header, "X-One:none", fail, "554 none"\nheader, "X-Long: a b*c", fail, "554 folded"\n' \
            'header, "X-Eight: *\u00fc", fail, "554 eight"\n'
    for steps in (CURRENT_STEPS, CURRENT_STEPS & ~LEADING_SPACE):
        blank = " " if steps & LEADING_SPACE else ""
        with Filter(rules) as filter, Session(filter.where, steps=steps) as s:
            s.connect("unknown", CLIENT)
            s.helo("client.example.net")
            same(message(s, fields=[("X-One", blank + "one")]), "554 one blank")
            same(message(s, fields=[("X-One", blank + " two")]), "554 two blanks")
            if steps & LEADING_SPACE:
                same(message(s, fields=[("X-One", "none")]), "554 none")
            same(message(s, fields=[("X-Long", blank + "a\n b\n\tc")]), "554 folded")
            same(message(s, fields=[("X-Eight", blank + "gr\u00fc")]), "554 eight")
            same(message(s, fields=[("X-Other", b"\xff\xfe\x01")]), "continue")


@case("a value with a line break in it does not become two fields")
def _():
    with Filter() as filter, session(filter) as s:
        for value in (" a\nMessage-ID: <x@y>", " a\r\nMessage-ID: <x@y>", " a\n\nMessage-ID: <x@y>", "\nMessage-ID: <x@y>"):
            same(message(s, fields=[("Subject", value)]), UNIDENTIFIED, repr(value))
        same(message(s, fields=[("Subject", " a\n b"), *GOOD]), "continue")


@case("a field of a million bytes, and ten thousand fields")
def _():
    with Filter('header, "X-Long: *end", fail, "554 to the end"\n' + RULES) as filter, session(filter) as s:
        same(message(s, fields=[("X-Long", " " + "x" * 60000 + "end")]), "554 to the end")
        same(message(s, fields=[("X-Long", " " + "x" * 1000000 + "end")]), "554 to the end")
        same(message(s, fields=[("X-Many", " %d" % i) for i in range(10000)]), UNIDENTIFIED)
        same(message(s, fields=[("X-Many", " %d" % i) for i in range(10000)] + list(GOOD)), "continue")


@case("an empty name or value is taken as it is")
def _():
    with Filter() as filter, session(filter) as s:
        same(message(s, fields=[("Subject", ""), ("X", ""), *GOOD]), "continue")


# ---- what is negotiated ----


@case("the MTA is asked for what is needed and for nothing else")
def _():
    with Filter() as filter, Session(filter.where) as s:
        same(hex(s.steps), hex(NO_REPLY_CONNECT | NO_REPLY_HEADER | NO_BODY | NO_REPLY_EOH | NO_UNKNOWN | REJECTED_RCPT | LEADING_SPACE))
        same(s.actions, 0x100, "actions")
        same(s.version, 6, "version")
        same(s.asked_macros[0], "j v {client_ptr} {client_resolve} {daemon_addr} {daemon_port} {if_addr}")
        same(s.asked_macros[2], "{auth_authen} {auth_type} {mail_addr}")
        same(s.asked_macros[3], "{rcpt_addr} {rcpt_mailer}")
        same([s.asked_macros[i] for i in (1, 4, 5, 6)], ["", "", "", ""])


@case("an old MTA that offers nothing is served too")
def _():
    for version, actions, steps in ((2, 0x3F, OLD_STEPS), (2, 0, 0), (4, 0x3F, 0x3FF), (6, 0x1FF, 0x7F), (99, 0xFFFF, 0xFFFFFF)):
        with Filter() as filter, Session(filter.where, version, actions, steps) as s:
            holds(s.steps & ~(steps or 0x3F) == 0, "no more is asked for than was offered")
            answer = "no reply" if s.steps & NO_REPLY_CONNECT else "continue"
            same(s.connect("unknown", CLIENT), answer)
            same(s.helo("client.example.net"), "continue")
            same(message(s, fields=GOOD), "continue", "%d/%x" % (version, steps))
            same(message(s, fields=[("Subject", "none")]), UNIDENTIFIED)


# ---- odd orders ----


@case("a message that is given up in any phase leaves nothing to the next one")
def _():
    with Filter() as filter, session(filter) as s:
        for steps in range(5):
            s.mail("<first@example.net>")
            if steps > 0:
                s.rcpt("<user@example.com>")
            if steps > 1:
                s.data()
            if steps > 2:
                s.header("Message-ID", " <good@example.net>")
            if steps > 3:
                s.header("Subject", " half")
            s.abort()
            same(message(s, fields=[("Subject", " none")]), UNIDENTIFIED, "after %d steps" % steps)


@case("aborts and HELOs where none belong")
def _():
    with Filter() as filter, session(filter) as s:
        s.abort()
        s.abort()
        same(s.helo("client.example.net"), "continue")
        same(s.mail("<a@example.net>"), "continue")
        same(s.helo("client.example.net"), "continue")
        same(message(s, fields=GOOD), "continue")
        s.abort()
        same(s.mail("<a@example.net>"), "continue")
        same(s.mail("<b@example.net>"), "continue")
        same(s.rcpt("<user@example.com>"), "continue")
        same(s.data(), "continue")
        s.eoh()
        same(s.eom(), UNIDENTIFIED)


@case("a client that is announced on the same connection is another one")
def _():
    with Filter() as filter, session(filter) as s:
        same(message(s, fields=[("Subject", " none")]), UNIDENTIFIED)
        for i in range(3):
            same(message(s, fields=GOOD), "continue")
            s.quit_new_connection()  # only there libmilter listens to it
            same(s.connect("unknown", "203.0.113.8"), "no reply")
            same(s.helo("mail.example.com" if i == 1 else "client.example.net"), "continue")
            if i == 1:
                same(s.mail("<a@example.net>"), NOT_ACCEPTABLE)
                break
        s.quit()


@case("an MTA that goes away in any phase takes nothing with it")
def _():
    with Filter() as filter:
        for steps in range(8):
            s = connected(filter.where)
            packets = [b"O" + struct.pack("!III", 6, CURRENT_ACTIONS, CURRENT_STEPS),
                       b"C" + strings("unknown") + b"4" + struct.pack("!H", 1) + strings(CLIENT),
                       b"H" + strings("client.example.net"), b"M" + strings("<a@example.net>"),
                       b"R" + strings("<b@example.com>"), b"T", b"L" + strings("Subject", " x"), b"E"]
            for packet in packets[:steps]:
                s.sendall(struct.pack("!I", len(packet)) + packet)
            if steps % 2:
                s.sendall(b"\0\0\0")
            s.close()
        with session(filter) as s:
            same(message(s, fields=GOOD), "continue")


@case("garbage ends its own connection and no other")
def _():
    junk = [b"\xff\xff\xff\xffX", b"\0\0\0\0", b"\0\0\0\x01?", b"GET / HTTP/1.0\r\n\r\n", b"\0\0\0\x05Oabcd",
            b"\0\0\0\x01C", b"\0\0\0\x0dO" + struct.pack("!III", 1, 0, 0)]
    offer = b"\0\0\0\x0dO" + struct.pack("!III", 6, CURRENT_ACTIONS, CURRENT_STEPS)
    after = [b"\0\0\0\x02Cx", b"\0\0\0\x09C" + b"x\0" + b"4\0\0" + b"abc", b"\0\0\0\x05Cx\x00Zq", b"\0\0\0\x01H",
             b"\0\0\0\x02Hx", b"\0\0\0\x02Mx", b"\0\0\0\x02Lx", b"\0\0\0\x03D?\0", b"\0\0\0\x01D", b"\0\0\0\x01B"]
    with Filter() as filter, session(filter) as witness:
        for piece in junk + [offer + more for more in after]:
            peer = connected(filter.where)
            peer.sendall(piece)
            peer.close()
        same(message(witness, fields=GOOD), "continue")
        with session(filter) as s:
            same(message(s, fields=GOOD), "continue")


@case("commands in any order: a thousand sessions of up to forty")
def _():
    chance = random.Random(5)
    packets = [b"C" + strings("unknown") + b"4" + struct.pack("!H", 1) + strings(CLIENT), b"C" + strings("local") + b"U",
               b"H" + strings("client.example.net"), b"H" + strings("mail.example.com"), b"H" + strings(""),
               b"DM" + strings("{auth_type}", "PLAIN"), b"DR" + strings("{rcpt_mailer}", "error"), b"DR",
               b"M" + strings("<a@example.net>"), b"M" + strings("<>", "SIZE=1"), b"M" + strings(""),
               b"R" + strings("<b@example.com>"), b"R" + strings("<trap@example.com>"), b"R" + strings("", ""), b"T",
               b"L" + strings("Subject", " x"), b"L" + strings("Message-ID", " <a@b>"), b"L" + strings("", "", ""), b"N",
               b"B" + b"body", b"E", b"A", b"K", b"Q", b"U" + strings("HELP")]
    offer = b"O" + struct.pack("!III", 6, CURRENT_ACTIONS, CURRENT_STEPS)
    with Filter() as filter:
        for _ in range(1000):
            said = [offer] if chance.random() < 0.95 else []
            # Half of them begin as they should, and so get further.
            said += [packets[i] for i in (0, 2, 8, 11, 14)[:chance.randrange(6)]] if chance.random() < 0.5 else []
            said += [chance.choice(packets) for _ in range(chance.randrange(40))]
            peer = connected(filter.where)
            try:
                peer.sendall(b"".join(struct.pack("!I", len(packet)) + packet for packet in said))
                peer.shutdown(socket.SHUT_WR)
                while peer.recv(65536):
                    pass
            except ConnectionError:  # it closed while we were talking
                pass
            peer.close()
        until(lambda: filter.descriptors() < 20, "descriptors stay open")
        with session(filter, address="203.0.113.9") as s:
            same(message(s, fields=GOOD), "continue")


@case("sessions in between each other do not mix")
def _():
    with Filter() as filter:
        sessions = [session(filter, address="203.0.113.%d" % i, helo="mail.example.com" if i % 3 == 0 else "c.example.net")
                    for i in range(1, 60)]
        for i, s in enumerate(sessions, 1):
            same(s.mail("<a@example.net>"), NOT_ACCEPTABLE if i % 3 == 0 else "continue")
        for i, s in enumerate(sessions, 1):
            if i % 3:
                same(s.rcpt("<b@example.com>"), "continue")
        for i, s in enumerate(sessions, 1):
            if i % 3:
                same(s.data(), "continue")
                if i % 3 == 1:
                    s.header("Message-ID", " <x@y>")
        for i, s in enumerate(sessions, 1):
            if i % 3:
                s.eoh()
                same(s.eom(), "continue" if i % 3 == 1 else UNIDENTIFIED)
            s.quit()


# ---- no rules, no memory ----


@case("without rules --on-error decides, and a mended file is in force at once")
def _():
    for option, answer in ((None, "continue"), ("pass", "continue"), ("tempfail", "451 4.3.0 Temporary local problem")):
        with Filter("helo, nonsense\n", *(["--on-error", option] if option else [])) as filter:
            with session(filter) as s:
                same(message(s), answer)
            holds("no rules are in force" in filter.log(), "the log says so")
            filter.write_rules(RULES)
            filter.signal(1)
            filter.logged("rules in force")
            with session(filter) as s:
                same(message(s), UNIDENTIFIED)


@case("without memory for a session mail goes on as --on-error says, and the log has it")
def _():
    library = os.path.join(BUILD, "milter", "no_memory.so")
    for option, answer in (("pass", "continue"), ("tempfail", "tempfail")):
        with Filter(RULES, "--on-error", option, "--library", library) as filter, session(filter) as s:
            same(message(s, rcpt="<trap@example.com>"), answer)
            s.abort()
            same(s.mail("<a@example.net>"), answer)
            holds("gatepost-milter: out of memory" in filter.log(), "the log says so")


finish("protocol")
