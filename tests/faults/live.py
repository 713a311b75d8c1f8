"""The pit that is run: put into a prepared state, run, held against all that was seen of it.

A state is a copy of the folders in which the pit lies, without the notary's GnuPG home: that stays
where it is, so that its agent does.
"""

import contextlib
import itertools
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from pit.pits import spool
from pit.pits.gnupg import KeyHome
from pit.pits.home import Home, Settings, save_settings
from tests.faults.checker import Standing, Wrong, demand, look, signed_text
from tests.faults.memory import Memory
from tests.faults.tracer import Call, Programs
from tests.moderator.world import LIST, NAME, Keys, World

TAKEN, REFUSED, JUNK, ANSWERED = "taken", "refused", "junk", "answered"
"""What must become of a mail: an entry, a recorded refusal, quarantine, an answer alone."""


class Sent(NamedTuple):
    """A mail, and what must become of it in the end."""

    mail: bytes
    fate: str

    @property
    def text(self) -> str:
        """sha256 of the signed text; '' if there is none."""
        try:
            return sha256(signed_text(self.mail)).hexdigest()
        except Wrong:
            return ""


class State(NamedTuple):
    """A prepared pit: its folders, what was sent, and what has been seen of it."""

    name: str
    folder: Path
    sent: list[Sent]
    memory: Memory


class Live:
    """The pit that is run now, always at the same place; `programs` run there."""

    def __init__(self, folder: Path, keys: Keys, programs: Programs) -> None:
        self.folder, self.keys, self.programs = folder, keys, programs
        self.home = Home(folder / "h")
        self.world = World(self.home, keys)
        self.numbers = itertools.count(1)
        self._states = (folder / f"s{number}" for number in itertools.count())
        self.sent: list[Sent] = []
        self.memory = Memory()

    @property
    def archive(self) -> Path:
        return self.home.archive(NAME)

    def clear(self) -> None:
        """An empty pit, whose notary has its key."""
        self.empty()
        key = self.keys.prints["notary"]
        save_settings(self.home, Settings(NAME, "", LIST, key))
        self.sent, self.memory = [], Memory()

    def empty(self) -> None:
        """Nothing but the notary's keys."""
        kept = self.home.notary_keys(NAME)

        def clear(folder: Path) -> None:
            for path in folder.iterdir():
                if path == kept:
                    continue
                if not path.is_dir():
                    path.unlink()
                    continue
                clear(path)
                if path not in kept.parents and not path.is_mount():
                    path.rmdir()

        clear(self.home.root)

    def keep(self, name: str) -> State:
        """The pit as it is now, as a state to come back to."""
        place = next(self._states)
        shutil.copytree(self.home.root, place, ignore=lambda *_: ["gnupg"])
        return State(name, place, list(self.sent), self.memory.copy())

    def restore(self, state: State) -> None:
        """The pit as it was."""
        self.empty()
        shutil.copytree(state.folder, self.home.root, dirs_exist_ok=True)
        self.sent, self.memory = list(state.sent), state.memory.copy()

    def send(self, *sent: Sent, times: int = 1) -> None:
        """Mails into the spool; each of them counts as accepted."""
        for one in sent:
            if one not in self.sent:
                self.sent.append(one)
            for _ in range(times):
                spool.put(self.home.spool(NAME), one.mail)

    def replies(self) -> list[bytes]:
        """What members were told, here or elsewhere."""
        places = [self.home.outbox(NAME), *self.home.root.glob("wallets/*/inbox")]
        return [path.read_bytes() for place in places for path in sorted(place.glob("new/*"))]

    def waiting(self) -> list[bytes]:
        return [path.read_bytes() for path in self.home.spool(NAME).glob("new/*")]

    def quarantined(self) -> list[bytes]:
        """Without the two lines in front."""
        found = self.home.quarantine(NAME).glob("new/[!.]*")
        return [path.read_bytes().split(b"\n", 2)[-1] for path in found]

    def observe(self, *, written: bool = True) -> Standing:
        """What stands now, held against all that was seen; no mail is lost or decided twice."""
        nothing = Standing(b"", [], {}, [], [], [])
        now = look(self.archive, NAME) if self.archive.exists() else nothing
        self.memory.observe(now, self.replies(), written=written)
        waiting = Counter(self.waiting())
        entries = Counter(one.mail for one in now.items)
        refused = Counter(text for text, _ in now.refused)
        kept = Counter(self.quarantined())
        for one in self.sent:
            done = entries[one.mail] + refused[one.text] + kept[one.mail]
            left = waiting[one.mail]
            demand(done <= 1, f"decided {done} times: {one}")
            demand(bool(done or left or one.fate == ANSWERED), f"lost: {one}")
        return now

    def settled(self, *, fates: bool = True) -> Standing:
        """After a last healthy run: everything decided once, as it must be, and answered.

        fates: False where something else than a fault changes what becomes of a mail.
        """
        now = self.observe()
        demand(not self.waiting(), f"{len(self.waiting())} mails wait after a healthy run")
        told = b"".join(self.replies())
        numbers = {one.mail: one.number for one in now.items}
        refused, kept = {text for text, _ in now.refused}, self.quarantined()
        for one in self.sent if fates else []:
            fate = TAKEN if one.mail in numbers else REFUSED if one.text in refused else ANSWERED
            fate = JUNK if one.mail in kept else fate
            demand(one.fate == fate, f"{fate}, and should be {one}")
        for one in self.sent:
            if one.mail in numbers:
                said = f"Pit-Reply: receipt {NAME} {numbers[one.mail]}\n".encode()
                demand(said in told, f"entry {numbers[one.mail]}: no receipt")
            elif one.mail not in kept:
                demand(one.text.encode() in told, f"no answer to {one}")
        left = [path.name for path in self.archive.iterdir() if path.name.startswith((".", "next"))]
        demand(not left, f"left over: {left}")
        return now

    def healthy(self, *, fates: bool = True) -> Standing:
        """A run in which nothing fails, then all that must be so."""
        done = self.programs.run("notary")
        demand(done.status == 0, f"a healthy run ended with {done.status}: {done.err}")
        return self.settled(fates=fates)

    def until(self, call: Callable[[Call], bool]) -> None:
        """Run the notary, killed just before the first call like that."""
        here = self.keep("")
        calls = self.programs.run("notary", traced=True).calls
        found = next(one for one in calls if call(one))
        self.restore(here)
        done = self.programs.run("notary", inject=f"{found.name}:signal=KILL:when={found.nth}")
        demand(done.killed, f"not killed at {found.point}: {done.err}")


@contextlib.contextmanager
def living() -> Iterator[Live]:
    """Keys for everybody, and a pit to run, in memory if there is a place for it."""
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp"
    with contextlib.ExitStack() as on:
        folder = Path(on.enter_context(tempfile.TemporaryDirectory(prefix="pit-", dir=place)))
        keys = Keys(folder / "k")
        on.callback(keys.close)
        home = Home(folder / "h")
        with KeyHome(home.notary_keys(NAME)) as notary:
            notary.import_key(keys.gpg("--export-secret-keys", keys.prints["notary"]))
        on.callback(lambda: KeyHome(home.notary_keys(NAME)).close())
        programs = on.enter_context(Programs(folder, home.root))
        yield Live(folder, keys, programs)
