#!/usr/bin/env python3
"""printed.py README GATEPOST: runs the commands that README prints and compares what they print.

In a block between ``` lines, a line that begins with "$ " is a command, and the lines after it are its output. "$ cat FILE" makes
FILE from its output instead. The block that begins with "# gatepost.conf" is the rule file. All commands run in one temporary
folder; a path of the source tree is also found there. Times differ from run to run and are not compared.

Prints each difference, and last "printed: N passed, N failed".
"""
import difflib
import os
import re
import subprocess
import sys
import tempfile

# What README describes in words: two conversations with a trap, and a misspelt check.
TRAP = """connect 203.0.113.40 dsl-40.example.net
C: EHLO dsl-40.example.net
C: MAIL FROM:<zombie@example.net>
C: RCPT TO:<sugar@example.com>
S: 554

connect 203.0.113.40 dsl-40.example.net
S: 554
"""


def blocks(text):
    return [block.split("\n")[1:-1] for block in re.findall(r"^```\w*\n.*?^```$", text, re.M | re.S)]


def commands(block):
    """The commands of BLOCK, each with the lines that it prints."""
    found = []
    for line in block:
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found:
            found[-1][1].append(line)
    return found


def comparable(lines):
    text = "\n".join(lines)
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", text)
    return re.sub(r"\b(30m00s|29m\d\ds)\b", "LEFT", text).rstrip("\n").split("\n")


def main(readme, gatepost):
    counts = {True: 0, False: 0}
    with open(readme, encoding="utf-8") as file:
        text = file.read()
    with tempfile.TemporaryDirectory() as folder:
        for name in os.listdir("."):
            os.symlink(os.path.abspath(name), os.path.join(folder, name))
        os.mkdir(os.path.join(folder, "bin"))
        os.symlink(os.path.abspath(gatepost), os.path.join(folder, "bin", "gatepost"))

        def write(name, lines):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write("\n".join(lines) + "\n")

        rules = next(block for block in blocks(text) if block[0] == "# gatepost.conf")
        write("trap.smtp", TRAP.split("\n"))
        environment = dict(os.environ, PATH=os.path.join(folder, "bin") + ":" + os.environ["PATH"])
        for block in blocks(text):
            misspelt = any("fqnd" in line for line in block)
            write("gatepost.conf", [line.replace("fqdn", "fqnd") if misspelt else line for line in rules])
            for command, wanted in commands(block):
                if command.startswith("cat "):
                    write(command[4:], wanted)
                    continue
                run = subprocess.run(["sh", "-c", command], cwd=folder, env=environment, text=True, check=False,
                                     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                wanted, got = comparable(wanted), comparable(run.stdout.split("\n"))
                counts[wanted == got] += 1
                if wanted != got:
                    print(f"{readme}: $ {command}")
                    print("\n".join("    " + line for line in difflib.unified_diff(wanted, got, "printed", "now", lineterm="", n=1)))
    print(f"printed: {counts[True]} passed, {counts[False]} failed")
    return 0 if counts[True] and not counts[False] else 1


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
