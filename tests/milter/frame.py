"""What the tests of gatepost-milter share: the filter as a process, and the cases.

    with Filter(rules) as filter: ...    a filter of its own, in a folder of its own below $BUILD/milter
    @case("what holds")                  a case: it fails by an exception, which says what it missed
    finish("protocol")                   runs the cases; the last line is "protocol: N passed, N failed", and ", N skipped" if any were
"""
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

BUILD = os.path.abspath(os.environ.get("BUILD", "build"))
PROGRAM = os.environ.get("GATEPOST_MILTER", os.path.join(BUILD, "gatepost-milter"))
LIBRARY = os.environ.get("GATEPOST_LIBRARY", os.path.join(BUILD, "gatepost.so"))
# Instruments are slow.
SLOWNESS = int(os.environ.get("GATEPOST_SLOWNESS", "1"))

RULES = """own-names = mail.example.com
helo, own-name, refuse, "554 Format of command not acceptable here"
rcpt, "*<trap@*", close, "554 Spam is not welcome here - go away."
headers, not has(Message-ID), fail, "553 Unidentified messages are not acceptable here"
"""
UNIDENTIFIED = "553 Unidentified messages are not acceptable here"
NOT_ACCEPTABLE = "554 Format of command not acceptable here"
GO_AWAY = "554 Spam is not welcome here - go away."
GOOD = (("Message-ID", " <good@example.net>"),)

cases = []


class Skipped(Exception):
    """The case cannot be tried here, and is counted as skipped."""


def case(name):
    def remember(function):
        cases.append((name, function))
        return function

    return remember


def same(got, expected, what="answer"):
    if got != expected:
        raise AssertionError("%s is %r, not %r" % (what, got, expected))


def holds(truth, what):
    if not truth:
        raise AssertionError(what)


def until(condition, what, seconds=10):
    end = time.monotonic() + seconds * SLOWNESS
    while not condition():
        holds(time.monotonic() < end, "%s, not even after %d seconds" % (what, seconds * SLOWNESS))
        time.sleep(0.01)


class Filter:
    def __init__(self, rules=RULES, *options, socket=None, start=True):
        os.makedirs(os.path.join(BUILD, "milter"), exist_ok=True)
        self.folder = tempfile.mkdtemp(dir=os.path.join(BUILD, "milter"))
        self.config = os.path.join(self.folder, "gatepost.conf")
        self.log_path = os.path.join(self.folder, "log")
        self.path = os.path.join(self.folder, "sock")
        self.socket = socket or "local:" + self.path
        self.where = self.path if socket is None else ("127.0.0.1", int(socket.split(":")[1].split("@")[0]))
        self.options = options
        self.process = None
        os.mkdir(os.path.join(self.folder, "state"))
        if rules is not None:
            self.write_rules(rules)
        if start:
            self.start()

    def write_rules(self, rules):
        with open(self.config + ".new", "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(rules)
        os.replace(self.config + ".new", self.config)

    def command(self):
        return [PROGRAM, "--library", LIBRARY, "--config", self.config, "--socket", self.socket]\
            + ["--state-dir", os.path.join(self.folder, "state"), *self.options]

    def start(self, wait=True):
        before = self.log().count("listens on")
        with open(self.log_path, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if wait:
            until(lambda: self.log().count("listens on") > before or self.process.poll() is not None,
                  "the filter does not start")
            holds(self.process.poll() is None, "the filter ended: " + self.log())

    def log(self):
        if not os.path.exists(self.log_path):
            return ""
        with open(self.log_path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()

    def logged(self, text, times=None):
        if times is None:
            until(lambda: text in self.log(), "the log never says %r, but %r" % (text, self.log()[-600:]))
        else:
            same(self.log().count(text), times, "how often the log says %r" % text)

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=30):
        return self.process.wait(seconds * SLOWNESS)

    def stop(self):
        """Ends it as an administrator would; what is left of it is a failure."""
        if self.process and self.process.poll() is None:
            self.signal(signal.SIGTERM)
            same(self.wait(), 0, "exit status")

    def resident(self):
        """Resident memory in kB."""
        with open("/proc/%d/status" % self.process.pid, encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))

    def descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.process.pid))

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self.stop()
                for word in ("Sanitizer", "runtime error", "private data not NULL", "claimed not to reply"):
                    holds(word not in self.log(), "the log has %r: %s" % (word, self.log()[-3000:]))
                shutil.rmtree(self.folder)
        finally:
            if self.process and self.process.poll() is None:
                self.process.kill()
                self.process.wait()


def finish(name):
    passed = failed = skipped = 0
    wanted = sys.argv[1:]
    for title, function in cases:
        if wanted and not any(word in title for word in wanted):
            continue
        try:
            with contextlib.redirect_stdout(sys.stderr):
                function()
        except Skipped as reason:
            skipped += 1
            print("skipped - %s # %s" % (title, reason), flush=True)
        except Exception as error:  # pylint: disable=broad-except
            failed += 1
            where = traceback.extract_tb(error.__traceback__)[-1]
            print("not ok - %s: %s: %s (line %d)" % (title, type(error).__name__, error, where.lineno), flush=True)
        else:
            passed += 1
            print("ok - " + title, flush=True)
    print("%s: %d passed, %d failed" % (name, passed, failed) + (", %d skipped" % skipped if skipped else ""))
    sys.exit(1 if failed else 0)
