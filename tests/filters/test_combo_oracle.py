"""Combinations against a naive second telling of the rules, over random sessions."""

from collections import Counter
from decimal import Decimal

import pytest

from pit.archives import mbox
from pit.filters.match import Match
from pit.filters.runner import Run
from tests.filters import combo_flow
from tests.filters.oracle import Instruction, oracle

some_and_many = pytest.mark.parametrize(
    "seeds",
    [range(150), pytest.param(range(150, 10_150), marks=pytest.mark.long)],
    ids=["some", "many"],
)


def owed(session: list[Instruction]) -> list[str]:
    """What `pit match` drafts, keys behind each line."""
    run = Run(Match())
    for message in mbox.read([combo_flow.stream(session)]):
        run.feed(message)
    found: list[str] = []
    for draft in run.drafts():
        for line in draft.text[draft.text.index("report match ") :].splitlines()[1:]:
            if line.startswith("  "):
                found[-1] += f"; {line.strip()}"
            else:
                found.append(line)
    return found


def ways(session: list[Instruction], lines: list[str]) -> dict[str, list[str]]:
    """The lines by what they are about: a ticker's fills, or an order's ends."""
    found: dict[str, list[str]] = {}
    for line in lines:
        words = line.split()
        found.setdefault(words[2] if words[0] == "fill" else words[1], []).append(line)
    return found


def check_whole(session: list[Instruction], lines: list[str]) -> Counter[str]:
    """Every combination trades all its legs within its net price, or nothing of it."""
    seen: Counter[str] = Counter()
    for one in session:
        if not one.text.startswith("combo "):
            continue
        name = f"{one.member}/{one.entry}"
        _, number, _, net = one.text.split()
        missing: dict[str, Decimal] = {}
        for leg in one.keys["legs"].split("\n"):
            ratio, ticker = leg.split()
            missing[ticker] = int(ratio) * Decimal(number)
        whole, cost, killed = dict(missing), Decimal(0), 0
        places = []
        for place, line in enumerate(lines):
            words = line.split("; ")[0].split()
            if words[0] == "leaves":
                killed += words[1:] == [name, "0", "killed"]
            elif name in words[5:]:
                quantity = Decimal(words[1]) * (1 if words[5] == name else -1)
                missing[words[2]] -= quantity
                cost += quantity * Decimal(words[4])
                places.append(place)
        seen["killed" if killed else "whole"] += 1
        assert places == list(range(places[0], places[-1] + 1)) if places else killed == 1
        assert missing == (whole if killed else dict.fromkeys(whole, 0))
        assert killed or cost <= Decimal(number) * Decimal(net)
    return seen


@some_and_many
def test_combinations_trade_as_the_oracle_says(seeds: range) -> None:
    seen: Counter[str] = Counter()
    for seed in seeds:
        session = combo_flow.session(seed)
        lines = owed(session)
        assert ways(session, lines) == ways(session, oracle(session)), seed
        seen += check_whole(session, lines)
    assert min(seen["killed"], seen["whole"]) > len(seeds), seen
