"""Composing, signing and sending: what `send`, `buy`, `sell`, `cancel` and `admit` share.

The text is checked before it is signed and shown as it is signed. The mail is kept in the wallet's
`sent/` before it leaves, named by the second of its signature and the hash of its text: that pair
is what makes an instruction (ARCHIVE, Entry), so the same text is never signed twice in a second.
"""

import os
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from datetime import UTC, datetime
from os import O_CREAT, O_EXCL
from pathlib import Path
from secrets import token_hex
from typing import NamedTuple

from pit.archives.access import make_folder
from pit.archives.disk import io_failure, sync_folder, write_synced
from pit.archives.errors import NoInput, PitError, UsageError
from pit.archives.language import LanguageError, check_characters, parse
from pit.pits import queries
from pit.pits.gnupg import KeyHome
from pit.pits.home import Home, Settings, choose_handle, choose_pit, load_settings, root
from pit.pits.identity import Identity, identity_of, keys_at
from pit.pits.options import add_as, add_pit
from pit.pits.reading import last_seal, pit_id, words_of
from pit.pits.sending import hand_over
from pit.pits.signing import compose, signed

__all__ = ["Place", "add_place", "one_line", "place_of", "read_text", "send", "send_again"]


class Place(NamedTuple):
    """Which home, which pit, and who signs."""

    home: Home
    settings: Settings
    handle: str


def add_place(options: ArgumentParser) -> None:
    """Add the options that choose the pit and who signs."""
    add_pit(options)
    add_as(options)


def place_of(args: Namespace, handle: str | None = None) -> Place:
    """What the options chose; `handle` is who signs where `--as` does not say it."""
    home = Home(root())
    pit = choose_pit(home, args.pit)
    return Place(home, load_settings(home, pit), choose_handle(home, args.handle or handle))


def one_line(words: Iterable[str]) -> None:
    """UsageError for an argument that would bring a line of its own into the text."""
    for word in words:
        if "\n" in word:
            raise UsageError(f"{word!r} has more than one line; each argument is a part of one")


def read_text(name: str) -> str:
    """A file's text, stdin's for `-`; line ends become LF. PitError where it is not UTF-8."""
    try:
        if name == "-":
            return sys.stdin.buffer.read().decode().replace("\r\n", "\n")
        return Path(name).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        where = "stdin" if name == "-" else name
        raise PitError(
            f"{where}: byte {error.start} is not UTF-8; write the text in UTF-8"
        ) from None
    except OSError as error:
        raise NoInput(f"{name}: {error.strerror}") from None


def send(
    place: Place, directives: str, *, checked: bool = True, me: Identity | None = None
) -> Path:
    """Compose, check, show, sign, keep and send; return where the mail is kept.

    me: who signs, where it is not the wallet as it is chosen.

    The text goes to stdout, the rest to stderr. checked: False leaves it to the notary to find what
    is wrong. LanguageError where it does not parse; then nothing is signed.
    """
    me = me or identity_of(place.home, place.handle)
    text = _text(place, directives)
    if checked:
        check_characters(text)
        asks = queries.asks(text)
        words = queries.WORDS if asks else words_of(place.home, place.settings.name)
        parsed = parse(text, words)
        if asks:
            queries.check(parsed)
        if not parsed.directives:
            raise LanguageError(text.count("\n"), 1, "nothing to say; write a directive")
    sys.stdout.write(text)
    sys.stdout.flush()
    with keys_at(place.home, me) as keys:
        path, made = _sign(place, me, keys, text)
    _hand_over(place, made, path)
    said = f"sent to {place.settings.name} as {me.handle}; kept in sent/ as {path.name}"
    print(said, file=sys.stderr)
    return path


def send_again(place: Place, name: str) -> None:
    """Send a kept mail as it is: the same signature, so the same instruction.

    name: of a file, or of one in the wallet's `sent/`.
    """
    path = place.home.wallet(place.handle) / "sent" / name
    if "/" in name or not path.exists():
        path = Path(name)
    try:
        made = path.read_bytes()
    except OSError as error:
        raise NoInput(f"{path}: {error.strerror}") from None
    _hand_over(place, made, path)
    print(f"sent to {place.settings.name} again: {path.name}", file=sys.stderr)


def _hand_over(place: Place, made: bytes, path: Path) -> None:
    """Send a mail that is kept at `path`; where that fails, the error says how to send it again."""
    try:
        hand_over(place.home, place.settings, made)
    except PitError as error:
        name = path.name if path.parent.name == "sent" else path
        raise type(error)(f"{error}; it is kept: pit send --again {name}") from error


def _text(place: Place, directives: str) -> str:
    name = place.settings.name
    after = last_seal(place.home, name)
    text = compose(name, directives, id="" if after else pit_id(place.home, name), after=after)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise PitError(f"character {error.start + 1} of the text is not UTF-8") from None
    return text


def _sign(place: Place, me: Identity, keys: KeyHome, text: str) -> tuple[Path, bytes]:
    """Sign, in a second in which this text was not yet signed, and keep the mail in `sent/`."""
    folder = place.home.wallet(me.handle) / "sent"
    with io_failure(folder):
        make_folder(folder)
    while True:
        made = signed(keys, me, text, place.settings.address)
        second = datetime.fromtimestamp(made.created, UTC)
        path = folder / f"{second:%Y%m%dT%H%M%SZ}-{made.text[:16]}.eml"
        if _keep(path, made.mail):
            return path, made.mail
        time.sleep(max(0.0, made.created + 1 - time.time()))


def _keep(path: Path, data: bytes) -> bool:
    """Write a new file, whole and on disk when its name is; False where it is there already."""
    temporary = path.with_name(f".{path.stem}.{token_hex(8)}")
    with io_failure(path):
        try:
            write_synced(temporary, O_CREAT | O_EXCL, data)
            os.link(temporary, path)
        except FileExistsError:
            return False
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(path.parent)
    return True
