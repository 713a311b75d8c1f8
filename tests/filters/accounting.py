"""Three accounting programs that this project did not write, as readers of a pit's journal."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from decimal import Context, Decimal
from pathlib import Path
from typing import Any, NamedTuple

from beancount import loader
from beancount.core.data import Price
from beancount.core.data import Transaction as Booked

from pit.filters import journal_beancount, journal_ledger
from pit.filters.transactions import Item

Totals = dict[tuple[str, str], str]
"""What accounts hold, by member ('' is the outside) and asset; nothing where it is nothing."""

FORMS: dict[str, Callable[[Item], str]] = {
    "hledger": journal_ledger.show,
    "ledger": journal_ledger.show,
    "beancount": journal_beancount.show,
}
PROGRAMS = list(FORMS)


def command(program: str, file: Path) -> list[str]:
    """The program's strictest check of a file."""
    bean_check = str(Path(sys.executable).with_name("bean-check"))
    return {
        "hledger": ["hledger", "-f", str(file), "check", "-s", "ordereddates"],
        "ledger": ["ledger", *PLAIN, "--pedantic", "--explicit", "-f", str(file), "balance"],
        "beancount": [bean_check, "--no-cache", str(file)],
    }[program]


PLAIN = ["--init-file", "/dev/null", "--no-color"]


def run(words: list[str]) -> subprocess.CompletedProcess[str]:
    """A program that finds no settings of anybody's, and reads no text but ASCII."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("LEDGER", "LC_", "LANG"))}
    env |= {"LC_ALL": "C", "HOME": "/nonexistent"}
    return subprocess.run(words, capture_output=True, text=True, env=env, check=False)


def accepted(program: str, text: str, folder: Path) -> Path:
    """The text as a file, which the program accepts without a word."""
    assert text.isascii()
    file = folder / f"books.{program}"
    file.write_text(text)
    done = run(command(program, file))
    assert (done.returncode, done.stderr) == (0, ""), program
    return file


def refused(program: str, text: str, folder: Path) -> str:
    """What the program says of a text that it does not accept."""
    file = folder / f"wrong.{program}"
    file.write_text(text)
    done = run(command(program, file))
    assert done.returncode != 0, program
    return done.stdout + done.stderr


def written(items: Iterable[Item], program: str) -> str:
    return "".join(map(FORMS[program], items))


# --- what each program makes of it ------------------------------------------------------------


def totals_of(program: str, file: Path) -> Totals:
    """What accounts hold at the end, as the program adds up."""
    return {key: number for key, number in TOTALS[program](file) if number.strip("-0.")}


def _hledger_totals(file: Path) -> Iterator[tuple[tuple[str, str], str]]:
    done = run(["hledger", "-f", str(file), "bal", "--flat", "-N", "--layout=bare", "-O", "csv"])
    for account, commodity, number in [*csv.reader(done.stdout.splitlines())][1:]:
        yield (member(account), commodity), number


def _ledger_totals(file: Path) -> Iterator[tuple[tuple[str, str], str]]:
    form = "%(account)\\t%(display_amount)\\n"  # the total has what stands below it, too
    done = run(["ledger", *PLAIN, "-f", str(file), "--flat", "--no-total", "bal", "--format", form])
    account = ""
    for line in done.stdout.splitlines():
        account, _, total = line.rpartition("\t") if "\t" in line else (account, "", line)
        number, _, commodity = total.strip().partition(" ")
        yield (member(account), commodity.strip('"')), number


def _beancount_totals(file: Path) -> Iterator[tuple[tuple[str, str], str]]:
    sums: dict[tuple[str, str], Any] = {}
    for entry in loader.load_file(str(file))[0]:
        for posting in entry.postings if isinstance(entry, Booked) else ():
            key = (_beancount_member(posting.account), _code(posting.units.currency))
            sums[key] = sums.get(key, 0) + posting.units.number
    return ((key, format(number, "f")) for key, number in sums.items())


def member(account: str) -> str:
    """Whose an account is; '' for the outside."""
    return "" if account == "Outside" else account.removeprefix("Members:")


def _beancount_member(account: str) -> str:
    return member(account.partition(":")[2]).lower()


def _code(currency: str) -> str:
    return currency.removeprefix("PIT-")


TOTALS = {"hledger": _hledger_totals, "ledger": _ledger_totals, "beancount": _beancount_totals}


class Told(NamedTuple):
    """A transaction as a program tells it; legs: account, amount, asset."""

    day: str
    what: str
    note: str
    legs: tuple[tuple[str, Decimal, str], ...]


def told_of(program: str, file: Path) -> list[Told]:
    """The transactions that the program finds, those that only state balances left out."""
    return list(TOLD[program](file))


def _hledger_told(file: Path) -> Iterator[Told]:
    printed = run(["hledger", "-f", str(file), "print", "-O", "json"]).stdout
    for one in json.loads(printed, parse_float=Decimal):  # 1.5e19 is how it writes large integers
        tags = dict(one["ttags"])
        assert one["tdate2"] is None and set(tags) <= set(journal_ledger.TAGS)
        legs = []
        for posting in one["tpostings"]:
            assert posting["pdate"] is None
            ((amount),) = posting["pamount"]
            mantissa, places = (amount["aquantity"][f"decimal{n}"] for n in ("Mantissa", "Places"))
            number = Decimal(mantissa).scaleb(-places, Context(prec=99))
            legs.append((member(posting["paccount"]), number, amount["acommodity"]))
        if one["tcode"]:
            yield Told(one["tdate"], one["tdescription"], tags.get("ref", ""), tuple(legs))


def _ledger_told(file: Path) -> Iterator[Told]:
    fields = ("xact.id", "code", "payee", 'tag("ref")', "date", "account", "amount")
    form = "\\t".join(f"%({field})" for field in fields) + "\\n"
    words = ["ledger", *PLAIN, "-f", str(file), "--date-format", "%Y-%m-%d", "--aux-date"]
    found: dict[str, Told] = {}
    for line in run([*words, "register", "--format", form]).stdout.splitlines():
        key, code, payee, note, day, account, amount = line.split("\t")
        legs = found[key].legs if key in found else ()
        if code:
            number, _, asset = amount.replace('"', "").partition(" ")
            leg = (member(account), Decimal(number), asset)
            found[key] = Told(day, payee, note, (*legs, leg))
    return iter(found.values())


def _beancount_told(file: Path) -> Iterator[Told]:
    for entry in loader.load_file(str(file))[0]:
        if isinstance(entry, Booked):
            legs = tuple(
                (_beancount_member(p.account), p.units.number, _code(p.units.currency))
                for p in entry.postings
            )
            note = entry.meta.get("ref", "")
            yield Told(str(entry.date), str(entry.narration), note, legs)


TOLD = {"hledger": _hledger_told, "ledger": _ledger_told, "beancount": _beancount_told}


def prices_of(program: str, file: Path) -> list[tuple[str, str]]:
    """The prices that the program knows: of what, how much."""
    if program == "beancount":
        entries = loader.load_file(str(file))[0]
        found = [(e.currency, e.amount) for e in entries if isinstance(e, Price)]
        return [(_code(ticker), f"{at.number:f} {_code(at.currency)}") for ticker, at in found]
    words = {"hledger": ["hledger"], "ledger": ["ledger", *PLAIN, "--now", "2099-01-01"]}[program]
    lines = run([*words, "-f", str(file), "prices"]).stdout.replace('"', "").splitlines()
    split = [line.removeprefix("P ").split() for line in lines]
    return [(ticker, f"{number} {currency}") for _, ticker, number, currency in split]
