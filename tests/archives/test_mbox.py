"""The stream: its messages whatever the chunks, and no text that was not verified."""

import hashlib
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pit.archives.entry import read_entry, write_entry
from pit.archives.errors import Damaged
from pit.archives.mbox import (
    MAX_MESSAGE,
    Checkpoint,
    Draft,
    Entry,
    Message,
    _message,
    _opens,
    copying,
    entries,
    read,
    write_checkpoint,
    write_draft,
)
from tests.archives.mails import (
    ARMOR,
    BEGIN,
    HEAD,
    KEY,
    clearsigned,
    digest,
    mime,
    stamp,
    stream,
)
from tests.archives.strategies import STATE, directives_of, handles, signed_texts

DATA = Path(__file__).parent / "data"
EXAMPLE = (DATA / "example.mbox").read_bytes()
BAD = (DATA / "bad-10-13.mbox").read_bytes()
STARTS = [found.start() for found in re.finditer(rb"^From ", EXAMPLE, re.MULTILINE)]
ROOT = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
DATE = "Fri Nov 20 11:45:00 2026"
TEXT = b"pit acme\nbuy 1 ACME @ 2\n"
OTHER = b"pit acme\nbuy 100 ACME @ 2\n"
TOY = b"""\
From 1@toy.pit Fri Nov 20 11:45:00 2026
Pit-Entry: toy 1
Pit-Time: 2026-11-20T11:45:00.000001Z
Pit-Signer: alice

pit toy
buy 100 ACME @ 12.50

From 2@toy.pit Fri Nov 20 11:45:01 2026
Pit-Entry: toy 2
Pit-Time: 2026-11-20T11:45:01.000000Z
Pit-Signer: bob

pit toy
sell 60 ACME @ 12.40

"""
DRAFT = Draft("match", "carol", 18, "pit acme\nreport match 18\n")
CHECKPOINT = Checkpoint("match", 1060, ROOT, "rule match 1\nstanding carol 17\n")


def messages(data: bytes) -> list[Message]:
    return list(read([data]))


def damage(data: bytes) -> str:
    with pytest.raises(Damaged) as caught:
        messages(data)
    return str(caught.value)


def chunked(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return (data[a:b] for a, b in pairwise(places))


# The example archive.


def test_the_example_archive_reads_with_exact_stamps_and_texts() -> None:
    found = list(entries([EXAMPLE]))
    assert b"".join(entry.raw for entry in found) == EXAMPLE
    for number, entry in enumerate(found, 1):
        made, _ = read_entry(entry.raw)
        assert entry[:5] == ("acme", number, made.time, made.signer, made.fingerprint)
        assert digest(entry.text.encode()) == made.text
    assert [entry.text for entry in found[3:]] == [
        "pit acme\nbuy 100 ACME @ 12.50\n",
        "pit acme\nseal 4\n"
        "  root: ed1a966a1413c848ef3d48e654a472e0d314f16236fdd23ef05bf391fcf87d00\n"
        "  time: 2026-11-20T12:50:19.164102Z\n",
        'pit acme\nsay "zoë"\nFrom here on\n# - x\n- dash\n--\nsig\n',
        'pit acme\nsay "x"\n',
        "pit acme\nFrom me\nbuy 7 ACME @ 1.00\n",
        "pit acme\nseal 8\n"
        "  root: f6bbed58ea7ffdad0b3a57c81b94cb665d4ff1ea235d2b4bef9ff0f63c4e5157\n"
        "  time: 2026-11-20T12:50:19.200815Z\n",
    ]
    assert [entry.signer for entry in found] == (
        ["operator", "operator", "notary", "alice", "notary", "alice", "alice", "alice", "notary"]
    )


def test_an_archive_may_be_read_from_any_entry_on() -> None:
    whole = list(entries([EXAMPLE]))
    for number, start in enumerate(STARTS):
        assert list(entries([EXAMPLE[start:]])) == whole[number:]


def test_entries_that_must_never_have_been_stamped_are_refused() -> None:
    starts = [found.start() for found in re.finditer(rb"^From ", BAD, re.MULTILINE)]
    assert len(starts) == 4
    for number, (a, b) in enumerate(zip(starts, [*starts[1:], len(BAD)], strict=True), 10):
        assert damage(EXAMPLE + BAD[a:b]).startswith(f"entry {number}: its text is not the one")
        assert damage(BAD[a:b]).startswith(f"entry {number}: its text is not the one")


# Chunks.

MIXED = (
    EXAMPLE
    + write_draft(DRAFT, "acme", DATE)
    + write_draft(Draft("match", "-", 1, "pit acme\n"), "acme", DATE)
    + write_checkpoint(CHECKPOINT, "acme", DATE)
    + write_checkpoint(Checkpoint("positions", 0, "-", ""), "acme", DATE)
)


@settings(max_examples=150)
@given(st.lists(st.integers(min_value=0), max_size=12), st.sampled_from([MIXED, TOY]))
def test_the_messages_are_the_same_wherever_the_chunks_are_cut(
    cuts: list[int], data: bytes
) -> None:
    assert list(read(chunked(data, cuts))) == messages(data)


def test_the_messages_are_the_same_byte_by_byte_and_from_no_chunk_comes_none() -> None:
    for data in (MIXED, TOY):
        assert list(read(data[i : i + 1] for i in range(len(data)))) == messages(data)
    assert list(read([])) == list(read([b"", b""])) == []


def test_every_message_comes_as_soon_as_the_next_one_has_begun() -> None:
    passed: list[bytes] = []
    chunks = [EXAMPLE[a:b] for a, b in zip(STARTS, [*STARTS[1:], len(EXAMPLE)], strict=True)]
    for number, _ in enumerate(read(copying(chunks, passed.append)), 1):
        assert len(passed) <= number + 1
    assert b"".join(passed) == EXAMPLE


def test_a_message_longer_than_the_limit_is_refused_before_it_is_all_in_memory() -> None:
    def endless() -> Iterator[bytes]:
        yield b"From match@acme.pit x\nPit-Checkpoint: match 1 -\n\n"
        while True:
            yield b"ended 1042\n" * 200_000

    with pytest.raises(Damaged, match=f"a message longer than {MAX_MESSAGE} bytes: 'From match@"):
        list(read(endless()))


# Texts.

IN_MIME = mime(b"Content-Type: text/plain\n\n" + TEXT[:-1])
SHAPES = {
    "clearsigned": clearsigned(TEXT),
    "blanks": clearsigned(TEXT.replace(b"\n", b" \t\n")),
    "mime": IN_MIME,
    "base64": mime(
        b"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n"
        b"cGl0IGFjbWUKYnV5IDEgQUNNRSBAIDIK"
    ),
    "no final line end": clearsigned(TEXT)[:-1],
    "many final line ends": clearsigned(TEXT) + b"\n\n\n",
    "no hash line": HEAD + b"\n-----BEGIN PGP SIGNED MESSAGE-----\n\n" + TEXT + ARMOR,
}


@pytest.mark.parametrize("first", SHAPES)
@pytest.mark.parametrize("second", SHAPES)
def test_two_entries_with_one_text_both_come_out_whatever_their_shapes(
    first: str, second: str
) -> None:
    data = stream(
        (TEXT, SHAPES[first]), (TEXT, SHAPES[second]), (OTHER, clearsigned(OTHER)), (TEXT, IN_MIME)
    )
    found = list(entries([data]))
    assert [entry.text.encode() for entry in found] == [TEXT, TEXT, OTHER, TEXT]
    assert [read_entry(entry.raw)[1] for entry in found] == [
        *(SHAPES[first], SHAPES[second], clearsigned(OTHER), IN_MIME)
    ]


def test_a_text_that_does_not_hash_to_pit_text_is_damaged() -> None:
    good = stream((TEXT, clearsigned(TEXT)), (TEXT, clearsigned(TEXT)))
    charter = b'pit acme\ncharter "Acme"\n'
    closed = stream((charter, clearsigned(charter)), (TEXT, clearsigned(TEXT)))
    wrong = (clearsigned(OTHER), mime(b"\n" + OTHER), HEAD, b"", b"\n")
    bare = HEAD + b"\n" + TEXT  # signed by nobody: only in an open stream is that a text
    for above, shape in [*((good, shape) for shape in wrong), (closed, bare)]:
        made = write_entry(stamp(3, TEXT, shape), shape)
        assert damage(above + made) == (
            "entry 3: its text is not the one that the notary verified: no part of the mail has "
            f"the sha256 in Pit-Text, {digest(TEXT)}"
        )


@pytest.mark.parametrize(
    "mail",
    [
        HEAD + b"\n" + BEGIN + OTHER + ARMOR + b"\n" + BEGIN + TEXT + ARMOR,
        HEAD + b"\nhello\n\n" + BEGIN + OTHER + b"\n" + BEGIN + TEXT + ARMOR,
        HEAD + b"Subject:\n " + BEGIN + OTHER + b"\n" + BEGIN + TEXT + ARMOR,
        HEAD + b"\n" + BEGIN + BEGIN + TEXT + ARMOR,
        mime(b"\n" + BEGIN + OTHER + ARMOR + TEXT),
        mime(b"\n" + TEXT[:-1], preamble=b"\n" + BEGIN + OTHER + ARMOR),
        clearsigned(BEGIN + OTHER + ARMOR + TEXT),
        clearsigned(TEXT + b"--\n " + BEGIN + OTHER),
    ],
)
def test_a_nested_marker_can_hide_a_text_but_never_give_another(mail: bytes) -> None:
    for text in (TEXT, OTHER, TEXT + b"--\n " + BEGIN + OTHER, BEGIN + OTHER + ARMOR + TEXT):
        data = stream((text, mail), (TEXT, clearsigned(TEXT)))
        try:
            found = messages(data)
        except Damaged as error:
            assert str(error).startswith("entry 1: its text is not the one")
        else:
            assert [message.text.encode() for message in found] == [text, TEXT]


def test_a_block_quoted_inside_a_signed_text_is_part_of_that_text() -> None:
    inner = TEXT + BEGIN + OTHER + ARMOR
    (entry,) = messages(stream((inner, clearsigned(inner))))
    assert entry.text.encode() == inner


def test_a_text_that_is_not_utf_8_is_damaged() -> None:
    text = b'pit acme\nsay "zo\xeb"\n'
    assert damage(stream((TEXT, clearsigned(TEXT)), (text, clearsigned(text)))).startswith(
        "entry 2: its text is not UTF-8"
    )


# Open streams.


def test_the_open_stream_of_the_design_reads() -> None:
    one, two = messages(TOY)
    assert one[:6] == (
        *("toy", 1, "2026-11-20T11:45:00.000001Z", "alice", ""),
        "pit toy\nbuy 100 ACME @ 12.50\n",
    )
    assert two[:6] == (
        *("toy", 2, "2026-11-20T11:45:01.000000Z", "bob", ""),
        "pit toy\nsell 60 ACME @ 12.40\n",
    )


HEADS = ["", "From: Alice <alice@example.org>\nSubject: x\n"]
BODIES = [
    'pit toy\nsay "a"\n\nsay "b"\n',
    f'{BEGIN.decode()}pit toy\nsay "a"\n\nsay "b"\n{ARMOR.decode()}',
]


@pytest.mark.parametrize("body", BODIES, ids=["bare", "clearsigned"])
@pytest.mark.parametrize("head", HEADS, ids=["no headers", "headers"])
@pytest.mark.parametrize("stamped", range(4))
@pytest.mark.parametrize("signer", ["alice", f"alice {KEY}", f"alice {KEY} 2026-11-20T12:50:19Z"])
def test_an_open_stream_may_lack_the_fingerprint_and_the_last_stamp_lines(
    signer: str, stamped: int, head: str, body: str
) -> None:
    text = 'pit toy\nsay "a"\n\nsay "b"\n'
    last = [f"Pit-Text: {digest(text.encode())}\n", f"Pit-Mail: 1 {ROOT}\n", f"Pit-Prev: {ROOT}\n"]
    for lines in (last[:stamped], last[3 - stamped :]):
        if lines[:1] == last[:1] and body == BODIES[0]:
            continue  # what has a Pit-Text must be signed
        made = "".join(
            f"From {number}@toy.pit {DATE}\nPit-Entry: toy {number}\n"
            f"Pit-Time: 2026-11-20T11:45:0{number}.000000Z\nPit-Signer: {signer}\n"
            f"{''.join(lines)}{head}\n{body}\n"
            for number in (1, 2)
        ).encode()
        found = messages(made)
        assert [(entry.text, entry.fingerprint) for entry in found if isinstance(entry, Entry)] == [
            (text, signer.partition(" ")[2][:40])
        ] * 2


def test_a_missing_last_blank_line_or_more_of_them_change_no_text() -> None:
    for data in (TOY, EXAMPLE):
        expected = [message.text for message in messages(data)]
        for changed in (data[:-1], data[:-2], data + b"\n", data + b"\n\n\n"):
            assert [message.text for message in messages(changed)] == expected


def test_an_open_stream_may_go_on_from_an_open_checkpoint() -> None:
    start = TOY.index(b"From 2@")
    saved = write_checkpoint(Checkpoint("match", 1, "-", ""), "toy", DATE)
    assert [message.text for message in messages(saved + TOY[start:])] == [
        *("", "pit toy\nsell 60 ACME @ 12.40\n")
    ]


def unverified(raw: bytes) -> bytes:
    return re.sub(rb"Pit-Text: [0-9a-f]+\n", b"", raw)


CHARTER = EXAMPLE[: STARTS[1]]
TAMPERED = unverified(EXAMPLE[STARTS[3] : STARTS[4]]).replace(b"buy 100", b"buy 999")


@pytest.mark.parametrize(
    "data",
    [
        EXAMPLE[: STARTS[3]] + TAMPERED + EXAMPLE[STARTS[4] :],
        EXAMPLE[STARTS[2] : STARTS[3]] + TAMPERED,
        TAMPERED + EXAMPLE[STARTS[4] :],  # begins later than entry 1, without a checkpoint
        write_checkpoint(CHECKPOINT, "acme", DATE) + TAMPERED,
        EXAMPLE[: STARTS[3]] + TAMPERED.replace(b"buy", b"charter"),
        EXAMPLE[: STARTS[3]] + re.sub(rb"(Pit-Signer: alice).*", rb"\1", TAMPERED),
        EXAMPLE[: STARTS[3]] + TAMPERED.replace(b"\nPit-Mail", b"\nPit-Text: \nPit-Mail"),
        write_draft(DRAFT, "acme", DATE) + TAMPERED,
    ],
)
def test_only_an_open_stream_may_hold_a_text_that_nobody_verified(data: bytes) -> None:
    for size in (1, 1000, len(data)):
        with pytest.raises(Damaged, match=r"entry 4: its Pit-Text is missing"):
            list(read(data[i : i + size] for i in range(0, len(data), size)))


def test_a_charter_cannot_lack_its_pit_text() -> None:
    for text in (CHARTER, CHARTER.replace(b"pit acme\n", b"# a\n\npit acme\n  id: 0\n\n# b\n")):
        assert damage(unverified(text) + EXAMPLE[STARTS[1] :]).startswith("entry 1: its Pit-Text")


def test_a_stream_that_only_says_charter_somewhere_is_open() -> None:
    for line in (b'say "charter "', b"# charter ", b"cancel 1\ncharter x", b"charterer"):
        data = TOY.replace(b"buy 100 ACME @ 12.50", line)
        assert len(messages(data)) == 2


# Drafts and checkpoints.


@given(handles, handles | st.just("-"), st.integers(1, 10**15 - 1), signed_texts())
def test_a_draft_comes_back_as_it_was_written(
    name: str, signer: str, number: int, text: str
) -> None:
    draft = Draft(name, signer, number, text.rstrip("\n") + "\n")
    data = write_draft(draft, "acme", DATE)
    assert messages(data) == [draft]
    assert messages(TOY + data + data)[2:] == [draft, draft]


@given(
    handles,
    st.integers(0, 10**15 - 1),
    st.sampled_from(["-", ROOT]),
    st.lists(directives_of(STATE), max_size=4)
    .map("".join)
    .map(lambda text: f"{text.rstrip()}\n" if text else ""),
)
def test_a_checkpoint_comes_back_as_it_was_written(
    name: str, number: int, root: str, text: str
) -> None:
    checkpoint = Checkpoint(name, number, root, text)
    data = write_checkpoint(checkpoint, "acme", DATE)
    assert messages(data) == [checkpoint]
    assert messages(data + EXAMPLE)[0] == checkpoint


def test_the_messages_of_the_design_read_as_they_say() -> None:
    data = f"""\
From match@acme.pit Fri Nov 20 11:45:00 2026
Pit-Draft: match carol 18

pit acme
  after: 1060 {ROOT}
report match 18
fill 100 ACME @ 12.50 alice/1042 bob/1043

From match@acme.pit Fri Nov 20 11:45:00 2026
Pit-Checkpoint: match 1060 {ROOT}

rule match 1
standing carol 17

"""
    draft, checkpoint = messages(data.encode())
    assert draft[:3] == ("match", "carol", 18)
    assert draft.text.endswith("\nfill 100 ACME @ 12.50 alice/1042 bob/1043\n")
    assert checkpoint == CHECKPOINT
    assert isinstance(draft, Draft)
    assert isinstance(checkpoint, Checkpoint)
    assert write_draft(draft, "acme", DATE) + write_checkpoint(checkpoint, "acme", DATE) == (
        data.encode()
    )


def test_an_archive_holds_entries_alone() -> None:
    for more in (write_draft(DRAFT, "acme", DATE), write_checkpoint(CHECKPOINT, "acme", DATE)):
        with pytest.raises(Damaged, match="an archive holds entries alone"):
            list(entries([EXAMPLE + more]))


# Damage.


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        (b"Pit-Entry: toy 2", b"Pit-Entry: toy 02", "'From 2@toy.pit"),
        (b"Pit-Entry: toy 2", b"Pit-Entry: Toy 2", "'From 2@toy.pit"),
        (b"Pit-Entry: toy 2", b"Pit-Entry: toy 1" + b"0" * 15, "'From 2@toy.pit"),
        (b"Pit-Entry: toy 2", b"Pit-Entry: toy " + b"9" * 5000, "'From 2@toy.pit"),
        (b"Pit-Entry: toy 2\n", b"", "'From 2@toy.pit"),
        (b"Pit-Entry: toy 2\n", b"Pit-Entry: toy 2\n folded\n", "'From 2@toy.pit"),
        (b"Pit-Entry: toy 2\n", b"Pit-Entry: toy 2\r\n", "'From 2@toy.pit"),
        (b"From 2", b"from 2", "entry 1"),
        (b"11:45:01.000000Z", b"11:45:01Z", "'From 2@toy.pit"),
        (b"11:45:01.000000Z", b"11:45:61.000000Z", "'From 2@toy.pit"),
        (b"11:45:01.000000Z", b"24:45:01.000000Z", "entry 2: 2026-11-20T24"),
        (b"2026-11-20T11:45:01.", b"2026-11-31T11:45:01.", "entry 2: 2026-11-31T11"),
        (b"2026-11-20T11:45:01.", b"0000-11-30T11:45:01.", "entry 2: 0000-11-30T11"),
        (b"Pit-Signer: bob", b"Pit-Signer: Bob", "'From 2@toy.pit"),
        (b"Pit-Signer: bob", b"Pit-Signer: bob 13EB", "'From 2@toy.pit"),
        (b"Pit-Signer: bob", b"Pit-Signer: " + b"b" * 33, "'From 2@toy.pit"),
        (b"Pit-Signer: bob", b"Pit-Signer: -", "'From 2@toy.pit"),
        (b"Pit-Signer: bob\n", b"Pit-Signer: bob\nPit-Text: 123\n", "entry 2: its Pit-Text is"),
        (b"pit toy\nsell", b"pit toy\n\xff\nsell", "entry 2: its text is not UTF-8"),
    ],
)
def test_a_malformed_message_is_damaged_and_named(old: bytes, new: bytes, place: str) -> None:
    before, found, behind = TOY.rpartition(old)
    assert found
    if place == "entry 1":  # no message begins here: it is the text of the one before
        assert "from 2@toy.pit" in messages(before + new + behind)[0].text
    else:
        assert damage(before + new + behind).startswith(place)


@pytest.mark.parametrize(
    "data",
    [
        b"x",
        b"\n",
        b"\n" + TOY,
        b"\xef\xbb\xbf" + TOY,
        b"From x\n\nhello\n\n",
        TOY.replace(b"\n", b"\r\n"),
        EXAMPLE.replace(b"\n", b"\r\n"),
        EXAMPLE[1:],
        b"From x\nPit-Draft: match carol 0\n\n",
        b"From x\nPit-Draft: match carol " + b"9" * 5000 + b"\n\n",
        b"From x\nPit-Draft: match Carol 1\n\n",
        b"From x\nPit-Draft: match carol 1\nSubject: x\n\n",
        b"From x\nPit-Draft: match carol 1\n\n\xff\n\n",
        b"From x\nPit-Checkpoint: match 1060 open\n\n",
        b"From x\nPit-Checkpoint: match " + b"9" * 5000 + b" -\n\n",
        b"From x\nPit-Checkpoint: ../match 1 -\n\n",
        b"From x\nPit-Checkpoint: match 1 -\n\n\xff\n\n",
    ],
)
def test_what_is_no_stream_is_damaged_with_its_beginning(data: bytes) -> None:
    beginning = repr(data[:60].decode("ascii", "backslashreplace"))
    assert damage(data).startswith(beginning[:10])


tokens = st.sampled_from(
    [
        *(b"From ", b"From 1@acme.pit x\n", b"\n", b"\n\n", b"\n\nFrom ", b">From x\n", b"\r\n"),
        *(b"Pit-Entry: acme 1\n", b"Pit-Time: 2026-11-20T11:45:00.000001Z\n", b"Pit-Signer: a\n"),
        *(f"Pit-Text: {digest(TEXT)}\n".encode(), b"Pit-Draft: match a 1\n", TEXT, HEAD, BEGIN),
        *(b"Pit-Checkpoint: match 1 -\n", ARMOR, b"\xff", b"x", b"Pit-Prev: 0\n", b"--b\n"),
        *(stream((TEXT, IN_MIME)), clearsigned(TEXT), TOY, b"Content-Type: multipart/signed;"),
    ]
)


def the_long_way(data: bytes) -> Iterator[Message]:
    position, opened = 0, bool(data) and _opens(data)
    while position < len(data):
        message, position = _message(data, position, len(data), opened)
        yield message


def outcome(messages: Iterator[Message]) -> tuple[list[Message], str]:
    """What is read before it is Damaged, and how."""
    found = []
    try:
        for message in messages:
            found.append(message)
    except Damaged as error:
        return found, str(error)
    return found, ""


def check(data: bytes, cuts: list[int]) -> None:
    """It is read or Damaged; an entry with a Pit-Text has the text of that hash.

    Both ways of reading say the same.
    """
    assert outcome(read([data])) == outcome(the_long_way(data))
    try:
        found = list(read(chunked(data, cuts)))
    except Damaged:
        return
    for message in found:
        if isinstance(message, Entry):
            stated = re.match(rb"(?:.*\n){4}Pit-Text: ([0-9a-f]{64})\n", message.raw)
            if stated:
                assert digest(message.text.encode()) == stated[1].decode()


@settings(max_examples=300)
@given(st.lists(tokens, max_size=12).map(b"".join), st.lists(st.integers(min_value=0), max_size=3))
def test_garbage_is_damaged_and_nothing_else(data: bytes, cuts: list[int]) -> None:
    check(data, cuts)


@settings(max_examples=300)
@given(st.data())
def test_a_damaged_archive_gives_no_text_of_another_hash(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([MIXED, MIXED, TOY]))
    at = data.draw(st.integers(0, len(whole)))
    end = at + data.draw(st.sampled_from([0, 1, 2, 60, 700]))
    put = data.draw(st.binary(max_size=2) | tokens)
    check(whole[:at] + put + whole[end:], [at])


@pytest.mark.parametrize("data", [EXAMPLE, BAD, MIXED], ids=["example", "bad", "mixed"])
def test_both_ways_read_the_same(data: bytes) -> None:
    assert outcome(read([data])) == outcome(the_long_way(data))


@pytest.mark.parametrize(
    "body",
    [
        *(b"pit toy\n", b"pit toy \nx\n", b"pit toy\n \t\n", b"x\r\n", b"\n x\n", b"x\n\ny\n"),
        *(b"x\n>From y\n", b"x\n>>y\n", b"- x\n", b"x\n\n\n", b"x", b"", b"\n", b"\xff\n"),
        *("\u00e4\n".encode(), "\u00e4\u2028\n".encode(), clearsigned(TEXT), b"x\nPit-Text: 1\n"),
    ],
)
def test_both_ways_read_a_bare_text_the_same(body: bytes) -> None:
    start, end = TOY.index(b"From 2@"), TOY.rindex(b"pit toy")
    entry = TOY[start:end] + body + b"\n"
    for data in (TOY[:start] + entry, TOY[:start] + entry + TOY[start:], EXAMPLE + entry + EXAMPLE):
        assert outcome(read([data])) == outcome(the_long_way(data))


@settings(max_examples=200)
@given(st.integers(0, len(EXAMPLE) - 1), st.integers(0, 7))
def test_a_changed_bit_of_an_archive_makes_no_new_text(at: int, bit: int) -> None:
    known = iter([message.text for message in messages(EXAMPLE)])
    changed = EXAMPLE[:at] + bytes([EXAMPLE[at] ^ 1 << bit]) + EXAMPLE[at + 1 :]
    assert outcome(read([changed])) == outcome(the_long_way(changed))
    try:
        found = [message.text for message in read([changed])]
    except Damaged:
        return
    assert all(text in known for text in found)  # in order; a lost one leaves a gap in the numbers


def test_an_archive_that_is_torn_inside_a_text_is_damaged() -> None:
    for size in range(
        STARTS[3] + len("From "), EXAMPLE.index(b"-----BEGIN PGP SIGNATURE", STARTS[3])
    ):
        assert damage(EXAMPLE[:size])


def test_in_an_open_stream_a_hashed_text_may_be_signed_by_nobody() -> None:
    text = b"pit toy\nbuy 1 ACME @ 2\n"
    digest = hashlib.sha256(text).hexdigest().encode()
    entry = (
        b"From 1@toy.pit Fri Nov 20 11:45:00 2026\nPit-Entry: toy 1\n"
        b"Pit-Time: 2026-11-20T11:45:00.000001Z\nPit-Signer: alice\nPit-Text: " + digest + b"\n"
        b"Subject: order\n\n" + text + b"\n"
    )
    (found,) = read([entry])
    assert isinstance(found, Entry)
    assert found.text == text.decode()
    with pytest.raises(Damaged):
        list(read([entry.replace(b"buy 1", b"buy 2")]))
