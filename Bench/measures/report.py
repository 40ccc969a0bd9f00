"""docs/numbers.md: its head and its tables."""
import datetime
import os
import re
import shutil
import subprocess

from .process import ROOT


class Report:
    """Sections in the order they are measured; written only when every answer was right."""

    def __init__(self, command):
        self.command, self.parts = command, []

    def section(self, title, columns, rows, *notes):
        """A table under a heading; nothing where there are no rows."""
        if not rows:
            return
        lines = [f"## {title}", "", row(columns), "|---" + "|--:" * (len(columns) - 1) + "|"]
        lines += [row(cells) for cells in rows] + [""]
        for note in notes:
            lines += [*wrapped(note), ""]
        self.parts.append("\n".join(lines))
        print("\n".join(lines), flush=True)

    def splice(self, path):
        """Puts the sections in the place of those of the same title in a file, or at its end.

        Each says when and where it was measured: the rest of the file may be of another machine.
        """
        text = path.read_text()
        origin = "\n".join(wrapped(
            f"By `{self.command}` on {datetime.datetime.now(datetime.UTC):%Y-%m-%d} (commit "
            f"{commit()}): {machine()}."))
        for part in self.parts:
            part += "\n" + origin + "\n"
            title = part.split("\n", 1)[0]
            if title + "\n" in text:
                head, rest = text.split(title + "\n", 1)
                behind = rest.find("\n## ")
                text = head + part + (rest[behind:] if behind >= 0 else "")
            else:
                text = text.rstrip("\n") + "\n\n" + part
        path.write_text(text)

    def text(self, runs):
        head = ["# Numbers", "", *wrapped(
            f"Written by `{self.command}` on {datetime.datetime.now(datetime.UTC):%Y-%m-%d} "
            f"(commit {commit()}); nothing here is typed by hand. {machine()}. Figures are of "
            f"whole processes by the system's own account (wait4), the median of {runs} runs where "
            "nothing else is said. CPU-s/M: processor seconds, user and system, per million "
            "records. `docs/decisions/0015-benchmark.md` says what is measured and why."), "",
            *wrapped("The commands are `hisui import --store S --zone bench FILE`, `hisui verify "
                     "--store S`, `hisui search --store S --format jsonl -- QUERY` and `hisui run "
                     f"--config FILE`. Beside them: {', '.join(versions())}."), ""]
        return "\n".join(head) + "\n" + "\n".join(self.parts)


def row(cells):
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def wrapped(text, width=100):
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
    return lines


def commit():
    def git(*argv):
        done = subprocess.run(["git", *argv], cwd=ROOT, capture_output=True, text=True)
        return done.stdout.strip()
    changed = git("status", "--porcelain", "--", "Sources", "parsers", "Bench")
    return git("rev-parse", "--short", "HEAD") + (" with changes" if changed else "")


def versions():
    """Name and version of the other tools that are there."""
    for command in ("zstd", "gzip", "rg", "rsyslogd", "journalctl"):
        if shutil.which(command):
            option = "-v" if command == "rsyslogd" else "--version"
            said = subprocess.run([command, option], capture_output=True, text=True).stdout
            number = re.search(r"\d+(\.\d+)+|\b\d{3}\b", said)
            yield f"{command} {number[0] if number else '?'}"


def machine():
    with open("/proc/cpuinfo") as f:
        names = [line.split(":")[1].strip() for line in f if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (f"{os.cpu_count()} × {names[0] if names else '?'}, {memory:.0f} GiB, Linux "
            f"{os.uname().release}, release build; load at the start {LOAD:.1f}")


LOAD = os.getloadavg()[0]
