"""Posts: what goes out follows from the archive alone, and carries every mail byte for byte."""

import re
from contextlib import suppress
from email import message_from_bytes, message_from_string
from email.header import decode_header, make_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pit.archives.entry import read_entry
from pit.archives.errors import Damaged
from pit.archives.mbox import Entry
from pit.moderator.original import originals
from pit.moderator.posts import BATCH, EACH, MAX_POST, Post, is_seal, posts
from tests.moderator.posted import ADDRESS, entries

MAIL = b"From: Alice <alice@example.org>\nTo: bob@example.org\nCc: eve@example.org\n\nhello\n"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
MAILS = st.one_of(
    st.binary(max_size=300).map(lambda data: MAIL + data),
    st.lists(st.sampled_from([b"From x", b"", b".", b"--pit-0", b" ", b"\t", b"\xff", b"a" * 990]))
    .map(lambda lines: MAIL + b"\n".join(lines)),
)  # fmt: skip
SIGNED = st.tuples(st.sampled_from(["alice", "operator", "notary"]), TEXTS, MAILS)
SEAL = st.just(("notary", "seal", b"a seal\n"))
RULE = st.sampled_from([EACH, BATCH]).map(
    lambda rule: ("operator", f"pit acme\nrule post {rule}\n", MAIL)
)
BATCHES = st.lists(
    st.lists(SIGNED | RULE, max_size=5).flatmap(lambda some: SEAL.map(lambda seal: [*some, seal])),
    min_size=1,
    max_size=6,
).map(lambda some: [one for batch in some for one in batch])


def made(archive: list[Entry], rule: str = EACH) -> list[Post]:
    return [post for post, _ in posts(archive, ADDRESS, rule)]


@given(BATCHES)
def test_every_mail_comes_out_of_its_post_as_it_went_into_the_archive(
    said: list[tuple[str, str, bytes]],
) -> None:
    archive = entries(said)
    found = [one for post in made(archive) for one in originals(post.mail)]
    assert [one.number for one in found] == list(range(1, len(found) + 1))  # no gap
    for one, entry in zip(found, archive, strict=False):
        stamp, mail = read_entry(entry.raw)
        assert (one.stamp, one.mail, one.signer) == (stamp.lines(), mail, entry.signer)
    assert all(is_seal(entry) for entry in archive[len(found) :])


@given(BATCHES)
def test_what_another_program_parses_and_prints_is_still_the_same(
    said: list[tuple[str, str, bytes]],
) -> None:
    for post in made(entries(said)):
        assert post.mail.isascii()
        again = message_from_string(post.mail.decode()).as_bytes()  # Mailman's way
        assert originals(again) == originals(post.mail)
        assert originals(post.mail.replace(b"\n", b"\r\n")) == originals(post.mail)


@given(BATCHES, st.integers(0, 40))
def test_posts_are_the_same_wherever_a_run_ended(
    said: list[tuple[str, str, bytes]], where: int
) -> None:
    archive = entries(said)
    seals = [entry.number for entry in archive if is_seal(entry)]
    end = max((number for number in seals if number <= where), default=0)
    before = list(posts(archive[:end], ADDRESS))
    done, rule = (before[-1][0].last, before[-1][1]) if before else (0, EACH)
    after = list(posts(archive[done:], ADDRESS, rule))
    assert before + after == list(posts(archive, ADDRESS))


@given(BATCHES)
def test_a_seal_rides_with_what_it_seals_and_never_goes_alone(
    said: list[tuple[str, str, bytes]],
) -> None:
    archive = entries(said)
    for post in made(archive):
        inside = archive[post.first - 1 : post.last]
        assert not all(is_seal(entry) for entry in inside)
        following = archive[post.last : post.last + 1]
        if following and is_seal(following[0]):
            assert is_seal(inside[-1])  # it seals nothing new, and waits for the next post


def test_a_post_is_from_the_pit_and_says_what_it_is() -> None:
    archive = entries(
        [("alice", "pit acme\n  id: 0123456789abcdef\nbuy 100 ACME @ 12.50\n", MAIL),
         ("notary", "seal", b"x\n")]
    )  # fmt: skip
    (post,) = made(archive)
    mail = message_from_bytes(post.mail)
    assert dict(mail.items()) == {
        "From": f"acme <{ADDRESS}>",
        "To": ADDRESS,
        "Subject": "acme 1 alice: buy 100 ACME @ 12.50",
        "Date": "Fri, 20 Nov 2026 00:00:01 +0000",
        "Message-ID": "<pit.acme.1-2@pits.example>",
        "List-Id": "<acme.pits.example>",
        "Auto-Submitted": "auto-generated",
        "Pit-Post": "acme 1-2",
        "MIME-Version": "1.0",
        "Content-Type": mail["Content-Type"],
    }
    shown, original, seal = mail.get_payload()
    assert "\n    buy 100 ACME @ 12.50\n" in shown.get_payload()
    assert (original.get_filename(), seal.get_filename()) == ("original.eml", "seal-2.eml")
    assert b"bob@example.org" not in post.mail and b"eve@example.org" not in post.mail


@given(TEXTS)
def test_no_text_steers_a_terminal_or_a_mail_program(text: str) -> None:
    (post,) = made(entries([("alice", f"pit acme\n{text}", MAIL), ("notary", "seal", b"x\n")]))
    mail = message_from_bytes(post.mail)
    subject = mail["Subject"]
    assert str(make_header(decode_header(subject))) == subject  # no encoded word
    assert re.fullmatch(r"acme 1 alice: [ -~]*", subject)
    shown = mail.get_payload()[0].get_payload(decode=True).decode()
    assert all(line.isprintable() for line in shown.split("\n"))
    assert len(re.findall("^Pit-Entry: ", shown, re.MULTILINE)) == 2  # none but the stamps


def test_one_post_a_batch_is_what_the_rule_says_from_the_next_entry_on() -> None:
    rule = ("operator", "pit acme\nrule post batch\n", MAIL)
    order, seal = ("alice", "pit acme\nbuy 1 A @ 1\n", MAIL), ("notary", "seal", b"x\n")
    archive = entries([order, rule, order, seal, seal, order, order, seal, seal])
    assert [(post.first, post.last) for post in made(archive)] == [(1, 1), (2, 2), (3, 4), (5, 8)]
    assert [after for _, after in posts(archive, ADDRESS)] == [EACH, BATCH, BATCH, BATCH]
    assert b"\nSubject: acme 6-7 alice: buy 1 A @ 1 (and 1 more)\n" in made(archive)[-1].mail


@given(st.lists(st.integers(0, 400_000), min_size=1, max_size=12), TEXTS)
def test_a_post_of_several_entries_has_a_mebibyte_at_most(sizes: list[int], text: str) -> None:
    archive = entries(
        [*(("alice", text, MAIL + b"x" * size) for size in sizes), ("notary", "seal", b"x\n")]
    )
    found = made(archive, BATCH)
    assert [post.first for post in found] == [1, *(post.last + 1 for post in found[:-1])]
    assert found[-1].last == len(archive)
    for post in found:
        assert len(post.mail) <= MAX_POST or post.last - post.first <= is_seal(
            archive[post.last - 1]
        )
    if sum(sizes) < 200_000:
        assert len(found) == 1


def test_a_changed_attachment_is_named() -> None:
    (post,) = made(entries([("alice", "pit acme\nx\n", MAIL), ("notary", "seal", b"x\n")]))
    (name,) = re.findall(rb"\n\n(RnJvb[^\n]+)\n", post.mail)
    changed = post.mail.replace(name, b"RnJvbQ" + name[6:])
    with pytest.raises(Damaged, match="the mail of entry 1 is not attached as it was stamped"):
        originals(changed)
    with pytest.raises(Damaged, match="there is no stamp in it"):
        originals(MAIL)


@given(st.binary(max_size=2000))
def test_anything_is_a_post_or_damaged(data: bytes) -> None:
    (post,) = made(entries([("alice", "pit acme\nx\n", MAIL), ("notary", "seal", b"x\n")]))
    head, _, body = post.mail.partition(b"\n\n")
    inside = post.mail.replace(b"base64\n", b"base64\n" + data)
    for odd in (data, head + b"\n\n" + data, data + b"\n" + post.mail, post.mail + data, inside):
        with suppress(Damaged):
            assert [one.mail for one in originals(odd)] == [MAIL, b"x\n"]
    assert originals(head + b"\n\n" + data + b"\n" + body)  # what stands above the first part
    with pytest.raises(Damaged, match="torn"):
        originals(post.mail.replace(b"\n\nRnJvb", b"\n\nRnJv"))


def test_parts_in_one_another_are_no_post_however_deep() -> None:
    deep = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (depth, depth)
        for depth in range(10_000)
    )
    with pytest.raises(Damaged):
        originals(b"From: a@b\nMIME-Version: 1.0\n" + deep + MAIL)
