"""Reading a journal: entries as journald itself writes them, to nowhere and to a durable store."""
import hashlib
import pathlib
import shutil
import statistics
import time

from . import allocations, journal
from .report import commit
from .process import HISUI, ROOT, Wrong, cpu_of, peak_of, run, text_of, tree_bytes
from .reception import PATIENCE, receiver, stored, wait_for

READER = str(ROOT / ".build/release/JournalReading")
HEADING = "Reading a journal"


def digest(*parts):
    return hashlib.sha256(b"/".join(parts)).hexdigest()[:32].encode()


def entry(line, number):
    """One line of the corpus with all that journald adds to what a program says: 24 fields."""
    said = journal.entry(line, number).rstrip(b"\n").split(b"\n")
    known = dict(field.partition(b"=")[::2] for field in said)
    program = known[b"SYSLOG_IDENTIFIER"].rpartition(b"/")[2]
    unit = program.lower() + b".service"
    pid = known.get(b"SYSLOG_PID", b"%d" % (600 + len(program)))
    micros = int(known[b"__REALTIME_TIMESTAMP"])
    said += [
        b"_MACHINE_ID=" + digest(b"machine"), b"_RUNTIME_SCOPE=system", b"_PID=" + pid,
        b"_UID=0", b"_GID=0", b"_COMM=" + program[:15], b"_EXE=/usr/sbin/" + program,
        b"_CMDLINE=/usr/sbin/" + program + b" -D -o PidFile=/run/" + program + b".pid",
        b"_CAP_EFFECTIVE=1ffffffffff", b"_SELINUX_CONTEXT=unconfined",
        b"_SYSTEMD_CGROUP=/system.slice/" + unit, b"_SYSTEMD_UNIT=" + unit,
        b"_SYSTEMD_SLICE=system.slice", b"_SYSTEMD_INVOCATION_ID=" + digest(unit),
        b"_SOURCE_REALTIME_TIMESTAMP=%d" % (micros - 23 - number % 7),
        b"SYSLOG_TIMESTAMP=" + time.strftime("%b %e %H:%M:%S ",
                                             time.gmtime(micros // 1_000_000)).encode()]
    return b"\n".join(said) + b"\n\n"


class Sample:
    """The first lines of the corpus as one journal, kept for the next run."""

    def __init__(self, data, lines, cache):
        made = hashlib.sha256(pathlib.Path(__file__).read_bytes()).hexdigest()[:12]
        self.lines, self.directory = lines, pathlib.Path(cache) / f"journal-{lines}-{made}"
        if not self.directory.exists():
            self.make(data, cache)

    def make(self, data, cache):
        half, export = pathlib.Path(cache) / "journal.half", pathlib.Path(cache) / "half.export"
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir()
        with open(data, "rb") as source, open(export, "wb") as target:
            for number, line in zip(range(self.lines), source):
                target.write(entry(line, number))
        run([journal.REMOTE, "--split-mode=none", "-o", str(half / "sample.journal"), str(export)])
        export.unlink()
        half.rename(self.directory)


def reading(sample, runs):
    """Entries, bytes of a record and processor seconds of the collector alone."""
    told = [[int(n) for n in text_of([READER, str(sample.directory), str(sample.lines)]).split()]
            for _ in range(runs)]
    if any(entries != sample.lines or gaps for entries, _, gaps, _ in told):
        raise Wrong(f"the reader took {told[0][0]} of {sample.lines} entries")
    return told[0][1] / sample.lines, statistics.median(t[3] for t in told) / 1e6


def storing(sample, work):
    """Wall and processor seconds, peak, and bytes of a sealed entry, of a daemon that stores it."""
    store, configuration = work / "journal-store", work / "journal.yaml"
    shutil.rmtree(store, ignore_errors=True)
    configuration.write_text(
        "organisation: { name: Bench }\nzone: bench\nzones: [ { id: bench, name: Bench } ]\n"
        f"store: {store}\nparsers: [ {ROOT}/parsers ]\n"
        f"sources:\n  - journal: {{ directory: {sample.directory} }}\n"
        f"service: {{ segment_rows: {sample.lines // 4} }}\n")
    started = time.monotonic()
    with receiver([HISUI, "run", "--config", str(configuration)],
                  (store / "hisui-store").exists) as pid:
        wait_for(lambda: stored(store) >= sample.lines, PATIENCE, "not all entries were stored")
        wall = time.monotonic() - started
        cpu, peak = cpu_of(pid), peak_of(pid)
    if stored(store) != sample.lines:
        raise Wrong(f"{stored(store)} records of {sample.lines} entries")
    segments = list(store.rglob("*/default/segments/*.segment"))
    ranges = [[int(n) for n in segment.stem.split("-")] for segment in segments]
    rows = sum(end - first for first, end in ranges)
    return wall, cpu, peak, sum(s.stat().st_size for s in segments) / rows


def peer(sample, *how):
    """Processor seconds of journalctl that prints the journal."""
    return run(["journalctl", "-q", "-D", str(sample.directory), *how]).cpu


def allocated(sample, work):
    """Calls of the allocator for an entry, by the difference of whole and half."""
    counter = allocations.counter(work)
    if not counter:
        return "not counted"
    counts = []
    for lines in (sample.lines // 2, sample.lines):
        told = work / "allocations"
        told.unlink(missing_ok=True)
        run(["env", f"LD_PRELOAD={counter}", f"HISUI_ALLOCATIONS={told}", READER,
             str(sample.directory), str(lines)])
        counts.append(int(told.read_text().split()[0]))
    return f"{(counts[1] - counts[0]) / (sample.lines - sample.lines // 2):.3f}"


def section(report, data, lines, runs, cache, work):
    """Writes the section, where systemd-journal-remote is installed."""
    if not pathlib.Path(journal.REMOTE).exists():
        return
    sample = Sample(data, lines, cache)

    def row(name, cpu, *rest):
        return name, f"{sample.lines / cpu:,.0f}", f"{cpu * 1e6 / sample.lines:.2f}", *rest
    size, cpu = reading(sample, runs)
    wall, whole, peak, stored_bytes = storing(sample, work)
    rows = [
        row("**the collector alone: all fields, in order, as records**", cpu,
            f"{size:.0f}", allocated(sample, work)),
        row("**`hisui run`: durable, parsed, searchable**", whole,
            f"{stored_bytes:.1f} in segments", ""),
        row("journalctl -o export", peer(sample, "-o", "export"), "", ""),
        row("journalctl -o json", peer(sample, "-o", "json", "--all"), "", "")]
    report.section(
        HEADING, TITLES, rows,
        f"A journal of {sample.lines:,} entries that systemd-journal-remote wrote, of entries with the 24 fields that journald "
        f"gives a daemon's line ({tree_bytes(sample.directory) / sample.lines:,.0f} bytes each in "
        "journal files). The collector reads through libsystemd on one thread "
        f"(Bench/JournalReading, median of {runs}); the daemon ran once, with all of its threads, "
        f"{wall:.1f} s by the clock and {peak:.0f} MB at most. journalctl wrote to /dev/null. "
        f"`Bench/journal` writes this section alone (here: commit {commit()}).")


TITLES = ("what", "entries per CPU second", "CPU-s/M", "bytes/entry", "allocations/entry")
