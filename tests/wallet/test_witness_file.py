"""A witness's file: whatever is killed it is right, and whoever changes it is found out."""

import os
import re
import signal
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pit.archives.errors import Damaged, PitError
from pit.archives.language import parse
from pit.archives.words import CORE
from pit.pits.copies import read_copy
from pit.pits.keyring import Keyring
from pit.pits.testimony import read_witness, statements
from pit.pits.witnesses import saws
from pit.wallet import witness
from tests.conftest import end_agent
from tests.wallet.acme import Acme

# --- kills --------------------------------------------------------------------------------------

STEPS = ("fsync", "write", "rename", "replace", "unlink", "mkdir")


def run_until(acme: Acme, step: int, *args: str) -> bool:
    """Run `pit witness` in a process that is killed before its step-th step on disk; if it was."""
    child = os.fork()
    if not child:
        status = 70
        try:
            os.environ["PIT_HOME"] = str(acme.folder)
            null = os.open(os.devnull, os.O_RDWR)
            os.dup2(null, 1)
            os.dup2(null, 2)
            die_at(step)
            status = witness.main([*args])
        finally:
            os._exit(status)
    _, ended = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(ended) in (0, -signal.SIGKILL)
    return os.WIFSIGNALED(ended)


def die_at(step: int) -> None:
    left = [step]

    def dying(call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **keys: Any) -> Any:
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **keys)

        return counted

    for name in STEPS:
        setattr(os, name, dying(getattr(os, name)))


def test_a_witness_killed_at_any_step_goes_on_and_has_signed_nothing_twice(
    acme: Acme, copies: Callable[..., Acme], monkeypatch: pytest.MonkeyPatch
) -> None:
    public = acme.folder / "published.txt"
    acme.see("carol", "--publish", str(public))
    acme.sealed()
    before = acme.file("carol").read_bytes()
    kills = 0
    for step in count(1):
        died = copies(acme)
        args = ("--as", "carol", "--publish", str(died.folder / "published.txt"))
        killed = run_until(died, step, *args)
        kills += killed
        left = died.file("carol").read_bytes()
        heard = {*died.waiting()} | {split_off(died.folder / "published.txt")}
        assert left.startswith(before)
        assert heard <= {record.saw for record in read_witness(left)}  # on disk before it is said
        assert not run_until(died, 0, *args)
        last = died.records("carol")[-1]
        assert len(died.records("carol")) == 2
        assert last.saw in died.waiting()  # at least once; the notary knows a mail that comes again
        assert {*died.waiting()} <= {record.saw for record in died.records("carol")}
        assert (died.folder / "published.txt").read_bytes() == died.file("carol").read_bytes()
        assert not [*died.file("carol").parent.glob("*.unsent")]
        monkeypatch.setenv("PIT_HOME", str(died.folder))
        assert witness.main(["--check", str(died.file("carol"))]) == 0
        end_agent(died.home.wallet("carol") / "gnupg")
        if not killed:
            break
    print(f"pit witness: killed {kills} times at its steps on disk")
    assert kills >= 20


def split_off(file: Path) -> bytes:
    """The last statement in a file."""
    return read_witness(file.read_bytes())[-1].saw


# --- files that are not -------------------------------------------------------------------------


def check(file: Path) -> int:
    return witness.main(["--check", str(file)])


def test_a_file_of_which_any_line_is_changed_is_refused(
    seen: Acme, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIT_HOME", str(seen.folder))
    good = seen.file("carol").read_bytes()
    file = tmp_path / "carol.txt"
    file.write_bytes(good.replace(b"\n", b"\r\n"))
    assert check(file) == 0
    lines = good.split(b"\n")[:-1]
    refused = 0
    for at, line in enumerate(lines):
        middle = len(line) // 2
        other = b"A" if line[middle : middle + 1] != b"A" else b"B"
        changes = [[line[:middle] + other + line[middle + 1 :]], [], [line, line], [line + b" x"]]
        for change in (changes[0], changes[1 + at % 3]):
            changed = b"\n".join([*lines[:at], *change, *lines[at + 1 :]]) + b"\n"
            file.write_bytes(changed)
            if changed != good:
                with pytest.raises(PitError):
                    pytest.fail(f"{line!r} as {change}: {check(file)}")
                refused += 1
    assert refused > 1.9 * len(lines)


def test_a_record_left_out_doubled_or_moved_is_refused_and_a_missing_end_told(
    seen: Acme, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PIT_HOME", str(seen.folder))
    head, first, second = re.split(rb"(?m)^(?=== saw$)", seen.file("carol").read_bytes())
    file = tmp_path / "carol.txt"
    wrong = ([second], [second, first], [first, first], [first, second, second], [])
    for records in wrong:
        file.write_bytes(head + b"".join(records))
        with pytest.raises(PitError):
            check(file)
    file.write_bytes(head + first)
    assert check(file) == 0
    size = seen.records("carol")[1].size
    assert f"it lacks `saw {size}`, which stands in the archive" in capsys.readouterr().out


def test_a_file_counts_for_nobody_but_its_witness(
    seen: Acme, copies: Callable[..., Acme], tmp_path: Path
) -> None:
    acme = copies(seen)
    acme.see("dave", "--no-mail")
    text = acme.file("dave").read_bytes().replace(b"What dave", b"What carol")
    (tmp_path / "carol.txt").write_bytes(text)
    acme("witness", "--check", str(tmp_path / "carol.txt"), status=65)
    assert "line 1: 'What carol has seen" in acme.err
    acme("witness", "--check", str(acme.file("dave")), "--as", "carol", status=65)
    assert "it is dave's, not carol's" in acme.err
    acme("key", "make", "mallory", "mallory@example.org")
    acme.see("mallory", "--no-mail")
    acme("witness", "--check", str(acme.file("mallory")), status=65)
    assert "of nobody in this archive" in acme.err
    segment = acme.archive / "0000000001.mbox"
    (acme.archive / "mark").unlink()
    admitted = next(entry for entry in acme.entries() if "\nadmit dave " in entry.text)
    armor = admitted.raw.index(b"-----BEGIN PGP SIGNATURE-----\n\n") + 40
    raw = admitted.raw[:armor] + b"??" + admitted.raw[armor + 2 :]
    segment.write_bytes(segment.read_bytes().replace(admitted.raw, raw))
    acme("witness", "--check", str(acme.file("dave")), status=65)
    assert f"entry {admitted.number}: it admits dave, but: " in acme.err


def test_an_own_file_that_was_changed_is_not_gone_on_from(copies: Callable[..., Acme]) -> None:
    acme = copies()
    acme.see("carol")
    acme.grow()
    good = acme.file("carol").read_bytes()
    at = good.rindex(b"  root: ") + 10
    for bad in (b"", b"junk\n", good[: at - 300], good[:at] + b"0000" + good[at + 4 :]):
        acme.file("carol").write_bytes(bad)
        acme.see("carol", status=65)
        assert str(acme.file("carol")) in acme.err and "bring back what is published" in acme.err
    acme.file("carol").write_bytes(good)
    assert "it extends seal" in acme.see("carol")


def test_the_statements_of_a_file_are_for_those_who_have_the_keys_of_the_archive(
    seen: Acme,
) -> None:
    copy, keys = read_copy(seen.archive, "acme"), Keyring()
    data = seen.file("carol").read_bytes()
    with pytest.raises(Damaged, match="of nobody in this archive"):
        statements(data, copy.notary(), keys)
    for entry in seen.entries():
        keys.step(parse(entry.text, CORE))
    said = [(0, "carol", one.size, copy.tree.root(one.size).hex()) for one in seen.records("carol")]
    assert statements(data, copy.notary(), keys) == said
    stand = [saw[1:] for saw in saws(seen.entries())]
    assert [saw[1:] for saw in said] == stand


def broken(good: bytes) -> st.SearchStrategy[bytes]:
    """Pieces of a good file, in any order, with anything between them."""
    pieces = st.sampled_from(re.split(rb"(?m)^(?=== )", good) + good.split(b"\n"))
    either = st.one_of(pieces, st.binary(max_size=40), st.just(b"\n== saw\n"), st.just(b"\n"))
    return st.lists(either, max_size=12).map(b"".join)


def test_no_file_ends_in_a_traceback(
    seen: Acme, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIT_HOME", str(seen.folder))
    good = seen.file("carol").read_bytes()
    file = tmp_path / "hostile.txt"

    @settings(max_examples=150, deadline=None)
    @given(broken(good))
    def law(data: bytes) -> None:
        file.write_bytes(data)
        try:
            check(file)
        except PitError:
            return
        assert good.startswith(data)

    law()
    deep = b"== saw\n" * 200_000
    file.write_bytes(deep)
    with pytest.raises(PitError):
        check(file)
