"""Take the original mails out of a post of the list, each checked against its stamp.

    $ pit original < post.eml > original.eml; gpg --verify original.eml
    $ pit original --to originals < post.eml

A post, as a mail program saves it, shows the stamps of its entries and has their mails attached. A
mail counts only if it is the one that a stamp names in Pit-Mail, byte for byte. The one that is
printed is the first that is no seal, or --entry N; with --to each becomes FOLDER/N.eml. That a
stamp stands in the archive is another question: `pit cat N --stamp` and `pit prove N` answer it.
"""

import binascii
import hashlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pit.archives.disk import io_failure, write_atomic
from pit.archives.entry import NOTARY, STAMP
from pit.archives.errors import Damaged, NoInput, UsageError
from pit.pits.options import parser

__all__ = ["Original", "main", "originals"]

MAX_POST = 8 << 20
"""Bytes of a post: one of a mail of 1 MiB, as mail servers pass it on, is shorter."""


_BOUNDARY = re.compile(rb'\bboundary="?(pit-[0-9a-f]{32})\b')
_ENCODING = re.compile(rb"(?im)^Content-Transfer-Encoding:[ \t]*([!-~]+)")
_NO_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]+")


class Original(NamedTuple):
    """An entry in a post: its number, who signed, its stamp's lines, its mail as it came."""

    number: int
    signer: str
    stamp: bytes
    mail: bytes


def main(argv: list[str]) -> int:
    """Run `pit original`."""
    options = parser("original", __doc__)
    options.add_argument("file", metavar="FILE", nargs="?", default="-", help="the post (stdin)")
    options.add_argument("--entry", metavar="N", help="of a post of several: the mail of entry N")
    options.add_argument("--to", metavar="FOLDER", help="write every mail into a folder")
    args = options.parse_args(argv)
    if args.entry is not None and not re.fullmatch("[1-9][0-9]{0,14}", args.entry):
        raise UsageError(f"'{args.entry[:80]}' is not an entry's number; write 1042")
    found = originals(_read(args.file))
    if args.entry:
        found = [one for one in found if one.number == int(args.entry)]
        if not found:
            raise NoInput(f"entry {args.entry} is not in this post")
    if args.to is None:
        said = [one for one in found if one.signer != NOTARY] or found
        sys.stdout.buffer.write(said[0].mail)
        return 0
    folder = Path(args.to)
    with io_failure(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for one in found:
        write_atomic(folder / f"{one.number}.eml", one.mail)
        print(f"{one.number} {one.signer} {folder / f'{one.number}.eml'}")
    return 0


def _read(path: str) -> bytes:
    with io_failure(Path(path)):
        if path == "-":
            data = sys.stdin.buffer.read(MAX_POST + 1)
        else:
            try:
                with open(path, "rb") as file:
                    data = file.read(MAX_POST + 1)
            except FileNotFoundError:
                raise NoInput(f"{path}: there is no such file") from None
    if len(data) > MAX_POST:
        raise Damaged(f"{path}: more than {MAX_POST} bytes; a post is shorter")
    return data


def originals(post: bytes) -> list[Original]:
    """The mails in a post, in the order of their stamps. Damaged where one is not whole."""
    parts = list(_parts(post))
    mails = {(len(data), hashlib.sha256(data).hexdigest()): data for data in parts}
    found = []
    for data in parts[:1]:  # what a post shows comes first; an attached mail may say anything
        for stamp in STAMP.finditer(data):
            number, signer = int(stamp[2]), stamp[4].decode()
            mail = mails.get((int(stamp[8]), stamp[9].decode()))
            if mail is None:
                raise Damaged(f"the mail of entry {number} is not attached as it was stamped")
            found.append(Original(number, signer, stamp[0], mail))
    if not found:
        raise Damaged("there is no stamp in it; right is a post of a pit's list, headers and all")
    return found


def _parts(post: bytes) -> Iterator[bytes]:
    """What each part of a post holds, decoded. Cut at the boundary that posts have, by bytes."""
    post = post.replace(b"\r\n", b"\n")
    boundary = _BOUNDARY.search(post)
    if boundary is None:
        return
    for part in post.split(b"\n--" + boundary[1])[1:-1]:
        head, _, body = part.partition(b"\n\n")
        encoding = _ENCODING.search(head)
        kind = encoding[1].lower() if encoding else b"7bit"
        if kind == b"base64":
            try:
                yield binascii.a2b_base64(_NO_BASE64.sub(b"", body))
            except binascii.Error as error:
                raise Damaged(f"an attached mail is torn: {error}") from None
        else:
            yield binascii.a2b_qp(body) if kind == b"quoted-printable" else body
