"""What `pit --help` prints: every verb with the first line of its docstring, room by room.

The line is taken from the source and nothing is imported: twenty imports cost more time than a
person waits for a list.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Mapping
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.metadata import EntryPoint
from pathlib import Path

__all__ = ["overview"]

ROOMS = ("pit.wallet", "pit.pits", "pit.moderator", "pit.filters")  # in this order

USAGE = """\
usage: pit VERB [ARGS]
       pit VERB --help
       pit --version
"""

# A docstring is a module's first statement: only blank lines and comments may stand above it.
_DOCSTRING = re.compile(
    r"""(?:\s+|\#[^\n]*\n)*+[rRuU]?(\"{3}|'{3})(.*?)\1""", re.DOTALL | re.VERBOSE
)


def overview(verbs: Mapping[str, EntryPoint]) -> str:
    """Return the whole help text for these verbs."""
    width = max(map(len, verbs), default=0)
    rooms: dict[str, list[str]] = {room: [] for room in ROOMS}
    for name, entry in sorted(verbs.items()):
        rooms.setdefault(_room(entry), []).append(f"  {name:{width}}  {_about(entry)}".rstrip())
    blocks = ["\n".join([_heading(room), *lines, ""]) for room, lines in rooms.items() if lines]
    return "\n".join([USAGE, *blocks])


def _room(entry: EntryPoint) -> str:
    """Return one of our rooms, or the name of the distribution that brings the verb."""
    room = entry.module.rpartition(".")[0]
    if room in ROOMS or entry.dist is None:
        return room
    return entry.dist.name


def _heading(room: str) -> str:
    if room not in ROOMS:
        return f"from {room}"
    return f"{room.removeprefix('pit.')}/  {_first_line(_source(room) or '')}".rstrip()


def _about(entry: EntryPoint) -> str:
    """Return the first docstring line of the module, or of the function if it is not `main`."""
    source = _source(entry.module)
    if source is None:
        return f"(missing: there is no module {entry.module})"
    if entry.attr != "main":
        return _function_line(source, entry.attr) or _first_line(source)
    return _first_line(source)


def _first_line(source: str) -> str:
    found = _DOCSTRING.match(source)
    return found[2].strip().partition("\n")[0] if found else ""


def _function_line(source: str, name: str) -> str:
    for node in _parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return (ast.get_docstring(node) or "").partition("\n")[0]
    return ""


@cache
def _parse(source: str) -> ast.Module:
    """Parse a module once, though several verbs may live in it; a broken one has no functions."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError):
        return ast.Module(body=[], type_ignores=[])


def _source(module: str) -> str | None:
    """Return the text of a module without running it or a package above it; None if not there.

    importlib.util.find_spec would run the packages on the way.
    """
    path: list[str] | None = None
    spec: ModuleSpec | None = None
    name = ""
    for part in module.split("."):
        name = f"{name}.{part}" if name else part
        spec = _spec(name, path)
        if spec is None:
            return None
        path = list(spec.submodule_search_locations or ())
    if spec is None or not spec.has_location or spec.origin is None:
        return None
    try:
        return Path(spec.origin).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def _spec(name: str, path: list[str] | None) -> ModuleSpec | None:
    """Ask the finders of the import system, in their order, where a module lies."""
    for finder in sys.meta_path:
        spec = finder.find_spec(name, path)
        if spec is not None:
            return spec
    return None
