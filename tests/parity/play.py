#!/usr/bin/env python3
"""Plays the inputs of the parity test into the server at 127.0.0.1:25: play.py SEED COUNT OUT [THREADS].

OUT (pickle) gets for each session what the server accepted: {number: [(message number, MAIL line, RCPT lines, accepted)]}. A
command that the server turns away is followed by an ordinary one, so that each message gets to its end.
"""
import pickle
import queue
import socket
import sys
import threading

from inputs import sessions

TIMEOUT = 60


class Gone(Exception):
    pass


class Peer:
    def __init__(self, client):
        self.socket = socket.socket()
        self.socket.settimeout(TIMEOUT)
        self.socket.bind((client, 0))
        self.socket.connect(("127.0.0.1", 25))
        self.stream = self.socket.makefile("rb")
        self.reply()

    def reply(self):
        while True:
            line = self.stream.readline()
            if not line:
                raise Gone()
            if line[3:4] != b"-":
                return line[:3]

    def say(self, line):
        self.socket.sendall(line + b"\r\n")
        return self.reply()

    def close(self):
        self.stream.close()
        self.socket.close()


def stuffed(data):
    return (b"\r\n" + data).replace(b"\r\n.", b"\r\n..").replace(b"\n.\r", b"\n..\r")[2:]


def transaction(peer, session, message):
    """One message; what the server accepted of it."""
    mail = message.mail
    if peer.say(mail) != b"250":
        mail = b"MAIL FROM:<fallback@example.net>"
        if peer.say(mail) != b"250":
            raise Gone()
    rcpts = [line for line in message.rcpts if peer.say(line) == b"250"]
    if not rcpts:
        rcpts = [b"RCPT TO:<fallback@example.com>"]
        peer.say(rcpts[0])
    accepted = peer.say(b"DATA") == b"354"
    if accepted:
        accepted = peer.say(stuffed(message.header(session.number)) + b"\r\n\r\nbody\r\n.") == b"250"
    else:
        peer.say(b"RSET")
    return message.number, mail, rcpts, accepted


def play(session):
    done = []
    for message in session.messages:
        # A server may close after an error; the message then comes with the next connection.
        for _ in range(2):
            peer = None
            try:
                peer = Peer(session.client)
                if peer.say(session.helo) != b"250":
                    peer.say(b"EHLO fallback.example.net")
                done.append(transaction(peer, session, message))
                peer.say(b"QUIT")
                break
            except (Gone, OSError):
                continue
            finally:
                if peer:
                    peer.close()
    return done


def work(todo, results):
    while True:
        try:
            session = todo.get_nowait()
        except queue.Empty:
            return
        results[session.number] = play(session)


def main(seed, count, out, threads="8"):
    todo, results = queue.Queue(), {}
    for session in sessions(int(seed), int(count)):
        todo.put(session)
    workers = [threading.Thread(target=work, args=(todo, results)) for _ in range(int(threads))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    with open(out, "wb") as file:
        pickle.dump(results, file)
    messages = [message for done in results.values() for message in done]
    print("%d sessions, %d messages, %d of them accepted" % (len(results), len(messages), sum(m[3] for m in messages)))


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
