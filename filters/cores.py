"""Examine chunks of entries in order, on one core or on all: `examine` with what it needs around.

Chunks are handed over as they are read and their results taken in the same order, a few behind, so
that the first entry that is wrong is the one that is named. Processes are replaced from time to
time: Sequoia remembers every signature that it has verified.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

from pit.archives.errors import Damaged, IOFailure
from pit.archives.mbox import Entry
from pit.filters.examine import Found, Task, examine
from pit.pits.openpgp import Certificate

__all__ = ["Bench", "Chunk", "Cores", "Here"]

CHUNK = 1 << 20
"""Bytes of entries that are examined together, about a thousand orders."""


class Chunk:
    """Entries on their way to be examined: with the certificate of each of their signers."""

    def __init__(self) -> None:
        self.entries: list[bytes] = []
        self.first = self.size = 0
        self.certs: dict[str, Certificate] = {}

    def takes(self, cert: Certificate) -> bool:
        """Whether the entry of this certificate's owner may go with the others.

        Not, where the same key was enrolled anew in between.
        """
        return self.size < CHUNK and self.certs.setdefault(cert.fingerprint, cert) is cert

    def add(self, entry: Entry) -> None:
        """Put an entry in."""
        self.first = self.first or entry.number
        self.entries.append(entry.raw)
        self.size += len(entry.raw)

    def task(self) -> Task:
        """The chunk as it is handed over."""
        keys = {fingerprint: cert.armored for fingerprint, cert in self.certs.items()}
        lengths = [len(raw) for raw in self.entries]
        return Task(b"".join(self.entries), lengths, self.first, keys)


class Here:
    """Examines in this process."""

    def submit(self, task: Task) -> "Future[Found]":
        """The result, at once."""
        done: Future[Found] = Future()
        done.set_result(examine(task))
        return done

    def renew(self) -> None:
        """Nothing is held."""

    def close(self) -> None:
        """Nothing is held."""


class Cores:
    """Examines in as many processes as asked for."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._pool: Executor | None = None

    def submit(self, task: Task) -> "Future[Found]":
        """The result, to come."""
        if self._pool is None:
            self._pool = ProcessPoolExecutor(self._jobs, mp_context=get_context("fork"))
        return self._pool.submit(examine, task)

    def renew(self) -> None:
        """New processes from now on."""
        if self._pool:
            self._pool.shutdown()
            self._pool = None

    def close(self) -> None:
        """End the processes; what waits is not examined."""
        if self._pool:
            self._pool.shutdown(cancel_futures=True)


@contextmanager
def _killed() -> Iterator[None]:
    """A process that is gone says nothing of the archive."""
    try:
        yield
    except BrokenExecutor as error:
        raise IOFailure("a process that examined entries was killed; start again") from error


class Bench:
    """What is being examined, in order; the first that was found wrong counts.

    count: chunks that were put in. good: the last entry that was found good.
    """

    def __init__(self, cores: "Here | Cores", ahead: int) -> None:
        self._cores, self._ahead = cores, ahead
        self._waiting: deque[tuple[Future[Found], int]] = deque()
        self._wrong: Damaged | None = None
        self.count = self.good = 0

    def put(self, chunk: Chunk) -> None:
        """Hand a chunk over; Damaged if one before it was found wrong."""
        if chunk.entries and not self._wrong:
            self.count += 1
            with _killed():
                last = chunk.first + len(chunk.entries) - 1
                self._waiting.append((self._cores.submit(chunk.task()), last))
            while len(self._waiting) > self._ahead:
                self._take()

    def drain(self) -> None:
        """Wait for all; Damaged if one was found wrong."""
        while self._waiting and not self._wrong:
            self._take()
        if self._wrong:
            raise self._wrong

    def _take(self) -> None:
        future, last = self._waiting.popleft()
        with _killed():
            found = future.result()
        self.good = found.number - 1 if found.number else last
        if found.number:
            here = f"entry {found.number}"
            known = found.why.startswith((f"{here}:", f"{here} "))
            self._wrong = Damaged(found.why if known else f"{here}: {found.why}")
            raise self._wrong
