"""Golden transcripts: real shell sessions, run again and compared to the letter.

A transcript holds commands (`$ `, continued by `> `) and below each what it prints, stdout and
stderr together. They run in one bash, in an empty folder, with `pit` on the path. `PIT_REWRITE=1`
writes what came out.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "transcripts"
MARK = "@@@ end of output"


def commands(text: str) -> list[tuple[str, str]]:
    """(command, expected output) pairs."""
    pairs: list[tuple[str, str]] = []
    for line in text.splitlines(keepends=True):
        if line.startswith("$ "):
            pairs.append((line[2:], ""))
        elif line.startswith("> ") and not pairs[-1][1]:
            pairs[-1] = (pairs[-1][0] + line[2:], "")
        elif pairs:
            pairs[-1] = (pairs[-1][0], pairs[-1][1] + line)
    return pairs


def run(pairs: list[tuple[str, str]], folder: Path) -> list[str]:
    """What each command prints, in one shell."""
    script = "exec 2>&1\n" + "".join(f"{command}\necho '{MARK}'\n" for command, _ in pairs)
    env = {k: v for k, v in os.environ.items() if not k.startswith("PIT")}
    env |= {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "LC_ALL": "C.UTF-8",
        "PIT_HOME": str(folder / "home"),
    }
    done = subprocess.run(
        ["bash"], input=script, capture_output=True, text=True, cwd=folder, env=env, timeout=120
    )
    return done.stdout.split(MARK + "\n")[: len(pairs)]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.stem)
def test_transcript(path: Path, tmp_path: Path) -> None:
    text = path.read_text()
    head = text[: text.index("$ ")]
    pairs = commands(text)
    outputs = run(pairs, tmp_path)
    pieces = []
    for (command, _), output in zip(pairs, outputs, strict=True):
        first, *more = command.splitlines()
        pieces.append(f"$ {first}\n" + "".join(f"> {line}\n" for line in more) + output)
    got = head + "".join(pieces)
    if os.environ.get("PIT_REWRITE"):
        path.write_text(got)
    assert got == text
