"""The words of `listing`, and what it keeps: names asked for, commitments, tickers that end."""

from hashlib import sha256
from typing import NamedTuple

from pit.archives.verbs import Verb
from pit.pits.names import Asked

__all__ = ["STATE", "WORDS", "Commit", "commitment", "uncommitted"]

WORDS = {
    1: (
        Verb(
            "commit",
            "{hash:hash}",
            "Commits to a name before anybody can see which: the sha256 of `CODE HANDLE SALT`.",
            who=["issuer"],
            fee="listing",
        ),
        Verb(
            "close",
            "{ticker:asset}",
            "Gives a name up, by its issuer: while there are no shares, or under a motion that "
            "passed (`kind: close`).",
            who=["issuer"],
            names="asks-end",
            fee="listing",
        ),
        Verb(
            "synonym",
            "{tickers:assets}",
            "Makes several tickers of the signer's names of one, of which at most one has shares; "
            "it is shown by the last.",
            who=["issuer"],
            names="asks-join",
            fee="listing",
        ),
        Verb(
            "listed",
            "{ticker:asset} {instruction:owned}",
            "The name is his who asked for it.",
            who=["specialist"],
            report="listing",
            names="list",
        ),
        Verb(
            "unlisted",
            "{ticker:asset} {instruction:owned} {why:text}",
            "It is not, and why.",
            who=["specialist"],
            report="listing",
            names="drop",
        ),
        Verb(
            "closing",
            "{ticker:asset} {why:text}",
            "Nothing of it is traded or issued any more; its orders end.",
            who=["specialist"],
            report="listing",
            names="close",
        ),
        Verb(
            "ended",
            "{ticker:asset}",
            "The name is nobody's, and its units are void: nothing that was open about it is left.",
            who=["specialist"],
            report="listing",
            names="end",
        ),
        Verb(
            "synonyms",
            "{ticker:asset} of {of:asset}",
            "The name means the other ticker from here on.",
            who=["specialist"],
            report="listing",
            names="join",
        ),
        Verb(
            "preferred",
            "{ticker:asset} {name:asset} {instruction:owned}",
            "The name by which a ticker is shown.",
            who=["specialist"],
            report="listing",
            names="prefer",
        ),
    )
}
"""What each version of `rule words listing VERSION` takes into use."""

STATE = (
    Verb(
        "undecided",
        "{ticker:reference} {code:asset} [{why:text}]",
        "A name that waits for its turn, and why it cannot be had, if so.",
    ),
    Verb("answered", "{ticker:reference} {listed:yes}", "What it is answered, not standing yet."),
    Verb("committed", "{handle:handle} {hash:hash} {block:natural}", "A `commit`, and its block."),
    Verb(
        "ending",
        "{code:asset} [{of:asset}]",
        "A ticker that is closing; the one that its name will mean.",
        keys={"owed": "yes"},
    ),
)


class Commit(NamedTuple):
    """Who committed to what: the sha256 of CODE HANDLE SALT."""

    handle: str
    hash: str


def commitment(code: str, handle: str, salt: str) -> str:
    """What to `commit` to.

    >>> commitment("ACME", "bob", "x7")[:16]
    'b211b5a5d71f0e6a'
    """
    return sha256(f"{code} {handle} {salt}".encode()).hexdigest()


def uncommitted(asked: Asked, commits: dict[Commit, list[int]], reveal: int) -> str:
    """Why a name that is committed to first cannot be had, as a sentence; '' when it can.

    reveal: within how many blocks of its `commit` it is asked for.
    """
    salt = asked.directive.keys.get("salt")
    if salt is None:
        return "names are committed to first: `commit` the sha256 of CODE HANDLE SALT, then `salt:`"
    right = Commit(asked.signer, commitment(asked.code, asked.signer, salt))
    if any(0 < asked.block - block <= reveal for block in commits.get(right, ())):
        return ""
    return (
        f"no `commit` of {asked.signer}'s in the {reveal} blocks before block {asked.block} is "
        f"{right.hash}, the sha256 of '{asked.code} {asked.signer} {salt}'"
    )
