"""A PGP/MIME signed mail (RFC 3156), cut apart by bytes.

Taken is a multipart/signed of one text/plain part and its signature; around the text there may be
one multipart/mixed, as Thunderbird makes it. The notary, the readers and the audit all cut with
this; so it is strict: where two mail programs could see different texts, there is none.
"""

import re
from itertools import pairwise
from typing import NamedTuple

from pit.archives.mime_fields import (
    Content,
    Fields,
    MimeError,
    check_version,
    content,
    encoding,
    fields,
    only,
)
from pit.archives.mime_text import CHARSETS, ENCODINGS, Coding, decoded, text_of

__all__ = ["MimeError", "Signed", "Span", "cut", "enclosed"]


class Span(NamedTuple):
    """Where something stands in the mail: the bytes from `start` to before `end`."""

    start: int
    end: int


class Signed(NamedTuple):
    """A signed mail cut apart.

    octets: what the signature is over, with CRLF line ends. text: decoded, UTF-8, LF line ends, its
    blanks at line ends not yet off (`cut.canonical`). armor: the signature's, without armour
    headers, BEGIN line to END line. part, body, signature: where the signed part, the text in it
    and the armour stand in the mail. coding: how the text stands there.
    """

    octets: bytes
    text: bytes
    armor: bytes
    part: Span
    body: Span
    signature: Span
    coding: Coding


NOTICE = b"This is an OpenPGP/MIME signed message (RFC 4880 and 3156)\n"
"""What Thunderbird writes above the first part, for programs that know no MIME."""

AGREE = ("from", "to", "subject", "date")
"""The protected headers that must say what the mail's own say."""

_BEGIN, _END = b"-----BEGIN PGP SIGNATURE-----", b"-----END PGP SIGNATURE-----"
_CLEARSIGNED = b"-----BEGIN PGP SIGNED MESSAGE-----"
_MARKERS = ((_CLEARSIGNED, 0), (_BEGIN, 1), (_END, 1))
_ARMOR = re.compile(rb"(%b\n)(?:(?:Version|Comment):[ -~]*\n){0,8}(\n[^\0]*%b\n)" % (_BEGIN, _END))
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=?-]{1,70}").fullmatch
_MICALG = re.compile(r"pgp-[a-z0-9-]{1,20}", re.IGNORECASE).fullmatch

_PROTECTED = {"protected-headers", "hp"}
_TEXT = {"charset", "format", "delsp"} | _PROTECTED
_ROOT = {"multipart/signed": {"boundary", "micalg", "protocol"}}
_PARTS = {"text/plain": _TEXT, "multipart/mixed": {"boundary"} | _PROTECTED}
_SIGNATURE = {"application/pgp-signature": {"name", "charset"}}
_PLAIN = {"7bit", "8bit"}
_CONTENT = {"content-" + name for name in ("type", "transfer-encoding", "disposition")}
_CONTENT |= {"content-" + name for name in ("language", "description", "id")}
_INLINE = re.compile(rb"[ \t]*inline", re.IGNORECASE).fullmatch


class _Part(NamedTuple):
    """A part: its fields, and where its body stands."""

    fields: Fields
    body: Span


def cut(mail: bytes) -> Signed:
    """Cut a mail (LF line ends); MimeError where it is not one signed text, or not unmistakably.

    Lines above its first header, as the rest of a stamp, are taken for headers; empty lines after
    the end do not count.
    """
    whole, boundary, parts = _halves(mail)
    root = _part(mail, parts[0], "the signed part")
    leaf, kind = _leaf(mail, root, boundary)
    _check_agreement(whole.fields, root.fields)
    coding = _coding(leaf, kind)
    text = text_of(mail[slice(*leaf.body)], coding)
    if not text.strip():
        raise MimeError("the signed text should not be empty")
    if any(marker in text for marker, _ in _MARKERS):
        raise MimeError("the signed text has a line of another signature")
    armor, where = _armor(mail, parts[1])
    octets = mail[slice(*parts[0])].replace(b"\n", b"\r\n")
    return Signed(octets, text, armor, parts[0], leaf.body, where, coding)


def enclosed(mail: bytes) -> tuple[bytes, bytes]:
    """What a multipart/signed mail signs, be it a text or not: the octets, CRLF line ends, and the
    armour of the signature; MimeError.
    """
    _, _, parts = _halves(mail)
    armor, _ = _armor(mail, parts[1])
    return mail[slice(*parts[0])].replace(b"\n", b"\r\n"), armor


def _halves(mail: bytes) -> tuple[_Part, str, list[Span]]:
    """A multipart/signed mail, its boundary, and where its two parts stand; MimeError."""
    whole = _part(mail, Span(0, len(mail)), "the mail")
    outer = content(whole.fields, _ROOT, "multipart/signed", "the mail")
    for marker, count in _MARKERS:
        if mail.count(marker) != count:
            found = f"{mail.count(marker)} times in the mail; right is {count}"
            raise MimeError(f"{marker.decode()} stands {found}")
    check_version(whole.fields, "the mail")
    encoding(whole.fields, _PLAIN, "the mail")
    if outer.parameters.get("protocol", "").lower() != "application/pgp-signature":
        raise MimeError('multipart/signed should have protocol="application/pgp-signature"')
    # Thunderbird says pgp-sha256 where GnuPG signed with another: the signature itself decides.
    if not _MICALG(outer.parameters.get("micalg", "")):
        raise MimeError("multipart/signed should name its hash, as in micalg=pgp-sha512")
    boundary = _boundary(outer, "the mail")
    parts = _parts(mail, whole.body, boundary, "the mail", NOTICE)
    if len(parts) != 2:
        raise MimeError(f"{len(parts)} parts in multipart/signed; right are a text and a signature")
    return whole, boundary, parts


def _part(mail: bytes, span: Span, where: str) -> _Part:
    """The fields and the body of a part, or of the mail; MimeError."""
    start, end = span
    if mail.startswith(b"\n", start):
        return _Part((), Span(start + 1, end))
    blank = mail.find(b"\n\n", start, end)
    if blank < 0:
        raise MimeError(f"{where}: no empty line between its headers and its body")
    found = fields(mail[start : blank + 1], where)
    return _Part(found, Span(blank + 2, end))


def _boundary(outer: Content, where: str) -> str:
    boundary = outer.parameters.get("boundary", "")
    if not _BOUNDARY(boundary):
        raise MimeError(f"{where}: its boundary is {boundary[:80]!r}; right are letters and digits")
    return boundary


def _parts(mail: bytes, span: Span, boundary: str, where: str, notice: bytes = b"") -> list[Span]:
    """Where the parts of a multipart stand, each without the line end before the next boundary.

    MimeError where a line begins with the boundary and goes on, or text stands before or after.
    """
    mark = b"--" + boundary.encode()
    lines = []
    at = mail.find(b"\n" + mark, span.start - 1, span.end)
    while at >= 0:
        stop = mail.find(b"\n", at + 1, span.end)
        stop = span.end if stop < 0 else stop
        lines.append(Span(at + 1, stop))
        if len(lines) > 9:
            raise MimeError(f"{where}: more parts than can be right")
        at = mail.find(b"\n" + mark, stop, span.end)
    said = [mail[slice(*line)] for line in lines]
    if len(said) < 2 or said != [mark] * (len(said) - 1) + [mark + b"--"]:
        raise MimeError(
            f"{where}: its boundary lines are not {boundary!r} and at last that with --"
        )
    above, below = mail[span.start : lines[0].start], mail[lines[-1].end : span.end]
    if (above.strip(b"\n") + b"\n").removeprefix(notice or b"\n").strip(b"\n"):
        raise MimeError(f"{where}: there is text above its first part")
    if below.strip(b"\n"):
        raise MimeError(f"{where}: there is text below its last part")
    spans = [Span(one.end + 1, other.start - 1) for one, other in pairwise(lines)]
    if any(start > end for start, end in spans):
        raise MimeError(f"{where}: an empty part")
    return spans


def _leaf(mail: bytes, root: _Part, outer: str) -> tuple[_Part, Content]:
    """The part that is the text: the signed one, or the only one in its multipart/mixed."""
    _check_names(root.fields, "the signed part", True)
    if only(root.fields, "content-type", "the signed part") is None:
        # No text of the language has that line: so nothing that is signed can be taken twice, once
        # as a clearsigned text and once as a part whose headers are comments or nothing.
        raise MimeError("the signed part should have a Content-Type")
    kind = content(root.fields, _PARTS, "text/plain alone", "the signed part")
    if kind.kind == "text/plain":
        return root, kind
    where = "the multipart/mixed"
    if kind.parameters.get("protected-headers", "").lower() != "v1":
        raise MimeError(
            'in the signed part only a multipart/mixed with protected-headers="v1" counts'
        )
    encoding(root.fields, _PLAIN, where)
    inner = _boundary(kind, where)
    if inner.startswith(outer) or outer.startswith(inner):
        raise MimeError("one boundary begins with the other")
    found = _parts(mail, root.body, inner, where)
    if len(found) != 1:
        raise MimeError(
            f"{len(found)} parts in the signed mail; right is one text/plain: no attachment, no "
            "public key, no HTML"
        )
    leaf = _part(mail, found[0], "the text's part")
    _check_names(leaf.fields, "the text's part", False)
    return leaf, content(leaf.fields, {"text/plain": _TEXT}, "text/plain alone", "the text's part")


def _check_names(found: Fields, where: str, root: bool) -> None:
    """MimeError where a field is there that may change what a program shows; or is the notary's."""
    for name, _ in found:
        if name in _CONTENT:
            only(found, name, where)
        elif name.startswith(("pit-", "content-")) or not root:
            raise MimeError(f"{where}: a header `{name}`; there should be none")
    disposition = only(found, "content-disposition", where)
    if disposition is not None and not _INLINE(disposition):
        raise MimeError(f"{where}: it is an attachment; right is a text")


def _coding(leaf: _Part, kind: Content) -> Coding:
    """How the text is encoded; MimeError where that is not said plainly."""
    said = {name: value.lower() for name, value in kind.parameters.items()}
    charset = said.get("charset", "us-ascii")
    if charset not in CHARSETS:
        right = ", ".join(sorted(CHARSETS))
        raise MimeError(f"the charset {charset[:40]!r} of the text is none of {right}")
    shape, join = said.get("format", "fixed"), said.get("delsp", "no")
    if shape not in ("fixed", "flowed") or join not in ("yes", "no"):
        raise MimeError(f"format={shape[:40]!r}, delsp={join[:40]!r}: unknown (RFC 3676)")
    if "delsp" in said and shape != "flowed":
        raise MimeError("delsp without format=flowed")
    how = encoding(leaf.fields, ENCODINGS, "the text's part")
    return Coding(how, charset, shape == "flowed", join == "yes")


def _check_agreement(outer: Fields, inner: Fields) -> None:
    """MimeError where a protected header says something else than the mail's own."""
    for name in AGREE:
        signed = only(inner, name, "the signed part")
        if signed is None:
            continue
        shown = only(outer, name, "the mail")
        if shown != signed and (shown is None or decoded(shown) != decoded(signed)):
            title = name.title()
            found = "the mail has none" if shown is None else f"the mail, {decoded(shown)[:80]!r}"
            raise MimeError(f"the signed `{title}` is {decoded(signed)[:80]!r}; {found}")


def _armor(mail: bytes, span: Span) -> tuple[bytes, Span]:
    """The armour of the second part, and where it stands; MimeError.

    Its header lines `Version` and `Comment` are left out: they are not signed, but like the
    descriptions beside them they say nothing about the text.
    """
    where = "the second part"
    part = _part(mail, span, where)
    content(part.fields, _SIGNATURE, "application/pgp-signature", where)
    encoding(part.fields, _PLAIN, where)
    for name, _ in part.fields:
        if name not in _CONTENT:
            raise MimeError(f"{where}: a header `{name}`; there should be none")
        only(part.fields, name, where)
    body = mail[slice(*part.body)]
    start = part.body.start + len(body) - len(body.lstrip(b"\n"))
    armor = body.strip(b"\n") + b"\n"
    found = _ARMOR.fullmatch(armor)
    if found is None:
        raise MimeError(f"{where}: it should be one armoured signature and nothing else")
    return found[1] + found[2], Span(start, start + len(armor) - 1)
