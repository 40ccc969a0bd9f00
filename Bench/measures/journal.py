"""The journal as a peer: a sample of the corpus through systemd-journal-remote and journalctl."""
import os
import pathlib
import shutil
import time

from . import facts
from .process import Wrong, run, text_of, tree_bytes

REMOTE = "/lib/systemd/systemd-journal-remote"
SAMPLE_LINES = 200_000
BOOT = "5c6a1d2e8f904b7ba3c1e0d5f6a7b8c9"


def entry(line, number):
    """One line in the export format, with the fields journald itself would have."""
    day, _, host, program, modern = facts.header(line)
    if modern:
        fields = line.split(b" ", 7)
        clock, pid, message = fields[1][11:26], fields[4], fields[7]
    else:
        head, _, message = line.partition(b": ")
        clock, pid = line.split(b" ", 3)[2], head.rpartition(b"[")[2].rstrip(b"]")
    moment = time.mktime(time.strptime(f"{day.decode()} {clock[:8].decode()}", "%Y-%m-%d %H:%M:%S"))
    micros = int(moment) * 1_000_000 + (int(clock[9:]) if modern else number % 1_000_000)
    priority = int(line[1:line.index(b">")])
    fields = [b"__REALTIME_TIMESTAMP=%d" % micros, b"__MONOTONIC_TIMESTAMP=%d" % (number * 1000),
              b"_BOOT_ID=" + BOOT.encode(), b"_TRANSPORT=syslog", b"_HOSTNAME=" + host,
              b"PRIORITY=%d" % (priority & 7), b"SYSLOG_FACILITY=%d" % (priority >> 3),
              b"SYSLOG_IDENTIFIER=" + program, b"MESSAGE=" + message.rstrip(b"\n")]
    if pid.isdigit():
        fields.append(b"SYSLOG_PID=" + pid)
    return b"\n".join(fields) + b"\n\n"


class Sample:
    """Every so-manieth line of the corpus, as a journal."""

    def __init__(self, data, lines, work):
        self.lines, self.directory = 0, pathlib.Path(work) / "journal"
        self.text_bytes, step = 0, max(1, lines // SAMPLE_LINES)
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir()
        export = pathlib.Path(work) / "sample.export"
        with open(data, "rb") as source, open(export, "wb") as target:
            for number, line in enumerate(source):
                if number % step == 0 and self.lines < SAMPLE_LINES:
                    target.write(entry(line, number))
                    self.lines += 1
                    self.text_bytes += len(line)
        self.scale = lines / self.lines
        self.cost = run([REMOTE, "--split-mode=none", "-o", str(self.directory / "sample.journal"),
                         str(export)])
        export.unlink()
        stored = len(text_of(["journalctl", "-q", "-D", str(self.directory), "-o", "cat",
                              "--output-fields=PRIORITY"]).splitlines())
        if stored != self.lines:
            raise Wrong(f"the journal has {stored} of {self.lines} entries")

    def row(self):
        stored = tree_bytes(self.directory)
        return (f"systemd-journal-remote, a sample of {self.lines:,}",
                f"{self.lines / self.cost.wall:,.0f}", f"{self.cost.cpu * 1e6 / self.lines:.2f}",
                f"{self.cost.peak:.0f}", f"{stored:,}", f"{self.text_bytes / stored:.2f}")


def sample(data, lines, work):
    """The sample, or None where systemd-journal-remote is not installed."""
    return Sample(data, lines, work) if os.path.exists(REMOTE) else None
