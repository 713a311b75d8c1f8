"""How to check an extract with common tools: commands, and what they print.

What a command prints stands below it behind `# `; so all can be pasted as it stands.
"""

from collections.abc import Iterator

from pit.archives.mime_text import Coding
from pit.filters.extract import Extract, Place

_UTF_8 = {"utf-8", "us-ascii"}
_CLEAR = "gpgconf --homedir $t --kill all; rm -rf $t"


def commands(found: Extract) -> list[str]:
    """The lines, for the folder with the archive's files."""
    return [*_setup(found), *_places(found), *_signatures(found), *_root(found), _CLEAR]


def tools(found: Extract) -> str:
    """What the commands need."""
    charsets = {place.parts.coding.charset for place in _entries(found) if place.parts}
    iconv = "iconv, " if charsets - _UTF_8 else ""
    return f"bash, coreutils, grep, gzip, {iconv}sed and gpg"


def _setup(found: Extract) -> list[str]:
    lines = [
        "t=$(mktemp -d); h() { sha256sum | cut -c 1-64; }",
        "entry() { # its number, its file, the bytes of its mail",
        f'  gzip -cdf "$2"* | sed -n "/^From $1@{found.pit}.pit /,/^From /{{//!p}}" > $t/$1',
        r"  tail -n +7 $t/$1 | sed 's/^>\(>*From \)/\1/' | head -c $3 > $t/$1.mail",
        "  sed '1,/^$/d' $t/$1.mail > $t/$1.asc; h < $t/$1.mail; }",
        "signed() { # by which key, and the hash of what",
        "  gpg --homedir $t -q --status-fd 1 -o $t/$1.text --verify $t/$1.asc 2> /dev/null |",
        "    sed -n 's/.* VALIDSIG .* //p'; h < $t/$1.text; }",
    ]
    if any(place.parts for place in _entries(found)):
        lines += [
            "detached() { # the same, by the lines of the signed part and of the signature",
            r"  sed -n $2p $t/$1.mail | sed 's/$/\r/' | head -c -2 > $t/$1.part",
            "  sed -n $3p $t/$1.mail > $t/$1.asc",
            "  gpg --homedir $t -q --status-fd 1 --verify $t/$1.asc $t/$1.part 2> /dev/null |",
            "    sed -n 's/.* VALIDSIG .* //p'; h < $t/$1.text; }",
        ]
    return lines


def _entries(found: Extract) -> list[Place]:
    """Those that are looked at, in order."""
    places = (found.charter, *found.passed, found.enrolment, found.entry, found.seal)
    return list({place.stamp.number: place for place in places}.values())


def _places(found: Extract) -> Iterator[str]:
    """Cut them out: the hash in Pit-Mail; then the stamp itself."""
    for stamp, file, parts in _entries(found):
        yield f"entry {stamp.number} {file} {stamp.length}"
        yield f"# {stamp.mail}"
        if parts:
            yield f"sed -n {_range(parts.body)}p $t/{stamp.number}.mail |"
            yield from [f"  {step} |" for step in _decoding(parts.coding)]
            yield rf"  sed 's/[ \t]*$//' > $t/{stamp.number}.text"
    yield f"head -n 6 $t/{found.entry.stamp.number}"
    yield "# the stamp as it stands above"


def _range(lines: tuple[int, int]) -> str:
    return f"{lines[0]},{lines[1]}"


def _decoding(coding: Coding) -> list[str]:
    """The filters that undo how a text stands in its part (`mime_text`)."""
    steps = []
    if coding.encoding == "quoted-printable":  # soft line ends, then bytes as printf has them
        steps.append(r"sed -e :a -e '/=$/{N;s/=\n//;b a' -e '}'")
        steps.append(r"sed 's/\\/\\\\/g; s/=\([0-9A-F][0-9A-F]\)/\\x\1/g'")
        steps.append(r"""while IFS= read -r line; do printf '%b\n' "$line"; done""")
    if coding.encoding == "base64":
        steps.append(r"base64 -d | sed -e 's/\r$//' -e '$a\'")
    if coding.charset not in _UTF_8:
        steps.append(f"iconv -f {coding.charset} -t utf-8")
    if coding.flowed:
        soft = r"s/ \n \{0,1\}//" if coding.joined else r"s/\n \{0,1\}//"
        steps.append(f"sed -e :a -e '/ $/{{$!{{N;{soft};b a' -e '}}' -e '}}' -e 's/^ //'")
    return steps


def _signatures(found: Extract) -> Iterator[str]:
    """By which keys, of what texts; the charter's is the pit's id."""
    places = (found.charter, found.enrolment, *found.passed)
    enrolments = {one.stamp.number: ".text" if one.parts else "" for one in places}
    files = " ".join(f"$t/{number}{end}" for number, end in sorted(enrolments.items()))
    block = "/^    -----BEGIN PGP PUBLIC/,/^    -----END PGP PUBLIC/"
    yield f"sed -n '{block}{{s/^    //;p}}' {files} > $t/keys"
    yield "gpg --homedir $t -q --import $t/keys"
    for stamp, _, parts in _entries(found):
        if parts:
            yield f"detached {stamp.number} {_range(parts.part)} {_range(parts.signature)}"
        else:
            yield f"signed {stamp.number}"
        yield f"# {stamp.fingerprint}"
        yield f"# {stamp.text}"
    stamp, number = found.entry.stamp, found.enrolment.stamp.number
    if number != found.charter.stamp.number:
        yield f"grep -ho '{stamp.signer} {stamp.fingerprint}$' $t/{number}.text"
        yield f"# {stamp.signer} {stamp.fingerprint}"


def _root(found: Extract) -> Iterator[str]:
    """From the stamp's leaf up to the root (RFC 6962, 2.1), and the root that was signed."""
    if not found.is_newest_seal:
        number = found.entry.stamp.number
        yield f"node=$({{ printf '\\0'; head -n 6 $t/{number}; }} | h); echo $node"
        yield f"# {found.leaf}"
    if found.path:
        yield r"""up() { node=$(printf "$(sed 's/../\\x&/g' <<< 01$1)" | h); echo $node; }"""
    for side, sibling, node in found.path:
        yield f"up {sibling}$node" if side == "L" else f"up ${{node}}{sibling}"
        yield f"# {node}"
    yield f"sed -n 's/^  root: //p' $t/{found.seal.stamp.number}.text"
    yield f"# {found.root}"
