"""Writes Windows event logs (.evtx) for tests, as libyal's "Windows XML Event Log (EVTX)" tells
their bytes: templates defined once in a chunk, values of every type, several chunks, checksums.

    log = Log()
    log.event("Microsoft-Windows-Security-Auditing", 4624, "Security", "dc01.example.jp",
              "2026-11-20T10:00:00", [("TargetUserName", STRING, "tanaka"), …])
    open("log.evtx", "wb").write(log.file())

Only the standard library is used.
"""

import datetime
import struct
import uuid
import zlib

NULL, STRING, ANSI = 0x00, 0x01, 0x02
INT8, UINT8, INT16, UINT16, INT32, UINT32, INT64, UINT64 = range(0x03, 0x0B)
FLOAT, DOUBLE, BOOL, BINARY, GUID, SIZE, FILETIME, SYSTEMTIME, SID = range(0x0B, 0x14)
HEX32, HEX64, BINXML = 0x14, 0x15, 0x21
ARRAY = 0x80

NAMESPACE = "http://schemas.microsoft.com/win/2004/08/events/event"
CHUNK = 65536
NUMBERS = {
    INT8: "<b", UINT8: "<B", INT16: "<h", UINT16: "<H", INT32: "<i", UINT32: "<I",
    INT64: "<q", UINT64: "<Q", FLOAT: "<f", DOUBLE: "<d", BOOL: "<I", HEX32: "<I", HEX64: "<Q",
    SIZE: "<Q",
}


def ticks(time):
    """FILETIME of an ISO time in UTC."""
    since = datetime.datetime.fromisoformat(time) - datetime.datetime(1601, 1, 1)
    return (since.days * 86400 + since.seconds) * 10_000_000 + since.microseconds * 10


def encoded(kind, value):
    """The bytes of a value."""
    if kind == NULL:
        return b""
    if kind & ARRAY:
        end = b"\0\0" if kind == STRING | ARRAY else b""
        return b"".join(encoded(kind & ~ARRAY, item) + end for item in value)
    if kind in NUMBERS:
        return struct.pack(NUMBERS[kind], value)
    if kind == STRING:
        return value.encode("utf-16-le", "surrogatepass")
    if kind == GUID:
        return uuid.UUID(value).bytes_le
    if kind == FILETIME:
        return struct.pack("<Q", ticks(value))
    if kind == SYSTEMTIME:
        t = datetime.datetime.fromisoformat(value)
        return struct.pack("<8H", t.year, t.month, t.isoweekday() % 7, t.day, t.hour, t.minute,
                           t.second, t.microsecond // 1000)
    if kind == SID:
        parts = [int(part) for part in value.split("-")[1:]]
        return (struct.pack("<BB", parts[0], len(parts) - 2) + parts[1].to_bytes(6, "big")
                + struct.pack(f"<{len(parts) - 2}I", *parts[2:]))
    return value  # ANSI, BINARY, BINXML: bytes


class Chunk:
    """The bytes of a chunk, while records are added: names and templates stand in it once."""

    def __init__(self, number):
        self.bytes = bytearray(512)
        self.names = {}
        self.templates = {}
        self.first = self.next = number
        self.last = 512

    def name(self, out, base, name):
        """Refers to a name, and defines it here if the chunk has none yet."""
        if name in self.names:
            out += struct.pack("<I", self.names[name])
            return
        place = base + len(out) + 4
        self.names[name] = place
        out += struct.pack("<IIHH", place, 0, 0, len(name)) + name.encode("utf-16-le") + b"\0\0"

    def element(self, out, base, element):
        """Writes (name, attributes, content), content a list of elements, texts and values."""
        name, attributes, content = element
        out += b"\x41" if attributes else b"\x01"
        out += struct.pack("<H", 0xFFFF)
        size_at = len(out)
        out += b"\0\0\0\0"
        self.name(out, base, name)
        if attributes:
            list_at = len(out)
            out += b"\0\0\0\0"
            for index, (attribute, value) in enumerate(attributes):
                out += b"\x06" if index == len(attributes) - 1 else b"\x46"
                self.name(out, base, attribute)
                self.content(out, base, value)
            struct.pack_into("<I", out, list_at, len(out) - list_at - 4)
        if content is None:
            out += b"\x03"
        else:
            out += b"\x02"
            for item in content:
                self.content(out, base, item)
            out += b"\x04"
        struct.pack_into("<I", out, size_at, len(out) - size_at - 4)

    def content(self, out, base, item):
        if isinstance(item, str):
            out += struct.pack("<BBH", 0x05, 0x01, len(item.encode("utf-16-le")) // 2)
            out += item.encode("utf-16-le")
        elif isinstance(item, Value):
            out += struct.pack("<BHB", 0x0E if item.optional else 0x0D, item.index, item.kind)
        else:
            self.element(out, base, item)

    def instance(self, base, key, body, values):
        """A template with its values; its definition stands in the chunk's first instance."""
        out = bytearray(b"\x0c\x01")
        place = self.templates.get(key)
        out += struct.pack("<II", zlib.crc32(repr(key).encode()), place or base + 10)
        if place is None:
            self.templates[key] = base + 10
            out += struct.pack("<I", 0) + uuid.uuid5(uuid.NAMESPACE_OID, repr(key)).bytes_le
            size_at = len(out)
            out += b"\0\0\0\0\x0f\x01\x01\x00"
            self.element(out, base, body)
            out += b"\0"
            struct.pack_into("<I", out, size_at, len(out) - size_at - 4)
        out += struct.pack("<I", len(values))
        # A value that has offsets in it must know where it begins.
        kinds = [kind for kind, _ in values]
        start = base + len(out) + 4 * len(values)
        parts = []
        for kind, value in values:
            if callable(value):
                value = value(start + sum(len(part) for part in parts))
            parts.append(encoded(kind, value))
        for kind, part in zip(kinds, parts):
            out += struct.pack("<HBB", len(part), kind, 0)
        return bytes(out + b"".join(parts))

    def add(self, number, time, build):
        """Adds a record; false, with nothing added, if there is no room."""
        names, templates = dict(self.names), dict(self.templates)
        base = len(self.bytes) + 24
        xml = b"\x0f\x01\x01\x00" + build(self, base + 4) + b"\0"
        size = 28 + len(xml)
        size += -size % 8
        if len(self.bytes) + size > CHUNK:
            self.names, self.templates = names, templates
            return False
        record = struct.pack("<IIQQ", 0x2A2A, size, number, ticks(time)) + xml
        record += bytes(size - 4 - len(record)) + struct.pack("<I", size)
        self.last = len(self.bytes)
        self.bytes += record
        self.next = number + 1
        return True

    def finished(self):
        free = len(self.bytes)
        data = bytearray(self.bytes) + bytes(CHUNK - free)
        struct.pack_into("<8sQQQQIIII", data, 0, b"ElfChnk\0", self.first, self.next - 1,
                         self.first, self.next - 1, 128, self.last, free,
                         zlib.crc32(data[512:free]))
        struct.pack_into("<I", data, 124, zlib.crc32(data[128:512], zlib.crc32(data[:120])))
        return data


class Value:
    """A place in a template for one of its values."""

    def __init__(self, index, kind, optional=True):
        self.index, self.kind, self.optional = index, kind, optional


SYSTEM = ("Event", [("xmlns", NAMESPACE)], [
    ("System", [], [
        ("Provider", [("Name", Value(0, STRING)), ("Guid", Value(1, GUID))], None),
        ("EventID", [], [Value(2, UINT16)]),
        ("Version", [], [Value(3, UINT8)]),
        ("Level", [], [Value(4, UINT8)]),
        ("Task", [], [Value(5, UINT16)]),
        ("Opcode", [], [Value(6, UINT8)]),
        ("Keywords", [], [Value(7, HEX64)]),
        ("TimeCreated", [("SystemTime", Value(8, FILETIME))], None),
        ("EventRecordID", [], [Value(9, UINT64)]),
        ("Correlation", [("ActivityID", Value(10, GUID))], None),
        ("Execution", [("ProcessID", Value(11, UINT32)), ("ThreadID", Value(12, UINT32))], None),
        ("Channel", [], [Value(13, STRING)]),
        ("Computer", [], [Value(14, STRING)]),
        ("Security", [("UserID", Value(15, SID))], None),
    ]),
    Value(16, BINXML),
])


class Log:
    """An event log, written chunk after chunk."""

    def __init__(self, first=1):
        self.number = first
        self.chunks = []
        self.flags = 0

    def chunk(self):
        """Begins another chunk."""
        self.chunks.append(Chunk(self.number))

    def event(self, provider, event_id, channel, computer, time, data, *, guid=None, user=None,
              level=4, keywords=0x8020000000000000, process=(4, 8), user_data=None):
        """Adds an event with (name, kind, value) as its data; name None is data without one.

        `user_data` is the name of an element that holds the data as elements instead.
        """
        if user_data:
            body = ("UserData", [], [(user_data, [("xmlns", "urn:example")], [
                (name, [], [Value(i, kind)]) for i, (name, kind, _) in enumerate(data)])])
        else:
            body = ("EventData", [], [
                ("Data", [("Name", name)] if name else [], [Value(i, kind, False)])
                for i, (name, kind, _) in enumerate(data)])
        # A value's place says its type; what an event lacks is a null, of the same template.
        key = (provider, event_id, tuple((name, kind) for name, kind, _ in data))
        values = [(NULL if value is None else kind, value) for _, kind, value in data]
        number = self.number

        def build(chunk, base):
            def inner(place):
                return b"\x0f\x01\x01\x00" + chunk.instance(place + 4, key, body, values) + b"\0"
            return chunk.instance(base, "system", SYSTEM, [
                (STRING, provider), (GUID if guid else NULL, guid), (UINT16, event_id),
                (UINT8, 0), (UINT8, level), (UINT16, 0), (UINT8, 0), (HEX64, keywords),
                (FILETIME, time), (UINT64, number), (NULL, None), (UINT32, process[0]),
                (UINT32, process[1]), (STRING, channel), (STRING, computer),
                (SID if user else NULL, user), (BINXML, inner)])

        if not self.chunks or not self.chunks[-1].add(number, time, build):
            self.chunk()
            if not self.chunks[-1].add(number, time, build):
                raise ValueError("an event that no chunk has room for")
        self.number += 1

    def file(self):
        data = bytearray(4096)
        struct.pack_into("<8sQQQIHHHH", data, 0, b"ElfFile\0", 0, max(len(self.chunks) - 1, 0),
                         self.number, 128, 1, 3, 4096, len(self.chunks))
        struct.pack_into("<I", data, 120, self.flags)
        struct.pack_into("<I", data, 124, zlib.crc32(data[:120]))
        return bytes(data) + b"".join(bytes(chunk.finished()) for chunk in self.chunks)
