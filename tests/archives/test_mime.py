"""PGP/MIME: one text, the same for everybody who reads the mail, or none."""
# ruff: noqa: E501 - a row of the table of refusals is one line

import email
import random
import re
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pit.archives import mbox, mime
from pit.archives.cut import canonical, cut_text
from pit.archives.entry import quote, read_entry
from pit.archives.mime_text import CHARSETS, ENCODINGS, Coding, decoded, text_of
from tests.archives.mails import ARMOR, BEGIN, digest, stream
from tests.archives.pgp_mime import LETTER, Flow, apple, flowed, mutt, text_part, thunderbird

TEXT = b"pit acme\n  id: 0123456789abcdef\nbuy 10 ACME @ 12.50\n"
ASCII = Coding("7bit", "us-ascii")
UTF_8 = Coding("8bit", "utf-8")
MARKS = (b"PGP SIGNA", b"PGP SIGNED", b"--------", b"--EUy", b"--Apple")

line = st.one_of(
    st.sampled_from(
        [
            *(b"", b"-- ", b"--", b"> x", b">> y", b" x", b"  ref: x", b"From me", b">From me"),
            *(
                b"buy 1 ACME @ 2",
                b"a = b",
                b"=41",
                b"\tx",
                b"a\t",
                b"x " * 60,
                "grün".encode(),
                b".",
            ),
        ]
    ),
    st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=90).map(
        str.encode
    ),
)
texts = (
    st.lists(line, min_size=1, max_size=6)
    .map(b"\n".join)
    .filter(bytes.strip)
    .filter(lambda text: not any(mark in text for mark in MARKS))
)


@st.composite
def mails(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """A mail as a program makes it, and the text in it (UTF-8, blanks at line ends and all)."""
    text = draw(texts)
    flows, joined = draw(st.booleans()), draw(st.booleans())
    charset = draw(st.sampled_from(["utf-8", "UTF-8", "iso-8859-1", "Windows-1252", "us-ascii"]))
    encoding = draw(st.sampled_from(["7bit", "8bit", "quoted-printable", "base64"]))
    body = text
    if flows:
        text = b"\n".join(one.rstrip(b" ") for one in text.split(b"\n"))
        body = flowed(Flow(text, draw(breaks)), joined)
    coded = body.decode().encode(charset, "replace")
    if coded.decode(charset) != body.decode() or re.search(rb"[\x7f-\x9f]", coded):
        charset, coded = "utf-8", body
    if encoding == "7bit" and not coded.isascii():
        encoding = "base64"
    body = coded
    if encoding in ("7bit", "8bit") and draw(st.booleans()):
        body += b"\n"  # or the text's last line has no end of its own
        text += b"\n"
    program = draw(st.sampled_from([thunderbird, mutt, apple]))
    made = program(body, coding=Coding(encoding, charset, flows, flows and joined))
    return made, text


breaks = st.lists(st.integers(0, 60), max_size=6).map(tuple)


def lenient(mail: bytes) -> bytes:
    """The text as Python's email package decodes it, for all that it is worth."""
    message = email.message_from_bytes(mail)
    part = next(one for one in message.walk() if one.get_content_type() == "text/plain")
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    text = data.decode(part.get_content_charset("us-ascii"))
    return text.replace("\r\n", "\n").encode()


@settings(max_examples=300, deadline=None)
@given(mails())
def test_the_text_that_a_program_wrote_comes_out_of_its_mail(made: tuple[bytes, bytes]) -> None:
    mail, text = made
    found = mime.cut(mail)
    assert canonical(found.text) == canonical(text)
    if not found.coding.flowed:
        assert found.text.rstrip(b"\n") == lenient(mail).rstrip(b"\n") == text.rstrip(b"\n")
    assert found.octets.replace(b"\r\n", b"\n") in mail
    assert mail[slice(*found.signature)] + b"\n" in (
        found.armor,
        mail[slice(*found.signature)] + b"\n",
    )


@settings(max_examples=150, deadline=None)
@given(st.lists(mails(), min_size=1, max_size=3))
def test_readers_cut_the_notarys_text_out_of_an_archive_and_give_the_mails_back(
    made: list[tuple[bytes, bytes]],
) -> None:
    taken = [(canonical(mime.cut(mail).text), mail) for mail, _ in made]
    found = list(mbox.entries([stream(*taken)]))
    assert [(entry.text.encode(), read_entry(entry.raw)[1]) for entry in found] == taken


PIECES = [
    *(
        b"\n",
        b"\n\n",
        b" ",
        b"\t",
        b"--",
        b"=",
        b"=0A",
        b"=\n",
        b'"',
        b";",
        b"From ",
        b">From ",
        b"\r",
    ),
    *(b"--EUy4j9bQkDG62gai\n", b"Content-Type: text/html\n", b"\xff", b"\0", b"charset*=x", b"(x)"),
    *(b"boundary=b;", b"Content-Transfer-Encoding: base64\n", b"Subject: x\n", b"AAAA", b"\n--b\n"),
]


def test_whatever_happens_to_a_mail_reader_and_notary_see_one_text_or_none() -> None:
    dice = random.Random(3)
    seen = [
        thunderbird(TEXT),
        mutt(TEXT),
        apple(TEXT),
        mutt(b"a \nb", coding=UTF_8._replace(flowed=True)),
    ]
    taken = 0
    for _ in range(6000):
        mail = dice.choice(seen)
        at, length = dice.randrange(len(mail)), dice.choice((0, 0, 1, 1, 3, 40))
        mail = mail[:at] + dice.choice(PIECES) + mail[at + length :]
        try:
            text = canonical(mime.cut(mail).text)
        except mime.MimeError as error:
            assert str(error)
            continue
        taken += 1
        assert cut_text(b"\n" + quote(mail), digest(text)) == text
        if b"format=flowed" not in mail:
            assert canonical(lenient(mail).rstrip(b"\n")) == canonical(text.rstrip(b"\n"))
    assert 500 < taken < 5500


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                *PIECES,
                b"MIME-Version: 1.0\n",
                LETTER[0].encode() + b"\n",
                ARMOR,
                b'Content-Type: multipart/signed; micalg=pgp-sha1; protocol="application/pgp-signature"; boundary=b\n',
                b"--b\n",
                b"\n--b--\n",
                b"Content-Type: application/pgp-signature\n\n",
            ]
        ),
        max_size=20,
    ).map(b"".join)
)
def test_any_bytes_are_a_text_or_a_mime_error(mail: bytes) -> None:
    try:
        assert mime.cut(mail).text
    except mime.MimeError as error:
        assert str(error)


# --- what is refused ----------------------------------------------------------------------------


def refusal(mail: bytes) -> str:
    with pytest.raises(mime.MimeError) as caught:
        mime.cut(mail)
    return str(caught.value)


MUTT, BIRD = mutt(TEXT), thunderbird(TEXT)
INNER = b"--------------YegK0pKgNRYQ4Ojx3TLkiOWK"
OUTER = b"--EUy4j9bQkDG62gai"


@pytest.mark.parametrize(
    ("mail", "old", "new", "why"),
    [
        # The boundary, and what stands around the parts.
        (MUTT, b'boundary="EUy4j9bQkDG62gai"', b'boundary*0="EUy4j9bQ"; boundary*1="kDG62gai"', "right is multipart/signed with"),
        (MUTT, b'boundary="', b'boundary="EUy"; boundary="', "`boundary` of Content-Type is there twice"),
        (MUTT, b'boundary="', b'boundary="EUy"; BOUNDARY="', "`boundary` of Content-Type is there twice"),
        (MUTT, b'boundary="EUy4', b'boundary="EU\\y4', "right is multipart/signed with"),
        (MUTT, b'; boundary="EUy4j9bQkDG62gai"', b"", "its boundary is ''"),
        (MUTT, b'; boundary="', b' (x); boundary="', "right is multipart/signed with"),
        (MUTT, b"multipart/signed; ", b"multipart/signed; =?utf-8?q?x?=; ", "right is multipart/signed with"),
        (MUTT, b"pit acme\n", b"pit acme\n--EUy4j9bQkDG62gaix\n", "its boundary lines are not"),
        (MUTT, b"pit acme\n", b"pit acme\n--EUy4j9bQkDG62gai \n", "its boundary lines are not"),
        (MUTT, b"pit acme\n", b"pit acme\n--EUy4j9bQkDG62gai--\n", "its boundary lines are not"),
        (MUTT, OUTER + b"--\n", b"", "its boundary lines are not"),
        (MUTT, OUTER + b"--\n", OUTER + b"--\nbuy 1\n", "text below its last part"),
        (MUTT, b"\n\n\n" + OUTER, b"\n\nbuy 1\n" + OUTER, "text above its first part"),
        (BIRD, b"and 3156)\n", b"and 3156)\nbuy 1\n", "text above its first part"),
        (BIRD, b"and 3156)\n", b"and 3156) \n", "text above its first part"),
        (MUTT, OUTER + b"--", OUTER + b"\n\nbuy 1\n" + OUTER + b"--", "3 parts in multipart/signed"),
        # What multipart/signed says.
        (MUTT, b"pgp-signature", b"pkcs7-signature", 'should have protocol="application/pgp-signature"'),
        (MUTT, b"micalg=pgp-sha256;", b"", "should name its hash"),
        (MUTT, b"micalg=pgp-sha256;", b"x=y; micalg=pgp-sha256;", "right is multipart/signed with"),
        (MUTT, b"MIME-Version: 1.0\n", b"", "`MIME-Version: 1.0` should stand there, once"),
        (MUTT, b"MIME-Version: 1.0\n", b"MIME-Version: 1.0\n" * 2, "2 headers `mime-version`"),
        (MUTT, b"Content-Disposition: inline\n", b"Content-Type: text/plain\n", "2 headers `content-type`"),
        (MUTT, b"Content-Disposition: inline\n", b"Content-Transfer-Encoding: base64\n", "right is one of 7bit, 8bit"),
        (MUTT, b"multipart/signed", b"multipart/mixed", "right is multipart/signed"),
        # The signed part.
        (MUTT, b"text/plain;", b"text/html;", "right is text/plain alone"),
        (MUTT, b"text/plain;", b'multipart/alternative; boundary="x";', "right is text/plain alone"),
        (MUTT, b"text/plain;", b'text/plain; name="a.txt";', "right is text/plain with charset, delsp"),
        (MUTT, b"charset=utf-8", b"charset=utf-8; charset=utf-7", "`charset` of Content-Type is there twice"),
        (MUTT, b"charset=utf-8", b"charset*=utf-8''utf-8", "right is text/plain with"),
        (MUTT, b"charset=utf-8", b"charset=utf-7", "the charset 'utf-7' of the text is none of"),
        (MUTT, b"charset=utf-8", b"charset=iso-8859-8", "the charset 'iso-8859-8' of the text"),
        (MUTT, b"charset=utf-8", b"charset=utf-8; format=weird", "format='weird'"),
        (MUTT, b"charset=utf-8", b"charset=utf-8; delsp=yes", "delsp without format=flowed"),
        (MUTT, b"quoted-printable\n", b"quoted-printable\nContent-Transfer-Encoding: 7bit\n", "2 headers"),
        (MUTT, b"quoted-printable\n", b"quoted-printable (x)\n", "right is one of 7bit, 8bit, base64"),
        (MUTT, b"quoted-printable\n", b"=?utf-8?q?base64?=\n", "right is one of 7bit, 8bit, base64"),
        (MUTT, b"quoted-printable\n", b"x-uuencode\n", "right is one of 7bit, 8bit, base64"),
        (MUTT, b"quoted-printable\n", b"quoted-printable \n", "right is one of 7bit, 8bit, base64"),
        (MUTT, b" quoted-printable\n", b"\n quoted-printable\n", "right is one of 7bit, 8bit, base64"),
        (MUTT, b"inline\n\npit", b"inline; x=y\n\npit", "it is an attachment"),
        (MUTT, b"quoted-printable\n", b"quoted-printable\n \n", "a header line of blanks alone"),
        (MUTT, b"quoted-printable\n", b"quoted-printable\nbuy 1\n", "is no header field"),
        (MUTT, b"quoted-printable\n", b"quoted-printable\nPit-Entry: acme 1\n", "a header `pit-entry`"),
        (MUTT, b"quoted-printable\n", b"quoted-printable\nContent-Location: x\n", "a header `content-location`"),
        (MUTT, b"inline\n\npit", b"attachment\n\npit", "it is an attachment"),
        (MUTT, b"\npit acme\n", b"\n-----BEGIN PGP SIGNED MESSAGE-----\n", "stands 1 times in the mail; right is 0"),
        (MUTT, b"\npit acme\n", b"\n-----BEGIN PGP SIGNATURE-----\n", "stands 2 times in the mail; right is 1"),
        (MUTT, b"\npit acme\n", b"\n=2D----END PGP SIGNATURE-----\n", "a line of another signature"),
        # Thunderbird's wrapper.
        (BIRD, b' protected-headers="v1"\n', b' protected-headers="v2"\n', 'protected-headers="v1"'),
        (BIRD, INNER + b"--\n", INNER + b"\nContent-Type: application/pgp-keys\n\nx\n" + INNER + b"--\n", "no attachment, no public key"),
        (BIRD, INNER + b"\n", INNER + b"\nSubject: x\n", "a header `subject`"),
        (BIRD, INNER + b"\nContent-Type: text/plain;", INNER + b"\nContent-Type: text/html;", "right is text/plain alone"),
        (BIRD, INNER + b"\nContent-Type: text/plain;", INNER + b'\nContent-Type: multipart/mixed; boundary="x";', "right is text/plain alone"),
        (BIRD, b"mixed; boundary", b"mixed; x=y; boundary", "right is multipart/mixed with"),
        (BIRD, b"mixed; boundary", b"alternative; boundary", "right is text/plain alone"),
        (BIRD, b"\n\n" + INNER + b"\n", b"\n\nbuy 1\n" + INNER + b"\n", "text above its first part"),
        (BIRD, INNER + b"--\n", INNER + b"--\nbuy 1\n", "text below its last part"),
        # The signature's part.
        (MUTT, b'signature; name="signature.asc"', b"octet", "right is application/pgp-signature"),
        (MUTT, b"\n-----BEGIN PGP SIGNATURE-----", b"\nbuy 1\n-----BEGIN PGP SIGNATURE-----", "one armoured signature"),
        (MUTT, b"-----END PGP SIGNATURE-----\n", b"-----END PGP SIGNATURE-----\nbuy 1\n", "one armoured signature"),
        (MUTT, b'name="signature.asc"\n', b'name="signature.asc"\nContent-Transfer-Encoding: base64\n', "right is one of 7bit, 8bit"),
        (MUTT, b'name="signature.asc"\n', b'name="signature.asc"\nX-Note: hi\n', "a header `x-note`"),
    ],
)  # fmt: skip
def test_a_mail_that_could_be_read_in_two_ways_is_refused(
    mail: bytes, old: bytes, new: bytes, why: str
) -> None:
    assert old in mail
    assert why in refusal(mail.replace(old, new))
    mime.cut(mail)


def test_one_boundary_that_begins_with_the_other_is_refused() -> None:
    name = b"------------YegK0pKgNRYQ4Ojx3TLkiOWK"
    for other in (name + b"x", name[:-1]):
        mail = BIRD.replace(b"------------8WkFgBeLlvh8RkAuFLxSlLuZ", other)
        assert "boundary" in refusal(mail)


@pytest.mark.parametrize("name", ["From", "To", "Subject", "Date"])
@pytest.mark.parametrize("program", [thunderbird, mutt])
def test_a_protected_header_says_what_the_mails_own_says(name: str, program: object) -> None:
    own = next(one for one in LETTER if one.startswith(name))
    said = own.partition(": ")[2]
    spelt = {"Subject": "=?utf-8?Q?order?=\n =?utf-8?Q?_=C3=BC?="}.get(
        name, said.replace(" ", "\n ", 1)
    )
    for good in (own, f"{name}:   {spelt}"):
        assert mime.cut(program(TEXT, protected=(good,))).text.startswith(b"pit acme\n")
    bad = f"{name}: Bob <bob@example.org>"
    wrong = refusal(program(TEXT, protected=(bad,)))
    assert wrong.startswith(f"the signed `{name}` is 'Bob <bob@example.org>'; the mail, ")
    lacking = tuple(one for one in LETTER if one is not own)
    wrong = refusal(program(TEXT, head=lacking, protected=(own,)))
    assert wrong.startswith(f"the signed `{name}` is ") and wrong.endswith("the mail has none")
    assert f"2 headers `{name.lower()}`" in refusal(program(TEXT, protected=(own, own)))
    twice = refusal(program(TEXT, head=(*LETTER, bad), protected=(own,)))
    assert f"2 headers `{name.lower()}`" in twice


def test_encoded_words_are_read_and_what_makes_no_sense_stays() -> None:
    assert decoded(b" a =?utf-8?q?b_=C3=BC?= \n =?UTF-8?B?w7w=?= c") == "a b üü c"
    for same in ("=?hex?q?41?=", "=?utf-8?q?=ff?=", "=?utf-8?b?!?=", "=?x", "=?utf-8?q?a b?="):
        assert decoded(same.encode()) == same
    assert decoded(b"\xff") == "\\xff"


# --- the text -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "body", "why"),
    [
        ("7bit", "grün".encode(), "bytes over 127"),
        ("8bit", b"a\0", "a NUL, or a CR"),
        ("8bit", b"a\rb", "a NUL, or a CR"),
        ("8bit", b"\xff", "the text is not utf-8: byte FF"),
        ("quoted-printable", b"a=ZZ", "'a=ZZ' is no quoted-printable"),
        ("quoted-printable", b"a=c3=bc", "is no quoted-printable"),
        ("quoted-printable", b"a=4", "is no quoted-printable"),
        ("quoted-printable", b"a= \nb", "is no quoted-printable"),
        ("quoted-printable", b"a \nb", "is no quoted-printable"),
        ("quoted-printable", b"a\t\nb", "is no quoted-printable"),
        ("quoted-printable", "grün".encode(), "is no quoted-printable"),
        ("quoted-printable", b"a\x0cb", "is no quoted-printable"),
        ("quoted-printable", b"ab=", "goes on after the end"),
        ("quoted-printable", b"a=0Ab", "an encoded line end or NUL"),
        ("quoted-printable", b"a=0D=0Ab", "an encoded line end or NUL"),
        ("quoted-printable", b"a=00b", "an encoded line end or NUL"),
        ("base64", b"YW Jj", "does not end base64"),
        ("base64", b"YWJj\n\nYWJj", "is no base64 of whole groups"),
        ("base64", b"YWJ\njYWJj", "is no base64 of whole groups"),
        ("base64", b"YWI=\nYWJj", "is no base64 of whole groups"),
        ("base64", b"YWI=YWJj", "does not end base64"),
        ("base64", b"YWJj\n-- ", "does not end base64"),
        ("base64", b"YWJjYQ", "does not end base64"),
        ("base64", b"YWJ.", "does not end base64"),
        ("base64", b"YR==", "bits left over"),
        ("base64", b"YQpiDQpj", "mixed line ends"),
        ("base64", b"YQ1i", "mixed line ends"),
        ("base64", b"YQBi", "a NUL, or a CR"),
        ("base64", b"YWJj" * 20, "does not end base64"),
    ],
)
def test_an_encoding_that_programs_undo_differently_is_refused(
    encoding: str, body: bytes, why: str
) -> None:
    with pytest.raises(mime.MimeError, match=re.escape(why)):
        text_of(body, Coding(encoding, "utf-8"))


def test_an_encoding_is_undone() -> None:
    for encoding, body, text in (
        ("quoted-printable", b"a =\nb=3D=C3=BC=20\n=46rom\n", "a b=ü \nFrom\n"),
        ("quoted-printable", b"++=\n\nx", "++\nx"),
        ("base64", b"YWJj\nYQ==\n\n", "abca"),
        ("base64", b"YQ0KYg0K", "a\nb\n"),
        ("base64", b"YQpiCg==", "a\nb\n"),
    ):
        assert text_of(body, Coding(encoding, "utf-8")) == text.encode()


@pytest.mark.parametrize(
    ("body", "text", "joined"),
    [
        # RFC 3676, 4.1, 4.2 and 4.4
        (b"a \nb \nc\nd", b"a b c\nd", b"abc\nd"),
        (b"a  \nb", b"a  b", b"a b"),
        (b" From x\n  ref: y\n >z", b"From x\n ref: y\n>z", None),
        (b"a \n b", b"a b", b"ab"),
        (b"> a \n> b\n>> c", b"> a b\n>> c", b"> ab\n>> c"),
        (b"> a \nb", b"> a \nb", b"> a\nb"),
        (b">a\n> \n>", b"> a\n> \n> ", None),
        # 4.3: the line above a signature
        (b"a \n-- \nb", b"a \n-- \nb", b"a\n-- \nb"),
        (b"-- \nx", b"-- \nx", None),
        (b"a \n\nb", b"a \nb", b"a\nb"),
        (b"a ", b"a ", b"a"),
    ],
)
def test_flowed_lines_are_joined_as_rfc_3676_says(
    body: bytes, text: bytes, joined: bytes | None
) -> None:
    coding = Coding("8bit", "utf-8", True)
    assert text_of(body, coding) == text
    assert text_of(body, coding._replace(joined=True)) == (text if joined is None else joined)
    assert text_of(body, coding._replace(flowed=False)) == body


def test_a_flowed_line_of_blanks_alone_is_refused() -> None:
    with pytest.raises(mime.MimeError, match="does it flow"):
        text_of(b"a\n  \nb", Coding("8bit", "utf-8", True))


@pytest.mark.parametrize("charset", sorted(CHARSETS))
def test_what_a_charset_means_iconv_says_too(charset: str) -> None:
    found = {}
    for byte in [bytes([one]) for one in range(1, 256) if one != 13]:
        try:
            found[byte] = text_of(byte, Coding("8bit", charset))
        except mime.MimeError:
            assert byte > b"~"
    assert len(found) >= (126 if charset in ("utf-8", "us-ascii") else 200)
    command = ["iconv", "-f", charset, "-t", "utf-8"]
    done = subprocess.run(command, input=b"".join(found), capture_output=True, check=True)
    assert done.stdout == b"".join(found.values())


def test_a_signed_part_says_that_it_is_text_and_is_ascii_where_it_says_no_more() -> None:
    part = text_part(TEXT, Coding("quoted-printable", "utf-8"), "Content-Disposition: inline")
    mail = mutt(TEXT).replace(part, b"Content-Type: text/plain\n\n" + TEXT)
    assert mime.cut(mail).text == TEXT
    assert "bytes over 127" in refusal(mail.replace(b"pit acme", "pit äcme".encode()))
    for head in (b"", b"#a: comment\n", b"Content-Transfer-Encoding: 7bit\n"):
        without = mutt(TEXT).replace(part, head + b"\n" + TEXT)
        assert refusal(without) == "the signed part should have a Content-Type"


def test_armour_headers_that_say_nothing_are_left_out_and_others_refused() -> None:
    found = mime.cut(apple(TEXT))
    assert found.armor == ARMOR
    for name in (
        b"Hash: SHA256",
        b"Charset: utf-16",
        b"MessageID: x",
        b"Comment: \x1b[2J",
        b"Comment",
    ):
        wrong = apple(TEXT).replace(b"Comment: GPGTools - https://gpgtools.org", name)
        assert "one armoured signature" in refusal(wrong)


def test_a_clearsigned_block_above_the_parts_is_no_text() -> None:
    mail = MUTT.replace(b"\n\n\n" + OUTER, b"\n\n" + BEGIN + TEXT + ARMOR + OUTER, 1)
    assert refusal(mail)
    assert cut_text(b"\n" + mail, digest(TEXT)) == TEXT  # a reader looks at the hash alone


def test_every_encoding_is_known_by_name() -> None:
    for encoding in ENCODINGS:
        for name in (encoding, encoding.upper(), f"\t{encoding}"):
            mail = mutt(TEXT, coding=ASCII._replace(encoding=encoding))
            assert (
                mime.cut(mail.replace(f": {encoding}".encode(), f": {name}".encode())).text == TEXT
            )
