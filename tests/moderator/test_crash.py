"""Wherever the notary is killed, the next run leaves every mail decided once and nothing lost."""

import os
import re
from collections.abc import Callable
from typing import Any

import pytest

from pit.moderator.notary import Notary
from pit.pits import spool
from tests.moderator.world import NAME, Keys, World, check_receipt, copied, founded, replied

STEPS = ("fsync", "write", "rename", "replace", "unlink", "mkdir", "ftruncate")
"""The calls by which anything gets onto the disk."""
KILLED = 9


def run_killed(world: World, step: int) -> bool:
    """Run the notary in a process that dies just before its step-th write; whether it died."""
    child = os.fork()
    if child == 0:
        status = 70
        try:
            left = step

            def dying(call: Callable[..., Any]) -> Callable[..., Any]:
                def counted(*args: Any, **keys: Any) -> Any:
                    nonlocal left
                    left -= 1
                    if not left:
                        os._exit(KILLED)
                    return call(*args, **keys)

                return counted

            for name in STEPS:
                setattr(os, name, dying(getattr(os, name)))
            notary = Notary(world.home, NAME)
            notary.run()
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, KILLED)
    return code == KILLED


@pytest.mark.parametrize("many", [16, 1])
def test_a_notary_killed_at_any_write_loses_nothing_and_stamps_nothing_twice(
    stands: World, keys: Keys, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """many: from so many replies on they are put on disk together."""
    monkeypatch.setattr(spool, "MANY", many)
    good = [stands.mail("buy 7 ACME @ 12.50\n"), stands.mail("sell 7 ACME @ 12.50\n", "bob")]
    bad, junk = stands.mail("buy 7 ACME @ 12,50\n"), b"junk\n"
    before = stands.archive
    died = True
    step = 0
    while died:
        step += 1
        with copied(stands) as world:
            world.put(good[0], bad, junk, good[1])
            died = run_killed(world, step)
            kept = world.archive
            assert kept.startswith(before)
            world.run()
            assert world.archive.startswith(kept)
            assert spool.waiting(world.home.spool(NAME)) == []
            stored = [entry.raw for entry in world.entries()[len(stands.entries()) :]]
            for mail in good:
                assert sum(mail in raw for raw in stored) == 1, step
            assert world.archive.count(b"\nrefused ") == before.count(b"\nrefused ") + 1
            assert [mail.split(b"\n", 2)[2] for mail in world.quarantined()] == [junk]
            replies = world.replies()
            assert {replied(one) for one in replies} == {
                "receipt acme 9",
                "receipt acme 10",
                "refusal acme words",
            }
            for one in replies:
                if replied(one).startswith("receipt"):
                    assert check_receipt(one, keys) in world.stamps()
    assert step > 35


@pytest.mark.long
def test_a_notary_killed_at_any_write_founds_the_pit_once(keys: Keys) -> None:
    died = True
    step = 0
    while died:
        step += 1
        with founded(keys) as world:
            world.put(world.founding())
            died = run_killed(world, step)
            world.run()
            assert [entry.signer for entry in world.entries()] == ["operator", "notary"], step
            assert world.settings.id == world.stamps()[0].text
            assert re.findall(r"receipt \w+ \d", world.replies()[-1])[0] == "receipt acme 1"
    assert step > 20
