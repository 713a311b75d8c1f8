"""Random sessions of a whole pit in memory: members, keepers, specialists, a notary and bad mail.

No signatures and no disk: what is tried here is the filter contract (FILTERS, laws). The notary of
this simulation does what the contract needs of one: it numbers and times entries, refuses a report
whose number is not the signer's next, and seals. Everything else is the real code.
"""

import hashlib
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pit.archives.mbox import Checkpoint, Draft, Entry
from pit.filters.match import Match
from pit.filters.positions import Positions
from pit.filters.runner import Filter, Run

START = datetime(2026, 11, 20, 9, 0, 0)
ROOTS = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(3000)]


class Archive:
    """A pit's archive in memory; times are as given, or one microsecond after the last."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.numbers: dict[tuple[str, str], int] = {}
        self.id = ""
        self.sealed = 0
        self._now = START

    def append(self, signer: str, text: str, at: datetime | None = None) -> int:
        """Stamp a text: its number."""
        self._now = max(self._now + timedelta(microseconds=1), at or START)
        number = len(self.entries) + 1
        time = self._now.isoformat(timespec="microseconds") + "Z"
        if number == 1:
            self.id = hashlib.sha256(text.encode()).hexdigest()
        self.entries.append(Entry("acme", number, time, signer, "", text, b""))
        return number

    def say(self, signer: str, *lines: str, at: datetime | None = None) -> int:
        """A member's instruction."""
        return self.append(signer, self.head() + "".join(f"{line}\n" for line in lines), at)

    def head(self) -> str:
        """The first lines of a text for this pit."""
        return f"pit acme\n  id: {self.id[:16]}\n" if self.id else "pit acme\n"

    def post(self, draft: Draft) -> bool:
        """Take a report in if its number is the signer's next; else it is as if never sent."""
        key = (draft.filter, draft.signer)
        if draft.number != self.numbers.get(key, 0) + 1:
            return False
        self.numbers[key] = draft.number
        self.append(draft.signer, draft.text)
        return True

    def seal(self) -> None:
        """Close the batch."""
        number = len(self.entries)
        if number == self.sealed + 1 and self.sealed:
            return
        time = (self._now + timedelta(microseconds=1)).isoformat(timespec="microseconds") + "Z"
        text = f"{self.head()}seal {number}\n  root: {ROOTS[number]}\n  time: {time}\n"
        self.append("notary", text)
        self.sealed = number + 1 - 1
        self.sealed = len(self.entries) - 1


CHARTER = (
    'charter "Acme"\n  operator-key:\n    key\n  notary-key:\n    key\n'
    'asset EUR "Euro"\n  decimals: 2\n'
)
FPR = "{:040X}"


def found(
    members: list[str],
    shards: int,
    cash: str = "100000",
    units: str = "10000",
    fee: str = "maker 0 taker 0",
    margin: str = "0.5",
    accounts: bool = False,
) -> Archive:
    """A pit with members, `shards` keepers, two specialists, three tickers, cash and units.

    CHAR may be sold short, and there is little of it. accounts: each member has a further one, too.
    """
    archive = Archive()
    archive.append("operator", "pit acme\n" + CHARTER)
    staff = {"issuer": "issuer", "cashier": "cashier", "sam": "specialist", "sue": "specialist"}
    staff |= {f"keeper{k}": "keeper" for k in range(1, 4)}
    everybody = {**staff, **dict.fromkeys(members, "trader")}
    for number, (handle, role) in enumerate(everybody.items()):
        archive.say(
            "operator",
            f"admit {handle} {FPR.format(number)}",
            f"  mail: {handle}@example.org",
            f"  roles: {role}",
            "  key:",
            "    key",
        )
    archive.say("operator", "rule day-end 09:32")
    archive.say("operator", f"rule fee {fee}", f"rule margin {margin}", "rule bust-window 30d")
    for k in range(1, shards + 1):
        archive.say("operator", f"keeper {k}/{shards} keeper{k}")
    for ticker, specialist in (("ACME", "sam"), ("BETA", "sue"), ("CHAR", "sam")):
        short = ticker == "CHAR"
        archive.say(
            "issuer",
            f'ticker {ticker} "{ticker} Inc."',
            "  currency: EUR",
            "  tick: 0.05",
            "  lot: 1",
            f"  specialist: {specialist}",
            *(["  short: allowed"] if short else []),
        )
        archive.say("issuer", f"issue 1000000 {ticker}")
        for member in members:
            given = 20 if short else units
            archive.say("issuer", f"transfer {given} {ticker} to {member}")
            if accounts:
                archive.say("issuer", f"transfer {given} {ticker} to {member}:savings")
    for member in members:
        archive.say("cashier", f"deposit {member} {cash} EUR")
        if accounts:
            archive.say("cashier", f"deposit {member}:savings {cash} EUR")
    archive.seal()
    return archive


@dataclass
class Process:
    """A specialist's or keeper's machine: one filter, run when somebody runs it."""

    make: type[Filter] | object
    run: Run
    outbox: dict[str, Draft] = field(default_factory=dict)
    read: int = 0

    def catch_up(self, archive: Archive) -> None:
        """Read what is sealed and not yet read."""
        for entry in archive.entries[self.read : archive.sealed + 1]:
            self.run.feed(entry)
        self.read = max(self.read, archive.sealed + 1)

    def restart(self) -> None:
        """Start a new process from the checkpoint of the old one."""
        if self.run.started:
            checkpoint = self.run.checkpoint()
            self.run = Run(self.make())  # type: ignore[operator]
            self.run.feed(checkpoint)
            assert self.run.checkpoint() == checkpoint

    def mails(self, archive: Archive) -> list[Draft]:
        """The reports to send now: at most one in flight a signer, a sent one as it was sent."""
        self.catch_up(archive)
        mails: dict[str, Draft] = {}
        for draft in self.run.drafts():
            if draft.signer not in mails:
                sent = self.outbox.get(draft.signer)
                mails[draft.signer] = sent if sent and sent.number == draft.number else draft
        self.outbox = mails
        return list(mails.values())


def processes(shards: int, split: bool = False) -> list[Process]:
    """One keeper's process a shard, one matching process; split: one a ticker."""
    made = []
    for k in range(1, shards + 1):
        part = (k, shards)
        made.append(lambda part=part: Positions(part))
    if split:
        made += [lambda code=code: Match(frozenset({code})) for code in ("BETA", "CHAR", "ACME")]
    else:
        made.append(Match)
    return [Process(make, Run(make())) for make in made]


def settle(archive: Archive, running: list[Process]) -> None:
    """Publish with mail that arrives, until nothing is owed."""
    for _ in range(400):
        posted = False
        for process in running:
            for draft in process.mails(archive):
                posted |= archive.post(draft)
            archive.seal()
        if not posted:
            return
    raise AssertionError("reports never end")


def instructions(
    rng: random.Random, members: list[str], count: int, scarce: bool = True
) -> list[tuple[str, str, int]]:
    """(member, text, index of the instruction that `{ref}` in it names).

    scarce: what is refused may depend on when reports stand. Below 0 it names none; -99 to -97 is
    which shard changes its keeper.
    """
    made: list[tuple[str, str, int]] = []
    for index in range(count):
        member = rng.choice(members)
        kind = rng.random()
        ticker = rng.choice(["ACME", "ACME", "BETA", "CHAR", "CHAR", "CHAR"])
        price = f"{rng.randint(195, 205) * 5 / 100:.2f}"
        if kind < 0.68 or not made:
            side = rng.choice(["buy", "sell"])
            text = order(rng, side, ticker, price, index)
            if not scarce and ticker == "CHAR":
                text = text.replace("@ market", f"@ {price}").replace("cap:", "ref:")
            made.append((member, text, -1))
        elif kind < 0.86:
            target = rng.randrange(len(made))
            owner = made[target][0] if rng.random() < 0.9 else member
            asked = f"replace {{ref}} {rng.randint(1, 40)} @ {price}"
            made.append((owner, rng.choice(["cancel {ref}", asked]), target))
        elif kind < 0.91:
            end = f"{(at(index) + timedelta(minutes=rng.randint(1, 6))).isoformat()}Z"
            kinds = [f"halt {ticker}", f"resume {ticker}", f"auction {ticker} until {end}"]
            kinds += [kinds[1], f"rule match {rng.randint(1, 2)}"]
            if scarce and rng.random() < 0.7:
                made.append(("operator", 'bust {fill} "a mistake"', rng.randrange(1000)))
                continue
            kinds.append(f"rule margin {rng.choice(['0', '0.25', '0.5', '1', '3'])}")
            kinds.append(f"rule bust-window {rng.choice(['5m', '20m', '30d', '30d'])}")
            made.append(("operator", rng.choice(kinds), -1))
        elif kind < 0.93:
            made.append((member, transfer(rng, member, rng.choice(members), scarce), -1))
        elif kind < 0.96:
            text = f"withdraw {rng.randint(1, 50)} EUR"
            made.append((member, text + rng.choice(["", "", SAVINGS]), -1))
        elif kind < 0.985:
            made.append(("operator", f"specialist {ticker} {rng.choice(['sam', 'sue'])}", -1))
        else:
            keeper = f"keeper{rng.randint(1, 3)}"
            made.append(("operator", f"keeper {{shard}} {keeper}", rng.randint(1, 3) - 100))
    return made


SAVINGS = "\n  account: savings"


def transfer(rng: random.Random, member: str, other: str, scarce: bool) -> str:
    """A transfer of money or units to another member, or between one's own accounts."""
    what = f"{rng.randint(1, 900)}.50 EUR"
    if rng.random() < 0.4:
        what = f"{rng.randint(1, 30)} {rng.choice(['ACME', 'CHAR'] if scarce else ['ACME'])}"
    kind = rng.random()
    if kind < 0.4:
        return f"transfer {what} to {member}:savings"
    if kind < 0.6:
        return f"transfer {what} to {member}{SAVINGS}"
    return f"transfer {what} to {other}"


def order(rng: random.Random, side: str, ticker: str, price: str, index: int) -> str:
    """An order, mostly a plain one."""
    quantity = rng.randint(1, 30)
    said: list[str] = []
    if rng.random() < 0.2:
        said.append("account: savings")
    kind = rng.random()
    if kind < 0.1:
        price = "market"
        if side == "buy":
            said.append(f"cap: {rng.randint(5, 400)}")
    elif kind < 0.2:
        said.append(f"tif: {rng.choice(['ioc', 'fok', 'day'])}")
    elif kind < 0.25:
        said.append("post-only: yes")
    elif kind < 0.3:
        said.append(f"min: {rng.randint(1, quantity)}")
    elif kind < 0.36:
        said.append(f"show: {rng.randint(1, quantity)}")
    if rng.random() < 0.15:
        said.append(f"stop: {rng.randint(195, 205) * 5 / 100:.2f}")
    if rng.random() < 0.3:
        said.append(f"stp: {rng.choice(['newest', 'oldest', 'both', 'decrement'])}")
    if rng.random() < 0.15:
        limit = START + timedelta(minutes=10 + index + rng.randint(1, 8))
        said.append(f"until: {limit.isoformat()}Z")
    return "\n".join([f"{side} {quantity} {ticker} @ {price}", *(f"  {line}" for line in said)])


def fill_in(
    text: str, target: int, refs: list[int], shards: int, archive: Archive | None = None
) -> str:
    """An instruction's text with the entry, the shard, or the fill, that it names."""
    if "{fill}" in text:
        fills = (fills_of(archive) if archive else [])[-6:] or ["1"]
        return text.format(fill=fills[target % len(fills)])
    shard = f"{(target + 100) % shards + 1}/{shards}"
    return text.format(ref=refs[target] if target >= 0 else 0, shard=shard)


def fills_of(archive: Archive) -> list[str]:
    """The references of all fills, those that do not count included."""
    found = []
    for entry in archive.entries:
        if "\nreport match " in entry.text:
            lines = [line for line in entry.text.split("\n") if line and line[0] != " "]
            said = enumerate(lines[1:], 1)
            found += [f"{entry.number}.{n}" for n, line in said if line.startswith("fill ")]
    return found


def at(index: int) -> datetime:
    """When instruction `index` is sent."""
    return START + timedelta(minutes=10 + index)


@dataclass
class Session:
    """A session that is over: its archive, its processes, the entry of each instruction."""

    archive: Archive
    running: list[Process]
    refs: list[int]
    shards: int


def play(
    seed: int,
    *,
    shards: int,
    chaos: bool,
    cash: str = "100000",
    units: str = "10000",
    count: int = 40,
    accounts: bool = False,
) -> Session:
    """Play the instructions of a seed: with instant mail, or with every kind of bad mail.

    accounts: members have further ones, and use them.
    """
    rng = random.Random(seed)
    members = ["alice", "bob", "carol", "dave"][: rng.randint(2, 4)]
    script = instructions(rng, members, count, scarce=int(units) < 1000)
    if not accounts:
        script = [
            (who, text.replace(SAVINGS, "").replace(":savings", ""), n) for who, text, n in script
        ]
    fee = rng.choice(["maker 0 taker 0", "maker 0.001 taker 0.003", "maker 0 taker 0.01"])
    archive = found(members, shards, cash, units, fee, accounts=accounts)
    running = processes(shards, split=chaos and seed % 4 == 3)
    settle(archive, running)
    flying: list[Draft] = []
    refs: list[int] = []
    for index, (member, text, target) in enumerate(script):
        refs.append(archive.say(member, fill_in(text, target, refs, shards, archive), at=at(index)))
        archive.seal()
        if not chaos:
            settle(archive, running)
            continue
        bad_mail(rng, archive, running, flying)
        if rng.random() < 0.1:
            check_accounts(archive, running)
    rng.shuffle(flying)
    for draft in flying:
        archive.post(draft)
    archive.seal()
    settle(archive, running)
    return Session(archive, running, refs, shards)


def bad_mail(
    rng: random.Random, archive: Archive, running: list[Process], flying: list[Draft]
) -> None:
    """Some processes run, some restart; their reports are lost, doubled, late, out of order."""
    for process in rng.sample(running, rng.randint(0, len(running))):
        if rng.random() < 0.15:
            process.restart()
        if rng.random() < 0.05:
            process.outbox.clear()
        for draft in process.mails(archive):
            flying += [draft] * rng.choice([0, 1, 1, 2])
    rng.shuffle(flying)
    for _ in range(rng.randint(0, len(flying))):
        archive.post(flying.pop())
    archive.seal()


def replay(archive: Archive, make: object, cut: int | None = None) -> Run:
    """A run over the archive from its first entry to `cut` (its last seal by default)."""
    run = Run(make())  # type: ignore[operator]
    for entry in archive.entries[: archive.sealed + 1 if cut is None else cut]:
        run.feed(entry)
    return run


def state(run: Run) -> tuple[Checkpoint, list[Draft]]:
    """All that a run has to say."""
    return run.checkpoint(), run.drafts()


def check_accounts(archive: Archive, running: list[Process]) -> None:
    """Every asset adds up over the shards; nothing is below zero or promised twice."""
    keepers = [process for process in running if isinstance(process.run.filter, Positions)]
    for process in keepers:
        process.catch_up(archive)
    sums: dict[str, int] = {}
    for process in keepers:
        accounts = process.run.filter.accounts  # type: ignore[attr-defined]
        for (owner, asset), amount in accounts.balances.items():
            if owner != "outside":
                sums[asset] = sums.get(asset, 0) + amount
                assert amount >= 0 or asset == "CHAR", (owner, asset, amount)
                assert amount < 0 or accounts.available(owner, asset) >= 0, (owner, asset)
        for hold in accounts.holds.values():
            assert hold.asset != "CHAR" or accounts.balance(hold.owner, hold.asset) > 0
            assert accounts.balance(hold.owner, hold.asset) >= hold.amount > 0
    totals = keepers[0].run.record.totals
    assert sums == {asset: total for asset, total in totals.items() if total}
