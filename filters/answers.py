"""Answers to questions by mail: what stands, as text, worked out once for all who ask."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

from pit.archives.language import parse
from pit.archives.verbs import Directive
from pit.filters import views
from pit.filters.accounts import Posting
from pit.filters.busting import Bust, Ruling
from pit.filters.lanes import Owed
from pit.filters.manual import about, manual
from pit.filters.match import Match
from pit.filters.outcomes import Teller
from pit.filters.positions import Positions
from pit.filters.rows import Row, written
from pit.filters.runner import Event, Run
from pit.filters.show import state_of
from pit.filters.standing import Standing
from pit.filters.statement import change
from pit.filters.tape import traded
from pit.filters.whose import names_of
from pit.pits.display import printable
from pit.pits.home import Home
from pit.pits.members import owner_of
from pit.pits.queries import WORDS, Asked
from pit.pits.reading import entries_of
from pit.pits.state import Pit

__all__ = ["MOST", "Board", "answer", "meant", "questions"]

MOST = 500
"""Rows of one answer; of a tape and a statement these are the last ones."""

_LAST = ("tape", "statement")


def questions(asked: Asked) -> tuple[Directive, ...]:
    """What a text asks; LanguageError."""
    return parse(asked.text, WORDS).directives


def meant(question: Directive, handle: str) -> Directive:
    """A question with the signer's name where it leaves out whose."""
    verb, args, keys = question
    if verb == "show" and args[1] is None and args[0] in ("holdings", "orders", "statement"):
        return Directive(verb, (args[0], handle), keys)
    return question


class _Past(Positions):
    """Position keeping that remembers the fills, busts and postings of the last entry."""

    def __init__(self) -> None:
        self.postings: list[Posting] = []
        self.fills: list[Row] = []
        self.undone: list[Bust] = []
        super().__init__(journal=self.postings.append)

    def step(self, event: Event, pit: Pit, record: Standing) -> Iterator[Owed]:
        self.postings.clear()
        fills = (act for act in event.acts if act.directive.verb == "fill")
        self.fills = [views.trade(traded(act, event.time, pit)) for act in fills]
        said = [act.subject for act in event.acts if isinstance(act.subject, Ruling)]
        self.undone = [ruling.bust for ruling in said if ruling.done]
        return super().step(event, pit, record)


class Board:
    """What stands in a pit now. Each part is worked out when first asked for, and kept.

    run: of a Teller, over the whole archive. asked: all that is going to be asked, as it is meant;
    of what has passed only that is kept.
    """

    def __init__(self, home: Home, run: Run, teller: Teller, asked: Iterable[Directive]) -> None:
        self._home, self._teller = home, teller
        self.pit = run.pit
        self._asked = [one.args for one in asked if one.verb == "show"]

    def rows(self, view: str, which: str | None) -> list[Row]:
        """A view's rows, of what is named or all."""
        return list(_VIEWS[view](self, which))

    @cached_property
    def _match(self) -> tuple[Match, Run]:
        match = Match()
        return match, state_of(self._home, self.pit.name, match)

    def _book(self, which: str | None) -> Iterable[Row]:
        match, run = self._match
        return (row for row in views.book(match, run.pit) if which in (None, row["ticker"]))

    def _orders(self, which: str | None) -> Iterable[Row]:
        match, run = self._match
        return views.orders(match, run.record, run.pit, which)

    def _holdings(self, which: str | None) -> Iterable[Row]:
        return views.holdings(self._teller, self.pit, which)

    def _members(self, which: str | None) -> Iterable[Row]:
        return (row for row in views.members(self.pit) if which in (None, row["member"]))

    def _rules(self, which: str | None) -> Iterable[Row]:
        return (row for row in views.rules(self.pit) if which in (None, row["rule"]))

    @cached_property
    def _past(self) -> dict[tuple[str, str | None], deque[Row]]:
        """The last rows of each tape and statement that is asked for: one pass for all."""
        kept: dict[tuple[str, str | None], deque[Row]] = {
            (view, which): deque(maxlen=MOST + 1) for view, which in self._asked if view in _LAST
        }
        balances: dict[tuple[str, str], int] = {}
        past = _Past()
        run = Run(past)
        for entry in entries_of(self._home, self.pit.name):
            run.feed(entry)
            for fill in past.fills:
                for which in (None, fill["ticker"]):
                    if ("tape", which) in kept:
                        kept["tape", which].append(fill)
            for bust in past.undone:
                for rows in (rows for (view, _), rows in kept.items() if view == "tape"):
                    for row in rows:
                        if row["entry"] == bust.fill.ref:
                            row["busted"] = bust.ref
            for posting in past.postings:
                names = [one for one in names_of(posting.account) if ("statement", one) in kept]
                if names:
                    row = change(posting, entry.time, balances, run.pit)
                    for name in names:
                        kept["statement", name].append(row)
        return kept

    def _tape(self, which: str | None) -> Iterable[Row]:
        return self._past["tape", which]

    def _statement(self, which: str | None) -> Iterable[Row]:
        return self._past["statement", which]


_VIEWS: dict[str, Callable[[Board, str | None], Iterable[Row]]] = {
    "book": Board._book,
    "tape": Board._tape,
    "holdings": Board._holdings,
    "orders": Board._orders,
    "statement": Board._statement,
    "members": Board._members,
    "rules": Board._rules,
}


def answer(question: Directive, handle: str, address: str, board: Board) -> str:
    """The answer to a question, as it is meant; address: where the pit takes mail."""
    pit = board.pit
    if question.verb == "help":
        word = question.args[0]
        return about(word, pit, handle) if word else manual(pit, handle, address)
    view, which = question.args
    unknown = _unknown(view, which, pit)
    if unknown:
        return f"{unknown}\n"
    rows = board.rows(view, which)
    said = ""
    if len(rows) > MOST:
        last = view in _LAST
        rows = rows[-MOST:] if last else rows[:MOST]
        where = "last" if last else "first"
        said = f"\nThese are the {where} {MOST}; whoever has the archive sees all.\n"
    of = f" {which}" if which else ""
    return written(rows, f"{view}{of}: nothing") + said


def _unknown(view: str, which: str | None, pit: Pit) -> str:
    """What is wrong with a name that the pit does not know; '' if it knows it."""
    if which is None or which in pit.tickers or view == "rules":
        return ""
    if owner_of(which) in pit.members:
        return ""
    name = printable(owner_of(which))
    if which[:1].isupper():
        known = ", ".join(list(pit.tickers)[:50]) or "nothing"
        return f"{name} is not listed in {pit.name}; listed: {known}"
    return f"{name} is not a member of {pit.name}; `show members` lists them"
