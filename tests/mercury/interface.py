#!/usr/bin/env python3
"""What the compiled daemon takes Mercury's structures for: interface.py OBJDUMP DLL prints, from the debugging information,
"STRUCT.MEMBER OFFSET" for each member of the structures below and "NAME VALUE" for each constant whose name begins with MERCURY_.
"""
import re
import subprocess
import sys

STRUCTS = ("M_INTERFACE", "MSEVENT_FUNCTIONS", "MSEVENTBUF")
ENTRY = re.compile(r"\s*<(\w+)><(\w+)>: Abbrev Number: \d+(?: \((DW_TAG_\w+)\))?")
ATTRIBUTE = re.compile(r"\s*<\w+>\s+(DW_AT_\w+)\s*: (.*)")


def entries(dump):
    """(depth, number, tag, attributes) of each entry, in order."""
    entry = None
    for line in dump:
        match = ENTRY.match(line)
        if match:
            if entry:
                yield entry
            entry = (int(match[1], 16), int(match[2], 16), match[3], {})
        elif entry:
            match = ATTRIBUTE.match(line)
            if match:
                entry[3][match[1]] = re.sub(r"^\(.*?\): ", "", match[2]).strip()
    if entry:
        yield entry


def number(text):
    return int(text.split()[0], 0)


def facts(objdump, path):
    run = subprocess.run([objdump, "--dwarf=info", path], capture_output=True, text=True, check=True)
    members, names, within = {}, {}, None
    for depth, place, tag, about in entries(run.stdout.splitlines()):
        if tag == "DW_TAG_structure_type":
            within = (place, depth)
            members[place] = [("(size)", number(about.get("DW_AT_byte_size", "0")))]
        elif tag == "DW_TAG_member" and within and depth == within[1] + 1:
            members[within[0]].append((about.get("DW_AT_name", "?"), number(about.get("DW_AT_data_member_location", "0"))))
        elif tag == "DW_TAG_typedef" and about.get("DW_AT_name") in STRUCTS:
            names[about["DW_AT_name"]] = int(about["DW_AT_type"].strip("<>"), 16)
        elif tag == "DW_TAG_enumerator" and about.get("DW_AT_name", "").startswith("MERCURY_"):
            yield about["DW_AT_name"], number(about["DW_AT_const_value"])
        if within and depth <= within[1] and place != within[0]:
            within = None
    for name, place in names.items():
        for member, offset in members[place]:
            yield f"{name}.{member}", offset


for name, value in sorted(set(facts(*sys.argv[1:3]))):
    print(name, value)
