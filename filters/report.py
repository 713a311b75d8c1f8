"""An audit's result for a person, and as JSON."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pit.archives.fields import read_time
from pit.filters.findings import Check
from pit.pits import witnesses
from pit.pits.display import safe
from pit.pits.revocation import is_hard

if TYPE_CHECKING:
    from pit.filters.audit import Audit

SHOWN = 10
"""Rows of a kind that a person is shown; JSON has all."""


def as_json(result: "Audit") -> dict[str, Any]:
    """The audit as one document."""
    verifier = result.verifier
    last = verifier.seals[-1] if verifier.seals else None
    return {
        "pit": result.pit,
        "id": verifier.pit.id,
        "entries": result.entries,
        "resumed": result.resumed,
        "time": result.time,
        "seals": len(verifier.seals),
        "root": last.root if last else None,
        "keys": {
            "enrolled": len(verifier.pit.members),
            "expired_since": _expired(result),
            "revoked_since": _revoked(result),
        },
        "witnesses": _witnesses(result),
        "second_opinion": _opinion(result),
        "filters": [_filter(check, result) for check in result.checks],
        "wrong": result.wrong or None,
    }


def covered(result: "Audit") -> witnesses.Coverage:
    """Which seals have their witnesses, by what these said in the archive and in their files."""
    verifier = result.verifier
    handles = witnesses.witnesses_of(verifier.pit)
    seals = [(seal.entries, seal.root, seal.time) for seal in verifier.seals]
    said = [*verifier.saws, *result.seen]
    return witnesses.coverage(seals, said, handles, verifier.pit.rule("witnesses"))


def _witnesses(result: "Audit") -> dict[str, Any]:
    found = covered(result)
    return {
        "wanted": found.wanted,
        "upto": dict(found.upto),
        "covered": found.covered,
        "newest": found.size or None,
        "against": [
            {"entry": entry, "witness": handle, "size": size, "root": root, "here": here or None}
            for (entry, handle, size, root), here in found.against
        ],
    }


def _opinion(result: "Audit") -> dict[str, Any] | None:
    found = result.opinion
    if found is None:
        return None
    rows = [{"entry": number, "gnupg": what} for number, what in found.disagrees]
    return {"asked": found.asked, "disagrees": rows}


def _filter(check: Check, result: "Audit") -> dict[str, Any]:
    found = check.found
    return {
        "filter": found.name,
        "directives": found.standing,
        "without_effect": found.idle,
        "divergences": list(found.divergences.values()),
        "owed": [*_owed(check, result)],
    }


def _owed(check: Check, result: "Audit") -> Iterator[dict[str, Any]]:
    """What is owed, oldest first, since when, and for how many seconds by the archive's time."""
    for directive, by, cause in check.owed():
        since = result.since.get(cause.partition(".")[0], "")
        age = _seconds(since, result.time) if since else 0
        yield {"directive": directive, "by": by or None, "since": since or None, "seconds": age}


def _seconds(start: str, end: str) -> int:
    times = [datetime.fromisoformat(time[:-1]) for time in (start, end)]
    return int((times[1] - times[0]).total_seconds())


def _expired(result: "Audit") -> list[dict[str, str]]:
    """Members whose key was in force when they signed and has expired since."""
    rows = []
    for handle in result.verifier.pit.members:
        cert = result.verifier.certificate(handle)
        if cert and cert.expires and read_time(cert.expires) <= result.time:
            rows.append({"member": handle, "key": cert.fingerprint, "expired": cert.expires})
    return rows


def _revoked(result: "Audit") -> list[dict[str, Any]]:
    """Keys that were in force when they signed, and were revoked later; first to last entry."""
    rows = []
    keys = result.verifier.keys
    for fingerprint, (first, last, count) in result.verifier.spans.items():
        if revoked := keys.revoked(fingerprint):
            entry, reason = revoked
            about = {"revoked": entry, "reason": reason, "hard": is_hard(reason)}
            span = {"first": first, "last": last, "entries": count}
            rows.append({"member": keys.owner(fingerprint), "key": fingerprint, **about, **span})
    return rows


def print_report(result: "Audit") -> None:
    """The audit for a person."""
    shown = as_json(result)
    count = result.entries
    print(f"pit {result.pit}, id {shown['id'] or 'unknown'}")
    before = f" ({result.resumed} of them verified before)" if result.resumed else ""
    print(
        f"entries     {count}{before}, each signed by a key enrolled above it and allowed to say it"
    )
    print(f"stamps      {count} in order, each linked to the one before, times increasing")
    if result.verifier.seals:
        last = result.verifier.seals[-1]
        print(f"seals       {shown['seals']}; root of 1..{last.entries}: {last.root}")
    for line in witnesses.lines(covered(result)):
        print(f"witnesses   {line}")
    for row in shown["keys"]["expired_since"]:
        print(
            f"keys        {row['member']}'s has expired since, at {row['expired']}; history stands"
        )
    for row in shown["keys"]["revoked_since"]:
        print(f"keys        {_revoked_line(row)}")
    if shown["second_opinion"]:
        opinion = shown["second_opinion"]
        print(f"GnuPG       asked about {opinion['asked']}; disagrees {len(opinion['disagrees'])}")
    for found in shown["filters"]:
        if found["filter"] in (*_ALWAYS, *result.verifier.pit.brought) or _tells(found):
            for line in _filter_lines(found):
                print(line)
    print(f"verdict     {safe(result.verdict)}")


def _revoked_line(row: dict[str, Any]) -> str:
    span = f"entry {row['first']}"
    if row["entries"] > 1:
        span = f"{row['entries']} entries, {row['first']} to {row['last']}"
    kind = "hard" if row["hard"] else "soft"
    return (
        f"{row['member']}'s {row['key']}, which signed {span}, was revoked in entry "
        f"{row['revoked']} ({kind}: {row['reason']}); history stands"
    )


_ALWAYS = ("positions", "match")
"""Filters that every pit needs; of others that are installed a person is told what there is."""


def _tells(found: dict[str, Any]) -> bool:
    """Whether there is anything to tell of a filter."""
    told = ("directives", "without_effect", "divergences", "owed")
    return any(found[what] for what in told)


def _filter_lines(found: dict[str, Any]) -> Iterator[str]:
    idle, owed = found["without_effect"], found["owed"]
    yield (
        f"{found['filter']:<11} {found['directives']} reported; without effect {len(idle)}, "
        f"divergent {len(found['divergences'])}, owed {len(owed)}"
    )
    for one in idle[:SHOWN]:
        yield f"  without effect: {one['report']} {safe(one['directive'])}: {safe(one['why'])}"
    yield from _more(idle)
    for one in found["divergences"]:
        adopted = f"adopted by {one['adopted']}" if one["adopted"] else "not adopted"
        owed_was = one["owed"] or "nothing"
        yield f"  divergent: {one['report']} {one['stands']}; owed was {owed_was}; {adopted}"
    for one in owed[:SHOWN]:
        by = one["by"] or "nobody"
        age = f", since {one['since']} ({_age(one['seconds'])})" if one["since"] else ""
        yield f"  owed: {safe(one['directive'])}, by {by}{age}"
    yield from _more(owed)


def _more(rows: list[Any]) -> Iterator[str]:
    if len(rows) > SHOWN:
        yield f"  … {len(rows) - SHOWN} more; --json has them all"


def _age(seconds: int) -> str:
    """A span of time in its two largest units."""
    parts: list[str] = []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        if seconds >= size or (unit == "s" and not parts):
            parts.append(f"{seconds // size}{unit}")
            seconds %= size
    return " ".join(parts[:2])
