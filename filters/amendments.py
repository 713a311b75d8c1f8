"""What a motion of kind `rule` changes: read from its `change:`, applied exactly or not at all.

The rules of a pit as text are lines `rule NAME VALUE`, one for each rule there is, in the order of
docs/reference/rules.md (`pit blame --lines` prints them). Words are the operator's to take into
use: their programs must be installed first, and who reads a pit finds them by his `rule words`. A
`change:` is either such lines, each with its new value, or a unified diff (diff -u) of that text.
A diff applies where its old lines stand, at the line numbers that it says; there is no fuzz.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pit.archives.entry import OPERATOR
from pit.archives.errors import PitError
from pit.archives.fields import FIELDS, HANDLE
from pit.archives.verbs import Directive
from pit.pits.rules import RULES
from pit.pits.state import Pit

__all__ = ["Amendment", "amendments", "apply_diff", "in_force", "lapse", "rule_lines"]


class Amendment(NamedTuple):
    """A rule's new value, as written; old: what it must be until then, '' where that is open."""

    name: str
    old: str
    new: str


def in_force(pit: Pit) -> dict[str, str]:
    """Every rule of a pit as written, by name: `fee`, `words govern`."""
    found = {name: pit.written.get(name, rule.default) for name, rule in RULES.items()}
    return found | {f"words {name}": str(version) for name, version in sorted(pit.brought.items())}


def rule_lines(pit: Pit) -> list[str]:
    """The rules of a pit that a motion may change as text, a line each."""
    return [f"rule {name} {value}" for name, value in in_force(pit).items() if name in RULES]


def amendments(change: str, pit: Pit) -> tuple[Amendment, ...]:
    """What a `change:` changes; PitError with the sentence why it cannot."""
    lines = change.split("\n")
    diff = any(line.startswith(("@@", "--- ", "+++ ")) for line in lines)
    if diff:
        now = in_force(pit)
        after = _values(apply_diff(rule_lines(pit), lines))
        gone = [name for name in RULES if name not in after]
        if gone:
            raise PitError(f"the rule {gone[0]} cannot be taken out; write its default")
        found = [
            Amendment(name, now.get(name, ""), value)
            for name, value in after.items()
            if now.get(name) != value
        ]
    else:
        found = [Amendment(name, "", value) for name, value in _values(lines).items()]
    if not found:
        raise PitError("nothing is changed; write `rule NAME VALUE`, or a unified diff")
    for one in found:
        objection = pit.objection(_rule(one), OPERATOR)
        if objection:
            raise PitError(objection)
    return tuple(found)


def lapse(changes: Iterable[Amendment], pit: Pit) -> str:
    """Why changes that were voted in do not apply to the rules as they are now; '' if they do."""
    now = in_force(pit)
    for one in changes:
        is_now = now.get(one.name, "")
        if one.old and is_now != one.old:
            return f"rule {one.name} is {is_now} now; the motion found it {one.old}"
        objection = pit.objection(_rule(one), OPERATOR)
        if objection:
            return objection
    return ""


def _rule(change: Amendment) -> Directive:
    return Directive("rule", (change.name, change.new))


_LINE = re.compile(rf"rule ({HANDLE}) ({FIELDS['rest'].pattern})")


def _values(lines: Iterable[str]) -> dict[str, str]:
    """The values of lines `rule NAME VALUE`, by name."""
    found: dict[str, str] = {}
    for line in lines:
        rule = _LINE.fullmatch(line)
        if rule is None:
            raise PitError(f"{_quoted(line)} is not a rule; write `rule NAME VALUE`")
        if rule[1] == "words":
            raise PitError("words are the operator's to take into use, not a motion's")
        if rule[1] in found:
            raise PitError(f"the rule {rule[1]} stands twice")
        found[rule[1]] = rule[2]
    return found


_HUNK = re.compile(
    r"@@ -([0-9]{1,9})(?:,([0-9]{1,9}))? \+([0-9]{1,9})(?:,([0-9]{1,9}))? @@(?: .*)?"
)


def apply_diff(old: Sequence[str], diff: Sequence[str]) -> list[str]:
    """The lines that a unified diff makes of `old`; PitError where it does not apply exactly.

    >>> apply_diff(["a", "b"], ["@@ -1,2 +1,2 @@", " a", "-b", "+c"])
    ['a', 'c']
    """
    made: list[str] = []
    at = line = 0  # lines of `old` that are done; the line of the diff
    if diff[:1] and diff[0].startswith("--- "):
        if len(diff) < 2 or not diff[1].startswith("+++ "):
            raise PitError("line 2 of the diff: `+++ ` must follow `--- `")
        line = 2
    if line == len(diff):
        raise PitError("the diff has no hunk; `@@ -1,3 +1,3 @@` begins one")
    while line < len(diff):
        hunk = _HUNK.fullmatch(diff[line])
        if hunk is None:
            raise PitError(
                f"line {line + 1} of the diff: {_quoted(diff[line])} found; "
                "`@@ -1,3 +1,3 @@` must stand here"
            )
        start, count, new_start, new_count = (int(n) if n else 1 for n in hunk.groups())
        first = start if not count else start - 1
        if not at <= first <= len(old):
            raise PitError(f"line {line + 1} of the diff: there is no line {start} left to change")
        made += old[at:first]
        at = first
        if len(made) != (new_start if not new_count else new_start - 1):
            raise PitError(f"line {line + 1} of the diff: +{new_start} is not where it comes to be")
        line += 1
        while count or new_count:
            sign, text = diff[line][:1] if line < len(diff) else "", ""
            text = diff[line][1:] if sign else text
            if sign not in (" ", "-", "+") or not sign:
                raise PitError(f"line {line + 1} of the diff: the hunk ends before its last line")
            if sign != "+":
                if at >= len(old) or old[at] != text:
                    stands = _quoted(old[at]) if at < len(old) else "nothing"
                    raise PitError(
                        f"line {line + 1} of the diff: {_quoted(text)} found; "
                        f"line {at + 1} of the rules is {stands}"
                    )
                at += 1
                count -= 1
            if sign != "-":
                made.append(text)
                new_count -= 1
            if count < 0 or new_count < 0:
                raise PitError(f"line {line + 1} of the diff: the hunk has more lines than it says")
            line += 1
        if line < len(diff) and diff[line].startswith("\\"):  # `\ No newline at end of file`
            line += 1
    return made + list(old[at:])


def _quoted(line: str) -> str:
    return f"'{line if len(line) <= 60 else line[:57] + '...'}'"
