"""What the pages of docs/ say is so: their commands are run, their links lead somewhere."""

import importlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from docs import generate
from pit.archives.entry import read_entry
from pit.archives.mbox import entries
from pit.archives.reference import words
from pit.filters.audit import audit
from pit.filters.runner import Run
from pit.pits.command import verbs
from tests.console import check, steps, write_files
from tests.filters import sessions
from tests.filters.sessions import Archive, Process, play, replay, state
from tests.filters.test_laws import check_end

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TUTORIAL = ROOT / "docs/tutorial.md"
ERRORS = ROOT / "docs/reference/errors.md"
EXAMPLE = ROOT / "docs/example/acme"
OTHERS = [path for path in PAGES if path not in (TUTORIAL, ERRORS) and steps(path.read_text())]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.fixture
def checkout(shown: tuple[Path, str], tmp_path: Path) -> Path:
    """A folder as after `make demo`: docs/, and the pit in demo/."""
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    shutil.copytree(shown[0] / "demo", tmp_path / "demo")
    return tmp_path


# --- commands ---------------------------------------------------------------------------------


def test_the_tutorial_runs_in_an_empty_folder(tmp_path: Path) -> None:
    done = check(TUTORIAL, tmp_path)
    failed = [step.command for step, status in done if status]
    assert failed == ["pit audit copy\n"]


@pytest.mark.parametrize("path", OTHERS, ids=name)
def test_the_commands_of_a_page_print_what_it_shows(path: Path, checkout: Path) -> None:
    check(path, checkout)


def test_every_message_of_the_catalogue_comes_with_the_status_of_its_heading(
    checkout: Path,
) -> None:
    page = ERRORS.read_text()
    seen = set()
    for step, status in check(ERRORS, checkout):
        heading = page[: step.start].rpartition("\n## ")[2]
        number = re.match(r"(\d+):", heading)
        ends_block = page.startswith("```\n", step.end)
        assert status == (int(number[1]) if number and ends_block else 0), step.command
        seen.add(status)
    assert seen == {0, 64, 65, 66, 67, 73, 74, 75, 77, 78}


# --- generated pages --------------------------------------------------------------------------


def squeezed(text: str) -> str:
    """A page as every Python's argparse prints it: 3.13 has `-p, --pit NAME`, and other columns."""
    return " ".join(re.sub(r"(-\w) ([A-Z|/]+), (--[\w-]+) \2", r"\1, \3 \2", text).split())


@pytest.mark.parametrize("path", generate.pages(), ids=name)
def test_a_page_holds_what_make_docs_makes_of_it(path: Path) -> None:
    page = path.read_text()
    assert squeezed(generate.filled(page)) == squeezed(page)


def test_every_part_that_is_made_stands_in_a_page() -> None:
    made = re.findall(r"<!-- made by make docs: (\S+) -->", "".join(p.read_text() for p in PAGES))
    assert sorted(made) == sorted(generate.PARTS)


def test_every_verb_is_in_the_list_of_commands() -> None:
    page = (ROOT / "docs/reference/commands.md").read_text()
    ours = {verb for verb, entry in verbs().items() if entry.module.startswith("pit.")}
    assert set(re.findall(r"(?m)^## pit (\S+)$", page)) == ours


def test_the_module_prints_the_words_that_the_page_has() -> None:
    command = [sys.executable, "-m", "pit.archives.reference"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert words() in done.stdout
    assert words() in (ROOT / "docs/reference/language.md").read_text()


# --- links and examples -----------------------------------------------------------------------


def anchors(page: str) -> set[str]:
    """The names that the headings of a page can be linked by."""
    headings = re.findall(r"(?m)^#+ (.*)$", re.sub(r"(?ms)^```.*?^```$", "", page))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_links_within_the_project_lead_somewhere(path: Path) -> None:
    page = re.sub(r"(?ms)^```.*?^```$|`[^`\n]*`", "", path.read_text())
    lost = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page):
        target, _, anchor = link.partition("#")
        there = path.parent / target if target else path
        if "://" not in link and not (
            there.exists() and (not anchor or anchor in anchors(there.read_text()))
        ):
            lost.append(link)
    assert lost == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached = {ROOT / "README.md"}
    waiting = list(reached)
    while waiting:
        path = waiting.pop()
        for link in re.findall(r"\]\(([^)#\s]+\.md)", path.read_text()):
            found = (path.parent / link).resolve()
            if found not in reached:
                reached.add(found)
                waiting.append(found)
    assert set(PAGES) <= reached


def test_every_make_target_that_a_page_names_is_there() -> None:
    named = set(re.findall(r"`make (\w+)`", "".join(page.read_text() for page in PAGES)))
    targets = re.findall(r"(?m)^(\w+):", (ROOT / "Makefile").read_text())
    assert {"demo", "test"} <= named <= set(targets)


def test_the_readme_shows_the_mail_of_the_entry_that_it_shows() -> None:
    example = (EXAMPLE / "0000000001.mbox").read_bytes()
    entry = next(entry for entry in entries([example]) if entry.number == 14)
    stamp, mail = read_entry(entry.raw)
    readme = (ROOT / "README.md").read_bytes()
    assert b"```text\n" + mail + b"```\n" in readme
    assert stamp.lines() in readme


def test_the_example_archive_is_what_it_says_it_is() -> None:
    result = audit("acme", EXAMPLE, "")
    assert (result.wrong, result.entries) == ("", 21)
    assert result.checks and not any([*check.owed()] for check in result.checks)


# --- a filter from elsewhere ------------------------------------------------------------------


@pytest.fixture
def candles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> type:
    """The filter of the how-to, found as an installed distribution's, in every session's pit."""
    write_files((ROOT / "docs/how-to/write-a-filter.md").read_text(), tmp_path)
    config = (tmp_path / "candles/setup.cfg").read_text()
    info = tmp_path / "candles/candles-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: candles\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        re.sub(r"(?m)^(pit\.\w+) =$", r"[\1]", config.partition("[options.entry_points]\n")[2])
    )
    monkeypatch.syspath_prepend(tmp_path / "candles")
    made = importlib.import_module("candles").Candles
    found, running = sessions.found, sessions.processes

    def with_words(*args: object, **more: object) -> Archive:
        archive = found(*args, **more)  # type: ignore[arg-type]
        archive.say("operator", "rule words candles 1")
        archive.seal()
        return archive

    monkeypatch.setattr(sessions, "found", with_words)
    monkeypatch.setattr(
        sessions,
        "processes",
        lambda shards, **more: [*running(shards, **more), Process(made, Run(made()))],
    )
    return made  # type: ignore[no-any-return]


def test_the_filter_of_the_how_to_obeys_the_laws(candles: type) -> None:
    published = 0
    for seed in range(6):
        session = play(seed, shards=1 + seed % 2, chaos=True, count=80)
        check_end(session)
        published += sum("\ncandle " in entry.text for entry in session.archive.entries)
    assert published > 4


def test_a_checkpoint_of_the_filter_of_the_how_to_goes_on_at_any_entry(candles: type) -> None:
    archive = play(3, shards=1, chaos=True, count=60).archive
    whole = replay(archive, candles)
    for cut in range(1, archive.sealed):
        first = replay(archive, candles, cut)
        second = Run(candles())
        second.feed(first.checkpoint())
        assert second.checkpoint() == first.checkpoint()
        for entry in archive.entries[cut : archive.sealed + 1]:
            second.feed(entry)
        assert state(second) == state(whole)
