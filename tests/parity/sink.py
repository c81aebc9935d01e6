#!/usr/bin/env python3
"""Takes what a mail server delivers: sink.py PORT OUT. An SMTP server on 127.0.0.1 that accepts everything and appends each
message to OUT as a pickle: (sender, [recipients], bytes as delivered). Ends by SIGTERM.
"""
import pickle
import re
import signal
import socketserver
import sys
import threading

lock = threading.Lock()
PATH = re.compile(rb"^[A-Z]+ [A-Z]+:<(.*)>(?: [A-Z0-9]+(?:=\S*)?)*\r?\n$", re.S | re.I)


class Delivery(socketserver.StreamRequestHandler):
    timeout = 60

    def say(self, *lines):
        for line in lines:
            self.wfile.write(line + b"\r\n")

    def data(self):
        self.say(b"354 go on")
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)

    def handle(self):
        sender, rcpts = None, []
        self.say(b"220 sink.example ESMTP")
        for line in self.rfile:
            verb = line[:4].upper()
            if verb == b"EHLO":
                self.say(b"250-sink.example", b"250-8BITMIME", b"250-SMTPUTF8", b"250-SIZE", b"250 PIPELINING")
            elif verb == b"DATA":
                message = (sender, rcpts, self.data())
                with lock:
                    pickle.dump(message, self.server.out)
                    self.server.out.flush()
                self.say(b"250 taken")
                sender, rcpts = None, []
            elif verb == b"QUIT":
                self.say(b"221 bye")
                return
            else:
                path = PATH.match(line)
                if verb == b"MAIL":
                    sender = path.group(1) if path else line
                elif verb == b"RCPT":
                    rcpts.append(path.group(1) if path else line)
                elif verb == b"RSET":
                    sender, rcpts = None, []
                self.say(b"250 ok")


class Sink(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    server = Sink(("127.0.0.1", int(sys.argv[1])), Delivery)
    server.out = open(sys.argv[2], "ab")  # pylint: disable=consider-using-with
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.serve_forever()
