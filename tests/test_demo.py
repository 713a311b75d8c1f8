"""What `make demo` shows is made by the commands that it prints: they are run again, by hand."""

import re
import shutil
import subprocess
from pathlib import Path

from tests.conftest import bash, environment

ROOT = Path(__file__).parent.parent
MARK = "@@@ end of output"
CHANGING = (  # what is another each time, and what it is replaced by
    (r"\b[0-9A-F]{40}\b", "FINGERPRINT"),
    (r"\b[0-9a-f]{64}\b", "HASH"),
    (r"\b[0-9]{8}T[0-9]{6}Z-[0-9a-f]{16}\b", "MAIL"),
    (r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z", "TIME"),
    (r"(?m)^Date: .*$", "Date: DATE"),
    (r"(?m)^Message-ID: .*$", "Message-ID: ID"),
    (r"(?m)^Pit-Mail: [0-9]+ ", "Pit-Mail: LENGTH "),
    (r"(?ms)^(-----BEGIN PGP SIGNATURE-----\n\n).*?^(-----END)", r"\1ARMOR\n\2"),
)


def same(text: str) -> str:
    for pattern, word in CHANGING:
        text = re.sub(pattern, word, text)
    return text


def printed(text: str) -> list[tuple[str, str]]:
    """(command, what it prints) of each command in the demo's output."""
    found = []
    for part in re.split(r"(?m)^\$ ", text)[1:]:
        lines = part.split("\n")
        last = next(i for i, line in enumerate(lines[1:], 1) if not line.startswith("> "))
        command = "\n".join([lines[0], *(line[2:] for line in lines[1:last])])
        output = re.split(r"(?m)^\n(?:# |The pit stays)", "\n".join(lines[last:]))[0]
        found.append((command, output))
    return found


def test_the_printed_commands_print_what_is_shown(shown: tuple[Path, str], tmp_path: Path) -> None:
    folder, text = shown
    pairs = printed(text.replace(f"{folder}/", f"{tmp_path}/"))
    assert len(pairs) > 15
    script = "".join(f"{command}\necho '{MARK}'\n" for command, _ in pairs)
    outputs = bash(script, tmp_path, PIT_HOME=f"{tmp_path}/demo").split(f"{MARK}\n")
    assert outputs.pop() == ""
    for (command, expected), output in zip(pairs, outputs, strict=True):
        assert (command, same(output)) == (command, same(expected))


def test_it_shows_what_a_pit_does(shown: tuple[Path, str]) -> None:
    text = shown[1]
    assert "Pit-Refused: signature\n" in text
    assert "line 3, column 15: '12,50' is not a price; write 12.50\n" in text
    assert re.search(r"\tsam\tfill 60 ACME @ 12.40 alice/\d+ bob/\d+; taker: buyer\n", text)
    assert "needs 6225.00 EUR; available 750.00 = balance 2000.00 - held 1250.00" in text
    assert re.search(r"(?m)^alice +ACME +60 +0 +60$", text)
    assert "the archive is what it says it is" in text


def test_the_commands_to_try_next_work(shown: tuple[Path, str], tmp_path: Path) -> None:
    folder, text = shown
    lines = text.partition("Three commands to try next:\n\n")[2].splitlines()
    assert len(lines) == 4 and lines[0].startswith("  export PIT_HOME=")
    shutil.copytree(folder / "demo", tmp_path / "demo")
    outputs = [bash(line, tmp_path, PIT_HOME=f"{tmp_path}/demo") for line in lines[1:]]
    assert outputs[0].count("alice/") == 2  # the fill of the demo and the one of the order here
    assert "fill 40 ACME @ 12.50" in outputs[1]
    assert "Good signature from" in outputs[2]


def test_a_folder_that_is_no_demo_is_left_alone(tmp_path: Path) -> None:
    kept = tmp_path / "mine" / "file"
    kept.parent.mkdir()
    kept.write_text("mine")
    done = subprocess.run(
        [str(ROOT / "docs/demo.sh"), str(kept.parent)],
        env=environment(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 73
    assert kept.read_text() == "mine"
