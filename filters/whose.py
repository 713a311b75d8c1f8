"""Which accounts a name chooses, and what an account is called among its owner's."""

from pit.archives.fields import MAIN
from pit.pits.members import CLEARING, OUTSIDE, owner_of

__all__ = ["chooses", "further", "is_account", "is_members", "named", "names_of"]


def further(account: str) -> str:
    """An account's name among its owner's, as the key `account:` has it.

    >>> further("alice:savings"), further("alice")
    ('savings', 'main')
    """
    return account.partition(":")[2] or MAIN


def named(account: str) -> dict[str, str]:
    """The cells of a row that say whose account it is, and which."""
    return {"member": owner_of(account), "account": further(account)}


def is_members(account: str) -> bool:
    """Whether an account is some member's, and not a side that only balances the books."""
    return account not in (OUTSIDE, CLEARING)


def is_account(name: str) -> bool:
    """Whether a name is of one account, not of all that a member has."""
    return ":" in name


def names_of(account: str) -> tuple[str, str]:
    """The names that choose an account: its owner's, as all of his, and its own in full.

    >>> names_of("alice:savings"), names_of("alice")
    (('alice', 'alice:savings'), ('alice', 'alice:main'))
    """
    owner = owner_of(account)
    return owner, f"{owner}:{further(account)}"


def chooses(name: str, account: str) -> bool:
    """Whether a name chooses an account: a handle all of that member's, others one.

    >>> [chooses(name, "alice:savings") for name in ("alice", "alice:savings", "alice:main")]
    [True, True, False]
    """
    return name in names_of(account)
