"""Who can sign what when: the notary, the audit and a rebuilt ledger agree with a naive model.

The model is LANGUAGE's words on `rekey`, `confirm`, `revoke-key` and NOTARY's on `right`, written
down as plainly as possible.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pysequoia
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pit.archives import mbox
from pit.archives.extent import chunks
from pit.archives.language import parse_directives, show
from pit.filters import resume
from pit.filters.audit import audit
from pit.moderator.ledger import read_ledger
from pit.moderator.notary import Notary
from pit.pits import dump, spool
from pit.pits.gnupg import KeyHome
from pit.pits.home import Home, Settings, load_settings, save_settings
from pit.pits.keyring import Keyring
from pit.pits.signing import compose, mail
from pit.pits.state import Pit
from tests.moderator.spare import block, revoke
from tests.moderator.world import NAME, outcome, short_folder

LIST, MAIL = "acme@pits.example", "all@example.org"
HANDLES = ("operator", "alice", "bob")
KEYS = ("op", "al", "bo", "k1", "k2", "short", "spare")
"""`op`, `al` and `bo` are enrolled, `spare` is for recovery, `short` expires after two days."""
LATER = "short+"
"""A certificate of `short` that says another two years."""


class Do(NamedTuple):
    """Something that is said, signed with a key; `sleep` is a day that passes."""

    what: str
    key: str = ""
    handle: str = ""
    about: str = ""


# --- the model ----------------------------------------------------------------------------------


class Model:
    """What LANGUAGE says."""

    def __init__(self) -> None:
        self.now = 0.0  # days
        self.current = {"operator": "op", "alice": "al", "bob": "bo"}
        self.ever = {key: handle for handle, key in self.current.items()}
        self.expires: dict[str, float] = {}
        self.waiting: dict[str, tuple[str, float]] = {}
        self.revoked: set[str] = set()
        self.suspended: set[str] = set()

    def says(self, do: Do) -> str:
        """What becomes of it: `key`, `right`, `words` or `stamped`."""
        who, ends = self.ever.get(do.key), self.expires.get(do.key, 999)
        if who is None and do.what == "confirm" and self._waits(do.handle) == do.key:
            who, ends = do.handle, self.waiting[do.handle][1]
        elif who is None and (do.what, do.key, do.handle) == ("recover", "spare", "operator"):
            who = "operator"
        elif who is None:
            return "key"
        elif self.current[who] != do.key or do.key in self.revoked:
            return "right"
        if who in self.suspended or ends <= self.now:
            return "right"
        return "stamped" if getattr(self, do.what)(who, do) else "words"

    def _waits(self, handle: str) -> str:
        return self.waiting.get(handle, ("", 0))[0]

    def say(self, who: str, do: Do) -> bool:
        return True

    def rekey(self, who: str, do: Do) -> bool:
        """By the owner, who must confirm another key, or by the operator; one key, one handle."""
        new, ends = do.about.rstrip("+"), 999 if do.about != "short" else 2.0
        if who not in (do.handle, "operator") or new == "spare":
            return False
        same = self.current[do.handle] == new
        if new in self.ever and (not same or new in self.revoked):
            return False
        if same:
            ends = max(ends, self.expires.get(new, 999) if new == "short" else 999)
        if ends <= self.now:
            return False
        if who == do.handle and not same and do.what != "recover":
            self.waiting[who] = (new, ends)
        else:
            self._enrol(do.handle, new, ends)
        return True

    def recover(self, who: str, do: Do) -> bool:
        """The recovery key for the operator's key alone."""
        return do.key == "spare" and self.rekey("operator", do)

    def confirm(self, who: str, do: Do) -> bool:
        """With the new key."""
        if who != do.handle or self._waits(who) != do.key:
            return False
        self._enrol(who, *self.waiting[who])
        return True

    def _enrol(self, handle: str, key: str, ends: float) -> None:
        if self.current[handle] != key:
            self.waiting.pop(handle, None)
        self.current[handle], self.ever[key], self.expires[key] = key, handle, ends

    def revoke(self, who: str, do: Do) -> bool:
        """By anybody: it proves itself."""
        if self.ever.get(do.about) != do.handle or do.about in self.revoked:
            return False
        self.revoked.add(do.about)
        if self.current[do.handle] == do.about:
            self.waiting.pop(do.handle, None)
        return True

    def suspend(self, who: str, do: Do) -> bool:
        if who != "operator" or do.handle == "operator" or do.handle in self.suspended:
            return False
        self.suspended.add(do.handle)
        return True

    def restore(self, who: str, do: Do) -> bool:
        if who != "operator" or do.handle not in self.suspended:
            return False
        self.suspended.remove(do.handle)
        return True


# --- the real thing -----------------------------------------------------------------------------


class Person(NamedTuple):
    """A key: its certificate, armoured, its fingerprint, its revocation; and what signs."""

    armored: str
    fingerprint: str
    revocation: str
    key: pysequoia.Tsk

    def clearsign(self, text: str) -> str:
        clear = pysequoia.SignatureMode.CLEAR
        return bytes(pysequoia.sign(self.key.signer(), text.encode(), mode=clear)).decode()


def person(name: str, seconds: int | None = None) -> Person:
    key = pysequoia.Tsk.generate(f"{name} <{MAIL}>", validity_seconds=seconds)
    cert = key.extract_certificate()
    revoked = pysequoia.armor(bytes(cert.revoke(key.certifier())), pysequoia.ArmorKind.PublicKey)
    return Person(str(cert), cert.fingerprint.upper(), revoked, key)


class Scene(NamedTuple):
    """A pit that is founded, in a folder, and the keys of all."""

    folder: Path
    people: dict[str, Person]


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    people = {name: person(name) for name in KEYS if name != "short"}
    people["short"] = short = person("short", 2 * 86400)
    cert = pysequoia.Cert.from_bytes(short.armored.encode())
    ends = datetime.now(UTC) + timedelta(days=700)
    longer = cert.set_expiration(ends, short.key.certifier())
    people[LATER] = short._replace(armored=str(longer))
    with short_folder() as folder:
        home = Home(folder)
        with KeyHome(home.notary_keys(NAME)) as keys:
            notary = keys.make_key("Notary", LIST)
            charter = (
                f'charter "Acme"\n{block("operator-key", people["op"].armored)}'
                f"{block('notary-key', keys.export(notary))}  mail: {MAIL}\n"
                f"  recovery: {people['spare'].fingerprint}\n"
            )
        save_settings(home, Settings(NAME, "", LIST, notary))
        admitted = "".join(
            f"admit {handle} {people[key].fingerprint}\n  mail: {MAIL}\n"
            f"{block('key', people[key].armored)}"
            for handle, key in (("alice", "al"), ("bob", "bo"))
        )
        with Notary(home, NAME) as opened:
            for text in (charter, admitted):
                put(home, people["op"], text)
                assert [outcome(one)[:7] for one in opened.run().decisions] == ["stamped"]
        yield Scene(folder, people)


def put(home: Home, who: Person, directives: str) -> None:
    text = compose(NAME, directives, id=load_settings(home, NAME).id)
    made = mail(who.clearsign(text), f"Somebody <{MAIL}>", LIST, "x", datetime.now(UTC))
    spool.put(home.spool(NAME), made)


def text_of(do: Do, people: dict[str, Person], number: int) -> str:
    """What is said, made one of its kind by a comment."""
    head = f"# {number}\n"
    if do.what == "say":
        return f'{head}say "{number}"\n'
    if do.what in ("rekey", "recover"):
        new = people[do.about]
        text = f"{head}rekey {do.handle} {new.fingerprint}\n{block('key', new.armored)}"
        spare = block("recovery-key", people["spare"].armored)
        return text + (spare if do.what == "recover" else "")
    if do.what == "revoke":
        return head + revoke(do.handle, people[do.about].revocation)
    return f"{head}{do.what} {do.handle}\n"


@contextlib.contextmanager
def copied(scene: Scene) -> Iterator[Home]:
    with short_folder() as folder:
        ignored = shutil.ignore_patterns("S.*")
        shutil.copytree(scene.folder, folder / "h", ignore=ignored)
        yield Home(folder / "h")


# --- what must agree ----------------------------------------------------------------------------


def told(keys: Keyring, people: dict[str, Person]) -> list[object]:
    """All that a keyring says of these keys."""
    found: list[object] = [keys.recovery]
    for handle in HANDLES:
        waits = keys.waiting(handle)
        found += [keys.current(handle), waits and waits.armored, keys.of(handle).armored]
    for name in KEYS:
        fingerprint = people[name].fingerprint
        found += [keys.owner(fingerprint), keys.fault(fingerprint), keys.revoked(fingerprint)]
    return found


def check_agreement(
    home: Home, live: list[object], model: Model, people: dict[str, Person]
) -> None:
    folder, id = home.archive(NAME), load_settings(home, NAME).id
    whole = audit(NAME, folder, id, jobs=1, filters=[], keep=home.root / "note.json")
    assert whole.wrong == ""
    assert told(whole.verifier.keys, people) == live
    again = audit(NAME, folder, id, jobs=1, filters=[], keep=home.root / "note.json")
    assert again.resumed == again.entries
    assert told(again.verifier.keys, people) == live
    assert again.verifier.spans == whole.verifier.spans
    home.ledger(NAME).unlink()
    assert told(read_ledger(folder, NAME).keys, people) == live
    with Notary(home, NAME) as rebuilt:
        assert told(rebuilt.ledger.keys, people) == live
        check_fold(rebuilt.ledger.pit, model, people)
    with Notary(home, NAME) as reopened:
        assert told(reopened.ledger.keys, people) == live


def check_fold(pit: Pit, model: Model, people: dict[str, Person]) -> None:
    """The pit's fold says the same of members, and comes back from a checkpoint as it was."""
    prints = {name: people[name].fingerprint for name in KEYS}
    assert {who: pit.members[who].fingerprint for who in HANDLES} == {
        who: prints[key] for who, key in model.current.items()
    }
    assert pit.waiting == {who: prints[key] for who, (key, _) in model.waiting.items()}
    assert pit.revoked.keys() == {prints[key] for key in model.revoked}
    text = "".join(show(one, dump.WHOLE) for one in dump.dump_whole(pit))
    other = Pit()
    dump.load(other, parse_directives(text, dump.WHOLE).directives)
    for name in ("members", "handles", "waiting", "revoked"):
        assert getattr(other, name) == getattr(pit, name)


KEY = st.sampled_from(KEYS)
HANDLE = st.sampled_from(HANDLES)
NEW = st.sampled_from([*KEYS, LATER])
STEPS = st.one_of(
    st.builds(Do, st.just("say"), KEY),
    st.builds(Do, st.just("rekey"), KEY, HANDLE, NEW),
    st.builds(Do, st.just("confirm"), KEY, HANDLE),
    st.builds(Do, st.just("revoke"), KEY, HANDLE, KEY),
    st.builds(Do, st.just("recover"), st.sampled_from(["spare", "op"]), HANDLE, NEW),
    st.builds(Do, st.sampled_from(["suspend", "restore"]), st.just("op"), HANDLE),
    st.just(Do("sleep")),
)


@st.composite
def histories(draw: st.DrawFn) -> list[Do]:
    """Steps, most of them such as can be taken: a thing that is refused leads nowhere."""
    model, found = Model(), list[Do]()
    for _ in range(draw(st.integers(4, 16))):
        handle, new = draw(HANDLE), draw(NEW)
        owner = model.current[handle]
        sensible = [
            Do("say", owner),
            Do("rekey", owner, handle, new),
            Do("rekey", model.current["operator"], handle, new),
            Do("confirm", model.waiting.get(handle, (owner, 0))[0], handle),
            Do("revoke", draw(KEY), handle, owner),
        ]
        step = draw(st.sampled_from(sensible) | STEPS)
        found.append(step)
        if step.what == "sleep":
            model.now += 1
        else:
            model.says(step)
    return found


EXAMPLES = int(os.environ.get("KEY_HISTORIES", "20"))


@settings(
    max_examples=EXAMPLES,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(histories())
def test_notary_audit_and_rebuilt_ledger_agree_with_the_model(
    scene: Scene, history: list[Do]
) -> None:
    people, model = scene.people, Model()
    start = datetime.now(UTC)
    with copied(scene) as home:
        with Notary(home, NAME, clock=lambda: start + timedelta(days=model.now)) as notary:
            expected: list[str] = []
            for number, do in enumerate([*history, Do("sleep")]):
                if do.what != "sleep":
                    put(home, people[do.key], text_of(do, people, number))
                    expected.append(model.says(do))
                    continue
                codes = [outcome(one).split(" ")[0] for one in notary.run().decisions]
                assert codes == expected
                expected.clear()
                if model.now < 5:
                    model.now += 1
            live = told(notary.ledger.keys, people)
        check_agreement(home, live, model, people)
        folder = home.archive(NAME)
        signed = [entry.signer for entry in mbox.entries(chunks(folder, NAME))]
        assert resume.horizon(chunks(folder, NAME)) == timedelta(days=7)
        assert {*signed} <= {*HANDLES, "notary"}
