"""Searches: each answer is checked, then timed warm and cold beside other tools."""
import collections
import dataclasses
import json
import statistics
import typing

from .process import Cost, HISUI, WARM_SEARCH, Wrong, forget, run, shell, text_of


@dataclasses.dataclass(frozen=True)
class Query:
    name: str
    text: str                   # LogsQL
    right: typing.Callable      # rows as dictionaries → whether they are what the corpus holds
    grep: str = ""              # options and pattern of rg with the same answer
    journal: tuple = ()         # options of journalctl for the same question
    may_be_refused: bool = False


def count_is(wanted):
    return lambda rows: [int(row["n"]) for row in rows] == [wanted]


def rows_are(wanted):
    return lambda rows: len(rows) == wanted


def top(hosts):
    """Ten hosts with their counts; which of two equal ones comes first is not said."""
    most = [n for _, n in collections.Counter(hosts).most_common(10)]
    return lambda rows: ([int(row["n"]) for row in rows] == most
                         and all(hosts[row["host.name"]] == int(row["n"]) for row in rows))


def by_hour(hours):
    """The corpus tells hours of Tokyo, the answer those of UTC."""
    wanted = sorted(hours.values())

    def right(rows):
        told = {row["_time"]: int(row["n"]) for row in rows}
        shifted = {f"{hour[:8]}{int(hour[8:10]) + (int(hour[11:]) - 9) // 24:02d}T"
                   f"{(int(hour[11:]) - 9) % 24:02d}:00:00Z": n for hour, n in hours.items()}
        return told == shifted and sorted(told.values()) == wanted
    return right


def last_are(lines):
    """The same records, newest first, told by their messages."""
    wanted = sorted(line.rstrip("\n").split(" ", 7)[7] for line in lines)
    return lambda rows: sorted(row["_msg"] for row in rows) == wanted


def shown(text):
    """As code in Markdown, where the text may hold a backquote itself."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def next_day(day):
    return f"{day[:8]}{int(day[8:]) + 1:02d}"


def queries(f):
    """The kinds of DESIGN's list, with needles of this corpus."""
    day, host, program = f["day"], f["host"], f["program"]
    between = f"_time:[{day}T00:00:00+09:00, {next_day(day)}T00:00:00+09:00)"
    dated = f"(Nov {day[8:]} [0-9:]+|1 {day}T[0-9:.+]+) {host} {program}[\\[ :]"
    as_count = " | stats count() as n"
    return [
        Query("rare word, rows", f'"{f["word"]}"', rows_are(f["word_lines"]),
              f"-w '{f['word']}'", ("-g", f["word"])),
        Query("frequent phrase, count", f'"{f["phrase"]}"' + as_count, count_is(f["phrase_lines"]),
              f"-c '{f['phrase']}'", ("-g", f["phrase"])),
        Query(f"one host and program, one day, {f['day_lines']:,} rows",
              f"host.name:={host} process.name:=\"{program}\" {between}", rows_are(f["day_lines"]),
              f"'^<[0-9]+>{dated}'", (f"_HOSTNAME={host}", f"SYSLOG_IDENTIFIER={program}",
                                      "--since", day, "--until", next_day(day))),
        Query("frequent substring inside words, count", f'*"{f["inner"]}"*' + as_count,
              count_is(f["inner_lines"]), f"-c '{f['inner']}'", ("-g", f["inner"])),
        Query("rare substring inside a word, count", f'*"{f["part"]}"*' + as_count,
              count_is(f["part_lines"]), f"-c '{f['part']}'", ("-g", f["part"])),
        Query("regular expression with three numbers, count", f"~`{f['pattern']}`" + as_count,
              count_is(f["pattern_lines"]), f"-c '{f['pattern']}'", ("-g", f["pattern"]), True),
        Query("top 10 hosts", "* | stats by (host.name) count() as n | sort by (n desc) | limit 10",
              top(f["hosts"])),
        Query("histogram by hour of severity ≤ 3",
              "log.syslog.severity.code:<=3 | stats by (_time:1h) count() as n",
              by_hour(f["hours"])),
        Query("last 100 of a host",
              f"host.name:={f['last_host']} | sort by (_time desc) | limit 100",
              last_are(f["last"]), f"' {f['last_host']} '",
              (f"_HOSTNAME={f['last_host']}", "-n", "100")),
        Query("count of all", "*" + as_count, count_is(f["lines"]), "-c ''", ("*",)),
        Query("Japanese substring, count", f'*"{f["japanese"]}"*' + as_count,
              count_is(f["japanese_lines"]), f"-c '{f['japanese']}'", ("-g", f["japanese"]))]


class Searches:
    """A store, the same text plain and compressed, and perhaps a sample of it as a journal."""

    def __init__(self, store, data, packed, journal, runs):
        self.store, self.data, self.packed = store, data, packed
        self.journal, self.runs = journal, runs
        self.peers = 1 if runs == 1 else 3      # runs of what is slow: cold ones and other tools

    def argv(self, query):
        return [HISUI, "search", "--store", str(self.store), "--format", "jsonl", "--", query.text]

    def milliseconds(self, once, runs):
        return statistics.median(once().wall for _ in range(runs)) * 1000

    def check(self, query):
        """Whether the query exists; a wrong answer ends everything."""
        if query.may_be_refused and run(self.argv(query), ok=(0, 1, 2)).status == 2:
            return False
        rows = [json.loads(line) for line in text_of(self.argv(query), ok=(0, 1)).splitlines()]
        if not query.right(rows):
            raise Wrong(f"wrong answer to {query.text}: {len(rows)} rows, the first {rows[:3]}")
        return True

    def cold(self, argv):
        """One run with the store on disk only; the program itself is in memory."""
        forget(self.store)
        run([HISUI, "--version"])
        return run(argv, ok=(0, 1))

    def in_process(self, texts):
        """Milliseconds of each query in a process that answers them in turn."""
        lines = text_of([WARM_SEARCH, str(self.store), str(self.runs), *texts]).splitlines()
        return {text: statistics.median(int(run.split("/")[0]) for run in line.split()[1:]) / 1000
                for text, line in zip(texts, lines)}

    def row(self, query, start, in_process):
        if query.text not in in_process:
            return (query.name, "refused", *[""] * 8, shown(query.text))
        argv = self.argv(query)
        cold = self.milliseconds(lambda: self.cold(argv), self.peers) - start
        run(argv, ok=(0, 1))
        warm = Cost.median([run(argv, ok=(0, 1)) for _ in range(self.runs)])
        return (query.name, f"{in_process[query.text]:.1f}",
                f"{max(0, warm.wall * 1000 - start):.1f}", f"{max(0, cold):.0f}",
                f"{warm.cpu * 1000:.0f}", f"{warm.peak:.0f}", *self.beside(query),
                shown(query.text))

    def beside(self, query):
        """Milliseconds of rg, of zstdcat before rg, of rg -z, and of journalctl scaled up."""
        if not query.grep:
            return "", "", "", ""
        tail = " | tail -n 100" if query.name.startswith("last") else ""
        told = []
        for command in (f"rg --no-config -a {query.grep} '{self.data}'{tail}",
                        f"zstdcat '{self.packed}' | rg --no-config -a {query.grep}{tail}",
                        f"rg --no-config -a -z {query.grep} '{self.packed}'{tail}"):
            told.append(f"{self.milliseconds(lambda: shell(command), self.peers):,.0f}")
        if not self.journal:
            return (*told, "")
        match = [] if query.journal == ("*",) else list(query.journal)
        argv = ["journalctl", "-q", "--no-pager", "-D", str(self.journal.directory), "-o", "cat",
                *match]
        took = self.milliseconds(lambda: run(argv, ok=(0, 1)), self.peers)
        scale = 1 if query.name.startswith("last") else self.journal.scale
        return (*told, f"{took * scale:,.0f}")


COLUMNS = ("query", "in a process", "warm", "cold", "CPU", "peak MB", "rg", "zstdcat | rg", "rg -z",
           "journalctl, scaled", "LogsQL")


def measure(f, store, data, packed, journal, runs):
    """Rows, and the milliseconds that `hisui --version` takes and every figure lacks."""
    searches = Searches(store, data, packed, journal, runs)
    run([HISUI, "--version"])
    start = searches.milliseconds(lambda: run([HISUI, "--version"]), 1 if runs == 1 else 9)
    answered = [query.text for query in queries(f) if searches.check(query)]
    in_process = searches.in_process(answered)
    return [searches.row(query, start, in_process) for query in queries(f)], start
