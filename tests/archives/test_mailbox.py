"""The archive as a mailbox: exact bytes, read-only, never past the last seal."""

import email.policy
import gc
import io
import mailbox
import random
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pit.archives.entry import read_entry
from pit.archives.errors import Damaged, NoInput
from pit.archives.mailbox import Archive, last_entry
from tests.archives.made import (
    PIT,
    Mail,
    ends,
    mail_of,
    raw_entries,
    seal,
    sealed,
    write_archive,
    write_mark,
)

AFTER = [
    b"",
    b"From here on it is talk\n",
    b">From quoted, >>From twice\n>>From at the line's beginning\n",
    b"\nFrom x@y Thu Jan  1 00:00:00 1970\nSubject: no mail\n\nno entry\n",
    b"no newline at the end",
    b"\n\n\n",
    "Grüße, 日本, \u202e\n".encode(),
    b"\xe9\xff\x00 bytes of no charset\n",
    b"\nFrom ",
    b"From: \n\nFrom \nFrom\n",
    b"\r\r \t\n",
]
HEADS = [
    b"From: Alice <alice@example.org>\nSubject: order\n",
    b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nFrom: alice@example.org\n",
    b"Subject: folded\n\tonce\n  twice\nX-Long: " + b"x" * 2000 + b"\n",
    b"Content-Type: multipart/mixed; boundary=open\nSubject: never closed\n",
    b"Received: from x by y\nReceived: from y by z\nSubject: \xe9\n",
]


def mails(count: int, seed: int) -> list[Mail]:
    draw = random.Random(seed)
    return sealed(
        (
            mail_of(f"pit acme\nsay {n}\n".encode(), draw.choice(HEADS), draw.choice(AFTER))
            for n in range(count)
        ),
        every=9,
    )


MAILS = mails(300, 1)
RAWS = raw_entries(MAILS)
CLOSED = ends(MAILS)[9:29:10]


@pytest.fixture(
    scope="module", params=[(), (0,), (0, 1, 2)], ids=["plain", "one gzipped", "gzipped"]
)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive in three segments."""
    return write_archive(tmp_path_factory.mktemp("box") / "a", RAWS, CLOSED, request.param)


def exact(number: int) -> bytes:
    """What entry `number` must give: its stamp, and the mail that was sent."""
    lines = RAWS[number - 1].split(b"\n", 7)[1:7]
    return b"\n".join(lines) + b"\n" + MAILS[number - 1].mail


def test_every_message_is_the_stamp_and_the_mail_byte_for_byte(folder: Path) -> None:
    box = Archive(folder, PIT)
    assert len(MAILS) > 300
    assert box.keys() == list(range(1, len(MAILS) + 1))
    for number in box.keys():  # noqa: SIM118
        stamp, mail = read_entry(RAWS[number - 1])
        assert box.get_bytes(number) == exact(number) == stamp.lines() + mail
        assert box.get_bytes(number, from_=True).partition(b"\n")[2] == exact(number)


def test_the_bytes_are_the_same_in_any_order(folder: Path) -> None:
    box = Archive(folder, PIT)
    order = random.Random(2).choices(box.keys(), k=60)
    assert [box.get_bytes(number) for number in order] == [exact(number) for number in order]


def test_pythons_own_mailbox_gives_other_bytes(folder: Path) -> None:
    data = b"".join(RAWS)
    (folder / "all").write_bytes(data)
    theirs = mailbox.mbox(folder / "all")
    assert len(theirs) == len(RAWS)
    same = sum(theirs.get_bytes(n) == exact(n + 1) for n in range(len(RAWS)))
    assert same < len(RAWS) / 2
    (folder / "all").unlink()


def test_a_copy_into_another_mailbox_keeps_the_messages(folder: Path, tmp_path: Path) -> None:
    box = Archive(folder, PIT, range(5, 260, 7))
    for kind in (mailbox.mbox, mailbox.Maildir):
        copy = kind(tmp_path / kind.__name__)
        for message in box:
            copy.add(message)
        copy.flush()
        assert len(copy) == len(box)
        found = sorted(int(message["Pit-Entry"].split()[1]) for message in copy)
        assert found == box.keys()
        copy.close()


def test_a_message_has_its_from_line_and_parses(folder: Path) -> None:
    box = Archive(folder, PIT)
    for number, message in box.items():
        first = RAWS[number - 1].partition(b"\n")[0].decode()
        assert message.get_from() == first.removeprefix("From ")
        assert message["Pit-Entry"] == f"acme {number}"
        parsed = email.message_from_bytes(box.get_bytes(number), policy=email.policy.default)
        assert parsed["Pit-Signer"].startswith(MAILS[number - 1].signer)


def test_a_selection_is_a_mailbox_of_its_numbers(folder: Path) -> None:
    box = Archive(folder, PIT, [40, 7, 299, 7])
    assert (len(box), box.keys(), list(box.iterkeys())) == (3, [7, 40, 299], [7, 40, 299])
    assert 40 in box and 41 not in box and 0 not in box and "40" not in box
    assert [message["Pit-Entry"] for message in box] == ["acme 7", "acme 40", "acme 299"]
    assert [entry.number for entry in map(box.entry, box.iterkeys())] == box.keys()
    assert box.get(41) is None
    for wrong in (41, 0, -1, 10**20):
        with pytest.raises(KeyError):
            box.get_bytes(wrong)


def test_what_does_not_stand_cannot_be_selected(folder: Path) -> None:
    assert len(Archive(folder, PIT, [])) == 0
    for wrong in ([0], [len(RAWS) + 1, 3]):
        with pytest.raises(NoInput, match=f"does not stand; acme ends at {len(RAWS)}"):
            Archive(folder, PIT, wrong)


def test_a_factory_makes_the_messages(folder: Path) -> None:
    box = Archive(folder, PIT, [3, 4], factory=lambda file: file.read())
    assert list(box) == [exact(3), exact(4)]
    with box.get_file(4) as file:
        assert file.read() == exact(4)


def test_nothing_can_be_changed(folder: Path) -> None:
    box = Archive(folder, PIT)
    before = {path: path.read_bytes() for path in folder.glob("*.mbox*")}
    message = box[1]
    changes = [
        lambda: box.add(message),
        lambda: box.remove(1),
        lambda: box.discard(1),
        lambda: box.__delitem__(1),
        lambda: box.__setitem__(1, message),
        lambda: box.update({1: message}),
        lambda: box.pop(1),
        lambda: box.popitem(),
        lambda: box.clear(),
    ]
    for change in changes:
        with pytest.raises(io.UnsupportedOperation, match="read-only"):
            change()
    for nothing in (box.lock, box.flush, box.unlock, box.close):
        nothing()
    assert len(box) == len(MAILS)
    assert box.get_bytes(1) == exact(1)
    assert {path: path.read_bytes() for path in folder.glob("*.mbox*")} == before


def test_nothing_past_the_last_seal_is_in_it(tmp_path: Path) -> None:
    for count in range(len(RAWS) - 20, len(RAWS) + 1):
        folder = write_archive(tmp_path / "a", [*RAWS[:count], b"From torn\n"], CLOSED)
        box = Archive(folder, PIT)
        assert box.last == len(box) == max(end for end in ends(MAILS) if end <= count)
        assert count + 1 not in box


def test_nothing_past_the_mark_is_in_it(tmp_path: Path) -> None:
    folder = write_archive(tmp_path / "a", RAWS)
    write_mark(folder, RAWS, 10)
    assert Archive(folder, PIT).keys() == list(range(1, 11))
    (folder / "mark").write_text(f"mark acme 0 0000000001.mbox 0 {'0' * 64}\n")
    assert Archive(folder, PIT).keys() == []
    assert last_entry(folder, PIT) == 0


def test_it_stays_what_it_was_when_it_was_opened(tmp_path: Path) -> None:
    folder = write_archive(tmp_path / "a", RAWS[:10])
    box = Archive(folder, PIT)
    write_archive(folder, RAWS[:40])
    assert len(box) == 10
    assert [box.get_bytes(number) for number in box.iterkeys()] == list(map(exact, range(1, 11)))
    assert len(Archive(folder, PIT)) == 40


def test_a_damaged_entry_is_named_when_it_is_read_and_no_other(tmp_path: Path) -> None:
    raws = [*RAWS]
    raws[4] = raws[4].replace(b"say 4", b"say 5")
    box = Archive(write_archive(tmp_path / "a", raws, CLOSED), PIT)
    assert box.get_bytes(4) == exact(4)
    assert box.get_bytes(7) == exact(7)
    for _ in range(2):
        with pytest.raises(Damaged, match="entry 5"):
            box.get_bytes(5)
    assert box.get_bytes(6) == exact(6)


def test_an_archive_that_shrinks_is_damaged(tmp_path: Path) -> None:
    box = Archive(write_archive(tmp_path / "a", RAWS), PIT)
    write_archive(tmp_path / "a", RAWS[:10])
    with pytest.raises(Damaged):
        box.get_bytes(250)


def test_a_folder_without_an_archive_is_no_input(tmp_path: Path) -> None:
    with pytest.raises(NoInput):
        Archive(tmp_path, PIT)


def test_of_a_selection_only_the_numbers_are_kept(tmp_path: Path) -> None:
    big = [mail_of(b"pit acme\nsay 1\n", after=b"x" * 100_000) for _ in range(300)]
    folder = write_archive(tmp_path / "a", raw_entries([*big, seal(301)]))
    gc.collect()
    tracemalloc.start()
    box = Archive(folder, PIT, range(1, 301))
    for number in box.iterkeys():
        assert len(box.get_bytes(number)) > 100_000
    assert tracemalloc.get_traced_memory()[1] < 12_000_000  # of 30 million bytes
    tracemalloc.stop()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.binary(max_size=60), st.booleans()), min_size=1, max_size=6))
def test_whatever_stands_below_a_signature_comes_back(
    tmp_path_factory: pytest.TempPathFactory, after: list[tuple[bytes, bool]]
) -> None:
    made = [
        mail_of(
            f"pit acme\nsay {n}\n".encode(),
            after=b"\nFrom " * quoted + tail.replace(b"\r\n", b"\n"),
        )
        for n, (tail, quoted) in enumerate(after)
    ]
    made.append(seal(len(made) + 1))
    folder = write_archive(tmp_path_factory.mktemp("any") / "a", raw_entries(made))
    box = Archive(folder, PIT)
    assert len(box) == len(made)
    for number, one in enumerate(made, 1):
        assert box.get_bytes(number).endswith(one.mail)
        assert box.get_bytes(number)[: -len(one.mail)].count(b"\n") == 6
