"""A filter as a command: the stream on stdin, the same on stdout, then drafts and checkpoint."""

import gc
import os
from collections.abc import Callable, Iterator
from typing import BinaryIO

from pit.archives import mbox
from pit.archives.errors import NoInput
from pit.filters.runner import Filter, Run
from pit.pits.options import parser

CHUNK = 1 << 16  # what a pipe holds; more of it at once falls out of the processor's cache


def chunks(stream: BinaryIO) -> Iterator[bytes]:
    """What can be read of a stream, as it comes."""
    while chunk := os.read(stream.fileno(), CHUNK):
        yield chunk


class _Output:
    """Writes on and knows whether the last message has its blank line."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream, self.tail = stream, b""

    def write(self, data: bytes) -> None:
        self.stream.write(data)
        self.tail = (self.tail + data[-2:])[-2:]

    def finish(self) -> None:
        """End the last message with a blank line, as a hand-made stream may not."""
        self.write(b"\n\n"[: 2 - len(self.tail) + len(self.tail.rstrip(b"\n"))])


def run_stream(filter: Filter, source: BinaryIO, target: BinaryIO) -> None:
    """Read a whole stream, pass it on, and add what the filter owes."""
    gc.disable()  # nothing here makes cycles, and looking for them costs a third of the time
    run = Run(filter)
    output = _Output(target)
    for message in mbox.read(mbox.copying(chunks(source), output.write)):
        run.feed(message)
    if not run.started:
        raise NoInput(
            "nothing came on stdin; `pit read | pit " + filter.name + "` reads the archive"
        )
    output.finish()
    for draft in run.drafts():
        output.write(mbox.write_draft(draft, run.pit.name, run.date))
    output.write(mbox.write_checkpoint(run.checkpoint(), run.pit.name, run.date))
    target.flush()
    leave(run)


def leave(state: object) -> None:
    """Leave what this process holds to the system: to take it apart takes a tenth of its time."""
    held = [state]
    held.append(held)  # a cycle, and nobody looks for cycles among what is frozen
    gc.freeze()


def main_of(
    filter: Callable[[], Filter], argv: list[str], doc: str, source: BinaryIO, target: BinaryIO
) -> int:
    """The command line of a filter without options of its own."""
    parser(filter().name, doc).parse_args(argv)
    run_stream(filter(), source, target)
    return 0
