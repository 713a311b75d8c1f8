"""How far members were told what became of their instructions; in pits/PIT/told/note.

    told 1050
    period 2026-11-20T12
    sent alice 3
    late bob 1043 1049 2026-11-20T12:50:19.000001Z 0
      1043: sell 10 SHARE at 5.00 or higher accepted, it works; 10 SHARE held, 90 available

What goes into which mail follows from the archive alone, by the rule `outcomes` and Pit-Time: so a
mail that a crash made twice is twice the same. `late` is what waits for the end of its hour or day;
with `each` that is what is past the limit of mails in an hour.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pit.archives.errors import Damaged
from pit.archives.fields import HANDLE, TIME
from pit.filters.outcomes import Outcome

__all__ = ["PER_HOUR", "Letter", "Told", "read", "write"]

PER_HOUR = 100
"""Mails to one member within an hour; what is more comes in one at its end."""

MOST = 1000
"""Lines in one mail; what is more is counted."""

_PERIODS = {"each": 13, "hourly": 13, "daily": 10, "off": 0}
"""How much of a time, 2026-11-20T12:50, names the hour or the day."""


class Letter(NamedTuple):
    """What a member is told in one mail.

    first, last: the entries that it is about; time: the last one's. more: lines left out.
    """

    handle: str
    first: int
    last: int
    time: str
    lines: tuple[str, ...]
    more: int = 0

    def joined(self, other: "Letter") -> "Letter":
        """This and a later one."""
        lines = self.lines + other.lines
        more = self.more + other.more + max(0, len(lines) - MOST)
        return Letter(self.handle, self.first, other.last, other.time, lines[:MOST], more)


class Told(NamedTuple):
    """Up to which entry; the hour or day that it lies in; mails in it by member; what waits."""

    entry: int = 0
    period: str = ""
    sent: dict[str, int] = {}  # noqa: RUF012 - never changed
    late: dict[str, Letter] = {}  # noqa: RUF012 - never changed

    def step(
        self, entry: int, time: str, rule: str, said: Iterable[Outcome]
    ) -> tuple["Told", list[Letter]]:
        """What is told after the next entry, and the mails that it sets free.

        rule: `outcomes` in force. said: what the entry means to whom.
        """
        period = time[: _PERIODS[rule]]
        free: list[Letter] = []
        sent, late = self.sent, self.late
        if period != self.period:
            free = [late[handle] for handle in sorted(late)]
            sent, late = {}, {}
        lines: dict[str, list[str]] = {}
        for handle, line in said if rule != "off" else ():
            lines.setdefault(handle, []).append(line)
        if lines:
            sent, late = dict(sent), dict(late)
        for handle, own in lines.items():
            more = max(0, len(own) - MOST)
            letter = Letter(handle, entry, entry, time, tuple(own[:MOST]), more)
            if handle in late:
                late[handle] = late[handle].joined(letter)
            elif rule == "each" and sent.get(handle, 0) < PER_HOUR:
                sent[handle] = sent.get(handle, 0) + 1
                free.append(letter)
            else:
                late[handle] = letter
        return Told(entry, period, sent, late), free


def write(told: Told) -> bytes:
    """The note."""
    return "".join(_lines(told)).encode()


def _lines(told: Told) -> Iterator[str]:
    yield f"told {told.entry}\n"
    if told.period:
        yield f"period {told.period}\n"
    for handle, count in sorted(told.sent.items()):
        yield f"sent {handle} {count}\n"
    for handle, letter in sorted(told.late.items()):
        yield f"late {handle} {letter.first} {letter.last} {letter.time} {letter.more}\n"
        for line in letter.lines:
            yield f"  {line}\n"


_NUMBER = r"(0|[1-9][0-9]{0,14})"
_HEAD = re.compile(rf"told {_NUMBER}\n(?:period ([0-9T-]{{10,13}})\n)?")
_SENT = re.compile(rf"sent ({HANDLE}) {_NUMBER}\n")
_LATE = re.compile(
    rf"late ({HANDLE}) {_NUMBER} {_NUMBER} ({TIME}) {_NUMBER}\n((?:  [^\n]+\n)+)",
)


def read(data: bytes) -> Told:
    """The note from its file; Damaged where it is none."""
    text = data.decode("utf-8", "replace")
    found = _HEAD.match(text)
    if found is None:
        raise _damaged(text, 0)
    entry, period, at = int(found[1]), found[2] or "", found.end()
    sent: dict[str, int] = {}
    late: dict[str, Letter] = {}
    while at < len(text):
        if one := _SENT.match(text, at):
            sent[one[1]] = int(one[2])
        elif one := _LATE.match(text, at):
            handle, first, last, time, more, lines = one.groups()
            own = tuple(line[2:] for line in lines.splitlines())
            late[handle] = Letter(handle, int(first), int(last), time, own, int(more))
        else:
            raise _damaged(text, at)
        at = one.end()
    return Told(entry, period, sent, late)


def _damaged(text: str, at: int) -> Damaged:
    number = text.count("\n", 0, at) + 1
    line = text[at:].partition("\n")[0][:60]
    return Damaged(
        f"line {number}: {line!r} is not what `pit answer` writes; remove the file: then what is "
        "older than a day is taken as told, and the rest told again"
    )
