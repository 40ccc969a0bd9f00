"""Java services, the kernel, Windows servicing, databases, small daemons and Japanese programs."""

INFO, WARN, ERROR = 134, 132, 131
SERVICES = ("juki-api", "zei-batch", "bunsho", "auth-gw", "kokuho")
CLASSES = {"juki-api": ("j.c.juki.api.ResidentController", "j.c.juki.service.CertificateService"),
           "zei-batch": ("j.c.zei.batch.LevyJob", "j.c.zei.batch.LedgerWriter"),
           "bunsho": ("j.c.bunsho.store.DocumentRepository", "j.c.bunsho.web.SearchController"),
           "auth-gw": ("j.c.auth.TokenService", "j.c.auth.SessionFilter"),
           "kokuho": ("j.c.kokuho.Premium", "j.c.kokuho.link.MessageReceiver")}
FRAMES = [f"org.springframework.{c}" for c in (
    "web.servlet.FrameworkServlet.service(FrameworkServlet.java:885)",
    "web.servlet.DispatcherServlet.doDispatch(DispatcherServlet.java:1089)",
    "web.servlet.DispatcherServlet.doService(DispatcherServlet.java:979)",
    "web.filter.OncePerRequestFilter.doFilter(OncePerRequestFilter.java:116)",
    "web.method.support.InvocableHandlerMethod.invokeForRequest(InvocableHandlerMethod.java:150)",
    "aop.framework.ReflectiveMethodInvocation.proceed(ReflectiveMethodInvocation.java:184)",
    "transaction.interceptor.TransactionInterceptor.invoke(TransactionInterceptor.java:119)",
    "jdbc.core.JdbcTemplate.execute(JdbcTemplate.java:364)")]
FRAMES += ["org.apache.catalina.core.ApplicationFilterChain.doFilter(ApplicationFilterChain.java:140)",
           "org.apache.catalina.core.StandardWrapperValve.invoke(StandardWrapperValve.java:167)",
           "org.apache.catalina.connector.CoyoteAdapter.service(CoyoteAdapter.java:344)",
           "org.apache.coyote.http11.Http11Processor.service(Http11Processor.java:389)",
           "com.zaxxer.hikari.pool.HikariPool.getConnection(HikariPool.java:181)",
           "org.postgresql.jdbc.PgPreparedStatement.executeQuery(PgPreparedStatement.java:134)",
           "java.base/java.lang.Thread.run(Thread.java:840)",
           "java.base/java.util.concurrent.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:1136)"]
FAILURES = ["java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available, "
            "request timed out after {n}ms.", "java.lang.IllegalStateException: no ledger for {n}",
            "org.postgresql.util.PSQLException: ERROR: deadlock detected",
            "java.net.SocketTimeoutException: Read timed out", "java.lang.NullPointerException"]


def java(s):
    r, bits = s.random, s.bits
    host = s.world.by_role["ap"][bits(14)]
    draw = r()
    if draw < 0.3:
        return block(s, host)
    name = SERVICES[host.pid_base % 5]
    first, second = CLASSES[name]
    pid, t = host.daemon(name), s.moment(25)
    trace, thread = f"{bits(128):032x}", f"nio-8080-exec-{1 + int(r() * 20)}"
    resident = 10_000_000 + int(r() ** 3 * 4_000_000)
    rows, took = int(r() ** 4 * 4000), 3 + int(r() ** 5 * 20_000)

    def say(level, priority, where, text):
        s.add(host, t, priority, name, pid, f"{level:<5} [{thread}] {where} - {text}")
    path = ("residents", "documents", "levies", "households")[bits(2)]
    say("INFO", INFO, first, f"[{trace}] GET /api/v2/{path}/{resident} user={s.world.people[bits(14)]} "
        f"from={s.world.clients[bits(14)]}")
    t += took / 1000 * 0.8
    if draw > 0.975:
        failure = FAILURES[int(r() * 5)].format(n=30_000 + bits(4))
        t += 0.1
        at = [f"j.c.{name.split('-')[0]}.service.{('Finder', 'Writer', 'Lookup')[bits(7) % 3]}.load(Loader.java:{40 + bits(5)})"]
        at += [FRAMES[(n + rows) % 16] for n in range(12 + bits(4))]
        if host.modern:
            say("ERROR", ERROR, second, f"[{trace}] request failed")
            s.add(host, t + 0.001, ERROR, name, pid, failure)
            for n, frame in enumerate(at):
                s.add(host, t + 0.002 + n * 0.0009, ERROR, name, pid, "\tat " + frame)
        else:
            say("ERROR", ERROR, second, f"[{trace}] request failed#012{failure}"
                + "".join(["#012#011at " + frame for frame in at]))
        return
    if bits(1):
        say("DEBUG", 135, second, f"[{trace}] select from {path} where id = {resident}: {rows} rows in {took} ms, "
            f"cache {('hit', 'miss')[bits(2) == 0]}")
    t += took / 1000 * 0.2
    if took > 5000:
        say("WARN", WARN, first, f"[{trace}] slow request: {took} ms (limit 5000 ms), connections active=20 idle=0 "
            f"waiting={bits(4)}")
    say("INFO", INFO, first, f"[{trace}] completed 200 in {took} ms, {200 + rows * 90} bytes")


def block(s, host):
    """A distributed file store: one block is received by three nodes."""
    r, bits = s.random, s.bits
    t, number = s.moment(20), bits(62)
    source = f"10.{16 * (host.zone + 1)}.30.{10 + bits(4)}"
    size = 67_108_864 if bits(1) else int(r() * 67_108_864)
    for n in range(3):
        node = s.world.by_role["file"][bits(14)]
        pid = node.daemon("datanode")
        port = 32_768 + bits(14)
        where = f"{s.iso[int(t)][2:10].replace('-', '')} {s.iso[int(t)][11:].replace(':', '')} {20 + bits(9)}"
        s.add(node, t, INFO, "datanode", pid, f"{where} INFO dfs.DataNode$DataXceiver: Receiving block blk_{number} "
              f"src: /{source}:{port} dest: /{node.address}:50010")
        t += 0.3 + r() * 2
        s.add(node, t, INFO, "datanode", pid, f"{where} INFO dfs.DataNode$PacketResponder: PacketResponder {n} for "
              f"block blk_{number} terminating")
        s.add(node, t + 0.01, INFO, "datanode", pid, f"{where} INFO dfs.DataNode$PacketResponder: Received block "
              f"blk_{number} of size {size} from /{source}")


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
        profile = ("/usr/sbin/named", "/usr/sbin/mysqld", "snap.lxd.daemon", "/usr/sbin/ntpd")[bits(2)]
        say(5, f'audit: type=1400 audit({s.epoch(t):.3f}:{bits(18)}): apparmor="DENIED" operation="open" '
            f'profile="{profile}" name="/proc/{s.pid(host, t)}/status" pid={s.pid(host, t)} comm="{profile[-6:]}" '
            f'requested_mask="r" denied_mask="r" fsuid={bits(7)} ouid=0')
    elif kind < 7:
        say(6, f"{nic}: NIC Link is Down")
        say(6, f"{nic}: NIC Link is Up 1000 Mbps Full Duplex, Flow Control: None", 2.4)
    elif kind < 8:
        say(6, f"TCP: request_sock_TCP: Possible SYN flooding on port {(443, 80, 25)[bits(7) % 3]}. Sending cookies.  "
            "Check SNMP counters.")
    elif kind < 9:
        say(6, f"EXT4-fs (dm-{bits(3)}): mounted filesystem with ordered data mode. Quota mode: none.")
        say(6, f"XFS (sd{'bcde'[bits(2)]}1): Ending clean mount", 0.2)
    elif kind < 10:
        pid = s.pid(host, t)
        say(4, f"java invoked oom-killer: gfp_mask=0x100cca(GFP_HIGHUSER_MOVABLE), order=0, oom_score_adj={bits(9)}")
        say(3, f"Out of memory: Killed process {pid} (java) total-vm:{4_000_000 + bits(22)}kB, anon-rss:{2_000_000 + bits(20)}kB, "
            f"file-rss:0kB, shmem-rss:0kB, UID:{900 + bits(6)} pgtables:{5000 + bits(10)}kB oom_score_adj:0", 0.01)
    elif kind < 11:
        say(6, f"usb 1-{1 + bits(2)}: new high-speed USB device number {2 + bits(6)} using xhci_hcd")
        say(6, f"usb 1-{1 + bits(2)}: New USB device found, idVendor=0557, idProduct=2419, bcdDevice= 1.00", 0.15)
    else:
        say(4, f"nf_conntrack: nf_conntrack: table full, dropping packet")
        say(6, f"perf: interrupt took too long ({2500 + bits(10)} > {2500 + bits(9)}), lowering "
            f"kernel.perf_event_max_sample_rate to {50_000 + bits(5) * 250}", 0.5)


STACK = ("C:\\Windows\\winsxs\\amd64_microsoft-windows-servicingstack_31bf3856ad364e35_10.0.17763.{n}_none_"
         "7e11ecbc99e5ecf4\\cbscore.dll")


def servicing(s):
    r, bits = s.random, s.bits
    host = s.world.by_role["win"][bits(14)]
    pid, t = None, s.moment(60)
    code = ("0x800f080d - CBS_E_MANIFEST_INVALID_ITEM", "0x800f0805 - CBS_E_INVALID_PACKAGE")[bits(3) == 0]

    def say(text, level="Info", where="CBS"):
        s.add(host, t, 190 if level == "Info" else 187, "CBS", pid,
              f"{s.iso[int(t)].replace('T', ' ')}, {level:<20}  {where}    {text}")
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
            package = f"Package_for_KB{4_480_000 + int(r() * r() * 900) * 37}~31bf3856ad364e35~amd64~~{('10.0.1', '17763.1.')[bits(1)]}.{1 + bits(3)}"
            say(f"Read out cached package applicability for package: {package}, ApplicableState: {(112, 0, 80)[bits(6) % 3]}, "
                f"CurrentState:{(112, 0)[bits(1)]}")
        say("Warning: Unrecognized packageExtended attribute.")
        say(f"Expecting attribute name [HRESULT = {code}]", "Error" if bits(1) else "Info")
        say(f"Failed to get next element [HRESULT = {code}]")
    elif kind < 6:
        number = int(r() * 0x3000)
        for n in range(4 + bits(3)):
            t += r()
            say(f"{number + n:08x} [SR] {('Verifying', 'Beginning Verify and Repair transaction of')[n & 1]} 100 components", where="CSI")
    else:
        stack = " ".join(f"@0x7ffb{bits(9) | 0x800:03x}{a}" for a in ("6eb5d", "fb9b6d", "f8358", "35e97"))
        say(f"00000001@{s.iso[int(t)].replace('-', '/').replace('T', ':')}.{int(r() * 1000):03d} WcpInitialize "
            f"(wcp.dll version 0.0.0.6) called (stack {stack})", where="CSI")
        t += 2
        say(f"SQM: Warning: Failed to upload all unsent reports. [HRESULT = 0x80004005 - E_FAIL]")


TABLES = ("juki.resident", "juki.household", "zei.levy", "zei.payment", "bunsho.document", "atena.name", "kokuho.member")


def database(s):
    r, bits = s.random, s.bits
    host = s.world.by_role["db"][bits(14)]
    t = s.moment(60)
    if host.pid_base % 4 == 0:
        thread, area = 1000 + bits(16), ("portal", "koho", "tosho")[bits(6) % 3]
        s.add(host, t, 28, "mysqld", host.daemon("mysqld"), f"{s.iso[int(t)]}.{bits(19):06d}+09:00 {thread} [Warning] "
              f"Aborted connection {thread} to db: '{area}' user: '{area}_app' host: '{s.world.clients[bits(14)]}' (Got "
              f"{('timeout', 'an error')[bits(1)]} reading communication packets)")
        return
    pid, area = s.pid(host, t), ("juki", "zei", "bunsho", "atena")[bits(2)]
    client = f"10.{16 * (host.zone + 1)}.30.{10 + bits(5)}"
    line = 1

    def say(priority, text):
        nonlocal line, t
        s.add(host, t, priority, "postgres", pid, f"[{line}-1] {s.stamp(t)} JST [{pid}] {area}_app@{area} {text}")
        line, t = line + 1, t + 0.003 + r() ** 3 * 6
    port = 32_768 + int(r() * 28_232)
    say(134, f"LOG:  connection authorized: user={area}_app database={area} application_name={area}-api")
    for _ in range(1 + bits(2)):
        table, took = TABLES[int(r() * 7)], 100 + r() ** 6 * 90_000
        key = 10_000_000 + int(r() ** 3 * 4_000_000)
        if bits(2):
            say(134, f"LOG:  duration: {took:.3f} ms  execute <unnamed>: SELECT * FROM {table} WHERE id = $1 AND "
                f"deleted_at IS NULL")
        elif bits(2):
            say(134, f"LOG:  duration: {took:.3f} ms  statement: UPDATE {table} SET checked_at = now(), checked_by = "
                f"'{s.world.people[bits(14)]}' WHERE id = {key}")
        else:
            say(131, f'ERROR:  duplicate key value violates unique constraint "{table.split(".")[1]}_pkey"')
            say(131, f"DETAIL:  Key (id)=({key}) already exists.")
    if bits(1):
        say(134, f"LOG:  disconnection: session time: 0:00:{r() * 59:06.3f} user={area}_app database={area} "
            f"host={client} port={port}")


UNITS = [("logrotate.service", "Rotate log files"), ("apt-daily.service", "Daily apt download activities"),
         ("man-db.service", "Daily man-db regeneration"), ("fstrim.service", "Discard unused blocks"),
         ("systemd-tmpfiles-clean.service", "Cleanup of Temporary Directories"),
         ("sysstat-collect.service", "system activity accounting tool"), ("dnf-makecache.service", "dnf makecache"),
         ("phpsessionclean.service", "Clean php session files"), ("ledger.service", "Ledger API")]


def others(s):
    r, bits = s.random, s.bits
    host = s.world.any_linux[bits(14)]
    t, kind = s.moment(5), r()
    if kind < 0.5:
        unit, title = UNITS[int(r() * r() * 9)]
        s.add(host, t, 30, "systemd", 1, f"Starting {unit} - {title}..." if host.modern else f"Starting {title}...")
        t += 0.1 + r() * 4
        s.add(host, t, 30, "systemd", 1, f"{unit}: Deactivated successfully." if host.modern else f"{unit}: Succeeded.")
        s.add(host, t + 0.001, 30, "systemd", 1, f"Finished {unit} - {title}." if host.modern else f"Started {title}.")
    elif kind < 0.65:
        peer = s.world.public[bits(8)]
        s.add(host, t, 30, "chronyd", host.daemon("chronyd"), f"Selected source {peer} (ntp{bits(2)}.example.jp)"
              if bits(1) else f"System clock wrong by {r() - 0.5:.6f} seconds")
    elif kind < 0.8:
        s.add(host, t, 30, "snmpd", host.daemon("snmpd"), f"Connection from UDP: [{s.world.clients[bits(14)]}]:"
              f"{32_768 + bits(14)}->[{host.address}]:161")
    elif kind < 0.9:
        s.add(host, t, 46, "rsyslogd", host.daemon("rsyslogd"), "-- MARK --" if bits(1) else f"imjournal: {bits(9)} "
              f"messages lost due to rate-limiting (20000 allowed within 600 seconds)")
    else:
        s.add(host, t, 30, "smartd", host.daemon("smartd"), f"Device: /dev/sd{'abcd'[bits(2)]} [SAT], SMART Usage "
              f"Attribute: 194 Temperature_Celsius changed from {60 + bits(4)} to {60 + bits(4)}")


FAMILY = ("佐藤 鈴木 高橋 田中 伊藤 渡辺 山本 中村 小林 加藤 吉田 山田 佐々木 山口 松本 井上 木村 林 斎藤 清水 山崎 森 阿部 池田 橋本 "
          "石川 山下 小川 石井 長谷川 後藤 岡田 近藤 前田 藤田 遠藤 青木 坂本 村上 太田 髙橋 渡邊 齋藤 濱田").split()
GIVEN = ("太郎 花子 健一 美咲 大輔 陽子 翔太 由美子 誠 恵 拓也 直子 浩 久美子 学 智子 隆 さくら 悠斗 結衣 蓮 葵 一郎 幸子 修 和子").split()
TOWNS = ("本町 中央 緑ヶ丘 栄町 桜台 東雲 若葉台 大手町 八幡 旭町 花園 港南 北野 西新井 南平 青葉 川原 松原 神明町 富士見").split()
PAPERS = ("住民票の写し 戸籍全部事項証明書 印鑑登録証明書 課税証明書 納税証明書 所得証明書 転出証明書 身分証明書").split()
BUREAUS = ("市民課 税務課 収納課 保険年金課 総務課 文書法制課 福祉課 子育て支援課").split()
TITLES = ("令和七年度予算要求書 庁舎管理に関する照会 職員研修の実施通知 防災訓練計画案 契約伺い 補助金交付決定通知書 例規改正案 監査資料").split()


def japanese(s):
    r, bits = s.random, s.bits
    host = s.world.by_role["ap"][bits(14)]
    t = s.moment(30)
    name = f"{FAMILY[int(r() * r() * 44)]} {GIVEN[int(r() * 26)]}"
    town = f"{TOWNS[int(r() * r() * 20)]}{1 + bits(2)}丁目{1 + int(r() * 30)}番{1 + int(r() * 20)}号"
    resident, clerk = 10_000_000 + int(r() * 4_000_000), s.world.people[bits(14)]
    desk, terminal = BUREAUS[int(r() * 8)], f"窓口端末{1 + int(r() * 40):02d}"
    draw = int(r() * 9)

    def say(program, text, priority=INFO):
        s.add(host, t, priority, program, host.daemon(program), text)
    if draw < 3:
        paper, number = PAPERS[int(r() * r() * 8)], 100_000 + int(s.epoch(t)) % 500_000
        say("juki-mado", f"証明書発行の申請を受け付けました。受付番号={number} 種別={paper} 氏名={name} 宛名番号={resident} {terminal}")
        t += 5 + r() * 10
        say("juki-mado", f"{paper}を{1 + int(r() ** 3 * 5)}通発行しました。受付番号={number} 担当={clerk}（{desk}）")
    elif draw < 5:
        say("juki-mado", f"{name}さんの住所を{town}に変更しました（転居届、宛名番号 {resident}、担当 {clerk}）。")
    elif draw < 7:
        year = 4 + int(r() * 4)
        say("zei-online", f"令和{year}年度 市民税・県民税の納付を確認しました: 通知書番号 {bits(30):010d}、金額 {100 * (10 + int(r() ** 3 * 9000)):,}円、"
            f"納付方法 {('口座振替', 'コンビニ収納', '窓口', 'eLTAX')[bits(2)]}")
        if r() < 0.15:
            say("zei-online", f"宛名番号 {resident} の課税データに不整合があります。所得区分と扶養人数を確認してください。", WARN)
    elif draw < 8:
        say("bunsho-kanri", f"文書「{TITLES[int(r() * 8)]}」を登録しました。文書番号 {desk[0]}第{1 + bits(12)}号、起案者 {clerk}、保存期間 "
            f"{(1, 3, 5, 10, 30)[int(r() * 5)]}年")
    else:
        say("bunsho-kanri", f"決裁が完了しました。文書番号 {desk[0]}第{1 + bits(12)}号、決裁者 {name}、所要日数 {bits(4)}日")
