"""The ways out of a post: Mailman's pipeline queue, or a mail server for every member's address.

What was handed over once may be handed over again, after a crash: readers tell copies apart by
their Message-ID. Nothing is skipped.
"""

import contextlib
import hashlib
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path

from pit.archives.disk import io_failure, sync_folder, write_atomic
from pit.archives.errors import IOFailure, Misconfigured
from pit.moderator.smtp import Server
from pit.pits.display import printable
from pit.pits.mailing import Mailman

__all__ = ["Way", "by_mailman", "by_smtp", "enqueue"]

Way = Callable[[Path, bytes], bool]
"""Hands over a post, by its file and bytes; False if it is to be handed over again, later."""

BACKLOG = 2000
"""Mails in a queue of Mailman's from which on the next ones wait for the next run."""

_SCHEMA = 3  # Mailman's config.QFILE_SCHEMA_VERSION


def by_mailman(mailman: Mailman) -> Way:
    """Into the queue of mail that may be posted; Misconfigured where there is none."""
    queue, out = mailman.queue("pipeline"), mailman.queue("out")
    if not mailman.queues:
        raise Misconfigured("[mailman] has no var; write Mailman's var_dir, absolute")
    if not queue.is_dir():
        raise Misconfigured(f"{queue}: no such folder; are var or queue those of mailman.cfg?")
    with io_failure(queue):
        room = BACKLOG - sum(len(os.listdir(folder)) for folder in (queue, out) if folder.is_dir())

    def hand(path: Path, mail: bytes) -> bool:
        nonlocal room
        room -= 1
        if room < 0:
            return False
        enqueue(queue, mailman.list_id, path.name, mail)
        return True

    return hand


def enqueue(queue: Path, list_id: str, name: str, mail: bytes) -> None:
    """Put a 7-bit mail into a queue of Mailman's, as its Switchboard does (mailman 3.3).

    A file is two pickles, the mail and what is known of it; `_parsemsg` says that the mail is text,
    so nothing of Mailman's own is needed to write it. Its name is a number, by which a runner sorts
    (here the one that the post's name begins with: its entry's), and a hash; the same post is the
    same file.
    """
    text = mail.decode("ascii")
    about = {
        "listid": list_id,
        "original_size": len(mail),
        "version": _SCHEMA,
        "_parsemsg": True,
    }
    data = pickle.dumps(text, 0) + pickle.dumps(about, 0)
    number, digest = name.partition(".")[0], hashlib.sha1(f"{list_id} {name}".encode())
    base = f"{number}+{digest.hexdigest()}"
    final = queue / f"{base}.pck"
    temporary = queue / f"{base}.pck.tmp"
    with io_failure(queue):
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o660)
        try:
            _give(fd, queue)
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(fd, rest) :]
            os.fsync(fd)
        finally:
            os.close(fd)
        os.rename(temporary, final)
        sync_folder(queue)


def _give(fd: int, queue: Path) -> None:
    """Let Mailman's user read and write a file: he is the queue's owner, or of its group."""
    os.fchmod(fd, 0o660)
    about = os.stat(queue)
    try:
        os.fchown(fd, about.st_uid, about.st_gid)
    except PermissionError:
        with contextlib.suppress(PermissionError):
            os.fchown(fd, -1, about.st_gid)


def by_smtp(server: Server, sender: str, members: Callable[[], list[str]], later: Path) -> Way:
    """To each member's address; those put off get it, and all that follow, in a later run.

    later: the folder in which it is noted whom a post still owes. An address that is refused for
    good is said on stderr.
    """
    slow: set[str] = set()
    said: set[str] = set()
    everybody: list[str] = []

    def hand(path: Path, mail: bytes) -> bool:
        if not everybody:
            everybody.extend(members())
        note = later / path.name
        owed = note.read_text("utf-8").split() if note.exists() else everybody
        owed = [address for address in owed if address in everybody]
        sent = server.send(sender, [one for one in owed if one not in slow], mail)
        if sent.whole:
            raise IOFailure(
                f"{path}: the mail server refuses this post: {sent.whole}; none goes out past it: "
                "let the server take it (its size?) and run this again"
            )
        for address, why in sent.refused.items():
            if address not in said:
                print(f"pit distribute: {printable(f'{address}: {why}')}", file=sys.stderr)
            said.add(address)
        slow.update(sent.later)
        left = [address for address in owed if address in slow]
        with io_failure(later):
            if left:
                later.mkdir(exist_ok=True)
                write_atomic(note, "".join(f"{address}\n" for address in left).encode())
            else:
                note.unlink(missing_ok=True)
        return not left

    return hand
