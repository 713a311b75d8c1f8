"""Shell sessions in pages of docs/: run again, and what they print compared.

A block fenced with ```console holds commands (`$ `, continued by `> `) and below each what it
prints, stdout and stderr together. In what is printed `...` stands for any text of a line, and a
line that is nothing else for any lines. All blocks of a page run in order, in one bash,
after the files that the page shows (File `NAME`: and a block) were written.
`PIT_REWRITE=1` writes what came out into the page, where it was something else; what is another
each time becomes `...`.
"""

import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.conftest import end_agent, environment

MARK = "@@@ ended with"
CHANGING = re.compile(
    r"\b[0-9A-F]{40}\b|\b[0-9a-f]{64}\b|\b[0-9]{8}T[0-9]{6}Z-[0-9a-f]{16}\b"
    r"|\b[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z|(?<=^Date: ).*|(?<=^Message-ID: ).*"
    r"|(?<=^Pit-Mail: )[0-9]+",
    re.MULTILINE,
)
_BLOCK = re.compile(r"(?ms)^```console\n(.*?)^```$")
_FILE = re.compile(r"(?ms)^File `([^`\n]+)`:\n\n```\w+\n(.*?)^```$")


class Step(NamedTuple):
    """A command of a page, what it shall print, and the offsets of that in the page."""

    command: str
    expected: str
    start: int
    end: int


def steps(page: str) -> list[Step]:
    """The commands of a page, in order."""
    found: list[Step] = []
    for block in _BLOCK.finditer(page):
        at = block.start(1)
        command, output = "", at
        for line in [*block[1].splitlines(keepends=True), "$ "]:
            if line.startswith("$ ") and command:
                found.append(Step(command, page[output:at], output, at))
            if line.startswith("$ "):
                command, output = line[2:], at + len(line)
            elif line.startswith((">\n", "> ")) and output == at:
                command, output = command + line[2:].ljust(1, "\n"), at + len(line)
            at += len(line)
    return found


def write_files(page: str, folder: Path) -> None:
    """Write the files that a page shows."""
    for name, text in _FILE.findall(page):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def matches(expected: str, printed: str) -> bool:
    """Whether the output is what the page shows."""
    pattern = re.escape(expected)
    pattern = re.sub(r"(?m)^\\\.\\\.\\\.\\?\n", "(?:.*\n)*?", pattern)
    return re.fullmatch(pattern.replace(r"\.\.\.", ".*"), printed) is not None


def run(commands: list[str], folder: Path, **more: str) -> list[tuple[str, int]]:
    """What each command prints, and its exit status; they run in one shell."""
    script = "exec 2>&1\n" + "".join(f"{one}\nprintf '{MARK} %d\\n' $?\n" for one in commands)
    env = environment(LC_ALL="C.UTF-8", HOME=str(folder), COLUMNS="80", TZ="UTC", **more)
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={name: value for name, value in env.items() if name != "GNUPGHOME"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        check=False,
    )
    for keys in {path.parent for path in folder.rglob("pubring.kbx")}:
        end_agent(keys)
    parts = re.split(rf"{MARK} (\d+)\n", done.stdout.decode())
    assert len(parts) == 2 * len(commands) + 1, parts[-1]
    return [(parts[i], int(parts[i + 1])) for i in range(0, len(parts) - 1, 2)]


def check(path: Path, folder: Path, **more: str) -> list[tuple[Step, int]]:
    """Run a page's commands in a folder; each step with its exit status."""
    page = path.read_text()
    write_files(page, folder)
    asked = steps(page)
    done = run([step.command for step in asked], folder, **more)
    wrong = [
        (step, printed)
        for step, (printed, _) in zip(asked, done, strict=True)
        if not matches(step.expected, printed)
    ]
    if wrong and os.environ.get("PIT_REWRITE"):
        for step, printed in reversed(wrong):
            printed = CHANGING.sub("...", printed.replace(str(folder), "..."))
            page = page[: step.start] + printed + page[step.end :]
        path.write_text(page)
    first = [(step.command, step.expected, printed) for step, printed in wrong[:1]]
    for command, expected, printed in first:
        assert (command, printed) == (command, expected)
    return [(step, status) for step, (_, status) in zip(asked, done, strict=True)]
