"""Random sessions of a pit that trades, for `pit match` and its oracle; and sessions as text.

Few members, few prices and small quantities, so that orders meet their own members, stops set off
stops, quantities tie and time limits fall on entries all the time. A session is made of steps, each
of which makes sense wherever it stands: what is left out of them leaves a session.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple, Protocol, TypeVar

from hypothesis import strategies as st

from tests.filters.oracle import Instruction, moment

T = TypeVar("T")

START = datetime(2026, 11, 20, 21, 30, tzinfo=UTC)
"""So late in the day that an hour's pause or two ends it."""

FEWEST, MOST = 5, 60
"""Instructions of a session."""

MEMBERS = ("alice", "bob", "carol")
TICKERS = ("ACME",) * 9 + ("BOND",)
PRICES = ("10.00", "9.50", "10.50", "9.00", "11.00")
QUANTITIES = ("5", "1", "2", "3", "4", "6", "8", "10", "12", "2.5")
PAUSES = (1,) * 20 + (2, 2, 3, 5, 60, 3600, 0.000001)
"""Seconds between two entries."""

LIMITS = (1, 2, 3, 5, 10, 60, 3600, 0, -1)
"""Seconds from an order to its `until:`."""

CALLS = (8, 5, 12, 20, 3, 0)
"""Seconds of a call phase."""

KINDS = ("order",) * 40 + ("cancel",) * 4 + ("replace",) * 9 + ("resume",) * 3
KINDS += ("halt", "auction", "auction", "auction", "day-end", "say")

UNKNOWN = "999999"
BACK = (1, 2, 1, 2, 3, 3, 4, 5, 7, "the entry before", "unknown")
"""What a cancel or replace is for: the n-th newest order that may work, or no order at all."""


class Step(NamedTuple):
    """An instruction that has no place in a session yet.

    Its text may hold `{ref}`, an entry's number; its keys `{time}` or `{date}`, `seconds` after its
    own time and the day after. pause: seconds since the entry before. back: as in BACK. own: said
    by the member whose order {ref} is.
    """

    pause: float
    member: str
    text: str
    keys: dict[str, str]
    seconds: float = 0
    back: int | str = 1
    own: bool = False


class Pick(Protocol):
    """Chooses one of some things; of equally good examples, the earlier things make the simpler."""

    def __call__(self, options: Sequence[T], /) -> T: ...


def _rarely(pick: Pick, one_in: int) -> bool:
    return pick((False,) * (one_in - 1) + (True,))


def _keys(pick: Pick, text: str) -> dict[str, str]:
    """The keys of an order: mostly none or one, and at times all that do not go together."""
    keys = {
        "tif": (6, ("ioc", "fok", "day", "gtc")),
        "min": (15, ("2", "1", "5", "10")),
        "show": (5, ("2", "1", "3", "2.5", "20")),
        "post-only": (10, ("yes",)),
        "stop": (6, PRICES),
        "until": (8, ("{time}",) * 5 + ("{date}",)),
        "stp": (2, ("oldest", "both", "decrement", "newest")),
    }
    if text.startswith("buy") and text.endswith("market"):
        keys["cap"] = (2, ("50", "30", "100", "7", "9.50", "0.01"))
    return {key: pick(values) for key, (one_in, values) in keys.items() if _rarely(pick, one_in)}


def step(pick: Pick) -> Step:
    """One step, with everything about it chosen by `pick`."""
    kind, pause, member, ticker = (pick(what) for what in (KINDS, PAUSES, MEMBERS, TICKERS))
    if kind == "order":
        price = "market" if _rarely(pick, 8) else pick(PRICES)
        text = f"{pick(('buy', 'sell'))} {pick(QUANTITIES)} {ticker} @ {price}"
        return Step(pause, member, text, _keys(pick, text), pick(LIMITS))
    if kind == "auction":
        return Step(pause, member, f"auction {ticker} until {{time}}", {}, pick(CALLS))
    if kind in ("cancel", "replace"):
        new = f" {pick(QUANTITIES)} @ {pick(PRICES)}" if kind == "replace" else ""
        own = not _rarely(pick, 8)
        return Step(pause, member, f"{kind} {{ref}}{new}", {}, back=pick(BACK), own=own)
    if kind == "day-end":
        return Step(pause, member, f"rule day-end {pick(('23:00', '00:00'))}", {})
    return Step(pause, member, 'say "hello"' if kind == "say" else f"{kind} {ticker}", {})


def _may_work(said: Instruction) -> bool:
    """Whether it is an order that does more than to trade at once."""
    at_once = said.text.endswith(" market") or said.keys.get("tif") in ("ioc", "fok")
    return said.text.startswith(("buy ", "sell ")) and ("stop" in said.keys or not at_once)


def arrange(steps: Sequence[Step]) -> list[Instruction]:
    """The session that some steps are."""
    session: list[Instruction] = []
    now = START
    for entry, one in enumerate(steps, 1):
        now += timedelta(seconds=one.pause)
        orders = [o for o in session if _may_work(o)]
        member, ref = one.member, UNKNOWN
        if one.back == "the entry before":
            ref = str(entry - 1) if entry > 1 else UNKNOWN
        elif isinstance(one.back, int) and one.back <= len(orders):
            ref = str(orders[-one.back].entry)
            member = orders[-one.back].member if one.own else member
        then = now + timedelta(seconds=one.seconds)
        words = {"ref": ref, "time": written(then), "date": f"{now + timedelta(days=1):%Y-%m-%d}"}
        keys = {key: value.format(**words) for key, value in one.keys.items()}
        session.append(Instruction(entry, now, member, one.text.format(**words), keys))
    return session


def random_steps(seed: int) -> list[Step]:
    """The steps of the random session number `seed`."""
    rng = Random(seed)
    return [step(rng.choice) for _ in range(rng.randint(FEWEST, MOST))]


@st.composite
def _steps(draw: st.DrawFn) -> Step:
    return step(lambda options: draw(st.sampled_from(options)))


sessions: st.SearchStrategy[list[Instruction]] = st.one_of(
    st.lists(_steps(), min_size=FEWEST, max_size=MOST),
    st.lists(_steps(), min_size=MOST // 2, max_size=MOST),
).map(arrange)
"""Random sessions that shrink."""


def smallest(
    steps: Sequence[Step], fails: Callable[[list[Instruction]], bool]
) -> list[Instruction]:
    """A session that still fails and of which no step can be left out; `steps` must fail."""
    left, tried = list(steps), 0
    while tried < len(left):
        fewer = left[:tried] + left[tried + 1 :]
        if fewer and fails(arrange(fewer)):
            left, tried = fewer, 0
        else:
            tried += 1
    return arrange(left)


def written(time: datetime) -> str:
    """A time as the language has it: `2026-11-20T12:00:00Z`, with a fraction where it has one."""
    return time.replace(tzinfo=None).isoformat() + "Z"


def stream(session: Sequence[Instruction], pit: str = "toy") -> bytes:
    """A session as the open stream that FILTERS describes."""
    messages = []
    for entry, time, member, text, keys in session:
        head = f"From {entry}@{pit}.pit {time.ctime()}\n"
        head += f"Pit-Entry: {pit} {entry}\nPit-Time: {time:%Y-%m-%dT%H:%M:%S.%fZ}\n"
        lines = [f"pit {pit}", text, *(f"  {key}: {value}" for key, value in keys.items())]
        messages.append(f"{head}Pit-Signer: {member}\n\n" + "\n".join(lines) + "\n")
    return "\n".join(messages).encode()


def lines(session: Sequence[Instruction]) -> str:
    """A session in the form that `by_hand` reads, for people to read too."""
    text = ""
    for _, time, member, directive, keys in session:
        more = "".join(f"; {key}: {value}" for key, value in keys.items())
        text += f"at {written(time)} {member} {directive}{more}\n"
    return text


def by_hand(text: str) -> list[Instruction]:
    """A session from lines like `alice buy 10 ACME @ 12.50; tif: fok`, entries 1, 2, 3, …

    `at 12:00:05` or `at 2026-11-21T09:00:00Z` before it is its time; else it is the second after
    the line before, and that of the first 12:00:01 on 20 November 2026.
    """
    session: list[Instruction] = []
    now = moment("2026-11-20T12:00:00Z")
    for entry, line in enumerate(text.strip().splitlines(), 1):
        directive, *more = line.strip().split("; ")
        now += timedelta(seconds=1)
        if directive.startswith("at "):
            _, time, directive = directive.split(" ", 2)
            now = moment(time if "T" in time else f"{now:%Y-%m-%d}T{time}Z")
        assert not session or now > session[-1].time, f"{line}: not after the line before"
        member, directive = directive.split(" ", 1)
        keys = dict(one.split(": ") for one in more)
        session.append(Instruction(entry, now, member, directive, keys))
    return session
