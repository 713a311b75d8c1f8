"""Keep a pit going: the notary and every filter, each following what comes, until TERM or ^C.

A filter that brings words of its own runs in a pit that has taken them into use, from the next
start on.

An order mailed is stamped, answered and matched within a fraction of a second. Every ten seconds
members are told what became of what they sent (`pit answer`), and what waits goes out to the list,
if there is one (`pit distribute`). What ends by itself is said and started again, at first at once,
then after ever longer, at most a minute.

    $ pit up --systemd

prints units for systemd that do the same, one a program.
"""

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.metadata import entry_points
from types import FrameType

from pit.archives.errors import NoInput
from pit.pits.cron import program
from pit.pits.home import Home, choose_pit, load_settings, root
from pit.pits.options import add_pit, parser
from pit.pits.roster import pit_now

EVERY = 10
"""Seconds between two letters to a member."""

LONGEST = 60
"""Seconds between two starts of what ends again and again."""


class Kept:
    """A program that is to run, and when it may be started again.

    every: seconds after which it is started again when it is done; 0 for one that goes on.
    """

    def __init__(self, command: Sequence[str], every: int = 0) -> None:
        self.command, self.every = list(command), every
        self.process: subprocess.Popen[bytes] | None = None
        self.pause, self.next = 0.0, 0.0

    def tend(self, now: float) -> None:
        """Start it, if it does not run and may."""
        if self.process is not None and (status := self.process.poll()) is not None:
            if status or not self.every:
                words = " ".join(self.command[1:])
                print(f"pit up: `pit {words}` ended with {status}", file=sys.stderr, flush=True)
            self.process = None
            # Whoever ran for a while begins anew.
            self.pause = 0.5 if now - self.next > LONGEST else min(LONGEST, 2 * self.pause + 0.5)
            self.next = now + (self.every or self.pause)
        if self.process is None and now >= self.next:
            self.next = now
            self.process = subprocess.Popen(self.command)

    def end(self) -> int:
        """Have it finish what it is at; its exit status."""
        if self.process is None:
            return 0
        self.process.terminate()
        return self.process.wait()


def commands(home: Home, pit: str) -> list[list[str]]:
    """What follows a pit: the notary, then the filters but those whose words it has not taken."""
    taken: set[str] = set()
    with contextlib.suppress(NoInput):  # whose charter waits to be stamped
        taken.update(pit_now(home, pit).brought)
    brought = {point.name for point in entry_points(group="pit.words")}
    found = {point.name for point in entry_points(group="pit.filters")}
    filters = sorted(found - (brought - taken))
    return [
        ["notary", "-p", pit, "--follow"],
        *(["run", f, "-p", pit, "--follow"] for f in filters),
    ]


def keep_up(kept: Sequence[Kept]) -> None:
    """Keep programs running until TERM or INT."""
    ended = False

    def end(number: int, frame: FrameType | None) -> None:
        nonlocal ended
        ended = True

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        while not ended:
            for one in kept:
                one.tend(time.monotonic())
            time.sleep(0.2)
    finally:
        for one in reversed(kept):
            one.end()
        for number, handler in before.items():
            signal.signal(number, handler)


def units(home: Home, pit: str, program: str) -> str:
    """A systemd unit for each program, behind the name of its file."""
    made = []
    for words in commands(home, pit):
        name = f"pit-{pit}-{words[1] if words[0] == 'run' else words[0]}.service"
        made.append(
            f"# /etc/systemd/system/{name}\n"
            f"[Unit]\nDescription=The pit {pit}: pit {' '.join(words)}\nAfter=network.target\n\n"
            f"[Service]\nEnvironment=PIT_HOME={home.root}\n"
            f"ExecStart={program} {' '.join(words)}\n"
            f"Restart=always\nRestartSec=1\n\n"
            f"[Install]\nWantedBy=multi-user.target\n"
        )
    return "\n".join(made)


def main(argv: list[str]) -> int:
    """Run `pit up`."""
    options = parser("up", __doc__)
    add_pit(options)
    options.add_argument("--systemd", action="store_true", help="print units instead")
    args = options.parse_args(argv)
    home = Home(root())
    pit = load_settings(home, choose_pit(home, args.pit)).name
    if args.systemd:
        print(units(home, pit, program()), end="")
    else:
        kept = [Kept([program(), *words]) for words in commands(home, pit)]
        outward = ["answer", *(["distribute"] if (home.pit(pit) / "mail").exists() else [])]
        kept += [Kept([program(), verb, "-p", pit], EVERY) for verb in outward]
        keep_up(kept)
    return 0
