"""Whatever mail became an entry comes back from Mailman byte for byte."""

from pit.moderator.handover import enqueue
from pit.moderator.original import originals
from pit.moderator.posts import posts
from tests.mailman.conftest import Listed
from tests.moderator.posted import entries

HEAD = b"From: Alice <alice@example.org>\nTo: acme@pits.example\nSubject: order\n"
BLOCK = b"""\
-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA512

pit acme
buy 100 ACME @ 12.50
-----BEGIN PGP SIGNATURE-----

iHUEARYIAB0WIQQT6xGL+oB806aMWtjxDjCdq4kiHgUCawBCCwAKCRDxDjCdq4ki
-----END PGP SIGNATURE-----
"""
MIME = (
    b"MIME-Version: 1.0\nContent-Type: multipart/signed; micalg=pgp-sha512;\n"
    b'\tprotocol="application/pgp-signature"; boundary="=-=-="\n'
)
PARTS = b"""
--=-=-=
Content-Type: text/plain; charset=utf-8; protected-headers=v1
Content-Transfer-Encoding: quoted-printable
From: =?utf-8?Q?Alice_M=C3=BCller?= <alice@example.org>

buy 100 ACME @ 12.50=20
--=-=-=
Content-Type: application/pgp-signature; name="signature.asc"

-----BEGIN PGP SIGNATURE-----

iHUEARYIAB0WIQQT6xGL+oB806aMWtjxDjCdq4kiHgUCawBCCwAKCRDxDjCdq4ki
-----END PGP SIGNATURE-----
--=-=-=--
"""
ODD = {
    "plain": HEAD + b"\n" + BLOCK,
    "8-bit body": HEAD + b'\n# Gr\xc3\xbc\xc3\x9fe \xe2\x80\x94 "x"\n' + BLOCK,
    "bytes of no charset": HEAD + b"\n\xff\xfe\x80\x81 \x00\x01\x7f\n" + BLOCK,
    "8-bit header": HEAD + b"X-Name: J\xc3\xb6rg \xff\n\n" + BLOCK,
    "From lines": HEAD + b"\nFrom me\n>From you\n>>From them\n\nFrom \n" + BLOCK,
    "blanks at line ends": HEAD + b"X-A: a  \nX-B:\nX-C:\tb\t\n\ntext  \n\t\n   \n" + BLOCK,
    "unusual headers": HEAD + b"x-MiX.~!#: 1\nSubject: 2\nX:y\nX-Z: a;\n\tb\n  c\n\n" + BLOCK,
    "two Message-IDs": HEAD + b"Message-ID: <a@b>\nMessage-ID: <c@d>\n\n" + BLOCK,
    "the same Message-ID": HEAD + b"Message-ID: <a@b>\n\nanother\n" + BLOCK,
    "no Message-ID, no Date": HEAD + b"\nno id\n" + BLOCK,
    "long lines": HEAD + b"X-Long: " + b"y" * 980 + b"\n\n" + b"z" * 990 + b"\n" + BLOCK,
    "PGP/MIME": HEAD + MIME + PARTS,
    "a list's own headers": HEAD + b"List-Id: <x.y>\nApproved: pw\nX-Ack: no\n\n" + BLOCK,
    "no newline at its end": HEAD + b"\n" + BLOCK[:-1],
    "dots and boundaries": HEAD + b"\n.\n..\n--=-=-=\n--pit-00--\n" + BLOCK,
    "words, bidi, escapes": HEAD + b"X: =?utf-8?q?=E2=80=AE?=\n\n\xe2\x80\xae\x1b[2J\n" + BLOCK,
}  # fmt: skip


def test_sixteen_odd_mails_survive_mailman_byte_for_byte(acme: Listed) -> None:
    assert len(ODD) == 16
    text = 'pit acme\nsay "\u202eod\x1b[2Jd"\nFrom me\n=?utf-8?q?x?=\n' + "y" * 2000 + "\n"
    made = entries([*(("alice", text, mail) for mail in ODD.values()), ("notary", "seal", BLOCK)])
    queue = acme.core.var / "queue" / "pipeline"
    for post, _ in posts(made, acme.address):
        enqueue(queue, acme.list_id, f"{post.first:015d}.odd", post.mail)
    for who in ("alice", "bob"):
        assert acme.sink.until(lambda who=who: len(acme.posts(who)) == len(ODD)), acme.core.said()
        came = acme.posts(who)  # in the order of the entries
        for number, (name, mail) in enumerate(ODD.items(), 1):
            found = originals(came[number - 1])
            assert (found[0].number, found[0].mail) == (number, mail), name
    assert all(mail.isascii() for mail in came)
    assert acme.core.queued("shunt", "bad") == []
