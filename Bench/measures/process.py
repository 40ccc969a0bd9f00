"""Runs programs and says what they cost by the operating system's own account."""
import dataclasses
import os
import pathlib
import socket
import statistics
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HISUI = str(ROOT / ".build/release/hisui")
WARM_SEARCH = str(ROOT / ".build/release/WarmSearch")


class Wrong(Exception):
    """An answer is wrong or something was lost: the run fails and writes nothing."""


@dataclasses.dataclass(frozen=True)
class Cost:
    """A whole process with the children it waited for."""
    wall: float     # seconds
    cpu: float      # seconds, user and system
    peak: float     # resident megabytes of its largest process
    status: int = 0

    @classmethod
    def median(cls, costs):
        return cls(*(statistics.median(column) for column in
                     zip(*((c.wall, c.cpu, c.peak) for c in costs))), costs[-1].status)


def run(argv, stdin=None, output=None, errors=None, ok=(0,)):
    """Runs `argv` to its end; `stdin`, `output` and `errors` are paths."""
    with open(stdin or os.devnull, "rb") as source, open(output or os.devnull, "wb") as target, \
            open(errors or os.devnull, "wb") as complaint:
        started = time.monotonic()
        process = subprocess.Popen(argv, stdin=source, stdout=target, stderr=complaint)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in ok:
        raise Wrong(f"{' '.join(map(str, argv))} ended with {process.returncode}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, process.returncode)


def shell(command, **given):
    return run(["bash", "-o", "pipefail", "-c", command], **given)


def text_of(argv, ok=(0,)):
    """What `argv` writes to standard output."""
    done = subprocess.run(argv, capture_output=True, text=True)
    if done.returncode not in ok:
        raise Wrong(f"{' '.join(argv)} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def tree_bytes(path):
    return sum(f.stat().st_size for f in pathlib.Path(path).rglob("*") if f.is_file())


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu_of(pid):
    """Seconds of processor time that a living process has had."""
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_of(pid):
    """The most resident megabytes that a living process has had."""
    with open(f"/proc/{pid}/status") as f:
        return next((int(line.split()[1]) / 1024 for line in f if line.startswith("VmHWM")), 0)


def forget(path):
    """Puts the files below `path` out of the page cache."""
    os.sync()
    for file in pathlib.Path(path).rglob("*"):
        if file.is_file():
            with open(file, "rb") as f:
                os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    try:
        with open("/proc/sys/vm/drop_caches", "w") as f:
            f.write("1\n")
    except OSError:
        pass    # not root: the advice above is what can be done
