"""The kernel, Windows servicing, databases and small daemons."""


def kernel(s):
    r, bits = s.random, s.bits
    host = s.world.any_linux[bits(14)]
    t = s.moment(3)
    kind, nic = int(r() * 12), host.interfaces[0][0]

    def say(priority, text, later=0.0):
        s.add(host, t + later, priority, "kernel", None, s.uptime(host, t + later) + text)

    if kind < 4:
        veth, port = f"veth{bits(28):07x}", 1 + bits(4)
        say(6, f"docker0: port {port}({veth}) entered blocking state")
        say(6, f"docker0: port {port}({veth}) entered disabled state", 0.001)
        say(6, f"device {veth} entered promiscuous mode", 0.002)
        say(6, f"IPv6: ADDRCONF(NETDEV_CHANGE): {veth}: link becomes ready", 0.3)
        say(6, f"docker0: port {port}({veth}) entered forwarding state", 0.301)
    elif kind < 6:
        profile = ("/usr/sbin/named", "/usr/sbin/mysqld", "snap.lxd.daemon", "/usr/sbin/ntpd")[
            bits(2)
        ]
        say(
            5,
            f'audit: type=1400 audit({s.epoch(t):.3f}:{bits(18)}): apparmor="DENIED"'
            f' operation="open" profile="{profile}" name="/proc/{s.pid(host, t)}/status"'
            f' pid={s.pid(host, t)} comm="{profile[-6:]}" requested_mask="r" denied_mask="r"'
            f" fsuid={bits(7)} ouid=0",
        )
    elif kind < 7:
        say(6, f"{nic}: NIC Link is Down")
        say(6, f"{nic}: NIC Link is Up 1000 Mbps Full Duplex, Flow Control: None", 2.4)
    elif kind < 8:
        say(
            6,
            f"TCP: request_sock_TCP: Possible SYN flooding on port {(443, 80, 25)[bits(7) % 3]}."
            " Sending cookies.  Check SNMP counters.",
        )
    elif kind < 9:
        say(
            6,
            f"EXT4-fs (dm-{bits(3)}): mounted filesystem with ordered data mode. Quota mode: none.",
        )
        say(6, f"XFS (sd{'bcde'[bits(2)]}1): Ending clean mount", 0.2)
    elif kind < 10:
        pid = s.pid(host, t)
        say(
            4,
            "java invoked oom-killer: gfp_mask=0x100cca(GFP_HIGHUSER_MOVABLE), order=0,"
            f" oom_score_adj={bits(9)}",
        )
        say(
            3,
            f"Out of memory: Killed process {pid} (java) total-vm:{4_000_000 + bits(22)}kB,"
            f" anon-rss:{2_000_000 + bits(20)}kB, file-rss:0kB, shmem-rss:0kB, UID:{900 + bits(6)}"
            f" pgtables:{5000 + bits(10)}kB oom_score_adj:0",
            0.01,
        )
    elif kind < 11:
        say(
            6, f"usb 1-{1 + bits(2)}: new high-speed USB device number {2 + bits(6)} using xhci_hcd"
        )
        say(
            6,
            f"usb 1-{1 + bits(2)}: New USB device found, idVendor=0557, idProduct=2419, bcdDevice="
            " 1.00",
            0.15,
        )
    else:
        say(4, f"nf_conntrack: nf_conntrack: table full, dropping packet")
        say(
            6,
            f"perf: interrupt took too long ({2500 + bits(10)} > {2500 + bits(9)}), lowering "
            f"kernel.perf_event_max_sample_rate to {50_000 + bits(5) * 250}",
            0.5,
        )


STACK = (
    "C:\\Windows\\winsxs\\amd64_microsoft-windows-servicingstack_31bf3856ad364e35_10.0.17763"
    ".{n}_none_"
    "7e11ecbc99e5ecf4\\cbscore.dll"
)


def servicing(s):
    r, bits = s.random, s.bits
    host = s.world.by_role["win"][bits(14)]
    pid, t = None, s.moment(60)
    code = ("0x800f080d - CBS_E_MANIFEST_INVALID_ITEM", "0x800f0805 - CBS_E_INVALID_PACKAGE")[
        bits(3) == 0
    ]

    def say(text, level="Info", where="CBS"):
        s.add(
            host,
            t,
            190 if level == "Info" else 187,
            "CBS",
            pid,
            f"{s.iso[int(t)].replace('T', ' ')}, {level:<20}  {where}    {text}",
        )

    build = 5700 + host.pid_base % 9
    kind = bits(3)
    if kind < 3:
        session = f"{30_518_000 + int(s.start / 100)}_{bits(32)}"
        say(f"Loaded Servicing Stack v10.0.17763.{build} with Core: {STACK.format(n=build)}")
        t += 0.8
        client = ("WindowsUpdateAgent", "SPP", "DISM Package Manager Provider")[bits(7) % 3]
        say(f"Session: {session} initialized by client {client}.")
        for _ in range(2 + bits(3)):
            t += r() * 3
            package = f"Package_for_KB{4_480_000 + int(r() * r() * 900) * 37}~31bf3856ad364e35"
            package += f"~amd64~~{('10.0.1', '17763.1.')[bits(1)]}.{1 + bits(3)}"
            say(
                f"Read out cached package applicability for package: {package}, ApplicableState:"
                f" {(112, 0, 80)[bits(6) % 3]}, CurrentState:{(112, 0)[bits(1)]}"
            )
        say("Warning: Unrecognized packageExtended attribute.")
        say(f"Expecting attribute name [HRESULT = {code}]", "Error" if bits(1) else "Info")
        say(f"Failed to get next element [HRESULT = {code}]")
    elif kind < 6:
        number = int(r() * 0x3000)
        for n in range(4 + bits(3)):
            t += r()
            say(
                f"{number + n:08x} [SR]"
                f" {('Verifying', 'Beginning Verify and Repair transaction of')[n & 1]} 100"
                " components",
                where="CSI",
            )
    else:
        stack = " ".join(
            f"@0x7ffb{bits(9) | 0x800:03x}{a}" for a in ("6eb5d", "fb9b6d", "f8358", "35e97")
        )
        say(
            f"00000001@{s.iso[int(t)].replace('-', '/').replace('T', ':')}.{int(r() * 1000):03d}"
            f" WcpInitialize (wcp.dll version 0.0.0.6) called (stack {stack})",
            where="CSI",
        )
        t += 2
        say(f"SQM: Warning: Failed to upload all unsent reports. [HRESULT = 0x80004005 - E_FAIL]")


TABLES = (
    "juki.resident",
    "juki.household",
    "zei.levy",
    "zei.payment",
    "bunsho.document",
    "atena.name",
    "kokuho.member",
)


def database(s):
    r, bits = s.random, s.bits
    host = s.world.by_role["db"][bits(14)]
    t = s.moment(60)
    if host.pid_base % 4 == 0:
        thread, area = 1000 + bits(16), ("portal", "koho", "tosho")[bits(6) % 3]
        s.add(
            host,
            t,
            28,
            "mysqld",
            host.daemon("mysqld"),
            f"{s.iso[int(t)]}.{bits(19):06d}+09:00 {thread} [Warning] Aborted connection {thread}"
            f" to db: '{area}' user: '{area}_app' host: '{s.world.clients[bits(14)]}' (Got"
            f" {('timeout', 'an error')[bits(1)]} reading communication packets)",
        )
        return
    pid, area = s.pid(host, t), ("juki", "zei", "bunsho", "atena")[bits(2)]
    client = f"10.{16 * (host.zone + 1)}.30.{10 + bits(5)}"
    line = 1

    def say(priority, text):
        nonlocal line, t
        s.add(
            host,
            t,
            priority,
            "postgres",
            pid,
            f"[{line}-1] {s.stamp(t)} JST [{pid}] {area}_app@{area} {text}",
        )
        line, t = line + 1, t + 0.003 + r() ** 3 * 6

    port = 32_768 + int(r() * 28_232)
    say(
        134,
        f"LOG:  connection authorized: user={area}_app database={area} application_name={area}-api",
    )
    for _ in range(1 + bits(2)):
        table, took = TABLES[int(r() * 7)], 100 + r() ** 6 * 90_000
        key = 10_000_000 + int(r() ** 3 * 4_000_000)
        if bits(2):
            say(
                134,
                f"LOG:  duration: {took:.3f} ms  execute <unnamed>: SELECT * FROM {table} WHERE id"
                " = $1 AND deleted_at IS NULL",
            )
        elif bits(2):
            say(
                134,
                f"LOG:  duration: {took:.3f} ms  statement: UPDATE {table} SET checked_at = now(),"
                f" checked_by = '{s.world.people[bits(14)]}' WHERE id = {key}",
            )
        else:
            say(
                131,
                "ERROR:  duplicate key value violates unique constraint"
                f' "{table.split(".")[1]}_pkey"',
            )
            say(131, f"DETAIL:  Key (id)=({key}) already exists.")
    if bits(1):
        say(
            134,
            f"LOG:  disconnection: session time: 0:00:{r() * 59:06.3f} user={area}_app"
            f" database={area} host={client} port={port}",
        )


UNITS = [
    ("logrotate.service", "Rotate log files"),
    ("apt-daily.service", "Daily apt download activities"),
    ("man-db.service", "Daily man-db regeneration"),
    ("fstrim.service", "Discard unused blocks"),
    ("systemd-tmpfiles-clean.service", "Cleanup of Temporary Directories"),
    ("sysstat-collect.service", "system activity accounting tool"),
    ("dnf-makecache.service", "dnf makecache"),
    ("phpsessionclean.service", "Clean php session files"),
    ("ledger.service", "Ledger API"),
]


def others(s):
    r, bits = s.random, s.bits
    host = s.world.any_linux[bits(14)]
    t, kind = s.moment(5), r()
    if kind < 0.5:
        unit, title = UNITS[int(r() * r() * 9)]
        s.add(
            host,
            t,
            30,
            "systemd",
            1,
            f"Starting {unit} - {title}..." if host.modern else f"Starting {title}...",
        )
        t += 0.1 + r() * 4
        s.add(
            host,
            t,
            30,
            "systemd",
            1,
            f"{unit}: Deactivated successfully." if host.modern else f"{unit}: Succeeded.",
        )
        s.add(
            host,
            t + 0.001,
            30,
            "systemd",
            1,
            f"Finished {unit} - {title}." if host.modern else f"Started {title}.",
        )
    elif kind < 0.65:
        peer = s.world.public[bits(8)]
        s.add(
            host,
            t,
            30,
            "chronyd",
            host.daemon("chronyd"),
            (
                f"Selected source {peer} (ntp{bits(2)}.example.jp)"
                if bits(1)
                else f"System clock wrong by {r() - 0.5:.6f} seconds"
            ),
        )
    elif kind < 0.8:
        s.add(
            host,
            t,
            30,
            "snmpd",
            host.daemon("snmpd"),
            f"Connection from UDP: [{s.world.clients[bits(14)]}]:"
            f"{32_768 + bits(14)}->[{host.address}]:161",
        )
    elif kind < 0.9:
        s.add(
            host,
            t,
            46,
            "rsyslogd",
            host.daemon("rsyslogd"),
            (
                "-- MARK --"
                if bits(1)
                else (
                    f"imjournal: {bits(9)} "
                    "messages lost due to rate-limiting (20000 allowed within 600 seconds)"
                )
            ),
        )
    else:
        s.add(
            host,
            t,
            30,
            "smartd",
            host.daemon("smartd"),
            f"Device: /dev/sd{'abcd'[bits(2)]} [SAT], SMART Usage "
            f"Attribute: 194 Temperature_Celsius changed from {60 + bits(4)} to {60 + bits(4)}",
        )
