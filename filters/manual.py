"""`help` by mail: how to write to a pit, with examples that it would take, for one member."""

from collections.abc import Iterable
from textwrap import indent

from pit.archives.entry import OPERATOR
from pit.archives.fields import FIELDS
from pit.archives.verbs import Slot, Verb
from pit.archives.words import CORE
from pit.pits import queries
from pit.pits.display import printable
from pit.pits.members import Member
from pit.pits.state import Pit

__all__ = ["about", "example", "manual"]

_SAMPLES = {
    "handle": "bob",
    "account": "bob",
    "asset": "ACME",
    "assets": "OLD NEW",
    "number": "10",
    "price": "12.50",
    "limit": "12.50",
    "net": "3.50",
    "outcome": "47",
    "clock": "17:30",
    "fees": "maker 0.001 taker 0.002",
    "count": "1",
    "natural": "2",
    "time": "2026-12-01T17:00:00Z",
    "reference": "1042",
    "owned": "alice/1042",
    "word": "spring",
    "name": "trader",
    "names": "trader",
    "addresses": "bob@example.org",
    "text": '"Good morning"',
    "rest": "freshness 7d",
    "fingerprint": "9F" * 20,
    "hash": "9f" * 32,
    "shard": "1/1",
}
"""An example of each type of the language."""

_NAMED = {"role": "trader", "filter": "match", "word": "buy", "tick": "0.01", "lot": "1"}
_NAMED |= {"min": "0", "max": "100", "low": "35", "high": "60", "value": "47"}
"""Examples of fields that mean more than their type."""

_KINDS = {field: name for name, field in FIELDS.items()}


def example(verb: Verb, pit: Pit, handle: str) -> str:
    """A directive of a verb, with the tickers and members that this pit has, and needed keys."""
    words = [verb.name]
    for slot in verb.slots:
        if slot.field is None:
            words.append(slot.name)
        else:
            words.append(_sample(slot, pit, handle))
    lines = [" ".join(words)]
    for key in verb.needed:
        field = verb.keys[key]
        if field.pattern:
            lines.append(f"  {key}: {_sample(Slot(key, field, False), pit, handle)}")
        else:
            lines += [f"  {key}:", "    (the text, each line indented by four)"]
    return "\n".join(lines)


def _sample(slot: Slot, pit: Pit, handle: str) -> str:
    field = slot.field
    assert field is not None
    kind = _KINDS.get(field)
    if kind is None:  # one of a few words
        return field.pattern.partition("|")[0]
    if slot.name == "market":
        return next(iter(pit.markets), "RAIN")
    if kind == "asset":
        tickers = [*pit.tickers] or ["ACME"]
        return tickers[0] if slot.name in ("ticker", "code") else next(iter(pit.assets), "EUR")
    if kind == "handle":
        others = [one for one in pit.members if one not in (OPERATOR, handle)]
        return others[0] if others else "bob"
    if kind == "word" and slot.name == "which":
        return next(iter(pit.tickers), "ACME")
    if slot.name in _NAMED:
        return _NAMED[slot.name]
    return _SAMPLES[kind]


def about(word: str, pit: Pit, handle: str) -> str:
    """What a word means, how it is written, and its keys; what there is where there is none."""
    verb = {**pit.words, **queries.WORDS}.get(word)
    if verb is None:
        known = ", ".join(sorted({*pit.words, *queries.WORDS}))
        return f"`{printable(word)}` is not a word of this pit. Its words:\n{known}\n"
    lines = [verb.usage, "", f"{verb.help}"]
    if verb.who:
        lines.append(f"For: {', '.join(verb.who)}.")
    for slot in verb.fields:
        if slot.field and slot.field.what:
            name = slot.name.upper()
            lines.append(f"  {name}: {slot.field.what}; {slot.field.right}")
    if verb.keys:
        lines += ["", "Below it, after two blanks:"]
        for key, field in verb.keys.items():
            needed = " (needed)" if key in verb.needed else ""
            lines.append(f"  {key}: {field.what}{needed}; {field.right}")
    lines += ["", "For example:", "", indent(example(verb, pit, handle), "    "), ""]
    return "\n".join(lines)


def manual(pit: Pit, handle: str, address: str) -> str:
    """How this member writes to this pit."""
    member = pit.members.get(handle)
    roles = _roles(handle, member)
    mine = [verb for verb in pit.words.values() if roles & set(verb.who) and not verb.report]
    mine = [verb for verb in mine if verb.name != "charter"]
    orders = [verb for verb in mine if verb.name in ("buy", "sell")]
    shown = example((orders or mine or [CORE["say"]])[0], pit, handle)
    return (
        f"Write to {address} a mail whose whole body is one signed text (OpenPGP,\n"
        "clearsigned, or signed as PGP/MIME):\n\n"
        f"    pit {pit.name}\n      id: {pit.id[:16]}\n    {shown}\n\n"
        f"You are {handle}: {', '.join(sorted(roles))}. What you may say:\n\n"
        f"{_forms(mine)}\n"
        "ORDER is the number of an entry, as its receipt has it. `help buy` tells all of `buy`.\n\n"
        "Questions, in a mail of their own; they are answered and never archived:\n\n"
        f"{_questions(pit)}\n"
        f"{_traded(pit)}"
    )


def _roles(handle: str, member: Member | None) -> set[str]:
    own = set(member.roles) if member else set()
    return own | {"member"} | ({"operator"} if handle == OPERATOR else set())


def _forms(verbs: Iterable[Verb]) -> str:
    return "".join(f"    {verb.usage}\n" for verb in verbs)


def _questions(pit: Pit) -> str:
    ticker = next(iter(pit.tickers), "ACME")
    lines = [("help", "this"), ("help buy", "how `buy` is written")]
    lines += [(f"show {view.example}", view.meaning) for view in queries.VIEWS.values()]
    return "".join(f"    {said.replace('ACME', ticker):16} {what}\n" for said, what in lines)


def _traded(pit: Pit) -> str:
    """What there is to trade and to pay with."""
    lines = []
    for ticker in list(pit.tickers.values())[:50]:
        lines.append(
            f"    {ticker.code} {printable(ticker.name)}, in {ticker.currency}, price steps "
            f"{ticker.tick}, lots of {ticker.lot}"
        )
    lines += [f"    {asset.code} {printable(asset.name)}" for asset in pit.assets.values()][:50]
    return "Listed here:\n\n" + "\n".join(lines) + "\n" if lines else ""
