"""How to check an extract with common tools: commands, and what they print.

What a command prints stands below it behind `# `; so all can be pasted as it stands.
"""

from collections.abc import Iterator

from pit.filters.extract import Extract, Place

TOOLS = "bash, coreutils, grep, gzip, sed and gpg"

_CLEAR = "gpgconf --homedir $t --kill all; rm -rf $t"


def commands(found: Extract) -> list[str]:
    """The lines, for the folder with the archive's files."""
    return [*_setup(found), *_places(found), *_signatures(found), *_root(found), _CLEAR]


def _setup(found: Extract) -> list[str]:
    return [
        "t=$(mktemp -d); h() { sha256sum | cut -c 1-64; }",
        "entry() { # its number, its file, the bytes of its mail",
        f'  gzip -cdf "$2"* | sed -n "/^From $1@{found.pit}.pit /,/^From /{{//!p}}" > $t/$1',
        r"  tail -n +7 $t/$1 | sed 's/^>\(>*From \)/\1/' | head -c $3 > $t/$1.mail",
        "  sed '1,/^$/d' $t/$1.mail > $t/$1.asc; h < $t/$1.mail; }",
        "signed() { # by which key, and the hash of what",
        "  gpg --homedir $t -q --status-fd 1 -o $t/$1.text --verify $t/$1.asc 2> /dev/null |",
        "    sed -n 's/.* VALIDSIG .* //p'; h < $t/$1.text; }",
    ]


def _entries(found: Extract) -> list[Place]:
    """Those that are looked at, in order."""
    four = (found.charter, found.enrolment, found.entry, found.seal)
    return list({place.stamp.number: place for place in four}.values())


def _places(found: Extract) -> Iterator[str]:
    """Cut them out: the hash in Pit-Mail; then the stamp itself."""
    for stamp, file in _entries(found):
        yield f"entry {stamp.number} {file} {stamp.length}"
        yield f"# {stamp.mail}"
    yield f"head -n 6 $t/{found.entry.stamp.number}"
    yield "# the stamp as it stands above"


def _signatures(found: Extract) -> Iterator[str]:
    """By which keys, of what texts; the charter's is the pit's id."""
    enrolments = {found.charter.stamp.number, found.enrolment.stamp.number}
    files = " ".join(f"$t/{number}" for number in sorted(enrolments))
    block = "/^    -----BEGIN PGP PUBLIC/,/^    -----END PGP PUBLIC/"
    yield f"sed -n '{block}{{s/^    //;p}}' {files} > $t/keys"
    yield "gpg --homedir $t -q --import $t/keys"
    for stamp, _ in _entries(found):
        yield f"signed {stamp.number}"
        yield f"# {stamp.fingerprint}"
        yield f"# {stamp.text}"
    stamp, number = found.entry.stamp, found.enrolment.stamp.number
    if number != found.charter.stamp.number:
        yield f"grep '^admit {stamp.signer} ' $t/{number}.text"
        yield f"# admit {stamp.signer} {stamp.fingerprint}"


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
