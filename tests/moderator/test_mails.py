"""The corpus of hostile mail (tests/mails) before a real notary: only what is whole passes."""

import json
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from pit.archives.entry import read_entry
from pit.pits.home import Home
from tests.conftest import Shell, environment
from tests.mails import table
from tests.mails.coded import encodings
from tests.mails.pair import RECORDED, Pair
from tests.mails.parts import mail
from tests.mails.pen import Pen
from tests.mails.senders import INNOCENT
from tests.mails.sent import ENROLLED, Fate, Sent, entries, fates, peopled, revoked, send
from tests.moderator.world import NAME, World, copied, founded, short_folder

PAIRS = [*table.CLEARSIGNED, *table.MIME]
SECONDS, MEMORY = 60, 768 << 20
"""What a notary may spend on all enormous mails: CPU time, address space."""


class Ran(NamedTuple):
    """A pit to which the corpus was sent: before and after, in entries; each pair's fate."""

    world: World
    pen: Pen
    fates: list[Fate]
    first: int
    replies: list[str]
    quarantined: list[bytes]


@pytest.fixture(scope="module")
def peopled_pit() -> Iterator[tuple[World, Pen]]:
    with short_folder() as folder:
        pen = Pen(folder / "k")
        try:
            with founded(pen.keys) as world:
                peopled(world, pen)
                yield world, pen
        finally:
            pen.keys.close()


@pytest.fixture(scope="module")
def ran(peopled_pit: tuple[World, Pen]) -> Iterator[Ran]:
    world, pen = peopled_pit
    with copied(world) as pit:
        first = len(entries(pit))
        done = fates(pit, pen, PAIRS)
        yield Ran(pit, pen, done, first, pit.replies(), pit.quarantined())


def allowed(pair: Pair) -> set[str]:
    return {"stamped" if code == "-" else code for code in pair.code.split()}


def said(sent: Sent) -> str:
    return f"{sent.name}: {sent.outcome} {sent.says}"


def test_the_corpus_has_a_mail_for_each_rule_and_no_name_twice() -> None:
    names = [pair.name for pair in [*PAIRS, *table.HUGE, *table.REVOKED]]
    assert len(names) == len(set(names)) > 300
    codes = {code for pair in [*PAIRS, *table.HUGE] for code in pair.code.split()}
    assert {"loop", "size", "shape", "key", "signature", "right", "words", "after"} <= codes


def test_each_hostile_mail_is_refused_by_the_rule_that_is_for_it(ran: Ran) -> None:
    wrong = [
        f"{said(fate.hostile)}; should be {fate.pair.code}"
        for fate in ran.fates
        if fate.hostile.code not in allowed(fate.pair)
    ]
    assert wrong == []


def test_each_good_twin_is_taken(ran: Ran) -> None:
    """Even if the hostile mail bore the same signature: only a recorded refusal uses it up."""
    wrong = [
        said(fate.good)
        for fate in ran.fates
        if fate.good.code != ("duplicate" if same_instruction(fate) else "stamped")
    ]
    assert wrong == []


def same_instruction(fate: Fate) -> bool:
    """Whether the first mail was taken, as it may be, and the twin is the same signature again."""
    return fate.hostile.code == "stamped" and fate.good.outcome == f"duplicate {fate.hostile.entry}"


def test_nothing_of_a_hostile_mail_reaches_the_archive_but_the_refusal_of_what_was_proven(
    ran: Ran,
) -> None:
    stamped = {
        one.entry: one.mail for fate in ran.fates for one in fate[1:] if one.code == "stamped"
    }
    refused = [one.code for fate in ran.fates for one in fate[1:] if one.code in RECORDED]
    found = []
    for number, entry in entries(ran.world).items():
        if number in stamped:
            _, stored = read_entry(entry.raw)
            assert stored == stamped[number].replace(b"\r\n", b"\n")
        elif number > ran.first:
            assert entry.signer == "notary"
            said_here = entry.text.split("\n")[1:]
            found += [line for line in said_here if line.startswith("refused ")]
            assert f"seal {number - 1}" in said_here or said_here[1] == found[-len(said_here) + 2]
    assert sorted(line.split()[-1] for line in found) == sorted(refused)
    told = "".join(ran.replies)
    assert all(f"\n{line}\n" in told for line in found)


def test_a_mail_that_proves_nothing_is_kept_byte_for_byte_behind_two_lines(ran: Ran) -> None:
    kept = dict(
        re.fullmatch(rb"(Pit-.*\nPit-.*\n)([\s\S]*)", one).groups()[::-1] for one in ran.quarantined
    )
    silent = [fate.hostile for fate in ran.fates if fate.hostile.silent]
    assert len(kept) == len(ran.quarantined) == len(silent)
    for sent in silent:
        head = kept[sent.mail].decode("ascii")
        assert re.fullmatch(rf"Pit-Refused: {sent.code}\nPit-Reason: [ -~]+\n", head), head


def test_answers_go_to_proven_senders_alone_and_could_not_be_answered(ran: Ran) -> None:
    enrolled = {f"{who}@example.org" for who in ENROLLED}
    for reply in ran.replies:
        head, _, _ = reply.partition("\n\n")
        (to,) = re.findall("^To: (.*)$", head, re.MULTILINE)
        assert to.lower() in enrolled
        assert "\nAuto-Submitted: auto-replied\n" in head
        assert head.startswith("Return-Path: <>\n")
        assert not re.search("^(?:Cc|Bcc|Reply-To):", head, re.MULTILINE | re.IGNORECASE)
    answered = [sent for fate in ran.fates for sent in fate[1:] if not sent.silent]
    astray = [one for one in ran.replies if f"\nPit-Reply: refusal {NAME} shape\n" in one]
    assert len(ran.replies) - len(astray) == len(answered)
    # Whoever signed a whole block in a larger body, or more than a text, is told so, once, at his
    # own address.
    assert 0 < len(astray) < 50
    assert all("\nTo: alice@example.org\n" in one for one in astray)


def test_no_answer_can_steer_a_terminal(ran: Ran) -> None:
    for reply in ran.replies:
        odd = {
            c
            for c in reply
            if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Co")
        }
        assert odd == set(), reply


def test_no_reason_can_steer_a_terminal(ran: Ran) -> None:
    """`pit notary -v` prints them."""
    assert [one.says for fate in ran.fates for one in fate[1:] if not one.says.isprintable()] == []


def test_no_name_in_a_mail_becomes_a_file(ran: Ran) -> None:
    root = ran.world.home.root
    assert sorted(path.name for path in root.iterdir()) == ["archives", "pits"]
    for path in root.rglob("*"):
        assert not {"escaped", "x", "passwd", "bob"} & set(path.relative_to(root).parts), path
    assert not Path("/tmp/escaped").exists()
    assert not (root.parent / "x").exists()


def test_what_a_reader_finds_in_the_archive_is_what_gpg_finds_in_the_mail(ran: Ran) -> None:
    stood = entries(ran.world)
    seen = 0
    for fate in ran.fates:
        if fate.good.code == "stamped" and b"\n-----BEGIN PGP SIGNED" in fate.good.mail:
            text = ran.pen.keys.gpg("--decrypt", data=fate.good.mail)
            assert lines(text) == lines(stood[fate.good.entry].text.encode()), fate.pair.name
            seen += 1
    assert seen > 200


def test_an_audit_with_gpgs_opinion_on_every_entry_finds_all_in_order(ran: Ran) -> None:
    shell = Shell(ran.world.home.root)
    report = json.loads(shell("audit", "--json", "--full", "--second-opinion", "all"))
    assert report["second_opinion"] == {"asked": report["entries"], "disagrees": []}


def lines(text: bytes) -> list[bytes]:
    """Without the blanks at line ends, which no clearsignature covers."""
    return [line.rstrip(b" \t") for line in text.removesuffix(b"\n").split(b"\n")]


def test_headers_that_mean_nothing_here_change_nothing(peopled_pit: tuple[World, Pen]) -> None:
    world, pen = peopled_pit
    mails = {name: mail(pen.block(), field) for name, field in INNOCENT.items()} | encodings(pen)
    with copied(world) as pit:
        done = send(pit, mails)
        assert [said(sent) for sent in done if sent.code != "stamped"] == []
        assert {re.search("^To: (.*)$", one, re.MULTILINE)[1] for one in pit.replies()} == {
            "alice@example.org"
        }


def test_a_revoked_key_gives_no_right_whatever_time_its_signatures_name(
    peopled_pit: tuple[World, Pen],
) -> None:
    world, pen = peopled_pit
    with copied(world) as pit:
        assert [said(sent) for sent in revoked(pit, pen) if sent.code != "stamped"] == []
        done = fates(pit, pen, table.REVOKED)
        assert [
            said(one.hostile) for one in done if one.hostile.code not in allowed(one.pair)
        ] == []
        assert [said(one.good) for one in done if one.good.code != "stamped"] == []


def test_a_mail_decided_before_is_answered_and_never_stands_twice(
    peopled_pit: tuple[World, Pen],
) -> None:
    world, pen = peopled_pit
    clear, mime, refused = mail(pen.block()), pen.mime(), mail(pen.block("byu 7\n"))
    twice = mail(pen.block())
    with copied(world) as pit:
        first = [sent.entry for sent in send(pit, {"c": clear, "m": mime, "r": refused})]
        before = len(entries(pit))
        again = {
            "as it was": clear,
            "with another header": b"X: y\n" + clear,
            "with CRLF": clear.replace(b"\n", b"\r\n"),
            "through a pipe": b"From alice Mon Nov 20 2026\n" + clear,
            "with blanks at a line's end": clear.replace(b"12.50\n", b"12.50 \t\n"),
        }
        done = send(pit, {**again, "mime": mime.replace(b"\n", b"\r\n"), "refused": refused})
        assert {sent.outcome for sent in done[:5]} == {f"duplicate {first[0]}"}
        assert done[5].outcome == f"duplicate {first[1]}"
        assert done[-1].code == "words"
        assert len(entries(pit)) == before
        one, two = send(pit, {"1": twice, "2": b"Subject: again\n" + twice})  # in one batch
        assert (one.code, two.outcome) == ("stamped", f"duplicate {one.entry}")


def test_enormous_mails_cost_bounded_time_and_memory(
    peopled_pit: tuple[World, Pen], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    world, pen = peopled_pit
    figures: dict[str, int] = {}
    request.node.user_properties.append(("enormous mails", figures))
    good = {}
    paths = []
    for pair in table.HUGE:
        mails = pair.make(pen)
        good[pair.name] = mails.good
        paths.append(tmp_path / pair.name)
        paths[-1].write_bytes(mails.hostile)
    with copied(world) as pit:
        found = limited(pit.home, paths)
        for pair, (code, spent, peak) in zip(table.HUGE, found, strict=True):
            figures[f"MiB at most, {spent:4} ms of CPU: {pair.name}"] = peak
            assert code.partition(" ")[0] in allowed(pair), f"{pair.name}: {code}"
        done = send(pit, good)
    for (code, _, _), sent in zip(found, done, strict=True):
        same = code.startswith("stamped") and sent.outcome == code.replace("stamped", "duplicate")
        assert same or sent.code == "stamped", said(sent)


def limited(home: Home, paths: list[Path]) -> list[tuple[str, int, int]]:
    """What a notary under limits says of these mails: outcome, milliseconds, MiB."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.mails.child", str(home.root), str(SECONDS), str(MEMORY)],
        input="".join(f"{path}\n" for path in paths).encode(),
        capture_output=True,
        cwd=Path(__file__).parents[2],
        env=environment(),
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return [tuple(one) for one in json.loads(done.stdout)]
