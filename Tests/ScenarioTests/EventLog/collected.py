"""Writes an event log with each event that ops/windows/make collects, and prints how many.

    collected.py MAKE FILE.evtx
"""

import importlib.machinery
import importlib.util
import sys

from evtx_writer import STRING, Log

loader = importlib.machinery.SourceFileLoader("make", sys.argv[1])
make = importlib.util.module_from_spec(importlib.util.spec_from_loader("make", loader))
loader.exec_module(make)

log = Log()
for channel, provider, ids, _ in make.collected():
    for event_id in ids:
        log.event(provider, event_id, channel, "dc01.example.jp", "2026-11-20T10:00:00",
                  [("SubjectUserName", STRING, "kanri"), ("TargetUserName", STRING, "yamada")])
with open(sys.argv[2], "wb") as file:
    file.write(log.file())
print(log.number - 1)
