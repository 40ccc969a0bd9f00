"""Parsing alone: records in memory to rows, with few and many rules, and beside liblognorm."""
import pathlib
import shutil
import subprocess

from .process import ROOT, Wrong, run, text_of

PROGRAM = str(ROOT / ".build/release/Parsing")
PEER = "lognormalizer"
HEADING = "Parsing alone"
MORE_RULES = 3_000

# What sshd says in the corpus, in the language of liblognorm, behind either header.
HEADERS = ("<%priority:number%>%date:date-rfc3164% %host:word% sshd[%pid:number%]: ",
           "<%priority:number%>1 %date:date-rfc5424% %host:word% sshd %pid:number% - - ")
MESSAGES = (
    "Failed %method:word% for invalid user %user:word% from %ip:ipv4% port %port:number% ssh2",
    "Failed %method:word% for %user:word% from %ip:ipv4% port %port:number% ssh2",
    "Accepted %method:word% for %user:word% from %ip:ipv4% port %port:number% ssh2",
    "Accepted %method:word% for %user:word% from %ip:ipv4% port %port:number% ssh2: %key:rest%",
    "Received disconnect from %ip:ipv4% port %port:number%:%code:number%: %reason:rest%",
    "Disconnected from invalid user %user:word% %ip:ipv4% port %port:number% [preauth]",
    "Disconnected from authenticating user %user:word% %ip:ipv4% port %port:number% [preauth]",
    "Disconnected from user %user:word% %ip:ipv4% port %port:number%",
    "Invalid user %user:word% from %ip:ipv4% port %port:number%",
    "Connection closed by invalid user %user:word% %ip:ipv4% port %port:number% [preauth]",
    "Connection closed by %ip:ipv4% port %port:number%",
    "Connection closed by %ip:ipv4% port %port:number% [preauth]",
    "pam_unix(sshd:auth): check pass; user unknown",
    "pam_unix(sshd:auth): authentication failure; logname= uid=%uid:number% euid=%euid:number% "
    "tty=ssh ruser= rhost=%ip:ipv4%",
    "pam_unix(sshd:auth): authentication failure; logname= uid=%uid:number% euid=%euid:number% "
    "tty=ssh ruser= rhost=%ip:ipv4% user=%user:word%",
    "pam_unix(sshd:auth): authentication failure; logname= uid=%uid:number% euid=%euid:number% "
    "tty=ssh ruser= rhost=%ip:ipv4%  user=%user:word%",
    "pam_unix(sshd:session): session opened for user %user:char-to:(%(uid=%uid:number%) by "
    "(uid=%by:number%)",
    "pam_unix(sshd:session): session opened for user %user:word% by (uid=%by:number%)",
    "pam_unix(sshd:session): session closed for user %user:word%",
)


def more_rules(path):
    """Definitions of rules that nothing needs, for the programs of the corpus and for any."""
    lines = ["parser: bench.more", "version: 1",
             'match: { program: [sshd, sudo, systemd, CRON, su, kernel, "*"] }',
             "defaults: { event.action: logon }", "rules:"]
    words = ("Accepted", "Failed", "session", "Connection", "pam_unix(other:auth):", "Started")
    for number in range(MORE_RULES):
        word = words[number % len(words)]
        lines.append(f'  - {{ id: r{number}, line: "{word} of kind {number} for '
                     '{user.name:user>} from {source.ip:ip} port {source.port:port}" }')
    lines.append("samples:")
    for number in range(MORE_RULES):
        word = words[number % len(words)]
        lines.append(f'  - {{ line: "{word} of kind {number} for x from 192.0.2.1 port 1", '
                     f"is: {{ rule: r{number} }} }}")
    lines.append('  - reject: "goodbye"')
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def parse(data, lines, runs, definitions):
    """Rows, those that a rule knew, shapes, rules and microseconds."""
    said = text_of([PROGRAM, str(data), str(lines), str(runs), *definitions]).split()
    found = [int(number) for number in said]
    if found[0] != lines:
        raise Wrong(f"{found[0]} rows of {lines} lines")
    return found


def cells(name, found):
    rows, known, shapes, rules, micros = found
    return (name, f"{rules:,}", f"{rows:,}", f"{known / rows:.0%}", f"{rows / micros:.2f}",
            f"{micros / rows:.3f}")


def peer(data, lines, runs, work):
    """lognormalizer over the same lines: its processor time less that of no lines."""
    rules = work / "sshd.rulebase"
    rules.write_text("version=2\n" + "".join(
        f"rule=:{header}{message}\n" for header in HEADERS for message in MESSAGES))
    out = work / "normalized.json"
    command = [PEER, "-r", str(rules), "-e", "json"]
    # Without input it only reads its rules.
    start = min(run(command, output=out).cpu for _ in range(runs))
    cpu = min(run(command, stdin=data, output=out).cpu for _ in range(runs)) - start
    with open(out, "rb") as answers:
        known = sum(b'"unparsed-data"' not in line for line in answers)
    return ("lognormalizer, sshd, JSON to a file", f"{len(HEADERS) * len(MESSAGES)}", f"{lines:,}",
            f"{known / lines:.0%}", f"{lines / cpu / 1e6:.2f}", f"{cpu * 1e6 / lines:.3f}")


def of_sshd(data, lines, work):
    """The lines of sshd among the first of the corpus, and how many there are."""
    file, count = work / "sshd.log", 0
    with open(data, "rb") as source, open(file, "wb") as target:
        for _, line in zip(range(lines), source):
            if b" sshd[" in line[:80] or b" sshd " in line[:80]:
                target.write(line)
                count += 1
    return file, count


def section(report, data, lines, runs, work):
    build = ["swift", "build", "-c", "release", "--product", "Parsing", "--static-swift-stdlib"]
    subprocess.run(build, cwd=ROOT, check=True)
    parsers = ROOT / "parsers"
    shipped = [str(file) for file in sorted(parsers.glob("*.yaml"))]
    few = [str(parsers / "schema.yaml"), str(parsers / "linux-sshd.yaml"),
           str(parsers / "linux-pam.yaml")]
    more = more_rules(pathlib.Path(work) / "more.yaml")
    sshd, count = of_sshd(data, lines, pathlib.Path(work))
    rows = [cells("hisui, rules of sshd and PAM", parse(data, lines, runs, few)),
            cells("hisui, all shipped rules", parse(data, lines, runs, shipped)),
            cells(f"hisui, {MORE_RULES:,} more", parse(data, lines, runs, [*shipped, more])),
            cells("hisui, lines of sshd, rules of sshd and PAM", parse(sshd, count, runs, few))]
    if shutil.which(PEER):
        rows.append(peer(sshd, count, runs, pathlib.Path(work)))
    report.section(
        HEADING, ("what", "rules", "lines", "known", "million lines/s", "µs/line"), rows,
        "Processor time on one core, the least of several runs: header, rule, columns and shape of "
        "records in memory (Bench/Parsing), without drivers and store. lognormalizer "
        "(liblognorm-utils) is a whole process that reads a file and writes JSON, less its start, "
        "with rules for the same messages.")
