"""What campaigns of kills have in common: the daemon, what it stored, and the verdict."""
import argparse
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
REPOSITORY = os.path.dirname(os.path.dirname(HERE))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, holds, seconds=60, every=0.02):
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise RuntimeError(f"did not happen in {seconds} s: {what}")
        time.sleep(every)


class Process:
    """A program that is started again and again, with its errors in a file."""

    def __init__(self, folder, name, command):
        self.log = open(os.path.join(folder, name + ".err"), "ab")
        self.command = command
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def end(self, number, seconds=30):
        self.process.send_signal(number)
        return self.process.wait(seconds)

    @property
    def runs(self):
        return self.process.poll() is None


class Daemon(Process):
    """The daemon with one source, which listens at `port`."""

    def __init__(self, hisui, folder, port, source):
        # Whoever works on the repository meanwhile does not disturb what takes an hour.
        shutil.copytree(os.path.join(REPOSITORY, "parsers"), os.path.join(folder, "parsers"))
        write(folder, "hisui.yaml", f"""
organisation: {{ name: Campaign, name_ja: 試験 }}
zone: test
zones:
  - {{ id: test, name: Test, name_ja: 試験 }}
store: {folder}/store
parsers: [ {folder}/parsers ]
rules: []
sources:
{source}
""")
        super().__init__(folder, "daemon", [hisui, "run", "--config", f"{folder}/hisui.yaml"])
        self.hisui = hisui
        self.folder = folder
        self.port = port

    def start(self):
        super().start()
        needle = f"0100007F:{self.port:04X} 00000000:0000 0A"

        def listens():
            if not self.runs:
                raise RuntimeError("the daemon ended: see daemon.err")
            with open("/proc/net/tcp") as table:
                return any(needle in line for line in table)

        wait_for("the daemon listens", listens)

    def search(self, *arguments):
        found = subprocess.run(
            [self.hisui, "search", "--store", f"{self.folder}/store", "--format", "jsonl",
             *arguments], capture_output=True, text=True)
        if found.returncode not in (0, 1):
            raise RuntimeError(found.stderr)
        return [json.loads(line) for line in found.stdout.splitlines()]

    def finish(self):
        status = self.end(signal.SIGTERM)
        if status != 0:
            raise RuntimeError(f"the daemon ended with {status}")


def write(folder, name, text):
    with open(os.path.join(folder, name), "w") as file:
        file.write(text)


def main(make, *flags):
    """Runs a campaign: `make(arguments, folder)` gives it, `flags` are options of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--hisui", required=True)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=1e9)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    for flag in flags:
        parser.add_argument(flag, action="store_true")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    folder = tempfile.mkdtemp(prefix="hisui-kill.")
    campaign = make(arguments, folder)
    try:
        counted = campaign.run(
            arguments.rounds, arguments.seconds, random.Random(arguments.seed))
        verdict = {**counted, **campaign.judge()}
    except BaseException:
        print(f"kept: {folder}", file=sys.stderr)
        raise
    finally:
        for process in campaign.processes:
            if process.process and process.runs:
                process.end(signal.SIGKILL)
    print(json.dumps(verdict))
    if verdict["acknowledged_and_lost"] or verdict["doubled"]:
        print(f"kept: {folder}", file=sys.stderr)
        sys.exit(1)
    shutil.rmtree(folder)
