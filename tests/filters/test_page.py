"""`pit print`: a page shows what stands, and what it says to type proves it."""

import gzip
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from pit.archives import mbox
from pit.archives.entry import read_entry, write_entry
from pit.archives.grammar import LanguageError, check_characters
from pit.archives.language import parse
from pit.archives.mbox import Entry
from pit.archives.merkle import Frontier, leaf
from pit.archives.words import CORE
from pit.filters.extract import names
from pit.pits.display import printable
from tests.conftest import environment
from tests.moderator.world import NAME, NOW, Keys, World, copied, founded, short_folder
from tests.pits.forks import Done, pit, run

EXAMPLE = Path(__file__).parents[2] / "docs/example/acme"
HEADS = [
    "What was signed",
    "Seal, entry ",
    "What followed",
    "Stamp",
    "Path from the stamp to the root over 1 to ",
    "Witnesses of this seal or a later one",
    "To check it, with an archive's copy",
    "By hand, in the folder with the archive's files: ",
]


def entries(folder: Path = EXAMPLE) -> list[Entry]:
    return list(mbox.entries([(folder / "0000000001.mbox").read_bytes()]))


def printed(folder: Path, *args: object, status: int = 0) -> Done:
    done = pit(folder, "print", "--archive", folder, *args)
    assert done.status == status, (done.status, done.err)
    return done


def parts(page: str) -> dict[str, list[str]]:
    """The lines of a page by their heads."""
    found: dict[str, list[str]] = {}
    lines = page.removesuffix("\n").split("\n")
    head = ""
    for at, line in enumerate(lines):
        if at + 1 < len(lines) and line and lines[at + 1] == "-" * len(line):
            head = line
            found[head] = []
        elif line != "-" * len(head) or found[head]:
            found[head].append(line)
    return {head: lines[:-1] if lines[-1:] == [""] else lines for head, lines in found.items()}


def part(page: str, head: str) -> list[str]:
    """The lines below the head that begins so."""
    return next(lines for name, lines in parts(page).items() if name.startswith(head))


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's archive in several files: two gzipped, a plain closed one, and the last."""
    folder = tmp_path_factory.mktemp("several")
    found = entries()
    for first, last, pack in ((1, 2, True), (3, 8, True), (9, 17, False), (18, 21, False)):
        data = b"".join(entry.raw for entry in found[first - 1 : last])
        path = folder / f"{first:010d}.mbox{'.gz' if pack else ''}"
        path.write_bytes(gzip.compress(data) if pack else data)
    return folder


@pytest.fixture(scope="module")
def made() -> Iterator[World]:
    """A pit of which the charter, alice and the witness kim stand; only to be copied."""
    with short_folder() as folder:
        keys = Keys(folder / "k")
        try:
            with founded(keys) as world:
                run(world, world.founding())
                run(
                    world,
                    world.mail(world.admission("alice"), "operator"),
                    world.mail(world.admission("kim", "witness keeper specialist"), "operator"),
                )
                yield world
        finally:
            keys.close()


@pytest.fixture
def world(made: World) -> Iterator[World]:
    with copied(made) as world:
        yield world


def folder_of(world: World) -> Path:
    return world.home.archive(NAME)


def last_number(world: World, verb: str) -> int:
    """The last entry in which a verb begins a line."""
    return max(entry.number for entry in world.entries() if f"\n{verb} " in entry.text)


# --- what stands on it --------------------------------------------------------------------------


def test_a_page_shows_the_entry_its_stamp_what_followed_and_what_proves_it() -> None:
    page = printed(EXAMPLE, 14).text
    assert next(iter(parts(page))) == "Entry 14 of the pit acme"
    for head, right in zip(list(parts(page))[1:], HEADS, strict=True):
        assert head.startswith(right)
    raw = entries()[13].raw.decode()
    assert "\n".join(part(page, "Stamp")) + "\n" in raw
    assert raw.endswith("\n\n" + "\n".join(part(page, "What was signed")) + "\n\n")
    seal = entries()[16].raw.decode()
    assert seal.endswith("\n\n" + "\n".join(part(page, "Seal, entry 17, signed by")) + "\n\n")
    assert [re.split("  +", line)[-1] for line in part(page, "What followed")] == [
        "accept alice/14",
        "fill 60 ACME @ 12.40 alice/14 bob/12; taker: buyer",
    ]
    assert "enrolled in entry 4 by operator" in page
    assert "From: " not in page and "Subject: " not in page


def test_a_page_of_an_archive_here_is_the_one_of_its_copy(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "archives" / "acme")
    assert pit(tmp_path, "print", "14").text == printed(EXAMPLE, 14).text


def test_the_files_that_an_archive_lies_in_show_only_in_their_names(several: Path) -> None:
    for number in range(1, 22):
        page = printed(several, number).text
        found = re.sub(r"(?m)^(entry \d+) \d{10}", r"\1 0000000001", page)
        assert found == printed(EXAMPLE, number).text


def test_the_page_as_json_has_the_same() -> None:
    page, found = printed(EXAMPLE, 14).text, json.loads(printed(EXAMPLE, 14, "--json").text)
    assert found["signed"].split("\n") == part(page, "What was signed")
    assert [f"{side} {sibling}" for side, sibling in found["path"]] == part(page, "Path from")
    assert found["check"] == part(page, "By hand")[1:]
    assert [line["ref"] for line in found["followed"]] == ["18.4", "20.2"]
    assert found["stamp"]["number"] == 14 and found["enrolment"] == 4
    assert found["witnesses"] == {"seen": [], "wanted": 0}


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("accept alice/14", {14}),
        ("accept alice/140", {140}),
        ("cancel 14.2", {14}),
        ("payout 14", {14}),
        ("adopt 14", {14}),
        ("fill 14 ACME @ 14 alice/1 bob/2.14", {1, 2}),
        ("leaves alice/1 0 cancelled 14", {1, 14}),
        ("leaves alice/1 0 expired", {1}),
        ("keeper 14/14 kate", set()),
        ('say "see alice/14, cancel 14"', set()),
        ('refuse alice/1 "14 of alice/14"', {1}),
        ("rule witnesses 14", set()),
        ("report match 14", set()),
        ("transfer 14 EUR to bob", set()),
    ],
)
def test_a_directive_names_an_entry_by_its_references_and_by_nothing_else(
    said: str, named: set[int]
) -> None:
    (directive,) = parse(f"pit acme\n{said}\n", CORE).directives
    assert {n for n in (1, 2, 14, 140) if names(directive, CORE, n)} == named


def test_what_followed_and_had_no_effect_is_said_to_have_none(world: World) -> None:
    run(world, world.mail("buy 1 ACME @ 12.50\n"))
    number = last_number(world, "buy")
    run(world, world.report(1, f"accept alice/{number}\n"), world.mail(f'say "alice/{number}"\n'))
    followed = part(printed(folder_of(world), number).text, "What followed")
    assert len(followed) == 1
    assert (
        f"kim  accept alice/{number}  (no effect: what alice instructs is nobody's" in followed[0]
    )


def test_witnesses_who_have_seen_the_seal_or_a_later_one_are_named(world: World) -> None:
    assert part(printed(folder_of(world), 3).text, "Witnesses") == ["none"]
    run(world, world.mail("rule witnesses 2\n", "operator"))
    size, root = world.last_seal()
    run(world, world.mail(f"saw {size} {root}\n", "kim"))
    early, late = (printed(folder_of(world), number).text for number in (3, size + 2))
    assert part(early, "Witnesses") == ["kim; the pit asks for 2"]
    assert part(late, "Witnesses") == ["none; the pit asks for 2"]


# --- the commands on it -------------------------------------------------------------------------


def check_by_hand(folder: Path, page: str) -> None:
    """Run the commands on a page as they stand, and compare all that they print with the page."""
    right = []
    for line in part(page, "By hand")[1:]:
        if line == "# the stamp as it stands above":
            right += part(page, "Stamp")
        elif line.startswith("# "):
            right.append(line[2:])
    assert len(right) > 6
    done = subprocess.run(
        ["bash", "-c", "set -e\n" + "\n".join(part(page, "By hand"))],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert (done.stdout.splitlines(), done.stderr, done.returncode) == (right, "", 0)


@pytest.mark.parametrize("number", [1, 2, 4, 14, 18, 20, 21])
def test_the_commands_on_a_page_print_what_it_says(
    several: Path, tmp_path: Path, number: int
) -> None:
    page = printed(several, number).text
    check_by_hand(several, page)
    (command,) = part(page, "To check it")
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        cwd=several,
        env=environment(PIT_HOME=str(tmp_path)),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    if number < 21:
        assert f"-: holds: entry {number} of " in done.stdout


def test_where_the_charter_alone_is_sealed_it_and_its_seal_have_pages(
    world: World, tmp_path: Path
) -> None:
    first = b"".join(entry.raw for entry in world.entries()[:2])
    (tmp_path / "0000000001.mbox").write_bytes(first)
    page = printed(tmp_path, 1).text
    assert part(page, "Path from the stamp to the root over 1 to 1") == ["none: it is the root"]
    check_by_hand(tmp_path, page)
    page = printed(tmp_path, 2).text
    assert part(page, "Path")[0].startswith("none: what it signs is the root over the entries")
    check_by_hand(tmp_path, page)
    assert "entry 3 is not sealed" in printed(tmp_path, 3, status=66).err


def test_changed_files_make_the_commands_print_something_else(
    several: Path, tmp_path: Path
) -> None:
    page = printed(several, 14).text
    folder = shutil.copytree(several, tmp_path / "changed")
    path = folder / "0000000009.mbox"
    for old, new in ((b"\nbuy 100 ACME", b"\nbuy 900 ACME"), (b"Pit-Prev: ", b"Pit-Next: ")):
        data = path.read_bytes()
        assert old in data
        path.write_bytes(data.replace(old, new))
        with pytest.raises(AssertionError):
            check_by_hand(folder, page)
        path.write_bytes(data)
    check_by_hand(folder, page)


# --- what may mislead ---------------------------------------------------------------------------

NASTY = [
    *"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u200c\u200d\u200e\u200f\u061c\u2060",
    *"\ufeff\u00ad\u034f\u115f\u1160\u17b4\u180b\u180e\u3164\ufe0f\uffa0\U000e0001\U000e0041\U000e0100",
    *"\ue000\u00a0\u3000\u05d0\u0661é<>&\"'`\\$ ",
]
"""Letters and marks that do not show, or not alone, or mean something to a browser or a shell."""

IGNORABLE = [
    *((0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5)),
    *((0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164)),
    *((0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3)),
    *((0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)),
]
"""Default_Ignorable_Code_Point (Unicode, DerivedCoreProperties.txt)."""


def shows(text: str) -> bool:
    """Whether each character is a line's end or can be seen."""
    return all(
        one in "\n "
        or (one.isprintable() and not any(low <= ord(one) <= high for low, high in IGNORABLE))
        for one in text
    )


def said(text: str) -> str:
    """What a member may say of it."""
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'# {text}\nsay "{quoted}"\n'


def allowed(text: str) -> bool:
    """Whether the language takes it."""
    try:
        check_characters(text)
        return len(parse(f"pit acme\n{said(text)}", CORE).directives) == 1
    except LanguageError:
        return False


TEXTS = st.text(
    st.one_of(st.sampled_from(NASTY), st.characters(codec="utf-8")), min_size=1, max_size=40
).filter(allowed)


class Reader(HTMLParser):
    """What a browser makes of a page: its tags, its heads, and the text of each part."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.named: set[str] = set()
        self.open: list[str] = []
        self.heads: list[str] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.named |= {name for name, _ in attrs}
        if tag != "meta":
            self.open.append(tag)
        if tag in ("h1", "h2"):
            self.heads.append("")
        if tag == "pre":
            self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"h1", "h2"} & {*self.open}:
            self.heads[-1] += data
        if "pre" in self.open:
            self.texts[-1] += data


def check_html(html: str, text: str) -> None:
    """The HTML page shows what the page as text has, and nothing that runs or is fetched."""
    found = Reader(html)
    tags = ["html", "head", "meta", "title", "style", "body", "h1", "main", "section", "h2", "pre"]
    assert found.tags == {*tags, "span"}
    assert found.named <= {"lang", "charset", "http-equiv", "content", "class"}
    lines = [one.removesuffix("\n").split("\n") for one in found.texts]
    assert dict(zip(found.heads, lines, strict=True)) == parts(text)


@settings(  # an example takes half a second: what fails is shown as it was found
    max_examples=3,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@example(texts=["".join(NASTY[at::4]) for at in range(4)])
@given(texts=st.lists(TEXTS, min_size=6, max_size=10, unique=True))
def test_of_any_text_that_may_be_signed_a_page_shows_every_character(
    made: World, texts: list[str]
) -> None:
    with copied(made) as world:
        run(world, *(world.mail(said(text)) for text in texts))
        found = [entry for entry in world.entries() if "\nsay " in entry.text]
        assert len(found) == len(texts)
        for entry in found:
            folder = folder_of(world)
            page, raw = (printed(folder, entry.number, *more).text for more in ((), ("--raw",)))
            assert shows(page)
            signed = [line.rstrip(" ") for line in part(raw, "What was signed")]
            assert "\n".join(signed).partition("\n\n")[2].startswith(entry.text)
            assert ("\nescaped  " in page) is not shows(entry.text)
            check_html(printed(folder, entry.number, "--html").text, page)
            check_html(printed(folder, entry.number, "--html", "--raw").text, raw)
        check_by_hand(folder, page)


@example("".join(NASTY))
@example("".join(chr(one) for low, high in IGNORABLE for one in range(low, high + 1)))
@given(st.text())
def test_every_character_of_any_line_is_made_printable(text: str) -> None:
    assert shows(printable(text))
    if shows(text) and text.isascii():
        assert printable(text.replace("\n", "")) == text.replace("\n", "")


def test_markup_is_text_on_the_page(world: World) -> None:
    markup = 'say "<script>alert(1)</script><img src=x onerror=y>&lt;\\"&#x202e;"'
    run(world, world.mail(markup + "\n"))
    number = last_number(world, "say")
    page = printed(folder_of(world), number, "--html").text
    assert "<script" not in page and "<img" not in page
    assert f"\n{markup}\n" in Reader(page).texts[1]
    check_html(page, printed(folder_of(world), number).text)


def test_what_a_mail_says_outside_of_what_was_signed_is_not_on_the_page(world: World) -> None:
    heads = ("Subject: buy everything \u202e 8-bit \u00e9", "X-Note: the notary says so")
    run(world, world.mail('say "hello"\n', "alice", *heads))
    number = last_number(world, "say")
    assert heads[0].encode() in world.entries()[number - 1].raw
    for form in ((), ("--raw",), ("--html",), ("--json",)):
        page = printed(folder_of(world), number, *form).text
        assert "everything" not in page and "X-Note" not in page and "example.org" not in page


def test_a_page_is_utf_8_whatever_the_locale_is(world: World) -> None:
    run(world, world.mail('say "caf\u00e9 \u05d0"\n'))
    number = str(last_number(world, "say"))
    done = subprocess.run(
        ["pit", "print", number, "--archive", str(folder_of(world))],
        env=environment(LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0"),
        capture_output=True,
        check=True,
    )
    assert 'say "caf\u00e9 \u05d0"\n' in done.stdout.decode()


# --- what does not hold -------------------------------------------------------------------------


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_of_a_changed_archive_comes_the_same_page_or_none(
    tmp_path: Path, at: float, bit: int
) -> None:
    data = bytearray((EXAMPLE / "0000000001.mbox").read_bytes())
    end = data.rindex(b"\nFrom ")  # where the last seal is torn, the archive ends before it
    data[int(at * end)] ^= 1 << bit
    (tmp_path / "0000000001.mbox").write_bytes(data)
    done = pit(tmp_path, "print", "--archive", tmp_path, "14")
    assert done.status in (0, 65, 66)
    assert done.out == (b"" if done.status else printed(EXAMPLE, 14).out)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\nbuy 100 ACME", b"\nbuy 900 ACME"),
        (b"\n-----END PGP SIGNATURE-----", b"\n-----END PGP SIGNATURE---- "),
        (b"\nSubject: ", b"\nObject: "),
    ],
)
def test_an_entry_that_is_not_what_was_stamped_has_no_page(
    tmp_path: Path, old: bytes, new: bytes
) -> None:
    raw = entries()[13].raw
    assert old in raw
    changed = (EXAMPLE / "0000000001.mbox").read_bytes().replace(raw, raw.replace(old, new))
    (tmp_path / "0000000001.mbox").write_bytes(changed)
    assert printed(tmp_path, 14, status=65).out == b""
    assert "14" in printed(tmp_path, 14, status=65).err


def test_a_seal_that_the_notary_has_not_signed_has_no_page(tmp_path: Path, made: World) -> None:
    with copied(made) as world:
        run(world, world.mail('say "hello"\n'))
        found = world.entries()
        number = found[-2].number
        seal = found[-1].text
        block = world.keys.sign("mallory", seal)
    assert seal.encode() in block
    raw = restamped(found[-1].raw, block)
    (tmp_path / "0000000001.mbox").write_bytes(b"".join(e.raw for e in found[:-1]) + raw)
    done = printed(tmp_path, number, status=65)
    assert f"entry {number + 1}: " in done.err and done.out == b""


def test_an_entry_that_its_signer_has_not_signed_has_no_page(tmp_path: Path, made: World) -> None:
    with copied(made) as world:
        run(world, world.mail('say "hello"\n'))
        *found, entry, seal = world.entries()
        forged = restamped(entry.raw, world.keys.sign("mallory", entry.text))
        leaves = Frontier()
        for raw in [*(one.raw for one in found), forged]:
            leaves.append(leaf(read_entry(raw)[0].lines()))
        text = re.sub("root: .*", f"root: {leaves.root().hex()}", seal.text)
        block = world.keys.sign("notary", text, NOW)  # by a notary that takes part in it
    last = restamped(seal.raw, block)
    stamp, mail = read_entry(last)
    stamp = stamp._replace(
        prev=read_entry(forged)[0].digest(),
        text=sha256(text.encode()).hexdigest(),
        signed=f"{NOW:%Y-%m-%dT%H:%M:%SZ}",
    )
    raw = b"".join(one.raw for one in found) + forged + write_entry(stamp, mail)
    (tmp_path / "0000000001.mbox").write_bytes(raw)
    assert pit(tmp_path, "prove", "--archive", tmp_path, entry.number).status == 0
    done = printed(tmp_path, entry.number, status=65)
    assert f"entry {entry.number}: Pit-Signer names the key " in done.err and done.out == b""


def restamped(raw: bytes, block: bytes) -> bytes:
    """An entry with another block in its mail, and a stamp that says so."""
    stamp, mail = read_entry(raw)
    mail = mail.partition(b"\n\n")[0] + b"\n\n" + block
    other = stamp._replace(length=len(mail), mail=sha256(mail).hexdigest())
    return write_entry(other, mail)


@pytest.mark.parametrize(
    ("number", "status", "why"),
    [
        ("22", 66, "entry 22 is not sealed; the last seal is over 1 to 20"),
        ("0", 64, "'0' is not the number of an entry"),
        ("14.2", 64, "'14.2' is not the number of an entry"),
        ("\u0661", 64, "is not the number of an entry"),
    ],
)
def test_what_is_no_entry_is_named(number: str, status: int, why: str) -> None:
    assert why in printed(EXAMPLE, number, status=status).err


def test_a_folder_without_an_archive_is_named(tmp_path: Path) -> None:
    assert "no archive is here" in printed(tmp_path, 1, status=66).err
    assert pit(tmp_path, "print", "1").status == 64
