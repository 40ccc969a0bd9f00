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
import collections
import os
import signal
import subprocess
import time

from campaign import HERE, Daemon, Process, free_port, main, wait_for, write
from relp_witness import Witness

class Campaign:
    def __init__(self, arguments, folder):
        self.folder = folder
        self.written = 0
        port = free_port()
        self.ends = ["daemon"] if arguments.only_daemon else ["daemon", "rsyslog"]
        tls, client = self.certificates() if arguments.tls else ("", "")
        self.witness = Witness(free_port(), port, folder if arguments.tls else None)
        self.daemon = Daemon(arguments.hisui, folder, port, f"""
  - syslog: {{ relp: "127.0.0.1:{port}" }}
    id: relp{tls}
""")
        write(folder, "rsyslog.conf", f"""
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
        self.rsyslog = Process(
            folder, "rsyslog",
            ["rsyslogd", "-n", "-f", f"{folder}/rsyslog.conf", "-i", f"{folder}/rsyslog.pid"])
        self.processes = [self.daemon, self.rsyslog]

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

    def write_lines(self, count):
        lines = "".join(f"feed line {self.written + i} end\n" for i in range(count))
        # A file of its own: a killed rsyslog may read one again from its start.
        write(self.folder, f"feed/{self.written:09}.log", lines)
        self.written += count

    def run(self, rounds, seconds, pick):
        self.daemon.start()
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
                self.daemon.start()
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
        self.daemon.finish()

    def judge(self):
        """Lost lines, and repeated ones: flagged, re-read by the sender, or neither."""
        rows = self.daemon.search(
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


main(Campaign, "--tls", "--only-daemon")
