"""Reader and notary see the same order, whatever happened to a mail: and GnuPG sees it too."""

import email
import os
import re
from collections import Counter
from collections.abc import Iterator
from email.utils import getaddresses
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pit.archives import mime
from pit.archives.cut import canonical
from pit.moderator.rules import TAKEN
from pit.pits.clearsigned import split
from tests.fuzz.bench import (
    WORDS,
    Made,
    bench,
    check_language,
    check_splitter,
    read_back,
    refused,
)
from tests.fuzz.mutations import CODINGS, EDITS, ESCAPES, Edit, applied
from tests.mails.parts import BEGIN, SIGNATURE

EXAMPLES = int(os.environ.get("PIT_FUZZ", "400"))
GPG = 20
"""One in so many of the mails that are taken is shown to gpg."""


@pytest.fixture(scope="module")
def pit() -> Iterator[Made]:
    with bench() as made:
        yield made


def test_whatever_mail_is_taken_readers_and_gpg_find_the_text_that_was_signed(
    pit: Made, tmp_path: Path
) -> None:
    good = pit.good()
    names = sorted(good)
    signed = {name: pit.bench.decide(one)[0].block.text for name, one in good.items()}
    seen: Counter[str] = Counter()

    @settings(deadline=None, max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(names), EDITS)
    def run(name: str, edits: list[Edit]) -> None:
        changed = applied(good[name], edits)
        case, verdict = pit.bench.decide(changed)
        seen[verdict.code or "taken"] += 1
        if verdict.follows != TAKEN:
            return
        text = case.block.text
        assert text == signed[name]
        assert [case.mail.sender] == senders(changed)
        assert read_back(case.data, text) == text.decode()
        if not case.mail.in_mime:
            assert grepped(case.data) == grepped(text)
        if seen["taken"] % GPG == 1:
            seen["shown to gpg"] += 1
            assert gpgs(pit, changed, tmp_path) == text

    run()
    assert seen["taken"] > EXAMPLES / 20, seen
    assert {"shape", "shown to gpg"} <= set(seen), seen


def grepped(data: bytes) -> list[bytes]:
    """The lines that begin with a verb, which grep takes for directives (LANGUAGE, Reports)."""
    verbs = "|".join(WORDS).encode()
    return [line.rstrip(b" \t") for line in re.findall(rb"(?m)^(?:%b)(?: .*)?$" % verbs, data)]


def senders(data: bytes) -> list[str]:
    """The addresses in From by Python's email package."""
    data = data.partition(b"\n")[2] if data.startswith(b"From ") else data
    found = email.message_from_bytes(data).get_all("From")
    return [address for _, address in getaddresses([str(one) for one in found])]


def gpgs(pit: Made, data: bytes, folder: Path) -> bytes:
    """The text by gpg and Python's email package, which know nothing of ours."""
    data = data.partition(b"\n")[2] if data.startswith(b"From ") else data
    data = data.replace(b"\r\n", b"\n")
    if b"\nContent-Type: multipart/signed" not in data.partition(b"\n\n")[0]:
        head, _, body = data.partition(b"\n\n")
        if not body.startswith(BEGIN + b"\nHash: "):  # gpg takes MD5 for meant (RFC 4880, 7)
            body = body.replace(BEGIN, BEGIN + b"\nHash: SHA256", 1)
        return canonical(pit.pen.keys.gpg("--decrypt", data=head + b"\n\n" + body))
    boundary = b"--" + email.message_from_bytes(data).get_boundary().encode()
    _, octets, armor, _ = data.split(b"\n" + boundary)
    (folder / "part").write_bytes(octets.removeprefix(b"\n").replace(b"\n", b"\r\n"))
    (folder / "part.asc").write_bytes(armor)
    pit.pen.keys.gpg("--verify", str(folder / "part.asc"), str(folder / "part"))
    return emails(data)


def emails(data: bytes) -> bytes:
    """The text of the first part of all, by Python's email package."""
    part = email.message_from_bytes(data)
    while part.is_multipart():
        part = part.get_payload(0)
    assert part.get_content_type() == "text/plain"
    text = part.get_payload(decode=True).decode(part.get_content_charset() or "ascii")
    text = text.replace("\r\n", "\n")
    flowed = part.get_param("format", "").lower() == "flowed"
    joint = "" if part.get_param("delsp", "").lower() == "yes" else " "
    return canonical((unflowed(text, joint) if flowed else text).encode())


def unflowed(text: str, joint: str) -> str:
    """RFC 3676, 4: a line that ends with a blank goes on in the next; a blank in front is off."""
    return re.sub("^ ", "", text, flags=re.MULTILINE).replace(" \n", joint)


def test_what_is_cut_as_pgp_mime_is_what_another_program_decodes(pit: Made) -> None:
    """Whether it is signed or not: so signed mail cannot say one thing here and another there."""
    good = [one for name, one in pit.good().items() if mime_cut(one) is not None]
    assert len(good) > 8
    same: Counter[bool] = Counter()

    @settings(deadline=None, max_examples=2 * EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(good), CODINGS)
    def run(mail: bytes, edits: list[Edit]) -> None:
        changed = applied(mail, edits)
        text = mime_cut(changed)
        same[text is not None] += 1
        if text is not None:
            assert text.rstrip(b"\n") == emails(changed).rstrip(b"\n")

    run()
    assert same[True] > EXAMPLES / 20, same


def test_what_is_split_as_a_clearsigned_block_is_what_gpg_takes_out_of_it(pit: Made) -> None:
    """Whether the signature is good or not."""
    good = [one.partition(b"\n\n")[2] for name, one in pit.good().items() if "clear" in name]
    same: Counter[bool] = Counter()

    @settings(deadline=None, max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(good), ESCAPES)
    def run(block: bytes, edits: list[Edit]) -> None:
        start, end = block.index(b"\n\n") + 2, block.index(SIGNATURE)
        changed = block[:start] + applied(block[start:end], edits) + block[end:]
        found = refused(lambda: split(changed))
        same[found is not None] += 1
        if found is not None:
            assert found.text.rstrip(b"\n") == canonical(pit.pen.opened(changed)).rstrip(b"\n")

    run()
    assert same[True] > EXAMPLES / 20, same


def mime_cut(data: bytes) -> bytes | None:
    """The text of a PGP/MIME mail; None where it is none."""
    found = refused(lambda: mime.cut(data))
    return None if found is None else canonical(found.text)


def test_any_change_of_any_mail_of_the_corpus_gets_a_verdict(pit: Made) -> None:
    seeds = pit.corpus()

    @settings(deadline=None, max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(seeds), EDITS)
    def run(seed: bytes, edits: list[Edit]) -> None:
        pit.bench.check_mail(applied(seed, edits))

    run()


def test_any_change_of_any_text_is_read_or_refused_the_same_both_ways(pit: Made) -> None:
    texts = pit.texts()

    @settings(deadline=None, max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(texts), EDITS)
    def run(text: bytes, edits: list[Edit]) -> None:
        check_language(applied(text, edits))

    run()


def test_any_bytes_are_cut_or_refused(pit: Made) -> None:
    pieces = pit.pieces()

    @settings(deadline=None, max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(pieces) | st.binary(max_size=300), EDITS)
    def run(data: bytes, edits: list[Edit]) -> None:
        check_splitter(applied(data, edits))

    run()
