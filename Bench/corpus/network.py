"""The packet filter, Apache httpd, Postfix and Squid."""

AGENTS = [
    f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0 "
    f"Safari/537.36{tail}"
    for v in (142, 141, 140, 138, 131, 124)
    for system in (
        "Windows NT 10.0; Win64; x64",
        "Macintosh; Intel Mac OS X 10_15_7",
        "X11; Linux x86_64",
    )
    for tail in ("", f" Edg/{v}.0.0.0")
]
AGENTS += [
    f"Mozilla/5.0 (iPhone; CPU iPhone OS {v} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    f"Gecko) Version/{v.replace('_', '.')} Mobile/15E148 Safari/604.1"
    for v in ("18_6", "18_5", "17_6_1", "26_0_1")
]
AGENTS += [
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:{v}.0) Gecko/20100101 Firefox/{v}.0"
    for v in (145, 144, 140, 128)
]
BOTS = [
    "Mozilla/5.0 (compatible; Searchbot/2.1; +http://www.search.example.com/bot.html)",
    "Mozilla/5.0 (compatible; findbot/2.0; +http://www.find.example.com/findbot.htm)",
    "curl/8.5.0",
    "Mozilla/5.0 (compatible; LinkBot/7.0; +http://links.example.com/robot/)",
    "python-requests/2.31.0",
    "Mozilla/5.0 zgrab/0.x",
    "Go-http-client/1.1",
]
PROBES = [
    "/wp-login.php",
    "/xmlrpc.php",
    "/.env",
    "/.git/config",
    "/phpmyadmin/index.php",
    "/cgi-bin/luci/;stok=/locale",
    "/boaform/admin/formLogin",
    "/actuator/health",
    "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php",
    "/solr/admin/info/system?wt=json",
]
PAGES = [
    "/",
    "/index.html",
    "/kurashi/",
    "/kurashi/juminhyo/",
    "/kurashi/zei/",
    "/kurashi/gomi/calendar.html",
    "/kosodate/",
    "/kosodate/hoiku/",
    "/shisei/koho/2025/11/",
    "/bosai/",
    "/bosai/hinanjo.html",
    "/jigyosha/nyusatsu/",
    "/search",
    "/shinsei/form",
    "/shinsei/login",
    "/shinsei/status",
    "/api/v1/items",
    "/api/v1/notices",
    "/tosho/search",
    "/kenko/kenshin/",
]
ASSETS = [
    (f"/assets/{name}", size)
    for name, size in (
        ("css/main.css", 38_211),
        ("css/print.css", 2_114),
        ("js/jquery-3.7.1.min.js", 87_533),
        ("js/app.js", 51_902),
        ("img/logo.svg", 4_470),
        ("img/banner01.jpg", 120_455),
        ("img/banner02.jpg", 98_877),
        ("img/icon-search.png", 1_208),
        ("fonts/notosans.woff2", 312_004),
    )
]
SITES = ["www.city.example.jp", "shinsei.city.example.jp", "tosho.city.example.jp"]
DOMAINS = [
    f"{name}.example.{tail}"
    for name in (
        "mail kumiai ken toshokan kensetsu shoko hospital gakko "
        "insatsu sekkei hoken bank news kaigo denki"
    ).split()
    for tail in ("jp", "com", "net", "org")
]
WORLDLY = [
    "www.portal.example.jp",
    "www.search.example.com",
    "update.vendor.example.com",
    "www.ministry.example.jp",
    "ctldl.update.example.com",
    "fonts.static.example.com",
    "weather.example.jp",
    "www.soumu.example.jp",
    "teams.office.example.com",
    "news.example.jp",
    "map.example.com",
    "outlook.office.example.com",
    "safebrowsing.api.example.com",
    "cdn.example.net",
]


OURS = ("203.0.113", "203.0.113", "198.51.100", "192.0.2")


def firewall(s):
    """Some packets of one sender: scans walk over ports and hosts, noise repeats itself."""
    r, bits = s.random, s.bits
    host = s.world.by_role["fw"][bits(14)] if r() < 0.75 else s.world.any_linux[bits(14)]
    interface, mac = host.interfaces[bits(2) == 0]
    prefix = "[UFW BLOCK]" if host.role != "fw" else "FW-DROP" if r() < 0.85 else "FW-ACCEPT"
    tos, ttl, flags = "0x00", 52 + bits(6), "SYN"
    draw = r()
    if draw < 0.35:
        campaign = s.campaigns[bits(10)]
        peer = campaign.addresses[int(r() * len(campaign.addresses))]
        ports, ttl, window = campaign.ports, campaign.ttl, campaign.window
    elif draw < 0.8:
        peer, window = s.public(), (1024, 65_535, 64_240, 29_200, 14_600, 8192)[int(r() * 6)]
        ports = (23, 22, 445, 3389, 8080, 80, 443, 5060, 1433, 6379, 2323, 8728, 81, 5555, 25, 3306)
        ports = (ports[int(r() * r() * 16)],) if r() < 0.8 else (1 + int(r() * 65_534),)
    else:
        return chatter(s, host, interface, prefix)
    packets = 1 + int(r() ** 4 * 6)
    t, out = s.moment(packets * 3), "eth2" if host.role == "fw" and bits(1) else ""
    spt = 1024 + int(r() * 64_512)
    length = 40 if window == 1024 else (52, 60, 44)[ttl % 3]
    df = "" if length == 40 else "DF "
    for _ in range(packets):
        up = s.uptime(host, t)
        target = f"{OURS[bits(2)]}.{1 + int(r() * 254)}" if not out or bits(2) else host.address
        s.add(
            host,
            t,
            4,
            "kernel",
            None,
            f"{up}{prefix} IN={interface} OUT={out} MAC={mac} SRC={peer} DST={target} LEN={length}"
            f" TOS={tos} PREC=0x00 TTL={ttl} ID={bits(16)} {df}PROTO=TCP SPT={spt}"
            f" DPT={ports[int(r() * len(ports))]} WINDOW={window} RES=0x00 {flags} URGP=0 ",
        )
        t += r() * 3
        if length != 40 or bits(1):
            spt = 1024 + (spt + int(r() * 40)) % 64_512


def chatter(s, host, interface, prefix):
    r, bits = s.random, s.bits
    t, peer, mac = s.moment(2), s.world.clients[bits(14)], host.interfaces[0][1]
    up = s.uptime(host, t)
    kind = bits(2)
    if kind == 0:
        text = (
            f"SRC={peer} DST=224.0.0.251 LEN={68 + bits(5)} TOS=0x00 PREC=0x00 TTL=255 ID=0 DF "
            f"PROTO=UDP SPT=5353 DPT=5353 LEN={48 + bits(5)} "
        )
        mac = mac and "01:00:5e:00:00:fb" + mac[17:]
    elif kind == 1:
        length = 78 + (bits(1) * 151)
        port = 137 if length == 78 else 138
        text = (
            f"SRC={peer} DST={peer.rsplit('.', 1)[0]}.255 LEN={length} TOS=0x00 PREC=0x00 TTL=128 "
            f"ID={bits(16)} PROTO=UDP SPT={port} DPT={port} LEN={length - 20} "
        )
        mac = mac and "ff:ff:ff:ff:ff:ff" + mac[17:]
    elif kind == 2:
        text = (
            f"SRC={s.public()} DST={host.address} LEN=84 TOS=0x00 PREC=0x00 TTL={44 + bits(4)}"
            f" ID={bits(16)} DF PROTO=ICMP TYPE=8 CODE=0 ID={bits(16)} SEQ={1 + bits(3)} "
        )
    else:
        text = (
            f"SRC={peer} DST={s.world.public[bits(17)]} LEN=52 TOS=0x00 PREC=0x00 TTL=127"
            f" ID={bits(16)} DF PROTO=TCP SPT={49_152 + bits(14)} DPT=443 WINDOW={256 + bits(10)}"
            " RES=0x00 ACK FIN URGP=0 "
        )
    s.add(host, t, 4, "kernel", None, f"{up}{prefix} IN={interface} OUT= MAC={mac} {text}")


def request(s, host, t, peer, who, what, status, size, referer, agent):
    """One line: the combined format on some servers, the common one on others."""
    tail = f' "{referer}" "{agent}"' if host.pid_base % 10 < 3 else ""
    s.add(
        host,
        t,
        182,
        "httpd",
        host.daemon("httpd") if host.pid_base & 1 else None,
        f'{peer} - {who} [{s.apache[int(t)]}] "{what} HTTP/1.1" {status} {size}{tail}',
    )


def httpd(s):
    r, bits = s.random, s.bits
    host = s.world.by_role["web"][bits(14)]
    site = SITES[host.pid_base % 3]
    t, draw = s.moment(60), r()
    if draw < 0.12:
        peer, agent = s.public(), BOTS[min(int(r() * r() * 7), 6)]
        for _ in range(1 + bits(3)):
            probe = draw < 0.05
            page = PROBES[int(r() * 10)] if probe else PAGES[int(r() * 20)] + f"?p={bits(8)}"
            status, size = (404, 196) if probe else (200, 4000 + bits(14))
            request(s, host, t, peer, "-", "GET " + page, status, size, "-", agent)
            t += r() * 4
        return
    inside = draw < 0.4
    peer = s.world.clients[bits(14)] if inside else s.public()
    who = s.world.people[bits(14)] if inside and host.zone else "-"
    agent = AGENTS[min(int(r() * r() * len(AGENTS)), len(AGENTS) - 1)]
    for _ in range(1 + bits(2)):
        page = page_of(s, t)
        way, status = ("POST", 302) if page == "/shinsei/login" else ("GET", 200)
        if r() < 0.04:
            status = (404, 500, 503, 403, 301)[int(r() * 5)]
        request(
            s,
            host,
            t,
            peer,
            who,
            f"{way} {page}",
            status,
            700 + bits(15),
            f"https://{site}{PAGES[int(r() * r() * 20)]}",
            agent,
        )
        first = int(r() * 9)
        for n in range(int(r() * r() * 7)):
            name, size = ASSETS[(first + n) % 9]
            t += 0.02 + r() * 0.2
            status, size = (304, "-") if r() < 0.3 else (200, size)
            request(
                s, host, t, peer, who, "GET " + name, status, size, f"https://{site}{page}", agent
            )
        t += r() * 12


def page_of(s, t):
    r, bits = s.random, s.bits
    page = PAGES[int(r() * r() * 20)]
    if page in ("/search", "/tosho/search"):
        return f"{page}?q={WORDS[int(r() * len(WORDS))]}&page={1 + bits(2)}"
    if page.startswith("/api"):
        return f"{page}?id={int(r() * 99_999)}&_={int(s.epoch(t) * 1000)}"
    if page == "/shinsei/status":
        return f"{page}?receipt=R{int(r() * 10 ** 8):08d}"
    if page == "/shinsei/form":
        return f"{page};jsessionid={bits(128):032X}"
    if page.startswith("/shisei"):
        name = ("koho", "gikai", "tokei", "yosan")[bits(2)]
        return f"{page}{name}-{bits(9)}.{('pdf', 'html')[bits(1)]}"
    return page


WORDS = [
    "%E4%BD%8F%E6%B0%91%E7%A5%A8",
    "%E4%BF%9D%E8%82%B2%E5%9C%92",
    "%E3%81%94%E3%81%BF",
    "gomi",
    "juminhyo",
    "%E7%A8%8E",
    "%E9%81%BF%E9%9B%A3%E6%89%80",
    "%E5%8D%B0%E9%91%91%E7%99%BB%E9%8C%B2",
]


def postfix(s):
    r, bits = s.random, s.bits
    world = s.world
    host = world.by_role["mail"][bits(14)]
    t = s.moment(40)
    smtpd, add = s.pid(host, t - t % 300) + bits(3), s.add
    domain = DOMAINS[int(r() * r() * 60)]
    peer = (
        f"mx{bits(1)}.{domain}[{world.public[(len(domain) * 977 + ord(domain[0]) * 131) & 131071]}]"
    )
    if r() < 0.22:
        rejected(s, host, t, smtpd)
        return
    user, other = world.people[bits(14)], world.people[bits(14)]
    queue = f"{int(s.epoch(t) * 1e6) % (1 << 20) | 1 << 19:05X}{bits(22) | 1 << 21:06X}"
    inbound = r() < 0.6
    if inbound:
        sender, to = f"{other}@{domain}", f"{user}@city.example.jp"
        relay = f"10.{16 * (host.zone + 1)}.50.{10 + bits(2)}"
        relay, answer = (
            f"{relay}[{relay}]:24",
            f"250 2.0.0 <{to}> {world.key[user][:9]}{bits(32):x} Saved",
        )
    else:
        sender, to = f"{user}@city.example.jp", f"{other}@{domain}"
        peer = f"unknown[{world.clients[bits(14)]}]"
        relay, answer = (
            f"mx0.{domain}[{world.public[bits(17)]}]:25",
            f"250 2.0.0 Ok: queued as {bits(40):010X}",
        )
    ident = (
        f"{s.iso[int(t)][:10].replace('-', '')}{s.iso[int(t)][11:].replace(':', '')}.{bits(20):X}@"
    )
    add(host, t, 22, "postfix/smtpd", smtpd, f"connect from {peer}")
    add(host, t + 0.15, 22, "postfix/smtpd", smtpd, f"{queue}: client={peer}")
    add(
        host,
        t + 0.2,
        22,
        "postfix/cleanup",
        smtpd + 3,
        f"{queue}: message-id=<{ident}{domain if inbound else 'city.example.jp'}>",
    )
    size, manager = 1800 + int(r() ** 6 * 9_000_000), host.daemon("qmgr")
    add(
        host,
        t + 0.24,
        22,
        "postfix/qmgr",
        manager,
        f"{queue}: from=<{sender}>, size={size}, nrcpt=1 (queue active)",
    )
    add(
        host,
        t + 0.26,
        22,
        "postfix/smtpd",
        smtpd,
        f"disconnect from {peer} ehlo=2 starttls=1 mail=1 rcpt=1 data=1 quit=1 commands=7",
    )
    delay = 0.3 + r() ** 4 * 30
    way = "postfix/lmtp" if inbound else "postfix/smtp"
    state, dsn = ("sent", "2.0.0") if r() < 0.93 else ("deferred", "4.4.1")
    if state == "deferred":
        relay, answer = "none", f"connect to {relay[:-3]}:25: Connection timed out"
    add(
        host,
        t + delay,
        22,
        way,
        smtpd + 5,
        f"{queue}: to=<{to}>, relay={relay}, delay={delay:.2g},"
        f" delays={0.1 + r() / 5:.2g}/{r() / 30:.2g}/{r():.2g}/{delay * r():.2g}, dsn={dsn},"
        f" status={state} ({answer})",
    )
    if state == "sent":
        add(host, t + delay + 0.001, 22, "postfix/qmgr", manager, f"{queue}: removed")


def rejected(s, host, t, pid):
    r, address = s.random, s.public()
    who = f"unknown[{address}]"
    if r() < 0.5:
        s.add(
            host,
            t,
            20,
            "postfix/smtpd",
            pid,
            f"warning: hostname {address.replace('.', '-')}.dyn.example.net "
            f"does not resolve to address {address}: Name or service not known",
        )
    s.add(host, t + 0.01, 22, "postfix/smtpd", pid, f"connect from {who}")
    if r() < 0.5:
        user = s.world.people[s.bits(14)]
        s.add(
            host,
            t + 0.5,
            22,
            "postfix/smtpd",
            pid,
            f"NOQUEUE: reject: RCPT from {who}: 554 5.7.1 Service unavailable; Client host"
            f" [{address}] blocked using zen.block.example.org;"
            f" https://www.block.example.org/query/ip/{address};"
            f" from=<info@{DOMAINS[int(r() * 60)]}>"
            f" to=<{user}@city.example.jp> proto=ESMTP helo=<[{address}]>",
        )
        commands = "ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4"
    else:
        s.add(
            host,
            t + 0.5,
            20,
            "postfix/smtpd",
            pid,
            f"warning: {who}: SASL LOGIN authentication failed: UGFzc3dvcmQ6",
        )
        commands = "ehlo=1 auth=0/1 quit=1 commands=2/3"
    s.add(host, t + 0.8, 22, "postfix/smtpd", pid, f"disconnect from {who} {commands}")


def squid(s):
    r, bits = s.random, s.bits
    host = s.world.by_role["px"][bits(14)]
    pid, peer = host.daemon("squid"), s.world.clients[bits(14)]
    user = s.world.people[bits(14)] if host.modern else "-"
    t = s.moment(30)
    for _ in range(1 + bits(3)):
        site = WORLDLY[int(r() * r() * 14)]
        if bits(1):
            site = f"{WORLDLY[bits(10) % 14][:1]}{bits(9)}.{DOMAINS[int(r() * 60)]}"
        direct = s.world.public[(len(site) * 4099 + ord(site[4]) * 37 + bits(1)) & 131071]
        took = int(2 + r() ** 5 * 60_000)
        if r() < 0.7:
            code = "TCP_DENIED/403" if r() < 0.03 else "TCP_TUNNEL/200"
            via = "HIER_NONE/-" if "DENIED" in code else f"HIER_DIRECT/{direct}"
            text = f"{code} {39 + int(r() ** 4 * 900_000)} CONNECT {site}:443 {user} {via} -"
        else:
            page = f"/{('img', 'js', 'news', 'd')[bits(2)]}/{bits(44):x}."
            page += ("png", "js", "html", "cab")[bits(2)]
            code = (
                "TCP_MISS/200",
                "TCP_MEM_HIT/200",
                "TCP_REFRESH_UNMODIFIED/304",
                "TCP_MISS/404",
            )[int(r() * r() * 4)]
            via = "HIER_NONE/-" if "MEM" in code else f"HIER_DIRECT/{direct}"
            text = (
                f"{code} {300 + bits(16)} GET http://{site}{page} {user} {via}"
                f" {('image/png', 'text/html')[bits(1)]}"
            )
        s.add(host, t, 166, "squid", pid, f"{s.epoch(t):.3f} {took:6d} {peer} {text}")
        t += r() * 4
