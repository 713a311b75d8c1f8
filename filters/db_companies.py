"""The rows of `pit db` about companies: motions, votes, mandates, dividends.

What counts is what whoever publishes for the ticker says, and the first time that he says it; where
that is not what is owed, an audit names it.
"""

from collections.abc import Callable
from decimal import Decimal

from pit.archives.amounts import plain
from pit.filters import dividends, motions
from pit.filters.claims import Claim, account_of, smallest
from pit.filters.db_books import Said
from pit.filters.db_orders import Amount, money
from pit.filters.db_pit import Rows
from pit.filters.db_values import Value
from pit.filters.history import Chapter
from pit.filters.markets import Moved
from pit.filters.reported import not_entitled
from pit.filters.tally import Mandate
from pit.pits.markets import after
from pit.pits.state import Pit

_WORDS = {verb.name: verb for verb in (*motions.WORDS[1], *dividends.WORDS[1])}


def _ours(one: Said, chapter: Chapter) -> bool:
    """Whether a word is that of `govern` or `dividends`, and not another filter's of that name."""
    verb = one.directive.verb
    return chapter.pit.words[verb] == _WORDS[verb]


def _amount(number: Decimal | None, code: str, pit: Pit) -> Amount:
    """An amount of an asset; no integer where it is not whole in its smallest unit."""
    if number is None:
        return None, None
    whole = smallest(number, code, pit)
    return (None, plain(number)) if whole is None else money(whole, code, pit)


# --- what was asked ---------------------------------------------------------------------------


def _motion(rows: Rows, one: Said, chapter: Chapter) -> None:
    if not _ours(one, chapter):
        return
    entry, (ticker, title), keys = chapter.entry, one.directive.args, one.directive.keys
    quantity, shown = _amount(keys.get("quantity"), ticker, chapter.pit)
    row: dict[str, Value] = {
        "ref": one.ref,
        "entry": entry.number,
        "time": entry.time,
        "mover": entry.signer,
        "ticker": ticker,
        "kind": keys.get("kind", "text"),
        "title": title,
        "quantity": quantity,
        "quantity_shown": shown,
        "until": after(entry.time, keys["expires"]),
        "status": "unanswered",
    }
    rows.add("motions", row)


def _vote(rows: Rows, one: Said, chapter: Chapter) -> None:
    if _ours(one, chapter):
        entry, (motion, vote, comment) = chapter.entry, one.directive.args
        row = (one.ref, entry.number, entry.time, entry.signer, motion, vote, comment)
        rows.insert("votes", *row, "unanswered", None, None, 0)


def _dividend(rows: Rows, one: Said, chapter: Chapter) -> None:
    if not _ours(one, chapter):
        return
    entry, pit, (ticker, number, asset, comment) = chapter.entry, chapter.pit, one.directive.args
    account = account_of(entry.signer, one.directive.keys)
    row = (one.ref, entry.number, entry.time, entry.signer, account, ticker)
    amount, paid = _amount(number, asset, pit), money(0, asset, pit)
    rows.insert("dividends", *row, *amount, asset, comment, "unanswered", *paid, None, None)


# --- what was answered ------------------------------------------------------------------------


def _stands(code: str, one: Said, chapter: Chapter) -> bool:
    """Whether a report about a ticker counts: by whoever publishes for it."""
    entry, text, _, pit, _ = chapter
    known = text.after[0] if text.after else 0
    return _ours(one, chapter) and not not_entitled(
        pit.specialist(code), entry.signer, known, pit, code
    )


_COUNTED = (
    """
    UPDATE motions SET status = ?1, why = ?2, answered_by = ?3
    WHERE ref = ?4 AND answered_by IS NULL AND ?5 IN (ticker, '-')""",
    """
    UPDATE votes SET status = ?1, why = ?2, answered_by = ?3
    WHERE ref = ?4 AND answered_by IS NULL AND (
      ?5 = '-' OR ?5 = (SELECT ticker FROM motions WHERE ref = motion)
    )""",
)
"""A vote on what is no open motion, and a motion about what is not listed, is the ticker -'s."""

_LAST = """
UPDATE votes SET counts = ref = (
  SELECT ref FROM votes AS his
  WHERE his.motion = votes.motion AND his.member = votes.member AND his.status = 'counted'
  ORDER BY entry DESC, rowid DESC LIMIT 1
)
WHERE (motion, member) = (SELECT motion, member FROM votes WHERE ref = ?)"""


def _counted(rows: Rows, one: Said, chapter: Chapter) -> None:
    verb, (code, name, why), _ = one.directive
    if not _stands(code, one, chapter):
        return
    target = name.partition("/")[2]
    for query in _COUNTED:
        rows.con.execute(query, (verb, why, one.ref, target, code))
    if verb == "counted":
        rows.con.execute(_LAST, (target,))


def _answer(rows: Rows, one: Said, chapter: Chapter) -> None:
    """A keeper's: of a dividend, and of the fees of the others."""
    verb, (name, *why), _ = one.directive
    target = name.partition("/")[2]
    if verb == "refuse":
        for table in ("motions", "votes"):
            rows.update(table, target, status="refused", why=why[0], answered_by=one.ref)
        ended: dict[str, Value] = {"answered_by": one.ref, "ended_by": one.ref}
        rows.update("dividends", target, status="refused", **ended)
    elif isinstance(one.subject, Claim) and one.subject.mover == dividends.Dividends.name:
        rows.update("dividends", target, status="held", answered_by=one.ref)


# --- what came of it --------------------------------------------------------------------------

_RESULT = """
UPDATE motions SET outcome = ?, result = ?, outstanding = ?, outstanding_shown = ?,
  yes = ?, yes_shown = ?, no = ?, no_shown = ?, voted = ?, voted_shown = ?,
  heads = ?, heads_yes = ?, heads_no = ?, reckoning = ?
WHERE ref = ? AND ticker = ? AND result IS NULL"""


def _result(rows: Rows, one: Said, chapter: Chapter) -> None:
    code, name, outcome, *shares, heads, favour, against, why = one.directive.args
    if _stands(code, one, chapter):
        counted = [part for n in shares for part in _amount(n, code, chapter.pit)]
        row = (outcome, one.ref, *counted, heads, favour, against, why)
        rows.con.execute(_RESULT, (*row, name.partition("/")[2], code))


def _lapsed(rows: Rows, one: Said, chapter: Chapter) -> None:
    code, name, _ = one.directive.args
    if _stands(code, one, chapter):
        query = "UPDATE motions SET lapsed = ? WHERE ref = ? AND ticker = ? AND lapsed IS NULL"
        rows.con.execute(query, (one.ref, name.partition("/")[2], code))


def _mandate(rows: Rows, one: Said, chapter: Chapter) -> None:
    mandate, entry, pit = one.subject, chapter.entry, chapter.pit
    if _ours(one, chapter) and isinstance(mandate, Mandate):
        code, motion = one.directive.args[0], mandate.motion.partition("/")[2]
        row = (one.ref, entry.number, entry.time, entry.signer, code, motion)
        amounts = (*money(mandate.number, code, pit), *money(mandate.used, code, pit))
        rows.insert("mandates", *row, *amounts, mandate.until)


def _move(rows: Rows, one: Said, chapter: Chapter) -> None:
    """A dividend's part is paid, or comes back."""
    claim = one.subject.claim if isinstance(one.subject, Moved) else None
    if isinstance(claim, Claim) and claim.mover == dividends.Dividends.name:
        whole = smallest(claim.written, claim.asset, chapter.pit) or 0
        paid, shown = money(whole - claim.left, claim.asset, chapter.pit)
        rows.update("dividends", claim.ref, paid=paid, paid_shown=shown)
        if not claim.left:
            rows.update("dividends", claim.ref, status="paid", ended_by=one.ref)


TOLD: dict[str, Callable[[Rows, Said, Chapter], None]] = {
    "motion": _motion,
    "vote": _vote,
    "dividend": _dividend,
    "counted": _counted,
    "uncounted": _counted,
    "accept": _answer,
    "refuse": _answer,
    "result": _result,
    "lapsed": _lapsed,
    "mandate": _mandate,
    "move": _move,
}
