"""`buy`, `sell` and `cancel` are short for `send`."""

import pytest

from tests.conftest import Shell


def said(shell: Shell, *args: str) -> str:
    """What a verb signs, without its `pit` line and `after:`."""
    return shell(*args).split("\n", 2)[2]


@pytest.mark.parametrize("verb", ["buy", "sell"])
@pytest.mark.parametrize("words", ["100 ACME 12.50", "100 ACME @ 12.50"])
def test_an_order_is_written_with_or_without_its_at(club: Shell, verb: str, words: str) -> None:
    assert said(club, verb, "--as", "alice", *words.split()) == f"{verb} 100 ACME @ 12.50\n"


def test_options_become_the_orders_keys(club: Shell) -> None:
    text = said(
        club, *["buy", "1", "RAIN.2", "0.4", "--as", "bob", "--until", "2030-12-01", "--ref", "r-7"]
    )
    assert text == "buy 1 RAIN.2 @ 0.4\n  until: 2030-12-01\n  ref: r-7\n"


@pytest.mark.parametrize("verb", ["buy", "sell"])
def test_an_order_is_for_a_further_account(club: Shell, verb: str) -> None:
    text = said(club, verb, "--as", "bob", "--account", "savings", "2", "ACME", "3", "--tif", "day")
    assert text == f"{verb} 2 ACME @ 3\n  tif: day\n  account: savings\n"


def test_several_orders_are_cancelled_in_one_text(club: Shell) -> None:
    assert said(club, "cancel", "--as", "bob", "4", "5.2") == "cancel 4\ncancel 5.2\n"


@pytest.mark.parametrize(
    ("args", "status", "sentence"),
    [
        ("buy 100 ACME", 64, "write `pit buy 100 ACME 12.50`"),
        ("sell 100 ACME at 12.50", 64, "write `pit sell 100 ACME 12.50`"),
        ("buy 100 ACME @ 12,50", 65, "column 16: '12,50' is not a price; write 12.50"),
        ("buy 100 acme 12.50", 65, "column 9: 'acme' is not an asset or ticker"),
        ("buy 100 ACME 12.50 --until never", 65, "column 10: 'never' is not a time"),
        ("buy 100 ACME 12.50 --ref=", 65, "the value is missing"),
        ("buy 100 ACME 12.50 --account alice:savings", 65, "'alice:savings' is not a name"),
        ("cancel alice/4", 65, "'alice/4' is not a reference"),
        ("cancel 4.1", 65, "write 4 for an entry's first directive"),
        ("cancel", 64, "REF"),
    ],
)
def test_a_wrong_order_is_refused_and_what_is_right_is_said(
    club: Shell, args: str, status: int, sentence: str
) -> None:
    assert club(*args.split(), "--as", "alice", status=status) == ""
    assert sentence in club.err
    assert not (club.home.wallet("alice") / "sent").exists()
