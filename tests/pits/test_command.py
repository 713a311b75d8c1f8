"""The `pit` command, run as a process, with verbs of a distribution made here."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pit.pits.command import _printable
from pit.pits.options import parser

# Verb by verb: what the module of a small distribution says. A verb's name is its module's.
MODULES = {
    "hello": '''
        # A comment may stand first.

        """Greet the members by name.

            $ pit hello acme
            hello acme
        """
        import sys
        def main(argv):
            print("hello", *argv)
        def loud(argv):
            """Greet them loudly.

            More about it."""
            print("HELLO", *argv)
        def seven(argv):
            return 7
    ''',
    "loaded": '''
        """Say which modules are loaded."""
        import sys
        def main(argv):
            print(*sorted(sys.modules))
    ''',
    "bomb": '''
        """Burst when imported."""
        raise RuntimeError("imported")
    ''',
    "needy": '''
        """Need what is not there."""
        import no_such_module_at_all
        def main(argv):
            return 0
    ''',
    "empty": '"""Have no function."""',
    "fail": '''
        """Fail as told."""
        import os, sys
        from pit.archives.errors import Busy, Damaged, PitError
        def main(argv):
            kind, text = argv
            print("so far")
            raise {"pit": PitError, "busy": Busy, "damaged": Damaged, "value": ValueError,
                   "os": OSError, "pipe": BrokenPipeError}[kind](text)
    ''',
    "count": '''
        """Count for ever."""
        import itertools
        def main(argv):
            for number in itertools.count():
                print(number)
    ''',
    "sleep": '''
        """Say so and sleep."""
        import time
        def main(argv):
            print("asleep", flush=True)
            time.sleep(60)
    ''',
    "options": '''
        """Take a pit and a handle.

            $ pit options -p acme --as ann
            acme ann

        No option, no name.
        """
        from pit.pits.options import add_as, add_pit, parser
        def main(argv):
            options = parser("options", __doc__)
            add_pit(options)
            add_as(options)
            args = options.parse_args(argv)
            print(args.pit, args.handle)
    ''',
}


def distribution(folder: Path, name: str, verbs: dict[str, str]) -> None:
    """Write the metadata of an installed distribution that brings these verbs."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = [f"{verb} = {value}\n" for verb, value in verbs.items()]
    (info / "entry_points.txt").write_text("[pit.verbs]\n" + "".join(lines))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    (folder / "others").mkdir()
    (folder / "others" / "__init__.py").write_text("raise RuntimeError('a package was imported')\n")
    (folder / "others" / "verb.py").write_text('"""Live in a package."""\n')
    for name, source in MODULES.items():
        indent = len(source) - len(source.lstrip("\n ")) - 1
        text = source.replace("\n" + " " * indent, "\n") if indent > 0 else source
        (folder / f"{name}_verb.py").write_text(text)
    verbs = {name: f"{name}_verb:main" for name in MODULES}
    verbs |= {"loud": "hello_verb:loud", "seven": "hello_verb:seven", "gone": "gone_verb:main"}
    distribution(folder, "example", {**verbs, "packaged": "others.verb:main"})
    return folder


def environment(*folders: Path, **settings: str) -> dict[str, str]:
    path = os.pathsep.join([*map(str, folders), os.environ.get("PYTHONPATH", "")])
    ours = {"PIT_DEBUG", "PYTHONUNBUFFERED"}  # both change what the tests look at
    clean = {name: value for name, value in os.environ.items() if name not in ours}
    return {**clean, "PYTHONPATH": path.rstrip(os.pathsep), **settings}


PIT = [sys.executable, "-m", "pit.pits.command"]


def pit(site: Path, *args: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PIT, *args], env=environment(site, **settings), capture_output=True, text=True
    )


def test_a_verb_gets_the_arguments_after_it(site: Path) -> None:
    done = pit(site, "hello", "acme", "--not-ours")
    assert (done.returncode, done.stdout, done.stderr) == (0, "hello acme --not-ours\n", "")


def test_what_a_verb_returns_is_the_exit_status(site: Path) -> None:
    assert pit(site, "seven").returncode == 7


def test_several_verbs_may_live_in_one_module(site: Path) -> None:
    assert pit(site, "loud", "acme").stdout == "HELLO acme\n"


def test_only_the_module_of_the_verb_is_imported(site: Path) -> None:
    loaded = pit(site, "loaded").stdout.split()
    assert "loaded_verb" in loaded
    ours = {name for name in loaded if name.startswith("pit.")}
    assert ours == {"pit.archives", "pit.archives.errors", "pit.pits"}  # command is __main__ here
    assert not {"hello_verb", "argparse", "difflib", "traceback"} & set(loaded)


def test_help_lists_every_verb_with_its_first_line_and_imports_none(site: Path) -> None:
    done = pit(site, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.split(maxsplit=1) for line in done.stdout.splitlines() if line[:2] == "  "]
    listed = dict(lines)
    assert listed["hello"] == "Greet the members by name."
    assert listed["loud"] == "Greet them loudly."
    assert listed["seven"] == "Greet the members by name."  # without its own, the module's
    assert listed["bomb"] == "Burst when imported."
    assert listed["packaged"] == "Live in a package."
    assert listed["gone"] == "(missing: there is no module gone_verb)"


def test_help_aligns_the_lines_and_names_who_brings_a_verb(site: Path) -> None:
    lines = pit(site, "--help").stdout.splitlines()
    group = lines[lines.index("from example") + 1 :]
    assert {line.index(line.split(maxsplit=1)[1]) for line in group} == {
        lines[lines.index("from example") + 1].index("Burst")
    }
    assert group == sorted(group)


def test_an_unknown_verb_is_a_usage_error_that_names_the_nearest(site: Path) -> None:
    done = pit(site, "helo")
    assert done.returncode == 64
    assert done.stderr == (
        "pit helo: no such verb; did you mean `pit hello`? `pit --help` lists them\n"
    )


def test_a_verb_unlike_any_other_gets_no_guess(site: Path) -> None:
    done = pit(site, "zzzzzzzz")
    assert done.returncode == 64
    assert done.stderr == "pit zzzzzzzz: no such verb; `pit --help` lists them\n"


@pytest.mark.parametrize("args", [[], ["--hepl"]])
def test_no_verb_is_a_usage_error(site: Path, args: list[str]) -> None:
    done = pit(site, *args)
    assert (done.returncode, done.stdout) == (64, "")
    assert done.stderr.startswith("pit: ")


def test_a_verb_whose_module_is_missing_says_so(site: Path) -> None:
    done = pit(site, "gone")
    assert done.returncode == 78
    assert (
        done.stderr == "pit gone: its module gone_verb is missing; the installation is not whole\n"
    )


def test_a_verb_whose_function_is_missing_says_so(site: Path) -> None:
    done = pit(site, "empty")
    assert (done.returncode, done.stderr) == (
        78,
        "pit empty: its module empty_verb has no main()\n",
    )


def test_a_verb_that_needs_a_module_that_is_not_installed_names_it(site: Path) -> None:
    done = pit(site, "needy")
    assert done.returncode == 78
    assert "no_such_module_at_all" in done.stderr


def test_the_same_verb_from_two_distributions_is_refused(site: Path, tmp_path: Path) -> None:
    distribution(tmp_path, "intruder", {"hello": "bomb_verb:main"})
    done = subprocess.run(
        [*PIT, "hello"], env=environment(site, tmp_path), capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (78, "")
    assert "example" in done.stderr
    assert "intruder" in done.stderr


@pytest.mark.parametrize(("kind", "status"), [("pit", 65), ("busy", 75), ("os", 74)])
def test_an_error_keeps_its_lines_and_has_its_own_status(
    site: Path, kind: str, status: int
) -> None:
    done = pit(site, "fail", kind, "entry 7: no such\nticker \x1b[2J")
    assert (done.returncode, done.stdout) == (status, "so far\n")
    assert done.stderr == "pit fail: entry 7: no such\nticker \\x1b[2J\n"


def test_a_bug_is_one_line_that_asks_for_a_report(site: Path) -> None:
    done = pit(site, "fail", "value", "oh")
    assert (done.returncode, done.stdout) == (70, "so far\n")
    assert done.stderr == "pit fail: bug: ValueError: oh; please report\n"


def test_a_bug_while_importing_is_a_bug(site: Path) -> None:
    done = pit(site, "bomb")
    assert (done.returncode, done.stderr) == (
        70,
        "pit bomb: bug: RuntimeError: imported; please report\n",
    )


def test_pit_debug_adds_the_traceback_of_a_bug(site: Path) -> None:
    done = pit(site, "fail", "value", "oh", PIT_DEBUG="1")
    assert done.returncode == 70
    assert done.stderr.startswith("Traceback ")
    assert done.stderr.endswith("\npit fail: bug: ValueError: oh; please report\n")


def test_pit_debug_changes_nothing_about_an_error_that_is_meant(site: Path) -> None:
    assert pit(site, "fail", "pit", "oh", PIT_DEBUG="1").stderr == "pit fail: oh\n"


def test_a_reader_that_goes_away_ends_the_verb_quietly(site: Path) -> None:
    with subprocess.Popen(
        [*PIT, "count"], env=environment(site), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == b"0\n"
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def into_closed_pipe(site: Path, *args: str) -> tuple[int, str]:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*PIT, *args], env=environment(site), stdout=writer, stderr=subprocess.PIPE, text=True
    )
    os.close(writer)
    return done.returncode, done.stderr


@pytest.mark.parametrize("args", [["hello"], ["options", "--help"], ["--help"]])
def test_a_reader_that_never_read_is_quiet_too(site: Path, args: list[str]) -> None:
    assert into_closed_pipe(site, *args) == (1, "")


def test_an_error_is_told_though_nobody_reads_stdout(site: Path) -> None:
    assert into_closed_pipe(site, "fail", "busy", "locked") == (75, "pit fail: locked\n")


def test_a_broken_pipe_that_is_not_stdout_is_an_error(site: Path) -> None:
    done = pit(site, "fail", "pipe", "the mail server hung up")
    assert (done.returncode, done.stderr) == (74, "pit fail: the mail server hung up\n")


@pytest.mark.parametrize("verb", ["hello", "count"])
def test_a_full_disk_is_an_error_that_is_told_once(site: Path, verb: str) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*PIT, verb], env=environment(site), stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 74
    assert done.stderr.startswith(f"pit {verb}: ")
    assert done.stderr.count("\n") == 1


def test_an_error_never_goes_into_the_stream(site: Path) -> None:
    command = ["sh", "-c", 'exec "$@" 2>&-', "sh", *PIT, "fail", "busy", "locked"]
    done = subprocess.run(command, env=environment(site), capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (75, "so far\n")


def test_control_c_ends_with_130_and_no_word(site: Path) -> None:
    with subprocess.Popen(
        [*PIT, "sleep"], env=environment(site), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == b"asleep\n"
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == b""
    assert process.returncode == 130


def test_a_wrong_option_exits_64_and_says_where_to_read(site: Path) -> None:
    done = pit(site, "options", "--pot", "acme")
    assert (done.returncode, done.stdout) == (64, "")
    assert done.stderr == (
        "pit options: unrecognized arguments: --pot acme; see `pit options --help`\n"
    )


def test_an_option_must_be_written_out(site: Path) -> None:
    assert pit(site, "options", "--pi", "acme").returncode == 64


def test_the_shared_options_give_pit_and_handle(site: Path) -> None:
    assert pit(site, "options", "-p", "acme", "--as", "ann").stdout == "acme ann\n"
    assert pit(site, "options").stdout == "None None\n"


def test_a_verbs_help_keeps_the_example_of_its_docstring(site: Path) -> None:
    done = pit(site, "options", "--help")
    assert done.returncode == 0
    assert "usage: pit options " in done.stdout
    assert "\n    $ pit options -p acme --as ann\n    acme ann\n" in done.stdout


def sell() -> None:
    """Sell.

    Like this:

        $ pit sell
    """


def test_a_functions_docstring_is_shown_without_its_indentation() -> None:
    text = parser("sell", sell.__doc__).format_help()
    assert "\nSell.\n\nLike this:\n\n    $ pit sell\n" in text


@given(st.text())
def test_whatever_an_error_says_it_is_one_printable_line(text: str) -> None:
    assert _printable(text).replace("\n", "").isprintable()
