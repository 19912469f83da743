#!/usr/bin/env python3
"""Check an export of Anteroom's access log without trusting whoever made it.

    python3 verify.py EXPORT.zip --vkey KEY --known-head HEAD [--known-head ANOTHER]

KEY and HEAD must come to you on another way than the export. Exit code 0: unaltered, and a head from outside covers every event; 1: altered;
2: consistent, but no head from outside covers all of it. Needs Python 3.9 and `pip install cryptography`. Nothing is written, nothing is sent.
Read it from top to bottom; README.md beside it says in words what it does. It shares no code with Anteroom."""
import argparse, base64, hashlib, json, re, struct, sys, zipfile
from datetime import datetime, timedelta, timezone
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

PARTS = {"README.txt", "key.txt", "key-changes.jsonl", "people.csv", "checkpoint-before.txt", "checkpoint-after.txt", "events.jsonl", "proof.jsonl"}
VIEWS = {"csv": "events.csv", "fhir": "events.fhir.ndjson", "jsonl": None}
SHAPES = {"payload", "place", "salt", "subjects"}, {"payload_hash", "place", "subjects", "told"}, {"place", "removed", "subjects"}
TOLD = {"actor", "agent", "at", "boot", "build", "details", "event", "from", "kind", "outcome", "patients", "purpose", "request", "session"}
HEADER = ("place,event,recorded_at,kind,outcome,why,actor_kind,actor_id,role,patients,object_type,object_id,from,purpose,request,details,"
          "payload_hash,intact\r\n")

class Altered(Exception): """The file is not what was signed."""

def sha256(*parts): return hashlib.sha256(b"".join(parts)).digest()

def canonical(value): return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)  # Anteroom's one way to write it

# ---- signed heads: C2SP signed-note with a C2SP tlog-checkpoint in it ----

def key_of(name, key): return name, sha256(name.encode(), b"\n\1", key)[:4], Ed25519PublicKey.from_public_bytes(key)

def read_key(text):
    """NAME+HASH+KEY: a name, four bytes of a hash, and base64 of a byte that says Ed25519 and the 32 bytes of the key."""
    name, key_hash, key = text.split("+", 2)
    known = key_of(name, base64.b64decode(key, validate=True)[1:])
    if known[1].hex() != key_hash: raise ValueError("a key looks like NAME+HASH+KEY, and this is none")
    return known

def open_head(note, keys):
    """The size and root of a checkpoint, if one of the keys signed it."""
    text, _, signatures = note.rpartition("\n\n")
    for line in signatures.splitlines():
        found = re.fullmatch("\u2014 ([^ +]+) ([A-Za-z0-9+/=]+)", line)
        signature = base64.b64decode(found.group(2)) if found else b""
        for name, key_id, key in keys:
            if found and found.group(1) == name == text.split("\n")[0] and signature[:4] == key_id:
                key.verify(signature[4:], (text + "\n").encode())  # raises InvalidSignature
                _, size, root = text.split("\n")
                if not re.fullmatch("0|[1-9][0-9]*", size): raise Altered("a signed text is no checkpoint of this log")
                return int(size), base64.b64decode(root, validate=True)
    raise InvalidSignature()

def head_in(text, origins):
    """A checkpoint that stands alone, in the header of a mail, or between other lines of one."""
    header = re.search(r"^Anteroom-Log-Head:((?:.*\r?\n?)(?:[ \t].*\r?\n?)*)", text, re.M | re.I)
    if header: return base64.b64decode("".join(header.group(1).split())).decode()
    note = re.search(f"^(?:{'|'.join(map(re.escape, origins))})\n[0-9]+\n.*\n\n(?:\u2014 .*\n?)+", text.replace("\r\n", "\n"), re.M)
    return note.group(0) if note else ""

# ---- the tree: RFC 6962, section 2.1 ----

class Tree:
    """Grows from left to right. Keeps only the roots of the perfect trees along its edge, the largest first."""
    def __init__(self): self.size, self.edge = 0, []

    def put(self, level, root):  # a perfect tree of 2**level leaves
        self.size += 1 << level
        while self.edge and self.edge[-1][0] == level:
            root = sha256(b"\1", self.edge.pop()[1], root)
            level += 1
        self.edge.append((level, root))

    def root(self):
        root = self.edge[-1][1] if self.edge else sha256()
        for _, left in self.edge[-2::-1]: root = sha256(b"\1", left, root)
        return root

def climb(node, place, size, beside):
    """The root to which a leaf and the hashes beside its way lead: RFC 9162, section 2.1.3.2."""
    last = size - 1 if 0 <= place < size else -1
    for other in map(bytes.fromhex, beside):
        right = place & 1 or place == last
        node = sha256(b"\1", other, node) if right else sha256(b"\1", node, other)
        while right and place and not place & 1: place, last = place >> 1, last >> 1
        place, last = place >> 1, last >> 1
    return node if last == 0 else b""

def part(data): return struct.pack(">I", len(data)) + data

def leaf_of(line):
    """The hash of an event's leaf, and of its payload: README.md, "The leaf"."""
    payload = line.get("payload") or line.get("told") or line["removed"]
    payload_hash = sha256(b"anteroom-payload/1\0", bytes.fromhex(line["salt"]), canonical(payload).encode()) if "payload" in line else (
        bytes.fromhex(line["payload_hash"] if "told" in line else payload["payload_hash"]))
    subjects = b"".join(part(bytes.fromhex(tag)) + part(struct.pack(">Q", n)) for tag, n in line["subjects"])
    leaf = [b"anteroom-leaf/1", bytes.fromhex(payload["event"].replace("-", "")), struct.pack(">q", payload["at"]),
            payload["kind"].encode(), payload["outcome"].encode(), subjects, payload_hash]
    return sha256(b"\0", *map(part, leaf)), payload, payload_hash.hex(), "yes" if "payload" in line else "told" if "told" in line else "removed"

def followed(changes, keys):
    """These keys, and those before and after them: a change counts if its event is under a head that a key which counts has signed."""
    for change in map(json.loads, changes + changes[::-1]):
        try: size, root = open_head(change["note"], keys)
        except InvalidSignature: continue
        leaf, event, _, shown = leaf_of(change["event"])
        if shown != "yes" or event["kind"] != "log.key_rotated" or climb(leaf, change["event"]["place"], size, change["beside"]) != root:
            raise Altered("key-changes.jsonl: the head that is said to cover a change of the key does not")
        keys = keys + [key_of(change["note"].split("\n")[0], bytes.fromhex(event["details"][key])) for key in ("old_key", "new_key")]
    return keys

def csv_line(place, event, payload_hash, intact):
    """The line of an event in events.csv, written anew."""
    def cell(value): return '"' + value.replace('"', '""') + '"' if re.search(r"""[",;'\s]""", value) else value
    at = (datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=event["at"])).isoformat(timespec="milliseconds")
    actor, thing, details = event.get("actor", {}), event.get("object", {}), event.get("details", {})
    people = " ".join(person for person in event.get("patients", []) if person.strip("0-"))
    cells = [str(place), event["event"], at.replace("+00:00", "Z"), event["kind"], event["outcome"], details.get("why", ""),
             actor.get("kind", ""), actor.get("id", ""), actor.get("role", ""), people, thing.get("type", ""), thing.get("id", ""),
             event.get("from", ""), event.get("purpose", ""), event.get("request", ""), canonical(details) if details else "", payload_hash, intact]
    return ",".join(map(cell, cells)) + "\r\n"

def check_fhir(text, place, event, payload_hash, intact):
    """That a FHIR resource is tied to its event. Its other fields are compared by `anteroom audit verify`, not here."""
    resource = json.loads(text)
    said = {detail["type"]: detail["valueString"] for detail in resource["entity"][-1]["detail"]}
    found = resource["resourceType"], resource["id"], said["anteroom-place"], said["anteroom-payload-hash"], said.get("anteroom-intact", "yes")
    return found == ("AuditEvent", event["event"], str(place), payload_hash, intact) and canonical(resource) + "\n" == text

def lines_of(archive, name): return (line.decode() for line in iter(lambda stream=archive.open(name): stream.readline(4 << 20), b""))

def verify(path, keys, known):
    archive = zipfile.ZipFile(path)
    names = archive.namelist()
    view = next((form for form, name in VIEWS.items() if name in names), "jsonl")
    if archive.testzip() or len(set(names)) != len(names) or set(names) - PARTS - {VIEWS[view]}:
        raise Altered("a part of the file is damaged, or is none that an export has")
    keys = followed(list(lines_of(archive, "key-changes.jsonl")), keys) if "key-changes.jsonl" in names else keys
    known = dict(open_head(head_in(text, {name for name, _, _ in keys}), keys) for text in known)
    after = open_head(archive.read("checkpoint-after.txt").decode(), keys)
    before = open_head(archive.read("checkpoint-before.txt").decode(), keys) if "checkpoint-before.txt" in names else None
    signed = dict([after] + ([before] if before else []))  # roots that must be met, by size
    tree, numbers, common, gap, open_gap, last, count, outside, removed, told = Tree(), {}, None, False, False, None, 0, 0, [], []
    gaps, shown = lines_of(archive, "proof.jsonl"), lines_of(archive, VIEWS[view]) if VIEWS[view] else iter(())
    if view == "csv" and next(shown, "") != HEADER: raise Altered("events.csv has another header")

    def put(level, root):
        nonlocal outside
        tree.put(level, root)
        if tree.size in signed and signed.pop(tree.size) != tree.root():
            raise Altered(f"the events and gaps do not make up what was signed at {tree.size} events")
        if tree.size in known:
            outside = tree.size
            if known.pop(tree.size) != tree.root():
                raise Altered(f"the first {tree.size} events are not those of a head from outside: history was rewritten")

    def take_gap(text):
        line = json.loads(text)
        if canonical(line) + "\n" != text or line["from"] != tree.size or line["from"] >= line["until"]:
            raise Altered(f"proof.jsonl: there is no such gap from place {tree.size} on")
        for root in line["hashes"]:
            left = (line["until"] - tree.size).bit_length() - 1  # as large a perfect tree as may begin here and fits
            level = min((tree.size & -tree.size).bit_length() - 1, left) if tree.size else left
            put(level, bytes.fromhex(root))
        if tree.size != line["until"]: raise Altered(f"proof.jsonl: the gap from place {line['from']} on has other hashes than it needs")

    for text in lines_of(archive, "events.jsonl"):
        line = json.loads(text)
        place = line["place"]
        if canonical(line) + "\n" != text or set(line) not in SHAPES:
            raise Altered(f"events.jsonl: the line of place {place} is none, or its event was altered already in the log")
        while tree.size < place:
            take_gap(next(gaps, "{}\n"))
            open_gap = True
        if tree.size != place: raise Altered(f"place {place} comes where place {tree.size} is due")
        gap, open_gap = gap or open_gap, False
        subjects = dict(line["subjects"])
        if any(n <= numbers.get(tag, 0) for tag, n in subjects.items()): raise Altered(f"place {place}: the numbers of a patient's tag do not rise")
        numbers.update(subjects)
        # Tags that every event so far bears, numbered 1, 2, 3 and so on: a patient's export has one to its end.
        common = {tag for tag in (subjects if common is None else common) if subjects.get(tag) == count + 1}
        leaf, *the_event = leaf_of(line)
        removed += [line["removed"]["at"]] if "removed" in line else []  # what an old event said goes after six years; the tree stays
        told += [line["told"]["patients"]] if "told" in line else []  # about others too: their ids stay away, its hash stands for what it says
        if "told" in line and (len(subjects) < 2 or set(line["told"]) - TOLD or set(line["told"].get("details", {})) - {"why"}):
            raise Altered(f"place {place}: an event is told that could be shown, or more is told of it than may be")
        if view == "csv" and next(shown, "") != csv_line(place, *the_event) or (
                view == "fhir" and "removed" not in line and not check_fhir(next(shown, "{}"), place, *the_event)):
            raise Altered(f"{VIEWS[view]} does not say what the event at place {place} says")
        put(0, leaf)
        last, count = line.get("payload"), count + 1
    for text in gaps: take_gap(text)
    if next(shown, None) is not None or signed: raise Altered("the file ends before what was signed, or a part goes on after its end")
    # The last event is the export's own, and says what was asked for.
    if not last or (last["kind"], last["outcome"], last["details"].pop("format", "")) != ("log.exported", "success", view):
        raise Altered("the last event is not the export's own: the end was cut off")
    if removed and max(removed) > last["at"] - 6 * 365 * 86_400_000:
        raise Altered("what an event said is left out, and nothing so young is ever removed from a log")
    asked, reach = last["details"], place + 1
    if any(to != [asked.get("patient")] for to in told): raise Altered("what an event said is left out, which only the export of that patient may do")
    complete = "That nothing else matched the search is not shown." if asked else "No event from before the export is missing."
    if gap and not asked: raise Altered("events are missing from an export of everything")
    if set(asked) == {"patient"} and last.get("patients") == [asked["patient"]]:
        complete = "No event about the patient from before the export is missing."
        if not common: raise Altered("an event about the patient is missing, or one about somebody else is there")
    print(f"{count} events, exported at {last['at']} (Unix milliseconds), {len(removed)} without their words; the log had {after[0]} then.\n{complete}")
    if told: print(f"{len(told)} of them are about other patients, too, and are told, bound by their hash only: that they happened, when, of what\n"
                   "kind and with what outcome is proved; who did it, from where and why is what the clinic says, and nothing in this file proves it.")
    print(*(f"The head from outside at {size} events cannot be compared with this file." for size in known), sep="\n")
    print("\nUNALTERED. A head from outside covers every event of this file." if outside >= reach else
          "\nCONSISTENT, NOT ANCHORED. No head from outside covers all of it: who has the log and its key could have made this file.")
    return 0 if outside >= reach else 2

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("export")
    parser.add_argument("--vkey", action="append", required=True, help="the log's key, from outside")
    parser.add_argument("--known-head", action="append", default=[], help="a file with a head that left the clinic: a mail, or a checkpoint")
    wishes = parser.parse_args()
    keys, known = [read_key(key) for key in wishes.vkey], [open(file, "rb").read().decode() for file in wishes.known_head]
    try: code = verify(wishes.export, keys, known)
    except InvalidSignature:
        code = print("ALTERED. A checkpoint in the file, or a head from outside, is not signed with the log's key.") or 1
    except (Altered, zipfile.BadZipFile, zipfile.zlib.error, ValueError, KeyError, TypeError, IndexError, EOFError, struct.error) as error:
        code = print(f"ALTERED. {error if isinstance(error, Altered) else 'The file is damaged or was changed: ' + repr(error)}") or 1
    print("\nWhat this shows: what is in the file was recorded so, and not changed, dropped or put in another order since.\n"
          "What it does not show: that everything was recorded, that what was recorded is true, or who sat at an account's keyboard.")
    return code

if __name__ == "__main__": sys.exit(main())
