"""Syslog over TCP: to Hisui until it is searchable, and to rsyslog until it is in a file."""
import contextlib
import itertools
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import time

from .process import HISUI, ROOT, Wrong, cpu_of, free_port, peak_of, text_of

LINES_MAX = 2_000_000
PACED_RATE, PACED_CONNECTIONS, PACED_SECONDS = 20_000, 50, 20
TICKS = 50              # a second, in which each connection sends its share
PATIENCE = 180          # seconds until what was sent must be there


@contextlib.contextmanager
def receiver(argv, listens):
    """A receiver that listens; told to end, and waited for, at the end."""
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(listens, 20, f"{argv[0]} does not listen")
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        return True
    except OSError:
        return False


def wait_for(condition, seconds, complaint):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Wrong(complaint)
        time.sleep(0.1)


def daemon(work, listen):
    """The command of a daemon with a new store that listens so, and the store."""
    store, configuration = work / "tcp-store", work / "hisui.yaml"
    shutil.rmtree(store, ignore_errors=True)
    configuration.write_text(
        "organisation: { name: Bench }\nzone: bench\nzones: [ { id: bench, name: Bench } ]\n"
        f"store: {store}\nparsers: [ {ROOT}/parsers ]\n"
        f"sources:\n  - syslog: {{ {listen} }}\n")
    return [HISUI, "run", "--config", str(configuration)], store


def stored(store):
    said = text_of([HISUI, "search", "--store", str(store), "--format", "jsonl", "--",
                    "* | stats count() as n"], ok=(0, 1))
    return int(said.split(":")[1].strip(' "}\n')) if ":" in said else 0


def to_hisui(work, data, lines):
    port = free_port()
    argv, store = daemon(work, f'tcp: "127.0.0.1:{port}"')
    with receiver(argv, lambda: accepts(port)) as pid:
        before, started = cpu_of(pid), time.monotonic()
        with socket.create_connection(("127.0.0.1", port)) as out, open(data, "rb") as source:
            out.sendfile(source)
        accepted = time.monotonic() - started
        wait_for(lambda: stored(store) >= lines, PATIENCE, f"{stored(store)} of {lines} stored")
        searchable = time.monotonic() - started
        result = accepted, searchable, cpu_of(pid) - before, peak_of(pid)
    if stored(store) != lines:
        raise Wrong(f"{stored(store)} records of {lines} lines after the end")
    return result


def rsyslog(work, module, port, loading="", listening=""):
    """The command of an rsyslog that writes what it gets to a file, and the file."""
    target = work / "rsyslog.out"
    target.unlink(missing_ok=True)
    configuration = work / "rsyslog.conf"
    configuration.write_text(
        f'global(workDirectory="{work}")\nmodule(load="{module}" {loading})\n'
        f'input(type="{module}" port="{port}" address="127.0.0.1" {listening})\n'
        'template(name="raw" type="string" string="%rawmsg%\\n")\n'
        f'action(type="omfile" file="{target}" template="raw" asyncWriting="on" '
        'ioBufferSize="256k")\n')
    return ["rsyslogd", "-n", "-f", str(configuration), "-i", str(work / "rsyslog.pid")], target


def to_rsyslog(work, data, lines):
    port = free_port()
    argv, target = rsyslog(work, "imptcp", port)
    with receiver(argv, lambda: accepts(port)) as pid:
        before, started = cpu_of(pid), time.monotonic()
        with socket.create_connection(("127.0.0.1", port)) as out, open(data, "rb") as source:
            out.sendfile(source)
        accepted, wanted = time.monotonic() - started, os.path.getsize(data)
        wait_for(lambda: target.exists() and target.stat().st_size >= wanted, PATIENCE,
                 "rsyslog did not write everything")
        return accepted, time.monotonic() - started, cpu_of(pid) - before, peak_of(pid)


def rows(work, data, lines, runs):
    """The rows, and the file of at most two million lines that was sent."""
    part = first_lines(data, min(lines, LINES_MAX), work / "sent.log")
    lines, found = min(lines, LINES_MAX), []
    for name, receive in (("hisui: durable, parsed, searchable", to_hisui),
                          ("rsyslog: a plain file, not synced", to_rsyslog)):
        costs = [receive(work, part, lines) for _ in range(runs)]
        accepted, done, cpu, peak = (statistics.median(c) for c in zip(*costs))
        found.append((name, f"{lines:,}", f"{lines / accepted:,.0f}", f"{lines / done:,.0f}",
                      f"{cpu * 1e6 / lines:.2f}", f"{peak:.0f}"))
    return found


def first_lines(data, lines, target):
    with open(data, "rb") as source, open(target, "wb") as out:
        out.writelines(itertools.islice(source, lines))
    return target


def paced(work, seconds):
    """The daemon under a steady load from many connections; one row."""
    port = free_port()
    argv, store = daemon(work, f'tcp: "127.0.0.1:{port}"')
    with open(work / "sent.log", "rb") as source:
        lines = itertools.cycle(list(itertools.islice(source, 100_000)))
    share = PACED_RATE // TICKS // PACED_CONNECTIONS
    with receiver(argv, lambda: accepts(port)) as pid, contextlib.ExitStack() as open_ones:
        connections = [open_ones.enter_context(socket.create_connection(("127.0.0.1", port)))
                       for _ in range(PACED_CONNECTIONS)]
        before, started, late = cpu_of(pid), time.monotonic(), 0.0
        for tick in range(seconds * TICKS):
            for connection in connections:
                connection.sendall(b"".join(itertools.islice(lines, share)))
            ahead = started + (tick + 1) / TICKS - time.monotonic()
            late = max(late, -ahead)
            time.sleep(max(0, ahead))
        took, sent = time.monotonic() - started, share * PACED_CONNECTIONS * TICKS * seconds
        wait_for(lambda: stored(store) >= sent, PATIENCE, f"{stored(store)} of {sent} stored")
        behind = time.monotonic() - started - took
        cpu, peak = cpu_of(pid) - before, peak_of(pid)
    if stored(store) != sent:
        raise Wrong(f"{stored(store)} records of {sent} lines after the end")
    return [(f"{PACED_CONNECTIONS} connections, {seconds} s", f"{sent:,}", f"{sent / took:,.0f}",
             f"{behind:.1f}", f"{cpu * 1e6 / sent:.2f}", f"{peak:.0f}")]
