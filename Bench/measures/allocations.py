"""Allocations for each record: the difference between two imports, by a preloaded counter."""
import shutil

from .process import HISUI, ROOT, Wrong, run
from .reception import first_lines

FEW_MAX = 250_000


def counted(work, library, data, lines):
    """Calls of the allocator and bytes asked for while `lines` lines are imported."""
    part, told = first_lines(data, lines, work / "counted.log"), work / "allocations"
    told.unlink(missing_ok=True)
    shutil.rmtree(work / "counted", ignore_errors=True)
    run(["env", f"LD_PRELOAD={library}", f"HISUI_ALLOCATIONS={told}", HISUI, "import", "--store",
         str(work / "counted"), "--zone", "bench", "--reference-time", "2025-11-24T00:00:00+09:00",
         str(part)])
    if not told.exists():
        raise Wrong("the program did not load the counter of allocations")
    return [int(n) for n in told.read_text().split()]


def counter(work):
    """The library that counts, or None where there is no C compiler."""
    if not shutil.which("cc"):
        return None
    library = work / "allocations.so"
    run(["cc", "-O2", "-shared", "-fPIC", "-o", str(library),
         str(ROOT / "Bench/measures/allocations.c")])
    return library


def rows(work, data, lines):
    """One row, or none where there is no C compiler."""
    library = counter(work)
    if not library:
        return []
    records = min(FEW_MAX, lines // 2)
    few, many = (counted(work, library, data, n) for n in (records, 2 * records))
    return [(f"{records:,} against {2 * records:,} lines", f"{few[0]:,}", f"{many[0]:,}",
             f"{(many[0] - few[0]) / records:.4f}", f"{(many[1] - few[1]) / records:,.0f}")]
