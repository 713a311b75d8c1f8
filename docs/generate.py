"""Fill in what the pages here take from the code: `make docs`, or `python docs/generate.py`.

Such a part of a page stands between `<!-- made by make docs: NAME -->` and `<!-- end -->`. A test
fails when a page is not what this makes of it.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from pit.archives import errors, reference
from pit.archives.verbs import Verb
from pit.filters import record, state
from pit.filters.dividends import WORDS as DIVIDENDS
from pit.filters.dividends import Dividends
from pit.filters.govern import WORDS as GOVERN
from pit.filters.govern import Govern
from pit.filters.listing import WORDS as LISTING
from pit.filters.listing import Listing
from pit.filters.match import Match
from pit.filters.positions import Positions
from pit.filters.settle import Settle
from pit.filters.tokens import WORDS as TOKENS
from pit.filters.tokens import Tokens
from pit.moderator.deliver import NoUser
from pit.moderator.rules import RULES
from pit.pits import dump, rules
from pit.pits.command import verbs

FOLDER = Path(__file__).parent
_PART = re.compile(r"(<!-- made by make docs: (\S+) -->\n).*?(<!-- end -->\n)", re.DOTALL)


def notary() -> str:
    """The notary's rules in the order in which they are asked."""
    rows = ["| rule | what follows | the sender is told | looks for |", "|---|---|---|---|"]
    rows += [
        f"| `{rule.name}` | {rule.follows} | {rule.sentence} "
        f"| {(rule.check.__doc__ or '').partition('.')[0]} |"
        for rule in RULES
    ]
    return "\n".join([*rows, ""])


def exits() -> str:
    """The exit statuses of the error family."""
    names = {getattr(os, name): name for name in dir(os) if name.startswith("EX_")}
    family = [NoUser, *vars(errors).values()]
    found = [one for one in family if isinstance(one, type) and issubclass(one, errors.PitError)]
    rows = ["| status | sysexits(3) | class | when |", "|---|---|---|---|"]
    rows += [
        f"| {one.status} | `{names[one.status]}` | `{one.__name__}` "
        f"| {(one.__doc__ or '').partition(chr(10))[0]} |"
        for one in sorted(found, key=lambda one: one.status)
    ]
    return "\n".join([*rows, ""])


def _words(declared: Iterable[Verb]) -> str:
    rows = ["| word | keys | meaning |", "|---|---|---|"]
    for verb in declared:
        form = reference.cell(f"{verb.name} {verb.form}".strip())
        keys = "; ".join(f"`{key}:` {kind}" for key, kind in verb.key_types.items())
        rows.append(f"| `{form}` | {reference.cell(keys)} | {verb.help} |")
    return "\n".join([*rows, ""])


def checkpoint() -> str:
    """The words of checkpoints, by who writes them."""
    parts = {
        "The run": state.RUN,
        "The pit": dump.STATE.values(),
        "The published record": record.STATE.values(),
        "`positions`": Positions.words,
        "`match`": Match.words,
        "`settle`": Settle.words,
        "`dividends`": Dividends.words,
        "`govern`": Govern.words,
        "`tokens`": Tokens.words,
        "`listing`": Listing.words,
    }
    return "\n".join(f"### {name}\n\n{_words(words)}" for name, words in parts.items())


def companies() -> str:
    """The words of `govern` and `dividends`."""
    return _words([*GOVERN[1], *DIVIDENDS[1]])


def tokens() -> str:
    """The words of `tokens`."""
    return _words(TOKENS[1])


def names() -> str:
    """The words of `listing`."""
    return _words(LISTING[1])


def _help(*args: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pit.pits.command", *args, "--help"],
        env={**os.environ, "COLUMNS": "80", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def commands() -> str:
    """What `--help` prints, of `pit` and of each verb."""
    ours = (name for name, verb in verbs().items() if verb.module.startswith("pit."))
    parts = [f"```text\n{_help()}```\n"]
    parts += [f"## pit {verb}\n\n```text\n{_help(verb)}```\n" for verb in sorted(ours)]
    return "\n".join(parts)


PARTS: dict[str, Callable[[], str]] = {
    "types": reference.types,
    "words": reference.words,
    "rules": rules.reference,
    "notary": notary,
    "exits": exits,
    "checkpoint": checkpoint,
    "companies": companies,
    "tokens": tokens,
    "names": names,
    "commands": commands,
}


def filled(page: str) -> str:
    """A page with each of its parts made anew."""
    return _PART.sub(lambda found: f"{found[1]}{PARTS[found[2]]()}{found[3]}", page)


def pages() -> list[Path]:
    """The pages that have such a part."""
    return [path for path in sorted(FOLDER.rglob("*.md")) if _PART.search(path.read_text())]


if __name__ == "__main__":
    for path in pages():
        old = path.read_text()
        if filled(old) != old:
            path.write_text(filled(old))
            print(f"written: {path.relative_to(FOLDER.parent)}")
