"""Java services in an application server, and the nodes of a distributed file store."""

INFO, WARN, ERROR, DEBUG = 134, 132, 131, 135
SERVICES = ("juki-api", "zei-batch", "bunsho", "auth-gw", "kokuho")
CLASSES = {
    "juki-api": ("j.c.juki.api.ResidentController", "j.c.juki.service.CertificateService"),
    "zei-batch": ("j.c.zei.batch.LevyJob", "j.c.zei.batch.LedgerWriter"),
    "bunsho": ("j.c.bunsho.store.DocumentRepository", "j.c.bunsho.web.SearchController"),
    "auth-gw": ("j.c.auth.TokenService", "j.c.auth.SessionFilter"),
    "kokuho": ("j.c.kokuho.Premium", "j.c.kokuho.link.MessageReceiver"),
}
FRAMES = [
    f"org.springframework.{c}"
    for c in (
        "web.servlet.FrameworkServlet.service(FrameworkServlet.java:885)",
        "web.servlet.DispatcherServlet.doDispatch(DispatcherServlet.java:1089)",
        "web.servlet.DispatcherServlet.doService(DispatcherServlet.java:979)",
        "web.filter.OncePerRequestFilter.doFilter(OncePerRequestFilter.java:116)",
        "web.method.support.InvocableHandlerMethod."
        "invokeForRequest(InvocableHandlerMethod.java:150)",
        "aop.framework.ReflectiveMethodInvocation.proceed(ReflectiveMethodInvocation.java:184)",
        "transaction.interceptor.TransactionInterceptor.invoke(TransactionInterceptor.java:119)",
        "jdbc.core.JdbcTemplate.execute(JdbcTemplate.java:364)",
    )
]
FRAMES += [
    "org.apache.catalina.core.ApplicationFilterChain.doFilter(ApplicationFilterChain.java:140)",
    "org.apache.catalina.core.StandardWrapperValve.invoke(StandardWrapperValve.java:167)",
    "org.apache.catalina.connector.CoyoteAdapter.service(CoyoteAdapter.java:344)",
    "org.apache.coyote.http11.Http11Processor.service(Http11Processor.java:389)",
    "com.zaxxer.hikari.pool.HikariPool.getConnection(HikariPool.java:181)",
    "org.postgresql.jdbc.PgPreparedStatement.executeQuery(PgPreparedStatement.java:134)",
    "java.base/java.lang.Thread.run(Thread.java:840)",
    "java.base/java.util.concurrent.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:1136)",
]
FAILURES = [
    (
        "java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available, "
        "request timed out after {n}ms."
    ),
    "java.lang.IllegalStateException: no ledger for {n}",
    "org.postgresql.util.PSQLException: ERROR: deadlock detected",
    "java.net.SocketTimeoutException: Read timed out",
    "java.lang.NullPointerException",
]


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
    say(
        "INFO",
        INFO,
        first,
        f"[{trace}] GET /api/v2/{path}/{resident} user={s.world.people[bits(14)]} "
        f"from={s.world.clients[bits(14)]}",
    )
    t += took / 1000 * 0.8
    if draw > 0.975:
        failure = FAILURES[int(r() * 5)].format(n=30_000 + bits(4))
        t += 0.1
        where = ("Finder", "Writer", "Lookup")[bits(7) % 3]
        at = [f"j.c.{name.split('-')[0]}.service.{where}.load(Loader.java:{40 + bits(5)})"]
        at += [FRAMES[(n + rows) % 16] for n in range(12 + bits(4))]
        if host.modern:
            say("ERROR", ERROR, second, f"[{trace}] request failed")
            s.add(host, t + 0.001, ERROR, name, pid, failure)
            for n, frame in enumerate(at):
                s.add(host, t + 0.002 + n * 0.0009, ERROR, name, pid, "\tat " + frame)
        else:
            say(
                "ERROR",
                ERROR,
                second,
                f"[{trace}] request failed#012{failure}"
                + "".join(["#012#011at " + frame for frame in at]),
            )
        return
    if bits(1):
        say(
            "DEBUG",
            DEBUG,
            second,
            f"[{trace}] select from {path} where id = {resident}: {rows} rows in {took} ms, "
            f"cache {('hit', 'miss')[bits(2) == 0]}",
        )
    t += took / 1000 * 0.2
    if took > 5000:
        say(
            "WARN",
            WARN,
            first,
            f"[{trace}] slow request: {took} ms (limit 5000 ms), connections active=20 idle=0 "
            f"waiting={bits(4)}",
        )
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
        where = (
            f"{s.iso[int(t)][2:10].replace('-', '')} {s.iso[int(t)][11:].replace(':', '')}"
            f" {20 + bits(9)}"
        )
        s.add(
            node,
            t,
            INFO,
            "datanode",
            pid,
            f"{where} INFO dfs.DataNode$DataXceiver: Receiving block blk_{number} "
            f"src: /{source}:{port} dest: /{node.address}:50010",
        )
        t += 0.3 + r() * 2
        s.add(
            node,
            t,
            INFO,
            "datanode",
            pid,
            f"{where} INFO dfs.DataNode$PacketResponder: PacketResponder {n} for "
            f"block blk_{number} terminating",
        )
        s.add(
            node,
            t + 0.01,
            INFO,
            "datanode",
            pid,
            f"{where} INFO dfs.DataNode$PacketResponder: Received block "
            f"blk_{number} of size {size} from /{source}",
        )
