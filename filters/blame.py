"""Say who set a rule of the pit: the operator, or a motion and who voted for it.

    $ pit blame
    $ pit blame fee
    $ pit blame fee --json
    $ pit blame --lines > rules

With a rule, every value it has had, oldest first; `from` is the entry from which it held. --lines
prints the rules in force as the text that a motion's `change:` is a diff of.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pit.archives.errors import NoInput
from pit.archives.mbox import Entry
from pit.archives.verbs import Directive
from pit.filters.amendments import in_force
from pit.filters.history import Chapter, history
from pit.filters.instructions import Act
from pit.filters.reported import not_entitled
from pit.filters.rows import Row, show_rows, written
from pit.pits.display import show_json
from pit.pits.home import Home, choose_pit, root
from pit.pits.options import add_pit, parser
from pit.pits.reading import entries_of, fold_of
from pit.pits.rules import RULES


class Setting(NamedTuple):
    """A rule's value, the first entry at which it held, and whose word it was.

    motion: '' where a person set it; title, result: the motion's; yes, no: members by how they
    voted last.
    """

    rule: str
    value: str
    start: int
    by: str
    motion: str = ""
    title: str = ""
    result: str = ""
    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()


class _Minutes:
    """What was moved and voted, by motion, as far as it counts."""

    def __init__(self) -> None:
        self.titles: dict[str, str] = {}
        self.results: dict[str, Directive] = {}
        self.ballots: dict[str, dict[str, str]] = {}
        self._votes: dict[str, tuple[str, str, str]] = {}

    def take(self, act: Act, chapter: Chapter) -> None:
        """Take an act of an entry."""
        verb, args, _ = act.directive
        signer = chapter.entry.signer
        if verb == "motion":
            self.titles[act.ref] = args[1]
        elif verb == "vote":
            self._votes[act.ref] = (signer, *args[:2])
        elif verb in ("counted", "result") and not _strange(act, chapter):
            ref = args[1].partition("/")[2]
            if verb == "result":
                self.results[ref] = act.directive
            elif ref in self._votes:
                voter, motion, vote = self._votes.pop(ref)
                self.ballots.setdefault(motion, {})[voter] = vote

    def cast(self, motion: str, vote: str) -> tuple[str, ...]:
        """Who voted so last."""
        return tuple(
            sorted(who for who, how in self.ballots.get(motion, {}).items() if how == vote)
        )


def _strange(act: Act, chapter: Chapter) -> str:
    """Why a report's directive does not count; '' when it does."""
    code, pit, after = act.directive.args[0], chapter.pit, chapter.text.after
    known = after[0] if after else 0
    return not_entitled(pit.specialist(code), chapter.entry.signer, known, pit, code)


def settings(entries: Iterable[Entry]) -> Iterator[Setting]:
    """Every value that was set for a rule, in order."""
    minutes = _Minutes()
    for chapter in history(entries):
        for act in chapter.acts:
            if act.directive.verb in _SAID:
                minutes.take(act, chapter)
        for rule in chapter.pit.coming:
            yield _setting(rule, chapter, minutes)


_SAID = frozenset(["motion", "vote", "counted", "result"])


def _setting(rule: Directive, chapter: Chapter, minutes: _Minutes) -> Setting:
    name, value = rule.args
    if name == "words":
        brought, _, value = value.partition(" ")
        name = f"words {brought}"
    start, by = chapter.entry.number + 1, rule.keys.get("by")
    if by is None:
        return Setting(name, value, start, chapter.entry.signer)
    motion = by.args[-3]
    ref = motion.partition("/")[2]
    told = minutes.results.get(ref)
    result = chapter.pit.words["result"].line(told.args).rstrip("\n") if told else ""
    title = minutes.titles.get(ref, "")
    yes, no = minutes.cast(ref, "yes"), minutes.cast(ref, "no")
    return Setting(name, value, start, chapter.entry.signer, motion, title, result, yes, no)


def main(argv: list[str]) -> int:
    """Print who set what."""
    options = parser("blame", __doc__)
    add_pit(options)
    how = options.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true")
    how.add_argument("--lines", action="store_true", help="the rules in force, a line each")
    options.add_argument("rule", nargs="*", metavar="RULE")
    args = options.parse_args(argv)
    args.csv = False
    home = Home(root())
    pit = choose_pit(home, args.pit)
    wanted = " ".join(args.rule)
    now = in_force(fold_of(home, pit))
    if wanted and wanted not in now and wanted not in RULES:
        raise NoInput(f"there is no rule `{wanted[:80]}`; `pit show rules` lists them")
    if args.lines:
        for name, value in now.items():
            if wanted == name or (not wanted and name in RULES):
                print(f"rule {name} {value}")
        return 0
    found = [one for one in settings(entries_of(home, pit)) if wanted in ("", one.rule)]
    if not wanted:
        latest = {one.rule: one for one in found}
        found = [latest[name] for name in now if name in latest]
    if args.json:
        show_json([one._asdict() for one in found])
        return 0
    show_rows((_row(one) for one in found), args, "nobody has set it; its default is in force")
    for one in found:
        if one.motion:
            print(f"\n{one.motion} {written_motion(one)}", end="")
    return 0


def _row(one: Setting) -> Row:
    by = f"motion {one.motion}" if one.motion else one.by
    return {"rule": one.rule, "value": one.value, "from": str(one.start), "by": by}


def written_motion(one: Setting) -> str:
    """A motion that set a rule: its title, its result, who voted how."""
    votes = [{"vote": how, "by": list(who)} for how, who in (("yes", one.yes), ("no", one.no))]
    return f'"{one.title}"\n{one.result}\n' + written(votes, "")
