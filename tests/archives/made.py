"""Archives made without keys: entries of given mails, seals between, in segments or gzipped."""

import gzip
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from pit.archives.entry import NO_STAMP, write_entry
from tests.archives.mails import ARMOR, BEGIN, digest, escaped, stamp

PIT = "acme"


class Mail(NamedTuple):
    """A signed text and the mail that it stands in; day: of November 2026; signer: its handle."""

    text: bytes
    mail: bytes
    signer: str = "alice"
    day: int = 20


def mail_of(text: bytes, head: bytes = b"", after: bytes = b"", **more: object) -> Mail:
    """A clearsigned mail with these header lines, and bytes below its signature."""
    return Mail(
        text,
        (head or b"From: Alice <alice@example.org>\nSubject: order\n")
        + b"\n"
        + BEGIN
        + escaped(text)
        + ARMOR
        + after,
        **more,  # type: ignore[arg-type]
    )


def seal(number: int) -> Mail:
    """What says `seal NUMBER-1`; its root is none, which no reader here looks at."""
    text = f"pit acme\nseal {number - 1}\n  root: {'0' * 64}\n".encode()
    return mail_of(text, b"From: Notary <notary@pits.example>\nSubject: seal\n", signer="notary")


def raw_entries(mails: Iterable[Mail]) -> list[bytes]:
    """The entries as they stand."""
    raws, prev = [], NO_STAMP
    for number, one in enumerate(mails, 1):
        made = stamp(number, one.text, one.mail, prev, one.signer)
        made = made._replace(time=f"2026-11-{one.day:02}{made.time[10:]}")
        raws.append(write_entry(made, one.mail))
        prev = made.digest()
    return raws


def sealed(mails: Iterable[Mail], every: int) -> list[Mail]:
    """Mails with a seal after each so many, and at the end."""
    found: list[Mail] = []
    for count, one in enumerate(mails, 1):
        found.append(one)
        if count % every == 0:
            found.append(seal(len(found) + 1)._replace(day=one.day))
    return found if found[-1].signer == "notary" else [*found, seal(len(found) + 1)]


def ends(mails: Sequence[Mail]) -> list[int]:
    """The numbers of the seals."""
    return [number for number, one in enumerate(mails, 1) if one.signer == "notary"]


def write_archive(
    folder: Path, raws: Sequence[bytes], closed: Sequence[int] = (), packed: Sequence[int] = ()
) -> Path:
    """Write entries into segments; closed: the last entries of all but the last segment.

    packed: which segments (from 0) are gzipped.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    bounds = [0, *closed, len(raws)]
    for index, (start, end) in enumerate(pairwise(bounds)):
        name, data = f"{start + 1:010}.mbox", b"".join(raws[start:end])
        if index in packed:
            (folder / f"{name}.gz").write_bytes(gzip.compress(data, mtime=0))
        else:
            (folder / name).write_bytes(data)
    return folder


def write_mark(folder: Path, raws: Sequence[bytes], entries: int) -> None:
    """Say that so many entries, all in one segment, stand."""
    last = raws[entries - 1].split(b"\n", 7)[1:7]
    size = sum(map(len, raws[:entries]))
    hashed = digest(b"\n".join(last) + b"\n")
    (folder / "mark").write_text(f"mark {PIT} {entries} 0000000001.mbox {size} {hashed}\n")
