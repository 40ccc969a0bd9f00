"""hisui import: what it costs, what it leaves on disk and whether that is sound."""
import collections
import os
import pathlib
import re
import shutil

from . import segments
from .process import Cost, HISUI, Wrong, run, text_of, tree_bytes

PARTS = (("segments", r"/segments/"), ("tail not yet sealed", r"/wal/"), ("tree tiles", r"/tile/"),
         ("checkpoints and frontier", r"/checkpoints/|/frontier-"), ("acts", r"^acts/"),
         ("definitions of parsers", r"^definitions/"), ("keys", r"^keys/"))


def store_of(data, store, *options, errors=None):
    """Imports into a new store and checks it: a store that does not verify is no result."""
    shutil.rmtree(store, ignore_errors=True)
    cost = run([HISUI, "import", *options, "--store", str(store), "--zone", "bench", str(data)],
               errors=errors)
    run([HISUI, "verify", "--store", str(store)])
    return cost


def measure(data, lines, runs, store):
    """Rows of importing, in the columns of the compressors, and of checking everything again."""
    cost = Cost.median([store_of(data, store) for _ in range(runs)])
    accounts = text_of([HISUI, "status", "--lang", "en", "--store", str(store)])
    if f"{lines:,}" not in accounts:
        raise Wrong(f"status does not tell of {lines:,} records:\n{accounts}")
    stored = tree_bytes(store)
    checked = Cost.median([run([HISUI, "verify", "--store", str(store)]) for _ in range(runs)])
    told = [(f"{lines / c.wall:,.0f}", f"{c.cpu * 1e6 / lines:.2f}", f"{c.peak:.0f}")
            for c in (cost, checked)]
    return [("**hisui import**", *told[0], f"{stored:,}", f"{os.path.getsize(data) / stored:.2f}"),
            ("hisui verify of that store", *told[1], "", "")]


def parts(store, lines):
    """Bytes by part; those of segments are told once more by what is in them."""
    sizes, store = collections.Counter(), pathlib.Path(store)
    for file in store.rglob("*"):
        if file.is_file():
            name = str(file.relative_to(store))
            part = next((p for p, where in reversed(PARTS) if re.search(where, name)), "other")
            sizes[part] += file.stat().st_size
    found = [(part, f"{size:,}", f"{size / lines:.3f}") for part, size in sizes.most_common()]
    return found + [(f"in segments: {name}", f"{size:,}", f"{size / lines:.3f}")
                    for name, size in segments.parts(store)]


def stages(data, lines, store, work):
    """CPU seconds per million by stage, as `--timing` tells them and what is left of the process;
    none where the program does not know the option."""
    if "--timing" not in text_of([HISUI, "import", "--help"]):
        return []
    told = work / "timing"
    cost = store_of(data, store, "--timing", errors=told)
    _, _, table = told.read_text(errors="replace").rpartition("stage\tcpu_seconds\n")
    found = [line.split("\t") for line in table.splitlines() if line.count("\t") == 1]
    rest = cost.cpu - sum(float(seconds) for _, seconds in found)
    found += [("start, threads, what is not measured", rest), ("whole process", cost.cpu)]
    return [(name, f"{float(seconds) * 1e6 / lines:.3f}") for name, seconds in found]
