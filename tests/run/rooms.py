#!/usr/bin/env python3
"""rooms.py [--top DIR] [--objects DIR]: does the tree keep to the tables of rooms in core/README.md and tools/README.md?

A row of such a table is: | `room` | `what` `it` `may` `see` | what it is |, the highest room first. A room is a folder, or a
file, below the folder of the README; with a slash before it, below the top. Complaints, one a line:
  - an include of a room that the including file's room may not see, or that stands above it in the table;
  - a source file in no room;
  - an external name of an object that begins with neither its module's name nor its room's;
  - a circle among object files.
Status 0 if there is none of that, 1 if there is or a table cannot be read.
"""
import argparse
import os
import re
import subprocess
import sys

TABLES = ("core/README.md", "tools/README.md")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
ROW = re.compile(r"^\|\s*(`[^|]*`)\s*\|([^|]*)\|")
WORD = re.compile(r"`([^`]+)`")


class Room:
    def __init__(self, path, rank, sees, table):
        self.path, self.rank, self.sees, self.table = path, rank, sees, table


def place(folder, name):
    return name.strip("/") if name.startswith("/") else f"{folder}/{name.strip('/')}"


def read_tables(top):
    """All rooms by path. A table may name a whole folder of another table: `/core` is every room of it."""
    rooms, order = {}, 0
    for table in TABLES:
        folder = os.path.dirname(table)
        if not os.path.exists(f"{top}/{table}"):
            sys.exit(f"{table}: there is no table of rooms")
        for number, line in enumerate(open(f"{top}/{table}", encoding="utf-8"), 1):
            row = ROW.match(line)
            if not row:
                continue
            sees = [place(folder, word) for word in WORD.findall(row[2])]
            for name in WORD.findall(row[1]):
                order += 1
                rooms[place(folder, name)] = Room(place(folder, name), order, sees, f"{table}:{number}")
    if not rooms:
        sys.exit("rooms.py: no table has a row")
    return rooms


def room_of(rooms, path):
    while path:
        if path in rooms:
            return rooms[path]
        path = os.path.dirname(path)
    return None


def may_see(room, other):
    return any(other.path == seen or other.path.startswith(seen + "/") for seen in room.sees)


def check_table(rooms, complain):
    for room in rooms.values():
        for seen in room.sees:
            below = [other for other in rooms.values() if other.path == seen or other.path.startswith(seen + "/")]
            if not below:
                complain(f"{room.table}: {room.path} may see {seen}, which is no room")
            for other in below:
                if other.table.split(":")[0] == room.table.split(":")[0] and other.rank <= room.rank:
                    complain(f"{room.table}: {room.path} may see {seen}, which does not stand below it")


def sources(top, rooms):
    tops = {path.split("/")[0] for path in rooms}
    for start in sorted(tops):
        for folder, _, names in os.walk(f"{top}/{start}"):
            for name in sorted(names):
                if name.endswith((".c", ".h")):
                    yield os.path.relpath(f"{folder}/{name}", top)


def check_includes(top, rooms, complain):
    for path in sources(top, rooms):
        room = room_of(rooms, path)
        if not room:
            complain(f"{path}:1: this file lies in no room of {' or '.join(TABLES)}")
            continue
        for number, line in enumerate(open(f"{top}/{path}", encoding="utf-8", errors="replace"), 1):
            found = INCLUDE.match(line)
            if not found:
                continue
            beside = os.path.normpath(f"{os.path.dirname(path)}/{found[1]}")
            target = beside if os.path.exists(f"{top}/{beside}") else os.path.normpath(found[1])
            other = room_of(rooms, target) if os.path.exists(f"{top}/{target}") else None
            if other and other is not room and not may_see(room, other):
                complain(f"{path}:{number}: {room.path} -> {other.path} is not allowed ({room.table})")


def object_names(objects, path):
    """(defined, wanted): the external names of one object file."""
    out = subprocess.run(["nm", "-P", "-g", f"{objects}/{path}"], capture_output=True, text=True, check=True).stdout
    defined, wanted = set(), set()
    for line in out.splitlines():
        words = line.split()
        (wanted if words[1] in "Uwv" else defined).add(words[0])
    return defined, wanted


def check_names(rooms, objects, public, complain):
    for path, (defined, _) in objects.items():
        room = room_of(rooms, path[:-2] + ".c")
        module = re.sub(r"_(posix|win32)$", "", os.path.basename(path)[:-2])
        last = os.path.basename(room.path) if room else ""
        prefixes = [module, last, last.rstrip("s")]
        for name in sorted(defined):
            if name in ("main", "sigwait") or name in public:
                continue
            if name != module and not any(p and name.startswith(p + "_") for p in prefixes):
                complain(f"{path[:-2]}.c: the external name {name} begins with neither {module}_ nor {last}_")


def circles(graph):
    """The strongly connected components of more than one node (Tarjan, without recursion)."""
    index, low, on_stack, stack, found = {}, {}, set(), [], []
    for root in graph:
        if root in index:
            continue
        work = [(root, iter(sorted(graph[root])))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, edges = work[-1]
            for other in edges:
                if other not in index:
                    index[other] = low[other] = len(index)
                    stack.append(other)
                    on_stack.add(other)
                    work.append((other, iter(sorted(graph[other]))))
                    break
                if other in on_stack:
                    low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    part = []
                    while not part or part[-1] != node:
                        part.append(stack.pop())
                        on_stack.discard(part[-1])
                    if len(part) > 1:
                        found.append(sorted(part))
    return found


def check_circles(objects, complain):
    home = {name: path for path, (defined, _) in objects.items() for name in defined}
    graph, why = {path: set() for path in objects}, {}
    for path, (_, wanted) in objects.items():
        for name in sorted(wanted):
            other = home.get(name)
            if other and other != path:
                graph[path].add(other)
                why.setdefault((path, other), name)
    for part in circles(graph):
        ties = [f"{a[:-2]} needs {why[a, b]} of {b[:-2]}" for a in part for b in part if (a, b) in why]
        complain(f"{part[0][:-2]}.c: a circle of {len(part)} object files: {'; '.join(ties)}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--top", default=".")
    parser.add_argument("--objects", default="build/obj")
    args = parser.parse_args()
    complaints = []
    rooms = read_tables(args.top)
    check_table(rooms, complaints.append)
    check_includes(args.top, rooms, complaints.append)
    # An object whose source is gone is of an earlier build.
    objects = {
        path[:-2] + ".o": object_names(args.objects, path[:-2] + ".o")
        for path in sources(args.top, {r: 0 for r in ("core", "tools")})
        if path.endswith(".c") and os.path.exists(f"{args.objects}/{path[:-2]}.o")
    }
    if not objects:
        sys.exit(f"rooms.py: no object files below {args.objects}; build first")
    header = f"{args.top}/core/gatepost.h"
    public = set(re.findall(r"\b\w+(?=\()", open(header, encoding="utf-8").read())) if os.path.exists(header) else set()
    check_names(rooms, objects, public, complaints.append)
    check_circles(objects, complaints.append)
    print("\n".join(complaints), end="\n" if complaints else "")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
