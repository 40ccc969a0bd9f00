"""Right answers, found by reading the corpus itself, without a line of Hisui's.

usage: facts.py FILE        writes JSON to standard output

The needles come from the file that is read, so another seed is another question: an identifier
that stands in few lines is found where the middle of the file is, and counted.
"""
import collections
import json
import re
import sys

PHRASE = b"Failed password"
INNER = b"ailed passw"
JAPANESE = "税証明".encode()
PATTERN = rb"from 10\.\d+\.\d+\.\d+ port \d{5}"
QUEUE_ID = re.compile(rb" postfix/qmgr\S* (?:\S+ - - )?([0-9A-F]{11}): from=")
RARE_LINES_MAX = 10
ROWS_WANTED = 3000
MONTHS = {month: n for n, month in enumerate(
    b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}


def header(line):
    """Day (`2025-11-17`), hour, host, program and whether it is RFC 5424, of one line."""
    first, second, third, fourth, fifth = line.split(b" ", 5)[:5]
    if first.endswith(b">1"):
        return second[:10], second[11:13], third, fourth, True
    day = b"2025-%02d-%02d" % (MONTHS[first[-3:]], int(second))
    return day, third[:2], fourth, fifth.split(b"[")[0].rstrip(b":"), False


def scan(path):
    hosts, days, hours = (collections.Counter() for _ in range(3))
    last, identifiers, lines = {}, [], 0
    with open(path, "rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        for line in file:
            lines += 1
            day, hour, host, program, modern = header(line)
            hosts[host] += 1
            days[host, program, day] += 1
            if int(line[1:line.index(b">")]) & 7 <= 3:
                hours[day, hour] += 1
            if modern:
                if host not in last:
                    last[host] = collections.deque(maxlen=100)
                last[host].append(line)
            if len(identifiers) < 8 and lines % 512 < 64 and file.tell() > size / 2:
                found = QUEUE_ID.search(line)
                if found:
                    identifiers.append(found[1])
    return lines, hosts, days, hours, last, identifiers


def inner_part(identifier):
    """Seven characters from within, with a letter and a digit: no whole word, no number."""
    part = identifier[2:9]
    return part if re.search(rb"[A-F]", part) and re.search(rb"\d", part) else None


def count(path, identifiers):
    """Lines with each needle; every identifier is counted in the same pass."""
    word = re.compile(rb"[0-9A-Za-z_]+")
    pattern = re.compile(PATTERN)
    needles = [(i, inner_part(i)) for i in identifiers if inner_part(i)]
    whole, inner = collections.Counter(), collections.Counter()
    phrase = sub = japanese = numbers = 0
    with open(path, "rb") as file:
        for line in file:
            phrase += PHRASE in line
            sub += INNER in line
            japanese += JAPANESE in line
            if b" port " in line:
                numbers += pattern.search(line) is not None
            for identifier, part in needles:
                if part in line:
                    inner[identifier] += 1
                    whole[identifier] += identifier in word.findall(line)
    rare = next(i for i, _ in needles if 2 <= whole[i] <= RARE_LINES_MAX and inner[i] == whole[i])
    return {"word": rare.decode(), "word_lines": whole[rare], "part": inner_part(rare).decode(),
            "part_lines": inner[rare], "phrase": PHRASE.decode(), "phrase_lines": phrase,
            "inner": INNER.decode(), "inner_lines": sub, "japanese": JAPANESE.decode(),
            "japanese_lines": japanese, "pattern": PATTERN.decode(), "pattern_lines": numbers}


def facts(path):
    lines, hosts, days, hours, last, identifiers = scan(path)
    with_pid = {key: n for key, n in days.items() if key[1] not in (b"kernel", b"CBS", b"httpd")}
    host, program, day = min(with_pid, key=lambda k: (abs(with_pid[k] - ROWS_WANTED), k))
    busiest = max((h for h in last if len(last[h]) == last[h].maxlen), key=lambda h: (hosts[h], h))
    return count(path, identifiers) | {
        "lines": lines, "host": host.decode(), "program": program.decode(), "day": day.decode(),
        "day_lines": days[host, program, day],
        "hosts": {h.decode(): n for h, n in hosts.items()},
        "hours": {f"{d.decode()}T{h.decode()}": n for (d, h), n in sorted(hours.items())},
        "last_host": busiest.decode(), "last": [line.decode() for line in last[busiest]]}


if __name__ == "__main__":
    json.dump(facts(sys.argv[1]), sys.stdout, ensure_ascii=False)
