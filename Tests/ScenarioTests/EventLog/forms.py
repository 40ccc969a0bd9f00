"""Writes ten events in each form in which they reach Hisui, and prints what they are.

    forms.py FOLDER    forms.evtx, xml.txt (wevtutil), nxlog.txt (NXLog), winlogbeat.txt,
                       snare.txt (Snare, which has the data in a sentence only)
"""

import json
import os
import sys
from xml.sax.saxutils import escape, quoteattr

from evtx_writer import HEX32, HEX64, NAMESPACE, SID, STRING, UINT32, Log

AUDITING = "Microsoft-Windows-Security-Auditing"
SUBJECT = [("SubjectUserSid", SID, "S-1-5-21-1-2-3-1001"), ("SubjectUserName", STRING, "kanri"),
           ("SubjectDomainName", STRING, "CITY"), ("SubjectLogonId", HEX64, 0x3E7)]
TARGET = [("TargetUserName", STRING, "yamada"), ("TargetDomainName", STRING, "CITY"),
          ("TargetSid", SID, "S-1-5-21-1-2-3-1105")]
SOURCE = [("LogonType", UINT32, 10), ("IpAddress", STRING, "192.0.2.7"),
          ("IpPort", STRING, "50123"), ("WorkstationName", STRING, "WS09")]

# Provider, number, channel, data, keywords, name of the element of user data.
EVENTS = [
    (AUDITING, 4624, "Security", SUBJECT + TARGET[:2] + SOURCE, 0x8020000000000000, None),
    (AUDITING, 4625, "Security",
     SUBJECT + TARGET[:2] + [("Status", HEX32, 0xC000006D), ("SubStatus", HEX32, 0xC000006A)]
     + SOURCE, 0x8010000000000000, None),
    (AUDITING, 4672, "Security", SUBJECT + [("PrivilegeList", STRING, "SeDebugPrivilege")],
     0x8020000000000000, None),
    (AUDITING, 4720, "Security", TARGET + SUBJECT, 0x8020000000000000, None),
    (AUDITING, 4732, "Security",
     [("MemberName", STRING, "-"), ("MemberSid", SID, "S-1-5-21-1-2-3-1105"),
      ("TargetUserName", STRING, "Administrators"), ("TargetDomainName", STRING, "Builtin"),
      ("TargetSid", SID, "S-1-5-32-544")] + SUBJECT, 0x8020000000000000, None),
    ("Microsoft-Windows-Eventlog", 1102, "Security", SUBJECT, 0x4020000000000000,
     "LogFileCleared"),
    ("Service Control Manager", 7045, "System",
     [("ServiceName", STRING, "demo"), ("ImagePath", STRING, r"C:\demo.exe"),
      ("ServiceType", STRING, "user mode service"), ("StartType", STRING, "demand start"),
      ("AccountName", STRING, "LocalSystem")], 0x8080000000000000, None),
    ("Microsoft-Windows-Sysmon", 1, "Microsoft-Windows-Sysmon/Operational",
     [("ProcessId", UINT32, 4321), ("Image", STRING, r"C:\Windows\System32\whoami.exe"),
      ("CommandLine", STRING, 'whoami /all & "x"'), ("User", STRING, r"CITY\yamada"),
      ("ParentProcessId", UINT32, 99), ("ParentImage", STRING, r"C:\Windows\explorer.exe")],
     0x8000000000000000, None),
    ("Microsoft-Windows-PowerShell", 4104, "Microsoft-Windows-PowerShell/Operational",
     [("MessageNumber", UINT32, 1), ("MessageTotal", UINT32, 1),
      ("ScriptBlockText", STRING, "Get-Item 'x' |\r\n  Remove-Item"), ("ScriptBlockId", STRING, "1"),
      ("Path", STRING, r"C:\x.ps1")], 0, None),
    (AUDITING, 4663, "Security",
     SUBJECT + [("ObjectType", STRING, "File"), ("ObjectName", STRING, r"D:\Share\住民票.xlsx"),
                ("AccessMask", HEX32, 1), ("AccessList", STRING, "%%4416"),
                ("ProcessName", STRING, r"C:\Windows\explorer.exe")], 0x8020000000000000, None),
]


def text(kind, value):
    return f"0x{value:x}" if kind in (HEX32, HEX64) else str(value)


def xml(number, event):
    """As wevtutil prints an event, on one line."""
    provider, event_id, channel, data, keywords, user_data = event
    pairs = [(name, text(kind, value)) for name, kind, value in data]
    if user_data:
        body = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in pairs)
        body = f"<UserData><{user_data} xmlns='urn:example'>{body}</{user_data}></UserData>"
    else:
        body = "".join(f"<Data Name={quoteattr(name)}>{escape(value)}</Data>"
                       for name, value in pairs).replace("\r\n", "&#13;&#10;")
        body = f"<EventData>{body}</EventData>"
    return (f"<Event xmlns='{NAMESPACE}'><System><Provider Name='{provider}'/>"
            f"<EventID>{event_id}</EventID><Keywords>0x{keywords:x}</Keywords>"
            f"<TimeCreated SystemTime='2026-11-20T10:00:{number:02}.0000000Z'/>"
            f"<EventRecordID>{number + 1}</EventRecordID><Channel>{channel}</Channel>"
            f"<Computer>dc01.example.jp</Computer></System>{body}</Event>")


def nxlog(number, event):
    provider, event_id, channel, data, keywords, _ = event
    kind = {0x8010: "AUDIT_FAILURE", 0x8020: "AUDIT_SUCCESS"}.get(keywords >> 48, "INFO")
    return json.dumps(
        {"EventTime": f"2026-11-20 19:00:{number:02}", "Hostname": "dc01.example.jp",
         "Keywords": str(keywords - (keywords >> 63 << 64)), "EventType": kind,
         "EventID": event_id, "SourceName": provider, "RecordNumber": number + 1,
         "Channel": channel} | {name: text(kind, value) for name, kind, value in data},
        ensure_ascii=False)


def winlogbeat(number, event):
    provider, event_id, channel, data, keywords, user_data = event
    words = {0x8010: ["Audit Failure"], 0x8020: ["Audit Success"]}.get(keywords >> 48, [])
    return json.dumps(
        {"@timestamp": f"2026-11-20T10:00:{number:02}.000Z",
         "winlog": {"channel": channel, "event_id": str(event_id), "provider_name": provider,
                    "computer_name": "dc01.example.jp", "record_id": number + 1,
                    "keywords": words,
                    "user_data" if user_data else "event_data":
                        {name: text(kind, value) for name, kind, value in data}}},
        ensure_ascii=False)


def snare(number, event):
    provider, event_id, channel, _, keywords, _ = event
    kind = {0x8010: "Failure Audit", 0x8020: "Success Audit"}.get(keywords >> 48, "Information")
    return "\t".join(
        ["MSWinEventLog", "1", channel, str(number + 1), f"Fri Nov 20 19:00:{number:02} 2026",
         str(event_id), provider, "CITY\\kanri", "User", kind, "dc01.example.jp", "-", "", "text",
         str(number + 1)])


def main():
    log = Log()
    for number, (provider, event_id, channel, data, keywords, user_data) in enumerate(EVENTS):
        log.event(provider, event_id, channel, "dc01.example.jp", f"2026-11-20T10:00:{number:02}",
                  data, keywords=keywords, user_data=user_data)
        print(event_id)
    with open(os.path.join(sys.argv[1], "forms.evtx"), "wb") as file:
        file.write(log.file())
    for form in (xml, nxlog, winlogbeat, snare):
        path = os.path.join(sys.argv[1], form.__name__ + ".txt")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(form(*event) + "\n" for event in enumerate(EVENTS))


if __name__ == "__main__":
    main()
