"""Writes event logs of every kind that the comparison with an independent reader needs.

    samples.py FOLDER
"""

import os
import struct
import sys
import zlib

from evtx_writer import *

COMPUTER = "dc01.example.jp"
AUDITING = "Microsoft-Windows-Security-Auditing"
AUDITING_GUID = "54849625-5478-4994-a5ba-3e3b0328c30d"


def types():
    """Every type of value, as data and as elements of user data; values that are not there."""
    data = [
        ("String", STRING, "山田 <&> 'x' \"y\" 𠮷"), ("Lines", STRING, "one\r\ntwo\tthree"),
        ("Empty", STRING, ""), ("Null", STRING, None), ("Ansi", ANSI, b"plain"),
        ("Int8", INT8, -128), ("UInt8", UINT8, 255), ("Int16", INT16, -32768),
        ("UInt16", UINT16, 65535), ("Int32", INT32, -2**31), ("UInt32", UINT32, 2**32 - 1),
        ("Int64", INT64, -2**63), ("UInt64", UINT64, 2**64 - 1), ("Float", FLOAT, 1.5),
        ("Double", DOUBLE, -0.25), ("True", BOOL, 1), ("False", BOOL, 0),
        ("Binary", BINARY, bytes(range(32))), ("Guid", GUID, AUDITING_GUID),
        ("Size", SIZE, 0xDEADBEEF), ("FileTime", FILETIME, "2026-11-20T10:00:00.123456"),
        ("SystemTime", SYSTEMTIME, "2026-11-20T10:00:07"), ("Sid", SID, "S-1-5-21-1-2-3-1105"),
        ("Hex32", HEX32, 0xC000006A), ("Hex64", HEX64, 0x3E7),
    ]
    log = Log()
    for user_data in (None, "AllTypes"):
        # Twice: the second one refers to what the first one defines.
        for _ in range(2):
            log.event("Example-Types", 1, "Application", COMPUTER, "2026-11-20T10:00:00", data,
                      user_data=user_data, user="S-1-5-18", guid=AUDITING_GUID)
    log.event("Example-Types", 2, "Application", COMPUTER, "2026-11-20T10:00:01",
              [(None, STRING, "first"), (None, STRING, "second")])
    return log.file()


def chunks(count=2000):
    """Logons, in as many chunks as they need."""
    log = Log()
    for number in range(count):
        log.event(AUDITING, 4624, "Security", COMPUTER,
                  f"2026-11-20T10:{number // 60 % 60:02}:{number % 60:02}.{number % 1000:03}000",
                  [("SubjectUserSid", SID, "S-1-5-18"), ("SubjectUserName", STRING, "DC01$"),
                   ("TargetUserSid", SID, f"S-1-5-21-1-2-3-{1000 + number}"),
                   ("TargetUserName", STRING, f"user{number:04}"),
                   ("TargetDomainName", STRING, "EXAMPLE"), ("TargetLogonId", HEX64, number),
                   ("LogonType", UINT32, 3), ("IpAddress", STRING, f"192.0.2.{number % 256}"),
                   ("IpPort", STRING, str(1024 + number))],
                  guid=AUDITING_GUID)
    return log.file()


def dirty():
    """A log that was copied while it was written: its head knows of one chunk only."""
    data = bytearray(chunks(500))
    struct.pack_into("<H", data, 42, 1)
    struct.pack_into("<I", data, 120, 1)
    struct.pack_into("<I", data, 124, zlib.crc32(data[:120]))
    return bytes(data)


def checksum():
    """A log whose second chunk has a wrong checksum."""
    data = bytearray(chunks(500))
    data[4096 + CHUNK + 52] ^= 0xFF
    return bytes(data)


if __name__ == "__main__":
    for sample in (types, chunks, dirty, checksum):
        with open(os.path.join(sys.argv[1], sample.__name__ + ".evtx"), "wb") as file:
            file.write(sample())
