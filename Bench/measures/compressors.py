"""Plain compressors on the same text: smaller, and not searchable by field."""
import os

from .process import Cost, shell

TOOLS = (("zstd -1", "zstd -q -c -1 -T1", "zst"), ("zstd -3", "zstd -q -c -3 -T1", "zst"),
         ("zstd -9", "zstd -q -c -9 -T1", "zst"), ("gzip -6", "gzip -c -6", "gz"))


def packed_bytes(data, level, work):
    """What `zstd` makes of the text at a level."""
    target = work / "packed.zst"
    shell(f"zstd -q -f -{level} -T1 '{data}' -o '{target}'")
    return target.stat().st_size


def rows(data, lines, runs, work):
    """One row for each compressor; leaves `packed.zst` at level 3 for the searches."""
    size, found = os.path.getsize(data), []
    for name, command, suffix in TOOLS:
        target = work / f"compressed.{suffix}"
        cost = Cost.median([shell(f"{command} '{data}'", output=target)
                            for _ in range(1 if name in ("zstd -9", "gzip -6") else runs)])
        packed = target.stat().st_size
        if name == "zstd -3":
            os.replace(target, work / "packed.zst")
        found.append((name, f"{lines / cost.wall:,.0f}", f"{cost.cpu * 1e6 / lines:.2f}",
                      f"{cost.peak:.0f}", f"{packed:,}", f"{size / packed:.2f}"))
    return found
