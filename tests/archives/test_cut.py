"""The signed text, cut from a stored mail: only by its hash, whatever stands around it."""

import base64
import quopri

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pit.archives.cut import canonical, cut_body, cut_text
from pit.archives.entry import quote
from tests.archives.mails import ARMOR, BEGIN, HEAD, clearsigned, digest, escaped, mime

lines = st.one_of(
    st.sampled_from(
        [
            *(b"", b"- ", b"-", b"--", b"- - x", b"-----BEGIN PGP SIGNATURE-----", b"From me"),
            *(b">From me", b">>From", b"buy 1 ACME @ 2  ", b"\t", b"a\tb ", b"--b", b"=41", b"x="),
            b"-----BEGIN PGP SIGNED MESSAGE-----",
        ]
    ),
    st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=8).map(
        str.encode
    ),
)
texts = st.lists(lines, min_size=1, max_size=6).map(b"\n".join).filter(canonical)


def stored(mail: bytes) -> bytes:
    """The mail as an entry has it, from the line end before it on."""
    return b"\n" + quote(mail)


@given(st.lists(lines | st.sampled_from([b" \r", b"\r", b"x\r\r"])).map(b"\n".join))
def test_a_canonical_text_has_no_blanks_at_line_ends_and_lf_ended_lines(text: bytes) -> None:
    made = canonical(text)
    expected = b"\n".join(line.rstrip(b" \t\r") for line in text.split(b"\n"))
    if expected and not expected.endswith(b"\n"):
        expected += b"\n"
    assert made == expected
    assert canonical(made) == made


def test_canonical_texts_with_crlf_and_without_are_one() -> None:
    assert canonical(b"a \r\n\r\nb\t\r\n") == canonical(b"a\n\nb") == b"a\n\nb\n"
    assert canonical(b"") == b""
    assert canonical(b"a" + b" " * 200_000 + b"b") == b"a" + b" " * 200_000 + b"b\n"


@settings(max_examples=200)
@given(texts)
def test_a_clearsigned_text_is_cut_out(text: bytes) -> None:
    text = text + b"\n"
    assert cut_text(stored(clearsigned(text)), digest(canonical(text))) == canonical(text)


def test_escaped_from_lines_and_headers_of_the_block_are_no_part_of_the_text() -> None:
    text = b"pit acme\nFrom me\n"
    mail = HEAD + b"\n" + BEGIN + b"pit acme\n- From me\n" + ARMOR
    assert cut_text(stored(mail), digest(text)) == text
    bare = HEAD + b"\n" + BEGIN.replace(b"Hash: SHA256\n", b"") + text + ARMOR
    assert cut_text(stored(bare), digest(text)) == text


ENCODINGS = {
    "8bit": (b"Content-Transfer-Encoding: 8bit\n", lambda text: text),
    "quoted-printable": (
        b"content-transfer-encoding:Quoted-Printable\n",
        lambda text: quopri.encodestring(text, quotetabs=True),
    ),
    "base64": (b"Content-Transfer-Encoding: BASE64\n", base64.encodebytes),
}


def decodable(text: bytes) -> bool:
    """Whether the text may stand in a part: nothing of another signature, nor of the boundary."""
    return not any(mark in text for mark in (b"--b", b"PGP SIGNA", b"PGP SIGNED", b"\0"))


@settings(max_examples=200)
@given(texts.filter(decodable).filter(bytes.strip), st.sampled_from(sorted(ENCODINGS)))
def test_a_text_signed_as_a_mime_part_is_decoded(text: bytes, encoding: str) -> None:
    head, encode = ENCODINGS[encoding]
    part = b"Content-Type: text/plain; charset=utf-8\n" + head + b"\n" + encode(text)
    mail = mime(part, b"b")
    assert cut_text(stored(mail), digest(canonical(text))) == canonical(text)


def test_a_boundary_may_be_quoted_and_a_text_may_begin_with_an_empty_line() -> None:
    for text in (b'pit acme\n\nsay "x"\n', b"\n\npit acme\n"):
        mail = mime(b"Content-Type: text/plain\n\n" + text[:-1], b"=_ab'c(d)+e/f:g?h.")
        assert cut_text(stored(mail), digest(text)) == text


def test_a_text_above_the_parts_leaves_nothing_to_be_cut() -> None:
    text = b"pit acme\n"
    mail = mime(b"Content-Type: text/plain\n\n" + text, preamble=b"This is a signed message.\n\n")
    assert cut_text(stored(mail), digest(text)) is None


def test_a_part_with_crlf_inside_its_encoding_is_the_text_with_lf() -> None:
    text = b"pit acme\r\nbuy 1 ACME @ 2\r\n"
    part = b"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n" + base64.encodebytes(
        text
    )
    assert cut_text(stored(mime(part)), digest(canonical(text))) == b"pit acme\nbuy 1 ACME @ 2\n"


def test_only_the_text_of_that_hash_is_cut() -> None:
    good, evil = b"pit acme\nbuy 1 ACME @ 2\n", b"pit acme\nbuy 100 ACME @ 2\n"
    block = BEGIN + evil + ARMOR
    inside = clearsigned(b"pit acme\n" + block)
    for mail in (
        clearsigned(evil),
        HEAD + b"\nhello\n\n" + block + b"\n" + BEGIN + good + b"x\n" + ARMOR,
        mime(b"Content-Type: text/plain\n\n" + evil),
        HEAD + b"\n" + good,
        HEAD,
        b"",
    ):
        assert cut_text(stored(mail), digest(good)) is None
    assert cut_text(stored(inside), digest(evil)) is None
    assert cut_text(stored(inside), digest(b"pit acme\n" + block)) == b"pit acme\n" + block


fragments = st.sampled_from(
    [
        *(
            b"\n",
            b"\n\n",
            b"x",
            b" ",
            b"--b",
            b"--b--",
            b"--b\n",
            b"\n--b\n",
            b"\n--b--\n",
            b"\xff",
        ),
        *(b'Content-Type: multipart/signed; boundary="b"\n', b"Content-Type: ;boundary\n", b"="),
        *(b"Content-Type: multipart/signed; boundary*=utf-8''%ff%00; boundary=b\n", b"=4", b"\x00"),
        *(
            b"Content-Type: x; boundary*0=b; boundary*1*=%ED%A0%80\n",
            b"Content-Type: \xff;boundary=b",
        ),
        *(b"Content-Transfer-Encoding: base64\n", b"Content-Transfer-Encoding: \xe9\n", b"!!!!"),
        *(b"Content-Transfer-Encoding: quoted-printable\n", b"Content-Type: a; b=\xe9\n", b'"'),
        *(BEGIN, ARMOR, escaped(BEGIN), b"-----BEGIN PGP SIGNED MESSAGE-----\n", b"- ", b">From "),
    ]
)


@settings(max_examples=400)
@given(st.lists(fragments, max_size=14).map(b"".join), st.sampled_from([b"", b"x\n", b"b\n"]))
def test_no_mail_makes_cutting_fail_or_gives_a_text_of_another_hash(
    mail: bytes, text: bytes
) -> None:
    found = cut_text(mail, digest(text))
    assert found in (None, text)
    assert isinstance(cut_body(mail), bytes)


@pytest.mark.parametrize(
    "rest",
    [
        b"\n\npit toy\nbuy 1 ACME @ 2\n\n",
        b"\n\npit toy\nbuy 1 ACME @ 2",
        b"\nFrom: Alice\nSubject: x\n\npit toy\nbuy 1 ACME @ 2  \n\n\n\n",
        b"\n\n" + BEGIN + b"pit toy\nbuy 1 ACME @ 2\n" + ARMOR + b"\n",
        stored(HEAD + b"\n" + BEGIN + b"pit toy\nbuy 1 ACME @ 2\n" + ARMOR) + b"\n",
    ],
)
def test_an_unsigned_text_is_the_block_or_the_body(rest: bytes) -> None:
    assert cut_body(rest) == b"pit toy\nbuy 1 ACME @ 2\n"
