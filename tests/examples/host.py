#!/usr/bin/env python3
"""host.py LIBRARY CONF CLIENT-ADDRESS: what host.c does, from Python: a mail server on standard input and output.

The structs are those of gatepost.h, as ctypes wants them. Strings go in as bytes and a length; ctypes turns a NULL into None.
"""
import ctypes
import sys
from ctypes import CFUNCTYPE, POINTER, Structure, byref, c_char, c_char_p, c_int, c_int64, c_size_t, c_uint32, c_uint64, c_void_p, sizeof

MAJOR = 1
PASS, FAIL, REFUSE, CLOSE, DROP = range(5)
NO_STATE = 2

# The engine hands the line over with its length, so it is taken as an address, not as a C string.
Log = CFUNCTYPE(None, c_void_p, c_uint32, c_void_p, c_size_t)
Clock = CFUNCTYPE(c_int64, c_void_p)


class Sized(Structure):
    """A struct that begins with its size; the rest is zero: unknown, none, default."""

    def __init__(self, **members):
        super().__init__(size=sizeof(self), **members)


class Host(Sized):
    _fields_ = [("size", c_uint32), ("reserved", c_uint32), ("context", c_void_p), ("log", Log), ("clock", Clock)]


class OpenOptions(Sized):
    _fields_ = [("size", c_uint32), ("flags", c_uint32), ("host", POINTER(Host)), ("config", c_char_p), ("state_dir", c_char_p)]


class Error(Sized):
    _fields_ = [("size", c_uint32), ("line", c_uint32), ("column", c_uint32), ("file", c_char * 256), ("message", c_char * 512)]


class Client(Sized):
    _fields_ = [
        ("size", c_uint32), ("name_state", c_uint32), ("port", c_uint32), ("local_port", c_uint32),
        ("address", c_char_p), ("address_size", c_size_t), ("name", c_char_p), ("name_size", c_size_t),
        ("local_address", c_char_p), ("local_address_size", c_size_t), ("local_name", c_char_p), ("local_name_size", c_size_t),
    ]


class Verdict(Sized):
    _fields_ = [
        ("size", c_uint32), ("action", c_uint32), ("phase", c_uint32), ("code", c_uint32),
        ("enhanced", c_char * 12), ("block_seconds", c_uint32), ("text", c_char_p), ("text_size", c_size_t),
        ("reply", c_char_p), ("reply_size", c_size_t), ("cause", c_char_p), ("cause_size", c_size_t),
    ]


ENGINE = SESSION = c_void_p
ASK = CFUNCTYPE(c_int, SESSION, POINTER(Verdict))
LINE = CFUNCTYPE(c_int, SESSION, c_char_p, c_size_t, c_uint32, POINTER(Verdict))
TELL = CFUNCTYPE(None, SESSION)


class Api(Structure):
    _fields_ = [
        ("size", c_uint32), ("major", c_uint32), ("minor", c_uint32), ("reserved", c_uint32), ("version", c_char_p),
        ("engine_open", CFUNCTYPE(c_int, POINTER(OpenOptions), POINTER(ENGINE), POINTER(Error))),
        ("engine_close", CFUNCTYPE(None, POINTER(ENGINE))),
        ("engine_refresh", CFUNCTYPE(c_int, ENGINE)),
        ("session_open", CFUNCTYPE(c_int, ENGINE, POINTER(Client), POINTER(SESSION))),
        ("session_close", CFUNCTYPE(None, POINTER(SESSION))),
        ("needs", CFUNCTYPE(c_uint32, SESSION)),
        ("client_name", CFUNCTYPE(None, SESSION, c_char_p, c_size_t, c_uint32)),
        ("unknown", CFUNCTYPE(None, SESSION, c_uint32)),
        ("connect", ASK), ("helo", LINE), ("mail", LINE), ("rcpt", LINE), ("data", ASK),
        ("auth", TELL), ("rcpt_rejected", TELL),
        ("header_text", CFUNCTYPE(None, SESSION, c_char_p, c_size_t)),
        ("header", CFUNCTYPE(None, SESSION, c_char_p, c_size_t, c_char_p, c_size_t)),
        ("end_of_headers", ASK),
        ("end_of_message", CFUNCTYPE(c_int, SESSION, c_uint64, POINTER(Verdict))),
        ("reset", TELL),
        ("get_ext", CFUNCTYPE(c_void_p, c_char_p)),
    ]


def load(library):
    """The engine's functions; OSError or AttributeError say why there are none."""
    entry = ctypes.CDLL(library).gatepost_api
    entry.argtypes, entry.restype = [c_uint32], POINTER(Api)
    table = entry(MAJOR)
    if not table:
        raise OSError(f"{library} does not speak version {MAJOR}")
    return table.contents


def serve(api, session):
    verdict = Verdict()

    def answer(action, good):
        """Says our reply, or GOOD if there is no objection. Returns whether the connection stays open."""
        if action != DROP:
            sys.stdout.buffer.write((good if action == PASS else verdict.reply) + b"\r\n")
            sys.stdout.buffer.flush()
        return action not in (CLOSE, DROP)

    verbs = {
        b"HELO": (api.helo, b"250 mx.example.com"), b"EHLO": (api.helo, b"250 mx.example.com"),
        b"MAIL": (api.mail, b"250 Sender ok"), b"RCPT": (api.rcpt, b"250 Recipient ok"),
    }
    in_data = False
    is_open = answer(api.connect(session, byref(verdict)), b"220 mx.example.com ESMTP")
    while is_open and (line := sys.stdin.buffer.readline()):
        verb = line[:4].upper()
        if in_data and line.rstrip(b"\r\n") == b".":
            in_data = False
            is_open = answer(api.end_of_message(session, 0, byref(verdict)), b"250 Message accepted")
        elif in_data:
            text = line[1:] if line.startswith(b".") else line
            api.header_text(session, text, len(text))  # takes no notice of the body
        elif verb in verbs:
            ask, good = verbs[verb]
            is_open = answer(ask(session, line, len(line), 0, byref(verdict)), good)
        elif verb == b"DATA":
            in_data = api.data(session, byref(verdict)) == PASS
            is_open = answer(verdict.action, b"354 Go ahead")
        else:
            is_open = verb != b"QUIT"
            answer(PASS, b"250 Ok" if is_open else b"221 Bye")


def main(library, config, address):
    api = load(library)
    log = Log(lambda context, level, line, n: print(ctypes.string_at(line, n).decode(errors="replace"), file=sys.stderr))
    host = Host(log=log)
    options = OpenOptions(flags=NO_STATE, host=ctypes.pointer(host), config=config.encode())
    client = Client(address=address.encode(), address_size=len(address), local_name=b"mx.example.com", local_name_size=14)
    engine, session, error = ENGINE(), SESSION(), Error()
    if api.engine_open(byref(options), byref(engine), byref(error)) < 0:
        print(error.message.decode(errors="replace"), file=sys.stderr)
        return 3
    if api.session_open(engine, byref(client), byref(session)) == 0:
        serve(api, session)
        api.session_close(byref(session))
    api.engine_close(byref(engine))
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    try:
        sys.exit(main(*sys.argv[1:]))
    except (OSError, AttributeError) as problem:
        print(problem, file=sys.stderr)
        sys.exit(2)
