"""Who holds what: the fold equals the keepers' balances, now and at every record date."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pit.archives.language import parse_directives, show
from pit.archives.verbs import vocabulary
from pit.filters.history import history
from pit.filters.holders import WORDS, Holders, Marked
from pit.filters.positions import Positions
from pit.filters.runner import Run
from pit.pits.members import owner_of
from tests.filters.companies import live
from tests.filters.sessions import Session, play

VOCABULARY = vocabulary(WORDS)


def check_every_entry(session: Session) -> int:
    """How many holdings were compared."""
    positions, holders, members = Positions(), Holders(), Holders(owner_of)
    run, seen = Run(positions), 0
    for chapter in history(session.archive.entries):
        run.feed(chapter.entry)
        for act in chapter.acts:
            holders.step(act, chapter.entry.signer, chapter.pit)
            members.step(act, chapter.entry.signer, chapter.pit)
        balances: dict[str, dict[str, int]] = {}
        for (account, asset), amount in positions.accounts.balances.items():
            if asset in chapter.pit.tickers and account != "outside":
                balances.setdefault(asset, {})[account] = amount
        assert {code: one.now for code, one in holders.tickers.items() if one.now} == balances
        for code, register in members.tickers.items():
            held = balances.get(code, {})
            assert sum(register.now.values()) == sum(held.values())
            for member, amount in register.now.items():
                assert amount == sum(n for who, n in held.items() if owner_of(who) == member)
                seen += 1
    return seen


@pytest.mark.parametrize("seed", range(6))
def test_holdings_are_the_keepers_balances_at_every_entry_of_a_session(seed: int) -> None:
    assert check_every_entry(play(seed, shards=1, chaos=True, cash="400", units="40", count=40))


@pytest.mark.parametrize("seed", range(6))
def test_they_are_where_companies_issue_and_pay_in_units(seed: int) -> None:
    assert check_every_entry(live(seed))


KEYS = st.sampled_from("abcd")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), KEYS, st.integers(0, 3)),
        st.tuples(st.just("mark"), st.just(""), st.just(0)),
        st.tuples(st.just("drop"), st.just(""), st.integers(0, 5)),
    ),
    max_size=40,
)


@given(STEPS)
def test_a_mark_knows_what_was_until_it_is_dropped(steps: list[tuple[str, str, int]]) -> None:
    marked: Marked[int] = Marked(0)
    copies: dict[str, dict[str, int]] = {}
    for number, (what, key, value) in enumerate(steps, 1):
        if what == "put":
            marked.put(key, value)
        elif what == "mark":
            marked.mark(str(number))
            copies[str(number)] = dict(marked.now)
        elif copies:
            name = list(copies)[value % len(copies)]
            marked.drop(name)
            del copies[name]
        for name, copy in copies.items():
            assert marked.all_at(name) == copy
            assert all(marked.at(name, key) == copy.get(key, 0) for key in "abcd")
    assert list(marked.past) == list(copies)


@given(STEPS)
def test_the_text_of_a_register_is_the_same_after_it_was_read(
    steps: list[tuple[str, str, int]],
) -> None:
    holders = Holders()
    for number, (what, key, value) in enumerate(steps, 1):
        register = holders["ACME"]
        if what == "put":
            register.put(key, value)
        elif what == "mark":
            register.mark(str(number))
        elif register.past:
            register.drop(list(register.past)[value % len(register.past)])
    text = "".join(show(directive, VOCABULARY) for directive in holders.dump())
    again = Holders()
    again.load(parse_directives(text, VOCABULARY).directives)
    assert "".join(show(directive, VOCABULARY) for directive in again.dump()) == text
