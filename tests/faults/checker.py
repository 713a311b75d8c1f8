"""A reader of archives that shares no line with the product: re, hashlib and the format's page.

Written from docs/reference/archive.md. `look` reads what stands in an archive's folder and fails
with Wrong, saying what and where.
"""

import gzip
import re
import zlib
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

NOTHING = "0" * 64
STAMP = (
    rb"Pit-Entry: ([a-z][a-z0-9-]*) ([1-9][0-9]*)\n"
    rb"Pit-Time: (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)\n"
    rb"Pit-Signer: ([a-z][a-z0-9-]*) ([0-9A-F]{40}) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\n"
    rb"Pit-Text: ([0-9a-f]{64})\n"
    rb"Pit-Mail: (\d+) ([0-9a-f]{64})\n"
    rb"Pit-Prev: ([0-9a-f]{64})\n"
)
ENTRY = re.compile(STAMP)
_MARK = re.compile(rb"mark (\S+) (\d+) (\d{10}\.mbox) (\d+) ([0-9a-f]{64})\n")
_NEXT = re.compile(rb"next (\S+) (\d+) (\d+) (\d+) ([0-9a-f]{64}) (\d{10}\.mbox)\n")
_BLOCK = re.compile(
    rb"\n\n-----BEGIN PGP SIGNED MESSAGE-----\n(?:Hash: [^\n]*\n)?\n(.*?)\n-----BEGIN PGP SIG",
    re.DOTALL,
)
SEAL = re.compile(rb"^seal (\d+)\n  root: ([0-9a-f]{64})\n  time: (\S+)\n", re.MULTILINE)
_REFUSED = re.compile(rb"^refused ([0-9A-F]{40}) (\S+) ([0-9a-f]{64}) (\S+)$", re.MULTILINE)
_DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


class Wrong(AssertionError):
    """The archive, or what a member was told, is not what it must be."""


def demand(right: bool, what: str) -> None:
    """Wrong, saying what, unless it is right."""
    if not right:
        raise Wrong(what)


class Item(NamedTuple):
    """An entry: its fields; stamp: the six lines; mail: as it came; text: what was signed."""

    pit: str
    number: int
    time: str
    signer: str
    fingerprint: str
    signed: str
    digest: str
    prev: str
    stamp: bytes
    mail: bytes
    text: bytes


def item(raw: bytes) -> Item:
    """One entry, from its `From_` line to its blank line; Wrong if a byte of it is."""
    line = raw[: raw.find(b"\n") + 1]
    found = ENTRY.match(raw, len(line))
    demand(found is not None, f"no stamp below {raw[:60]!r}")
    pit, number, time, signer, key, signed, text, length, digest, prev = (
        group.decode() for group in found.groups()
    )
    here = f"entry {number}"
    right = f"From {number}@{pit}.pit {_asctime(time)}\n".encode()
    demand(line == right, f"{here}: {line!r} where {right!r} must be")
    demand(raw.endswith(b"\n\n"), f"{here}: no blank line at its end")
    body = raw[found.end() : -1]
    demand(not re.search(rb"(?m)^From ", body), f"{here}: an unquoted From")
    mail = re.sub(rb"(?m)^>(>*From )", rb"\1", body)
    if len(mail) == int(length) + 1:
        mail = mail[:-1]
    demand(len(mail) == int(length), f"{here}: {len(mail)} bytes, Pit-Mail says {length}")
    demand(sha256(mail).hexdigest() == digest, f"{here}: the mail's sha256 is not Pit-Mail's")
    plain = signed_text(mail)
    demand(sha256(plain).hexdigest() == text, f"{here}: the text's sha256 is not Pit-Text's")
    return Item(pit, int(number), time, signer, key, signed, text, prev, found[0], mail, plain)


def _asctime(time: str) -> str:
    try:
        moment = datetime.strptime(time, "%Y-%m-%dT%H:%M:%S.%fZ")
    except ValueError as error:
        raise Wrong(f"{time} is no time") from error
    day, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1]
    return f"{day} {month} {moment.day:2} {moment:%H:%M:%S} {moment.year}"


def signed_text(mail: bytes) -> bytes:
    """The text of a clearsigned mail: dash escapes off, blanks at line ends off, LF-ended."""
    block = _BLOCK.search(mail)
    demand(block is not None, f"no clearsigned block: {mail[:60]!r}")
    lines = block[1].split(b"\n")
    return b"".join(line.removeprefix(b"- ").rstrip(b" \t") + b"\n" for line in lines)


def items(data: bytes, *, torn: bool = False) -> list[Item]:
    """Entries one behind the other; torn: stop at the first that is not whole."""
    found = []
    for raw in filter(None, re.split(rb"(?m)^(?=From )", data)):
        try:
            found.append(item(raw))
        except Wrong:
            if not torn:
                raise
            break
    return found


class Tree:
    """Roots after RFC 6962, section 2.1, over leaves; whole subtrees are kept."""

    def __init__(self) -> None:
        self._leaves: list[bytes] = []
        self._kept: dict[tuple[int, int], bytes] = {}

    def add(self, stamp: bytes) -> None:
        """The next leaf."""
        self._leaves.append(sha256(b"\0" + stamp).digest())

    def root(self, size: int) -> str:
        """MTH(D[size]) in hex."""
        return self._hash(0, size).hex()

    def _hash(self, start: int, end: int) -> bytes:
        if end - start == 1:
            return self._leaves[start]
        if (start, end) not in self._kept:
            split = 1 << (end - start - 1).bit_length() - 1
            left, right = self._hash(start, start + split), self._hash(start + split, end)
            self._kept[start, end] = sha256(b"\1" + left + right).digest()
        return self._kept[start, end]


class Standing(NamedTuple):
    """What an archive's folder says.

    data: the bytes up to the mark; items: its entries; roots: by size, from its seals; refused: the
    text's sha256 and the code of each refusal; tail: whole entries beyond the mark; coming: the
    entries of a whole `next`.
    """

    data: bytes
    items: list[Item]
    roots: dict[int, str]
    refused: list[tuple[str, str]]
    tail: list[Item]
    coming: list[Item]


def look(folder: Path, pit: str) -> Standing:
    """Read and check everything below the mark; what is beyond it as far as it is whole."""
    if not (folder / "mark").exists():
        held = [path.name for path in _segments(folder) if path.stat().st_size]
        demand(not held, f"{held} but no mark")
        return Standing(b"", [], {}, [], [], _coming(folder, pit))
    line = (folder / "mark").read_bytes()
    mark = _MARK.fullmatch(line)
    demand(mark is not None and mark[1] == pit.encode(), f"mark: {line!r}")
    entries, name, size, stamp = int(mark[2]), mark[3].decode(), int(mark[4]), mark[5].decode()
    data, beyond, seen = b"", b"", []
    for path in _segments(folder):
        content = _content(path)
        start = path.name.removesuffix(".gz")
        if start > name:
            beyond += content
            continue
        seen.append(start)
        if start == name:
            demand(len(content) >= size, f"{name}: {len(content)} bytes, the mark says {size}")
            content, beyond = content[:size], content[size:]
        first = re.match(rb"From (\d+)@", content)
        named = int(first[1]) if first else len(items(data)) + 1
        demand(int(start[:10]) == named, f"{start} begins with entry {named}")
        data += content
    demand(name in seen, f"the mark names {name}; there are {seen}")
    found = items(data)
    roots = _chain(found, pit)
    last = sha256(found[-1].stamp).hexdigest() if found else NOTHING
    demand((len(found), last) == (entries, stamp), f"{len(found)} entries to {last}; {line!r}")
    demand(not found or len(found) - 1 in roots, "no seal below the mark")
    refused = [
        (text.decode(), code.decode("utf-8", "replace"))
        for one in found
        if one.signer == "notary"
        for _, _, text, code in _REFUSED.findall(one.text)
    ]
    return Standing(data, found, roots, refused, items(beyond, torn=True), _coming(folder, pit))


def _segments(folder: Path) -> list[Path]:
    """Plain or gzipped; where both stand the plain one counts, and both say the same."""
    found = [path for path in folder.iterdir() if re.fullmatch(r"\d{10}\.mbox(\.gz)?", path.name)]
    for path in [one for one in found if one.suffix == ".gz" and one.with_suffix("") in found]:
        same = _content(path) == _content(path.with_suffix(""))
        demand(same, f"{path.name} is not {path.stem}")
        found.remove(path)
    return sorted(found)


def _content(path: Path) -> bytes:
    try:
        return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (EOFError, OSError, zlib.error) as error:
        raise Wrong(f"{path.name}: {error}") from error


def _coming(folder: Path, pit: str) -> list[Item]:
    """The entries of `next`, none if it is torn."""
    path = folder / "next"
    data = path.read_bytes() if path.exists() else b""
    head = _NEXT.match(data)
    batch = data[head.end() :] if head else b""
    if not head or (str(len(batch)), sha256(batch).hexdigest()) != (
        head[4].decode(),
        head[5].decode(),
    ):
        return []
    found = items(batch)
    numbers = [one.number for one in found]
    demand(numbers == list(range(int(head[2]), int(head[3]) + 1)), f"next: {head[0]!r}, {numbers}")
    return found


def _chain(found: list[Item], pit: str) -> dict[int, str]:
    """Numbers, links, times and seals, in order; the roots by size."""
    tree, roots, prev, time = Tree(), {}, NOTHING, ""
    for number, one in enumerate(found, 1):
        here = f"entry {one.number}"
        demand((one.pit, one.number) == (pit, number), f"{one.pit} {here} where {number} must be")
        demand(one.prev == prev, f"{here}: Pit-Prev {one.prev}, the stamp before is {prev}")
        demand(one.time > time, f"{here}: {one.time} after {time}")
        for size, root, said in SEAL.findall(one.text) if one.signer == "notary" else ():
            right = (number - 1, tree.root(number - 1), one.time)
            demand(
                (int(size), root.decode(), said.decode("utf-8", "replace")) == right,
                f"{here}: not {right}",
            )
            roots[right[0]] = right[1]
        tree.add(one.stamp)
        prev, time = sha256(one.stamp).hexdigest(), one.time
    return roots
