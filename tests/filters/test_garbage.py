"""No input ends in a traceback: whatever a stream holds, a filter refuses it with a sentence."""

import hashlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pit.archives import mbox
from pit.archives.errors import Misconfigured, PitError
from pit.archives.mbox import Checkpoint, Entry, write_checkpoint, write_draft
from pit.filters.match import Match
from pit.filters.positions import Positions
from pit.filters.runner import Run
from pit.filters.settle import Settle
from pit.filters.tokens import Tokens
from tests.filters import market_sessions
from tests.filters.sessions import Archive, at, fill_in, found, instructions, play, replay

FILTERS = [Match, Positions, lambda: Positions((2, 3)), Settle, Tokens]


def stream(session_seed: int) -> bytes:
    """A whole stream in bytes: a checkpoint, entries, drafts, a checkpoint."""
    session = play(session_seed, shards=1, chaos=True, count=12)
    cut = len(session.archive.entries) // 2
    run = replay(session.archive, Match, cut)
    pieces = [write_checkpoint(run.checkpoint(), "acme", run.date)]
    for entry in session.archive.entries[cut - 3 :]:
        pieces.append(as_stored(entry))
    late = session.archive
    late.say("alice", "buy 1 ACME @ 10.00")
    late.seal()
    run = replay(late, Positions)
    pieces += [write_draft(draft, "acme", run.date) for draft in run.drafts()]
    pieces.append(write_checkpoint(run.checkpoint(), "acme", run.date))
    return b"".join(pieces)


def as_stored(entry: Entry) -> bytes:
    """An entry with its text hashed and clearsigned by nobody."""
    digest = hashlib.sha256(entry.text.encode()).hexdigest()
    return (
        f"From {entry.number}@acme.pit Fri Nov 20 11:45:00 2026\nPit-Entry: acme {entry.number}\n"
        f"Pit-Time: {entry.time}\nPit-Signer: {entry.signer}\nPit-Text: {digest}\n\n"
        f"-----BEGIN PGP SIGNED MESSAGE-----\n\n{entry.text}-----BEGIN PGP SIGNATURE-----\n\n"
    ).encode()


def open_stream() -> bytes:
    """An open stream: plain texts of members whom nobody checked."""
    said = instructions(random.Random(4), ["alice", "bob", "carol"], 60)
    return "".join(
        f"From {n}@toy.pit Fri Nov 20 11:45:00 2026\nPit-Entry: toy {n}\n"
        f"Pit-Time: {at(n).isoformat(timespec='microseconds')}Z\nPit-Signer: {member}\n\n"
        f"pit toy\n{fill_in(text, target, list(range(1, 99)), 1)}\n\n"
        for n, (member, text, target) in enumerate(said, 1)
    ).encode()


def open_markets() -> bytes:
    """An open stream in which markets are founded, traded, narrowed, disputed and settled."""
    session = market_sessions.play(7, shards=1, chaos=False, count=40)
    asset = 'pit toy\nasset EUR "Euro"\n'
    texts = [(1, "alice", asset)]
    for entry in session.archive.entries[1:]:
        said = entry.text.partition("\n")[2].partition("\n")[2]
        if not said.startswith(("admit", "seal", "keeper", "report", "rule")):
            texts.append((entry.number, entry.signer, f"pit toy\n{said}"))
    return "".join(
        f"From {n}@toy.pit Fri Nov 20 11:45:00 2026\nPit-Entry: toy {n}\n"
        f"Pit-Time: {at(number).isoformat(timespec='microseconds')}Z\nPit-Signer: {signer}\n\n"
        f"{text}\n\n"
        for n, (number, signer, text) in enumerate(texts, 1)
    ).encode()


STREAM, OPEN, MARKETS = stream(3), open_stream(), open_markets()


KINDS = (b"\nbound ", b"\nsettle ", b"\ndispute ", b"\nmarket ")


def feed(data: bytes, make: object) -> None:
    run = Run(make())  # type: ignore[operator]
    for message in mbox.read([data]):
        run.feed(message)
    run.drafts()
    run.checkpoint()


def test_the_whole_streams_are_read() -> None:
    feed(STREAM, Match)
    for make in FILTERS:
        feed(OPEN, make)
        feed(MARKETS, make)
    assert all(verb in MARKETS for verb in KINDS)


@pytest.mark.parametrize("seed", range(12))
def test_a_stream_changed_anywhere_is_read_or_refused(seed: int) -> None:
    rng = random.Random(seed)
    lines = (STREAM, OPEN, MARKETS)[seed % 3].split(b"\n")
    words = b" ".join(lines).split(b" ")
    refused = 0
    for _ in range(120):
        changed = list(lines)
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(changed))
            match rng.randrange(5):
                case 0:
                    changed[at] = rng.choice(lines)
                case 1:
                    del changed[at]
                case 2:
                    changed.insert(at, rng.choice(lines))
                case 3:
                    parts = changed[at].split(b" ")
                    parts[rng.randrange(len(parts))] = rng.choice(words)
                    changed[at] = b" ".join(parts)
                case _:
                    changed[at] = changed[at][: rng.randint(0, len(changed[at]))]
        try:
            feed(b"\n".join(changed), rng.choice(FILTERS))
        except PitError as error:
            refused += 1
            assert str(error)
    assert refused > 10


ROOT = (
    "  currency: EUR\n  tick: 1\n  specialist: sam\n  expiry: 2026-11-21\n  void: mid\n"
    "  panel: bob\n  resolution:\n    x\n  dispute: 1s\n"
)
FOUND = (
    f'market RAIN "x"\n  min: 0\n  max: 100\n{ROOT}',
    'market RAIN.2 "x"\n  within: RAIN\n  min: 0\n  max: 50',
    'market RAIN.2 "x"\n  within: RAIN\n  min: 1\n  max: 50\n  kind: owner-settled',
)


@settings(max_examples=250, deadline=None)
@given(
    st.lists(st.sampled_from(["alice", "bob", "operator", "sam", "keeper1", "issuer"]), min_size=1),
    st.data(),
)
def test_directives_of_any_kind_in_any_order_are_folded(
    signers: list[str], data: st.DataObject
) -> None:
    """What the notary would never stamp: still no traceback, and the books add up."""
    archive: Archive = found(["alice", "bob"], 1)
    lines = [
        "cancel 3", "cancel 999", "payout 12", "withdraw 5 EUR", "withdraw 5 NONE",
        "deposit alice 1 EUR", "deposit nobody 1 EUR", "deposit alice 999999999999999 EUR",
        "issue 5 ACME", "issue 0.5 ACME", "transfer 1 EUR to bob", "transfer 1 ACME to nobody",
        "buy 1 ACME @ 10.00", "buy 0 ACME @ 10.00", "sell 1 NONE @ 1", "buy 1 ACME @ 10.01",
        "suspend alice", "restore alice", "expel bob", "grant trader to alice", "adopt 5",
        "keeper 1/1 alice", "keeper 1/2 keeper1", "specialist ACME sue", "rule freshness 1d",
        'ticker ACME "again"\n  currency: EUR\n  tick: 1\n  lot: 1\n  specialist: sam',
        "report match 1\nfill 1 ACME @ 10.00 alice/20 bob/21",
        "report match 7\nleaves alice/3 0 late 4",
        "report positions 1\naccept alice/20\nrefuse bob/21 \"no\"", 'refuse alice/25 "away"',
        *FOUND, "buy 1 RAIN @ 50", "sell 1 RAIN @ 50", "buy 1 RAIN.2 @ 0", "sell 1 RAIN @ market",
        "bound RAIN 35 60", "bound RAIN.2 35 60", "settle RAIN 47", "settle NONE 1",
        'dispute RAIN "no"\n  stake: 1', 'dispute RAIN "no"', "verdict 30 owner",
        "verdict 31 void", "issue 1 RAIN", "transfer 1 RAIN to bob", "specialist RAIN sue",
        "report settle 1\nbounded RAIN 35 60", "report settle 1\nsettled RAIN void",
        'report settle 1\nsettled RAIN 47\nmove 1 EUR from alice/30 to bob "x"',
        'move 1 EUR from bob/30 to alice "x"', "report match 1\nfill 1 RAIN @ 50 alice/30 bob/31",
    ]  # fmt: skip
    for text in FOUND[:2]:
        archive.say("issuer", text)
    for signer in signers:
        archive.say(signer, data.draw(st.sampled_from(lines)))
    archive.seal()
    for make in (Match, Positions, Settle):
        run = replay(archive, make)
        checkpoint = run.checkpoint()
        again = Run(make())
        again.feed(checkpoint)
        assert again.checkpoint() == checkpoint


@pytest.mark.parametrize("name", ["match", "positions", "settle"])
def test_an_unknown_rules_version_ends_the_filter_with_78(name: str) -> None:
    archive = found(["alice"], 1)
    make = {"match": Match, "positions": Positions, "settle": Settle}[name]
    unknown = max(make.versions) + 1
    archive.say("operator", f"rule {name} {unknown}")
    archive.seal()
    with pytest.raises(Misconfigured, match=f"rule {name} {unknown}") as error:
        replay(archive, make)
    assert error.value.status == 78
    other = Positions if name == "match" else Match
    replay(archive, other)


def test_a_checkpoint_of_another_archive_is_refused() -> None:
    one, two = found(["alice"], 1), found(["alice"], 1)
    for archive in (one, two):
        archive.say("alice", "buy 1 ACME @ 10.00")
        archive.seal()
    run = Run(Match())
    checkpoint = replay(one, Match).checkpoint()
    run.feed(checkpoint._replace(text=checkpoint.text.replace(checkpoint.root, "0" * 64)))
    with pytest.raises(PitError, match="another archive"):
        run.feed(two.entries[two.sealed])


def test_a_checkpoint_that_is_no_text_of_ours_is_refused_with_what_to_do() -> None:
    run = Run(Match())
    with pytest.raises(PitError, match="remove it"):
        run.feed(Checkpoint("match", 3, "0" * 64, "nonsense 1 2\n"))
