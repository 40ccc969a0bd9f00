"""sshd, cron, sudo, su and systemd-logind, as Debian 12 and Enterprise Linux 8 write them."""

import functools
import random

AUTH, AUTHPRIV, NOTICE, CRON = 38, 86, 85, 78
REFUSED = "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost="
COMMANDS = [
    "/usr/bin/systemctl restart httpd",
    "/usr/bin/systemctl status postgresql-15",
    "/usr/bin/journalctl -u ledger --since today",
    "/usr/bin/less /var/log/messages",
    "/usr/bin/tail -f /var/log/secure",
    "/usr/bin/dnf -y update",
    "/usr/sbin/ss -lntp",
    "/usr/bin/vi /etc/hosts",
    "/bin/bash",
    "/usr/bin/apt-get update",
    "/usr/bin/systemctl reload postfix",
    "/usr/sbin/nft list ruleset",
    "/opt/zabbix/bin/check_raid.sh",
    "/usr/bin/cat /etc/shadow",
    "/usr/bin/id",
    "/usr/bin/rsync -a /srv/bunsho/ backup01:/srv/bunsho/",
    "/usr/sbin/reboot",
]


def sshd(s):
    if s.bits(8) < 150:
        attacked(s)
    elif s.bits(8) < 24:
        stray(s)
    else:
        entered(s)


def attacked(s):
    campaign = s.campaigns[s.bits(10)]
    r = s.random
    host = campaign.hosts[int(r() * len(campaign.hosts))]
    peer = campaign.addresses[int(r() * len(campaign.addresses))]
    user = campaign.users[int(r() * len(campaign.users))]
    port = 1024 + int(r() * 64_512)
    t = s.moment(12)
    pid = s.pid(host, t)
    auth = AUTH if host.modern else AUTHPRIV
    known = user in ("root", "git", "postgres", "backup", "deploy", "tomcat", "zabbix")
    add = s.add
    if known:
        add(host, t, NOTICE, "sshd", pid, f"{REFUSED}{peer}  user={user}")
        name = state = user
        state = f"authenticating user {user}"
    else:
        add(host, t, auth, "sshd", pid, f"Invalid user {user} from {peer} port {port}")
        add(host, t + 0.004, AUTHPRIV, "sshd", pid, "pam_unix(sshd:auth): check pass; user unknown")
        add(host, t + 0.005, NOTICE, "sshd", pid, REFUSED + peer)
        name = state = f"invalid user {user}"
    tries = 1 if r() < 0.7 else 1 + int(r() * 3)
    for _ in range(tries):
        t += 1.6 + r() * 1.2
        add(host, t, auth, "sshd", pid, f"Failed password for {name} from {peer} port {port} ssh2")
    t += 0.2 + r()
    if tries == 3 and known:
        add(
            host,
            t,
            auth - 3,
            "sshd",
            pid,
            "error: maximum authentication attempts exceeded for "
            f"{name} from {peer} port {port} ssh2 [preauth]",
        )
        add(
            host,
            t + 0.001,
            auth,
            "sshd",
            pid,
            f"Disconnecting {state} {peer} port {port}: Too many authentication failures [preauth]",
        )
        add(
            host,
            t + 0.002,
            NOTICE,
            "sshd",
            pid,
            "PAM 2 more authentication failures; logname= "
            f"uid=0 euid=0 tty=ssh ruser= rhost={peer}  user={user}",
        )
    elif campaign.ttl & 1:
        add(
            host, t, auth, "sshd", pid, f"Connection closed by {state} {peer} port {port} [preauth]"
        )
    else:
        add(
            host,
            t,
            auth,
            "sshd",
            pid,
            f"Received disconnect from {peer} port {port}:11: Bye Bye [preauth]",
        )
        add(
            host,
            t + 0.001,
            auth,
            "sshd",
            pid,
            f"Disconnected from {state} {peer} port {port} [preauth]",
        )


def entered(s):
    world, r = s.world, s.random
    host = world.any_linux[s.bits(14)]
    user = world.users[s.bits(14)]
    peer = world.clients[s.bits(14)]
    port = 32_768 + int(r() * 28_232)
    lasting = r() ** 6 * 1700 + 0.4
    t = s.moment(lasting + 8)
    pid = s.pid(host, t)
    auth = AUTH if host.modern else AUTHPRIV
    uid = world.uid[user]
    add = s.add
    if world.any_linux[uid & 255].modern or user in ("deploy", "ansible", "backup"):
        way = f"publickey for {user} from {peer} port {port} ssh2: ED25519 SHA256:{world.key[user]}"
    else:
        if r() < 0.15:
            add(host, t, NOTICE, "sshd", pid, f"{REFUSED}{peer}  user={user}")
            t += 2 + r()
            add(
                host,
                t,
                auth,
                "sshd",
                pid,
                f"Failed password for {user} from {peer} port {port} ssh2",
            )
            t += 3 + r()
        way = f"password for {user} from {peer} port {port} ssh2"
    add(host, t, auth, "sshd", pid, "Accepted " + way)
    who = f"{user}(uid={uid}) by (uid=0)" if host.modern else f"{user} by (uid=0)"
    add(
        host,
        t + 0.03,
        AUTHPRIV,
        "sshd",
        pid,
        f"pam_unix(sshd:session): session opened for user {who}",
    )
    t += lasting
    if r() < 0.9:
        add(
            host,
            t,
            auth,
            "sshd",
            pid,
            f"Received disconnect from {peer} port {port}:11: disconnected by user",
        )
        add(host, t + 0.001, auth, "sshd", pid, f"Disconnected from user {user} {peer} port {port}")
    add(
        host,
        t + 0.003,
        AUTHPRIV,
        "sshd",
        pid,
        f"pam_unix(sshd:session): session closed for user {user}",
    )


def stray(s):
    """Connections that never came to a password."""
    r = s.random
    host = s.world.any_linux[s.bits(14)]
    peer = s.public()
    port = 1024 + int(r() * 64_512)
    t = s.moment(1)
    pid = s.pid(host, t)
    auth = AUTH if host.modern else AUTHPRIV
    kind = s.bits(3)
    if kind < 3:
        text = f"Did not receive identification string from {peer} port {port}"
    elif kind < 5:
        text = f"Connection reset by {peer} port {port} [preauth]"
    elif kind < 6:
        text = (
            f"Unable to negotiate with {peer} port {port}: no matching key exchange method "
            "found. Their offer: diffie-hellman-group14-sha1,diffie-hellman-group-exchange-sha1"
            ",diffie-hellman-group1-sha1 [preauth]"
        )
    elif kind < 7:
        auth -= 3
        text = f"error: kex_exchange_identification: Connection closed by remote host"
        s.add(host, t + 0.001, auth + 3, "sshd", pid, f"Connection closed by {peer} port {port}")
    else:
        text = f"banner exchange: Connection from {peer} port {port}: invalid format"
    s.add(host, t, auth, "sshd", pid, text)


@functools.cache
def jobs(world):
    """Every host's jobs as (host, user, command, minutes between, first minute), in one order."""
    r = random.Random(repr(world.hosts[0].booted))
    found = []
    for host in world.linux:
        jobs = [
            ("root", "   cd / && run-parts --report /etc/cron.hourly", 60, 17),
            ("root", "command -v debian-sa1 > /dev/null && debian-sa1 1 1", 10, 5),
            ("zabbix", "/opt/zabbix/bin/check_raid.sh > /dev/null 2>&1", 5, 0),
        ]
        if host.role in ("bat", "db", "ap", "file"):
            area = r.choice(("juki", "zei", "bunsho", "kokuho", "kaigo", "atena"))
            jobs += [
                (
                    "backup",
                    f"/usr/local/bin/backup.sh {area} >> /var/log/backup/{area}.log 2>&1",
                    60,
                    r.randrange(60),
                ),
                (
                    "batch",
                    f"/opt/{area}/bin/sync-{area}.sh -q -n {r.randrange(1, 9)}",
                    10,
                    r.randrange(10),
                ),
                ("batch", f"/opt/{area}/bin/queue-watch --queue {area}-{r.randrange(4)}", 1, 0),
            ]
        if host.role == "web":
            jobs += [
                (
                    "www-data",
                    "/usr/bin/php /var/www/site/artisan schedule:run >> /dev/null 2>&1",
                    1,
                    0,
                ),
                (
                    "root",
                    (
                        "  [ -x /usr/lib/php/sessionclean ] && if [ ! -d /run/systemd/system ];"
                        " then /usr/lib/php/sessionclean; fi"
                    ),
                    30,
                    9,
                ),
            ]
        if host.role in ("mon", "px", "mail"):
            jobs += [
                (
                    "root",
                    "/usr/local/sbin/collect-metrics --out /var/lib/node_exporter/cron.prom",
                    2,
                    0,
                ),
                ("root", "/usr/sbin/logrotate /etc/logrotate.hourly.conf", 60, r.randrange(60)),
            ]
        found += [(host, *job) for job in jobs]
    r.shuffle(found)
    return found


def cron(s):
    """One job's runs in this slice: the same jobs in every hour, so that they repeat."""
    s.cron = getattr(s, "cron", -1) + 1
    table = jobs(s.world)
    host, user, command, every, first = table[s.cron % len(table)]
    name = "CRON" if host.modern or host.pid_limit > 40_000 else "crond"
    who = (
        f"{user}(uid={s.world.uid.get(user, 997)}) by (uid=0)"
        if host.modern
        else f"{user} by (uid=0)"
    )
    for minute in range(first, s.length // 60, every):
        t = minute * 60 + 1 + s.random() * 0.4
        pid = s.pid(host, t) + s.cron % 7
        s.add(host, t, CRON if name == "crond" else CRON, name, pid, f"({user}) CMD ({command})")
        if name == "CRON":
            s.add(
                host,
                t - 0.002,
                AUTHPRIV,
                name,
                pid,
                f"pam_unix(cron:session): session opened for user {who}",
            )
            s.add(
                host,
                t + 0.2 + s.random() * 20 ** s.random(),
                AUTHPRIV,
                name,
                pid,
                f"pam_unix(cron:session): session closed for user {user}",
            )


def logins(s):
    world, r = s.world, s.random
    host = world.any_linux[s.bits(14)]
    user = world.people[s.bits(14)]
    uid = world.uid[user]
    lasting = r() ** 3 * 600 + 0.1
    t = s.moment(lasting)
    kind = r()
    by = f"root(uid=0) by {user}(uid={uid})" if host.modern else f"root by {user}(uid={uid})"
    if kind < 0.55:
        pid, command = s.pid(host, t), COMMANDS[min(int(r() * r() * 17), 16)]
        s.add(
            host,
            t,
            NOTICE,
            "sudo",
            pid,
            f"{user:>8} : TTY=pts/{int(r() * 6)} ; "
            f"PWD=/home/{user} ; USER=root ; COMMAND={command}",
        )
        s.add(
            host,
            t + 0.002,
            AUTHPRIV,
            "sudo",
            pid,
            f"pam_unix(sudo:session): session opened for user {by}",
        )
        s.add(
            host,
            t + lasting,
            AUTHPRIV,
            "sudo",
            pid,
            "pam_unix(sudo:session): session closed for user root",
        )
    elif kind < 0.62:
        pid = s.pid(host, t)
        s.add(
            host,
            t,
            AUTHPRIV - 1,
            "sudo",
            pid,
            "pam_unix(sudo:auth): authentication failure; "
            f"logname={user} uid={uid} euid=0 tty=/dev/pts/{int(r() * 6)} ruser={user} rhost=  "
            f"user={user}",
        )
        s.add(
            host,
            t + 4,
            NOTICE - 4,
            "sudo",
            pid,
            f"{user:>8} : 3 incorrect password attempts ; "
            f"TTY=pts/{int(r() * 6)} ; PWD=/home/{user} ; USER=root ;"
            f" COMMAND={COMMANDS[s.bits(4)]}",
        )
    elif kind < 0.72:
        pid, terminal = s.pid(host, t), int(r() * 6)
        s.add(host, t, AUTH, "su", pid, f"(to root) {user} on pts/{terminal}")
        s.add(
            host,
            t + 0.001,
            AUTHPRIV,
            "su",
            pid,
            f"pam_unix(su-l:session): session opened for user {by}",
        )
        s.add(
            host,
            t + lasting,
            AUTHPRIV,
            "su",
            pid,
            "pam_unix(su-l:session): session closed for user root",
        )
    else:
        pid = host.daemon("systemd-logind")
        session = int((s.start + t) * host.pid_rate / 40) + host.pid_base % 900
        s.add(host, t, AUTH, "systemd-logind", pid, f"New session {session} of user {user}.")
        s.add(
            host,
            t + lasting,
            AUTH,
            "systemd-logind",
            pid,
            f"Session {session} logged out. Waiting for processes to exit.",
        )
        s.add(host, t + lasting + 0.01, AUTH, "systemd-logind", pid, f"Removed session {session}.")
