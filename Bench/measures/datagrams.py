"""Syslog over UDP: what was sent must be stored or told as dropped, at any rate."""
import itertools
import json
import pathlib
import socket
import time

from .process import HISUI, Wrong, cpu_of, free_port, peak_of, text_of
from .reception import daemon, receiver, rsyslog

LINES = 1_000_000
RATES = (50_000, 150_000, None)     # None: as fast as one Python sender can
BURST = 64
BUFFER_BYTES = 4 << 20  # rsyslog's, whose default is the kernel's 208 KiB
QUIET = 1.5             # seconds without another line until nothing more is awaited


def send(port, lines, rate):
    """Sends each line in a datagram; seconds it took."""
    started = time.monotonic()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.connect(("127.0.0.1", port))
        for number in range(0, len(lines), BURST):
            for line in lines[number:number + BURST]:
                out.send(line)
            if rate:
                ahead = started + (number + BURST) / rate - time.monotonic()
                time.sleep(max(0, ahead))
    return time.monotonic() - started


def settled(count, wanted):
    """The last of the counts, once all are there or nothing more comes."""
    last, since = -1, time.monotonic()
    while last < wanted and time.monotonic() - since < QUIET:
        now = count()
        if now != last:
            last, since = now, time.monotonic()
        time.sleep(0.2)


def accounts(store):
    """Offered, stored and dropped, as the store's sources tell."""
    told = [json.loads(line) for line in text_of(
        [HISUI, "sources", "--store", str(store), "--format", "jsonl"]).splitlines()]
    return [sum(int(row[name]) for row in told) for name in ("offered", "stored", "dropped")]


def measured(argv, port, lines, rate, count):
    with receiver(argv, lambda: bound(port)) as pid:
        before = cpu_of(pid)
        took = send(port, lines, rate)
        settled(count, len(lines))
        return took, cpu_of(pid) - before, peak_of(pid)


def bound(port):
    """Whether somebody listens for datagrams there: nothing is sent to find out."""
    with open("/proc/net/udp") as f:
        return any(f":{port:04X} " in line for line in f)


def to_hisui(work, lines, rate):
    port = free_port()
    argv, store = daemon(work, f'udp: "127.0.0.1:{port}"')
    took, cpu, peak = measured(argv, port, lines, rate, lambda: sum(accounts(store)[1:]))
    offered, stored, dropped = accounts(store)
    if stored > len(lines) or offered != stored + dropped:
        raise Wrong(f"{len(lines)} sent, {offered} offered, {stored} stored, {dropped} dropped")
    return row("hisui", len(lines), took, cpu, peak, stored, f"{dropped:,}",
               len(lines) - stored - dropped)


def to_rsyslog(work, lines, rate):
    port = free_port()
    argv, target = rsyslog(work, "imudp", port, 'batchSize="128"',
                           f'rcvbufSize="{BUFFER_BYTES}"')
    took, cpu, peak = measured(argv, port, lines, rate, lambda: size(target) / mean(lines))
    with open(target, "rb") as f:
        stored = sum(1 for _ in f)
    return row("rsyslog, a plain file", len(lines), took, cpu, peak, stored, "not told",
               len(lines) - stored)


def size(path):
    return path.stat().st_size if path.exists() else 0


def mean(lines):
    return sum(map(len, lines)) / len(lines) + 1


def row(name, sent, took, cpu, peak, stored, dropped, missing):
    return (name, f"{sent:,}", f"{sent / took:,.0f}", f"{stored:,}", dropped, f"{missing:,}",
            f"{cpu * 1e6 / max(1, stored):.2f}", f"{peak:.0f}")


def rows(work, lines):
    """A row for each rate, and rsyslog at the highest."""
    with open(pathlib.Path(work) / "sent.log", "rb") as f:
        sent = [line.rstrip(b"\n") for line in itertools.islice(f, min(lines, LINES))]
    found = [to_hisui(work, sent, rate) for rate in RATES]
    return [*found, to_rsyslog(work, sent, RATES[-1])]
