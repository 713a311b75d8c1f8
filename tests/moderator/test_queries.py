"""Questions in signed mail: taken once, remembered, never archived."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pit.archives.errors import Damaged
from pit.archives.language import LanguageError, parse
from pit.moderator.ledger import Instruction
from pit.moderator.notary import Notary
from pit.moderator.queries import Memory
from pit.pits import spool
from pit.pits.queries import VIEWS, WORDS, Asked, asks, check, pack, unpack
from tests.moderator.test_crash import run_killed
from tests.moderator.test_pgp_mime import HEAD, PROGRAMS, signer
from tests.moderator.world import NAME, NOW, World, copied, mail_of, replied

BOOK = "show book ACME\n"


def waiting(world: World) -> list[Asked]:
    """The questions that the notary took, in order."""
    return [unpack(spool.take(path)) for path in spool.waiting(world.home.asked(NAME))]


def unanchored(world: World, text: str, who: str = "alice") -> bytes:
    """A mail whose text says neither `id:` nor `after:`."""
    return mail_of(world.keys.sign(who, f"pit {NAME}\n{text}"), who, "Message-ID: <q@example.org>")


def test_a_question_waits_for_its_answer_and_is_no_entry(world: World) -> None:
    before = world.archive
    assert world.codes(unanchored(world, BOOK)) == ["query"]
    assert world.archive == before
    assert world.replies() == []
    (asked,) = waiting(world)
    assert asked == Asked(
        NAME,
        "alice",
        "alice@example.org",
        world.keys.prints["alice"],
        asked.signed,
        asked.digest,
        "<q@example.org>",
        f"pit {NAME}\n{BOOK}",
    )


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_question_may_come_as_mail_programs_sign(world: World, program: str) -> None:
    text = f"pit {NAME}\n{BOOK}"
    mail = PROGRAMS[program](text.encode(), signer(world.keys), head=HEAD)
    assert world.codes(mail) == ["query"]
    assert [one.text for one in waiting(world)] == [text]


@pytest.mark.parametrize("text", ["help\n", "help buy\n", "show holdings\n", "show book\nhelp\n"])
def test_what_ties_an_order_to_the_pit_may_stand_there(world: World, text: str) -> None:
    seal = world.text(text, world.last_seal())
    mails = [unanchored(world, text), world.mail(text), mail_of(world.keys.sign("alice", seal))]
    assert world.codes(*mails) == ["query"] * 3


def test_the_same_signature_is_answered_once(world: World) -> None:
    mail = unanchored(world, BOOK)
    assert world.codes(mail, mail) == ["query", "duplicate"]
    assert world.codes(mail) == ["duplicate"]
    assert len(waiting(world)) == 1
    assert world.replies() == []


def test_the_notary_says_how_many_asked(world: World) -> None:
    world.put(unanchored(world, BOOK), world.mail("buy 7 ACME @ 12.50\n"))
    with Notary(world.home, NAME) as notary:
        report = notary.run()
    assert report.summary() == "stamped 1, refused 0, answered 0, asked 1, quarantined 0; sealed 9"
    assert json.loads(report.json())["asked"] == 1
    assert report.decisions[0].line() == "asked alice query: show book ACME"


REFUSED = [
    ("another pit", "pit other\nshow book\n", "'other' is another pit"),
    ("another pit's id", f"pit {NAME}\n  id: {'0' * 16}\nshow book\n", "is another pit"),
    (
        "a seal of another history",
        f"pit {NAME}\n  after: 1 {'0' * 64}\nshow book\n",
        "one is forged",
    ),
    ("no view", f"pit {NAME}\nshow bok\n", "write book or tape"),
    ("small letters", f"pit {NAME}\nshow book acme\n", "write capitals"),
    ("capitals", f"pit {NAME}\nshow statement ALICE\n", "a name like alice"),
    ("a capital word", f"pit {NAME}\nHelp\n", "Write it small: `help`"),
    ("no pit line", "help\n", "the first line must be `pit NAME`"),
    ("too many", f"pit {NAME}\n" + "help\n" * 51, "more than 50 questions"),
    ("one word too many", f"pit {NAME}\nshow book ACME now\n", "one word too many"),
]


@pytest.mark.parametrize(
    ("text", "said"), [row[1:] for row in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_a_question_that_is_wrong_is_refused_without_a_record(
    world: World, text: str, said: str
) -> None:
    before = world.archive
    mail = mail_of(world.keys.sign("alice", text))
    world.run(mail, mail)
    assert world.codes(mail) == ["duplicate"]
    assert world.archive == before
    assert waiting(world) == []
    (reply,) = world.replies()
    assert said in " ".join(reply.split())
    assert "Nothing was recorded" in reply


def test_questions_among_instructions_are_refused_and_nothing_of_them_is_done(world: World) -> None:
    texts = ["show book\nbuy 7 ACME @ 12.50\n", "buy 7 ACME @ 12.50\nhelp\n"]
    assert world.codes(*(world.mail(text) for text in texts)) == ["words", "words"]
    assert waiting(world) == []
    assert "buy 7" not in world.archive.decode()
    for reply in world.replies():
        assert "send questions in a mail of their own" in " ".join(reply.split())


def test_who_has_no_right_here_is_refused_without_a_record(world: World) -> None:
    before = world.archive
    old = mail_of(world.keys.sign("alice", f"pit {NAME}\nhelp\n", NOW - timedelta(days=8)))
    erin = world.keys.sign("erin", f"pit {NAME}\nhelp\n", NOW - timedelta(days=2))
    mails = [old, unanchored(world, "help\n", "carol"), mail_of(erin, "erin")]
    assert world.codes(*mails) == ["right"] * 3
    assert waiting(world) == []
    assert world.archive == before
    assert [replied(one) for one in world.replies()] == ["refusal acme right"] * 3


def test_who_is_not_proven_is_not_answered(world: World) -> None:
    mallory = mail_of(world.keys.sign("mallory", f"pit {NAME}\nhelp\n"), "mallory")
    other = mail_of(world.keys.sign("alice", f"pit {NAME}\nhelp\n"), "bob")
    changed = unanchored(world, "help\n").replace(b"\nhelp\n", b"\nshow book\n")
    assert world.codes(mallory, other, changed) == ["key", "key", "signature"]
    assert (waiting(world), world.replies()) == ([], [])


def test_a_filters_own_words_come_first() -> None:
    assert asks("pit acme\nshow book\n")
    assert not asks('pit acme\nsay "show book"\n')
    assert not asks("pit acme\n# help\nbuy 1 ACME @ 1\n")
    assert not asks("pit acme\nhelping\n")
    assert not asks("pit acme\nbuy 1 ACME @ 1\n--\nhelp\n")


@pytest.mark.parametrize("half", [0, pytest.param(1, marks=pytest.mark.long)])
def test_a_notary_killed_at_any_write_takes_a_question_at_least_once(
    stands: World, half: int
) -> None:
    question, order = unanchored(stands, BOOK), stands.mail("buy 7 ACME @ 12.50\n")
    stray = mail_of(stands.keys.sign("alice", stands.text("buy 8 ACME @ 1\n")) + b"-- \nAlice\n")
    died, step = True, half - 1
    while died:
        step += 2
        with copied(stands) as world:
            world.put(question, order, stray)
            died = run_killed(world, step)
            world.run()
            assert spool.waiting(world.home.spool(NAME)) == []
            assert {one.text for one in waiting(world)} == {f"pit {NAME}\n{BOOK}"}
            assert "refusal acme shape" in map(replied, world.replies())
            assert world.codes(question, stray) == ["duplicate", "shape"]
            assert world.replies() == []
            assert world.archive.count(b"\nshow book") == 0
    assert step > 30


# --- the memory -------------------------------------------------------------------------------


def instruction(day: int, number: int) -> Instruction:
    return Instruction("A" * 40, f"2026-11-{day:02}T12:00:00Z", f"{number:064x}")


def test_the_memory_outlives_its_program(tmp_path: Path) -> None:
    path = tmp_path / "queries"
    one, two = instruction(20, 1), instruction(20, 2)
    Memory(path).add([one], "2026-11-14T00:00:00Z")
    again = Memory(path)
    assert (again.knows(one), again.knows(two)) == (True, False)
    again.add([one, two], "2026-11-14T00:00:00Z")
    assert path.read_text().count("\n") == 2


@pytest.mark.parametrize("cut", [1, 30, 126])
def test_a_line_that_a_crash_cut_short_is_forgotten_and_none_is_glued_to_it(
    tmp_path: Path, cut: int
) -> None:
    path = tmp_path / "queries"
    kept, lost, new = (instruction(20, number) for number in (1, 2, 3))
    Memory(path).add([kept], "2026-11-14T00:00:00Z")
    Memory(path).add([lost], "2026-11-14T00:00:00Z")
    path.write_bytes(path.read_bytes()[:-cut])
    memory = Memory(path)
    assert [memory.knows(one) for one in (kept, lost)] == [True, False]
    memory.add([new], "2026-11-14T00:00:00Z")
    assert [Memory(path).knows(one) for one in (kept, lost, new)] == [True, False, True]


def test_what_is_too_old_to_come_again_leaves_the_file(tmp_path: Path) -> None:
    path = tmp_path / "queries"
    for day in range(1, 21):
        many = [instruction(day, 1000 * day + number) for number in range(150)]
        Memory(path).add(many, f"2026-11-{max(1, day - 7):02}T12:00:00Z")
        assert len(path.read_text().splitlines()) < 8 * 150 + 1000 + 150
    assert Memory(path).knows(instruction(20, 20_000))
    assert not Memory(path).knows(instruction(1, 1000))


# --- words ------------------------------------------------------------------------------------


def test_every_view_is_asked_for_as_its_example_says() -> None:
    for name, view in VIEWS.items():
        text = parse(f"pit acme\nshow {view.example}\n", WORDS)
        check(text)
        assert text.directives[0].args[0] == name


@pytest.mark.parametrize(
    "text", ["help", "help buy", "show book", "show orders alice", "show book\n"]
)
def test_a_comment_changes_nothing(text: str) -> None:
    plain = parse(f"pit acme\n{text}\n", WORDS)
    commented = parse(f"pit acme\n# please\n\n{text}\n--\n  Alice\n", WORDS)
    assert plain.directives == commented.directives


WORD = st.from_regex(r"[A-Za-z][A-Za-z0-9.-]{0,9}", fullmatch=True)


@given(st.sampled_from(["help", "show", "show book", "show orders", "show rules"]), st.lists(WORD))
def test_a_question_is_read_or_refused_with_its_place(verb: str, words: list[str]) -> None:
    line = " ".join([verb, *words])
    text = f"pit acme\n{line}\n"
    assert asks(text)
    try:
        check(parse(text, WORDS))
    except LanguageError as error:
        assert (error.line, 1 <= error.column <= len(line) + 1) == (2, True)


ASKED = st.builds(
    Asked,
    st.just("acme"),
    st.sampled_from(["alice", "bob"]),
    st.just("alice@example.org"),
    st.just("A" * 40),
    st.just("2026-11-20T12:50:19Z"),
    st.just("0" * 64),
    st.sampled_from(["", "<x@example.org>"]),
    st.text(st.characters(codec="utf-8")).map(lambda text: f"pit acme\n{text}"),
)


@given(ASKED)
def test_a_question_comes_back_as_it_was_put(asked: Asked) -> None:
    assert unpack(pack(asked)) == asked


@given(st.binary())
def test_a_file_that_is_no_question_is_named_damaged(data: bytes) -> None:
    with pytest.raises(Damaged, match=re.escape("Pit-Asked: ")):
        unpack(data)
