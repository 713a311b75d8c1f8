"""Mails that would cost a careless program its memory or its time; made when asked for."""

from functools import cache

from tests.mails import packets
from tests.mails.pair import Make, Pair
from tests.mails.parts import Mails, changed, headed, last, mail, mimed, multipart, part, signed
from tests.mails.pen import ORDER, Pen

MIB = 1 << 20


def nest(levels: int, kernel: bytes, kind: str = "mixed") -> bytes:
    """Multiparts in each other."""
    heads = b"".join(
        b"Content-Type: multipart/%b; boundary=%x\n\n--%x\n" % (kind.encode(), n, n)
        for n in range(levels)
    )
    return heads + kernel + b"".join(b"\n--%x--\n" % n for n in reversed(range(levels)))


def deep(levels: int, kind: str = "mixed") -> Make:
    def make(pen: Pen) -> Mails:
        one = signed(*pen.signed())
        return Mails(mimed(nest(levels, one, kind)), mimed(one))

    return make


def forwards(pen: Pen) -> Mails:
    """Mails in mails, each said to be the only thing in the other."""
    one = signed(*pen.signed())
    return Mails(mimed(b"Content-Type: message/rfc822\n\n" * 10_000 + one), mimed(one))


def deep_inside(pen: Pen) -> Mails:
    """The same below the signature: signed, but no text."""
    first = nest(10_000, b"\nx\n")
    return Mails(mimed(signed(first, pen.armor(first))), pen.mime())


def addresses(count: int, field: str, width: int) -> Make:
    """So many addresses in a header, folded."""

    def make(pen: Pen) -> Mails:
        block = pen.block()
        many = ",\n ".join(f"{'a' * width}{n}@x.example" for n in range(count))
        if field == "From":
            return Mails(mail(block, sender=many), mail(block))
        few = f"{field}: {'b@x.example, ' * 20}b@x.example"
        return Mails(mail(block, f"{field}: {many}"), mail(block, few))

    return make


def padded(size: int) -> Make:
    """Comments up to that size within the signed text; the signature no longer matters."""

    def make(pen: Pen) -> Mails:
        good = mail(pen.block())
        line = b"# " + b"x" * 97 + b"\n"
        bad = changed(good, ORDER.encode(), ORDER.encode() + line * (size // len(line) + 1))
        return Mails(bad, good)

    return make


def one_line(size: int) -> Make:
    def make(pen: Pen) -> Mails:
        good = mail(pen.block())
        return Mails(changed(good, b"buy 7", b"# " + b"x" * size + b"\nbuy 7"), good)

    return make


def headers(count: int) -> Make:
    def make(pen: Pen) -> Mails:
        block = pen.block()
        return Mails(headed(*["X: y"] * count) + block, headed(*["X: y"] * 100) + block)

    return make


def parts(count: int) -> Make:
    """Very many parts."""

    def make(pen: Pen) -> Mails:
        one = pen.signed()
        return Mails(mimed(signed(*one, *[b"\n"] * count)), mimed(signed(*one)))

    return make


def parameters(pen: Pen) -> Mails:
    """A Content-Type of 60 KiB of parameters, most of them opened and not closed."""
    good = pen.mime()
    many = ";\n ".join(f'a{n}="\\"\\' for n in range(5000))
    return Mails(
        changed(good, b'boundary="=-signed"', b'boundary="=-signed";\n ' + many.encode()), good
    )


def comments(character: str, count: int) -> Make:
    """Comments in comments in From, never closed."""

    def make(pen: Pen) -> Mails:
        block = pen.block()
        lines = "\n ".join([character * 901] * (count // 901))
        return Mails(mail(block, sender=f"{lines} <alice@example.org>"), mail(block))

    return make


@cache
def zeros() -> bytes:
    """256 MiB of them, compressed."""
    return packets.compressed(packets.literal(bytes(256 * MIB)))


def bomb(times: int) -> Make:
    """Zeros in compressed packets in each other, in place of a signature."""

    def make(pen: Pen) -> Mails:
        block = pen.block()
        data = packets.compressed(zeros(), times)
        return Mails(mail(packets.resigned(block, data)), mail(block))

    return make


def signatures(pen: Pen) -> Mails:
    """A thousand signatures in one armour."""
    block = pen.block()
    return Mails(mail(packets.resigned(block, packets.parsed(block) * 4000)), mail(block))


def subpackets(pen: Pen) -> Mails:
    """A signature with as many subpackets as fit, where nothing is signed."""
    block = pen.block()
    sig = packets.signature(block)
    made = sig._replace(unhashed=sig.unhashed + packets.subpacket(100, b"") * 30_000).packet()
    return Mails(mail(packets.resigned(block, made)), mail(block))


def attached(pen: Pen) -> Mails:
    """900 KiB of base64 beside the signed text."""
    one = signed(*pen.signed())
    data = part(bytes(640 * 1024), "base64", "application/octet-stream")
    return Mails(mimed(multipart("mixed", one, data, boundary="=-outer")), mimed(one))


def closings(pen: Pen) -> Mails:
    """Lines that are almost a boundary."""
    good = pen.mime()
    return Mails(last(good, b"\n--=-signed--", b"\n--=-signed-" * 60_000 + b"\n--=-signed--"), good)


def encoded(pen: Pen) -> Mails:
    """Quoted-printable in which every byte is a line of its own."""
    good = pen.mime(encoding="quoted-printable")
    return Mails(changed(good, b"buy 7", b"=\n" * 400_000 + b"buy 7"), good)


def newlines(pen: Pen) -> Mails:
    good = mail(pen.block())
    return Mails(good + b"\n" * (64 * MIB), good)


PAIRS = [
    Pair("64-mib-of-comments", "size", padded(64 * MIB)),
    Pair("64-mib-in-one-line", "size", one_line(64 * MIB)),
    Pair("64-mib-of-headers", "size", headers(64 * MIB // 5)),
    Pair("64-mib-of-newlines-behind", "size", newlines),
    Pair("just-over-1-mib", "size", padded(MIB)),
    # NOTARY has MIME deeper than 2 among the sizes; but it is no text with its signature either.
    Pair("mime-10000-deep", "size", deep(10_000)),
    Pair("mime-3-deep", "size", deep(2)),
    Pair("signed-multiparts-10000-deep", "size", deep(10_000, "signed")),
    Pair("mails-in-mails-10000-deep", "shape", forwards),
    Pair("signed-10000-deep", "size", deep_inside),
    Pair("20000-parts", "shape", parts(20_000)),
    Pair("100000-addresses-in-from", "size", addresses(100_000, "From", 1)),
    Pair("100000-addresses-in-to", "size", addresses(100_000, "To", 1)),
    Pair("100000-addresses-in-cc-in-1-mib", "size", addresses(60_000, "Cc", 1)),
    Pair("3000-addresses-in-from", "shape", addresses(3_000, "From", 1)),
    Pair("100000-headers", "size", headers(100_000)),
    Pair("50-kib-of-brackets-in-from", "shape", comments("(", 50_000)),
    Pair("50-kib-of-quotes-in-from", "shape", comments('"', 50_000)),
    Pair("50-kib-of-angles-in-from", "shape", comments("<", 50_000)),
    Pair("50-kib-of-commas-in-from", "shape", comments(",", 50_000)),
    Pair("50-kib-of-parameters", "shape", parameters),
    Pair("a-bomb-of-256-mib", "signature", bomb(0)),
    Pair("a-bomb-of-256-mib-in-4-bombs", "signature", bomb(4)),
    Pair("4000-signatures", "signature", signatures),
    Pair("30000-subpackets", "signature", subpackets),
    Pair("900-kib-attached", "shape", attached),
    Pair("60000-lines-almost-a-boundary", "shape", closings),
    Pair("400000-soft-line-breaks", "signature", encoded),
]
