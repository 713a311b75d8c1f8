"""Proofs as text: small files that a person can read, mail, and check with sha256sum and gpg.

    == stamp     six lines            == since        an older seal, or N and ROOT
    == path      L or R and a hash    == consistency  hashes
    == charter   entry 1's text       == charter
    == key       an entry             == key          an entry
    == seal      a seal above it      == seal         the newer seal

Left an *inclusion*: the entry with this stamp stands below the root that the seal signs. Right a
*consistency*: the archive of the older seal is the beginning of that of the newer; with N and ROOT
in place of a seal a *prefix*: this is the root over the first N stamps below the seal. A seal alone
is a *head*. A seal stands as in the archive, without its `From_` line, which mail programs change.
The charter, whose hash is the pit's id and which names the notary's key, may be left out. Where the
notary's key has changed since, each entry that says so stands below it, in a section `== key`.

A proof ends where its seal's signature does. Whatever stands before one or behind it is for people:
so receipts are proofs as they come in the mail, and proofs one behind the other are a file of
proofs. A section `== saw` is a witness's own words. (RFC 6962, 2.1; ARCHIVE, Seal.)
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple, NoReturn

from pit.archives.entry import STAMP
from pit.archives.errors import Damaged
from pit.archives.merkle import WIDTH

Step = tuple[str, bytes]
"""A sibling on the way up: the side it stands on, 'L' or 'R', and its hash."""

MAX_PROOF = 64 << 20
"""Bytes of a file of proofs that is read: a witness adds a KiB or two an hour, for years."""


class Inclusion(NamedTuple):
    """Entry with `stamp` (six lines) stands below the root that `seal` signs."""

    stamp: bytes
    path: tuple[Step, ...]
    seal: bytes
    charter: str = ""
    keys: tuple[bytes, ...] = ()


class Consistency(NamedTuple):
    """What the seal `since` closes is the beginning of what `seal` closes."""

    since: bytes
    nodes: tuple[bytes, ...]
    seal: bytes
    charter: str = ""
    keys: tuple[bytes, ...] = ()


class Prefix(NamedTuple):
    """The first `size` stamps below `seal` have the tree head `root` (32 bytes)."""

    size: int
    root: bytes
    nodes: tuple[bytes, ...]
    seal: bytes
    charter: str = ""
    keys: tuple[bytes, ...] = ()


class Head(NamedTuple):
    """A seal, and nothing else."""

    seal: bytes
    charter: str = ""
    keys: tuple[bytes, ...] = ()


Proof = Inclusion | Consistency | Prefix | Head

_SECTION = re.compile(rb"^== ([a-z]+)\n", re.MULTILINE)
_STEP = re.compile(r"([LR]) ([0-9a-f]{64})").fullmatch
_HASH = re.compile(r"[0-9a-f]{64}").fullmatch
_SIZE = re.compile(rb"([1-9][0-9]{0,14}) ([0-9a-f]{64})\n").fullmatch
_END = b"\n-----END PGP SIGNATURE-----\n"
_RIGHT = (
    "right would be `== stamp`, `== path`, `== seal`; or `== since`, `== consistency`, `== seal`; "
    "or `== seal` alone; with `== charter` and `== key` or not above `== seal`"
)


def show(proof: Proof) -> bytes:
    """A proof as text; `read_proofs` reads it back."""
    match proof:
        case Inclusion(stamp, path):
            steps = "".join(f"{side} {sibling.hex()}\n" for side, sibling in path)
            text = b"== stamp\n" + stamp + b"== path\n" + steps.encode()
        case Consistency(since, nodes):
            text = b"== since\n" + since + b"\n" + _hashes(nodes)
        case Prefix(size, root, nodes):
            text = f"== since\n{size} {root.hex()}\n".encode() + _hashes(nodes)
        case Head():
            text = b""
    charter = b"== charter\n" + proof.charter.encode() if proof.charter else b""
    keys = b"".join(b"== key\n" + entry + b"\n" for entry in proof.keys)
    return text + charter + keys + b"== seal\n" + proof.seal + b"\n"


def _hashes(nodes: Sequence[bytes]) -> bytes:
    return b"== consistency\n" + "".join(f"{node.hex()}\n" for node in nodes).encode()


def seal_in(text: bytes) -> bytes:
    """The seal that a text begins with, stamp lines and mail up to the signature's end; Damaged."""
    stamp, end = STAMP.match(text), text.find(_END)
    if stamp is None or end < 0:
        raise Damaged(
            "no proof: where a seal should be stand not six stamp lines and a mail to the line "
            f"{_END.strip().decode()}"
        )
    return text[: end + len(_END)]


def read_proofs(data: bytes) -> list[Proof]:
    """The proofs in a file or a mail, in order; Damaged, saying what is missing, where it has none.

    That they are well formed is all that is checked; what they prove, `pits.proofs` says.
    """
    if len(data) > MAX_PROOF:
        raise Damaged(f"no proof: {len(data)} bytes; at most {MAX_PROOF} are read")
    data = data.replace(b"\r\n", b"\n")
    if not data.endswith(b"\n"):
        data += b"\n"
    sections = _Sections(_cut(data))
    if not sections.next:
        raise Damaged(f"no proof: there is no line `== stamp`, `== since` or `== seal`; {_RIGHT}")
    return [*_proofs(sections)]


def _cut(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The sections, each with its name."""
    found = _SECTION.search(data)
    while found:
        after = _SECTION.search(data, found.end())
        yield found[1].decode(), data[found.end() : after.start() if after else len(data)]
        found = after


class _Sections:
    """What of a file's sections is not read yet; next: the name of the next one, '' at the end."""

    def __init__(self, sections: Iterator[tuple[str, bytes]]) -> None:
        self._sections = ((name, body) for name, body in sections if name != "saw")
        self.next, self._body = next(self._sections, ("", b""))

    def take(self, name: str) -> bytes:
        """What stands in the next section; Damaged if it is not the one of that name."""
        if self.next != name:
            found = f"`== {self.next}` stands" if self.next else "the file ends"
            raise Damaged(f"no proof: {found} where `== {name}` should; {_RIGHT}")
        body = self._body
        self.next, self._body = next(self._sections, ("", b""))
        return body


def _proofs(sections: _Sections) -> Iterator[Proof]:
    while sections.next:
        if sections.next == "stamp":
            stamp, path = _stamp(sections.take("stamp")), _path(sections.take("path"))
            yield Inclusion(stamp, path, *_end(sections))
        elif sections.next == "since":
            since, nodes = _since(sections.take("since")), _nodes(sections.take("consistency"))
            if isinstance(since, bytes):
                yield Consistency(since, nodes, *_end(sections))
            else:
                size, root = since
                yield Prefix(size, root, nodes, *_end(sections))
        else:
            yield Head(*_end(sections))


def _end(sections: _Sections) -> tuple[bytes, str, tuple[bytes, ...]]:
    """The seal that ends every proof, and above it the charter, and where keys are passed on."""
    charter = _text(sections.take("charter")) if sections.next == "charter" else ""
    keys = []
    while sections.next == "key":
        entry = sections.take("key").rstrip(b"\n") + b"\n"
        if STAMP.match(entry) is None:
            raise Damaged("no proof: below `== key` should stand six stamp lines and a mail")
        keys.append(entry)
    return seal_in(sections.take("seal")), charter, tuple(keys)


def _since(body: bytes) -> bytes | tuple[int, bytes]:
    """A seal, or a size and a root."""
    found = _SIZE(body)
    return (int(found[1]), bytes.fromhex(found[2].decode())) if found else seal_in(body)


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise Damaged(f"no proof: the charter is not UTF-8 ({error})") from None


def _stamp(body: bytes) -> bytes:
    if STAMP.fullmatch(body) is None:
        raise Damaged("no proof: below `== stamp` should stand six stamp lines and nothing else")
    return body


def _path(body: bytes) -> tuple[Step, ...]:
    steps = [(_STEP(line), line) for line in _lines(body)]
    return tuple(
        (step[1], bytes.fromhex(step[2])) if step else _bad(line, "path should be L or R and")
        for step, line in steps
    )


def _nodes(body: bytes) -> tuple[bytes, ...]:
    return tuple(
        bytes.fromhex(line) if _HASH(line) else _bad(line, "consistency should be")
        for line in _lines(body)
    )


def _lines(body: bytes) -> list[str]:
    return body.decode("ascii", "replace").split("\n")[:-1]


def _bad(line: str, right: str) -> NoReturn:
    raise Damaged(f"no proof: {line[:80]!r}: a line of the {right} {2 * WIDTH} hex digits")
