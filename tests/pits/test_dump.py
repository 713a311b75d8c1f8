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
ROOT = (
    "  currency: EUR\n  tick: 0.5\n  specialist: carol\n  expiry: 2026-12-01\n  void: {}\n"
    "  panel: {}\n  resolution:\n    By the gauge.\n"
)
MARKETS = ("RAIN", "SNOW", "RAIN.2", "RAIN.3", "RAIN.14", "SNOW.2")

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
    st.builds(
        ('market {} "Water"\n  min: {}\n  max: {}\n' + ROOT + "  stake: 2.50\n").format,
        st.sampled_from(("RAIN", "SNOW", "ACME")),
        st.sampled_from(("0", "2.5")),
        st.sampled_from(("100", "20.5")),
        st.sampled_from(("mid", "cancel")),
        st.sampled_from(("dora", "alice dora", "bob")),
    ),
    st.builds(
        'market {} "Less"\n  within: {}\n  min: {}\n  max: {}\n{}'.format,
        st.sampled_from(MARKETS),
        st.sampled_from(MARKETS),
        st.sampled_from(("3", "5.5")),
        st.sampled_from(("6", "20")),
        st.sampled_from(("", "  kind: owner-settled\n  dispute: 2h\n", "  kind: derived\n")),
    ),
    st.sampled_from(("rule unresolved 2d\n",)),
    st.builds("specialist {} {}\n".format, st.sampled_from(("ACME", "RAIN", "RAIN.2")), HANDLES),
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


def funded() -> Pit:
    """A pit with money, an issuer alice, a specialist carol, and everybody a member."""
    pit = Pit()
    charter(pit)
    for who in WHO:
        roles = {"alice": "  roles: issuer\n", "carol": "  roles: specialist\n"}.get(who, "")
        said = f"admit {who} {WHO.index(who):040X}\n  mail: {who}@example.org\n{roles}{KEY}"
        step(pit, "operator", f"pit acme\n{said}")
    step(pit, "operator", 'pit acme\nasset EUR "Euro"\nrule unresolved 2d\n')
    return pit


def test_markets_are_taken_up_with_all_that_they_inherit() -> None:
    pit = funded()
    root = ROOT.format("mid", "dora bob")
    for said in (
        f'market RAIN "Rain"\n  min: 0\n  max: 100\n{root}  owner: dora\n',
        f'market RAIN "Rain"\n  min: 0\n  max: 100\n{root}  unit: 5\n  stake: 2.50\n',
        'market RAIN.2 "Some"\n  within: RAIN\n  min: 30\n  max: 80\n',
        'market RAIN.3 "Less"\n  within: RAIN.2\n  min: 40\n  max: 50\n  kind: owner-settled\n'
        "  dispute: 2h\n",
        'market RAIN.4 "Least"\n  within: RAIN.3\n  min: 41\n  max: 42\n',
        "rule unresolved 9d\n",
    ):
        step(pit, "operator" if said.startswith("rule") else "alice", f"pit acme\n{said}")
    other = again(pit)
    assert vars(other) == vars(pit)
    drivers = {code: one.driver for code, one in other.markets.items()}
    assert drivers == {"RAIN": "RAIN", "RAIN.2": "RAIN", "RAIN.3": "RAIN.3", "RAIN.4": "RAIN.3"}
    assert {one.unresolved for one in other.markets.values()} == {"2026-12-03T00:00:00.000000Z"}
    assert {other.specialists[code].handle for code in other.markets} == {"carol"}
    assert other.markets["RAIN.4"].dispute == 7200 and other.markets["RAIN.2"].dispute == 0
    assert other.tickers["RAIN.4"].unit == 5 and other.decimals("RAIN") is None
