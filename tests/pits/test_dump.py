"""What `dump` writes of a pit's fold is all of it: from any entry on, the fold goes on the same."""

import importlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pit.archives.language import parse, parse_directives, show
from pit.pits import dump
from pit.pits.members import ROLES
from pit.pits.state import Pit

WHO = ("alice", "bob", "carol", "dora")
HANDLES = st.sampled_from((*WHO, "operator"))
TICKERS = st.sampled_from(("ACME", "BOLT"))
ASSETS = st.sampled_from(("EUR", "USD"))
SHARDS = st.sampled_from(("1/1", "1/2", "2/2", "1/3", "2/3", "3/3"))
KEY = "  key:\n    not asked for here\n"

SAID = st.one_of(
    st.builds(
        lambda who, roles: (
            f"admit {who} {WHO.index(who):040X}\n  mail: {who}@example.org\n"
            + (f"  roles: {' '.join(roles)}\n" if roles else "")
            + KEY
        ),
        st.sampled_from(WHO),
        st.lists(st.sampled_from(ROLES), unique=True, max_size=3),
    ),
    st.builds("{} {}\n".format, st.sampled_from(("suspend", "restore", "expel")), HANDLES),
    st.builds("grant {} to {}\n".format, st.sampled_from(ROLES), HANDLES),
    st.builds("revoke {} from {}\n".format, st.sampled_from(ROLES), HANDLES),
    st.sampled_from(
        ("rule freshness 3d\n", "rule idle-seal 2h\n", "rule match 2\n", "rule words w 1\n")
    ),
    st.builds('asset {} "Money"\n  decimals: {}\n'.format, ASSETS, st.integers(0, 9)),
    st.builds(
        'ticker {} "Paper"\n  currency: {}\n  tick: 0.01\n  lot: 1\n  specialist: {}\n'.format,
        TICKERS,
        ASSETS,
        HANDLES,
    ),
    st.builds("specialist {} {}\n".format, TICKERS, HANDLES),
    st.builds("keeper {} {}\n".format, SHARDS, HANDLES),
    st.builds('witness {} "https://example.org/{}"\n'.format, HANDLES, st.integers(1, 3)),
    st.builds("adopt {}\n".format, st.integers(1, 3)),
    st.builds("report {} {}\n".format, st.sampled_from(("match", "positions")), st.integers(1, 9)),
    st.builds(
        "seal {}\n  root: {:064x}\n  time: 2026-11-20T00:00:00Z\n".format,
        st.integers(1, 99),
        st.integers(0, 99),
    ),
)
ENTRIES = st.lists(st.tuples(HANDLES, st.lists(SAID, min_size=1, max_size=3)), max_size=25)


def charter(pit: Pit) -> None:
    text = 'pit acme\ncharter "Ä pit"\n  operator-key:\n    x\n  notary-key:\n    x\n'
    step(pit, "operator", f"{text}  mail: o@example.org\n")
    pit.name, pit.id = "acme", "1" * 64


def step(pit: Pit, signer: str, text: str) -> None:
    number = pit.entry + 1
    pit.step(number, f"2026-11-20T12:00:00.{number:06d}Z", signer, parse(text, pit.words))
    pit.settle()


def again(pit: Pit) -> Pit:
    """The fold that its dump makes, through text."""
    text = "".join(show(one, dump.WHOLE) for one in dump.dump_whole(pit))
    other = Pit()
    dump.load(other, parse_directives(text, dump.WHOLE).directives)
    return other


@given(ENTRIES, st.data())
def test_a_fold_taken_up_at_any_entry_ends_as_the_whole_does(
    entries: list[tuple[str, list[str]]], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(entries)))
    whole = Pit()
    charter(whole)
    part = again(whole)
    for number, (signer, said) in enumerate(entries):
        text = "pit acme\n" + "".join(said)
        step(whole, signer, text)
        step(part, signer, text)
        if number == cut:
            part = again(part)
    assert vars(part) == vars(whole)
    assert vars(again(whole)) == vars(whole)
    assert list(part.tickers) == list(whole.tickers)


MODULE = """
from pit.archives.verbs import Verb
BOTH = Verb("both", "{number:count}")
WORDS = {
    1: [Verb("only-one", ""), BOTH],
    2: [Verb("only-two", ""), BOTH, Verb("changed", "")],
    3: [Verb("changed", "{number:count}")],
}
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A distribution that brings the words `tested` in three versions."""
    (tmp_path / "words_under_test.py").write_text(MODULE)
    about = tmp_path / "words_under_test-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: words-under-test\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[pit.words]\ntested = words_under_test:WORDS\n")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()


@pytest.mark.parametrize(
    "versions", [(1,), (2,), (3,), (1, 2), (1, 3), (2, 3), (1, 2, 3), (2, 1), (3, 1), (3, 2)]
)
def test_words_that_were_once_brought_stay(installed: None, versions: tuple[int, ...]) -> None:
    pit = Pit()
    charter(pit)
    for version in versions:
        step(pit, "operator", f"pit acme\nrule words tested {version}\n")
    assert ("only-one" in pit.words) == (1 in versions)
    assert pit.brought == {"tested": versions[-1]}
    other = again(pit)
    assert vars(other) == vars(pit)
    assert all(other.words[name] is verb for name, verb in pit.words.items())
