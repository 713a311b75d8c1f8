"""The likely cause of a refusal: said where it is one, and harmless whatever the mail."""

import re
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pit.archives.grammar import check_characters
from pit.archives.language import LanguageError, parse
from pit.archives.words import CORE
from pit.moderator.footers import Around, around, blame, outside
from pit.moderator.hints import HINTS, explain
from pit.moderator.mistake import Mistake, excerpt, mistake
from pit.pits.queries import WORDS
from tests.archives.pgp_mime import Sign
from tests.moderator.test_pgp_mime import signer
from tests.moderator.world import NAME, World, mail_of

ID = "0123456789abcdef"
HEAD = f"pit {NAME}\n  id: {ID}\n"
KNOWN = {**CORE, **WORDS}


def refused(text: str) -> Mistake:
    """The place at which a text is refused."""
    try:
        check_characters(text)
        parse(text, CORE)
    except LanguageError as error:
        return mistake(text, error.line, error.column, error.problem, KNOWN, NAME, ID)
    raise AssertionError(f"nothing is wrong with {text!r}")


def names(m: Mistake) -> list[str]:
    return [hint.name for hint in HINTS if hint.test(m) is not None]


ROWS = [
    ("comma", "buy 10 ACME @ 12,50", "`12.50`"),
    ("thousands", "buy 1,000 ACME @ 12.50", "`1000`"),
    ("thousands", "buy 1'000'000 ACME @ 12.50", "`1000000`"),
    ("thousands", "buy 10 ACME @ 1.250,75", "`1250.75`"),
    ("currency", "buy 10 ACME @ $12.50", "`$`"),
    ("currency", "buy 10 ACME @ 12.50€", "`€`"),
    ("currency", "withdraw 10 €", "`€`"),
    ("currency", "buy 10 ACME @ 12.50 EUR", "`EUR`"),
    ("full-stop", "buy 10 ACME @ 12.50.", "`12.50`"),
    ("quotes", "say “Good morning”", "“"),
    ("dash", "buy 10 ACME @ 12.50\n  until: 2026–12–01", "–"),
    ("blank", "buy 10\u00a0ACME @ 12.50", "\\xa0"),
    ("tab", "buy 10 ACME @ 12.50\n\tref: spring", "two blanks"),
    ("indent", "buy 10 ACME @ 12.50\nref: spring", "`  ref: …`"),
    ("indent", "buy 10 ACME @ 12.50\n   ref: spring", "`  ref: …`"),
    ("indent", "buy 10 ACME @ 12.50\n ref: spring", "`  ref: …`"),
    ("capital-word", "Buy 10 ACME @ 12.50", "`buy`"),
    ("capital-word", "Help", "`help`"),
    ("capital-name", "transfer 10 EUR to Bob", "`bob`"),
    ("small-ticker", "buy 10 acme @ 12.50", "`ACME`"),
    ("small-ticker", "withdraw 10 eur", "`EUR`"),
    ("alphabet", "buy 10 \u0410CME @ 12.50", "U+0410, cyrillic capital letter a"),
    ("phone", "buy 10 ACME @ 12.50\n\nSent from my iPhone", "`Sent from my iPhone`"),
    ("phone", "buy 10 ACME @ 12.50\nVon meinem iPhone gesendet", "signature off"),
    ("phone", "buy 10 ACME @ 12.50\nGet Outlook for Android", "signature off"),
    ("dashes", "buy 10 ACME @ 12.50\n--\nAlice", "signature inside"),
    ("footer", f"buy 10 ACME @ 12.50\n{'_' * 47}\nacme mailing list", "footer"),
    ("footer", "buy 10 ACME @ 12.50\nVirus-free. www.example.org", "footer"),
    ("greeting", "Dear pit,\nbuy 10 ACME @ 12.50", "no person"),
    ("quoted", "> buy 10 ACME @ 12.50", "new mail"),
    ("wrapped", f'say "{"word " * 13}\nand the rest of it"', "break a long line"),
    ("wrapped", f"# {'words ' * 12}\ngo on", "before `go`"),
]


@pytest.mark.parametrize(("name", "text", "said"), ROWS, ids=lambda x: x if x.isalpha() else "")
def test_the_cause_is_named(name: str, text: str, said: str) -> None:
    m = refused(f"{HEAD}{text}\n")
    assert name in names(m)
    assert said in " ".join(explain(m))


@pytest.mark.parametrize(
    ("text", "name"),
    [("buy 10 ACME @ 12.50\n", "pit-line"), ("Hello\nbuy 10 ACME @ 12.50\n", "pit-line")],
)
def test_a_text_without_its_first_line_is_told_which(text: str, name: str) -> None:
    m = refused(text)
    assert name in names(m)
    assert f"`pit {NAME}`" in " ".join(explain(m))


def test_a_small_slip_of_the_pit_line_is_told(world: World) -> None:
    bad = [
        f"pit {NAME}\n  id: {'0' * 16}\nbuy 1 ACME @ 1\n",
        f"pit {NAME}\nbuy 1 ACME @ 1\n",
    ]
    world.run(*(mail_of(world.keys.sign("alice", text)) for text in bad))
    wrong, missing = world.replies()
    assert f"This pit's id begins {world.settings.id[:16]}" in wrong
    assert f"write, after two blanks, `id: {world.settings.id[:16]}`" in missing


def test_every_hint_is_in_the_table_of_tests() -> None:
    tested = {name for name, _, _ in ROWS} | {"pit-line", "wrong-id", "no-id"}
    assert {hint.name for hint in HINTS} == tested


def test_what_is_right_needs_no_hint() -> None:
    for text in ("buy 1.000 ACME @ 1.000", 'say "Sent from my phone, to Bob: 12,50 $ – “hi”"'):
        parse(f"{HEAD}{text}\n", CORE)
    assert explain(refused(f"{HEAD}buy 10 ACME for 12.50\n")) == []


TEXTS = st.lists(
    st.one_of(
        st.characters(),
        st.sampled_from("\n \t,.'\"$€“–\u00a0\u202e\u200b\x1b\x07\u2028Аa10@:-_>"),
        st.sampled_from(["buy 10 ACME @ 12,50", "\nSent from my ", "--\n", "  ref: "]),
    )
).map("".join)
STEERING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


@given(TEXTS, st.integers(-3, 2000), st.integers(-3, 2000), st.text())
def test_nothing_that_is_quoted_can_steer_a_terminal(
    text: str, line: int, column: int, problem: str
) -> None:
    m = mistake(text, line, column, problem, KNOWN, NAME, ID)
    said = excerpt(m) + "\n".join(explain(m))
    assert not STEERING.search(said)
    assert len(excerpt(m).split("\n")) == 3
    assert all(len(one) < 1000 for one in said.split("\n"))


@given(TEXTS, st.integers(1, 300))
def test_the_caret_stands_below_the_place(line: str, column: int) -> None:
    line = line.replace("\n", " ")
    m = mistake(line, 1, column, "", KNOWN, NAME, ID)
    shown, below, _ = excerpt(m).split("\n")
    assert below.strip() == "^"
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in line)
    marks = sum(unicodedata.combining(c) > 0 for c in line)
    here = line[m.column - 1 :][:1]
    if here.isprintable() and here and not wide and not marks:
        assert shown[below.index("^")] == here


@given(st.binary(), st.binary(), st.text())
def test_blame_quotes_nothing_that_steers(before: bytes, after: bytes, text: str) -> None:
    said = "\n".join(blame(Around(before, text.encode("utf-8", "replace"), after)))
    assert not STEERING.search(said)


# --- a mail that proves its sender though it is more than its block ---------------------------


def surrounded(world: World, text: str, before: str = "", after: str = "") -> bytes:
    """A signed text with something around it, not yet in a mail."""
    block = world.keys.sign("alice", world.text(text))
    return before.encode() + block + after.encode()


FOOTERS = [
    ("", "\n-- \nAlice\n", "below the signed block: `Alice`"),
    ("", "\nSent from my iPhone\n", "its signature off for this mail"),
    ("", f"{'_' * 47}\nacme mailing list\n", "a provider or a list"),
    ("Please take this:\n\n", "", "above the signed block: `Please take this:`"),
    ("Hi\n", "Bye\n", "above the signed block: `Hi`"),
]


@pytest.mark.parametrize(("before", "after", "said"), FOOTERS)
def test_a_member_is_told_what_stands_around_his_block_and_nothing_is_taken(
    world: World, before: str, after: str, said: str
) -> None:
    archive = world.archive
    mail = mail_of(surrounded(world, "buy 7 ACME @ 12.50\n", before, after))
    assert world.codes(mail) == ["shape"]
    assert world.archive == archive
    assert len(world.quarantined()) == 1
    (reply,) = world.replies()
    assert "\nTo: alice@example.org\n" in reply
    assert "\nPit-Reply: refusal acme shape\n" in reply
    assert said in " ".join(reply.split())
    assert "buy 7 ACME @ 12.50" in reply


def test_the_same_block_alone_is_taken_afterwards(world: World) -> None:
    body = surrounded(world, "buy 7 ACME @ 12.50\n", after="-- \nAlice\n")
    block = body[: body.index(b"-- \nAlice")]
    assert world.codes(mail_of(body), mail_of(block)) == ["shape", "stamped 9"]


def test_a_question_that_went_astray_is_answered_when_it_comes_alone(world: World) -> None:
    body = surrounded(world, "help\n", after="-- \nAlice\n")
    block = body[: body.index(b"-- \nAlice")]
    assert world.codes(mail_of(body)) == ["shape"]
    assert world.codes(mail_of(block), mail_of(body)) == ["query", "shape"]
    assert len(world.replies()) == 1


def test_he_is_told_once_however_often_it_comes(world: World) -> None:
    mail = mail_of(surrounded(world, "buy 7 ACME @ 12.50\n", after="bye\n"))
    assert world.codes(mail, mail) == ["shape", "shape"]
    assert world.codes(mail) == ["shape"]
    assert len(world.replies()) == 1


def silent(world: World) -> dict[str, bytes]:
    """Mails with something around a block, of which nobody must hear."""
    body = surrounded(world, "buy 7 ACME @ 12.50\n", after="bye\n")
    stood = next(e.raw for e in world.entries() if e.signer == "alice")
    taken = stood[stood.index(b"-----BEGIN PGP SIGNED") :].rstrip(b"\n") + b"\n"
    bob = world.keys.sign("bob", world.text("buy 7 ACME @ 12.50\n"))
    carol = world.keys.sign("carol", world.text("buy 7 ACME @ 12.50\n"))
    mallory = world.keys.sign("mallory", world.text("buy 7 ACME @ 12.50\n"))
    return {
        "from somebody else": mail_of(body, sender="victim@example.net"),
        "what stands, sent on by anybody": mail_of(taken + b"bye\n"),
        "another member's key": mail_of(bob + b"bye\n"),
        "nobody's key": mail_of(mallory + b"bye\n"),
        "a suspended member": mail_of(carol + b"bye\n", "carol"),
        "changed inside": mail_of(body.replace(b"buy 7 ", b"buy 9 ")),
        "two blocks": mail_of(body + surrounded(world, "buy 8 ACME @ 12.50\n")),
        "sent by a program": mail_of(body, "alice", "Auto-Submitted: auto-generated"),
        "two senders": mail_of(body, "alice", "From: victim@example.net"),
        "a block in a line": mail_of(b"x " + body),
        "HTML": mail_of(body, "alice", "Content-Type: text/html"),
    }


def test_nobody_hears_of_mail_that_proves_nobody(world: World) -> None:
    mails = silent(world)
    archive = world.archive
    codes = world.codes(*mails.values())
    assert set(codes) == {"shape", "loop"}, dict(zip(mails, codes, strict=True))
    assert world.replies() == []
    assert world.archive == archive


TEXT = "Content-Type: text/plain; charset=UTF-8\n\n"
KEY = (
    'Content-Type: application/pgp-keys; name="OpenPGP_0x1.asc"\n'
    'Content-Disposition: attachment; filename="OpenPGP_0x1.asc"\n\n'
    "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDME\n-----END PGP PUBLIC KEY BLOCK-----\n"
)
HTML = "Content-Type: text/html; charset=UTF-8\n\n<p>buy</p>\n"


FROM = ("From: Alice <alice@example.org>", "MIME-Version: 1.0")


def multipart(kind: str, boundary: str, *parts: str) -> str:
    inside = "".join(f"--{boundary}\n{part}\n" for part in parts)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\n\n{inside}--{boundary}--\n'


def thunderbirds(text: str) -> str:
    """What Thunderbird signs where it attaches the public key, as it does by default."""
    shown = 'mixed; protected-headers="v1"'
    return multipart(shown, "yy", multipart("mixed", "zz", f"{TEXT}{text}", KEY))


def enclosed(sign: Sign, part: str, *head: str) -> bytes:
    """A multipart/signed mail of alice's whose signed part is that."""
    armor = sign(part.encode().replace(b"\n", b"\r\n")).decode()
    signature = f'Content-Type: application/pgp-signature; name="signature.asc"\n\n{armor}'
    kind = 'signed; micalg=pgp-sha512; protocol="application/pgp-signature"'
    lines = "".join(f"{line}\n" for line in (*FROM, *head))
    return (lines + multipart(kind, "xx", part, signature)).encode()


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (thunderbirds, "In Thunderbird switch off `Attach my public key"),
        (lambda text: multipart("mixed", "zz", f"{TEXT}{text}", KEY), "brings a public key"),
        (lambda text: multipart("alternative", "zz", f"{TEXT}{text}", HTML), "plain text"),
        (lambda text: HTML, "plain text"),
    ],
)
def test_a_member_whose_program_signs_more_than_the_text_is_told(
    world: World, part: Callable[[str], str], said: str
) -> None:
    archive = world.archive
    mail = enclosed(signer(world.keys), part(world.text("buy 7 ACME @ 12.50\n")))
    codes = world.codes(mail, mail)
    assert codes[0] == codes[1] and codes[0] in ("shape", "size")
    assert world.archive == archive
    (reply,) = world.replies()
    assert "\nTo: alice@example.org\n" in reply
    assert said in " ".join(reply.split())
    assert "sign the text alone, and send that" in reply
    assert world.codes(mail) == codes[:1]
    assert world.replies() == []


def wrapped(mail: bytes, *, footer: str = f"{TEXT}You received this from a list\n") -> bytes:
    """A mail as a list hands it on, with a footer as a part of its own."""
    head, _, signed = mail.decode().partition("Content-Type: multipart/signed")
    return (
        head + multipart("mixed", "=list", f"Content-Type: multipart/signed{signed}", footer)
    ).encode()


def test_a_footer_around_what_a_mail_program_signed_is_told(world: World) -> None:
    part = f"{TEXT}{world.text('buy 7 ACME @ 12.50' + chr(10))}"
    mail = enclosed(signer(world.keys), part)
    assert world.codes(wrapped(mail), wrapped(mail)) == ["shape", "shape"]
    (reply,) = world.replies()
    assert "below the signed block: `You received this from a list`" in " ".join(reply.split())
    assert "> buy 7 ACME @ 12.50\n" in reply
    assert world.codes(mail) == ["stamped 9"]


def test_nobody_hears_of_a_footer_around_what_proves_nobody(world: World) -> None:
    part = f"{TEXT}{world.text('buy 7 ACME @ 12.50' + chr(10))}"
    good = enclosed(signer(world.keys), part)
    stands = enclosed(signer(world.keys, seconds=60), part)
    world.run(stands)
    world.replies()
    mails = [
        wrapped(stands),
        wrapped(good).replace(b"\nbuy 7 ", b"\nbuy 9 "),
        wrapped(good).replace(b"alice@", b"bob@"),
        wrapped(enclosed(signer(world.keys, "mallory"), part)),
        wrapped(enclosed(signer(world.keys, seconds=8 * 86400), part)),
        wrapped(good, footer="Content-Type: multipart/signed; boundary=z\n\nx\n"),
        wrapped(good).replace(b"multipart/mixed", b"multipart/digest"),
    ]
    world.run(*mails)
    assert len(world.quarantined()) == len(mails)
    assert world.replies() == []


def test_nobody_hears_of_parts_that_prove_nobody(world: World) -> None:
    part = thunderbirds(world.text("buy 7 ACME @ 12.50\n"))
    good = enclosed(signer(world.keys), part)
    mails = [
        good.replace(b"\nbuy 7 ", b"\nbuy 9 "),
        good.replace(b"alice@", b"bob@"),
        enclosed(signer(world.keys, "bob"), part),
        enclosed(signer(world.keys, "mallory"), part),
        enclosed(signer(world.keys, "carol"), part).replace(b"lice", b"arol"),
        enclosed(signer(world.keys, seconds=8 * 86400), part),
        enclosed(signer(world.keys), part, "Auto-Submitted: auto-replied"),
        enclosed(signer(world.keys), part, "From: victim@example.net"),
        good + b"bye\n",
    ]
    world.run(*mails)
    assert len(world.quarantined()) == len(mails)
    assert world.replies() == []


@given(st.binary(max_size=80), st.binary(max_size=80), st.binary(max_size=80))
def test_nothing_that_is_cut_apart_ends_in_a_traceback(head: bytes, one: bytes, two: bytes) -> None:
    mixed = b"Content-Type: multipart/mixed; boundary=x\n\n"
    signed = b"Content-Type: multipart/signed; boundary=y\n\n"
    found = outside(head + mixed + one + b"\n--x\n" + signed + two + b"\n--x\n\nz\n--x--\n")
    if found:
        assert not STEERING.search("\n".join(blame(found)))


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_what_is_cut_out_of_a_body_is_a_part_of_it(before: bytes, after: bytes) -> None:
    block = (
        b"-----BEGIN PGP SIGNED MESSAGE-----\n\nx\n-----BEGIN PGP SIGNATURE-----\n\n"
        b"wsBcBAABCgAQBQJn\n=abcd\n-----END PGP SIGNATURE-----\n"
    )
    found = around(before + block + after)
    if found:
        assert found.before + found.block + found.after == before + block + after
        assert block in found.block + found.after
