#!/usr/bin/env python3
"""kill -9 of either end of RELP, again and again, with records on their way.

rsyslog reads numbered lines from files, keeps them in a queue on disk, and sends them by omrelp to
a witness, which passes them on to the daemon and notes which ones the daemon acknowledged
(relp_witness.py). In each round the daemon or rsyslog is killed while records wait for their
answer, after some were acknowledged since the round before; then it is started again. At the end
rsyslog delivers the rest. Every line that was ever acknowledged has to be stored, and no line twice
but for those flagged as repeated. What rsyslog lost before it heard an acknowledgement is told, too.

    kill_campaign.py --hisui PATH [--rounds N] [--seconds N] [--seed N] [--tls] [--only-daemon]

Ends with 0 if nothing was lost and nothing doubled, 1 otherwise; the last line is a summary.
"""
import argparse
import collections
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

from relp_witness import Witness

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


class Campaign:
    def __init__(self, arguments, folder):
        self.hisui = arguments.hisui
        self.folder = folder
        self.port = free_port()
        self.written = 0
        self.ends = ["daemon"] if arguments.only_daemon else ["daemon", "rsyslog"]
        # Whoever works on the repository meanwhile does not disturb what takes an hour.
        shutil.copytree(os.path.join(REPOSITORY, "parsers"), os.path.join(folder, "parsers"))
        tls, client = self.certificates() if arguments.tls else ("", "")
        self.witness = Witness(free_port(), self.port, folder if arguments.tls else None)
        self.write("hisui.yaml", f"""
organisation: {{ name: Campaign, name_ja: 試験 }}
zone: test
zones:
  - {{ id: test, name: Test, name_ja: 試験 }}
store: {folder}/store
parsers: [ {folder}/parsers ]
rules: []
sources:
  - syslog: {{ relp: "127.0.0.1:{self.port}" }}
    id: relp{tls}
""")
        self.write("rsyslog.conf", f"""
global(workDirectory="{folder}/work")
module(load="imfile")
module(load="omrelp"{' tls.tlslib="openssl"' if arguments.tls else ''})
input(type="imfile" file="{folder}/feed/*.log" tag="feeder" ruleset="out" persistStateInterval="1"
      maxSubmitAtOnce="1")
ruleset(name="out" queue.type="Disk" queue.filename="out" queue.checkpointInterval="1"
        queue.maxDiskSpace="1g" queue.dequeueBatchSize="128") {{
  action(type="omrelp" target="127.0.0.1" port="{self.witness.port}" timeout="5"
         {client}
         action.resumeRetryCount="-1" action.resumeInterval="1")
}}
""")
        os.makedirs(os.path.join(folder, "work"))
        os.makedirs(os.path.join(folder, "feed"))
        self.daemon = Process(
            folder, "daemon", [self.hisui, "run", "--config", f"{folder}/hisui.yaml"])
        self.rsyslog = Process(
            folder, "rsyslog",
            ["rsyslogd", "-n", "-f", f"{folder}/rsyslog.conf", "-i", f"{folder}/rsyslog.pid"])

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w") as file:
            file.write(text)

    def certificates(self):
        """A throwaway authority, and certificates of both ends."""
        script = os.path.join(HERE, "certificates.sh")
        subprocess.run(["bash", script, self.folder], check=True, capture_output=True)
        path = self.folder
        return (
            f"\n    tls: {{ certificate: {path}/server.pem, key: {path}/server.key, "
            f"authorities: {path}/authority.pem, permitted: [client.example] }}",
            f' tls="on" tls.caCert="{path}/authority.pem" tls.myCert="{path}/client.pem"'
            f' tls.myPrivKey="{path}/client.key" tls.authMode="name"'
            f' tls.permittedPeer=["server.example"]')

    def start_daemon(self):
        self.daemon.start()
        needle = f"0100007F:{self.port:04X} 00000000:0000 0A"

        def listens():
            if not self.daemon.runs:
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

    def write_lines(self, count):
        lines = "".join(f"feed line {self.written + i} end\n" for i in range(count))
        # A file of its own: a killed rsyslog may read one again from its start.
        self.write(f"feed/{self.written:09}.log", lines)
        self.written += count

    def run(self, rounds, seconds, pick):
        self.start_daemon()
        self.rsyslog.start()
        counted = collections.Counter()
        before = 0
        witness = self.witness
        deadline = time.monotonic() + seconds
        while counted["kills"] < rounds and time.monotonic() < deadline:
            if self.written - witness.reached < 2000:
                self.write_lines(1000)
            # Until some have come since the last kill, and a random moment longer.
            wait_for("something was acknowledged", lambda: witness.answers > before, 120)
            time.sleep(pick.uniform(0, 0.1))
            if self.written - witness.reached < 1000:
                self.write_lines(1000)
            end = pick.choice(self.ends)
            wait_for("something waits for its answer", lambda: witness.waiting > 0, 30, 0.001)
            waiting, answers = witness.waiting, witness.answers
            (self.daemon if end == "daemon" else self.rsyslog).end(signal.SIGKILL)
            counted["rounds"] += 1
            if waiting > 0:
                counted["kills"] += 1
                counted[end] += 1
                counted["waiting_at_kills"] += waiting
                counted["acknowledged_before_kills"] += answers - before
            before = answers
            if end == "daemon":
                self.start_daemon()
            else:
                self.rsyslog.start()
            if counted["rounds"] % 25 == 0:
                print(f"{counted['kills']} kills, {len(witness.acknowledged)} of "
                      f"{self.written} lines acknowledged", flush=True)
        self.finish()
        return counted

    def finish(self):
        """Lets rsyslog deliver the rest: until all is acknowledged, or nothing more comes."""
        answers, since = -1, time.monotonic()
        while len(self.witness.acknowledged) < self.written and time.monotonic() - since < 30:
            if self.witness.answers > answers:
                answers, since = self.witness.answers, time.monotonic()
            time.sleep(0.1)
        self.rsyslog.end(signal.SIGTERM)
        status = self.daemon.end(signal.SIGTERM)
        if status != 0:
            raise RuntimeError(f"the daemon ended with {status}")

    def judge(self):
        """Lost lines, and repeated ones: flagged, re-read by the sender, or neither."""
        rows = self.search(
            "--duplicates", '"feed line" | fields event.original, hisui.duplicate')
        unflagged = collections.Counter()
        lines = collections.Counter()
        flagged = 0
        for row in rows:
            number = int(row["event.original"].split("feed line ")[1].split(" ")[0])
            if row.get("hisui.duplicate") == "true":
                flagged += 1
            else:
                unflagged[row["event.original"]] += 1
                lines[number] += 1
        doubled = sum(count - 1 for count in unflagged.values())
        never_sent = set(range(self.written)) - self.witness.sent
        unanswered = self.witness.sent - self.witness.acknowledged
        return {"lines": self.written, "acknowledged": len(self.witness.acknowledged),
                "acknowledged_and_lost": sorted(self.witness.acknowledged - lines.keys()),
                "doubled": doubled, "flagged": flagged,
                "never_answered": len(unanswered),
                "read_again_by_rsyslog": sum(count - 1 for count in lines.values()) - doubled,
                "lost_by_rsyslog_unsent": sorted(never_sent - lines.keys()),
                "lost_by_rsyslog_unanswered": sorted(unanswered - lines.keys())}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--hisui", required=True)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=1e9)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--only-daemon", action="store_true")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    folder = tempfile.mkdtemp(prefix="hisui-kill.")
    campaign = Campaign(arguments, folder)
    try:
        counted = campaign.run(
            arguments.rounds, arguments.seconds, random.Random(arguments.seed))
        verdict = {**counted, **campaign.judge()}
    except BaseException:
        print(f"kept: {folder}", file=sys.stderr)
        raise
    finally:
        for process in (campaign.daemon, campaign.rsyslog):
            if process.process and process.runs:
                process.end(signal.SIGKILL)
    print(json.dumps(verdict))
    if verdict["acknowledged_and_lost"] or verdict["doubled"]:
        print(f"kept: {folder}", file=sys.stderr)
        sys.exit(1)
    shutil.rmtree(folder)


main()
