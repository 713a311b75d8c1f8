"""Fees by rule: exact, rounded up as a sum, paid to the operator, never beyond what is held."""

from fractions import Fraction
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from pit.filters.positions import Positions
from pit.filters.runner import Run
from tests.filters.sessions import Archive, at, check_accounts, found, processes, settle

RATES = st.decimals(0, 1, places=4).map(lambda rate: f"{rate:f}".rstrip("0").rstrip(".") or "0")


def traded(fee: str, *said: tuple[str, str]) -> tuple[Archive, Run]:
    """An archive in which that was said and all is published, and its keeper's run."""
    archive = found(["alice", "bob"], 1, fee=fee)
    running = processes(1)
    settle(archive, running)
    for index, (member, text) in enumerate(said):
        archive.say(member, *text.split("\n"), at=at(index))
        archive.seal()
        settle(archive, running)
    check_accounts(archive, running)
    return archive, running[0].run


def balance(run: Run, owner: str, asset: str = "EUR") -> int:
    assert isinstance(run.filter, Positions)
    return run.filter.accounts.balance(owner, asset)


def test_each_side_pays_its_rate_and_the_operator_gets_it() -> None:
    _, run = traded(
        "maker 0.001 taker 0.002", ("alice", "sell 3 ACME @ 10.05"), ("bob", "buy 3 ACME @ 10.05")
    )
    assert balance(run, "alice") == 100_000_00 + 30_15 - 4  # 0.03015, rounded up
    assert balance(run, "bob") == 100_000_00 - 30_15 - 7  # 0.0603
    assert balance(run, "operator") == 11


def test_rates_are_those_in_force_at_the_orders_own_entry() -> None:
    _, run = traded(
        "maker 0 taker 0",
        ("alice", "sell 2 ACME @ 10.00"),
        ("operator", "rule fee maker 0.5 taker 0.25"),
        ("bob", "buy 1 ACME @ 10.00"),
    )
    assert balance(run, "alice") == 100_000_00 + 10_00
    assert balance(run, "bob") == 100_000_00 - 10_00 - 2_50
    assert balance(run, "operator") == 2_50


def test_a_market_order_leaves_room_for_its_fee() -> None:
    archive, run = traded(
        "maker 0 taker 0.01",
        ("alice", "sell 10000 ACME @ 10.00"),
        ("bob", "buy 10000 ACME @ market"),
    )
    cover = next(e.text for e in archive.entries if "cover: " in e.text)
    assert "  cover: 99009.90\n" in cover  # with 990.10 of fee all that he has
    assert balance(run, "bob") == 100_000_00 - 9900 * 10_00 - 990_00
    assert balance(run, "bob", "ACME") == 10_000 + 9900


@given(maker=RATES, taker=RATES, parts=st.lists(st.integers(1, 7), min_size=1, max_size=6))
def test_many_small_trades_cost_what_one_large_one_does(
    maker: str, taker: str, parts: list[int]
) -> None:
    takes = [("bob", f"buy {part} ACME @ 1.15") for part in parts]
    _, run = traded(
        f"maker {maker} taker {taker}", ("alice", f"sell {sum(parts)} ACME @ 1.15"), *takes
    )
    cents = 115 * sum(parts)
    made = ceil(Fraction(maker) * cents)
    assert balance(run, "alice") == 100_000_00 + cents - made
    taken = sum(ceil(Fraction(taker) * 115 * part) for part in parts)
    assert balance(run, "operator") == made + taken
