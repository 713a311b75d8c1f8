"""TradeTokens a second time, as naively as docs/reference/tokens.md can be said.

From the entries of a finished archive: blocks and subsidies one at a time, what each accepted
instruction was charged, how each order ended, and so what is everybody's. Nothing here comes from
`pit.filters`; fills, leaves, accepts and refuses are taken as they stand. All in 0.00001 TT.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import count, islice
from math import ceil, floor

from pit.archives.language import parse
from pit.archives.mbox import Entry
from pit.archives.verbs import Directive
from pit.archives.words import CORE
from pit.pits.brought import words_of
from pit.pits.rules import RULES

UNIT = 10**5
FILTERS = ("govern", "dividends", "listing", "tokens")
WORDS = {**CORE, **{n: verb for f in FILTERS for n, verb in (words_of(f, 1) or {}).items()}}
KINDS = {"combo": "buy"} | dict.fromkeys(("ticker", "commit", "synonym", "close"), "listing")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def tokens(written: str) -> int:
    """An amount of TT in its smallest unit."""
    return int(Decimal(written) * UNIT)


@dataclass
class Said:
    """An instruction; deposit: of an order; why: how it ended, '' while it has not."""

    signer: str
    account: str
    directive: Directive
    block: int
    rules: Mapping[str, str]
    fee: int
    deposit: int = 0
    accepted: bool = False
    quantity: Decimal = Decimal(0)
    largest: Decimal = Decimal(0)
    filled: Decimal = Decimal(0)
    why: str = ""


class Reckoning:
    """What follows from the entries that it was fed.

    counts: the directives of reports that have effect, `1042.2`. sealed: whose each block is that
    is not empty; passed: the last block that has brought what it brings, or never will.
    """

    def __init__(self, counts: Collection[str]) -> None:
        self.counts, self.genesis = counts, ""
        self.rules = {name: rule.default for name, rule in RULES.items()}
        self.said: dict[str, Said] = {}
        self.sealed: dict[int, str] = {}
        self.begun, self.passed, self.minted, self.burned = False, 0, 0, 0
        self.moved: Counter[str] = Counter()

    def feed(self, entries: Iterable[Entry]) -> "Reckoning":
        for entry in entries:
            self.genesis = self.genesis or entry.time
            block, rules = self.block(entry.time), dict(self.rules)
            directives = parse(entry.text, WORDS).directives
            report = directives[0].args[0] if directives[0].verb == "report" else ""
            for number, one in enumerate(directives, 1):
                ref = f"{entry.number}.{number}" if number > 1 else str(entry.number)
                if one.verb == "rule" and entry.signer == "operator":
                    rules[one.args[0]] = one.args[1]
                    if one.args[0] == "tokens" and self.rules["tokens"] == "off" != one.args[1]:
                        self.begun, self.passed = True, max(self.passed, block - 1)
                elif one.verb == "seal":
                    self.seal(block)
                elif not report:
                    self.instruction(ref, entry.signer, one, block)
                elif ref in self.counts:
                    self.reported(report, one)
            self.rules = rules
        return self

    def block(self, time: str) -> int:
        since = datetime.fromisoformat(time[:-1]) - datetime.fromisoformat(self.genesis[:-1])
        said = self.rules["block"]
        return since // timedelta(seconds=int(said[:-1]) * SECONDS[said[-1]]) + 1

    def subsidies(self) -> Iterator[int]:
        """What block 1 brings, block 2, and so on."""
        said = self.rules
        amount, fall = tokens(said["subsidy"]), tokens(said["subsidy-fall"])
        for block in count(1):
            yield amount
            if said["schedule"] == "linear":
                amount = max(0, amount - fall)
            elif block % int(said["halving"]) == 0:
                amount //= 2

    def coming(self, block: int) -> int:
        """What the blocks up to this one bring that no seal has brought yet."""
        return sum(islice(self.subsidies(), self.passed, max(block, self.passed)))

    def seal(self, block: int) -> None:
        sealers = self.rules["sealers"].split(" ")
        if self.begun:
            self.sealed.setdefault(block, sealers[(block - 1) % len(sealers)])
        if self.rules["tokens"] != "off" and block > self.passed:
            self.moved[self.sealed[block]] += self.coming(block)
            self.minted += self.coming(block)
            self.passed = block

    def fee(self, kind: str, block: int) -> int:
        times = Fraction(self.rules.get(f"fee-{kind}", "0"))
        if self.rules["tokens"] == "off" or not times:
            return 0
        there = self.minted + self.coming(block) - self.burned
        fee = ceil(Fraction(self.rules["fee-rate"]) * there * times)
        fee, cap = max(fee, tokens(self.rules["fee-minimum"])), self.rules["fee-cap"]
        return fee if cap == "none" else min(fee, tokens(cap))

    def instruction(self, ref: str, signer: str, one: Directive, block: int) -> None:
        label = one.keys.get("account", "main")
        account = signer if label == "main" else f"{signer}:{label}"
        fee = self.fee(KINDS.get(one.verb, one.verb), block)
        said = self.said[ref] = Said(signer, account, one, block, self.rules, fee)
        if one.verb in ("buy", "sell", "combo"):
            said.quantity = said.largest = one.args[0]
            limit = one.args[-1]  # None or a word: at the market
            worth = one.args[0] * limit if isinstance(limit, Decimal) else Decimal(0)
            most, full = (
                int(self.rules["good-faith"]) * fee,
                Decimal(self.rules["good-faith-worth"]),
            )
            part = Fraction(min(abs(worth), full)) / Fraction(full) if full else 1
            said.deposit = most + floor(most * part)

    def reported(self, report: str, one: Directive) -> None:
        verb, args = one.verb, one.args
        if verb == "fill":
            self.fill(*args)
            return
        said = self.said.get(str(args[verb == "move" and 2]).partition("/")[2])
        if said and verb == "accept":
            said.accepted = said.directive.verb != "cancel"
            if said.directive.verb == "transfer" and said.directive.args[1] == "TT":
                amount, _, to = said.directive.args
                self.move(said.account, to, amount)
        elif said and verb == "leaves" and not args[-1].startswith("late"):
            said.quantity = said.filled + args[1]
            said.largest = max(said.largest, said.quantity)
            said.why = said.why or ("" if args[1] else args[-1])
        elif said and verb == "move" and report == "dividends" and args[1] == "TT":
            self.move(said.account, args[3], args[0])
        elif said and verb == "move" and report == "tokens" and args[3] == "outside":
            self.burned += self.dues(said)["outside"]

    def fill(self, quantity: Decimal, code: str, _: Decimal, *pair: str) -> None:
        buy, sell = (self.said[name.partition("/")[2]] for name in pair)
        for order in (buy, sell):
            order.filled += quantity
            if order.filled == order.quantity or order.directive.verb == "combo":
                order.why = order.why or "filled"
        if code == "TT":
            self.move(sell.account, buy.account, quantity)

    def move(self, giver: str, taker: str, amount: Decimal) -> None:
        self.moved[giver] -= int(amount * UNIT)
        self.moved[taker] += int(amount * UNIT)

    def owner(self, block: int) -> str:
        """Whose a block is; '' while no seal stands in it or after it."""
        return next((self.sealed[one] for one in sorted(self.sealed) if one >= block), "")

    def dues(self, said: Said) -> Counter[str]:
        """Who gets what of what an accepted instruction was charged, '' what nobody gets yet."""
        due = Counter({self.owner(said.block): said.fee})
        cause = self.said.get(said.why.partition(" ")[2])
        if cause is None or cause.directive.verb not in ("cancel", "replace"):
            due[said.signer if said.why else ""] += said.deposit
        else:
            back = floor(said.deposit * Fraction(said.filled) / Fraction(said.largest))
            fee = min(cause.fee, said.deposit)
            lost = max(0, said.deposit - back - fee)
            due[self.owner(cause.block)] += fee
            due[said.signer] += said.deposit - fee - lost
            alone = len(set(cause.rules["sealers"].split(" "))) == 1
            gone = alone or cause.rules["forfeits"] == "burn"
            due["outside" if gone else self.owner(cause.block + 1)] += lost
        return due

    def charged(self) -> dict[str, Counter[str]]:
        """Of each accepted instruction that costs something, who gets what."""
        found = {ref: +self.dues(one) for ref, one in self.said.items() if one.accepted}
        return {ref: due for ref, due in found.items() if due}

    def balances(self) -> dict[str, int]:
        """Everybody's TT, held or not; what was burned is outside's."""
        found = Counter(self.moved)
        for ref, due in self.charged().items():
            found[self.said[ref].signer] -= sum(due.values()) - due.pop("", 0)
            found.update(due)
        return {account: amount for account, amount in found.items() if amount}
