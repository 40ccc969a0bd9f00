"""RELP and TLS to durable records, and what open connections cost."""
import contextlib
import pathlib
import resource
import shutil
import socket
import ssl
import subprocess
import threading
import time

from .process import ROOT, Wrong, cpu_of, free_port, peak_of
from .reception import PATIENCE, accepts, daemon, first_lines, receiver, rsyslog, stored, wait_for

LINES = 400_000
CONNECTIONS = 8
WINDOW = 128            # rsyslog's: commands of a RELP session that may be unanswered
OPEN = 10_000
OPEN_TLS = 2_000
OPEN_RSYSLOG = 500      # imptcp of 8.2302 does not accept a thousand that come at once
COLUMNS = ("receiver", "lines", "done/s", "CPU-s/M", "peak MB")


def certificates(work):
    """A throwaway authority and certificates, once."""
    folder = work / "certificates"
    if not folder.exists():
        folder.mkdir()
        subprocess.run(["bash", str(ROOT / "Tests/KillCampaign/certificates.sh"), str(folder)],
                       check=True, capture_output=True)
    return folder


def listen(kind, port, work):
    """The source of a daemon's configuration."""
    transport = "relp" if kind.startswith("relp") else "tcp"
    source = f'{transport}: "127.0.0.1:{port}"'
    if kind.endswith("tls"):
        folder = certificates(work)
        source += (f" }}\n    tls: {{ certificate: {folder}/server.pem, "
                   f"key: {folder}/server.key")
    return source


def connect(port, work, tls):
    raw = socket.create_connection(("127.0.0.1", port))
    if not tls:
        return raw
    context = ssl.create_default_context(cafile=str(certificates(work) / "authority.pem"))
    return context.wrap_socket(raw, server_hostname="server.example")


# MARK: senders

def send_lines(connection, lines):
    for number in range(0, len(lines), 512):
        connection.sendall(b"".join(lines[number:number + 512]))


def send_relp(connection, lines):
    """Half a window after the other: while one is answered, the next is on its way."""
    answers = connection.makefile("rb", buffering=1 << 16)

    def take(count):
        while count:
            said = answers.readline()
            if not said:
                raise Wrong("a RELP session was closed")
            count -= said.endswith(b" rsp 6 200 OK\n")

    connection.sendall(b"1 open 30 relp_version=0\ncommands=syslog\n")
    for _ in range(4):
        answers.readline()
    half, unanswered = WINDOW // 2, 0
    for start in range(0, len(lines), half):
        part = lines[start:start + half]
        connection.sendall(b"".join(
            b"%d syslog %d %s\n" % (start + i + 2, len(line), line)
            for i, line in enumerate(part)))
        unanswered += len(part)
        if unanswered > half:
            take(unanswered - half)
            unanswered = half
    take(unanswered)


def send_all(kind, port, work, lines):
    """Sends through several connections at once; seconds it took until all was taken."""
    failures = []

    def one(part):
        try:
            with connect(port, work, kind.endswith("tls")) as connection:
                (send_relp if kind.startswith("relp") else send_lines)(connection, part)
                if kind == "syslog-tls":
                    connection.unwrap()     # rsyslog forgets what it has read otherwise
        except (Wrong, OSError) as failure:
            failures.append(failure)

    threads = [threading.Thread(target=one, args=(lines[n::CONNECTIONS],))
               for n in range(CONNECTIONS)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise Wrong(f"sending failed: {failures[0]}")
    return started


# MARK: receivers

def to_hisui(kind, work, lines):
    port = free_port()
    argv, store = daemon(work, listen(kind, port, work))
    with receiver(argv, lambda: accepts(port)) as pid:
        before = cpu_of(pid)
        started = send_all(kind, port, work, lines)
        wait_for(lambda: stored(store) >= len(lines), PATIENCE, "not everything is stored")
        took, cpu, peak = time.monotonic() - started, cpu_of(pid) - before, peak_of(pid)
    if stored(store) != len(lines):
        raise Wrong(f"{stored(store)} records of {len(lines)} lines over {kind}")
    return row(f"hisui, {kind}: durable", lines, took, cpu, peak)


def to_rsyslog(kind, work, lines):
    port = free_port()
    module = "imrelp" if kind.startswith("relp") else "imtcp"
    folder = certificates(work)
    loading = listening = ""
    if kind == "syslog-tls":
        loading = ('StreamDriver.Name="ossl" StreamDriver.Mode="1" '
                   'StreamDriver.AuthMode="anon"')
    if kind == "relp-tls":
        listening = (f'tls="on" tls.caCert="{folder}/authority.pem" '
                     f'tls.myCert="{folder}/server.pem" tls.myPrivKey="{folder}/server.key"')
        loading = 'tls.tlslib="openssl"'
    argv, target = rsyslog(work, module, port, loading, listening)
    configuration = pathlib.Path(work / "rsyslog.conf")
    configuration.write_text(
        f'global(defaultNetstreamDriverCAFile="{folder}/authority.pem" '
        f'defaultNetstreamDriverCertFile="{folder}/server.pem" '
        f'defaultNetstreamDriverKeyFile="{folder}/server.key")\n'
        + configuration.read_text())
    with receiver(argv, lambda: accepts(port)) as pid:
        before, wanted = cpu_of(pid), sum(map(len, lines))
        started = send_all(kind, port, work, lines)
        wait_for(lambda: target.exists() and target.stat().st_size >= wanted, PATIENCE,
                 f"rsyslog did not write everything of {kind}")
        took, cpu, peak = time.monotonic() - started, cpu_of(pid) - before, peak_of(pid)
    return row(f"rsyslog, {kind}: a plain file, not synced", lines, took, cpu, peak)


def row(name, lines, took, cpu, peak):
    count = len(lines)
    return (name, f"{count:,}", f"{count / took:,.0f}", f"{cpu * 1e6 / count:.2f}", f"{peak:.0f}")


def rows(work, data, count):
    part = first_lines(data, count, work / "wire.log")
    with open(part, "rb") as file:
        lines = file.readlines()
    kinds = ("relp", "relp-tls", "syslog-tls")
    return [measure(kind, work, lines) for kind in kinds for measure in (to_hisui, to_rsyslog)]


# MARK: open connections

def resident_of(pid):
    with open(f"/proc/{pid}/status") as file:
        told = next(line for line in file if line.startswith("VmRSS"))
    return int(told.split()[1]) / 1024


def opened(name, argv, port, work, count, tls, taken):
    """Memory of a receiver before and with connections that each have sent a line."""
    with receiver(argv, lambda: accepts(port)) as pid, contextlib.ExitStack() as stack:
        before = resident_of(pid)
        connections = [stack.enter_context(connect(port, work, tls)) for _ in range(count)]
        for number, connection in enumerate(connections):
            connection.sendall(b"<13>Nov 23 10:00:00 host app: line %d\n" % number)
        wait_for(lambda: taken() >= count, PATIENCE, f"{name} did not take every line")
        now = resident_of(pid)
    return (name, f"{count:,}", f"{before:.0f}", f"{now:.0f}",
            f"{(now - before) * 1024 / count:.1f}")


def connections(work, count, tls_count):
    needed = max(count, tls_count) + 1000  # of either process
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise Wrong(f"{needed} descriptors are needed, {hard} are allowed (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    found = []
    for kind, some in (("syslog", count), ("syslog-tls", tls_count)):
        port = free_port()
        argv, store = daemon(work, listen(kind, port, work))
        found.append(opened(f"hisui, {kind}", argv, port, work, some, kind.endswith("tls"),
                            lambda: stored(store)))
    port = free_port()
    argv, target = rsyslog(work, "imptcp", port)

    def written():
        if not target.exists():
            return 0
        with open(target, "rb") as file:
            return sum(1 for _ in file)

    some = min(count, OPEN_RSYSLOG)
    return [*found, opened("rsyslog, syslog", argv, port, work, some, False, written)]


def measure(report, work, data, quick):
    """Adds the sections; nothing without rsyslog and its modules."""
    if not shutil.which("rsyslogd"):
        print("rsyslog is not installed: RELP and TLS are left out")
        return
    report.section(
        "Reception over RELP and TLS", COLUMNS, rows(work, data, 20_000 if quick else LINES),
        f"One run each, {CONNECTIONS} connections from one sender in Python; RELP with a window of "
        f"{WINDOW} commands, which Hisui answers after the sync and rsyslog before it writes. "
        "Done: when a search counts every line; when rsyslog's file is as long as what was sent.")
    counts = (500, 200) if quick else (OPEN, OPEN_TLS)
    report.section(
        "Open connections", ("receiver", "connections", "MB before", "MB with them", "KB each"),
        connections(work, *counts),
        "Resident memory with so many connections open, each of which has sent a line that is "
        "stored.")
