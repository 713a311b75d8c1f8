"""The field types of the pit language: what each looks like, means, prints as, and what is right.

One table, `FIELDS`, from which the parser, the printer, the error texts and the reference page are
made (LANGUAGE, Lines). Values are plain Python: numbers `Decimal` as written, times a string of
fixed length that compares as time does, references and handles strings.
"""

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from pit.archives.amounts import decimal, plain, units

HANDLE = r"[a-z][a-z0-9-]{0,31}"
ASSET = r"[A-Z][A-Z0-9]{0,11}(?:\.[A-Z0-9]{1,8})?"
NUMBER = r"(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,9})?"
REFERENCE = r"[1-9][0-9]{0,14}(?:\.(?:[2-9]|[1-9][0-9]{1,4}))?"
TEXT = r'"(?:[^"\\\x00-\x1f\x7f]|\\["\\])*"'
WORD = r"[!#-\[\]-~][!-~]{0,199}"
MAIN = "main"
"""A member's own account among his further ones: `alice:main` is `alice`."""
CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
TIME = rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(?:T{CLOCK}(?:\.[0-9]{{1,6}})?Z)?"
ADDRESS = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}"


class Field(NamedTuple):
    """A type of the language.

    `pattern` matches exactly its written forms (one or more words for `amount`-like lists);
    `read` makes the value, or raises ValueError for a form that means nothing (30 February);
    `show` prints it canonically; `what` and `right` fill the sentence of an error: "'12,50' is not
    a price; write 12.50".
    """

    pattern: str
    what: str
    right: str
    read: Callable[[str], Any] | None = None
    show: Callable[[Any], str] | None = None


class _Numbers(dict[str, Decimal]):
    """Decimals by their text: prices repeat, and a look-up is a third of a conversion."""

    def __missing__(self, text: str) -> Decimal:
        if len(self) > 100_000:
            self.clear()
        value = self[text] = Decimal(text)
        return value


class _Limits(dict[str, Decimal | None]):
    """Prices by their text; None for `market`."""

    def __missing__(self, text: str) -> Decimal | None:
        if text == "market":
            return None
        if len(self) > 100_000:
            self.clear()
        value = self[text] = Decimal(text)
        return value


def _read_outcome(text: str) -> Decimal | None:
    return None if text == "void" else NUMBERS[text]


def _show_outcome(value: Decimal | None) -> str:
    return "void" if value is None else plain(value)


def _read_net(text: str) -> Decimal:
    value = NUMBERS[text]
    if not value and text.startswith("-"):
        raise ValueError("nothing has no sign")
    return value


NUMBERS = _Numbers()
_LIMITS = _Limits()


def show_limit(limit: Decimal | None) -> str:
    """A price, or `market`."""
    return "market" if limit is None else plain(limit)


def read_time(text: str) -> str:
    """'2026-12-01' or '2026-12-01T17:00:00.5Z' as 27 characters that compare as times do.

    ValueError where there is no such day or hour.
    """
    if len(text) == 10:
        text += "T00:00:00Z"
    moment = datetime.fromisoformat(text[:-1])
    return moment.isoformat(timespec="microseconds") + "Z"


def show_time(time: str) -> str:
    """A time without the zeros at the end of its fraction."""
    if time[-2] != "0" or "." not in time:
        return time
    return time[:-1].rstrip("0").rstrip(".") + "Z"


_SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}


def read_duration(text: str) -> int:
    """'2h' in seconds."""
    return int(text[:-1]) * _SECONDS[text[-1]]


def show_duration(seconds: int) -> str:
    """Seconds in the largest unit that divides them: 7200 is '2h'."""
    unit = next(u for u, size in _SECONDS.items() if seconds % size == 0)
    return f"{seconds // _SECONDS[unit]}{unit}"


def read_text(quoted: str) -> str:
    """A quoted text without its quotes and escapes."""
    return re.sub(r"\\(.)", r"\1", quoted[1:-1])


def show_text(text: str) -> str:
    """A text in quotes, `"` and `\\` escaped."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _read_words(line: str) -> tuple[str, ...]:
    return tuple(line.split(" "))


def _show_words(words: tuple[str, ...]) -> str:
    return " ".join(words)


def choice(*words: str) -> Field:
    """One of a few words."""
    return Field("|".join(words), "one of the words allowed here", "write " + " or ".join(words))


_RATE = r"0(?:\.[0-9]{1,9})?|1"


def _read_fees(text: str) -> tuple[Decimal, Decimal]:
    _, maker, _, taker = text.split(" ")
    return NUMBERS[maker], NUMBERS[taker]


def _show_fees(rates: tuple[Decimal, Decimal]) -> str:
    return f"maker {plain(rates[0])} taker {plain(rates[1])}"


_TOKENS = r"(?:0|[1-9][0-9]{0,9})(?:\.[0-9]{1,5})?"


def _read_tokens(text: str) -> int:
    """An amount of TT in 10**-5."""
    return units(NUMBERS[text], 5)


_SHARE = "[1-9][0-9]{0,3}/[1-9][0-9]{0,3}"


Share = tuple[int, int]


def _read_majorities(text: str) -> tuple[tuple[Share, Share], ...]:
    shares = []
    for share in text.split(" "):
        part, whole = map(int, share.split("/"))
        if part > whole:
            raise ValueError(f"'{share}' is more than all; write a share like 2/3")
        shares.append((part, whole))
    return tuple(zip(shares[::2], shares[1::2], strict=True))


def _show_majorities(pairs: tuple[tuple[Share, Share], ...]) -> str:
    return " ".join(f"{part}/{whole}" for pair in pairs for part, whole in pair)


def _list(pattern: str, what: str, right: str, least: int = 1) -> Field:
    """Of at most 64."""
    more = f"(?: (?:{pattern})){{{least - 1},63}}"
    return Field(f"(?:{pattern}){more}", what, right, _read_words, _show_words)


FIELDS: dict[str, Field] = {
    "handle": Field(
        HANDLE, "a handle", "write a name like alice: a-z, 0-9, -, up to 32 characters"
    ),
    "account": Field(
        f"{HANDLE}(?::{HANDLE})?",
        "an account",
        "write a handle, alice, or an account, alice:savings",
        lambda text: text.removesuffix(f":{MAIN}"),
    ),
    "asset": Field(ASSET, "an asset or ticker", "write capitals and digits, like ACME or RAIN.2"),
    "assets": _list(ASSET, "a list of tickers", "write two or more, like OLD NEW", 2),
    "number": Field(
        NUMBER,
        "a number",
        "write plain digits like 100 or 12.50, up to 15 before the point and 9 after",
        NUMBERS.__getitem__,
        plain,
    ),
    "price": Field(NUMBER, "a price", "write 12.50", NUMBERS.__getitem__, plain),
    "limit": Field(
        f"market|{NUMBER}",
        "a price",
        "write 12.50",
        _LIMITS.__getitem__,
        show_limit,
    ),
    "net": Field(
        f"-?(?:{NUMBER})",
        "a net price",
        "write 3.50, or -3.50 where 3.50 is to be received",
        _read_net,
        plain,
    ),
    "outcome": Field(
        f"void|{NUMBER}",
        "an outcome",
        "write a number, 47, or void",
        _read_outcome,
        _show_outcome,
    ),
    "fees": Field(
        f"maker (?:{_RATE}) taker (?:{_RATE})",
        "two rates",
        "write maker 0.001 taker 0.002: shares of a trade's value, up to 1",
        _read_fees,
        _show_fees,
    ),
    "switch": Field(
        "off|0|[1-9][0-9]{0,14}",
        "a version",
        "write 1, or off",
        lambda text: 0 if text == "off" else int(text),
        lambda version: str(version) if version else "off",
    ),
    "tokens": Field(
        _TOKENS,
        "an amount of TT",
        "write a number with at most 5 decimals, 0.50",
        _read_tokens,
        lambda amount: plain(decimal(amount, 5)),
    ),
    "cap": Field(
        f"none|{_TOKENS}",
        "an amount of TT",
        "write a number with at most 5 decimals, 0.50, or none",
        lambda text: None if text == "none" else _read_tokens(text),
        lambda amount: "none" if amount is None else plain(decimal(amount, 5)),
    ),
    "listed": Field(f"none|{ASSET}", "a ticker", "write one like ACME, or none"),
    "majorities": Field(
        rf"{_SHARE} {_SHARE}(?: {_SHARE} {_SHARE}){{0,3}}",
        "pairs of shares",
        "write of each pair what share must vote, and what share of that in favour: 1/2 2/3",
        _read_majorities,
        _show_majorities,
    ),
    "clock": Field("(?:[01][0-9]|2[0-3]):[0-5][0-9]", "a time of day", "write 17:30 (UTC)"),
    "count": Field("[1-9][0-9]{0,14}", "a whole number from 1 up", "write 18", int, str),
    "natural": Field("0|[1-9][0-9]{0,14}", "a whole number", "write 2", int, str),
    "units": Field(
        "-?(?:0|[1-9][0-9]{0,29})", "an amount in smallest units", "write 1250", int, str
    ),
    "time": Field(
        TIME, "a time", "write 2026-12-01T17:00:00Z (UTC) or 2026-12-01", read_time, show_time
    ),
    "duration": Field(
        "[1-9][0-9]{0,9}[smhd]",
        "a duration",
        "write 10s, 5m, 2h or 30d",
        read_duration,
        show_duration,
    ),
    "reference": Field(
        REFERENCE,
        "a reference",
        "write an entry's number, 1042, or 1042.2 for its second directive",
    ),
    "owned": Field(
        f"{HANDLE}/{REFERENCE}", "a member's reference", "write HANDLE/REF, like alice/1042"
    ),
    "word": Field(
        WORD,
        "a word",
        "write ASCII without blanks, and no quote at its start",
    ),
    "name": Field(HANDLE, "a name", "write small letters, digits and -, like match"),
    "names": _list(HANDLE, "a list of names", "write names with one blank between: trader cashier"),
    "addresses": _list(ADDRESS, "a list of mail addresses", "write alice@example.org"),
    "text": Field(
        TEXT, "a quoted text", 'write it in quotes, with \\" and \\\\ inside', read_text, show_text
    ),
    "rest": Field(
        f"(?:{TEXT}|{WORD})(?: (?:{TEXT}|{WORD})){{0,63}}",
        "a list of words",
        "write words with one blank between, texts in quotes",
    ),
    "fingerprint": Field(
        "[0-9A-F]{40}", "a key's fingerprint", "write its 40 hex digits, capitals, no blanks"
    ),
    "hash": Field("[0-9a-f]{64}", "a hash", "write 64 hex digits, small letters"),
    "id": Field("[0-9a-f]{16}", "a pit's id", "write its first 16 hex digits, small letters"),
    "shard": Field("[1-9][0-9]{0,3}/[1-9][0-9]{0,3}", "a shard", "write K/N, like 1/2"),
    "yes": choice("yes", "no"),
    "block": Field(
        "", "a text of several lines", "leave the value empty, indent the text below by 4"
    ),
}
"""Every type by its name. `block` is the one that is written below its key, not beside it."""
