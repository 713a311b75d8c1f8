"""The oracle of matching against examples worked by hand, and `pit match` against the oracle.

data/matching.txt holds the examples: each is a session in which the lines that are owed stand below
the instruction that they are owed for.
"""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from pit.archives import mbox
from pit.archives.language import parse
from pit.archives.words import CORE
from pit.filters.match import Match
from pit.filters.runner import Run
from tests.filters import flow
from tests.filters.oracle import Instruction, oracle

Owed = Callable[[list[Instruction]], list[str]]


WORDS = ("buyer", "seller", "none", "cancelled", "expired", "killed", "replaced", "decremented")
WORDS += ("late", "rejected")
"""Of each line that may be owed one."""

some_and_many = pytest.mark.parametrize(
    "seeds",
    [range(300), pytest.param(range(300, 10_300), marks=pytest.mark.long)],
    ids=["some", "many"],
)


# Examples


def examples() -> list[object]:
    """Each with its title."""
    text = (Path(__file__).parent / "data" / "matching.txt").read_text()
    found: list[object] = []
    for block in text.split("\n\n"):
        if block.startswith("# "):
            title, *lines = block.splitlines()
            said = [line.strip() for line in lines if not line.startswith("#")]
            found.append(pytest.param(said, id=title[2:]))
    return found


def transcript(example: list[str], owed: Owed) -> list[str]:
    """The example with what `owed` says, at the entry for which it says it first."""
    said = [line for line in example if not line.startswith(("fill ", "leaves "))]
    session = flow.by_hand("\n".join(said))
    found, before = [], 0
    for entry, line in enumerate(said, 1):
        lines = owed(session[:entry])
        found += [line, *lines[before:]]
        before = len(lines)
    return found


@pytest.mark.parametrize("example", examples())
def test_the_oracle_owes_what_was_worked_by_hand(example: list[str]) -> None:
    assert transcript(example, oracle) == example


# Laws


def check_laws(session: list[Instruction], lines: list[str]) -> None:
    """What must hold of the lines that are owed for a session, whoever worked them out."""
    left: dict[str, Decimal] = {}
    limit: dict[str, Decimal] = {}
    whole, answers = {}, Counter(one.entry for one in session if one.text[:3] in ("can", "rep"))
    for one in session:
        words = one.text.split()
        if words[0] in ("buy", "sell"):
            name = f"{one.member}/{one.entry}"
            left[name] = Decimal(words[1])
            worst = Decimal("Infinity") * (1 if words[0] == "buy" else -1)
            limit[name] = worst if words[-1] == "market" else Decimal(words[-1])
            if one.keys.get("tif") == "fok":
                whole[name] = left[name]
    for line in lines:
        words = line.split("; ")[0].split()
        if words[0] == "fill":
            quantity, price, buyer, seller = Decimal(words[1]), Decimal(words[4]), *words[5:]
            assert quantity > 0 and limit[buyer] >= price >= limit[seller]
            assert buyer.split("/")[0] != seller.split("/")[0]
            for name in (buyer, seller):
                left[name] -= quantity
                assert left[name] >= 0
                if name in whole:
                    whole[name] -= quantity
            continue
        name, quantity = words[1], Decimal(words[2])
        if words[-1].isdigit() and words[-2] in ("cancelled", "replaced", "late"):
            answers[int(words[-1])] -= 1
        if "late" in words:
            assert not left.get(name)
            continue
        assert left[name] > 0
        left[name] = quantity
        if "@" in words:
            limit[name] = Decimal(words[4])
            whole.pop(name, None)
    assert not any(answers.values())
    for one in session:
        name = f"{one.member}/{one.entry}"
        at_once = one.text.endswith(" market") or one.keys.get("tif") in ("ioc", "fok")
        if name in left and at_once and "stop" not in one.keys:
            assert not left[name]
        assert not whole.get(name) or whole[name] == Decimal(one.text.split()[1])


@given(flow.sessions)
@settings(max_examples=100, suppress_health_check=list(HealthCheck))
def test_the_oracle_answers_everything_once_and_within_its_limits(
    session: list[Instruction],
) -> None:
    check_laws(session, oracle(session))


@some_and_many
def test_random_sessions_hold_everything_often(seeds: range) -> None:
    seen: Counter[str] = Counter()
    for seed in seeds:
        session = flow.arrange(flow.random_steps(seed))
        lines = oracle(session)
        check_laws(session, lines)
        seen.update(next(word for word in line.split() if word in WORDS) for line in lines)
    assert set(seen) == set(WORDS) and min(seen.values()) >= len(seeds) / 6, seen


# The stream, and what `pit match` makes of it


@given(flow.sessions)
@settings(max_examples=30, suppress_health_check=list(HealthCheck))
def test_a_session_is_a_stream_that_can_be_read(session: list[Instruction]) -> None:
    assert flow.by_hand(flow.lines(session)) == session
    entries = list(mbox.read([flow.stream(session)]))
    assert [(e.number, e.time, e.signer) for e in entries] == [
        (one.entry, f"{one.time:%Y-%m-%dT%H:%M:%S.%fZ}", one.member) for one in session
    ]
    for entry, one in zip(entries, session, strict=True):
        (directive,) = parse(entry.text, CORE).directives
        assert directive.verb == one.text.split()[0]
        assert directive.keys.keys() == one.keys.keys()


def drafted(session: list[Instruction]) -> list[str]:
    """The lines that `pit match` drafts, each with its keys behind it."""
    run = Run(Match())
    for message in mbox.read([flow.stream(session)]):
        run.feed(message)
    found: list[str] = []
    for draft in run.drafts():
        report = draft.text[draft.text.index("report match ") :]
        for line in report.splitlines()[1:]:
            if line.startswith("  "):
                found[-1] += f"; {line.strip()}"
            else:
                found.append(line)
    return found


def lanes(session: list[Instruction], lines: list[str]) -> dict[str, list[str]]:
    """The lines by the ticker that they are for; '': of orders that there are none of."""
    orders = [one for one in session if one.text.startswith(("buy ", "sell "))]
    tickers = {str(one.entry): one.text.split()[2] for one in orders}
    found: dict[str, list[str]] = {}
    for line in lines:
        words = line.split()
        lane = words[2] if words[0] == "fill" else tickers.get(words[1].partition("/")[2], "")
        found.setdefault(lane, []).append(line)
    return found


def differs(session: list[Instruction]) -> bool:
    return lanes(session, drafted(session)) != lanes(session, oracle(session))


@pytest.mark.parametrize("example", examples())
def test_match_owes_what_was_worked_by_hand(example: list[str]) -> None:
    assert transcript(example, drafted) == example


@some_and_many
def test_match_owes_what_the_oracle_owes(seeds: range) -> None:
    for seed in seeds:
        steps = flow.random_steps(seed)
        if differs(flow.arrange(steps)):
            session = flow.smallest(steps, differs)
            wanted = lanes(session, oracle(session))
            assert lanes(session, drafted(session)) == wanted, f"{seed}:\n{flow.lines(session)}"


@given(flow.sessions)
@settings(max_examples=100, suppress_health_check=list(HealthCheck))
def test_match_owes_what_the_oracle_owes_for_any_session(session: list[Instruction]) -> None:
    lines = drafted(session)
    assert lanes(session, lines) == lanes(session, oracle(session)), flow.lines(session)
    check_laws(session, lines)
