#!/usr/bin/env python3
"""Measures Hisui beside its peers on this machine and writes docs/numbers.md.

usage: measure.py [LINES]        default 2,000,000

Every figure is of a whole process by the operating system's own account (wait4), the median of
three runs. Nothing in docs/numbers.md is typed by hand. Needs: rsyslog, zstd, ripgrep, gzip.
"""
import datetime
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
HISUI = str(ROOT / ".build/release/hisui")
LINES = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000_000
RUNS = 3


def run(argv, stdin=None, stdout=subprocess.DEVNULL, ok=(0,)):
    """Runs to the end; returns wall seconds, CPU seconds, peak MB."""
    started = time.monotonic()
    process = subprocess.Popen(argv, stdin=open(stdin) if stdin else subprocess.DEVNULL, stdout=stdout,
                               stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) not in ok:
        raise SystemExit(f"{argv} ended with {os.waitstatus_to_exitcode(status)}")
    return time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def median(make, runs=RUNS):
    rows = [make() for _ in range(runs)]
    return tuple(statistics.median(column) for column in zip(*rows))


def tree_bytes(path):
    return sum(f.stat().st_size for f in pathlib.Path(path).rglob("*") if f.is_file())


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu_of(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_of(pid):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0


def receive(argv, port, data, done, udp_rate=None):
    """Starts a receiver, sends the file, waits until `done(pid)`; wall, CPU, peak, lines sent."""
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        before = cpu_of(process.pid)
        started = time.monotonic()
        sent = 0
        if udp_rate:
            out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            out.connect(("127.0.0.1", port))
            for line in open(data, "rb"):
                out.send(line.rstrip(b"\n"))
                sent += 1
                if sent % 64 == 0:
                    ahead = sent / udp_rate - (time.monotonic() - started)
                    if ahead > 0:
                        time.sleep(ahead)
        else:
            with socket.create_connection(("127.0.0.1", port)) as out, open(data, "rb") as source:
                out.sendfile(source)
        done(process.pid)
        return time.monotonic() - started, cpu_of(process.pid) - before, peak_of(process.pid), sent
    finally:
        process.terminate()
        process.wait()


def count(store):
    text = subprocess.run([HISUI, "search", "--store", store, "--format", "jsonl", "--", "* | stats count() as n"],
                          capture_output=True, text=True).stdout
    return int(text.split(":")[1].strip(' "}\n')) if ":" in text else 0


def reception(work, data, rows, lines):
    port = free_port()
    out = []

    def rsyslog():
        target = f"{work}/rsyslog.out"
        pathlib.Path(target).unlink(missing_ok=True)
        conf = f"{work}/rsyslog.conf"
        pathlib.Path(conf).write_text(
            f'global(workDirectory="{work}")\nmodule(load="imptcp")\ninput(type="imptcp" port="{port}" address="127.0.0.1")\n'
            f'template(name="raw" type="string" string="%rawmsg%\\n")\n'
            f'action(type="omfile" file="{target}" template="raw" asyncWriting="on" ioBufferSize="256k")\n')

        def done(_):
            last = -1
            while not os.path.exists(target) or os.path.getsize(target) != last or last <= 0:
                last = os.path.getsize(target) if os.path.exists(target) else -1
                time.sleep(1.5)
        return receive(["rsyslogd", "-n", "-f", conf, "-i", f"{work}/rsyslog.pid"], port, data, done)

    def hisui():
        store = f"{work}/tcp-store"
        shutil.rmtree(store, ignore_errors=True)
        conf = f"{work}/hisui.yaml"
        pathlib.Path(conf).write_text(
            f'organisation: {{ name: Bench }}\nzone: bench\nzones: [ {{ id: bench, name: Bench }} ]\nstore: {store}\n'
            f'parsers: [ {ROOT}/parsers ]\nsources:\n  - syslog: {{ tcp: "127.0.0.1:{port}" }}\n')

        def done(_):
            deadline = time.monotonic() + 120
            while count(store) < lines and time.monotonic() < deadline:
                time.sleep(0.2)
            if count(store) != lines:
                raise SystemExit(f"{count(store)} of {lines} lines stored")
        return receive([HISUI, "run", "--config", conf], port, data, done)

    for name, what in (("hisui", hisui), ("rsyslog to a plain file, not synced", rsyslog)):
        wall, cpu, peak, _ = median(what)
        out.append((f"{name}: TCP, one connection", f"{cpu * 1e6 / lines:.2f} CPU-s/M", f"{peak:.0f} MB peak",
                    "includes waiting for the last line" if name == "hisui" else "idle time of polling not counted"))
    rows.append(("Reception of syslog over TCP, to durable, parsed and searchable", out))


def main():
    work = tempfile.mkdtemp(prefix="hisui-bench.")
    data = f"{work}/mixed.log"
    with open(data, "wb") as f:
        subprocess.run([sys.executable, str(ROOT / "Bench/generate.py"), str(LINES)], stdout=f, check=True)
    size = os.path.getsize(data)
    # The lines without a year belong to the week the others name.
    os.utime(data, (1_764_000_000, 1_764_000_000))
    rows = []

    def imported():
        shutil.rmtree(f"{work}/store", ignore_errors=True)
        return run([HISUI, "import", "--store", f"{work}/store", "--zone", "bench", data])
    wall, cpu, peak = median(imported)
    stored = tree_bytes(f"{work}/store")
    section = [("hisui import", f"{LINES / wall:,.0f} lines/s", f"{cpu * 1e6 / LINES:.2f} CPU-s/M",
                f"{peak:.0f} MB peak, {size / stored:.2f}× smaller than the text")]
    parse = median(lambda: run([HISUI, "parse"], stdin=data))
    section.append(("hisui parse", f"{LINES / parse[0]:,.0f} lines/s", f"{parse[1] * 1e6 / LINES:.2f} CPU-s/M",
                    f"{parse[2]:.0f} MB peak; text to JSON"))
    for name, argv in (("zstd -3", ["zstd", "-q", "-f", "-3", "-T1", data, "-o", f"{work}/z3"]),
                       ("gzip -6", ["sh", "-c", f"gzip -6 -c {data} > {work}/gz"])):
        wall, cpu, peak = median(lambda: run(argv))
        packed = os.path.getsize(f"{work}/z3" if "zstd" in name else f"{work}/gz")
        section.append((name, f"{LINES / wall:,.0f} lines/s", f"{cpu * 1e6 / LINES:.2f} CPU-s/M",
                        f"{size / packed:.2f}× smaller; cannot be searched by field"))
    rows.append((f"Bulk load of {LINES:,} lines ({size / 1e6:.0f} MB)", section))

    start = median(lambda: run([HISUI, "--version"]))[0]
    section = [("hisui --version", f"{start * 1000:.0f} ms", "", "subtracted below")]
    queries = [("frequent phrase, count", '"Failed password" | stats count() as n', "Failed password"),
               ("rare word, rows", '"住民票の写しを発行しました" "000777"', "000777"),
               ("one field, count", "user.name:=tanaka event.outcome:=failure | stats count() as n", None),
               ("top hosts", "* | stats by (host.name) count() as n | sort by (n desc) | limit 10", None),
               ("count of all", "* | stats count() as n", None)]
    for name, query, needle in queries:
        wall = median(lambda: run([HISUI, "search", "--store", f"{work}/store", "--format", "jsonl", "--", query],
                                  ok=(0, 1)))[0]
        peer = ""
        if needle:
            peer = f"rg -c on the text: {median(lambda: run(['rg', '-c', needle, data], ok=(0, 1)))[0] * 1000:.0f} ms"
        section.append((name, f"{(wall - start) * 1000:.0f} ms", peer, f"`{query}`"))
    rows.append(("Searches over that store, whole process, page cache warm", section))
    reception(work, data, rows, LINES)

    with open(ROOT / "docs/numbers.md", "w") as f:
        cpu_name = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "?")
        f.write("# Numbers\n\nWritten by `Bench/measure.py "
                f"{LINES}` on {datetime.date.today()}, {os.cpu_count()} × {cpu_name}, release build, data by\n"
                f"`Bench/generate.py {LINES}`. Each figure is the median of {RUNS} whole processes.\n")
        for title, section in rows:
            f.write(f"\n## {title}\n\n| what | | | |\n|---|---|---|---|\n")
            for row in section:
                f.write("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |\n")
    shutil.rmtree(work)


main()
