"""PGP/MIME entries in an audit, before GnuPG, and on the page that says how to check them."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from pit.archives.cut import canonical
from pit.archives.entry import read_entry, write_entry
from pit.archives.errors import PitError
from pit.archives.mbox import Entry
from pit.archives.mime_text import Coding
from pit.filters.examine import Found, Task, examine, examine_entry
from pit.filters.opinion import Sample
from pit.pits.display import printable
from pit.pits.openpgp import certificate
from pit.pits.signed import signed
from pit.pits.signing import compose
from tests.archives.pgp_mime import Flow, Sign, apple, flowed, mutt, thunderbird
from tests.filters.test_page import check_by_hand, folder_of, part, printed
from tests.moderator.world import NAME, NOW, Keys, World, founded, short_folder
from tests.pits.forks import pit

AWKWARD = (
    '# 100 %s \\x41 \\n \\\\ =41 = $HOME `id` "quoted"  two blanks, trailing \n'
    "buy 7 ACME @ 12.50\n  ref: x\n"
    f"# {'a long line that flows ' * 8}\n"
)
"""What a shell, sed or printf might take for its own."""


def signer(keys: Keys, who: str, *options: str) -> Sign:
    """Detached signatures by gpg, each of a second of its own."""

    def sign(octets: bytes) -> bytes:
        keys._seconds += 1
        at = NOW - timedelta(minutes=50) + timedelta(seconds=keys._seconds)
        user = ("--local-user", keys.prints[who])
        return keys.gpg(*user, *options, "--armor", "--detach-sign", at=at, data=octets)

    return sign


def head(who: str) -> tuple[str, ...]:
    return (f"From: {who.title()} <{who}@example.org>", "To: acme@pits.example", "Subject: order")


def wrapping(text: bytes, joined: bool = False) -> bytes:
    """A text as format=flowed, each line broken once, past its 20th letter."""
    lines = text.split(b"\n")
    return flowed(Flow(b"\n".join(line.rstrip(b" ") for line in lines), (20,) * len(lines)), joined)


def stamp(world: World, *mails: bytes) -> None:
    """All of these mails are taken, in one batch."""
    found = world.codes(*mails)
    assert all(one.startswith("stamped ") for one in found), found


@pytest.fixture(scope="module")
def made() -> Iterator[World]:
    """A pit in which everything but the seals came as PGP/MIME, in every way that is taken."""
    with short_folder() as folder:
        keys = Keys(folder / "k")
        try:
            with founded(keys) as world:
                charter = compose(NAME, world.charter()).encode()
                operator, alice = signer(keys, "operator"), signer(keys, "alice")
                as_text = signer(keys, "alice", "--textmode")
                stamp(world, mutt(charter, operator, head=head("operator")))
                admission = world.text(world.admission("alice")).encode()
                bird = Coding("base64", "UTF-8", True)
                stamp(
                    world, thunderbird(wrapping(admission), operator, bird, head=head("operator"))
                )
                text = world.text(AWKWARD).encode()
                latin = world.text('say "grün =20"\n').encode("iso-8859-15")
                flows = Coding("quoted-printable", "utf-8", True)
                stamp(
                    world,
                    mutt(text, alice, head=head("alice")),
                    mutt(text[:-1], alice, Coding("8bit", "utf-8"), head=head("alice")),
                    mutt(text + b"\n\n", as_text, Coding("7bit", "us-ascii"), head=head("alice")),
                    apple(text, as_text, head=head("alice")),
                    thunderbird(wrapping(text), alice, flows, head=head("alice")),
                    thunderbird(wrapping(text), alice, bird, head=head("alice")),
                    thunderbird(text[:-1], alice, Coding("base64", "utf-8"), head=head("alice")),
                    mutt(
                        wrapping(text, True),
                        alice,
                        Coding("8bit", "utf-8", True, True),
                        head=head("alice"),
                    ),
                    mutt(
                        latin, alice, Coding("quoted-printable", "iso-8859-15"), head=head("alice")
                    ),
                    world.mail("buy 1 ACME @ 12.50\n"),
                )
                yield world
        finally:
            keys.close()


def test_all_of_them_stand_with_the_text_that_was_written(made: World) -> None:
    found = made.entries()
    texts = [entry.text for entry in found if entry.text.count("12.50") and entry.signer == "alice"]
    text = canonical(made.text(AWKWARD).encode()).decode()
    assert texts[0] == texts[1] == texts[3] == text
    assert texts[2] == text + "\n\n"
    assert texts[4] == texts[5] == texts[6] == texts[7] == text
    assert len(texts) == 9
    assert sum('say "grün =20"' in entry.text for entry in found) == 1


def test_an_audit_finds_them_whole_and_gnupg_agrees(made: World, tmp_path: Path) -> None:
    args = ("audit", folder_of(made), "--id", made.settings.id, "--second-opinion", "all", "--json")
    done = pit(tmp_path, *args)
    assert done.status == 0, done.err
    opinion = json.loads(done.text)["second_opinion"]
    assert opinion == {"asked": len(made.entries()), "disagrees": []}


def with_mark(made: World, mark: bytes) -> Entry:
    """The first entry whose mail has this."""
    return next(entry for entry in made.entries() if mark in entry.raw)


def restamped(raw: bytes, old: bytes, new: bytes) -> bytes:
    """The entry as a notary would write it who changed the mail: all that he can is right."""
    stamp, mail = read_entry(raw)
    assert old in mail
    mail = mail.replace(old, new, 1)
    try:
        text = sha256(signed(mail).text).hexdigest()
    except PitError:
        text = stamp.text
    return write_entry(
        stamp._replace(length=len(mail), mail=sha256(mail).hexdigest(), text=text), mail
    )


CHANGES = [
    (b"say ", b"SAY ", "no valid signatures"),
    (b"iso-8859-15", b"iso-8859-1", "no valid signatures"),
    (b"inline\n\npit", b"INLINE\n\npit", "no valid signatures"),
    (b"\n\n--EUy4j9bQkDG62gai\nContent-Type: app", b"\n\n\n--EUy4j9bQkDG62gai\nContent-Type: app",
     "no valid signatures"),
    (b"\n\n\n--EUy", b"\n\nbuy 9\n--EUy", "text above its first part"),
    (b"62gai--\n", b"62gai--\nbuy 9\n", "text below its last part"),
    (b"iso-8859-15", b"iso-8859-8", "the charset 'iso-8859-8'"),
    (b"text/plain", b"text/html", "right is text/plain alone"),
    (b"\n\niH", b"\nComment: \x7f\n\niH", "one armoured signature"),
    (b"multipart/signed", b"multipart/mixed", "right is multipart/signed"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "why"), CHANGES)
def test_an_entry_is_examined_as_strictly_as_the_notary_looks_at_a_mail(
    made: World, old: bytes, new: bytes, why: str
) -> None:
    cert = certificate(made.keys.export("alice"))
    keys = {cert.fingerprint: cert.armored}
    raw = with_mark(made, b"charset=iso-8859-15").raw
    assert examine_entry(raw, keys).signer == "alice"
    with pytest.raises(PitError, match=why):
        examine_entry(restamped(raw, old, new), keys)
    assert examine_entry(restamped(raw, b"Subject: order", b"Subject: x"), keys).signer == "alice"


def test_of_several_wrong_entries_the_first_is_named_whatever_is_wrong_with_it(
    made: World,
) -> None:
    cert = certificate(made.keys.export("alice"))
    keys = {cert.fingerprint: cert.armored}
    good = with_mark(made, b"charset=iso-8859-15").raw
    forged = restamped(good, b"say ", b"SAY ")  # what is seen last
    torn = good.replace(b"Pit-Time: ", b"Pit-Tune: ")  # what is seen first
    for place, entries in (
        (0, [good, good]),
        (1, [torn, good, forged]),
        (2, [good, forged, good, torn]),
        (2, [good, torn, forged]),
    ):
        task = Task(b"".join(entries), [len(raw) for raw in entries], 7, keys)
        expected = Found(0, "")
        if place:
            with pytest.raises(PitError) as error:
                examine_entry(entries[place - 1], keys)
            expected = Found(6 + place, str(error.value))
        assert examine(task) == expected


def test_gnupg_disagrees_where_the_signed_part_is_another(made: World) -> None:
    cert = certificate(made.keys.export("alice"))
    entries = [entry for entry in made.entries() if entry.signer == "alice"]
    sample = Sample.parse("all")
    try:
        for at, entry in enumerate(entries):
            raw = entry.raw
            if at in (0, 8):  # signed as quoted-printable by mutt, as ISO 8859-15
                raw = restamped(raw, b"inline\n\npit", b"INLINE\n\npit")
            sample.take(entry._replace(raw=raw), cert)
        opinion = sample.opinion()
    finally:
        sample.close()
    assert opinion.asked == len(entries)
    assert [number for number, _ in opinion.disagrees] == [entries[at].number for at in (0, 8)]
    assert all("BADSIG" in what for _, what in opinion.disagrees)


def test_the_commands_on_every_page_print_what_it_says(made: World) -> None:
    shapes = set()
    for entry in made.entries():
        page = printed(folder_of(made), entry.number).text
        check_by_hand(folder_of(made), page)
        said = part(page, "What was signed")
        if f"\ndetached {entry.number} " in page and entry.signer == "alice":
            shapes |= set(re.findall(r"base64|printf '%b|iconv|/ \$/|s/ .n", page))
            assert "\n".join(said).startswith(printable(entry.text.split("\n")[0]))
            assert said[-1] == "-----END PGP SIGNATURE-----"
    assert shapes == {"base64", "printf '%b", "iconv", "/ $/", "s/ \\n"}
