"""Archives of batches that end with a seal, without keys; and folders with exactly some files."""

from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from pit.archives.entry import Stamp, write_entry

SEGMENT = "0000000001.mbox"
Files = dict[str, bytes]  # the files of a folder


class Batch(NamedTuple):
    data: bytes
    entries: int
    stamp: str


def batches(*counts: int) -> list[Batch]:
    """Batches of that many orders each, and a seal."""
    made, number, prev = [], 0, "0" * 64
    for count in counts:
        data = b""
        for rest in range(count, -1, -1):
            number += 1
            text = f"buy {number} ACME @ 1.00" if rest else f"seal {number - 1}\n  root: {prev}"
            mail = (
                f"From: x\n\npit acme\n{text}\nFrom here\nFrom {number + 1}@acme.pit \n"
                if rest
                else f"From: n\n\n{text}\n"
            )
            stamp = Stamp(
                pit="acme",
                number=number,
                time=f"2026-11-20T12:50:{number:02}.000000Z",
                signer="alice" if rest else "notary",
                fingerprint="A" * 40,
                signed="2026-11-20T12:50:19Z",
                text=sha256(text.encode()).hexdigest(),
                length=len(mail),
                mail=sha256(mail.encode()).hexdigest(),
                prev=prev,
            )
            data, prev = data + write_entry(stamp, mail.encode()), stamp.digest()
        made.append(Batch(data, count + 1, prev))
    return made


def files(folder: Path) -> Files:
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.name != "lock"}


def lay(folder: Path, content: Files) -> Path:
    """A folder with exactly these files."""
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    for name, data in content.items():
        (folder / name).write_bytes(data)
    return folder


def laid(limit: int, *some: Batch) -> Files:
    """The archive at rest after these batches: its segments of `limit` entries, and its mark."""
    content, name, held, entries = {SEGMENT: b""}, SEGMENT, 0, 0
    for batch in some:
        if held >= limit:
            name, held = f"{entries + 1:010}.mbox", 0
        content[name] = content.get(name, b"") + batch.data
        held, entries = held + batch.entries, entries + batch.entries
    mark = f"mark acme {entries} {name} {len(content[name])} {some[-1].stamp}\n"
    return {**content, "mark": mark.encode()}
