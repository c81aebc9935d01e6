"""gatepost-milter as a process: options, sockets, signals, readiness, and what it says when it cannot."""
import grp
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time

from frame import (BUILD, GOOD, LIBRARY, PROGRAM, RULES, SLOWNESS, UNIDENTIFIED, Filter, Skipped, case, finish,
                   holds, same, until)
from milter_client import Session, connected, message, strings

CLIENT = "203.0.113.7"


def session(filter, helo="client.example.net"):
    s = Session(filter.where)
    s.connect("unknown", CLIENT)
    s.helo(helo)
    return s


def run(*arguments, cwd=None, **environment):
    """Runs the program to its end: status, output, errors."""
    done = subprocess.run([PROGRAM, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                          timeout=30 * SLOWNESS, cwd=cwd, env={**os.environ, **environment})
    return done.returncode, done.stdout, done.stderr


def cannot(filter, *options):
    """A start that fails: what it says. Status is 3."""
    status, _, errors = run(*filter.command()[1:], *options)
    same(status, 3, "status")
    return errors


# ---- options ----


@case("--help shows an example, --version the version")
def _():
    status, output, _ = run("--help")
    same(status, 0)
    holds("example: gatepost-milter" in output and "--grace" in output, output)
    status, output, _ = run("--version")
    same((status, output.split()[0]), (0, "gatepost-milter"))


@case("wrong usage is status 2 and says what is expected")
def _():
    for arguments, part in ((["--nonsense"], "--help"), (["--socket-mode", "rw"], "octal"), (["--grace", "-1"], "seconds"),
                            (["--on-error", "panic"], "pass or tempfail"), (["--log", "nowhere"], "stderr or syslog"),
                            (["extra"], "unexpected argument 'extra'"), (["--config"], "--help"),
                            (["--socket-mode", "1777"], "octal")):
        status, output, errors = run(*arguments)
        same((status, output), (2, ""), str(arguments))
        holds(part in errors, errors)


# ---- what is missing ----


@case("a library that is missing, none, or no engine is status 3 with the reason, and leaves no socket")
def _():
    with Filter(start=False) as filter:
        for library, part in (("/nonexistent/gatepost.so", "cannot load the engine"), (PROGRAM, "cannot load the engine"),
                              ("libm.so.6", "no gatepost_api"), (filter.config, "cannot load the engine")):
            errors = cannot(filter, "--library", library)
            holds(part in errors and library in errors, errors)
            holds(not os.path.exists(filter.path), "the socket is gone")


@case("a user or group that does not exist")
def _():
    with Filter(start=False) as filter:
        holds("there is no such user" in cannot(filter, "--user", "no-such-user"), "user")
        holds("there is no such group" in cannot(filter, "--socket-group", "no-such-group"), "group")


@case("a broken rule file at the start: it serves, and says that no rules are in force")
def _():
    with Filter("helo, nonsense\n") as filter, session(filter) as s:
        same(message(s), "continue")
        holds("gatepost.conf:1" in filter.log() and "no rules are in force" in filter.log(), filter.log())


@case("a rule file that is missing: the same")
def _():
    with Filter(None) as filter, session(filter) as s:
        same(message(s), "continue")
        holds("no rules are in force" in filter.log(), filter.log())


# ---- sockets ----


@case("a local socket can be used by its group and nobody else, or as --socket-mode says")
def _():
    for options, mode in (([], 0o660), (["--socket-mode", "600"], 0o600), (["--socket-mode", "0666"], 0o666)):
        with Filter(RULES, *options) as filter:
            same(stat.S_IMODE(os.lstat(filter.path).st_mode), mode, "mode")


@case("the socket belongs to --socket-group and --user, and the process to the user")
def _():
    if os.getuid() != 0:
        raise Skipped("needs root")
    user, group = pwd.getpwnam("nobody"), grp.getgrnam("mail")
    filter = Filter(RULES, "--user", "nobody", "--socket-group", "mail", "--log", "stderr", start=False)
    with tempfile.TemporaryDirectory() as folder, filter:
        # The user must get at it, and at the engine, wherever the tree lies.
        os.chmod(folder, 0o755)
        engine = shutil.copy(LIBRARY, os.path.join(folder, "gatepost.so"))
        os.chmod(engine, 0o755)
        filter.path = filter.where = os.path.join(folder, "sock")
        filter.socket = "local:" + filter.path
        filter.config = os.path.join(folder, "gatepost.conf")
        filter.write_rules(RULES)
        filter.options += ("--state-dir", os.path.join(folder, "state"), "--pid-file", os.path.join(folder, "pid"),
                           "--library", engine)
        os.mkdir(os.path.join(folder, "state"))
        os.chown(os.path.join(folder, "state"), user.pw_uid, user.pw_gid)
        filter.start()
        found = os.lstat(filter.path)
        same((found.st_uid, found.st_gid), (user.pw_uid, group.gr_gid), "owner")
        with open("/proc/%d/status" % filter.process.pid, encoding="ascii") as file:
            status = dict(line.split(":", 1) for line in file)
        same(status["Uid"].split(), [str(user.pw_uid)] * 4, "user ids")
        same(status["Gid"].split(), [str(user.pw_gid)] * 4, "group ids")
        same(int(status["CapEff"], 16), 0, "capabilities")
        holds("0" not in status["Groups"].split(), "not in root's group")
        holds("runs as root" not in filter.log(), "no warning")
        with session(filter) as s:
            same(message(s), UNIDENTIFIED)
        holds(os.path.exists(os.path.join(folder, "state", "blocklist")) or os.listdir(os.path.join(folder, "state")),
              "state is written as that user")


@case("kill -9, and the next start takes the place of the stale socket")
def _():
    with Filter() as filter:
        with session(filter):
            filter.signal(signal.SIGKILL)
            filter.wait()
        holds(os.path.exists(filter.path), "the stale socket is there")
        filter.start()
        with session(filter) as s:
            same(message(s), UNIDENTIFIED)


@case("a socket on which somebody answers is left alone")
def _():
    with Filter() as filter:
        holds("a program answers" in cannot(filter), "reason")
        with session(filter) as s:
            same(message(s), UNIDENTIFIED)


@case("what is no socket is left alone")
def _():
    with Filter(start=False) as filter:
        with open(filter.path, "w", encoding="ascii") as file:
            file.write("precious")
        holds("is not a socket" in cannot(filter), "reason")
        with open(filter.path, encoding="ascii") as file:
            same(file.read(), "precious")
        os.remove(filter.path)
        os.symlink(filter.config, filter.path)
        holds("is not a socket" in cannot(filter), "reason")


@case("a socket that cannot be: folder missing, path too long, kind unknown, address in use")
def _():
    with Filter(start=False) as filter:
        for where, part in (("local:/nonexistent/sock", "No such file"), ("local:/" + "x" * 200, "too long"),
                            ("carrier-pigeon:1", "expected local:/PATH"), ("inet:1@192.0.2.77", "inet:1@192.0.2.77")):
            holds(part in cannot(filter, "--socket", where), where)
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            errors = cannot(filter, "--socket", "inet:%d@127.0.0.1" % taken.getsockname()[1])
            holds("in use" in errors, errors)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@case("over TCP, and TCP6")
def _():
    with Filter(socket="inet:%d@127.0.0.1" % free_port()) as filter, session(filter) as s:
        same(message(s), UNIDENTIFIED)
        same(message(s, fields=GOOD), "continue")
    if os.path.exists("/proc/net/if_inet6") and os.path.getsize("/proc/net/if_inet6"):
        port = free_port()
        with Filter(socket="inet6:%d@[::1]" % port):
            socket.create_connection(("::1", port), 10).close()


@case("over TCP no message waits for an acknowledgement")
def _():
    fields = [b"L" + strings("X-Field", " " + "x" * 150) for _ in range(20)] + [b"L" + strings(*GOOD[0])]
    with Filter(socket="inet:%d@127.0.0.1" % free_port()) as filter, session(filter) as s:
        def packet(data):
            return len(data).to_bytes(4, "big") + data

        def one():
            """As Postfix does it: one write for macros and command, and header fields gathered until an answer is due."""
            for data in (b"M" + strings("<a@example.net>"), b"R" + strings("<b@example.com>"), b"T"):
                s.peer.sendall(packet(data))
                same(s.answer(), "continue")
            for data in fields + [b"N"]:
                s.peer.sendall(packet(data))
                if not s.steps & (0x40000 if data == b"N" else 0x80):
                    same(s.answer(), "continue")
            s.peer.sendall(packet(b"E"))
            same(s.answer(), "continue")

        one()
        times = []
        for _ in range(21):
            began = time.monotonic()
            one()
            times.append(time.monotonic() - began)
        middle = sorted(times)[10]
        holds(middle < 0.030 * SLOWNESS, "a message takes %.1f ms; Nagle and delayed acknowledgement are 40" % (middle * 1000))


# ---- signals ----


def fifty(filter):
    """Fifty sessions, in every phase of a message."""
    sessions = []
    for i in range(50):
        s = session(filter)
        if i % 5 > 0:
            same(s.mail("<a@example.net>"), "continue")
        if i % 5 > 1:
            same(s.rcpt("<b@example.com>"), "continue")
        if i % 5 > 2:
            same(s.data(), "continue")
        if i % 5 > 3:
            s.header(*GOOD[0])
        sessions.append(s)
    return sessions


def finish_fifty(sessions, answer):
    """Each goes on from where it was; what was judged by which rules is told by ANSWER."""
    for i, s in enumerate(sessions):
        if i % 5 < 1:
            same(s.mail("<a@example.net>"), "continue")
        if i % 5 < 2:
            same(s.rcpt("<b@example.com>"), "continue")
        if i % 5 < 3:
            same(s.data(), "continue")
        if i % 5 < 4:
            s.header("Subject", " x")
        s.eoh()
        same(s.eom(), "continue" if i % 5 == 4 else answer, "session %d" % i)
        same(message(s, fields=GOOD), "continue", "session %d, again" % i)
        s.quit()


@case("SIGHUP with a good file: fifty sessions end by the rules they began with, a new one has the new rules")
def _():
    with Filter() as filter:
        sessions = fifty(filter)
        filter.write_rules('headers, not has(Message-ID), fail, "553 The new rules"\n')
        filter.signal(signal.SIGHUP)
        until(lambda: filter.log().count("rules in force") == 2, "the new rules are not in force")
        with session(filter) as s:
            same(message(s), "553 The new rules")
        finish_fifty(sessions, UNIDENTIFIED)
        holds(filter.process.poll() is None, "the filter goes on")


@case("SIGHUP with a broken file: fifty sessions end normally, the last good rules stay, the log says so")
def _():
    with Filter() as filter:
        sessions = fifty(filter)
        filter.write_rules("headers, nonsense\n")
        filter.signal(signal.SIGHUP)
        filter.logged("the last good rules stay in force")
        with session(filter) as s:
            same(message(s), UNIDENTIFIED)
        finish_fifty(sessions, UNIDENTIFIED)
        filter.write_rules(RULES)
        filter.signal(signal.SIGHUP)
        until(lambda: filter.log().count("rules in force") == 2, "the mended rules are not in force")


@case("a hundred SIGHUPs in a row end nothing")
def _():
    with Filter() as filter:
        with session(filter) as s:
            for i in range(100):
                filter.write_rules(RULES + "# %d\n" % i)
                filter.signal(signal.SIGHUP)
                if i % 10 == 0:
                    same(message(s, fields=GOOD), "continue")
            same(message(s), UNIDENTIFIED)
        holds(filter.process.poll() is None, "the filter goes on")


@case("SIGHUP with nothing changed says so")
def _():
    with Filter() as filter:
        filter.signal(signal.SIGHUP)
        filter.logged("have not changed")


@case("SIGTERM: the open session is answered to its end, no new one is taken, then the process ends")
def _():
    with Filter() as filter:
        s = session(filter)
        same(s.mail("<a@example.net>"), "continue")
        filter.signal(signal.SIGTERM)
        until(lambda: not os.path.exists(filter.path), "the socket is not removed")
        try:
            connected(filter.where).close()
            holds(False, "a new connection was taken")
        except OSError:
            pass
        same(s.rcpt("<b@example.com>"), "continue")
        time.sleep(0.3)
        holds(filter.process.poll() is None, "it waits")
        same(s.data(), "continue")
        s.header("Subject", " x")
        s.eoh()
        same(s.eom(), UNIDENTIFIED)
        same(message(s, fields=GOOD), "continue")
        s.quit()
        same(filter.wait(5), 0, "status")
        holds("ended" in filter.log(), filter.log())


@case("SIGTERM over TCP: the same")
def _():
    with Filter(socket="inet:%d@127.0.0.1" % free_port()) as filter:
        s = session(filter)
        filter.signal(signal.SIGTERM)

        def closed():
            try:
                connected(filter.where).close()
                return False
            except OSError:
                return True

        until(closed, "new connections are taken")
        same(message(s), UNIDENTIFIED)
        s.quit()
        same(filter.wait(5), 0, "status")


@case("SIGTERM waits no longer than --grace, and a second one or SIGINT does not wait")
def _():
    with Filter(RULES, "--grace", "1") as filter, session(filter):
        filter.signal(signal.SIGTERM)
        same(filter.wait(5), 0, "status")
        holds("ending with 1 open sessions" in filter.log(), filter.log())
    for second in (signal.SIGTERM, signal.SIGINT):
        with Filter() as filter, session(filter):
            filter.signal(signal.SIGTERM)
            until(lambda: not os.path.exists(filter.path), "the socket is not removed")
            filter.signal(second)
            same(filter.wait(5), 0, "status")
    with Filter() as filter, session(filter):
        filter.signal(signal.SIGINT)
        same(filter.wait(5), 0, "status")


@case("SIGHUP while it ends does not matter")
def _():
    with Filter() as filter, session(filter) as s:
        filter.signal(signal.SIGTERM)
        until(lambda: not os.path.exists(filter.path), "the socket is not removed")
        filter.signal(signal.SIGHUP)
        same(message(s), UNIDENTIFIED)
        s.quit()
        same(filter.wait(5), 0, "status")


@case("a new filter may start while the old one ends")
def _():
    with Filter() as old, session(old) as s:
        old.signal(signal.SIGTERM)
        until(lambda: not os.path.exists(old.path), "the socket is not removed")
        with Filter(RULES, "--socket", old.socket) as new:
            new.where = old.where
            same(message(s), UNIDENTIFIED)
            s.quit()
            same(old.wait(5), 0, "status")
            with session(new) as t:
                same(message(t), UNIDENTIFIED)


@case("a socket that another filter has put there meanwhile is not removed")
def _():
    with Filter() as old:
        os.remove(old.path)
        with Filter(RULES, "--socket", old.socket) as new:
            new.where = old.where
            old.stop()
            with session(new) as s:
                same(message(s), UNIDENTIFIED)


@case("the pid file is no way to write into another file, whatever lies in its place")
def _():
    with Filter(start=False) as filter:
        pid_file, precious = os.path.join(filter.folder, "pid"), os.path.join(filter.folder, "precious")
        with open(precious, "w", encoding="ascii") as file:
            file.write("precious")
        for put, part in ((os.symlink, "symbolic link"), (os.link, "second name"), (lambda _, path: os.mkfifo(path), "cannot write"),
                          (lambda _, path: os.mkdir(path), "cannot write")):
            put(precious, pid_file)
            errors = cannot(filter, "--pid-file", pid_file)
            holds("cannot write " + pid_file in errors and part in errors, errors)
            (os.rmdir if os.path.isdir(pid_file) and not os.path.islink(pid_file) else os.remove)(pid_file)
            with open(precious, encoding="ascii") as file:
                same(file.read(), "precious")


@case("the pid file of a filter before is written anew, and only its own is removed")
def _():
    with Filter(start=False) as filter:
        pid_file = os.path.join(filter.folder, "pid")
        filter.options += ("--pid-file", pid_file)
        with open(pid_file, "w", encoding="ascii") as file:
            file.write("1234567890 of a filter before")
        filter.start()
        with open(pid_file, encoding="ascii") as file:
            same(file.read(), "%d\n" % filter.process.pid)
        with open(pid_file, "w", encoding="ascii") as file:
            file.write("1\n")
        filter.stop()
        with open(pid_file, encoding="ascii") as file:
            same(file.read(), "1\n", "the pid file of another")


@case("a socket put in the place of ours is not given away")
def _():
    if os.getuid() != 0:
        raise Skipped("needs root")
    swap = os.path.join(BUILD, "milter", "swap.so")
    subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-o", swap, "tests/milter/swap.c", "-ldl"], check=True)
    with Filter(start=False) as filter, socket.socket(socket.AF_UNIX) as victim:
        theirs = os.path.join(filter.folder, "victim")
        victim.bind(theirs)
        status, _, errors = run(*filter.command()[1:], "--user", "nobody", LD_PRELOAD=swap, SWAP_FOR=theirs)
        same(status, 3, "status")
        holds("something else was put in its place" in errors, errors)
        same(os.lstat(theirs).st_uid, 0, "the victim's owner")
        holds(os.path.exists(theirs), "the victim is there")


@case("a listening socket that a supervisor hands down stays as it is")
def _():
    with socket.socket(socket.AF_UNIX) as theirs, Filter(start=False) as filter:
        theirs.bind(os.path.join(filter.folder, "theirs"))
        theirs.listen()
        # Below the descriptor that libmilter will get.
        with open(filter.log_path, "a", encoding="utf-8") as log:
            filter.process = subprocess.Popen(filter.command(), stdin=theirs, stdout=log, stderr=log)
        until(lambda: "listens on" in filter.log(), "the filter does not start")
        with session(filter) as s:
            filter.signal(signal.SIGTERM)
            until(lambda: "accepting no more connections" in filter.log(), "SIGTERM is not heard")
            same(os.readlink("/proc/%d/fd/0" % filter.process.pid).split(":")[0], "socket", "what was handed down")
            try:
                connected(filter.where).close()
                holds(False, "a new connection was taken")
            except OSError:
                pass
            same(message(s), UNIDENTIFIED)
            s.quit()
        same(filter.wait(5), 0, "status")


# ---- service manager, background ----


@case("the service manager is told when connections are taken, and when it ends")
def _():
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        path = os.path.join(folder, "notify")
        manager.bind(path)
        manager.settimeout(10 * SLOWNESS)
        os.environ["NOTIFY_SOCKET"] = path
        try:
            with Filter(start=False) as filter:
                filter.start(wait=False)
                same(manager.recv(100), b"READY=1")
                with session(filter) as s:
                    same(message(s), UNIDENTIFIED)
                filter.stop()
                same(manager.recv(100), b"STOPPING=1")
        finally:
            del os.environ["NOTIFY_SOCKET"]


@case("--daemon: the command ends when connections are taken, the pid file names the process")
def _():
    with Filter(start=False) as filter:
        pid_file = os.path.join(filter.folder, "pid")
        status, output, errors = run(*filter.command()[1:], "--daemon", "--pid-file", pid_file, "--log", "stderr")
        same((status, output), (0, ""), errors)
        with open(pid_file, encoding="ascii") as file:
            pid = int(file.read())
        try:
            with session(filter) as s:
                same(message(s), UNIDENTIFIED)
            same(os.readlink("/proc/%d/cwd" % pid), "/", "folder")
            same({os.readlink("/proc/%d/fd/%d" % (pid, fd)) for fd in range(3)}, {"/dev/null"}, "descriptors")
        finally:
            os.kill(pid, signal.SIGTERM)
        until(lambda: not os.path.exists("/proc/%d" % pid) or
              " Z " in open("/proc/%d/stat" % pid, encoding="ascii").read(), "it does not end")
        holds(not os.path.exists(pid_file) and not os.path.exists(filter.path), "pid file and socket are removed")
        same(run(*filter.command()[1:], "--daemon", "--library", "/nonexistent")[0], 3, "status")


@case("--daemon with relative paths: rules are read again, and what was made is removed")
def _():
    with Filter(start=False) as filter:
        def here(path):
            return os.path.relpath(path, filter.folder)

        status, _, errors = run(*filter.command()[1:], "--daemon", "--log", "stderr", "--socket", "local:" + here(filter.path),
                                "--pid-file", "pid", "--config", here(filter.config), "--state-dir", "state", cwd=filter.folder)
        same(status, 0, errors)
        with open(os.path.join(filter.folder, "pid"), encoding="ascii") as file:
            pid = int(file.read())
        try:
            filter.write_rules('headers, not has(Message-ID), fail, "553 The new rules"\n')
            os.kill(pid, signal.SIGHUP)

            def judged_anew():
                with session(filter) as s:
                    return message(s) == "553 The new rules"

            until(judged_anew, "the new rules are not in force")
        finally:
            os.kill(pid, signal.SIGTERM)
        until(lambda: not os.path.exists(os.path.join(filter.folder, "pid")), "the pid file is not removed")
        holds(not os.path.exists(filter.path), "the socket is removed")


@case("the program needs libmilter and libc alone")
def _():
    if b"__asan_init" in open(PROGRAM, "rb").read() or b"__tsan_init" in open(PROGRAM, "rb").read():
        return
    output = subprocess.run(["readelf", "-d", PROGRAM], capture_output=True, text=True, check=True).stdout
    needed = {line.split("[")[1].split("]")[0] for line in output.splitlines() if "NEEDED" in line}
    holds(needed <= {"libmilter.so.1.0.1", "libc.so.6", "libdl.so.2", "libpthread.so.0"}, str(needed))


finish("process")
