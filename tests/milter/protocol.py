"""gatepost-milter in its own protocol: verdicts of every phase, and what no mail server sends when it is asked to."""
from frame import GO_AWAY, GOOD, NOT_ACCEPTABLE, UNIDENTIFIED, Filter, case, finish, holds, same
from milter_client import OLD_STEPS, Session, message


def session(filter, name="unknown", address="203.0.113.7", **macros):
    s = Session(filter.where)
    same(s.connect(name, address, **macros), "no reply")
    return s


@case("a message passes, and one without Message-ID gets the rule's reply after the dot")
def _():
    with Filter() as filter, session(filter) as s:
        same(s.helo("client.example.net"), "continue")
        same(message(s, fields=GOOD), "continue")
        same(message(s, fields=[("Subject", " none")]), UNIDENTIFIED)
        same(message(s, fields=GOOD), "continue")


@case("a refused HELO is answered at every MAIL")
def _():
    with Filter() as filter, session(filter) as s:
        same(s.helo("mail.example.com"), "continue")
        same(s.mail("<a@example.net>"), NOT_ACCEPTABLE)
        same(s.mail("<b@example.net>"), NOT_ACCEPTABLE)
        same(s.helo("other.example.net"), "continue")
        same(s.mail("<c@example.net>"), NOT_ACCEPTABLE)


@case("close: the reply, then the same to later commands")
def _():
    with Filter() as filter, session(filter) as s:
        s.helo("client.example.net")
        same(s.mail("<a@example.net>"), "continue")
        same(s.rcpt("<good@example.com>"), "continue")
        same(s.rcpt("<trap@example.com>"), GO_AWAY)
        same(s.rcpt("<good@example.com>"), GO_AWAY)
        same(s.data(), GO_AWAY)
        s.abort()
        same(s.mail("<a@example.net>"), GO_AWAY)


finish("protocol")
