"""What a pit is at an entry: a fold over its archive.

Name, id, members, roles, rules and words in force, assets, tickers, who publishes what, and the
numbers of the reports that stand. Every program that reads an archive keeps one `Pit` and feeds it
each entry; what it says depends on the entries read and on nothing else (law 1).
"""

import hashlib
from collections.abc import Iterator
from typing import Any

from pit.archives.errors import Damaged
from pit.archives.language import LanguageError, Text, parse
from pit.archives.mbox import Entry
from pit.archives.verbs import Directive, Verb
from pit.archives.words import CORE
from pit.pits import rules
from pit.pits.blocks import block_of
from pit.pits.checks import CHECK, check_brought
from pit.pits.effects import APPLY, put_in_force, rules_by_motion
from pit.pits.listing import Asset, Holder, Ticker, shard_of
from pit.pits.markets import CONTRACT, Market
from pit.pits.members import EXPELLED, Member


class Pit:
    """The state of a pit after the entries read so far.

    name, id ('' before the charter); open: nobody is checked (FILTERS, Open streams); entry, time:
    the last one read; genesis: the time of entry 1. seal: (N, root) of the last seal. handles: by
    the fingerprint of each key that is or was a member's; waiting: by handle, the one that waits
    for `confirm`; revoked: by fingerprint, in which entry and why. What the keys themselves are,
    `keyring` knows. tokens: the first block with a subsidy, 0 where there are no TT. coming: the
    rules that the entry at hand sets; setters: the words in force, of reports, that set one.
    """

    def __init__(self, name: str = "", *, opened: bool = False) -> None:
        self.name, self.id, self.open = name, "", opened
        self.title = ""
        self.entry, self.time = 0, ""
        self.genesis = ""
        self.seal: tuple[int, str] = (0, "0" * 64)
        self.members: dict[str, Member] = {}
        self.handles: dict[str, str] = {}
        self.waiting: dict[str, str] = {}
        self.revoked: dict[str, tuple[int, str]] = {}
        self.tokens = 0
        self.rules: dict[str, Any] = {}
        self.written: dict[str, str] = {}
        self.coming: list[Directive] = []
        self.words: dict[str, Verb] = dict(CORE)
        self.brought: dict[str, int] = {}
        self.setters: set[str] = set()
        self.assets: dict[str, Asset] = {}
        self.tickers: dict[str, Ticker] = {}
        self.markets: dict[str, Market] = {}
        self.specialists: dict[str, Holder] = {}
        self.shards: dict[int, dict[int, Holder]] = {}
        self.shard_count, self.sharded_at = 0, 0
        self.reports: dict[tuple[str, str], int] = {}
        self.witnesses: dict[str, str] = {}
        self.adopted = 0

    def rule(self, name: str) -> Any:
        """The value of a rule in force; for a filter that brought its words, their version."""
        if name in self.rules:
            return self.rules[name]
        return rules.default(name) if name in rules.RULES else self.brought.get(name, 1)

    def block(self, time: str) -> int:
        """The block that a time is in, from 1 up (`blocks`)."""
        return block_of(time, self.genesis, self.rule("block"))

    def decimals(self, asset: str) -> int | None:
        """The decimals of an asset's smallest unit; None where there is no such asset."""
        known = self.assets.get(asset)
        if known is None:
            ticker = self.tickers.get(asset)
            return ticker.decimals if ticker and ticker.mode != CONTRACT else None
        return known.decimals

    def keeper(self, handle: str) -> Holder | None:
        """Who keeps this member's shard, and since when; None while no set of keepers is whole."""
        if not self.shard_count:
            return None
        holder = self.shards[self.shard_count][shard_of(handle, self.shard_count)]
        if holder.since >= self.sharded_at:
            return holder
        return Holder(holder.handle, self.sharded_at)

    def specialist(self, ticker: str) -> Holder | None:
        """Who publishes for a ticker. '-' is what belongs to none: the ticker listed first."""
        if ticker == "-":
            ticker = next(iter(self.tickers), "")
        return self.specialists.get(ticker)

    def take(self, entry: Entry, text: Text | None = None) -> Text:
        """Read one entry: its text, as the words in force at it parse it; its effect on this pit.

        text: where another fold of the same pit has parsed it already. The caller ends the entry
        with `settle`. Raises Damaged where the entry does not follow the last one, is another
        pit's, or does not parse.
        """
        number, time = entry.number, entry.time
        if text is None:
            try:
                text = parse(entry.text, self.words)
            except LanguageError as error:
                raise Damaged(f"entry {number}: {error}") from None
        if not self.entry:
            self.name = entry.pit
            self.open = not text.directives or text.directives[0].verb != "charter"
            self.id = "" if self.open else hashlib.sha256(entry.text.encode()).hexdigest()
        if number != self.entry + 1:
            raise Damaged(
                f"entry {number} follows entry {self.entry}; a stream is whole, from entry 1 or "
                "from a checkpoint on"
            )
        if time <= self.time:
            raise Damaged(f"entry {number}: its time {time} is not after {self.time}")
        if text.pit != self.name or entry.pit != self.name:
            other = text.pit if text.pit != self.name else entry.pit
            raise Damaged(f"entry {number}: it is for the pit {other}; this is {self.name}")
        self.step(number, time, entry.signer, text)
        return text

    def step(self, number: int, time: str, signer: str, text: Text) -> None:
        """Read one entry: its directives take effect one after the other; rules, by `settle`."""
        self.entry, self.time = number, time
        if number == 1:
            self.genesis = time
        for directive in text.directives:
            apply = APPLY.get(directive.verb)
            if apply and not self.objection(directive, signer):
                apply(self, directive, signer)
        if self.setters:
            rules_by_motion(self, text, signer)

    def settle(self) -> None:
        """The entry is over: the rules that it set are in force."""
        for directive in self.coming:
            put_in_force(self, directive)
        self.coming.clear()
        if not self.rule("tokens"):
            self.tokens = 0
        elif not self.tokens:
            self.tokens = self.block(self.time)

    def objection(self, directive: Directive, signer: str) -> str:
        """Why a directive can have no effect on this pit, as a sentence; '' when it can."""
        check = CHECK.get(directive.verb)
        if check is None:
            if directive.verb in CORE:
                return ""
            check = check_brought
        return check(self, directive, signer)

    def member(self, handle: str) -> Member | None:
        """The member of that handle, if he is one now."""
        found = self.members.get(handle)
        return found if found and found.standing != EXPELLED else None

    def lacks_role(self, handle: str, role: str) -> str:
        """Why a handle cannot be named as one with that role, as a sentence; '' when it can."""
        member = self.member(handle)
        if self.open or (member and role in member.roles):
            return ""
        return f"{handle} is not a {role} of this pit; `grant {role} to {handle}` first"

    def keeper_shards(self) -> Iterator[tuple[int, int, Holder]]:
        """(K, N, holder) of every keeper known."""
        for count, holders in sorted(self.shards.items()):
            for shard, holder in sorted(holders.items()):
                yield shard, count, holder
