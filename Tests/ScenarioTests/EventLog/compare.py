"""Compares the events that Hisui has of an event log with those of python-evtx, element by element.

    compare.py FILE.evtx <LINES

LINES are the records as `hisui search --format raw` prints them, one event on a line. Texts and
attributes have to be the same, in the same order. Left aside is only what is the same value written
in another way: the case of digits and of true and false, braces, binary data as base64; times are
compared to 10 microseconds, as python-evtx counts in floating-point numbers; and empty
elements and attributes, which are left out where an event has no value.
"""

import base64
import datetime
import re
import sys
import xml.etree.ElementTree as ElementTree

import Evtx.Evtx

GUID = re.compile(r"\{?([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})\}?", re.I)
TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:Z|\+00:00)?")
NUMBER = re.compile(r"-?\d+\.\d*|0x[0-9a-f]+", re.I)
# References that XML 1.0 does not allow; Windows stores such characters.
CONTROL = re.compile(r"&#([0-8]|1[124-9]|2\d|3[01]);|[\x00-\x08\x0b\x0c\x0e-\x1f]")


def normal(text):
    text = text.replace("\r\n", "\n")
    if match := GUID.fullmatch(text):
        return match[1].lower()
    if match := TIME.fullmatch(text):
        return f"{match[1]}T{match[2]}.{(match[3] or '')[:6]:0<6}"
    if text in ("True", "False"):
        return text.lower()
    if NUMBER.fullmatch(text):
        return str(int(text, 16) if text.lower().startswith("0x") else float(text))
    return text


def values(element, path=""):
    """Texts and attributes with their places."""
    path += "/" + element.tag.split("}")[-1]
    found = [(f"{path}@{name}", normal(text)) for name, text in element.attrib.items() if text]
    text = element.text or ""
    if text.strip():
        found.append((path, normal(text)))
    for child in element:
        found += values(child, path)
    return found


def is_same(ours, theirs):
    """Whether two values are the same; python-evtx has binary data as base64."""
    if ours == theirs:
        return True
    if ours[0] != theirs[0]:
        return False
    if TIME.fullmatch(ours[1]) and TIME.fullmatch(theirs[1]):
        first, second = (datetime.datetime.fromisoformat(value[1]) for value in (ours, theirs))
        return abs(first - second) < datetime.timedelta(microseconds=10)
    try:
        return base64.b64decode(theirs[1], validate=True) == bytes.fromhex(ours[1])
    except ValueError:
        return False


def events(texts):
    return [values(ElementTree.fromstring(CONTROL.sub("\ufffd", text))) for text in texts]


def main():
    with Evtx.Evtx.Evtx(sys.argv[1]) as log:
        theirs = events(record.xml() for chunk in
                        log.get_file_header().chunks(include_inactive=True)
                        for record in chunk.records())
    ours = events(sys.stdin.read().splitlines())
    # The order of records in a store is that of their times.
    for list_ in (ours, theirs):
        list_.sort(key=lambda event: next(v for k, v in event if k.endswith("/EventRecordID")))
    if len(ours) != len(theirs):
        sys.exit(f"{len(ours)} events, {len(theirs)} by python-evtx")
    for mine, other in zip(ours, theirs):
        if len(mine) != len(other) or not all(map(is_same, mine, other)):
            sys.exit(f"not the same: {sorted(set(mine) ^ set(other))}")
    print(f"{len(ours)} events, {sum(map(len, ours))} values")


if __name__ == "__main__":
    main()
