#!/usr/bin/env python3
"""Writes the security log of a Windows file server as JSON lines, in order of time.

usage: fileserver.py [--seed N] [--without handles|shares]... ACTIONS

An action is what a person does with a file: looks into a folder, opens a document and reads it,
changes and saves it (by way of a temporary file, as office programs do), copies a file there, or
deletes or renames one, or is refused. Each becomes the records that Windows audits with "File
System", "Handle Manipulation" and "Detailed File Share" on, all rights audited; --without leaves
out what the second or third of them gives. The number of actions by kind goes to standard error.
"""
import argparse
import collections
import heapq
import json
import random
import sys

SUCCESS, FAILURE = -9214364837600034816, -9218868437227405312
READ, CHANGE, DELETE, LOOK = 0x120089, 0x12019F, 0x110080, 0x100080
SHARE, LOCAL = "\\\\*\\共有", "D:\\共有"
KINDS = {"look": 30, "read": 40, "save": 12, "copy": 8, "delete": 4, "rename": 4, "refused": 2}


class Server:
    def __init__(self, seed, without):
        self.random = random.Random(seed)
        self.without = without
        self.handle = 0x100
        self.number = 0
        self.folders = [f"課{n:02}\\{kind}" for n in range(40) for kind in ("受付", "起案", "保存")]

    def session(self, number):
        return {"SubjectUserName": f"user{number:03}", "SubjectDomainName": "CITY",
                "SubjectUserSid": f"S-1-5-21-1-2-3-{1000 + number}",
                "SubjectLogonId": f"0x{0x90000 + number * 977:x}"}, f"192.0.2.{1 + number % 250}"

    def record(self, time, code, members, success=True):
        self.number += 1
        seconds = int(time)
        return (time, self.number, {
            "EventTime": "2026-11-24 %02d:%02d:%02d" % (
                seconds // 3600 % 24, seconds // 60 % 60, seconds % 60),
            "Hostname": "fs01.city.example", "Keywords": SUCCESS if success else FAILURE,
            "EventID": code, "SourceName": "Microsoft-Windows-Security-Auditing",
            "RecordNumber": self.number, "Channel": "Security", **members})

    def opened(self, time, who, name, asked, used=(), deleted=False, inside=(), success=True):
        """Opens, uses and closes: what one call of a program at the other end becomes."""
        subject, address = who
        self.handle += 4
        handle = {"HandleId": f"0x{self.handle:x}", "ProcessId": "0x4", "ProcessName": ""}
        path = LOCAL + "\\" + name if name else LOCAL
        target = {"ObjectServer": "Security", "ObjectType": "File", "ObjectName": path}
        if "shares" not in self.without:
            yield self.record(time, 5145, {
                **subject, "ObjectType": "File", "IpAddress": address, "IpPort": "50900",
                "ShareName": SHARE, "ShareLocalPath": "\\??\\" + LOCAL,
                "RelativeTargetName": name or "\\", "AccessMask": f"0x{asked:x}"}, success)
        if "handles" not in self.without or not success:
            yield self.record(time, 4656, {
                **subject, **target, **handle, "AccessMask": f"0x{asked:x}"}, success)
        for step, mask in enumerate(used):
            yield self.record(time + 0.01 * step, 4663, {
                **subject, **target, **handle, "AccessMask": f"0x{mask:x}"})
        yield from inside
        if deleted:
            yield self.record(time + 0.05, 4660, {**subject, "ObjectServer": "Security", **handle})
        if "handles" not in self.without and success:
            yield self.record(time + 0.06, 4658, {**subject, "ObjectServer": "Security", **handle})

    def put(self, time, who, folder):
        """Something is put into a folder."""
        return list(self.opened(time, who, folder, 0x100002, [0x2]))

    def renamed(self, time, who, folder, name):
        yield from self.opened(time, who, f"{folder}\\{name}", DELETE, [0x10000],
                               inside=self.put(time + 0.01, who, folder))

    def new(self, time, who, folder, name, writes=2):
        yield from self.put(time, who, folder)
        yield from self.opened(
            time + 0.1, who, f"{folder}\\{name}", CHANGE, [0x2, 0x4][:writes])

    def action(self, kind, time):
        person = int(self.random.paretovariate(1.2)) % 200
        who = self.session(person)
        folder = self.folders[(person * 7 + int(self.random.expovariate(0.5))) % 120]
        name = f"文書{int(self.random.paretovariate(0.7)) % 400:03}.docx"
        path = f"{folder}\\{name}"
        if kind == "look":
            yield from self.opened(time, who, folder, 0x100081, [0x1])
            for number in range(self.random.randrange(3, 12)):
                yield from self.opened(time + 0.1 * number, who, f"{folder}\\文書{number:03}.docx", LOOK)
        elif kind in ("read", "save"):
            for step in range(self.random.randrange(4, 12)):
                yield from self.opened(time + 0.2 * step, who, path, READ, [0x1])
            yield from self.new(time + 3, who, folder, "~$" + name[2:])
            if kind == "save":
                at = time + self.random.uniform(20, 300)
                yield from self.new(at, who, folder, f"~WRD{self.number % 9999:04}.tmp")
                yield from self.renamed(at + 0.3, who, folder, name)
                yield from self.renamed(at + 0.5, who, folder, f"~WRD{self.number % 9999:04}.tmp")
                yield from self.opened(
                    at + 0.9, who, f"{folder}\\~WRL{self.number % 9999:04}.tmp", DELETE,
                    [0x10000], deleted=True)
            yield from self.opened(
                time + 310, who, f"{folder}\\~${name[2:]}", DELETE, [0x10000], deleted=True)
        elif kind == "copy":
            yield from self.new(time, who, folder, f"写し{self.number}.pdf")
        elif kind == "delete":
            yield from self.opened(time, who, path, DELETE, [0x10000], deleted=True)
        elif kind == "rename":
            yield from self.renamed(time, who, folder, name)
        else:
            yield from self.opened(time, who, path, READ, success=False)


def main():
    arguments = argparse.ArgumentParser(usage=__doc__)
    arguments.add_argument("actions", type=int)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--without", action="append", default=[], choices=["handles", "shares"])
    given = arguments.parse_args()
    server = Server(given.seed, given.without)
    counts = collections.Counter()
    waiting, time = [], 8.5 * 3600
    for _ in range(given.actions):
        time += server.random.expovariate(2.0)
        while waiting and waiting[0][0] <= time:
            print(json.dumps(heapq.heappop(waiting)[2], ensure_ascii=False, separators=(",", ":")))
        kind = server.random.choices(list(KINDS), list(KINDS.values()))[0]
        counts[kind] += 1
        for record in server.action(kind, time):
            heapq.heappush(waiting, record)
    while waiting:
        print(json.dumps(heapq.heappop(waiting)[2], ensure_ascii=False, separators=(",", ":")))
    print(dict(counts), file=sys.stderr)


if __name__ == "__main__":
    main()
