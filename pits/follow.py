"""Wait for news: what a program that follows a pit does between two rounds of work.

    with News([folder]) as news:
        while news.wait(1):
            work()

Where the system tells of changes (inotify(7), Linux) the wait ends within milliseconds of one; in
any case it ends after `seconds`, so that nothing depends on being told. TERM and INT end it for
good: the work at hand is finished first.
"""

import os
import select
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

__all__ = ["News"]


class News:
    """Changes in some folders: files that come, or are closed after writing.

    A context manager, for the main thread: until it is left, TERM and INT end `wait` alone. A
    folder that does not exist yet is looked for again at each wait.
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = list(folders)
        self._before: dict[int, Any] = {}
        self._ended = self._first = False
        self._reader, self._writer = os.pipe()
        self._inotify: Any = None
        self._watched: set[Path] = set()
        # Not every system has it.
        with suppress(ImportError, OSError):
            from inotify_simple import INotify  # type: ignore[import-untyped, unused-ignore]

            self._inotify = INotify()

    def __enter__(self) -> "News":
        for number in (signal.SIGTERM, signal.SIGINT):
            self._before[number] = signal.signal(number, self._end)
        self._first = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)
        if self._inotify is not None:
            self._inotify.close()
        os.close(self._reader)
        os.close(self._writer)

    def wait(self, seconds: float) -> bool:
        """Wait for a change, at most so long; the first time not at all. False to end."""
        self._watch()
        if self._first:
            self._first = False
            return not self._ended
        if not self._ended:
            sources = [self._reader, *([self._inotify.fileno()] if self._inotify else [])]
            select.select(sources, [], [], seconds)
            if self._inotify:
                self._inotify.read(timeout=0)
        return not self._ended

    def _end(self, number: int, frame: FrameType | None) -> None:
        self._ended = True
        os.write(self._writer, b".")

    def _watch(self) -> None:
        """Watch the folders that are there."""
        if self._inotify is None or len(self._watched) == len(self._folders):
            return
        from inotify_simple import flags

        mask = flags.CREATE | flags.MOVED_TO | flags.CLOSE_WRITE
        for folder in self._folders:
            if folder not in self._watched:
                with suppress(OSError):
                    self._inotify.add_watch(folder, mask)
                    self._watched.add(folder)
