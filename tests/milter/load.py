"""gatepost-milter under load: no growth over many sessions, and rules that change under them."""
import os
import signal
import subprocess
import time

from frame import BUILD, RULES, SLOWNESS, UNIDENTIFIED, Filter, case, finish, holds, same, until
from milter_client import Session, message

SESSIONS = int(os.environ.get("GATEPOST_SESSIONS", "100000"))
# Of the resident memory, in kB: what an allocator may still take for itself.
GROWTH = 512
LOAD = os.path.join(BUILD, "milter", "load")


def load(filter, sessions, threads, seconds=None):
    command = [LOAD, filter.path, str(sessions), str(threads)] + ([str(seconds)] if seconds else [])
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process):
    output, errors = process.communicate(timeout=300 * SLOWNESS)
    same(process.returncode, 0, "status of the load (%s %s)" % (output.strip(), errors[:500]))
    return int(output.split()[0]), output.strip()


@case("no growth over %d sessions" % SESSIONS)
def _():
    with Filter() as filter:
        ended(load(filter, max(SESSIONS // 10, 1000), 20))
        memory, descriptors = filter.resident(), filter.descriptors()
        count, what = ended(load(filter, SESSIONS, 20))
        same(count, SESSIONS, "sessions")
        print("%s; resident memory %d kB, then %d kB" % (what, memory, filter.resident()))
        if SLOWNESS == 1:  # a sanitizer keeps what was freed
            holds(filter.resident() - memory < GROWTH, "resident memory went from %d to %d kB" % (memory, filter.resident()))
        until(lambda: filter.descriptors() <= descriptors, "descriptors stay open")


@case("rules that change, break and come back under load disturb no session")
def _():
    with Filter() as filter:
        running = load(filter, 1 << 30, 20, 8)
        changes = 0
        while running.poll() is None:
            filter.write_rules(RULES + "# %d\n" % changes if changes % 3 else "helo, nonsense\n")
            filter.signal(signal.SIGHUP)
            changes += 1
            time.sleep(0.02)
        count, what = ended(running)
        holds(changes > 20 and count > 100, "%s over %d changes" % (what, changes))
        print("%s over %d changes" % (what, changes))
        filter.write_rules(RULES)
        filter.signal(signal.SIGHUP)
        filter.logged("rules in force")
        with Session(filter.where) as s:
            s.connect("unknown", "203.0.113.7")
            same(s.helo("client.example.net"), "continue")
            same(message(s), UNIDENTIFIED)


@case("SIGTERM under load: the process ends, and its sessions end as they should")
def _():
    for _ in range(5):
        with Filter(RULES, "--grace", "20") as filter:
            running = load(filter, 1 << 30, 20, 2)
            time.sleep(0.5)
            filter.signal(signal.SIGTERM)
            same(filter.wait(20), 0, "status")
            _, errors = running.communicate(timeout=60 * SLOWNESS)
            # Who comes too late is not let in, or waited at the door when it closed; nobody inside is cut off.
            for line in errors.splitlines():
                holds("refused" in line or "No such file" in line or ": Q, not" in line or "reset" in line
                      or "Broken pipe" in line, line)


@case("two thousand sessions open at once")
def _():
    with Filter() as filter:
        sessions = []
        try:
            for i in range(min(2000, max(SESSIONS // 10, 100))):
                s = Session(filter.where)
                s.connect("unknown", "203.0.%d.%d" % (i // 250, i % 250))
                same(s.helo("client.example.net"), "continue")
                sessions.append(s)
            for s in sessions:
                same(message(s), UNIDENTIFIED)
        finally:
            for s in sessions:
                s.quit()


finish("load")
