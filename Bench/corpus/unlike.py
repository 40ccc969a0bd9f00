"""A corpus with none of the programs of `mixed`: figures on unfamiliar text are honest figures."""

import base64
import json

from .family import Family

SITES = [
    f"{name}.example.{tail}"
    for name in "shop api static blog wiki git ci chat files video auth map".split()
    for tail in ("com", "net", "org")
]
NAMESPACES = ("default", "kube-system", "monitoring", "ingress", "shop", "payments", "search")
PODS = (
    "frontend",
    "cart",
    "checkout",
    "recommender",
    "search-api",
    "redis-master",
    "prometheus-server",
    "grafana",
    "coredns",
    "ingress-nginx-controller",
    "worker",
    "mailer",
)


def nginx(s):
    r, bits = s.random, s.bits
    host, t, peer = s.world.by_role["web"][bits(14)], s.moment(2), s.public()
    pid, site = host.daemon("nginx"), SITES[int(r() * r() * 36)]
    number = int((s.start + t) * 3) + bits(6)
    head = f"{s.iso[int(t)].replace('-', '/').replace('T', ' ')} [error] {pid}#{pid}: *{number} "
    tail = (
        f', client: {peer}, server: {site}, request: "{("GET", "POST")[bits(2) == 0]}'
        f' /{("cart", "img", "v2/items")[bits(6) % 3]}/{bits(18)} HTTP/{("1.1", "2.0")[bits(1)]}", '
    )
    kind = bits(2)
    if kind == 0:
        text = (
            f'open() "/srv/www/{site}/htdocs/{bits(18):x}.png" failed (2: No such file or'
            f' directory){tail}host: "{site}"'
        )
    elif kind == 1:
        text = (
            "connect() failed (111: Connection refused) while connecting to"
            f" upstream{tail}upstream: "
            f'"http://10.2.{bits(2)}.{bits(7)}:{8000 + bits(3)}/{bits(18)}", host: "{site}"'
        )
    elif kind == 2:
        text = f'limiting requests, excess: {r() * 40:.3f} by zone "perip"{tail}host: "{site}"'
    else:
        text = (
            "upstream timed out (110: Connection timed out) while reading response header from"
            f" upstream{tail}"
            f'upstream: "fastcgi://unix:/run/php/php8.2-fpm.sock", host: "{site}"'
        )
    s.add(host, t, 187, "nginx", pid, head + text)


def dovecot(s):
    r, bits = s.random, s.bits
    host, t = s.world.by_role["mail"][bits(14)], s.moment(400)
    user, peer = s.world.people[bits(14)], s.world.clients[bits(14)]
    session = base64.b64encode(bits(96).to_bytes(12, "big")).decode()
    pid = s.pid(host, t)
    if r() < 0.15:
        s.add(
            host,
            t,
            22,
            "dovecot",
            None,
            f"imap-login: Disconnected (auth failed, {1 + bits(1)} attempts in {2 + bits(3)} secs):"
            f" user=<{user}>, method=PLAIN, rip={s.public()}, lip={host.address}, TLS,"
            f" session=<{session}>",
        )
        return
    s.add(
        host,
        t,
        22,
        "dovecot",
        None,
        f"imap-login: Login: user=<{user}>, method=PLAIN, rip={peer}, lip={host.address}, "
        f"mpid={pid}, TLS, session=<{session}>",
    )
    for _ in range(bits(2)):
        s.add(
            host,
            t + 1 + r() * 10,
            22,
            "dovecot",
            None,
            f"lda({user})<{pid}><{session[:12]}>: msgid=<{bits(64):x}@"
            f"{SITES[int(r() * 36)]}>: saved mail to INBOX",
        )
    s.add(
        host,
        t + 1 + r() * 380,
        22,
        "dovecot",
        None,
        f"imap({user})<{pid}><{session}>: Logged out in={80 + bits(10)} "
        f"out={700 + bits(16)} deleted={bits(2)} expunged={bits(1)} trashed=0 hdr_count={bits(4)} "
        f"hdr_bytes={bits(13)} body_count={bits(3)} body_bytes={bits(17)}",
    )


def haproxy(s):
    r, bits = s.random, s.bits
    host, t = s.world.by_role["px"][bits(14)], s.moment(5)
    peer = s.public()
    for _ in range(1 + bits(2)):
        wait, connect, answer = int(r() ** 6 * 900), bits(3), int(r() ** 4 * 3000)
        status = (200, 200, 200, 304, 404, 503)[int(r() * 6)]
        back = ("shop", "api", "static")[int(r() * r() * 3)]
        s.add(
            host,
            t,
            134,
            "haproxy",
            host.daemon("haproxy"),
            f"{peer}:{1024 + int(r() * 64_512)} "
            f"[{s.apache[int(t)][:-6]}.{int(t % 1 * 1000):03d}] https-in~"
            f" be_{back}/{back}{1 + bits(2)} 0/{wait}/{connect}/{answer}/"
            f"{wait + connect + answer} {status} {200 + bits(15)} - - ----"
            f" {40 + bits(5)}/{30 + bits(5)}/{bits(4)}/{bits(2)}/0 0/0 "
            f'"GET /{back}/v1/{("items", "users", "carts", "prices")[bits(2)]}/{bits(20)}'
            ' HTTP/1.1"',
        )
        t += r()


def named(s):
    r, bits = s.random, s.bits
    host, t, peer = s.world.by_role["mon"][bits(14)], s.moment(1), s.world.clients[bits(14)]
    name = f"{('www', 'mx', 'cdn', 'ns1')[bits(2)]}{bits(6)}.{SITES[int(r() * r() * 36)]}"
    kind = ("A", "AAAA", "PTR", "MX", "TXT", "HTTPS")[int(r() * r() * 6)]
    if r() < 0.85:
        text = (
            f"client @0x7f{bits(40):010x} {peer}#{1024 + int(r() * 64_512)} ({name}): query: {name}"
            f" IN {kind} +E(0)K ({host.address})"
        )
    else:
        text = f"REFUSED unexpected RCODE resolving '{name}/{kind}/IN': {s.public()}#53"
    s.add(host, t, 30, "named", host.daemon("named"), text)


def dhcpd(s):
    r, bits = s.random, s.bits
    host, t, client = s.world.by_role["mon"][bits(14)], s.moment(2), s.world.clients[bits(14)]
    number = hash_of(client)
    mac = ":".join(f"{number >> 8 * n & 255:02x}" for n in range(6))
    name, via = (
        f"(PC-{number % 9000:04d})",
        f"via {('eth0', 'ens192', client.rsplit('.', 1)[0] + '.1')[number % 3]}",
    )
    pid = host.daemon("dhcpd")
    if bits(1):
        s.add(host, t, 30, "dhcpd", pid, f"DHCPDISCOVER from {mac} {via}")
        s.add(host, t + 1, 30, "dhcpd", pid, f"DHCPOFFER on {client} to {mac} {name} {via}")
    s.add(host, t + 1.01, 30, "dhcpd", pid, f"DHCPREQUEST for {client} from {mac} {name} {via}")
    s.add(host, t + 1.02, 30, "dhcpd", pid, f"DHCPACK on {client} to {mac} {name} {via}")


def hash_of(text):
    """A number that stays the same from run to run, unlike Python's own hash."""
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 & (1 << 64) - 1
    return value


def containers(s):
    r, bits = s.random, s.bits
    host, t, ident = s.world.by_role["ap"][bits(14)], s.moment(9), f"{bits(256):064x}"
    name = ("dockerd", "containerd")[bits(1)]

    def say(text, level="info"):
        s.add(
            host,
            t,
            30 if level == "info" else 28,
            name,
            host.daemon(name),
            f'time="{s.iso[int(t)]}.{int(r() * 1e9):09d}+09:00" level={level} msg="{text}"',
        )

    if name == "containerd":
        say('shim disconnected" id=' + ident + ' namespace="moby')
        t += 0.01
        say('cleaning up dead shim" id=' + ident + ' namespace="moby', "warning")
    else:
        say(
            f'ignoring event" container={ident} module=libcontainerd namespace=moby'
            ' topic=/tasks/delete type="*events.TaskDelete'
        )
        t += r() * 8
        say(
            f'Container failed to exit within {10 * (1 + bits(1))}s of signal 15 - using the force"'
            f' container="{ident}'
        )


def kubelet(s):
    r, bits = s.random, s.bits
    host, t = s.world.by_role["bat"][bits(14)], s.moment(1)
    pod = PODS[int(r() * r() * 12)]
    instance = hash_of(f"{host.name} {pod} {bits(2)} {int(s.start + t) // 20_000}")
    template = f"{hash_of(host.name + pod) & 0xFFFFFFFFF:09x}"
    full = f"{NAMESPACES[len(pod) % 7]}/{pod}-{template}-{instance >> 44:05x}"
    digits = f"{instance * instance & (1 << 128) - 1:032x}"
    uid = f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{digits[16:20]}-{digits[20:]}"
    stamp = f"{s.iso[int(t)][5:7]}{s.iso[int(t)][8:10]} {s.iso[int(t)][11:]}.{int(t % 1 * 1e6):06d}"
    pid, kind = host.daemon("kubelet"), bits(2)
    if kind == 0:
        text = (
            f'I{stamp} {pid:7d} prober.go:107] "Probe failed" probeType="Readiness" pod="{full}"'
            f' podUID="{uid}" containerName="{pod}" probeResult="failure" output="HTTP probe failed'
            f' with statuscode: 50{bits(2)}"'
        )
    elif kind == 1:
        text = (
            f'I{stamp} {pid:7d} kubelet.go:2456] "SyncLoop (PLEG): event for pod" pod="{full}"'
            f' event={{"ID":"{uid}","Type":"ContainerStarted","Data":"{bits(256):064x}"}}'
        )
    elif kind == 2:
        text = (
            f'E{stamp} {pid:7d} pod_workers.go:1301] "Error syncing pod, skipping" err="failed to'
            f' \\"StartContainer\\" for \\"{pod}\\" with CrashLoopBackOff: \\"back-off 5m0s'
            f' restarting failed container={pod} pod={full}\\"" pod="{full}"'
        )
    else:
        text = (
            f'I{stamp} {pid:7d} operation_generator.go:721] "MountVolume.SetUp succeeded for volume'
            f' \\"kube-api-access-{bits(24):x}\\"" pod="{full}"'
        )
    s.add(host, t, 30, "kubelet", pid, text)


def systemd(s):
    r, bits = s.random, s.bits
    host, t = s.world.any_linux[bits(14)], s.moment(3)
    unit = ("nginx", "dovecot", "haproxy", "named", "docker", "certbot", "packagekit", "fwupd")[
        int(r() * r() * 8)
    ]
    kind = bits(2)
    if kind == 0:
        s.add(
            host,
            t,
            30,
            "systemd",
            1,
            f"run-docker-runtime\\x2drunc-moby-{bits(256):064x}-runc.{bits(40):x}.mount:"
            " Deactivated successfully.",
        )
    elif kind == 1:
        s.add(
            host,
            t,
            28,
            "systemd",
            1,
            f"{unit}.service: Main process exited, code=exited, status={1 + bits(2)}/FAILURE",
        )
        s.add(host, t + 0.002, 28, "systemd", 1, f"{unit}.service: Failed with result 'exit-code'.")
        s.add(
            host,
            t + 1,
            30,
            "systemd",
            1,
            f"{unit}.service: Scheduled restart job, restart counter is at {bits(5)}.",
        )
    else:
        s.add(
            host, t, 30, "systemd", 1, f"{unit}.service: Consumed {r() ** 4 * 900:.3f}s CPU time."
        )


def network_manager(s):
    r, bits = s.random, s.bits
    host, t = s.world.any_linux[bits(14)], s.moment(3)
    pid, nic = host.daemon("NetworkManager"), host.interfaces[0][0]
    states = (
        "disconnected",
        "prepare",
        "config",
        "ip-config",
        "ip-check",
        "secondaries",
        "activated",
    )
    first = bits(1) * 2
    for n in range(first, first + 4):
        s.add(
            host,
            t,
            30,
            "NetworkManager",
            pid,
            f"<info>  [{s.epoch(t):.4f}] device ({nic}): state change: {states[n]} -> "
            f"{states[n + 1]} (reason 'none', sys-iface-state: 'managed')",
        )
        t += r() * 0.5
    s.add(
        host,
        t,
        30,
        "NetworkManager",
        pid,
        f"<info>  [{s.epoch(t):.4f}] dhcp4 ({nic}): state changed new lease, "
        f"address={s.world.clients[bits(14)]}",
    )


def asa(s):
    r, bits = s.random, s.bits
    host, t = s.world.by_role["fw"][bits(14)], s.moment(100)
    outer, inner = s.public(), s.world.clients[bits(14)]
    port, number = 1024 + int(r() * 64_512), int((s.start + t) * 40) + bits(8)
    kind = r()
    if kind < 0.6:
        way, far = ("TCP", 443) if bits(1) else ("UDP", 53)
        s.add(
            host,
            t,
            166,
            "%ASA-6-30201" + "35"[way == "UDP"],
            None,
            f"Built outbound {way} connection {number} for outside:{outer}/{far} "
            f"({outer}/{far}) to inside:{inner}/{port} (203.0.113.{bits(4)}/{port})",
        )
        lasting = r() ** 3 * 90
        s.add(
            host,
            t + lasting,
            166,
            "%ASA-6-30201" + "46"[way == "UDP"],
            None,
            f"Teardown {way} connection {number} for outside:{outer}/{far} to inside:{inner}/{port}"
            f" duration 0:0{int(lasting) // 60}:{int(lasting) % 60:02d} bytes"
            f" {int(r() ** 4 * 900_000)}"
            + (" TCP FINs" if way == "TCP" else ""),
        )
    elif kind < 0.85:
        s.add(
            host,
            t,
            164,
            "%ASA-4-106023",
            None,
            f"Deny tcp src outside:{outer}/{port} dst inside:203.0.113.{bits(7)}/"
            f'{(22, 23, 445, 3389)[bits(2)]} by access-group "outside_in" [0x{bits(32):x}, 0x0]',
        )
    else:
        s.add(
            host,
            t,
            165,
            "%ASA-5-111008",
            None,
            f"User '{s.world.people[bits(14)]}' executed the"
            f" '{('show run', 'write mem', 'enable')[bits(6) % 3]}' command.",
        )


def jsonapp(s):
    r, bits = s.random, s.bits
    host, t = s.world.by_role["ap"][bits(14)], s.moment(3)
    record = {
        "ts": round(s.epoch(t), 3),
        "level": ("info", "info", "info", "warn", "error")[int(r() * 5)],
        "msg": ("request served", "cache refreshed", "payment captured", "retrying upstream")[
            bits(2)
        ],
        "request_id": f"{bits(64):016x}",
        "user_id": int(r() ** 3 * 90_000),
        "path": f"/v1/{PODS[int(r() * 12)]}/{bits(14)}",
        "latency_ms": round(r() ** 4 * 2000, 2),
        "bytes": bits(15),
        "region": ("tokyo", "osaka")[bits(1)],
    }
    if r() < 0.3:
        record["tags"] = [PODS[int(r() * 12)], NAMESPACES[bits(7) % 7]]
    s.add(
        host,
        t,
        134,
        ("orders", "payments", "catalogue")[host.pid_base % 3],
        host.daemon("app"),
        json.dumps(record),
    )


def blobs(s):
    bits = s.bits
    host, t = s.world.by_role["db"][bits(14)], s.moment(1)
    length = 30 + bits(7)
    text = base64.b64encode(bits(length * 8).to_bytes(length, "big")).decode()
    s.add(
        host,
        t,
        135,
        "cryptod",
        host.daemon("cryptod"),
        ("payload=", "chunk ", "token: ")[length % 3] + text,
    )


def python(s):
    r, bits = s.random, s.bits
    host, t = s.world.by_role["bat"][bits(14)], s.moment(5)
    pid, name = s.pid(host, t), ("etl", "mailer", "indexer")[host.pid_base % 3]
    lines = ["Traceback (most recent call last):"]
    for n in range(3 + bits(2)):
        module = ("tasks", "models", "db/session", "http/client", "retry", "queue")[
            (n + bits(1)) % 6
        ]
        lines += [
            (
                f'  File "/opt/{name}/venv/lib/python3.11/site-packages/{name}/{module}.py", line'
                f' {20 + bits(8)}, in {("run", "load", "execute", "send")[bits(2)]}'
            ),
            (
                "    return fn(*args, **kwargs)",
                "    rows = session.execute(query).all()",
                "    raise TimeoutError(message)",
            )[bits(6) % 3],
        ]
    lines.append(
        (
            "TimeoutError: no answer in {n} s",
            "KeyError: 'item-{n}'",
            (
                "sqlalchemy.exc.OperationalError: (psycopg2.OperationalError) "
                "server closed the connection unexpectedly"
            ),
            "ValueError: invalid literal for int() with base 10: '{n}x'",
        )[bits(2)].format(n=bits(12))
    )
    for n, line in enumerate(lines):
        s.add(host, t + n * 0.001, 131, name, pid, line)


FAMILIES = [
    Family(haproxy, 18, True),
    Family(asa, 18),
    Family(jsonapp, 12, True),
    Family(nginx, 9, True),
    Family(kubelet, 9),
    Family(named, 8),
    Family(dovecot, 7, True),
    Family(containers, 4),
    Family(dhcpd, 4),
    Family(systemd, 4),
    Family(python, 3),
    Family(network_manager, 2),
    Family(blobs, 2),
]

RANDOM = [Family(blobs, 100)]
TRACES = [Family(python, 100)]
