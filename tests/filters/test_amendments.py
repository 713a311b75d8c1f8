"""A diff of the rules applies exactly where it was made, or not at all."""

import difflib
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pit.archives.errors import PitError
from pit.filters.amendments import amendments, apply_diff, in_force, lapse, rule_lines
from pit.pits.state import Pit

TEXTS = st.lists(st.sampled_from(["a", "b", "c", "", "-d", "+e", "@@ x"]), max_size=12)


def unified(old: list[str], new: list[str], context: int) -> list[str]:
    return list(difflib.unified_diff(old, new, "rules", "new", lineterm="", n=context))


@given(TEXTS, TEXTS, st.integers(0, 3))
def test_a_diff_makes_of_the_old_text_the_new_one(
    old: list[str], new: list[str], context: int
) -> None:
    diff = unified(old, new, context)
    if diff:
        assert apply_diff(old, diff) == new


@given(TEXTS, TEXTS, st.integers(0, 3), st.data())
def test_a_changed_diff_or_text_is_refused_or_changes_nothing_else(
    old: list[str], new: list[str], context: int, data: st.DataObject
) -> None:
    diff = unified(old, new, context)
    if not diff:
        return
    place = data.draw(st.integers(0, len(diff) - 1))
    wrong = data.draw(st.sampled_from(["", " x", "-x", "+x", "@@ -1 +1 @@", "\\ No newline", "x"]))
    broken = [*diff[:place], wrong, *diff[place + data.draw(st.integers(0, 1)) :]]
    try:
        made = apply_diff(old, broken)
    except PitError as error:
        assert str(error)
        return
    kept = [line[1:] for line in broken if line[:1] == " " and line[:3] != "---"]
    assert all(line in old and line in made for line in kept)


def test_what_diff_prints_applies(tmp_path: Path) -> None:
    pit = Pit()
    before, after = tmp_path / "rules", tmp_path / "new"
    lines = rule_lines(pit)
    before.write_text("".join(f"{line}\n" for line in lines))
    changed = [line.replace("maker 0 taker 0", "maker 0 taker 0.01") for line in lines]
    after.write_text("".join(f"{line}\n" for line in changed))
    done = subprocess.run(
        ["diff", "-u", before, after], capture_output=True, text=True, check=False
    )
    assert apply_diff(lines, done.stdout.splitlines()) == changed
    ((name, old, new),) = amendments(done.stdout.rstrip("\n"), pit)
    assert (name, old, new) == ("fee", "maker 0 taker 0", "maker 0 taker 0.01")
    pit.written["fee"] = "maker 0 taker 0.02"
    assert lapse(amendments("rule fee maker 0 taker 0.01", pit), pit) == ""
    with pytest.raises(PitError, match="'rule fee maker 0 taker 0' found; line"):
        amendments(done.stdout.rstrip("\n"), pit)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("rule fee maker 0 taker 0\nrule fee maker 0 taker 1", "the rule fee stands twice"),
        ("fee 1", "'fee 1' is not a rule"),
        ("rule words", "'rule words' is not a rule"),
        ("rule words govern 1", "words are the operator's to take into use"),
        ("rule day-end ²", "'rule day-end ²' is not a rule"),
        ("rule majority 3/2 1/2", "'3/2' is more than all"),
        ("rule majority 1/2", "'1/2' is not pairs of shares"),
        ("--- a", "`+++ ` must follow `--- `"),
        ("--- a\n+++ b", "the diff has no hunk"),
        ("@@ -1 +1 @@", "the hunk ends before its last line"),
        ("@@ -1 +1 @@\n-rule match 1", "the hunk ends before its last line"),
        ("@@ -1 +0,0 @@\n-rule match 1", "the rule match cannot be taken out"),
        ("@@ -999 +999 @@\n-x\n+y", "there is no line 999 left to change"),
        ("@@ -1 +2 @@\n-rule match 1\n+rule match 2", "+2 is not where it comes to be"),
        ("@@ -1,2 +1 @@\n rule match 1\n+x", "the hunk has more lines than it says"),
        ("@@ -1 +1 @@\n rule match 1", "nothing is changed"),
        ("@@ -0,0 +1 @@\n+rule match 1", "the rule match stands twice"),
    ],
)
def test_what_does_not_apply_is_refused_with_a_sentence(change: str, why: str) -> None:
    with pytest.raises(PitError) as error:
        amendments(change, Pit())
    assert why in str(error.value)


def test_the_lines_of_the_rules_are_what_they_say() -> None:
    pit = Pit()
    assert {one.name: one.new for one in amendments("rule day-end 09:32", pit)} == {
        "day-end": "09:32"
    }
    assert rule_lines(pit)[0] == "rule match 1"
    assert in_force(pit)["majority"] == "1/2 2/3 1/3 3/4"
