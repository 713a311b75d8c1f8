"""What came to the subscribers of a list, compared with what the archive makes."""

import re
import time
from collections.abc import Callable

from pit.moderator.original import originals
from pit.moderator.posts import Post, posts
from pit.pits.home import Home
from pit.pits.reading import entries_of
from tests.mailman.core import Core
from tests.mta.sink import Sink


class Readers:
    """The subscribers of the list of the pit `acme`; address: the list's."""

    def __init__(self, home: Home, address: str, sink: Sink, core: Core) -> None:
        self.home, self.address, self.sink, self.core = home, address, sink, core

    @property
    def list_id(self) -> str:
        return self.address.replace("@", ".")

    def posts(self, who: str) -> list[bytes]:
        """The posts of this list that came to a member, LF line ends, in order of arrival."""
        mark = f"\nList-Id: <{self.list_id}>\n".encode()
        mails = [mail.replace(b"\r\n", b"\n") for mail in self.sink.of(f"{who}@example.org")]
        return [mail for mail in mails if mark in mail.partition(b"\n\n")[0]]

    def due(self) -> list[Post]:
        """The posts that the archive makes."""
        return [post for post, _ in posts(entries_of(self.home, "acme"), self.address)]

    def complete(self, *who: str) -> None:
        """Wait until each has every entry, and check each copy of it: byte for byte, no gap."""
        due = {_message_id(post.mail): originals(post.mail) for post in self.due()}
        numbers = [one.number for some in due.values() for one in some]
        assert numbers == list(range(1, len(numbers) + 1))
        for name in who:
            assert self.sink.until(
                lambda name=name: {_message_id(mail) for mail in self.posts(name)} >= due.keys()
            ), (name, len(self.posts(name)), len(due), self._left())
            for mail in self.posts(name):
                assert originals(mail) == due[_message_id(mail)]

    def _left(self) -> str:
        queued = self.core.queued("in", "pipeline", "out", "retry", "shunt", "bad")
        return f"{queued}\n{self.core.said()}"

    def post(self, who: str, number: int) -> bytes:
        """The first copy that a member got of the post that an entry begins; waits for it."""
        mark = re.compile(rb"^Pit-Post: acme %d(-|$)" % number, re.MULTILINE)

        def copies() -> list[bytes]:
            return [mail for mail in self.posts(who) if mark.search(mail.partition(b"\n\n")[0])]

        assert self.sink.until(lambda: bool(copies())), f"{who} lacks {number}: {self._left()}"
        return copies()[0]


def _message_id(mail: bytes) -> bytes:
    """By which copies of a post are told apart from other posts."""
    found = re.search(rb"^Message-ID: (<.*>)$", mail, re.MULTILINE)
    assert found
    return found[1]


def eventually(found: Callable[[], object], right: object = True) -> None:
    """Wait until something is found as it should be."""
    end = time.monotonic() + 60
    while found() != right:
        assert time.monotonic() < end, f"{found()} after a minute; {right} is right"
        time.sleep(0.1)
