"""Random texts of the pit language, from the declarations of its verbs; written values by type.

What a value of a type looks like is written here once more, from LANGUAGE's table of types, so that
the patterns of `pit.archives.fields` are tried against something that is not themselves.
"""

import string

from hypothesis import strategies as st

from pit.archives.verbs import Verb, Words, vocabulary
from pit.archives.words import CORE
from pit.filters import record
from pit.filters.match import Match
from pit.filters.positions import Positions
from pit.filters.state import RUN
from pit.pits import dump

STATE = {**dump.STATE, **record.STATE, **vocabulary(RUN, Match.words, Positions.words)}
"""The words of checkpoints."""

VOCABULARIES: tuple[Words, ...] = (CORE, STATE)

LOWER, UPPER, DIGITS = string.ascii_lowercase, string.ascii_uppercase, string.digits
ASCII = "".join(map(chr, range(0x20, 0x7F)))
UNASSIGNED = "\u0378"
SEPARATORS = "\u2028\u2029"


def _string(alphabet: str, least: int, most: int) -> st.SearchStrategy[str]:
    return st.text(alphabet, min_size=least, max_size=most)


def _joined(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map("".join)


def _listed(items: st.SearchStrategy[str], most: int = 4) -> st.SearchStrategy[str]:
    return st.lists(items, min_size=1, max_size=most).map(" ".join)


handles = _joined(st.sampled_from(LOWER), _string(LOWER + DIGITS + "-", 0, 31))
assets = _joined(
    st.sampled_from(UPPER),
    _string(UPPER + DIGITS, 0, 11),
    st.just("") | _string(UPPER + DIGITS, 1, 8).map(lambda part: f".{part}"),
)
wholes = st.integers(0, 10**15 - 1).map(str)
counts = st.integers(1, 10**15 - 1).map(str)
numbers = _joined(wholes, st.just("") | _string(DIGITS, 1, 9).map(lambda part: f".{part}"))
references = _joined(counts, st.just("") | st.integers(2, 99999).map(lambda n: f".{n}"))
owned = _joined(handles, st.just("/"), references)
words = _joined(
    st.sampled_from([c for c in ASCII if c not in ' "\\']), _string(ASCII.replace(" ", ""), 0, 40)
).filter(lambda word: word != "@")  # which begins the optional part of `leaves`

letters = st.characters(exclude_categories=["Cc", "Cs"], exclude_characters=SEPARATORS)
"""What a quoted text may hold, as `parse` sees it."""

lines = st.text(st.one_of(st.sampled_from(ASCII), letters), max_size=60)
texts = lines.map(lambda line: '"' + line.replace("\\", "\\\\").replace('"', '\\"') + '"')

days = st.dates().map(lambda day: f"{day.year:04}-{day.month:02}-{day.day:02}")
clocks = st.times().map(lambda time: f"T{time:%H:%M:%S}")
fractions = st.just("") | _string(DIGITS, 1, 6).map(lambda part: f".{part}")
times = st.one_of(days, _joined(days, clocks, fractions, st.just("Z")))
mail_names = _string(LOWER + DIGITS + ".!#$%&'*+/=?^_`{|}~-", 1, 20)

tokens = st.integers(0, 10**15 - 1).map(lambda n: f"{n // 10**5}.{n % 10**5:05}")

VALUES: dict[str, st.SearchStrategy[str]] = {
    "handle": handles,
    "account": handles | _joined(handles, st.just(":"), handles),
    "asset": assets,
    "assets": st.lists(assets, min_size=2, max_size=4).map(" ".join),
    "number": numbers,
    "price": numbers,
    "limit": numbers | st.just("market"),
    "net": numbers | numbers.filter(lambda n: n.strip("0.")).map(lambda n: f"-{n}"),
    "outcome": numbers | st.just("void"),
    "switch": counts | st.just("off"),
    "tokens": tokens,
    "cap": tokens | st.just("none"),
    "listed": st.just("none") | assets,
    "majorities": st.lists(
        st.tuples(st.integers(1, 99), st.integers(99, 9999)).map(lambda n: f"{n[0]}/{n[1]}"),
        min_size=2,
        max_size=8,
    )
    .filter(lambda shares: len(shares) % 2 == 0)
    .map(" ".join),
    "fees": st.tuples(st.integers(0, 999), st.integers(0, 999)).map(
        lambda rates: f"maker 0.{rates[0] + 1:03} taker 0.{rates[1]:03}"
    ),
    "clock": st.times().map(lambda time: f"{time:%H:%M}"),
    "count": counts,
    "natural": wholes,
    "units": st.integers(-(10**30) + 1, 10**30 - 1).map(str),
    "time": times,
    "duration": _joined(st.integers(1, 10**10 - 1).map(str), st.sampled_from("smhd")),
    "reference": references,
    "owned": owned,
    "word": words,
    "name": handles,
    "names": _listed(handles),
    "addresses": _listed(_joined(mail_names, st.just("@"), _string(LOWER + DIGITS + ".-", 1, 20))),
    "text": texts,
    "rest": _listed(words | texts),
    "fingerprint": _string("0123456789ABCDEF", 40, 40),
    "hash": _string("0123456789abcdef", 64, 64),
    "id": _string("0123456789abcdef", 16, 16),
    "shard": _joined(st.integers(1, 9999).map(str), st.just("/"), st.integers(1, 9999).map(str)),
    "yes": st.sampled_from(["yes", "no"]),
}
"""Written values of each type; `block` is made in `_key`."""


def _written(kind: str) -> st.SearchStrategy[str]:
    return st.sampled_from(kind[1:].split("|")) if kind.startswith("=") else VALUES[kind]


def _key(name: str, kind: str) -> st.SearchStrategy[str]:
    if kind != "block":
        return _written(kind).map(lambda value: f"  {name}: {value}\n")
    block = st.lists(lines, min_size=1, max_size=4).filter(lambda found: any(found))
    return block.map(
        lambda found: f"  {name}:\n" + "".join(f"    {line}\n" if line else "\n" for line in found)
    )


@st.composite
def directives(draw: st.DrawFn, verb: Verb) -> str:
    """A directive of one verb, with keys in any order, not always written canonically."""
    line = verb.name
    group: bool | None = None
    for token in verb.form.split():
        if token.startswith("["):
            group = draw(st.booleans())
        bare = token.strip("[]")
        if group is not False:
            kind = bare.strip("{}").partition(":")[2]
            line += " " + (draw(_written(kind)) if bare.startswith("{") else bare)
        if token.endswith("]"):
            group = None
    chosen = [key for key in verb.keys if key in verb.needed or draw(st.booleans())]
    keys = [draw(_key(key, verb.key_types[key])) for key in draw(st.permutations(chosen))]
    return line + "\n" + "".join(keys)


def directives_of(vocabulary: Words) -> st.SearchStrategy[str]:
    """A directive of any verb of a vocabulary."""
    return st.sampled_from(sorted(vocabulary)).flatmap(lambda name: directives(vocabulary[name]))


heads = st.one_of(
    handles.map(lambda name: f"pit {name}\n"),
    st.tuples(handles, VALUES["id"]).map(lambda part: f"pit {part[0]}\n  id: {part[1]}\n"),
    st.tuples(handles, counts, VALUES["hash"]).map(
        lambda part: f"pit {part[0]}\n  after: {part[1]} {part[2]}\n"
    ),
)


@st.composite
def signed_texts(draw: st.DrawFn, most: int = 4) -> str:
    """A whole text of the core words, with its head."""
    return draw(heads) + "".join(draw(st.lists(directives_of(CORE), max_size=most)))


AWKWARD = "@ \"\\,.:;#/-+'!0159aAzZ\n\t\r\x00\x0b\x7f\x85\xa0\u0301\u2028\u00e9\u0378\ufeff"


@st.composite
def nearly(draw: st.DrawFn, good: st.SearchStrategy[str]) -> str:
    """A text with a few small faults, or none that matters."""
    text = draw(good)
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(0, len(text)))
        end = min(len(text), at + draw(st.integers(0, 3)))
        put = draw(st.text(AWKWARD, max_size=2))
        cut = text.split("\n")
        line = draw(st.integers(0, len(cut) - 1))
        change = draw(st.sampled_from(["put", "put", "twice", "drop", "line", "indent"]))
        if change == "put":
            text = text[:at] + put + text[end:]
        elif change == "twice":
            cut.insert(line, cut[line])
        elif change == "drop":
            del cut[line]
        elif change == "line":
            cut.insert(line, draw(st.sampled_from(["", "# talk", "--", "  ", "    x", "pit acme"])))
        else:
            cut[line] = draw(st.sampled_from(["", " ", "  ", "    "])) + cut[line].lstrip(" ")
        if change != "put":
            text = "\n".join(cut)
    return text
