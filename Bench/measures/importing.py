"""hisui import: what it costs, what it leaves on disk and whether that is sound."""
import collections
import os
import pathlib
import re
import shutil

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
    """The row of hisui beside the compressors', and its median cost."""
    cost = Cost.median([store_of(data, store) for _ in range(runs)])
    accounts = text_of([HISUI, "status", "--lang", "en", "--store", str(store)])
    if f"{lines:,}" not in accounts:
        raise Wrong(f"status does not tell of {lines:,} records:\n{accounts}")
    stored = tree_bytes(store)
    return ("**hisui import**", f"{lines / cost.wall:,.0f}", f"{cost.cpu * 1e6 / lines:.2f}",
            f"{cost.peak:.0f}", f"{stored:,}", f"{os.path.getsize(data) / stored:.2f}")


def parts(store, lines):
    """Bytes by part, from the program where it tells of sections, else from the files."""
    sizes, store = collections.Counter(), pathlib.Path(store)
    for file in store.rglob("*"):
        if file.is_file():
            name = str(file.relative_to(store))
            part = next((p for p, where in reversed(PARTS) if re.search(where, name)), "other")
            sizes[part] += file.stat().st_size
    found = [(part, f"{size:,}", f"{size / lines:.3f}") for part, size in sizes.most_common()]
    return found + [(f"— {name}", f"{size:,}", f"{size / lines:.3f}")
                    for name, size in sections(store)]


def supports(command, option):
    return option in text_of([HISUI, command, "--help"])


def sections(store):
    """Sections of the segments with their bytes; none where the program does not tell."""
    if not supports("status", "--parts"):
        return []
    said = text_of([HISUI, "status", "--lang", "en", "--parts", "--store", str(store)])
    found = []
    for line in said.splitlines():
        row = re.match(r"\s*(\S.*?)\s+([\d,]{1,20})(?:\s.*)?$", line)
        if row and "parts" in said and not row[1].endswith(":"):
            found.append((row[1], int(row[2].replace(",", ""))))
    return found


def stages(data, lines, store, work):
    """CPU seconds per million by stage; none where the program does not tell."""
    if not supports("import", "--timing"):
        return []
    told = work / "timing"
    store_of(data, store, "--timing", errors=told)
    found = []
    for line in told.read_text(errors="replace").splitlines():
        row = re.match(r"\s*([^\d\s].*?)\s+(\d+\.\d+)(?:\s|$)", line)
        if row:
            found.append((row[1], f"{float(row[2]) * 1e6 / lines:.3f}"))
    return found
