"""Match orders by price, then time: reads entries, owes `fill` and `leaves`.

    $ pit match < orders.mbox | grep '^fill'
    fill 60 ACME @ 12.50 alice/1 bob/2

Each ticker is a lane. Its instructions are worked in the order of their entries; a lane waits at
the first order whose keeper has not answered, so that when a keeper publishes cannot change
priority (FILTERS, Everything in the order of its own entry; MARKET, Matching).
"""

import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush

from pit.archives.verbs import Directive, Verb
from pit.filters import combo_match, match_state, restart
from pit.filters.combos import Combo
from pit.filters.instructions import Act, Cancel, Order, Replace
from pit.filters.lanes import Owed
from pit.filters.markets import Settled
from pit.filters.match_state import stands
from pit.filters.runner import Event
from pit.filters.standing import Standing
from pit.filters.stream import run_stream
from pit.filters.trading import HALT, Lane
from pit.filters.turns import Banned, Ended, Item, Session, What
from pit.pits.listing import Holder
from pit.pits.options import parser, part
from pit.pits.state import Pit

_ASKING = (Order, Combo, Replace)
"""What waits for its keeper's answer."""


class Match:
    """The matching filter (see the module).

    tickers: the lanes that it works; all by default.
    """

    name = "match"
    parts = "ticker"
    versions = range(1, 3)
    words: Sequence[Verb] = match_state.WORDS

    def __init__(self, tickers: frozenset[str] | None = None) -> None:
        self.tickers = tickers
        self.lanes: dict[str, Lane] = {}
        self._deadlines: list[tuple[str, str]] = []

    def publisher(self, lane: str, pit: Pit) -> Holder | None:
        """The specialist of the ticker."""
        return pit.specialist(lane)

    def lane(self, act: Act, pit: Pit) -> str | None:
        """The ticker that a `fill` or `leaves` is about."""
        lane: str | None = None
        if act.directive.verb == "fill":
            lane = act.directive.args[1]
        elif isinstance(act.subject, (Order, Combo, Cancel, Replace)):
            lane = act.subject.lane
        return lane if lane and self._works(lane, pit) else None

    def _works(self, lane: str, pit: Pit) -> bool:
        """Whether a lane is one of its own; what belongs to none is the first ticker's.

        All markets of a root are worked together: a combination may hang on several.
        """
        if self.tickers is None:
            return True
        ticker = next(iter(pit.tickers), "") if lane == "-" else lane
        market = pit.markets.get(ticker)
        return (market.root if market else ticker) in self.tickers

    def step(self, event: Event, pit: Pit, record: Standing) -> Sequence[Owed]:
        """What an entry makes the specialists owe: what time brings first, then its directives."""
        out: list[Owed] = []
        if self._deadlines and self._deadlines[0][0] <= event.time:
            self._pass_time(event.time, out)
        for ref, directive, subject in event.acts:
            verb = directive.verb
            if verb == "buy" or verb == "sell":
                assert isinstance(subject, Order)
                self._take(subject.ticker, event.time, subject, pit, record, out)
            elif verb == "accept" or verb == "refuse":
                if isinstance(subject, (Order, Replace)):
                    self._drain([subject.lane], event.time, record, out)
                elif isinstance(subject, Combo):
                    tickers = [leg.ticker for leg in subject.legs]
                    self._drain(tickers, event.time, record, out)
            elif verb == "combo":
                if isinstance(subject, Combo):
                    self._combine(subject, event.time, pit, record, out)
            elif verb == "cancel" or verb == "replace":
                if isinstance(subject, (Cancel, Replace)):
                    self._take(subject.lane, event.time, subject, pit, record, out)
            elif verb in ("suspend", "expel"):
                banned = Banned(ref, directive.args[0])
                for ticker in sorted(self.lanes):
                    self._take(ticker, event.time, banned, pit, record, out)
            elif isinstance(subject, Settled):
                ended = Ended(ref)
                for code, market in pit.markets.items():
                    if market.driver == subject.driver and code in self.lanes:
                        self._take(code, event.time, ended, pit, record, out)
            elif verb in ("halt", "resume", "auction"):
                ticker, *until = directive.args
                session = Session(ref, verb, *until or ("",))
                self._take(ticker, event.time, session, pit, record, out)
        return out

    def _take(
        self, ticker: str, time: str, what: What, pit: Pit, record: Standing, out: list[Owed]
    ) -> None:
        """An instruction comes to its lane, where others may wait before it."""
        lane = self._lane(ticker, pit, record)
        if lane is None:
            return
        if lane.waiting or (isinstance(what, _ASKING) and not what.accepted):
            lane.waiting.append(Item(time, what))
        else:
            self._work(lane, what, out)

    def _lane(self, ticker: str, pit: Pit, record: Standing) -> Lane | None:
        """The lane of a ticker, opened where there is none; None where it is another's."""
        lane = self.lanes.get(ticker)
        if lane is None and self._works(ticker, pit):
            lane = self.lanes[ticker] = Lane(ticker, pit, record)
        return lane

    def _combine(
        self, combo: Combo, time: str, pit: Pit, record: Standing, out: list[Owed]
    ) -> None:
        """A combination comes to the lanes of all its legs."""
        for leg in combo.legs:
            lane = self._lane(leg.ticker, pit, record)
            if lane:
                lane.waiting.append(Item(time, combo))
        self._drain([leg.ticker for leg in combo.legs], time, record, out)

    def _drain(self, tickers: Iterable[str], now: str, record: Standing, out: list[Owed]) -> None:
        """Work what waits in these lanes, and in those that become free by it."""
        free = deque(tickers)
        while free:
            lane = self.lanes.get(free.popleft())
            if lane:  # else another's
                free += self._advance(lane, now, record, out)

    def _advance(self, lane: Lane, now: str, record: Standing, out: list[Owed]) -> list[str]:
        """Work what waits, in order, up to the first instruction that has no answer.

        A combination waits until it is the next one in all its lanes. The others of these are
        returned: they may go on now.
        """
        waiting, free = lane.waiting, list[str]()
        while waiting:
            time, what, fired = waiting[0]
            if isinstance(what, _ASKING) and not what.accepted:
                if stands(what.ref, record):
                    return free  # no answer yet
                waiting.popleft()  # refused
            elif isinstance(what, Combo) and not stands(what.ref, record):
                waiting.popleft()  # a report that was adopted ended it
            elif isinstance(what, Combo):
                lanes = [self.lanes[leg.ticker] for leg in what.legs]
                if any(not one.waiting or one.waiting[0].what is not what for one in lanes):
                    return free
                for one in lanes:
                    one.waiting.popleft()
                    one.pass_time(time, out)
                combo_match.work(what, lanes, out)
                free += [one.ticker for one in lanes if one is not lane]
            else:
                waiting.popleft()
                lane.pass_time(time, out)
                self._work(lane, what, out, fired=fired)
        lane.pass_time(now, out)
        self._wake(lane)
        return free

    def _work(self, lane: Lane, what: What, out: list[Owed], *, fired: bool = False) -> None:
        if isinstance(what, Order):
            lane.order(what, out, fired=fired)
            if what.until:
                self._wake(lane)
        elif isinstance(what, Cancel):
            lane.cancel(what, out)
        elif isinstance(what, Replace):
            lane.replace(what, out)
        elif isinstance(what, Banned):
            lane.ban(what.owner, what.ref, out)
        elif isinstance(what, Ended):
            lane.finish(what.ref, out)
        elif isinstance(what, Session) and what.verb == "resume":
            lane.resume(what.ref, out)
        elif isinstance(what, Session):
            lane.close(what.ref, what.until or HALT)
            self._wake(lane)

    def _wake(self, lane: Lane) -> None:
        """Note when something will happen in a lane by itself."""
        when = lane.deadline()
        if when and when != lane.noted:
            lane.noted = when
            heappush(self._deadlines, (when, lane.ticker))

    def standing(self, order: Order | Combo) -> tuple[str, int]:
        """How far an open order or combination has come, and what is left of it (10**-9).

        `working` in the book, `stop` or `held` before it; `waiting` for its turn, `unanswered` by
        its keeper; `ended`, though the report does not stand.
        """
        lane = self.lanes.get(order.lane)
        found = lane.working.get(order.ref) if lane else None
        if lane and found:
            state = "stop" if found in lane.stops else "held" if found in lane.held else "working"
            return state, found.left
        if lane and any(item.what is order for item in lane.waiting):
            return "waiting" if order.accepted else "unanswered", order.quantity
        return "ended", 0

    def _pass_time(self, now: str, out: list[Owed]) -> None:
        """The lanes in which a time has come; one that waits does it in its turn."""
        due = set()
        while self._deadlines and self._deadlines[0][0] <= now:
            due.add(heappop(self._deadlines)[1])
        for lane in (self.lanes[ticker] for ticker in sorted(due)):
            lane.noted = ""
            if not lane.waiting:
                lane.pass_time(now, out)
                self._wake(lane)

    def together(self, ticker: str, pit: Pit) -> list[str]:
        """The lanes that are adopted with one: a combination may hang on all markets of a root."""
        market = pit.markets.get(ticker)
        if market is None:
            return []
        return [code for code, other in pit.markets.items() if other.root == market.root]

    def adopt(
        self, ticker: str, owed: Sequence[Owed], pit: Pit, record: Standing
    ) -> Sequence[Owed]:
        """Start lanes again from the orders that stand open, with the fills that stand.

        They are the ticker's, and those of what else was owed.
        """
        tickers = sorted({ticker, *(was.lane for was in owed)})
        for one in tickers:
            old = self.lanes.get(one) or Lane(one, pit, record)
            self.lanes[one] = restart.lane(old, [was for was in owed if was.lane == one])
        for combo in {was.cause: record.combos.get(was.cause) for was in owed}.values():
            for leg in combo.legs if combo else ():
                lane = self._lane(leg.ticker, pit, record)
                if combo and lane and all(item.what is not combo for item in lane.waiting):
                    restart.wait(lane, Item(combo.time, combo))
        out: list[Owed] = []
        self._drain(sorted({*tickers, *self.together(ticker, pit)}), pit.time, record, out)
        return out

    def dump(self, record: Standing) -> Iterator[Directive]:
        """Which of the record's orders work, and how; what waits."""
        return match_state.dump(self.lanes, record)

    def load(self, directives: Sequence[Directive], pit: Pit, record: Standing) -> None:
        """The state from `dump`."""
        found = match_state.load(directives, pit, record)
        self.lanes = {ticker: lane for ticker, lane in found.items() if self._works(ticker, pit)}
        for lane in self.lanes.values():
            self._wake(lane)


def main(argv: list[str]) -> int:
    """Run as a filter: the stream on stdin, the same with drafts and checkpoint on stdout."""
    options = parser("match", __doc__ or "")
    options.add_argument("--ticker", metavar="T,…", help="only these tickers")
    options.set_defaults(shard=None)
    tickers = part(options.parse_args(argv))
    assert not isinstance(tickers, tuple)
    run_stream(Match(tickers), sys.stdin.buffer, sys.stdout.buffer)
    return 0
