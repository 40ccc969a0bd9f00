#!/usr/bin/env python3
"""Checks an evidence bundle of Hisui without Hisui: Python 3.8+, standard library only.

    python3 data/verify/verify.py [BUNDLE] [--trust FILE]

BUNDLE is the folder that holds bagit.txt (default: the current one). FILE holds public keys that
came to you by another way, one `name+hash+key` a line, and checkpoints (signed notes) if you like.
Signatures are checked with the program `openssl` (1.1.1 or later); without it they are not, and
that is said. Ends with 0 and `OK`, or with 1 and a line for each thing that does not fit.
"""
import base64, hashlib, json, os, re, shutil, subprocess, sys, tempfile

FAULTS, NOTES = [], []
LIMIT = 256 << 20                  # a file that is read whole
PLAIN = re.compile(r"^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$")
SEAL = "seal/tagmanifest-sha256.note"
LINE = re.compile(r"^([0-9a-f]+)  (.+)$")

def fault(where, what):
    FAULTS.append("%s: %s" % (where, what))

def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

class Bundle:
    """The files of the bundle: none that a link leads to, none outside the folder."""

    def __init__(self, root):
        self.root, self.files = root, {}
        for folder, folders, names in os.walk(root, followlinks=False):
            for full in (os.path.join(folder, name) for name in folders + names):
                path = os.path.relpath(full, root).replace(os.sep, "/")
                if os.path.islink(full) or not PLAIN.match(path):
                    fault(path, "a link, or a name that no bundle has")
                elif os.path.isfile(full):
                    self.files[path] = os.path.getsize(full)

    def read(self, path):
        if path not in self.files or self.files[path] > LIMIT:
            fault(path, "missing, or too large to read")
            return b""
        with open(os.path.join(self.root, path), "rb") as file:
            return file.read(LIMIT)

    def text(self, path):
        return self.read(path).decode("utf-8", "replace")

    def digest(self, path, algorithm):
        digest = hashlib.new(algorithm)
        with open(os.path.join(self.root, path), "rb") as file:
            for piece in iter(lambda: file.read(1 << 20), b""):
                digest.update(piece)
        return digest.hexdigest()

    def lines(self, path):
        """The JSON objects of a file, a line each."""
        for number, line in enumerate(self.read(path).splitlines(), 1):
            try:
                yield number, json.loads(line)
            except ValueError:
                fault(path, "line %d is no JSON" % number)

def check_manifest(bundle, name, algorithm):
    named = set()
    for number, line in enumerate(bundle.text(name).splitlines(), 1):
        match = LINE.match(line)
        if not match or not PLAIN.match(match.group(2)) or match.group(2) in named:
            fault(name, "line %d is no digest and path" % number)
            continue
        path = match.group(2)
        named.add(path)
        if path not in bundle.files:
            fault(path, "missing; %s names it" % name)
        elif bundle.digest(path, algorithm) != match.group(1):
            fault(path, "altered: not what %s says" % name)
    return named

def check_manifests(bundle):
    tags = check_manifest(bundle, "tagmanifest-sha256.txt", "sha256")
    if tags != {"bagit.txt", "bag-info.txt", "manifest-sha256.txt", "manifest-sha512.txt"}:
        fault("tagmanifest-sha256.txt", "does not name the four files that it should")
    payload = check_manifest(bundle, "manifest-sha256.txt", "sha256")
    if check_manifest(bundle, "manifest-sha512.txt", "sha512") != payload:
        fault("manifest-sha512.txt", "does not name the files of manifest-sha256.txt")
    known = payload | tags | {"tagmanifest-sha256.txt", SEAL}
    for path in sorted(set(bundle.files) - known):
        fault(path, "added: no manifest names it")
    for path in payload:
        if not path.startswith("data/"):
            fault(path, "named as payload, and not below data/")

class Keys:
    def __init__(self):
        self.seen = {}
        self.keys = {}             # (name, 4 bytes of id) -> 32 bytes
        self.openssl = shutil.which("openssl")
        if not self.openssl:
            NOTES.append("openssl was not found: NO SIGNATURE WAS CHECKED")

    def add(self, vkey, where):
        try:
            name, number, key = vkey.strip().split("+", 2)
            raw = base64.b64decode(key, validate=True)
            known = sha256(name.encode(), b"\n", raw)[:4]
            assert len(raw) == 33 and raw[0] == 1 and known.hex() == number
        except (ValueError, AssertionError):
            fault(where, "no public key: %s" % vkey.strip())
        else:
            self.keys[(name, known)] = raw[1:]

    def check(self, key, text, signature):
        if not self.openssl:
            return True
        with tempfile.TemporaryDirectory() as folder:
            paths = [os.path.join(folder, name) for name in ("key", "text", "signature")]
            der = bytes.fromhex("302a300506032b6570032100") + key    # RFC 8410
            for path, content in zip(paths, (der, text, signature)):
                with open(path, "wb") as file:
                    file.write(content)
            return subprocess.run(
                [self.openssl, "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey",
                 paths[0], "-rawin", "-in", paths[1], "-sigfile", paths[2]],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

    def note(self, data, where):
        """The text of a note and the names of those who signed it."""
        if data in self.seen:
            return self.seen[data]
        text, blank, rest = data.rpartition(b"\n\n")
        text, signers = text + b"\n", []
        for line in rest.decode("utf-8", "replace").splitlines():
            dash, name, value = (line.split(" ") + ["", ""])[:3]
            try:
                raw = base64.b64decode(value, validate=True)
            except ValueError:
                raw = b""
            key = self.keys.get((name, raw[:4]))
            if dash != "\u2014" or key is None:
                fault(where, "a signature by nobody known: %s" % name)
            elif not self.check(key, text, raw[4:]):
                fault(where, "the signature of %s is wrong" % name)
            else:
                signers.append(name)
        if not blank or not signers:
            fault(where, "not signed")
        self.seen[data] = text.decode("utf-8", "replace"), signers
        return self.seen[data]

    def checkpoint(self, data, where, origin):
        """Size and root of a signed checkpoint."""
        text, signers = self.note(data, where)
        if origin.rsplit("/", 1)[0] not in signers:
            fault(where, "not signed by the key of the log")
        return tree_head(text, where, origin)

def tree_head(text, where, origin):
    try:
        found, size, root = text.split("\n")[:3]
        if found == origin:
            return int(size), base64.b64decode(root)
    except ValueError:
        pass
    fault(where, "no checkpoint of %s" % origin)
    return 0, b""

def node(left, right):
    return sha256(b"\1", left, right)

def climb(first, last, seeds, path):
    """Follows a path of siblings upwards from left seed and right seed; None if it is too short
    or too long (RFC 9162 2.1.3.2 and 2.1.4.2)."""
    one, two = seeds
    for sibling in path:
        if last == 0:
            return None, None
        if first & 1 or first == last:
            one, two = node(sibling, one), node(sibling, two)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            two = node(two, sibling)
        first, last = first >> 1, last >> 1
    return (one, two) if last == 0 else (None, None)

def inclusion(leaf, index, size, path):
    """The root that leaf and path lead to."""
    return climb(index, size - 1, (leaf, leaf), path)[1] if index < size else None

def consistent(old, old_root, size, root, path):
    """Whether the old tree is the beginning of the new one (RFC 9162 2.1.4.2)."""
    if old == 0:
        return not path and old_root == sha256()
    if old >= size:
        return old == size and not path and old_root == root
    path = ([old_root] if old & (old - 1) == 0 else []) + path
    if not path:
        return False
    first, last = old - 1, size - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    return climb(first, last, (path[0], path[0]), path[1:]) == (old_root, root)

def counted(text):
    """A varint with the length (LEB128), then the bytes."""
    data = text.encode()
    count = [len(data) >> shift & 127 for shift in range(0, max(1, len(data).bit_length()), 7)]
    return bytes([part | 128 for part in count[:-1]] + count[-1:]) + data

def leaf_hash(event):
    """The leaf of a record: the envelope of docs/format.md, hashed to the entry, to the leaf."""
    number = lambda value, size: value.to_bytes(size, "little", signed=value < 0)
    envelope = (counted(event["source"]) + bytes([event["kind"], event["form"]])
                + counted(event["sender"]) + number(event["received_ns"], 8)
                + number(event["time_ns"], 8) + number(event["flags"], 4)
                + base64.b64decode(event["record"], validate=True))
    return sha256(b"\0", b"\1" + sha256(envelope))

def hashes(lines, where):
    try:
        return [base64.b64decode(line, validate=True) for line in lines]
    except ValueError:
        fault(where, "a line is no hash")
        return []

def load_trust(path):
    """Keys and checkpoints that came by another way: {key name: vkey}, {origin: {size: root}}."""
    with open(path, encoding="utf-8") as file:
        names, trees, lines = {}, {}, file.read().splitlines()
    for number, line in enumerate(lines):
        if re.match(r"^[^#+ ]+\+[0-9a-f]{8}\+\S+$", line):
            names[line.split("+")[0]] = line
        elif re.match(r"^[0-9]+$", line) and 0 < number < len(lines) - 1:
            trees.setdefault(lines[number - 1], {})[int(line)] = base64.b64decode(lines[number + 1])
    return names, trees

def check_log(bundle, keys, folder, stream, trusted, trees):
    vkeys = bundle.text(folder + "/vkeys.txt").splitlines()
    for vkey in vkeys:
        keys.add(vkey, folder + "/vkeys.txt")
    name = vkeys[0].split("+")[0] if vkeys else ""
    if trusted and [trusted.get(name)] != vkeys[:1]:
        fault(folder + "/vkeys.txt", "the key of %s is not the trusted one" % name)
    origin, path = name + "/" + stream, folder + "/checkpoint.txt"
    note = bundle.read(path)
    size, root = keys.checkpoint(note, path, origin)
    old, old_root, path = 0, sha256(), folder + "/checkpoint-previous.txt"
    if path in bundle.files:
        old, old_root = keys.checkpoint(bundle.read(path), path, origin)
    path = folder + "/consistency.txt"
    head, _, rest = bundle.read(path).partition(b"\n\n")
    lines = head.decode("utf-8", "replace").splitlines()
    if (lines[:1] != ["old %d" % old] or rest != note
            or not consistent(old, old_root, size, root, hashes(lines[1:], path))):
        fault(path, "does not prove that the log was only appended to")
    # Checkpoints between: their order. Their signatures would take openssl minutes.
    before, path = (old, old_root), folder + "/checkpoints.txt"
    for text in bundle.text(path).split("\n\n")[0::2]:
        now = tree_head(text.lstrip("\n"), path, origin) if text.strip() else before
        if now[0] < before[0] or now[0] == before[0] and now[1] != before[1]:
            fault(path, "size %d after %d" % (now[0], before[0]))
        if trees.get(origin, {}).get(now[0], now[1]) != now[1]:
            fault(path, "size %d: not the root of the trusted checkpoint" % now[0])
        before = now
    if before != (size, root):
        fault(path, "does not end with checkpoint.txt")
    return size, root, note

def check_records(bundle, logs):
    known = set()
    for number, event in bundle.lines("data/events/selected.jsonl"):
        where = "data/events/selected.jsonl, line %d" % number
        try:
            place = (event["zone"], event["stream"])
            path = "data/events/proofs/%s/%s/%d.tlog-proof" % (place + (event["index"],))
            size, root, note = logs[place]
            leaf, record = leaf_hash(event), base64.b64decode(event["record"])
            shown = event["text"] == record.decode("utf-8", "replace")
        except (KeyError, TypeError, ValueError, OverflowError):
            fault(where, "no record, or of a log that is not here")
            continue
        known.add(path)
        head, _, rest = bundle.read(path).partition(b"\n\n")
        lines = head.decode("utf-8", "replace").splitlines()
        if lines[:2] != ["c2sp.org/tlog-proof@v1", "index %d" % event["index"]] or rest != note:
            fault(path, "no proof for this record and checkpoint")
        elif inclusion(leaf, event["index"], size, hashes(lines[2:], path)) != root or not shown:
            fault(where, "the record is not the one in the log")
    for path in bundle.files:
        if path.endswith(".tlog-proof") and path not in known:
            fault(path, "proves no record of this bundle")
    return len(known)

def check_numbers(bundle, records):
    where, lines = "data/report/summary.json", lambda path: bundle.text(path).split("\n")[:-1]
    said = next(bundle.lines(where), (0, {}))[1]
    try:
        sources = [line.split("\t") for line in lines("data/coverage/sources.tsv")[1:]]
        kinds = [json.loads(line)["act"] for line in lines("data/operations/acts.jsonl")]
        found = {"findings": len(lines("data/findings/findings.jsonl")), "sources": len(sources),
                 "deletions": len(lines("data/retention/deletions.jsonl")),
                 "gaps": len(lines("data/coverage/gaps.tsv")) - 1,
                 "records.sampled": records - said["records.behind_findings"],
                 "acts.by_kind": {kind: kinds.count(kind) for kind in kinds}}
        for column, name in ((7, "offered"), (8, "stored"), (9, "deduplicated"), (10, "dropped")):
            found[name] = sum(int(row[column]) for row in sources)
        for name, value in found.items():
            if said[name] != value:
                fault(where, "%s is %s; counted again: %s" % (name, said[name], value))
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        fault(where, "cannot be compared with the files that it counts")

def main(arguments):
    trusted, trees = {}, {}
    if "--trust" in arguments:
        place = arguments.index("--trust")
        trusted, trees = load_trust(arguments[place + 1])
        del arguments[place:place + 2]
    else:
        NOTES.append("no --trust: keys were taken from the bundle itself (README, step 3)")
    bundle, keys, logs = Bundle(arguments[0] if arguments else "."), Keys(), {}
    check_manifests(bundle)
    for path in sorted(bundle.files):
        match = re.match(r"^(data/log/([^/]+)/([^/]+))/checkpoint\.txt$", path)
        if match:
            logs[match.groups()[1:]] = check_log(
                bundle, keys, match.group(1), match.group(3), trusted, trees)
    text, signers = keys.note(bundle.read(SEAL), SEAL)
    if text != bundle.text("tagmanifest-sha256.txt"):
        fault(SEAL, "seals another tagmanifest-sha256.txt")
    if not any(name.endswith("/acts") for name in signers):
        fault(SEAL, "not signed by the key of the acts")
    records = check_records(bundle, logs)
    check_numbers(bundle, records)
    for line in ["note: " + line for line in NOTES] + ["FAULT: " + line for line in FAULTS]:
        print(line.encode("ascii", "backslashreplace").decode())
    if not FAULTS:
        print("%d logs, %d records proved, %d files\nOK" % (len(logs), records, len(bundle.files)))
    return 1 if FAULTS else 0

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
