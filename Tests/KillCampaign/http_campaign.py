#!/usr/bin/env python3
"""kill -9 of the daemon, again and again, with requests of HTTP on their way.

For each form that the shippers' listener takes, and for uploaded journal entries, a sender posts
requests of numbered records, one after the other. What was not answered, or answered with another
status than 2xx, it sends again, as shippers do. In each round the daemon is killed while requests
wait for their answer, after some were answered since the round before; then it is started again.
Every record whose request was answered 2xx has to be stored; journal entries, which are known by
their numbers, not more than once.

    http_campaign.py --hisui PATH [--rounds N] [--seconds N] [--seed N]

Ends with 0 if nothing was lost and no entry doubled, 1 otherwise; the last line is a summary.
"""
import collections
import http.client
import json
import signal
import threading
import time

from campaign import Daemon, free_port, main, wait_for

RECORDS = 200


def bulk(texts):
    return "".join(f'{{"create":{{}}}}\n{{"message":"{text}"}}\n' for text in texts)


def lines(texts):
    return "\n".join(f'{{"_msg":"{text}"}}' for text in texts)


def loki(texts):
    values = ",".join(f'["1795741200000000000","{text}"]' for text in texts)
    return f'{{"streams":[{{"stream":{{"a":"b"}},"values":[{values}]}}]}}'


def otlp(texts):
    records = ",".join(f'{{"body":{{"stringValue":"{text}"}}}}' for text in texts)
    return f'{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{records}]}}]}}]}}'


def journal(texts):
    entries = []
    for text in texts:
        number = int(text.split(" ")[1]) + 1
        entries.append(
            f"__CURSOR=s=0123456789abcdef0123456789abcdef;i={number:x};"
            f"b=fedcba9876543210fedcba9876543210;m=1;t={1795741200000000 + number:x};x=1\n"
            f"__REALTIME_TIMESTAMP={1795741200000000 + number}\n__MONOTONIC_TIMESTAMP=1\n"
            f"_BOOT_ID=fedcba9876543210fedcba9876543210\nMESSAGE={text}\n\n")
    return "".join(entries)


class Sender(threading.Thread):
    """Sends requests of one form until it is told to stop."""

    def __init__(self, name, port, path, kind, body):
        super().__init__(daemon=True)
        self.form = name
        self.port = port
        self.path = path
        self.kind = kind
        self.body = body
        self.answered = 0
        self.repeated = 0
        # Records of the request that waits for its answer.
        self.waiting = 0
        self.stops = False
        self.failure = None

    def run(self):
        try:
            while not self.stops:
                texts = [f"{self.form} {self.answered + i} end" for i in range(RECORDS)]
                body = self.body(texts).encode()
                while not self.post(body):
                    self.repeated += 1
                    time.sleep(0.02)
                self.answered += RECORDS
        except Exception as failure:
            self.failure = failure

    def post(self, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            self.waiting = RECORDS
            connection.request("POST", self.path, body, {"Content-Type": self.kind})
            answer = connection.getresponse()
            text = answer.read()
            if answer.status // 100 == 2:
                return self.form != "bulk" or json.loads(text)["errors"] is False
            if answer.status // 100 == 4:
                raise RuntimeError(f"{self.form}: {answer.status} {text!r}")
            return False
        except (OSError, http.client.HTTPException):
            return False
        finally:
            self.waiting = 0
            connection.close()


class Campaign:
    def __init__(self, arguments, folder):
        port, upload = free_port(), free_port()
        self.daemon = Daemon(arguments.hisui, folder, port, f"""
  - {{ http: {{ shippers: "127.0.0.1:{port}" }}, id: ship }}
  - {{ http: {{ journal: "127.0.0.1:{upload}" }}, id: upload }}
""")
        self.processes = [self.daemon]
        self.senders = [
            Sender("bulk", port, "/x/_bulk", "application/x-ndjson", bulk),
            Sender("lines", port, "/insert/jsonline", "text/plain", lines),
            Sender("loki", port, "/loki/api/v1/push", "application/json", loki),
            Sender("otlp", port, "/v1/logs", "application/json", otlp),
            Sender("entry", upload, "/upload", "application/vnd.fdo.journal", journal),
        ]

    @property
    def answered(self):
        for sender in self.senders:
            if sender.failure:
                raise sender.failure
        return sum(sender.answered for sender in self.senders)

    @property
    def waiting(self):
        return sum(sender.waiting for sender in self.senders)

    def run(self, rounds, seconds, pick):
        self.daemon.start()
        for sender in self.senders:
            sender.start()
        counted = collections.Counter()
        before = 0
        deadline = time.monotonic() + seconds
        while counted["kills"] < rounds and time.monotonic() < deadline:
            wait_for("something was answered", lambda: self.answered > before, 120)
            time.sleep(pick.uniform(0, 0.2))
            wait_for("something waits for its answer", lambda: self.waiting > 0, 30, 0.001)
            waiting, answered = self.waiting, self.answered
            self.daemon.end(signal.SIGKILL)
            counted["rounds"] += 1
            if waiting > 0:
                counted["kills"] += 1
                counted["waiting_at_kills"] += waiting
                counted["answered_before_kills"] += answered - before
            before = answered
            self.daemon.start()
            if counted["rounds"] % 25 == 0:
                print(f"{counted['kills']} kills, {answered} records answered", flush=True)
        for sender in self.senders:
            sender.stops = True
        for sender in self.senders:
            sender.join(60)
        self.daemon.finish()
        return counted

    def stored(self):
        """How often each number of each form is stored; read in pieces, as there are millions."""
        found = {sender.form: bytearray(sender.answered + RECORDS) for sender in self.senders}
        start, piece = 0, 250_000
        while True:
            rows = self.daemon.search(
                "--duplicates", f"zone.index:range[{start}, {start + piece}) | fields _msg")
            if not rows:
                return found
            for row in rows:
                form, number, _ = row["_msg"].split(" ")
                counts = found[form]
                counts[int(number)] = min(255, counts[int(number)] + 1)
            start += piece

    def judge(self):
        stored = self.stored()
        lost = [
            f"{sender.form} {number}" for sender in self.senders
            for number in range(sender.answered) if stored[sender.form][number] == 0]
        repeated = {form: sum(count - 1 for count in counts if count > 1)
                    for form, counts in stored.items()}
        return {
            "answered": self.answered,
            "acknowledged_and_lost": lost,
            "doubled": repeated["entry"],
            "requests_repeated": sum(sender.repeated for sender in self.senders),
            "stored_more_than_once": sum(repeated.values()),
        }


main(Campaign)
