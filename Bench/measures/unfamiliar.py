"""Text the store was not designed on: never much larger than zstd makes it."""
import os

from . import compressors, importing
from .process import tree_bytes


def row(name, data, lines, work):
    cost = importing.store_of(data, work / "other-store")
    size, stored = os.path.getsize(data), tree_bytes(work / "other-store")
    first, third = (compressors.packed_bytes(data, level, work) for level in (1, 3))
    return (name, f"{lines:,}", f"{size:,}", f"{cost.cpu * 1e6 / lines:.2f}", f"{cost.peak:.0f}",
            f"{size / stored:.2f}", f"{size / first:.2f}", f"{size / third:.2f}",
            f"{stored / first - 1:+.1%}", f"{stored / third - 1:+.1%}")
