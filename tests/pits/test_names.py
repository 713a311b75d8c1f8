"""Whatever the order of what is said about names, and of time: whose each is, by the pit alone."""

import random

from hypothesis import given
from hypothesis import strategies as st

from pit.archives.language import parse, parse_directives, show
from pit.pits import dump
from pit.pits.keyring import Keyring
from pit.pits.names import Name
from pit.pits.state import Pit
from pit.pits.trial import first_objection

ISSUERS = ("alice", "bob")
CODES = ("ONE", "TWO", "SIX")
START = "rule name-rest 9\nrule block 1s\nrule tokens 1\nrule words listing 1\n"
KEY = "  key:\n    not asked for here\n"
TICKER = 'ticker {} "A firm"\n  currency: EUR\n  tick: 0.01\n  lot: 1\n  specialist: sam\n'


def founded() -> Pit:
    """A pit with two issuers, one specialist, one keeper, and names that are asked for."""
    pit = Pit()
    said = 'pit acme\ncharter "A pit"\n  operator-key:\n    x\n  notary-key:\n    x\n'
    step(pit, "operator", said, 0)
    pit.name, pit.id = "acme", "1" * 64
    for number, (who, role) in enumerate(
        (("alice", "issuer"), ("bob", "issuer"), ("sam", "specialist"), ("kim", "keeper"))
    ):
        said = f"admit {who} {number:040X}\n  mail: {who}@example.org\n  roles: {role}\n{KEY}"
        step(pit, "operator", f"pit acme\n{said}", 0)
    step(pit, "operator", f'pit acme\nasset EUR "Euro"\nkeeper 1/1 kim\n{START}', 0)
    return pit


def step(pit: Pit, signer: str, text: str, seconds: int) -> None:
    number = pit.entry + 1
    time = f"2026-11-20T12:{seconds // 60:02}:{seconds % 60:02}.{number:06d}Z"
    pit.step(number, time, signer, parse(text, pit.words))
    pit.settle()


def again(pit: Pit) -> Pit:
    """The fold that its dump makes, through text; the dump is the same again."""
    lines = [show(one, dump.WHOLE) for one in dump.dump_whole(pit)]
    other = Pit()
    dump.load(other, parse_directives("".join(lines), dump.WHOLE).directives)
    assert [show(one, dump.WHOLE) for one in dump.dump_whole(other)] == lines
    return other


def instruction(rng: random.Random) -> str:
    """What an issuer says about names."""
    one, two = rng.choice(CODES), rng.choice(CODES)
    ticker = TICKER.format(one)
    kinds = [ticker, ticker, f"issue 5 {one}\n", f"close {one}\n", f"synonym {one} {two}\n"]
    return rng.choice(kinds)


def report(pit: Pit, rng: random.Random) -> tuple[str, str]:
    """Who says what about names: mostly something that there is to say."""
    head = f"pit acme\n  after: {pit.entry} {0:064x}\n"
    issued = [ref for name in pit.names.values() for ref in name.issued]
    if issued and rng.random() < 0.3:
        said = f'refuse alice/{rng.choice(issued)} "No."\n'
        return "kim", f"{head}report positions {pit.entry}\n{said}"
    one, two = rng.choice(CODES), rng.choice(CODES)
    lines = [f'closing {one} "so"\n', f"ended {one}\n", f"synonyms {one} of {two}\n"]
    for asked in pit.asked.values():
        lines += 3 * [f"listed {asked.code} {asked.name}\n"]
        lines += [f'unlisted {asked.code} {asked.name} "so"\n']
    for code, ref in pit.closes.items():
        lines += 3 * [f'closing {code} "so"\n'] + [f"preferred {code} {one} bob/{ref}\n"]
    for code, ticker in pit.tickers.items():
        lines += [f"ended {code}\n", f"synonyms {code} of {one}\n"] * ticker.closed
    return "sam", f"{head}report listing {pit.entry}\n{rng.choice(lines)}"


def check_owners(pit: Pit, before: dict[str, Name]) -> None:
    """Nobody has a name that was another's until that one had ended, nor asked for it before."""
    for code, name in before.items():
        after = pit.names[code]
        if after.ref != name.ref:
            assert name.ended and after.created > name.closed
        else:
            assert after.ended >= name.ended
    for code, ticker in pit.tickers.items():
        assert ticker.closed or not pit.names[code].ended
    for alias, of in pit.aliases.items():
        assert pit.names[alias].ended and of not in pit.aliases and not pit.names[of].ended


@given(st.integers(0, 2**32), st.integers(0, 79))
def test_a_name_has_one_owner_at_a_time_and_a_fold_goes_on_from_its_dump(
    seed: int, cut: int
) -> None:
    rng = random.Random(seed)
    whole = founded()
    part = again(whole)
    seconds = 1
    for number in range(80):
        seconds += rng.choice([0, 0, 0, 0, 1, 1, 2])
        signer, text = report(whole, rng)
        if rng.random() < 0.5:
            signer, text = rng.choice(ISSUERS), f"pit acme\n{instruction(rng)}"
        before = dict(whole.names)
        step(whole, signer, text, seconds)
        step(part, signer, text, seconds)
        check_owners(whole, before)
        if number == cut:
            part = again(part)
    assert vars(part) == vars(whole)
    assert vars(again(whole)) == vars(whole)


def test_a_name_is_free_by_the_time_that_the_entry_will_have() -> None:
    pit = founded()
    step(pit, "alice", f"pit acme\n{TICKER.format('ONE')}", 3)
    said = f"pit acme\n  after: {pit.entry} {0:064x}\nreport listing 1\n"
    step(pit, "sam", f"{said}listed ONE alice/{pit.entry}\n", 5)
    asks = parse(f"pit acme\n{TICKER.format('ONE')}", pit.words)
    before = pit.time
    assert pit.names["ONE"].created == 4
    for seconds, answer in ((11, (0, "ONE exists already")), (12, (-1, ""))):
        time = f"2026-11-20T12:00:{seconds}.500000Z"
        assert first_objection(asks, "bob", time, pit, Keyring()) == answer
        assert pit.time == before
    issue = parse("pit acme\nissue 5 ONE\n", pit.words)
    time = "2026-11-20T12:00:12.500000Z"
    answer = (0, "ONE was released: no shares by block 13")
    assert first_objection(issue, "alice", time, pit, Keyring()) == answer
