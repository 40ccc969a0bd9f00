"""Bytes of segments by part, read from their footers as docs/format.md has them."""
import collections
import struct

END = b"HISUIEND"
TRAILER = struct.Struct("<QI8sI")
HEADER_BYTES = 16
SECTION = struct.Struct("<BBII")
NAMES = {1: "summary", 2: "definitions", 3: "sources", 4: "gaps", 5: "senders", 6: "shapes",
         7: "directory of blocks", 8: "columns of all blocks"}


def parts_of(file):
    """Bytes by part of one segment; None where it is of another format."""
    data = file.read_bytes()
    if len(data) < HEADER_BYTES + TRAILER.size:
        return None
    length, _, magic, _ = TRAILER.unpack(data[-TRAILER.size:])
    place, end = len(data) - TRAILER.size - length, len(data) - TRAILER.size
    if magic != END or place < HEADER_BYTES:
        return None
    sizes = collections.Counter({"blocks of rows": place - HEADER_BYTES,
                                 "header and trailer": HEADER_BYTES + TRAILER.size})
    while place + SECTION.size <= end:
        number, _, _, stored = SECTION.unpack(data[place:place + SECTION.size])
        sizes["footer, " + NAMES.get(number, f"section {number}")] += SECTION.size + stored
        place += SECTION.size + stored
    return sizes if place == end else None


def parts(store):
    """The same of all segments below a store."""
    total = collections.Counter()
    for file in store.glob("zones/*/*/segments/*.segment"):
        sizes = parts_of(file)
        if sizes is None:
            return []
        total += sizes
    return total.most_common()
