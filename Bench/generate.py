#!/usr/bin/env python3
"""Writes mixed syslog to standard output: a week of 200 hosts in three zones.

usage: generate.py LINES [SEED]

The same arguments give the same bytes. Message texts are written for this project in the form that
the programs really use; addresses, users, ports and process ids are drawn anew for each session.
"""
import random
import sys

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
USERS = ["tanaka", "sato", "suzuki", "takahashi", "ito", "yamamoto", "root", "backup", "deploy", "nakamura"]
PATHS = ["/", "/login", "/api/v1/items", "/static/app.js", "/shinsei/form", "/kouhou/2026/11", "/favicon.ico"]
UNITS = ["cron.service", "nginx.service", "postgresql@15-main.service", "apt-daily.service", "logrotate.service"]
JAPANESE = ["住民票の写しを発行しました", "課税証明書の照会を受け付けました", "帳票の印刷が完了しました",
            "データベース接続の待ち時間が基準を超えました", "宛名検索を実行しました"]


def ip(r):
    return f"{r.choice((10, 172, 192, 203))}.{r.randrange(256)}.{r.randrange(256)}.{r.randrange(1, 255)}"


def sshd(r):
    k = r.random()
    if k < 0.45:
        who = r.choice(USERS) if r.random() < 0.5 else "invalid user " + r.choice(["admin", "test", "oracle", "guest"])
        return "sshd", f"Failed password for {who} from {ip(r)} port {r.randrange(1024, 65536)} ssh2"
    if k < 0.7:
        return "sshd", f"Accepted publickey for {r.choice(USERS)} from {ip(r)} port {r.randrange(1024, 65536)} ssh2: ED25519 SHA256:{r.getrandbits(256):064x}"
    if k < 0.9:
        return "sshd", f"Connection closed by {ip(r)} port {r.randrange(1024, 65536)} [preauth]"
    return "sshd", f"pam_unix(sshd:session): session closed for user {r.choice(USERS)}"


def firewall(r):
    mac = ":".join(f"{r.randrange(256):02x}" for _ in range(14))
    return "kernel", (f"[{r.randrange(10**6)}.{r.randrange(10**6):06d}] FW-DROP IN=eth0 OUT= MAC={mac} SRC={ip(r)} DST={ip(r)} "
                      f"LEN={r.randrange(40, 1500)} TOS=0x00 PREC=0x00 TTL={r.randrange(30, 128)} ID={r.randrange(65536)} DF "
                      f"PROTO=TCP SPT={r.randrange(1024, 65536)} DPT={r.choice((22, 23, 80, 443, 445, 3389))} WINDOW={r.randrange(65536)} RES=0x00 SYN URGP=0")


def web(r):
    return "httpd", (f'{ip(r)} - - "{r.choice(("GET", "POST"))} {r.choice(PATHS)}?id={r.randrange(10**5)} HTTP/1.1" '
                     f'{r.choice((200, 200, 200, 304, 404, 500))} {r.randrange(10**5)} "-" "Mozilla/5.0 (Windows NT 10.0; Win64; x64)" {r.randrange(1, 900)}')


def mail(r):
    return "postfix/smtpd", f"{r.getrandbits(40):010X}: client=mail{r.randrange(20)}.example.jp[{ip(r)}]"


def cron(r):
    return "CRON", f"({r.choice(('root', 'www-data', 'backup'))}) CMD (  /usr/local/bin/job-{r.randrange(30)} --shard {r.randrange(64)})"


def java(r):
    return "ledger", f"INFO [worker-{r.randrange(32)}] j.c.ledger.BatchJob - processed {r.randrange(10**5)} rows in {r.randrange(1, 9000)} ms, batch={r.getrandbits(128):032x}"


def trace(r):
    return "ledger", f"java.lang.IllegalStateException: no connection after {r.randrange(1, 60)} s\\n\\tat jp.city.ledger.Pool.take(Pool.java:{r.randrange(50, 400)})"


def database(r):
    return "postgres", f"[{r.randrange(1, 99)}-1] {r.choice(USERS)}@juki LOG:  duration: {r.random() * 900:.3f} ms  statement: SELECT * FROM atena WHERE id = {r.randrange(10**7)}"


def sudo(r):
    user = r.choice(USERS)
    return "sudo", f"{user:>8} : TTY=pts/{r.randrange(9)} ; PWD=/home/{user} ; USER=root ; COMMAND=/usr/bin/systemctl restart {r.choice(UNITS)}"


def systemd(r):
    return "systemd", f"{r.choice(('Started', 'Stopped', 'Starting'))} {r.choice(UNITS)} - part {r.randrange(9)}."


def japanese(r):
    return "shinsei", f"受付番号 {r.randrange(10**6):06d}: {r.choice(JAPANESE)}（担当 {r.choice(USERS)}）"


KINDS = [(sshd, 24), (firewall, 20), (web, 14), (mail, 10), (cron, 9), (java, 9), (database, 5), (systemd, 4),
         (sudo, 3), (trace, 1), (japanese, 1)]


def main():
    count = int(sys.argv[1])
    r = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    makers = [m for m, w in KINDS for _ in range(w)]
    hosts = [f"{zone}-{kind}{n:02d}" for zone in ("mn", "lg", "in") for kind in ("web", "db", "ap", "fw") for n in range(17)][:200]
    pids = {}
    now = 1_763_337_600_000_000  # 2025-11-17T00:00:00Z in microseconds
    step = 7 * 86_400_000_000 // count
    write = sys.stdout.buffer.write
    out = []
    for i in range(count):
        now += r.randrange(0, 2 * step + 1)
        host = r.choice(hosts)
        program, message = r.choice(makers)(r)
        pid = pids.get((host, program))
        if pid is None or r.random() < 0.02:
            pid = pids[(host, program)] = r.randrange(300, 4_000_000)
        seconds = now // 1_000_000 % 86_400
        day = 17 + (now // 1_000_000 - 1_763_337_600) // 86_400
        clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
        pri = r.choice((38, 86, 6, 30, 22, 131))
        if r.random() < 0.6:
            tag = program if program == "kernel" else f"{program}[{pid}]"
            out.append(f"<{pri}>{MONTHS[10]} {day:2d} {clock} {host} {tag}: {message}\n")
        else:
            out.append(f"<{pri}>1 2025-11-{day:02d}T{clock}.{now % 1_000_000:06d}+09:00 {host} {program} {pid} - - {message}\n")
        if len(out) == 10_000:
            write("".join(out).encode())
            out.clear()
    write("".join(out).encode())


main()
